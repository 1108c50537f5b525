"""The project of docs/emitting-jobs.md: its configuration as the page shows it, and the files that this is about."""

from __future__ import annotations

import re
from pathlib import Path

from dex_dbutils.config import parse_document
from support import ROOT

PAGE = (ROOT / "docs/emitting-jobs.md").read_text("utf-8")
#: What the page shows, in its order: both files of the configuration, then the files of the job.
BASE, PROD, JOB, TARGETS = re.findall(r"^```yml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[:4]
REFUSED = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]

FILES = {
    "databricks.yml": """\
bundle: {name: shop}
include: [resources/*.yml]
variables: {warehouse: {default: "1234567890abcdef"}}
artifacts: {wheel: {type: whl, path: ., build: uv build --wheel, dynamic_version: true}}
targets:
  dev: {mode: development, default: true}
  prod:
    mode: production
    workspace: {root_path: "/Workspace/Users/${workspace.current_user.userName}/.bundle/${bundle.name}/${bundle.target}"}
""",
    "config/dev.yaml": "kind: development\nengine: {type: databricks, serverless: true}\ncatalog: shop_dev\n",
    "orders/ingest.py": """\
# Databricks notebook source
dbutils.widgets.text("day", "2013-01-01")
day = dbutils.widgets.get("day")

# COMMAND ----------

rows = [(1, "north", day), (2, "south", day), (3, "north", day), (3, "north", day)]
orders = spark.createDataFrame(rows, "id int, region string, day string")
orders.write.mode("overwrite").saveAsTable("bronze.orders_of_day")

# COMMAND ----------

dbutils.jobs.taskValues.set("rows", orders.count())
dbutils.jobs.taskValues.set("regions", ["north", "south"])
""",
    "orders/clean.py": """\
# Databricks notebook source
orders = spark.table("bronze.orders_of_day").dropDuplicates(["id"])
orders.write.mode("overwrite").saveAsTable("silver.orders_of_day")
""",
    "orders/region.py": """\
# Databricks notebook source
dbutils.widgets.text("region", "north")
region = dbutils.widgets.get("region")

# COMMAND ----------

orders = spark.table("silver.orders_of_day").where(f"region = '{region}'")
orders.write.mode("overwrite").saveAsTable(f"gold.orders_{region}")
""",
    "sql/totals.sql": """\
CREATE OR REPLACE TABLE gold.totals AS SELECT region, count(*) AS orders FROM silver.orders_of_day GROUP BY region;
""",
    "jobs/tell.py": """\
import os, pathlib, sys
pathlib.Path(os.environ["DEX_PROJECT"], "told.txt").open("a").write(" ".join(sys.argv[1:]) + chr(10))
""",
    "checks/count.py": """\
# Databricks notebook source
dbutils.notebook.exit(str(spark.table("gold.totals").count()))
""",
}


def documented_project(folder: Path) -> Path:
    """Write the page's project into a folder, and return it."""
    for name, text in {**FILES, "config/base.yaml": BASE, "config/prod.yaml": PROD}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def documented_jobs() -> str:
    """Return what the page says under `jobs`, for the configuration of another project."""
    assert "jobs" in parse_document(BASE, "config/base.yaml").values
    return "jobs:\n" + BASE.partition("\njobs:\n")[2]
