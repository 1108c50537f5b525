"""Generated notebooks of both formats: read and written without a loss, exported or refused with a place.

``DEX_EXAMPLES=5000`` tries that many other ones.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from dex.export import export_notebook
from dex.notebook import Cell, convert, notebook_bytes, parse_notebook
from dex_dbutils import ExportError, NotebookError
from dex_dbutils.config import Project, find_project
from generated_notebooks import NOTEBOOKS, Generated
from hypothesis import HealthCheck, given, settings
from notebook_factory import load_module, project_folder, write_notebook

MORE = int(os.environ.get("DEX_EXAMPLES", "0"))
UNHURRIED = {
    "deadline": None,
    "derandomize": not MORE,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = project_folder(tmp_path_factory.mktemp("generated") / "shop")
    write_notebook(folder / "notebooks/other.ipynb", "name = 'a'\n\ndef helper():\n    return name")
    return find_project(folder)


@settings(max_examples=MORE or 300, **UNHURRIED)
@given(NOTEBOOKS)
def test_it_is_written_back_byte_for_byte_and_converts_without_a_loss(notebook: Generated) -> None:
    read = parse_notebook(Path(f"n{notebook.ending}"), notebook.content)
    assert notebook_bytes(read) == notebook.content
    other, ending = convert(read)
    there = parse_notebook(Path(f"n{ending}"), other)
    assert notebook_bytes(there) == other
    back, _ = convert(there)
    if read.format == "source":
        assert back == notebook.content
    again = parse_notebook(Path(f"n{notebook.ending}"), back)
    assert [(c.type, c.source) for c in again.cells] == [(c.type, c.source) for c in there.cells]
    if read.cells and read.format == "ipynb":
        assert [said(c) for c in there.cells] == [said(c) for c in read.cells]


@settings(max_examples=MORE or 120, **UNHURRIED)
@given(NOTEBOOKS)
def test_its_export_compiles_and_is_the_same_again_or_is_refused_with_its_place(
    shop: Project, notebook: Generated
) -> None:
    path = shop.root / f"notebooks/any{notebook.ending}"
    for earlier in path.parent.glob("any.*"):
        earlier.unlink()
    path.write_bytes(notebook.content)
    try:
        report = export_notebook(path, shop, force=True)
    except (ExportError, NotebookError) as error:
        assert error.code in {"DEX-EXPORT-02", "DEX-NOTEBOOK-05"}
        assert error.where is not None
        assert error.where.cell is not None
        assert error.where.line is not None
        return
    if report.module is None:
        return
    written = {file.path: (shop.root / file.path).read_bytes() for file in report.files}
    for name, content in written.items():
        if name.endswith(".py"):
            compile(content, name, "exec")
    json.loads((shop.root / ".dex/map/any.json").read_text("utf-8"))
    assert not export_notebook(path, shop, check=True).drift
    assert {file.status for file in export_notebook(path, shop).files} == {"unchanged"}
    assert written == {file.path: (shop.root / file.path).read_bytes() for file in report.files}


@pytest.mark.parametrize("content", [b"0\n\x00", b"select '${x}\x00\x0c\r'\n"])
def test_sql_with_control_characters_becomes_a_module(shop: Project, content: bytes) -> None:
    path = shop.root / "notebooks/control.sql"
    path.write_bytes(b"-- Databricks notebook source\n" + content)
    export_notebook(path, shop, force=True)
    asked: list[str] = []
    module = load_module(shop.root / "src/shop_etl/control.py")
    module.main(SimpleNamespace(sql=asked.append), SimpleNamespace(x="v"))
    cells = parse_notebook(path, path.read_bytes()).cells
    assert asked == [cells[0].source.replace("${x}", "v").rstrip("\n")]


def said(cell: Cell) -> str:
    """Return a cell's text, as a source file can hold it: a cell of `%md` is Markdown, blank lines around are layout."""
    return cell.source.strip().removeprefix("%md-sandbox").removeprefix("%md").strip()
