"""A notebook goes from one format to the other and back without a loss."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.notebook import Notebook, convert, left_behind, parse_notebook
from hypothesis import given, settings
from hypothesis import strategies as st
from notebook_factory import code, text, write_notebook

#: `//` is the comment sign of the format; it is replaced by that of the ending.
LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "",
                "x = 1",
                "// COMMAND ----------",
                "// COMMAND ---------- ",
                "// MAGIC %sql",
                "// MAGIC %md",
                "// MAGIC",
                "// MAGIC  %python x = 1",
                "// DBTITLE 1,A",
                "// DBTITLE 0,",
                "// above",
                "'''",
                "%pip x",
                "%python",
                "%md",
                "\t",
                "é",
            ]
        ),
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8),
    ),
    max_size=20,
)


def there(content: bytes, name: str) -> tuple[Notebook, bytes]:
    made, ending = convert(parse_notebook(Path(name), content))
    return parse_notebook(Path(f"n{ending}"), made), made


@settings(max_examples=200, deadline=None)
@given(
    LINES,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.sampled_from([(".py", "#"), (".sql", "--"), (".scala", "//"), (".r", "#")]),
)
def test_any_source_file_comes_back_byte_for_byte(
    lines: list[str], newline: str, end: bool, mark: bytes, kind: tuple[str, str]
) -> None:
    ending, comment = kind
    written = ["// Databricks notebook source", *lines, *([""] if end else [])]
    content = mark + newline.join(written).replace("//", comment).encode()
    source = parse_notebook(Path(f"n{ending}"), content)
    ipynb, made = there(content, f"n{ending}")
    assert convert(ipynb) == (content, ending)
    cells = [(cell.type, cell.source, cell.language) for cell in source.cells]
    assert [(cell.type, cell.source, cell.language) for cell in ipynb.cells] == cells
    again = convert(parse_notebook(Path(f"n{ending}"), content))[0]
    assert again == made


def test_bytes_that_are_not_utf8_come_back() -> None:
    content = b"# Databricks notebook source\nx = 'caf\xe9'\n"
    assert convert(there(content, "n.py")[0])[0] == content


CELLS = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(
            [
                "x = 1",
                "%sql\nselect 1",
                "%run ./x",
                "!ls\n\ny = 2",
                "# COMMAND ----------\nz = 1",
                "# MAGIC a",
                "# T\n\ntext",
            ]
        ),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(CELLS)
def test_any_ipynb_keeps_its_cells(cells: list[tuple[bool, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made = [code(source) if is_code else text(source) for is_code, source in cells]
        path = write_notebook(Path(folder) / "n.ipynb", *made)
        source, content = there(path.read_bytes(), "n.ipynb")
    assert [(c.type == "code", c.source) for c in source.cells] == cells
    again, _ = there(content, "n.py")
    assert convert(again)[0] == content


@pytest.mark.parametrize("ending", [".sql", ".scala"])
def test_other_languages_keep_theirs(ending: str) -> None:
    comment = {".sql": "--", ".scala": "//"}[ending]
    content = f"{comment} Databricks notebook source\nselect 1\n\n{comment} COMMAND ----------\n\n{comment} MAGIC %python\n{comment} MAGIC x = 1\n"
    ipynb, _ = there(content.encode(), f"n{ending}")
    assert [c.language for c in ipynb.cells] == [ending[1:], "python"]
    assert convert(ipynb) == (content.encode(), ending)


def test_what_a_source_file_cannot_hold_is_told_and_nothing_else() -> None:
    import json

    cell = {"cell_type": "code", "metadata": {}, "source": "x", "outputs": [], "execution_count": None}
    shown = {
        **cell,
        "id": "a",
        "execution_count": 3,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}],
    }
    tagged = {**cell, "metadata": {"tags": ["t"]}}
    picture = {"cell_type": "markdown", "metadata": {}, "source": "a", "attachments": {"a.png": {"image/png": ""}}}
    raw = {"cell_type": "raw", "metadata": {}, "source": "a"}
    made = {"cells": [shown, tagged, picture, raw], "metadata": {"kernelspec": {}}, "nbformat": 4, "nbformat_minor": 5}
    assert left_behind(parse_notebook(Path("n.ipynb"), json.dumps(made).encode())) == [
        "The outputs of 1 cell stay behind.",
        "The execution counts of 1 cell stay behind.",
        "The ids of 1 cell stay behind.",
        "The attachments of 1 cell stay behind.",
        "The metadata other than a title of 1 cell stay behind.",
        "1 cell of raw text: text cells in the other format.",
        "The notebook's own metadata stay behind: kernelspec.",
    ]
    source = b"# Databricks notebook source\n# DBTITLE 1,A\nx = 1\n"
    assert left_behind(parse_notebook(Path("n.py"), source)) == []
    assert left_behind(there(source, "n.py")[0]) == []


def test_a_notebook_without_cells_is_converted() -> None:
    _, made = there(b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 0}', "n.ipynb")
    assert made == b"# Databricks notebook source\n"
