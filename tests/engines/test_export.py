"""An exported main gives the tables that the notebook gives, row for row, and its tests run on the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dex.export import export_notebook
from dex.notebook import run_notebook
from dex_dbutils.config import find_project
from notebook_factory import code, text, write_notebook

PARAMETERS = [
    text("# Orders"),
    "%load_ext dex",
    "%dex_env local",
    code("limit = 3\nname = 'ü'", tags=["parameters"]),
    "from pyspark.sql import functions as F\n\ndef named(df, value):\n    return df.withColumn('name', F.lit(value))",
    "df = spark.range(10)\nfactor = 2\ndef scaled(d):\n    return d.withColumn('twice', F.col('id') * factor)",
    "df = scaled(df)\nfactor = 3\ndf = scaled(df)",
    "# dex: transform small\nfew = df.where(F.col('id') < limit)\nfew = named(few, name)",
    "few.write.mode('overwrite').saveAsTable(session.table('silver', 'few'))",
    "largest = max([1, 2])\nfrom pyspark.sql.functions import max\ntop = few.agg(max('twice')).first()[0]",
    "assert largest == 2\nassert session.read('silver', 'few').count() == 3\nassert top == 6",
    "few.toPandas()",
]

SQL_AND_WIDGETS = """\
# Databricks notebook source
# MAGIC %md
# MAGIC # Sales

# COMMAND ----------

dbutils.widgets.text("n", "4")
n = int(dbutils.widgets.get("n"))

# COMMAND ----------

spark.range(n).createOrReplaceTempView("numbers")

# COMMAND ----------

result = spark.sql("select id, id % 2 as odd from numbers where id > 0")
counts = {}
for row in result.groupBy("odd").count().collect():
    counts[row["odd"]] = row["count"]
rows = [(int(k), int(v)) for k, v in sorted(counts.items())]
spark.createDataFrame(rows, "odd long, n long").write.mode("overwrite").saveAsTable(session.table("gold", "odds"))

# COMMAND ----------

if len(rows) > 1:
    dbutils.notebook.exit(f"{len(rows)} rows")
raise ValueError("too few")
"""

READS_BRONZE = [
    "%load_ext dex\n%dex_env local",
    "class Rate:\n    def __init__(self, value):\n        self.value = value\n    def of(self, df):\n        return df.selectExpr(f'id * {self.value} as paid')",
    "paid = Rate(3).of(session.read('bronze', 'orders'))",
    "paid.write.mode('overwrite').saveAsTable(session.table('silver', 'paid'))",
    "assert paid.count() == session.read('bronze', 'orders').count()",
]

MAIN = """
import json, sys
from importlib import import_module
from dex_dbutils import get_session
session = get_session("lab")
if sys.argv[2] == "bronze":
    session.spark.range(5).write.mode("overwrite").saveAsTable(session.table("bronze", "orders"))
module = import_module(f"trial_etl.{sys.argv[1]}")
value = module.main(session.spark, module.Params(env="lab"))
"""
ROWS = """
import json, sys
from dex_dbutils import get_session
for name in sys.argv[3:]:
    frame = get_session(name).read(sys.argv[1], sys.argv[2])
    print(json.dumps([frame.schema.simpleString(), sorted(map(str, frame.collect()))]))
"""


@pytest.fixture(scope="module")
def walked(shared_project: Path) -> Path:
    """The shared project with a second environment and the table that one of the notebooks reads."""
    (shared_project / "config/lab.yaml").write_text("kind: local\nengine: {type: sail}\ncatalog: lab\n")
    (shared_project / "notebooks").mkdir(exist_ok=True)
    return shared_project


@pytest.mark.parametrize(
    ("name", "cells", "layer", "table"),
    [
        ("parameters.ipynb", PARAMETERS, "silver", "few"),
        ("widgets.py", SQL_AND_WIDGETS, "gold", "odds"),
        ("bronze.ipynb", READS_BRONZE, "silver", "paid"),
    ],
)
def test_main_gives_the_tables_of_the_notebook(
    name: str, cells: Any, layer: str, table: str, walked: Path, in_another_process: Callable[..., str]
) -> None:
    path = walked / "notebooks" / name
    if isinstance(cells, str):
        path.write_text(cells)
    else:
        write_notebook(path, *cells)
    project = find_project(walked)
    setup = "from dex_dbutils import get_session; s = get_session('local');"
    setup += "s.spark.range(5).write.mode('overwrite').saveAsTable(s.table('bronze', 'orders'))"
    in_another_process(setup, cwd=walked)
    run_notebook(path)
    report = export_notebook(path, project)
    env = {**os.environ, "PYTHONPATH": str(walked / "src")}
    package = project.package
    in_another_process(MAIN.replace("trial_etl", package), path.stem, path.stem, cwd=walked, env=env)
    before = in_another_process(ROWS, layer, table, "local", "lab", cwd=walked)
    expected, got = map(json.loads, before.splitlines()[-2:])
    assert len(expected[1]) > 0
    assert got == expected

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/test_{path.stem}.py"]
    tests = subprocess.run(command, cwd=walked, capture_output=True, text=True, check=False)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    told = [line for line in tests.stdout.splitlines() if "passed" in line]
    skipped = f"{len(report.not_derived)} skipped"  # what the report gives a reason for, and nothing else
    assert (skipped in told[-1]) if report.not_derived else ("skipped" not in told[-1])
    after = in_another_process(ROWS, layer, table, "local", "lab", cwd=walked)
    assert after == before  # the tests work on tables of their own


def test_a_derived_test_fails_when_the_exported_code_is_wrong(walked: Path) -> None:
    path = write_notebook(walked / "notebooks/broken.ipynb", *PARAMETERS)
    export_notebook(path, find_project(walked))
    module = walked / "src" / find_project(walked).package / "broken.py"
    changed = module.read_text().replace("factor = 3", "factor = 4")
    assert changed != module.read_text()
    module.write_text(changed)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_broken.py"]
    tests = subprocess.run(command, cwd=walked, capture_output=True, text=True, check=False)
    assert tests.returncode == 1
    assert "assert top == 6" in tests.stdout
