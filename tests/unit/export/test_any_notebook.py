"""Whatever a notebook holds: a module that compiles and is the same again, or a refusal with cell and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dex.export import export_notebook
from dex_dbutils import ExportError, NotebookError
from dex_dbutils.config import Project, find_project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notebook_factory import code, project_folder, text, write_notebook

STATEMENTS = [
    "x = 1",
    "x = x + 1 if 'x' in dir() else 2",
    "df = spark.range(3)",
    "df = df.where('id > 1')",
    "def f(a, b=1):\n    return a + b",
    "def g():\n    return x",
    "def f(a):\n    global x\n    x = a",
    "class A:\n    y = 2\n    def m(self):\n        return f(1)",
    "from pyspark.sql import functions as F",
    "from pyspark.sql.functions import max, col",
    "import os, sys as s",
    "from math import *",
    "import datetime",
    "from datetime import datetime",
    "NAMES = ['a', 'b']",
    "T = (1,\n     2)",
    "for i in range(3):\n    display(df)\n    x = i",
    "if x:\n    dbutils.notebook.exit('a')\nelse:\n    y = 3",
    "try:\n    w = dbutils.widgets.get('w')\nexcept Exception:\n    w = 'd'",
    "dbutils.widgets.text('p', 'q')",
    "v = dbutils.widgets.get('p')",
    "assert x == 1",
    "assert f(1) == 2, 'ü'",
    "t = '''\n  a\n# b\n%c\n'''",
    "s = f'{x!r:>{10}} {{}}'",
    "df.write.saveAsTable(session.table('silver', 't'))",
    "session.read('silver', 't').show()",
    "print(max([1, 2]))",
    "[y for y in range(3) if (z := y)]",
    "x: int = 3; y = 4  # both",
    "%load_ext dex",
    "%dex_profile df",
    "%time x = 2",
    "!ls",
    "%run ./other",
    "%%agent silver @df\nDon't {format} me",
    "%%sql\nselect 1; select 2",
    "%%time\nq = 1",
    "# dex: transform lifted\nz = df.limit(1)",
    "# dex: transform f\ndef f(a):\n    return a",
    "# only a comment",
    "df",
    "df.limit(3)",
    "with open('a') as h:\n    pass",
    "lambda: x",
    "del x",
    "async def h():\n    await g()",
    "@property\ndef k(self):\n    return self.x",
    "spark = SparkSession.builder.getOrCreate()",
    "params = {'a': 1}",
    "main = 3",
    "max = 4",
    "x = (",
    "pip install y",
    "  leading = 1\n  indent = 2",
    "match x:\n    case 1:\n        pass",
    "raise ValueError('a')",
    "\\\n",
    "",
    "\x0c",
    "é = 'é'",
    "while False:\n    break",
    "return 3",
    "yield 3",
    "nonlocal x",
    "import dex",
    "dex.profile(df)",
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return find_project(project_folder(tmp_path_factory.mktemp("any") / "shop"))


CELL = st.one_of(
    st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=3).map("\n".join).map(code),
    st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=2)
    .map("\n".join)
    .map(lambda source: code(source, tags=["parameters"])),
    st.text(max_size=30).map(code),
    st.text(max_size=30).map(text),
    st.sampled_from(["# T", '## a "quoted" \\ heading', "words"]).map(text),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELL, max_size=6))
def test_an_export_compiles_and_is_the_same_again_or_is_refused_with_its_place(
    shop: Project, cells: list[dict[str, Any]]
) -> None:
    path = write_clean(shop.root / "notebooks/any.ipynb", cells)
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
    for name in ("src/shop_etl/any.py", "tests/test_any.py"):
        compile((shop.root / name).read_text("utf-8"), name, "exec")
    json.loads((shop.root / ".dex/map/any.json").read_text("utf-8"))
    assert {file.status for file in export_notebook(path, shop).files} == {"unchanged"}


def write_clean(path: Path, cells: list[dict[str, Any]]) -> Path:
    """Write a notebook, without the half surrogate pairs that no file can hold."""
    for cell in cells:
        cell["source"] = [line.encode("utf-8", "replace").decode("utf-8") for line in cell["source"]]
    return write_notebook(path, *cells)
