"""Any notebook that people have is read, or refused with the place; what is read is written back byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from dex.notebook import convert, notebook_bytes, parse_notebook, read_notebook
from dex_dbutils import NotebookError
from hypothesis import given, settings
from hypothesis import strategies as st
from notebook_factory import code, text, write_notebook
from support import ROOT

SHIPPED = sorted((ROOT / "notebook_templates/dex_templates").rglob("*.ipynb"))


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5])
def test_every_minor_format_is_read(minor: int, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", code("x = 1"), text("# Title"), minor=minor)
    notebook = read_notebook(path)
    assert [(c.type, c.source) for c in notebook.cells] == [("code", "x = 1"), ("markdown", "# Title")]


def test_cells_without_an_id_get_the_same_one_every_time_and_never_twice(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", code("x = 1"), code("x = 1"), code("y = 2"))
    ids = [cell.id for cell in read_notebook(path).cells]
    assert ids == [cell.id for cell in read_notebook(path).cells]
    assert len(set(ids)) == 3


def test_two_cells_with_one_id_are_told_apart(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", code("x = 1", id="a"), code("y = 2", id="a"))
    assert [cell.id for cell in read_notebook(path).cells] == ["a", "a-2"]


def test_a_source_that_is_one_string_and_has_carriage_returns_is_read(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": "x = 1\r\ny = 2\rz = 3"}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 2}))
    assert read_notebook(path).cells[0].source == "x = 1\ny = 2\nz = 3"


@pytest.mark.parametrize(
    ("content", "code_", "word"),
    [
        ("{", "DEX-NOTEBOOK-02", "JSON"),
        ("<<<<<<< HEAD\n{}", "DEX-NOTEBOOK-02", "JSON"),
        ("", "DEX-NOTEBOOK-02", "JSON"),
        ("[]", "DEX-NOTEBOOK-03", "cells"),
        ('{"nbformat": 3, "worksheets": []}', "DEX-NOTEBOOK-03", "format 3"),
        ('{"nbformat": 5, "cells": []}', "DEX-NOTEBOOK-03", "newer"),
        ('{"cells": []}', "DEX-NOTEBOOK-03", "nbformat"),
        ('{"nbformat": 4, "cells": [1]}', "DEX-NOTEBOOK-03", "type"),
    ],
)
def test_what_is_no_notebook_is_refused(content: str, code_: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(content)
    with pytest.raises(NotebookError, match=word) as caught:
        read_notebook(path)
    assert caught.value.code == code_


def test_a_missing_file_and_a_foreign_ending_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotebookError) as missing:
        read_notebook(tmp_path / "none.ipynb")
    assert missing.value.code == "DEX-NOTEBOOK-01"
    other = tmp_path / "n.txt"
    other.write_text("x")
    with pytest.raises(NotebookError) as foreign:
        read_notebook(other)
    assert foreign.value.code == "DEX-NOTEBOOK-04"


def test_a_plain_python_file_is_no_notebook(tmp_path: Path) -> None:
    path = tmp_path / "job.py"
    path.write_text("print(1)\n")
    with pytest.raises(NotebookError, match="first line") as caught:
        read_notebook(path)
    assert caught.value.code == "DEX-NOTEBOOK-04"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_a_shipped_notebook_is_written_back_byte_for_byte(path: Path) -> None:
    assert notebook_bytes(read_notebook(path)) == path.read_bytes()


def test_what_nbformat_writes_is_written_back_byte_for_byte(tmp_path: Path) -> None:
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 'ü'\n\ny"), nbformat.v4.new_raw_cell("r")])
    path = tmp_path / "n.ipynb"
    nbformat.write(node, path)
    assert notebook_bytes(read_notebook(path)) == path.read_bytes()


SOURCE = """\
# Databricks notebook source
# MAGIC %md
# MAGIC # Title
# MAGIC ```
# MAGIC %run ./none
# MAGIC ```

# COMMAND ----------

# DBTITLE 1,Load it
x = '''
# COMMAND ----------
'''

# COMMAND ----------

# MAGIC %sql
# MAGIC select 1

# COMMAND ----------

# DBTITLE 0,Hidden
# MAGIC %pip install x
y = 1
"""


def test_a_source_file_is_cells_with_titles_and_languages() -> None:
    notebook = parse_notebook(Path("n.py"), SOURCE.encode())
    assert [(c.type, c.title, c.first_line) for c in notebook.cells] == [
        ("markdown", "", 2),
        ("code", "Load it", 11),
        ("code", "", 17),
        ("code", "Hidden", 23),
    ]
    assert notebook.cells[0].source.startswith("# Title")
    assert "# COMMAND ----------" in notebook.cells[1].source
    assert notebook.cells[2].source == "%sql\nselect 1"
    assert [s.magic.name if s.magic else "" for s in notebook.cells[3].statements] == ["pip", ""]


@pytest.mark.parametrize("change", [str, lambda s: s.replace("\n", "\r\n"), lambda s: "\ufeff" + s])
def test_newlines_and_byte_order_mark_of_a_source_file_stay(change: object) -> None:
    content = change(SOURCE).encode()  # type: ignore[operator]
    notebook = parse_notebook(Path("n.py"), content)
    assert len(notebook.cells) == 4
    assert notebook_bytes(notebook) == content


@pytest.mark.parametrize(
    ("suffix", "content", "language"),
    [
        (
            ".sql",
            "-- Databricks notebook source\nselect 1\n\n-- COMMAND ----------\n\n-- MAGIC %python\n-- MAGIC x = 1\n",
            "sql",
        ),
        (".scala", "// Databricks notebook source\nval x = 1\n", "scala"),
        (".r", "# Databricks notebook source\nx <- 1\n", "r"),
    ],
)
def test_other_languages_are_recognised(suffix: str, content: str, language: str) -> None:
    notebook = parse_notebook(Path(f"n{suffix}"), content.encode())
    assert notebook.language == language
    assert notebook.cells[0].language == language
    if suffix == ".sql":
        assert notebook.cells[1].language == "python"


@pytest.mark.parametrize(
    ("cell", "language"),
    [
        ("%python\nx = 1", "python"),
        ("%python x = 1", "python"),
        ("-- above\n\n%run ./x", "python"),
        ("-- MAGIC %sql\n-- MAGIC select 1", "python"),
        ("select 10 %python", "sql"),
        ("select 10\n%python", "sql"),
    ],
)
def test_a_magic_says_its_language_with_or_without_a_mark(cell: str, language: str) -> None:
    source = parse_notebook(Path("n.sql"), f"-- Databricks notebook source\n{cell}\n".encode())
    assert source.cells[0].language == language
    made, ending = convert(source)
    again = parse_notebook(Path(f"n{ending}"), made)
    assert (again.cells[0].language, again.cells[0].source) == (language, source.cells[0].source)


def test_nothing_after_the_header_is_an_empty_notebook() -> None:
    for content in (b"# Databricks notebook source", b"# Databricks notebook source\n"):
        notebook = parse_notebook(Path("n.py"), content)
        assert notebook_bytes(notebook) == content
        assert all(not cell.statements for cell in notebook.cells)


def test_bytes_that_are_not_utf8_survive() -> None:
    content = b"# Databricks notebook source\nx = 'caf\xe9'\n"
    assert notebook_bytes(parse_notebook(Path("n.py"), content)) == content


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "",
                "x = 1",
                "# COMMAND ----------",
                "# MAGIC %sql",
                "# MAGIC select 1",
                "# DBTITLE 1,A",
                "'''",
                '"""',
                "%pip x",
            ]
        ),
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_source_file_is_written_back_byte_for_byte(lines: list[str], newline: str, end: bool) -> None:
    content = newline.join(["# Databricks notebook source", *lines, *([""] if end else [])]).encode()
    notebook = parse_notebook(Path("n.py"), content)
    again = notebook_bytes(notebook)
    assert again == content
    assert [c.source for c in parse_notebook(Path("n.py"), again).cells] == [c.source for c in notebook.cells]


CELLS = st.lists(
    st.tuples(st.sampled_from(["code", "markdown", "raw"]), st.text(max_size=40), st.booleans()), max_size=6
)


@settings(max_examples=200, deadline=None)
@given(CELLS, st.sampled_from([1, 2, None]), st.booleans(), st.sampled_from(["", "\n"]))
def test_any_ipynb_is_written_back_byte_for_byte(
    cells: list[tuple[str, str, bool]], indent: int | None, ascii_: bool, end: str
) -> None:
    document = {
        "cells": [
            {"cell_type": kind, "metadata": {"k": source}, "source": source, **({"id": f"c{i}"} if named else {})}
            for i, (kind, source, named) in enumerate(cells)
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    content = (json.dumps(document, indent=indent, ensure_ascii=ascii_) + end).encode("utf-8", "surrogatepass")
    if b"\\ud" in content:  # half a surrogate pair is no text that a file can hold
        return
    again = notebook_bytes(parse_notebook(Path("n.ipynb"), content))
    assert json.loads(again) == json.loads(content)
    if not (content.isascii() and not ascii_):
        assert again == content


@pytest.mark.parametrize("source", ["x = 1", "x = '\x7f'"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_and_control_characters_of_an_ipynb_stay(source: str, newline: str) -> None:
    cells = [{"cell_type": "raw", "metadata": {}, "source": source}]
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    content = json.dumps(document, indent=1, ensure_ascii=False).replace("\n", newline).encode()
    assert notebook_bytes(parse_notebook(Path("n.ipynb"), content)) == content


CHANGES = {
    "as it is": lambda content: content,
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "CR": lambda content: content.replace(b"\n", b"\r"),
    "bytes that are not UTF-8": lambda content: content.replace(b"aside", b"asid\xe9"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("with_ids", [True, False])
@pytest.mark.parametrize("minor", range(6))
def test_an_ipynb_of_any_minor_format_is_written_back_byte_for_byte(minor: int, with_ids: bool, change: str) -> None:
    cell = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": ["x = 1\n", "# aside"],
    }
    made = {"cells": [{**cell, **({"id": "a"} if with_ids else {})}], "metadata": {}, "nbformat": 4}
    content = CHANGES[change](json.dumps({**made, "nbformat_minor": minor}, indent=1).encode() + b"\n")
    notebook = parse_notebook(Path("n.ipynb"), content)
    assert notebook.cells[0].source.startswith("x = 1\n# asid")
    assert notebook_bytes(notebook) == content


@pytest.mark.parametrize("change", CHANGES)
def test_a_source_file_of_any_line_endings_has_the_same_cells_and_is_written_back(change: str) -> None:
    content = CHANGES[change](b"# Databricks notebook source\nx = 1\n# aside\n\n# COMMAND ----------\n\ny = 2\n")
    notebook = parse_notebook(Path("n.py"), content)
    assert [cell.source[:12] for cell in notebook.cells] == ["x = 1\n# asid", "y = 2"]
    assert notebook_bytes(notebook) == content


def test_an_output_of_many_megabytes_stays() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["a" * 20_000_000]}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [output], "execution_count": 1, "source": "x"}
    made = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    content = json.dumps(made, indent=1).encode()
    assert notebook_bytes(parse_notebook(Path("n.ipynb"), content)) == content
