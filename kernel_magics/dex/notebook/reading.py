"""From a file to a Notebook and back."""

from __future__ import annotations

from pathlib import Path

from dex_dbutils import NotebookError, Where

from dex.notebook.ipynb import parse_ipynb, render_ipynb
from dex.notebook.models import Notebook
from dex.notebook.source import LANGUAGES, parse_source, render_source


def read_notebook(path: Path) -> Notebook:
    """Return the notebook in a file.

    Bytes that are not UTF-8 are kept as they are and written back the same; export refuses them where they matter.

    Args:
        path: an .ipynb of format 4, or a Databricks source file.

    Raises:
        NotebookError: DEX-NOTEBOOK-01, there is no such file; DEX-NOTEBOOK-02 to -04, it is no notebook.
    """
    if not path.is_file():
        raise NotebookError(
            "DEX-NOTEBOOK-01",
            f"There is no notebook {path}.",
            Where(str(path)),
            "Give the path of an .ipynb or of a Databricks source file.",
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotebookError(
            "DEX-NOTEBOOK-01", f"Cannot read {path}: {error.strerror}.", Where(str(path)), "Look at its permissions."
        ) from error
    return parse_notebook(path, content)


def parse_notebook(path: Path, content: bytes) -> Notebook:
    """Return the notebook in the bytes of a file.

    Raises:
        NotebookError: DEX-NOTEBOOK-02 to -04, it is no notebook.
    """
    if path.suffix.lower() == ".ipynb":
        text = content.decode("utf-8", "surrogateescape")
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        notebook = parse_ipynb(path, text.removeprefix("\ufeff"))
        return Notebook(path, notebook.format, notebook.cells, notebook.language, {**notebook.document, "mark": mark})
    if path.suffix.lower() in LANGUAGES:
        return parse_source(path, content.decode("utf-8", "surrogateescape"))
    raise NotebookError(
        "DEX-NOTEBOOK-04",
        f"{path.name} is neither an .ipynb nor a Databricks source file.",
        Where(str(path)),
        "Export it from the workspace as a source file or as an .ipynb."
        if path.suffix.lower() in (".dbc", ".html")
        else f"Known endings: .ipynb, {', '.join(LANGUAGES)}.",
    )


def notebook_bytes(notebook: Notebook) -> bytes:
    """Return a notebook as the bytes of its file; what was read unchanged comes out unchanged."""
    if notebook.format == "source":
        return render_source(notebook).encode("utf-8", "surrogateescape")
    text = str(notebook.document.get("mark", "")) + render_ipynb(notebook.document)
    return text.encode("utf-8", "surrogateescape")
