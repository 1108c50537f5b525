"""Regions of `main` that could be functions are shown as a diff; the notebook changes where one is accepted, not before."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from dex.cli import main
from dex.export import export_notebook, suggest_regions
from dex.magics.export import run
from dex.notebook import read_notebook
from dex_dbutils import ExportError
from dex_dbutils.config import Project, find_project
from IPython.core.interactiveshell import InteractiveShell
from notebook_factory import project_folder, write_notebook

READ = "orders = spark.table('bronze.orders')\nrate = 1.1"
STEPS = """\
# the valid ones
valid = orders.where('amount > 0').dropDuplicates(['id'])
display(valid)
daily = valid.withColumn('taxed', valid.amount * rate).groupBy('day').sum('taxed')
daily.write.saveAsTable('gold.daily')"""


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return find_project(project_folder(tmp_path / "shop"))


def notebook(shop: Project, *cells: str) -> Path:
    return write_notebook(shop.root / "notebooks/n.ipynb", *cells)


def test_a_region_is_shown_with_its_inputs_and_outputs_and_nothing_is_written(shop: Project) -> None:
    path = notebook(shop, READ, STEPS)
    before = {p: p.read_bytes() for p in shop.root.rglob("*") if p.is_file()}
    [each] = suggest_regions(path, shop).suggestions
    assert each.signature == "make_daily(orders: DataFrame, rate: float) -> daily"
    assert (each.inputs, each.outputs) == (["orders", "rate"], ["daily"])
    assert (each.cell, each.line, each.end_line) == (2, 1, 4)
    assert [line for line in each.diff.split("\n") if line[:1] in "+-"] == [
        "--- notebooks/n.ipynb cell 2 (c2)",
        "+++ notebooks/n.ipynb cell 2 (c2), marked",
        "+# dex: transform make_daily",
        "+# dex: end",
    ]
    assert {p: p.read_bytes() for p in shop.root.rglob("*") if p.is_file()} == before


def test_an_accepted_region_is_marked_in_the_notebook_and_exported_as_a_function(shop: Project) -> None:
    path = notebook(shop, READ, STEPS, "print(1)")
    report = suggest_regions(path, shop, accept=["make_daily"])
    assert report.accepted == ["make_daily"]
    first, *others, end, write = read_notebook(path).cells[1].source.split("\n")
    assert ["\n".join([*others, write])] == [STEPS]
    assert (first, end) == ("# dex: transform make_daily", "# dex: end")
    assert suggest_regions(path, shop).suggestions == []
    export_notebook(path, shop)
    module = (shop.root / "src/shop_etl/n.py").read_text("utf-8")
    function = next(n for n in ast.parse(module).body if isinstance(n, ast.FunctionDef) and n.name == "make_daily")
    assert ast.unparse(function.args) == "orders: DataFrame, rate: float"
    assert ast.unparse(function.returns or ast.Pass()) == "DataFrame"
    assert "    daily = make_daily(orders, rate)\n" in module
    assert module.count("# the valid ones") == 1


def test_only_the_accepted_one_of_several_regions_is_marked(shop: Project) -> None:
    chain = "{0} = orders.where('a').where('b').where('c')\n{0}.write.saveAsTable('{0}')"
    source = shop.root / "notebooks/n.py"
    cells = [READ, "\n".join(chain.format(name) for name in ("one", "two", "three"))]
    source.write_text("# Databricks notebook source\n" + "\n\n# COMMAND ----------\n\n".join(cells) + "\n")
    before = source.read_text()
    assert [each.name for each in suggest_regions(source, shop).suggestions] == ["make_one", "make_two", "make_three"]
    suggest_regions(source, shop, accept=["make_two"])
    marks = ["# dex: transform make_two", "# dex: end"]
    assert [line for line in source.read_text().split("\n") if line not in marks] == before.split("\n")
    assert suggest_regions(source, shop, accept=["all"]).accepted == ["make_one", "make_three"]
    export_notebook(source, shop)
    module = (shop.root / "src/shop_etl/n.py").read_text("utf-8")
    assert [f"def make_{name}(orders: DataFrame)" in module for name in ("one", "two", "three")] == [True] * 3


@pytest.mark.parametrize(
    "cell",
    [
        "big = orders.where('a > 1')",  # a line is clear enough
        "big = spark.table('a').where('b').where('c').where('d')",  # a read belongs to main
        "big = orders.where('a').where('b').where(getArgument('c'))",  # so does what the job is told
        "seen = []\nfor name in 'ab':\n    seen.append(orders.where(name).where('b').where('c'))",
        "a = 1; big = orders.where('a').where('b').where('c'); b = 2",  # no mark can part what shares a line
        "# dex: transform f\nbig = orders.where('a').where('b').where('c')",  # it is one already
        "def where(x):\n    return rate\n\nbig = orders.where(where(1)).where('b').where('c')",  # it cannot leave main
    ],
)
def test_what_would_be_no_clearer_as_a_function_is_not_suggested(shop: Project, cell: str) -> None:
    assert suggest_regions(notebook(shop, READ, cell, "print(1)"), shop).suggestions == []


def test_a_name_that_is_not_suggested_is_told_and_nothing_is_written(shop: Project) -> None:
    path = notebook(shop, READ, STEPS)
    before = path.read_bytes()
    with pytest.raises(ExportError, match="make_daily") as caught:
        suggest_regions(path, shop, accept=["make_daily", "clean"])
    assert caught.value.code == "DEX-EXPORT-08"
    assert path.read_bytes() == before


def test_the_command_prints_the_diff_or_json(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    path = notebook(shop, READ, STEPS)
    assert main(["export", str(path), "--suggest"]) == 0
    told = capsys.readouterr().out
    assert "make_daily(orders: DataFrame, rate: float) -> daily" in told
    assert "+# dex: transform make_daily" in told
    assert main(["export", str(path), "--suggest", "--accept", "all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] == ["make_daily"]
    assert main(["export", str(path), "--accept", "all"]) == 2


def test_the_magic_shows_the_same_and_marks_what_is_accepted(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    path = notebook(shop, READ, STEPS)
    shell = InteractiveShell()
    run(shell, f"{path} --suggest")
    assert "make_daily(orders: DataFrame, rate: float) -> daily" in capsys.readouterr().out
    assert "dex: transform" not in path.read_text()
    run(shell, f"{path} --suggest --accept make_daily")
    assert "# dex: transform make_daily" in path.read_text()
