"""The files that a pipeline's libraries name."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dex_dbutils import PipelineError, Where
from pydantic import ValidationError

from dex.pipelines.models import Pipeline, PipelineSettings

#: Endings of sources, in the order in which a notebook without one is looked for.
ENDINGS = (".py", ".ipynb", ".sql")
Find = Callable[[str, tuple[str, ...]], "Path | None"]


def pipeline_of(
    key: str,
    settings: Mapping[str, Any],
    root: Path,
    find: Find,
    place: Callable[[str], Path],
    imports: tuple[Path, ...] = (),
) -> Pipeline:
    """Return a pipeline with the files that its libraries name, in their order.

    Args:
        key: stands for it.
        settings: as the Pipelines API has them.
        root: folder that places in messages are told from.
        find: returns the file that a path names, with one of some endings where it has none.
        place: returns where a path lies on disk, whether there is something or not.
        imports: folders that its sources import from, beside its ``root_path``.

    Raises:
        PipelineError: DEX-PIPELINE-01, the settings are not sound; -02, a library names nothing that is there.
    """
    try:
        known = PipelineSettings.model_validate(settings)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
        raise PipelineError(
            "DEX-PIPELINE-01", f"The pipeline '{key}' is not sound: {said}.", root, "Mend it: dex bundle validate."
        ) from error
    open_names = [text for text in (known.catalog, known.schema_name, known.target) if text and "${" in text]
    if open_names:
        raise PipelineError(
            "DEX-PIPELINE-01",
            f"The pipeline '{key}' names {open_names[0]}, which is not known on this machine.",
            root,
            "Write a name there, or a reference to what the bundle has.",
        )
    sources = list(dict.fromkeys(path for each in known.libraries for path in _files(key, each, root, find, place)))
    if not sources:
        raise PipelineError(
            "DEX-PIPELINE-02", f"The pipeline '{key}' has no sources.", root, "Name them under `libraries`."
        )
    own = (place(known.root_path),) if known.root_path else ()
    return Pipeline(key, known, tuple(sources), root, (*own, *imports))


def _files(
    key: str, library: Mapping[str, Any], root: Path, find: Find, place: Callable[[str], Path]
) -> Iterator[Path]:
    for kind, field in (("notebook", "path"), ("file", "path"), ("glob", "include")):
        given = (library.get(kind) or {}).get(field)
        if given is None:
            continue
        name = str(given)
        found = list(_matching(place(name))) if kind == "glob" else [find(name, ENDINGS)]
        if not any(found):
            raise PipelineError(
                "DEX-PIPELINE-02",
                f"The pipeline '{key}' names {name}, which is not there.",
                Where(str(root)),
                "Correct the path; `dex bundle validate` says where it stands.",
            )
        yield from (path for path in found if path is not None)
        return
    raise PipelineError(
        "DEX-PIPELINE-02",
        f"The pipeline '{key}' has a library that is no notebook, file or pattern: {', '.join(library) or 'nothing'}.",
        root,
        "A run on this machine takes notebooks and files; install packages into this Python.",
    )


def _matching(pattern: Path) -> Iterator[Path]:
    """Yield the sources that a pattern names, by name; ``folder/**`` is all that lies below the folder."""
    text = str(pattern)
    if glob.has_magic(text):
        found = glob.iglob(text + "/*" if text.endswith("**") else text, recursive=True)
    else:
        found = iter([text] if pattern.is_file() else glob.iglob(f"{glob.escape(text)}/**/*", recursive=True))
    for each in sorted(set(found)):
        path = Path(each)
        if path.is_file() and path.suffix in ENDINGS and "__pycache__" not in path.parts:
            yield path
