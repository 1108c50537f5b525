"""The bundle with the jobs of `job_semantics`: its files, as the local runner and the stand-in workspace take them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dex.bundle import to_yaml
from job_semantics import REFUSED, REPAIRED, ROWS

FILES = {
    "steps/step.py": """\
import json, sys, time
words = sys.argv[1:]
print("said", *words)
if words[0] == "fail":
    raise ValueError("as asked")
if words[0] == "slow":
    time.sleep(60)
if words[0] == "from":  # from N: fails in earlier attempts
    assert int(words[2]) >= int(words[1]), "too early"
""",
    "steps/values.py": """\
# Databricks notebook source
dbutils.widgets.text("day", "")
dbutils.widgets.text("own", "")
dbutils.jobs.taskValues.set("rows", 42)
dbutils.jobs.taskValues.set("ok", True)
dbutils.jobs.taskValues.set("parts", [{"name": "a"}, {"name": "b"}])
dbutils.notebook.exit(dbutils.widgets.get("day") + " " + dbutils.widgets.get("own"))
""",
    "steps/large.py": """\
# Databricks notebook source
dbutils.jobs.taskValues.set("fits", "x" * (48 * 1024 - 2))
dbutils.jobs.taskValues.set("large", "x" * (48 * 1024 - 1))
""",
    "steps/words.py": """\
# Databricks notebook source
dbutils.widgets.text("schema", "")
schema = dbutils.widgets.get("schema")
dbutils.notebook.exit(" ".join(spark.table(f"{schema}.{name}").first()[0] for name in ("a", "b")))
""",
    "pipeline/words.sql": """\
CREATE OR REFRESH MATERIALIZED VIEW a AS SELECT '${word}' AS word;
CREATE OR REFRESH MATERIALIZED VIEW b AS SELECT :day AS word;
""",
    "pipeline/broken.sql": """\
CREATE OR REFRESH MATERIALIZED VIEW fine AS SELECT 1 AS n;
CREATE OR REFRESH MATERIALIZED VIEW broken (CONSTRAINT never EXPECT (n > 1) ON VIOLATION FAIL UPDATE) AS SELECT * FROM fine;
""",
}

#: Pipelines that tasks of the rows run: key -> source.
PIPELINES = {"plain": "words", "handed": "words", "pushed": "words", "selection": "words", "broken": "broken"}


def settings(name: str, tasks: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return the settings of a row's job."""
    environments = [{"environment_key": "default", "spec": {"environment_version": "4"}}]
    job = ROWS[name].job if name in ROWS else {}
    return {"name": name, **job, "tasks": tasks or ROWS[name].tasks, "environments": environments}


def add_rows(project: Path) -> Path:
    """Write a bundle with the jobs of all rows into a project and return it."""
    made = {
        **FILES,
        "databricks.yml": "bundle: {name: rules}\ninclude: [resources/*.yml]\ntargets: {dev: {mode: development, default: true}}\n",
        **{f"resources/{name}.job.yml": yaml_of(name) for name in ROWS},
        **{f"resources/{name}.job.yml": yaml_of(name, tasks) for name, (_, tasks) in REFUSED.items()},
        **{f"resources/{name}.pipeline.yml": pipeline_yaml(name) for name in PIPELINES},
    }
    for name, text in made.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project


def pipeline_yaml(name: str) -> str:
    """Return the file of a pipeline."""
    made = {
        "name": name,
        "catalog": "main",
        "schema": name,
        "configuration": {"word": "configured"},
        "parameters": {"day": "sunday"},
        "libraries": [{"file": {"path": f"../pipeline/{PIPELINES[name]}.sql"}}],
    }
    return to_yaml({"resources": {"pipelines": {name: made}}})


def yaml_of(name: str, tasks: list[dict[str, Any]] | None = None) -> str:
    """Return the file of a row's job."""
    return to_yaml({"resources": {"jobs": {name: settings(name, tasks)}}})


def change_rows(project: Path) -> None:
    """Give the jobs the tasks that they have when their runs are repaired."""
    for name, repair in REPAIRED.items():
        (project / f"resources/{name}.job.yml").write_text(yaml_of(name, repair.tasks))
