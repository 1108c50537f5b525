"""A Databricks notebook runs as it is: its SQL, its `%run`, its widgets, its exit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
from dex.notebook import run_notebook
from dex_dbutils import Session

HEADER = "# Databricks notebook source\n"
MAIN = """\
# MAGIC %md
# MAGIC # Sales

# COMMAND ----------

# MAGIC %run "./set up" $layer="bronze"

# COMMAND ----------

# DBTITLE 1,Make them
# a comment above
# MAGIC %sql
# MAGIC create or replace temp view sales as select explode(sequence(1, 3)) as n, '${day}' as day;
# MAGIC select * from sales where n > 1 and day = :day and 'a.b' rlike 'a\\\\.b' -- a note; with a semicolon

# COMMAND ----------

rows = _sqldf.count()
display(_sqldf)
display([row for row in _sqldf.collect()])

# COMMAND ----------

# MAGIC %fs mkdirs dbfs:/made

# COMMAND ----------

# MAGIC %sh echo from the shell

# COMMAND ----------

displayHTML('<b>bold</b>')
dbutils.jobs.taskValues.set('rows', rows)
separator = '''
# COMMAND ----------
'''
dbutils.notebook.exit(f"{rows} {layer} {getArgument('day')} {table('sales').count()} {sql('select 1 as x').first().x}")

# COMMAND ----------

raise RuntimeError('never reached')
"""
SETUP = """\
dbutils.widgets.text('layer', 'silver')
dbutils.widgets.text('day', '2013-01-01')
layer = dbutils.widgets.get('layer')
dbutils.notebook.exit('ready')

# COMMAND ----------

layer = 'never'
"""


def outputs(path: Path) -> str:
    return json.dumps(nbformat.read(path, as_version=4))


def test_a_source_notebook_runs_to_its_exit(shared_project: Path) -> None:
    folder = shared_project / "sales"
    folder.mkdir()
    (folder / "main.py").write_text(HEADER + MAIN)
    (folder / "set up.py").write_text(HEADER + SETUP)
    report = run_notebook(folder / "main.py", parameters={"day": "2013-02-02"}, out=folder / "out.ipynb")
    assert report.value == "2 bronze 2013-02-02 3 1"
    told = outputs(folder / "out.ipynb")
    for word in ("set up.py exited: ready", "from the shell", "<b>bold</b>", "2013-02-02"):
        assert word in told, word
    assert "never reached" not in [
        o for c in nbformat.read(folder / "out.ipynb", 4).cells for o in c.get("outputs", [])
    ]


def test_a_sql_notebook_runs(shared_project: Path) -> None:
    path = shared_project / "queries.sql"
    path.write_text(
        "-- Databricks notebook source\nselect 7 as n;\n\n-- COMMAND ----------\n\n-- MAGIC %python\n"
        "-- MAGIC dbutils.notebook.exit(str(_sqldf.first().n))\n"
    )
    assert run_notebook(path).value == "7"


def test_an_ipynb_made_there_runs(shared_project: Path) -> None:
    node = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("%sql select 5 as n"),
            nbformat.v4.new_code_cell("dbutils.notebook.exit(str(_sqldf.first().n))"),
        ],
        metadata={"application/vnd.databricks.v1+notebook": {"language": "python"}},
    )
    nbformat.write(node, shared_project / "made there.ipynb")
    assert run_notebook(shared_project / "made there.ipynb").value == "5"


BRONZE = """\
# MAGIC %run ./config/shared $env="staging"

# COMMAND ----------

# MAGIC %fs ls /

# COMMAND ----------

dbutils.fs.put("/Volumes/local/bronze/landing/orders.csv", "id,who,amount\\n1, anna ,10.5\\n2,BOB,\\n2,BOB,\\n", True)
frame = spark.read.csv("/Volumes/local/bronze/landing", header=True, schema="id long, who string, amount double")
frame.withColumn("who", clean("who")).write.mode(getArgument("mode", "append")).saveAsTable(name("bronze", "orders"))
dbutils.notebook.exit(f"{table(name('bronze', 'orders')).count()} in {env}")
"""
SHARED = """\
dbutils.widgets.dropdown("env", "dev", ["dev", "staging"])
env = dbutils.widgets.get("env")

# COMMAND ----------

@udf("string")
def clean(value):
    return value.strip().title()

def name(layer, table):
    return f"local.{layer}.{table}"

for layer in ("bronze", "silver"):
    sql(f"CREATE SCHEMA IF NOT EXISTS local.{layer}")
"""
SILVER = """\
-- Databricks notebook source
CREATE WIDGET TEXT least DEFAULT '1';

-- COMMAND ----------

-- DBTITLE 1,Each order once
CREATE OR REPLACE TABLE local.silver.orders AS -- the newest; all are equal
SELECT DISTINCT id, who, coalesce(amount, 0) AS amount FROM local.bronze.orders;
SELECT count(*) AS n FROM local.silver.orders WHERE amount >= :least AND who RLIKE '^\\\\w+$'

-- COMMAND ----------

-- MAGIC %python
-- MAGIC dbutils.notebook.exit(_sqldf.first().n)
"""
ORCHESTRATOR = """\
import json

said = [dbutils.notebook.run("./01_bronze", 300, {"mode": "overwrite"})]

# COMMAND ----------

said.append(dbutils.notebook.run("/Workspace/Users/me@example.com/trial/nightly/02_silver", 300, {"least": 10}))
dbutils.jobs.taskValues.set("rows", said[1])

# COMMAND ----------

try:
    dbutils.notebook.run("./fails", 300, {"name": "o'hara \\"x\\""})
except Exception as error:
    said.append(str(error))

# COMMAND ----------

said.append(dbutils.jobs.taskValues.get("silver", "rows", debugValue=0))
dbutils.notebook.exit(json.dumps(said))
"""
FAILS = """\
name = getArgument("name", "")

# COMMAND ----------

assert not name, name
"""


def test_a_pipeline_of_notebooks_runs_as_it_does_there(shared_project: Path) -> None:
    folder = shared_project / "nightly"
    (folder / "config").mkdir(parents=True)
    (folder / "02_silver.sql").write_text(SILVER)
    for name, text in {"main": ORCHESTRATOR, "01_bronze": BRONZE, "config/shared": SHARED, "fails": FAILS}.items():
        (folder / f"{name}.py").write_text(HEADER + text)
    report = run_notebook(folder / "main.py")
    bronze, silver, failure, rows = json.loads(report.value or "")
    assert (bronze, silver, rows) == ("3 in staging", "1", "1")
    assert """AssertionError: o'hara "x\"""" in failure
    assert "fails.py, cell 2, line 1" in failure


def test_an_interrupt_ends_what_a_notebook_has_started_and_the_engine_stays(
    shared_project: Path, session: Session
) -> None:
    folder = shared_project / "long"
    folder.mkdir()
    (folder / "outer.py").write_text(
        f"{HEADER}print('first')\n\n# COMMAND ----------\n\ndbutils.notebook.run('inner', 0)\n"
    )
    (folder / "inner.py").write_text(f"{HEADER}# MAGIC %sh\n# MAGIC touch begun\n# MAGIC sleep 4321\n")
    start = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    start += "from dex.cli import main; sys.exit(main(sys.argv[1:]))"
    run = subprocess.Popen(
        [sys.executable, "-c", start, "run", str(folder / "outer.py"), "--out", str(folder / "o.ipynb")]
    )
    deadline = time.monotonic() + 90
    while not (folder / "begun").exists():
        assert time.monotonic() < deadline
        assert run.poll() is None
        time.sleep(0.1)
    below = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGINT)
    assert run.wait(40) == 130
    _, alive = psutil.wait_procs(below, timeout=5)
    assert [" ".join(process.cmdline()) for process in alive] == []
    executed = nbformat.read(folder / "o.ipynb", as_version=4)
    assert executed.cells[1].outputs[0].text == "first\n"
    assert executed.cells[2].outputs[0].ename == "KeyboardInterrupt"
    assert session.spark.range(3).count() == 3
