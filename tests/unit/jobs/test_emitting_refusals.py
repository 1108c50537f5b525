"""What cannot become a job is refused where it was said, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from configured_project import configured_project, emitted, refusal, say
from dex.job_files import JobNotSound
from dex.jobs import emit_jobs
from dex_dbutils import DexError
from dex_dbutils.config import find_project
from notebook_factory import contents


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return configured_project(tmp_path / "shop")


#: What is wrong -> what base.yaml says of the job, what prod.yaml says, where it is refused and with what.
REFUSED = {
    "a schedule that is none": (
        "schedule: {quartz_cron_expression: '0 6 * * *', timezone_id: UTC}",
        "",
        "config/base.yaml:7:16: DEX-BUNDLE-22: '0 6 * * *' is no Quartz expression",
    ),
    "a misspelt setting": (
        "max_concurent_runs: 2",
        "",
        "config/base.yaml:7:5: DEX-BUNDLE-06: `max_concurent_runs` is not a key of a job. Did you mean 'max_concurrent_runs'?",
    ),
    "a misspelt word of dex": (
        "notebook: [a]",
        "",
        "config/base.yaml:7:5: DEX-BUNDLE-06: `notebook` is not a key of a job. Did you mean 'notebooks'?",
    ),
    "a misspelt setting of a task": (
        "tasks: {clean: {max_retires: 2}}",
        "",
        "config/base.yaml:7:21: DEX-BUNDLE-06: `max_retires` is not a key of a task. Did you mean 'max_retries'?",
    ),
    "a misspelt key deep inside": (
        "health: {rules: [{metric: RUN_DURATION_SECONDS, opp: GREATER_THAN, value: 1}]}",
        "",
        "config/base.yaml:7:53: DEX-BUNDLE-06: `opp` is not a key of `rules`. Did you mean 'op'?",
    ),
    "a wrong type": (
        "tasks: {clean: {max_retries: often}}",
        "",
        "config/base.yaml:7:21: DEX-BUNDLE-03: `max_retries` must be a whole number, not 'often'.",
    ),
    "a number in place of a list": (
        "parameters: 3",
        "",
        "config/base.yaml:7:5: DEX-BUNDLE-03: `parameters` must be a list: its entries begin with `- `.",
    ),
    "keys in place of a task's work": (
        "tasks: {one: {python_wheel_task: {task: 1.5}}}",
        "",
        "DEX-BUNDLE-06: `task` is not a key of",
    ),
    "a word that is none": (
        "performance_target: FAST",
        "",
        "config/base.yaml:7:5: DEX-BUNDLE-07: `performance_target` cannot be 'FAST'.",
    ),
    "a wrong word of an environment": (
        "",
        "tasks: {clean: {run_if: SOMETIMES}}",
        "config/prod.yaml:6:21: DEX-BUNDLE-07: `run_if` cannot be 'SOMETIMES'.",
    ),
    "two ways of starting": (
        "schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: UTC}",
        "continuous: {pause_status: UNPAUSED}",
        "config/prod.yaml:6:5: DEX-BUNDLE-22: Job 'daily' starts by schedule and by continuous. Keep one of them.",
    ),
    "a task of the environment that is none": (
        "",
        "tasks: {claen: {max_retries: 1}}",
        "config/prod.yaml:6:13: DEX-BUNDLE-11: No notebook of the job is the task 'claen', and it has no type. Did you mean 'clean'?",
    ),
    "a task without a type": (
        "tasks: {other: {max_retries: 1}}",
        "",
        "config/base.yaml:7:13: DEX-BUNDLE-11: No notebook of the job is the task 'other', and it has no type. Give it one of:",
    ),
    "two types": (
        "tasks: {clean: {run_job_task: {job_id: 1}}}",
        "",
        "config/base.yaml:7:13: DEX-BUNDLE-11: Task 'clean' has 2 types: python_wheel_task, run_job_task.",
    ),
    "a job that there is not": (
        "tasks: {next: {run_job_task: {job_id: othre}}}",
        "",
        "config/base.yaml:7:35: DEX-BUNDLE-17: There is no resource `jobs.othre`.",
    ),
    "a file that there is not": (
        "tasks: {next: {spark_python_task: {python_file: jobs/sya.py}}}",
        "",
        "config/base.yaml:7:40: DEX-BUNDLE-15: There is no file 'jobs/sya.py'. Paths in the configuration begin at",
    ),
    "a path that leaves the project": (
        "tasks: {next: {spark_python_task: {python_file: ../jobs/say.py}}}",
        "",
        (
            "config/base.yaml:7:40: DEX-BUNDLE-15: '../jobs/say.py' leaves the project: paths in the configuration begin at its"
            " folder. Did you mean 'jobs/say.py'?"
        ),
    ),
    "SQL without a warehouse": (
        "tasks: {next: {sql_task: {file: {path: sql/report.sql}}}}",
        "",
        "config/base.yaml:7:20: DEX-BUNDLE-21: `sql_task` needs `warehouse_id`.",
    ),
    "an outcome of no condition": (
        "tasks: {clean: {depends_on: [{task_key: load, outcome: 'true'}]}}",
        "",
        "config/base.yaml:7:51: DEX-BUNDLE-26: 'load' is no condition, so it has no outcome.",
    ),
    "a loop in a loop": (
        "tasks: {next: {for_each_task: {inputs: '[]', task: {for_each_task: {inputs: '[]', task: {}}}}}}",
        "",
        "config/base.yaml:7:50: DEX-BUNDLE-26: The task of loop 'next' is a loop itself",
    ),
    "a reference to nothing": (
        "description: ${var.nope}",
        "",
        "config/base.yaml:7:5: DEX-BUNDLE-17: There is no variable 'nope'.",
    ),
    "notebooks of an environment": (
        "",
        "notebooks: [notebooks]",
        "config/prod.yaml:6:5: DEX-EXPORT-34: `notebooks` is the same in all environments. Move it to config/base.yaml.",
    ),
    "a list of tasks": (
        "tasks: [{task_key: clean}]",
        "",
        "config/base.yaml:7:5: DEX-BUNDLE-03: `tasks` holds settings by the task's key here",
    ),
    "compute that is none": (
        "compute: cluster",
        "",
        "config/base.yaml:7:5: DEX-BUNDLE-07: `compute` is serverless or job_cluster, not 'cluster'.",
    ),
    "permissions for nobody": (
        "permissions: [{level: CAN_VIEW}]",
        "",
        "config/base.yaml:7:19: DEX-BUNDLE-23: A permission is given to one of",
    ),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_what_cannot_become_a_job_is_refused_where_it_was_said(what: str, root: Path) -> None:
    base, prod, expected = REFUSED[what]
    say(root, base or "max_concurrent_runs: 1", **({"prod": prod} if prod else {}))
    assert expected in refusal(root)


def test_a_notebook_that_is_not_there_is_told_where_it_was_named(root: Path) -> None:
    say(root, "tags: {a: b}")
    base = root / "config/base.yaml"
    base.write_text(base.read_text().replace("[notebooks]", "[notebooks, notebooks/laod.ipynb]"))
    assert (
        "config/base.yaml:6:28: DEX-BUNDLE-15: There is no notebook, file or folder 'notebooks/laod.ipynb'. Paths in"
        in refusal(root)
    )


def test_a_local_environment_and_one_without_a_target_say_nothing_of_jobs(root: Path) -> None:
    say(root, "", local="max_concurrent_runs: 2")
    assert "config/local.yaml:2:3: DEX-EXPORT-34: Environment 'local' is local and has no target" in refusal(root)
    (root / "config/local.yaml").unlink()
    (root / "databricks.yml").write_text(
        "bundle: {name: shop}\ninclude: [resources/*.yml]\ntargets: {dev: {mode: development}}\n"
    )
    say(root, "", prod="max_concurrent_runs: 2")
    assert "config/prod.yaml:5:3: DEX-EXPORT-34: databricks.yml has no target 'prod'" in refusal(root)


def test_tasks_that_wait_for_each_other_through_the_configuration_are_explained(root: Path) -> None:
    say(root, "tasks: {load: {after: [tell]}, tell: {depends_on: [load], run_job_task: {job_id: 5}}}")
    with pytest.raises(DexError, match="Tasks wait for each other: ") as caught:
        emitted(root)
    assert "load waits for tell (says `after`)" in str(caught.value)


def test_jobs_that_run_each_other_without_an_end_are_refused(root: Path) -> None:
    say(
        root,
        "tasks: {next: {run_job_task: {job_id: weekly}}}",
        more="weekly: {tasks: {next: {run_job_task: {job_id: daily}}}}\n",
    )
    before = contents(root)
    with pytest.raises(JobNotSound, match="Jobs run each other without an end: daily -> weekly -> daily") as caught:
        emit_jobs(find_project(root))
    assert "config/base.yaml:7:35: DEX-BUNDLE-28" in str(caught.value)
    assert contents(root) == before


def test_a_key_that_another_resource_has_is_refused(root: Path) -> None:
    (root / "resources").mkdir()
    (root / "resources/a.yml").write_text("resources: {schemas: {daily: {name: bronze, catalog_name: main}}}\n")
    say(root, "tags: {a: b}")
    assert "DEX-BUNDLE-09: `jobs.daily` and `schemas.daily` in resources/a.yml have one key." in refusal(root)
