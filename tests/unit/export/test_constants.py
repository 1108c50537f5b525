"""What is the same wherever it is made stands at the top of the module, so that functions which use it can stand there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from dex.export import export_notebook
from dex_dbutils.config import find_project
from notebook_factory import project_folder, write_notebook


@pytest.mark.parametrize(
    ("cell", "at_top"),
    [
        ("import logging\nlog = logging.getLogger('orders')", True),
        ("from logging import getLogger as g\nlog = g(__name__)", True),
        ("import logging\nlog = logging.getLogger(day)", False),
        ("import re\nWORD = re.compile(r'\\w+')", True),
        ("import re as r\nword = r.compile('a')", False),  # no constant, by its name
        ("from pyspark.sql.types import *\nSCHEMA = StructType([StructField('a', LongType(), True)])", True),
        ("import pyspark.sql.types as T\nSCHEMA = T.StructType([T.StructField('a', T.LongType())])", True),
        ("import pyspark.sql.types as T\nSCHEMA = T.StructType()\nSCHEMA.add('a', 'long')", False),  # changed
        ("CATALOG = 'dev'\nTABLE = f'{CATALOG}.orders'", True),
        ("catalog = 'dev'\nTABLE = f'{catalog}.orders'", False),
        ("from datetime import date\nSTART = date(2024, 1, 1)", True),
        ("from datetime import date\nSTART = date.today()", False),
        ("import os\nHOME = os.environ", False),
        ("F = frozenset\nNAMES = frozenset(['a', 'b'])", True),
        ("def frozenset(x):\n    return print(x)\n\nNAMES = frozenset(['a', 'b'])", False),
        ("FRAME = spark.range(3)", False),
    ],
)
def test_a_value_that_is_always_the_same_stands_at_the_top(cell: str, at_top: bool, tmp_path: Path) -> None:
    folder = project_folder(tmp_path / "shop")
    export_notebook(
        write_notebook(folder / "notebooks/n.ipynb", f"day = 'x'\n{cell}", "print(1)"), find_project(folder)
    )
    top = ast.parse((folder / "src/shop_etl/n.py").read_text("utf-8")).body
    last = ast.parse(cell).body
    name = next(
        n.targets[0].id for n in reversed(last) if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    )
    found = [n for n in top if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == name]
    assert bool(found) is at_top
