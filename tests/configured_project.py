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

#: Settings of a job, as they stand in the configuration and in the bundle.
OF_A_JOB = {
    "a schedule": "schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: Europe/Vienna, pause_status: PAUSED}",
    "a period": "trigger: {periodic: {interval: 4, unit: HOURS}}",
    "new files": "trigger: {file_arrival: {url: /Volumes/main/raw/in/, min_time_between_triggers_seconds: 60}}",
    "changed tables": "trigger: {table_update: {table_names: [main.raw.a, main.raw.b], condition: ANY_UPDATED}}",
    "without a pause": "continuous: {pause_status: PAUSED}",
    "mails": "email_notifications: {on_failure: [a@example.org], on_duration_warning_threshold_exceeded: [b@example.org]}",
    "webhooks": "webhook_notifications: {on_success: [{id: 11111111-2222-3333-4444-555555555555}]}",
    "when to be silent": "notification_settings: {no_alert_for_skipped_runs: true, no_alert_for_canceled_runs: true}",
    "who it runs as": "run_as: {service_principal_name: 11111111-2222-3333-4444-555555555555}",
    "permissions": "permissions: [{group_name: users, level: CAN_VIEW}, {user_name: a@example.org, level: IS_OWNER}]",
    "tags": "tags: {team: orders, cost: '12'}",
    "health": "health: {rules: [{metric: RUN_DURATION_SECONDS, op: GREATER_THAN, value: 3600}]}",
    "a time-out": "timeout_seconds: 7200",
    "runs at a time": "max_concurrent_runs: 3",
    "a queue": "queue: {enabled: true}",
    "a performance target": "performance_target: STANDARD",
    "a description": "description: 'Orders: of the day'",
    "a name": "name: Orders of the day",
    "a budget": "budget_policy_id: 11111111-2222-3333-4444-555555555555",
    "references of the bundle": "description: ${bundle.target} of ${workspace.current_user.userName}",
}
#: Settings of a notebook's task.
OF_A_TASK = {
    "retries": "max_retries: 3\nmin_retry_interval_millis: 60000\nretry_on_timeout: true",
    "a time-out": "timeout_seconds: 600",
    "when it runs": "run_if: ALL_DONE",
    "mails": "email_notifications: {on_failure: [a@example.org]}",
    "webhooks": "webhook_notifications: {on_failure: [{id: 11111111-2222-3333-4444-555555555555}]}",
    "when to be silent": "notification_settings: {alert_on_last_attempt: true}",
    "health": "health: {rules: [{metric: RUN_DURATION_SECONDS, op: GREATER_THAN, value: 60}]}",
    "a description": "description: What a day brings",
    "no optimization": "disable_auto_optimization: true",
    "it is off": "disabled: true",
}
#: Tasks that are no notebooks: as they stand in the configuration, and what becomes of them where that is not the same.
WRITTEN: dict[str, tuple[str, dict[str, Any]]] = {
    "a condition": ("condition_task: {op: EQUAL_TO, left: '{{job.parameters.day}}', right: '1'}", {}),
    "a loop": (
        "for_each_task: {inputs: '[1, 2]', concurrency: 2, task: {spark_python_task: {python_file: jobs/say.py}}}",
        {
            "for_each_task": {
                "inputs": "[1, 2]",
                "concurrency": 2,
                "task": {
                    "task_key": "one_iteration",
                    "environment_key": "default",
                    "spark_python_task": {"python_file": "../jobs/say.py"},
                },
            }
        },
    ),
    "a job of the bundle": (
        "run_job_task: {job_id: other, job_parameters: {word: x}}",
        {"run_job_task": {"job_id": "${resources.jobs.other.id}", "job_parameters": {"word": "x"}}},
    ),
    "a job of the workspace": ("run_job_task: {job_id: 123}", {}),
    "a query": ("sql_task: {warehouse_id: abc, query: {query_id: q1}}", {}),
    "an alert": ("sql_task: {warehouse_id: abc, alert: {alert_id: a1}}", {}),
    "a dashboard of SQL": ("sql_task: {warehouse_id: abc, dashboard: {dashboard_id: d1}}", {}),
    "a file of SQL": (
        "sql_task: {file: {path: sql/report.sql}, parameters: {day: '{{job.parameters.day}}'}}",
        {
            "sql_task": {
                "warehouse_id": "of the job",
                "file": {"path": "../sql/report.sql"},
                "parameters": {"day": "{{job.parameters.day}}"},
            }
        },
    ),
    "a dashboard": ("dashboard_task: {dashboard_id: d1, warehouse_id: abc}", {}),
    "a pipeline of the workspace": ("pipeline_task: {pipeline_id: some-pipeline, full_refresh: true}", {}),
    "a file of Python": (
        "spark_python_task: {python_file: jobs/say.py, parameters: [a]}\nmax_retries: 1",
        {
            "environment_key": "default",
            "spark_python_task": {"python_file": "../jobs/say.py", "parameters": ["a"]},
            "max_retries": 1,
        },
    ),
    "dbt": (
        "dbt_task: {commands: [dbt run], project_directory: dbt, warehouse_id: abc}",
        {
            "environment_key": "default",
            "dbt_task": {"commands": ["dbt run"], "project_directory": "../dbt", "warehouse_id": "abc"},
        },
    ),
    "a notebook of the workspace": ("notebook_task: {notebook_path: /Workspace/Shared/report}", {}),
    "a notebook as it is": (
        "notebook_task: {notebook_path: notebooks/clean.ipynb}",
        {"notebook_task": {"notebook_path": "../notebooks/clean.ipynb"}},
    ),
    "a wheel from elsewhere": (
        "python_wheel_task: {package_name: shop_etl, entry_point: load}\nexisting_cluster_id: 0101-abc",
        {"existing_cluster_id": "0101-abc", "python_wheel_task": {"package_name": "shop_etl", "entry_point": "load"}},
    ),
}


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


def every_setting(folder: Path) -> Path:
    """Return a project with a job for every setting and every type of task, each changed by an environment."""
    root = configured_project(folder)
    task = "tasks: {only: {spark_python_task: {python_file: jobs/say.py}}}\n"
    jobs = {f"job_{number}": f"{task}{text}\n" for number, text in enumerate(OF_A_JOB.values())}
    for number, text in enumerate(OF_A_TASK.values()):
        settings = f"spark_python_task: {{python_file: jobs/say.py}}\n{text}"
        jobs[f"task_{number}"] = f"tasks:\n  only:\n{indent(settings, '    ')}\n"
    for number, (text, _) in enumerate(WRITTEN.values()):
        jobs[f"written_{number}"] = f"warehouse_id: abc\ntasks:\n  only:\n{indent(text, '    ')}\n"
    jobs["modules"] = "notebooks: [notebooks]\n"
    jobs["other"] = f"{task}parameters: [{{name: word, default: a}}]\n"
    jobs = {key: text.replace("{{job.parameters.day}}", "{{job.id}}") for key, text in jobs.items()}
    (root / "config/base.yaml").write_text(
        BASE + "jobs:\n" + "".join(f"  {key}:\n{indent(text, '    ')}" for key, text in jobs.items())
    )
    changed = "".join(f"  {key}: {{tags: {{of: prod}}, max_concurrent_runs: 7}}\n" for key in jobs)
    (root / "config/prod.yaml").write_text(f"{PROD}jobs:\n{changed}")
    return root
