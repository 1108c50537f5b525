"""A project whose configuration describes a job, and what `dex bundle emit` makes of it."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from dex.bundle import validate_bundle
from dex.job_files import JobNotSound
from dex.jobs import EmitReport, emit_job
from dex_dbutils.config import find_project
from notebook_factory import BASE, contents, project_folder, write_notebook

PROD = "kind: production\nengine: {type: databricks, serverless: true}\ncatalog: shop_prod\n"
DEV = "engine: {type: databricks, serverless: true}\ncatalog: shop_dev\n"
CLUSTER = "compute: job_cluster\njob_clusters: [{job_cluster_key: main, new_cluster: {node_type_id: i3.xlarge%s}}]"


def configured_project(folder: Path) -> Path:
    """Return a new project with two notebooks, other files, and two environments beside the local one."""
    project_folder(folder)
    write_notebook(
        folder / "notebooks/load.ipynb",
        "dbutils.widgets.text('day', '2013-01-01')",
        "spark.range(3).write.mode('overwrite').saveAsTable('bronze.orders')\ndbutils.jobs.taskValues.set('rows', 3)",
    )
    write_notebook(
        folder / "notebooks/clean.ipynb",
        "spark.table('bronze.orders').write.mode('overwrite').saveAsTable('silver.orders')",
    )
    for name, text in {
        "jobs/say.py": "print('said')\n",
        "jobs/use.py": "from shop_etl import load\nload\n",
        "sql/report.sql": "create or replace table gold.report as select * from silver.orders\n",
        "dbt/dbt_project.yml": "name: shop\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "config/dev.yaml").write_text(DEV)
    (folder / "config/prod.yaml").write_text(PROD)
    return folder


def say(root: Path, job: str, *, more: str = "", **environments: str) -> None:
    """Write what the configuration says of the job `daily`, and of others, and what environments change of it."""
    text = "jobs:\n  daily:\n    notebooks: [notebooks]\n" + indent(job.strip("\n") + "\n", "    ")
    (root / "config/base.yaml").write_text(BASE + text + indent(more, "  "))
    for name, changes in environments.items():
        file = root / f"config/{name}.yaml"
        file.write_text(
            {"dev": DEV, "prod": PROD}.get(name, "") + "jobs:\n  daily:\n" + indent(changes.strip("\n"), "    ") + "\n"
        )


def emitted(root: Path) -> EmitReport:
    """Emit the job `daily`."""
    return emit_job(find_project(root), "daily")


def job(root: Path, key: str = "daily") -> dict[str, Any]:
    """Return the settings in a job's file."""
    text = (root / f"resources/{key}.job.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["resources"]["jobs"][key]
    return found


def task(root: Path, key: str, name: str = "daily") -> dict[str, Any]:
    """Return the settings of a task in a job's file."""
    return next(each for each in job(root, name)["tasks"] if each["task_key"] == key)


def changes(root: Path, target: str) -> dict[str, Any]:
    """Return what a target changes of the job `daily`."""
    text = (root / "resources/daily.targets.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["targets"].get(target, {})
    return found["resources"]["jobs"]["daily"] if found else {}


def refusal(root: Path) -> str:
    """Return why the job is refused; nothing is written then."""
    before = contents(root)
    with pytest.raises(JobNotSound) as caught:
        emitted(root)
    assert contents(root) == before
    return str(caught.value)


def wrong(root: Path) -> list[str]:
    """Return all that `dex bundle validate` finds, warnings too."""
    return [str(finding) for finding in validate_bundle(root)]
