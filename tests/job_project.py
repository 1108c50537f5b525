"""A project whose job has a task of every type and meets every rule: for the local runner and the stand-in workspace."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "databricks.yml": """\
bundle: {name: trial}
include: [resources/*.yml]
targets:
  dev: {mode: development, default: true}
""",
    "pyproject.toml": """\
[build-system]
requires = ["uv_build>=0.8"]
build-backend = "uv_build"

[project]
name = "trial_etl"
version = "0.1.0"
requires-python = ">=3.9"

[project.scripts]
load = "trial_etl.load:run"
""",
    "src/trial_etl/__init__.py": "",
    "src/trial_etl/load.py": """\
import argparse
from dex_dbutils import get_session

def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--env")
    parser.add_argument("--day")
    given = parser.parse_args()
    session = get_session(given.env)
    rows = session.spark.createDataFrame([(n, given.day) for n in range(3)], "id int, day string")
    rows.write.mode("overwrite").saveAsTable(session.table("bronze", "orders"))
""",
    "notebooks/check.py": """\
# Databricks notebook source
dbutils.widgets.text("least", "1")
dbutils.widgets.text("day", "")

# COMMAND ----------

rows = spark.table("bronze.orders").where("day = '" + dbutils.widgets.get("day") + "'").count()
dbutils.jobs.taskValues.set("rows", rows)
dbutils.jobs.taskValues.set("parts", [{"name": "a"}, {"name": "b"}, {"name": "c"}])

# COMMAND ----------

dbutils.notebook.exit(f"{rows} of at least {dbutils.widgets.get('least')}")
""",
    "jobs/say.py": """\
import os, pathlib, sys
print("said", *sys.argv[1:])
pathlib.Path(os.environ["DEX_PROJECT"], "said.txt").open("a").write(" ".join(sys.argv[1:]) + chr(10))
""",
    "jobs/flaky.py": """\
import os, pathlib
tries = pathlib.Path(os.environ["DEX_PROJECT"], "tries.txt")
tries.open("a").write("x")
if len(tries.read_text()) < 2:
    raise RuntimeError("not yet")
""",
    "jobs/slow.py": "import time\ntime.sleep(60)\n",
    "sql/report.sql": """\
create or replace table gold.report as select day, count(*) as orders from bronze.orders group by day;
-- a second statement; with a semicolon in its comment
select * from gold.report where day = :day
""",
    "pipeline/tables.py": """\
from pyspark import pipelines as dp

@dp.materialized_view
@dp.expect_or_drop("known", "id > 0")
def orders_known():
    return spark.read.table("bronze.orders")
""",
    "pipeline/per_day.sql": """\
CREATE OR REFRESH MATERIALIZED VIEW gold.per_day AS
SELECT day, count(*) AS orders, '${word}' AS word FROM orders_known GROUP BY day;
""",
    "resources/daily.pipeline.yml": """\
resources:
  pipelines:
    daily:
      name: daily
      catalog: main
      schema: silver
      serverless: true
      configuration: {word: configured}
      libraries: [{glob: {include: ../pipeline/**}}]
""",
    "resources/other.job.yml": """\
resources:
  jobs:
    other:
      name: other
      parameters: [{name: word, default: nothing}]
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      tasks:
        - task_key: only
          environment_key: default
          spark_python_task: {python_file: ../jobs/say.py, parameters: ["other", "{{job.parameters.word}}"]}
""",
    "resources/every.job.yml": """\
resources:
  jobs:
    every:
      name: every
      parameters: [{name: day, default: "2013-01-01"}]
      environments: [{environment_key: default, spec: {environment_version: "4", dependencies: [../dist/*.whl]}}]
      tasks:
        - task_key: load
          environment_key: default
          python_wheel_task:
            {package_name: trial_etl, entry_point: load, named_parameters: {env: "${bundle.target}"}}
        - task_key: check
          depends_on: [{task_key: load}]
          notebook_task: {notebook_path: ../notebooks/check.py, base_parameters: {least: "2", day: of the job}}
        - task_key: enough
          depends_on: [{task_key: check}]
          condition_task: {op: GREATER_THAN_OR_EQUAL, left: "{{tasks.check.values.rows}}", right: "2.0"}
        - task_key: too_few
          depends_on: [{task_key: enough, outcome: "false"}]
          environment_key: default
          spark_python_task: {python_file: ../jobs/say.py, parameters: [too_few]}
        - task_key: each
          depends_on: [{task_key: enough, outcome: "true"}]
          for_each_task:
            inputs: "{{tasks.check.values.parts}}"
            concurrency: 2
            task:
              task_key: one
              environment_key: default
              spark_python_task: {python_file: ../jobs/say.py, parameters: ["part", "{{input.name}}"]}
        - task_key: report
          depends_on: [{task_key: each}, {task_key: too_few}]
          run_if: NONE_FAILED
          sql_task: {warehouse_id: any, file: {path: ../sql/report.sql}}
        - task_key: flaky
          environment_key: default
          max_retries: 1
          spark_python_task: {python_file: ../jobs/flaky.py}
        - task_key: slow
          environment_key: default
          timeout_seconds: 1
          spark_python_task: {python_file: ../jobs/slow.py}
        - task_key: after_slow
          depends_on: [{task_key: slow}]
          environment_key: default
          spark_python_task: {python_file: ../jobs/say.py, parameters: [after_slow]}
        - task_key: clean_up
          depends_on: [{task_key: slow}]
          run_if: AT_LEAST_ONE_FAILED
          environment_key: default
          spark_python_task: {python_file: ../jobs/say.py, parameters: ["clean_up", "{{tasks.slow.result_state}}"]}
        - task_key: other_job
          run_job_task: {job_id: "${resources.jobs.other.id}", job_parameters: {word: from_every}}
        - task_key: refresh
          depends_on: [{task_key: load}]
          pipeline_task: {pipeline_id: "${resources.pipelines.daily.id}"}
        - task_key: off
          disabled: true
          environment_key: default
          spark_python_task: {python_file: ../jobs/say.py, parameters: [off]}
        - task_key: always
          depends_on: [{task_key: after_slow}, {task_key: clean_up}, {task_key: refresh}]
          run_if: ALL_DONE
          environment_key: default
          spark_python_task: {python_file: ../jobs/say.py, parameters: [always]}
""",
}

#: What every task of the job comes to on this machine.
RESULTS = {
    "load": "SUCCESS",
    "check": "SUCCESS",
    "enough": "SUCCESS",
    "too_few": "EXCLUDED",
    "each": "SUCCESS",
    "each[0]": "SUCCESS",
    "each[1]": "SUCCESS",
    "each[2]": "SUCCESS",
    "report": "SUCCESS",
    "flaky": "SUCCESS",
    "slow": "TIMEDOUT",
    "after_slow": "UPSTREAM_FAILED",
    "clean_up": "SUCCESS",
    "other_job": "SUCCESS",
    "refresh": "SUCCESS",
    "off": "DISABLED",
    "always": "SUCCESS",
}


def add_jobs(project: Path, files: dict[str, str] | None = None) -> Path:
    """Write the files of the job into a project and return it."""
    for name, text in (files or FILES).items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project
