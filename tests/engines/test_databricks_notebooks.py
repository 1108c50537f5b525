"""A Databricks notebook runs as it is: its SQL, its `%run`, its widgets, its exit."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
from dex.notebook import run_notebook

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
