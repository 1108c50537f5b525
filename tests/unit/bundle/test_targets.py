"""A bundle as its targets make it: files merged, overrides applied, references filled in, places kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.bundle import load_bundle, validate_bundle
from dex.jobs import JobSettings, refusals
from dex_dbutils import BundleError

ROOT = """\
bundle: {name: flights}
include: [resources/*.yml]
variables:
  catalog: {default: dev_catalog}
  where: {default: {catalog: "${var.catalog}", schemas: [bronze, silver]}}
  cluster: {default: {spark_version: 16.4.x, num_workers: 1}}
  words: {default: "${var.catalog}/${bundle.target}"}
targets:
  dev:
    mode: development
    default: true
    resources:
      jobs:
        daily:
          tasks:
            - {task_key: load, timeout_seconds: 60}
            - task_key: only_here
              notebook_task: {notebook_path: ./notebooks/extra.py}
  prod:
    mode: production
    variables: {catalog: prod_catalog}
"""
JOB = """\
resources:
  jobs:
    daily:
      name: "[${bundle.target}] daily"
      parameters: [{name: catalog, default: "${var.where.catalog}"}]
      job_clusters:
        - job_cluster_key: main
          new_cluster: ${var.cluster}
      tasks:
        - task_key: load
          job_cluster_key: main
          max_retries: 2
          notebook_task:
            notebook_path: ../notebooks/load.py
            base_parameters: {schema: "${var.where.schemas[1]}", words: "${var.words}", user: "${workspace.host}"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "resources").mkdir()
    (tmp_path / "databricks.yml").write_text(ROOT)
    (tmp_path / "resources/daily.job.yml").write_text(JOB)
    return tmp_path


def test_a_target_adds_to_a_task_of_another_file_and_brings_its_own(project: Path) -> None:
    settings = JobSettings.model_validate(load_bundle(project).job("daily"))
    load, only_here = settings.tasks
    assert (load.task_key, load.timeout_seconds, load.max_retries) == ("load", 60, 2)
    assert only_here.task_key == "only_here"
    assert len(load_bundle(project, "prod").job("daily")["tasks"]) == 1


def test_paths_are_told_from_the_bundles_folder_wherever_they_were_written(project: Path) -> None:
    load, only_here = JobSettings.model_validate(load_bundle(project).job("daily")).tasks
    assert load.notebook_task is not None
    assert only_here.notebook_task is not None
    assert load.notebook_task.notebook_path == "notebooks/load.py"
    assert only_here.notebook_task.notebook_path == "notebooks/extra.py"


def test_variables_name_other_variables_and_parts_of_them_and_keep_their_types(project: Path) -> None:
    job = load_bundle(project, "prod").job("daily")
    assert job["name"] == "[prod] daily"
    assert job["parameters"] == [{"name": "catalog", "default": "prod_catalog"}]
    assert job["job_clusters"][0]["new_cluster"] == {"spark_version": "16.4.x", "num_workers": 1}
    given = job["tasks"][0]["notebook_task"]["base_parameters"]
    assert given == {"schema": "silver", "words": "prod_catalog/prod", "user": "${workspace.host}"}


def test_a_variable_given_from_outside_wins_over_the_target(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLE_VAR_catalog", "from_outside")
    assert load_bundle(project, "prod").job("daily")["parameters"][0]["default"] == "from_outside"
    bundle = load_bundle(project, "prod", variables={"catalog": "given"})
    assert bundle.job("daily")["parameters"][0]["default"] == "given"


def test_a_value_is_placed_where_it_is_written_whatever_file_that_is(project: Path) -> None:
    (_, job) = next(load_bundle(project).resources("jobs"))
    load = job.items("tasks")[0]
    retries, timeout = load.get("max_retries"), load.get("timeout_seconds")
    assert retries is not None
    assert timeout is not None
    assert (retries.file, retries.line) == ("resources/daily.job.yml", 12)
    assert (timeout.file, timeout.line) == ("databricks.yml", 16)


@pytest.mark.parametrize(("target", "code"), [("prd", "DEX-BUNDLE-31"), (None, "DEX-BUNDLE-31")])
def test_a_target_that_is_not_there_or_not_said_is_asked_for(project: Path, target: str | None, code: str) -> None:
    (project / "databricks.yml").write_text(ROOT.replace("    default: true\n", ""))
    with pytest.raises(BundleError, match="prod") as caught:
        load_bundle(project, target)
    assert caught.value.code == code


def test_a_job_that_is_not_there_is_named_with_the_nearest_one(project: Path) -> None:
    with pytest.raises(BundleError, match="Did you mean 'daily'") as caught:
        load_bundle(project).job("dialy")
    assert caught.value.code == "DEX-BUNDLE-30"


@pytest.mark.parametrize("key", ["daily", "other"])
def test_no_job_is_taken_from_a_bundle_with_a_file_that_cannot_be_read(project: Path, key: str) -> None:
    (project / "resources/daily.job.yml").write_text("resources:\n  jobs:\n    daily: {tasks: []\n")
    with pytest.raises(BundleError, match="daily.job.yml") as caught:
        load_bundle(project).job(key)
    where = caught.value.where
    assert (caught.value.code, where and where.line) == ("DEX-BUNDLE-02", 4)


def test_variables_that_name_each_other_in_a_circle_stay_as_they_are_written(project: Path) -> None:
    (project / "databricks.yml").write_text(
        ROOT.replace("default: dev_catalog", 'default: "${var.words}"').replace("${var.catalog}/", "${var.catalog}")
    )
    job = load_bundle(project).job("daily")
    assert "${var." in job["tasks"][0]["notebook_task"]["base_parameters"]["words"]


CIRCLES = """\
bundle: {name: circles}
variables:
  one: {default: "${var.two.y}"}
  two: {default: "${var.one.x}"}
resources:
  jobs:
    daily: &job
      name: daily
      description: DESCRIPTION
      tags: {a: "${resources}", b: "${resources.jobs}", c: "${resources.jobs.other}", d: "${var.one}"}
      tasks: [{task_key: one, notebook_task: {notebook_path: /a}}]
    other: *job
"""


@pytest.mark.parametrize(
    "description",
    ["${resources}", "${resources.jobs.daily}", "${var.one.x}", "${var.two}", "a ${resources.jobs.daily.description}"],
)
def test_a_reference_to_what_holds_it_ends(tmp_path: Path, description: str) -> None:
    (tmp_path / "databricks.yml").write_text(CIRCLES.replace("DESCRIPTION", description))
    assert load_bundle(tmp_path).job("daily")["name"] == "daily"
    assert all(finding.file == "databricks.yml" for finding in validate_bundle(tmp_path))


NOTEBOOK = {"notebook_task": {"notebook_path": "/a"}}
WHEEL = {"python_wheel_task": {"package_name": "p", "entry_point": "e"}}


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([], "no tasks"),
        ([{"task_key": "a", **NOTEBOOK}, {"task_key": "a", **NOTEBOOK}], "Two tasks have the key 'a'"),
        ([{"task_key": "a"}], "has no type"),
        ([{"task_key": "a", "dbt_task": {}, **NOTEBOOK}], "has 2 types: dbt_task, notebook_task"),
        ([{"task_key": "a", "depends_on": [{"task_key": "b"}], **NOTEBOOK}], "'b', which is no task"),
        ([{"task_key": "a", "depends_on": [{"task_key": "a"}], **NOTEBOOK}], "depends on itself"),
        (
            [
                {"task_key": "a", "depends_on": [{"task_key": "b"}], **NOTEBOOK},
                {"task_key": "b", "depends_on": [{"task_key": "a"}], **NOTEBOOK},
            ],
            "wait for each other",
        ),
        ([{"task_key": "a", **WHEEL}], "does not say what it runs on"),
        ([{"task_key": "a", "environment_key": "e", **WHEEL}], "no environment 'e'"),
        ([{"task_key": "a", "job_cluster_key": "c", **WHEEL}], "no cluster 'c'"),
        (
            [{"task_key": "a", "for_each_task": {"inputs": "[1]", "task": {"task_key": "b"}}}],
            "Task 'b' has no type",
        ),
    ],
)
def test_settings_that_the_platform_refuses_are_refused(tasks: list[dict[str, object]], said: str) -> None:
    (only,) = refusals(JobSettings.model_validate({"name": "j", "tasks": tasks}))
    assert said in only.message


def test_a_targets_value_of_a_complex_variable_replaces_the_one_of_before_and_a_lookup(tmp_path: Path) -> None:
    """Source: the vendor's tool, which says that complex variables are not merged."""
    (tmp_path / "databricks.yml").write_text("""\
bundle: {name: a}
variables:
  names: {type: complex, default: [a, b]}
  cluster: {type: complex, default: {spark_version: 16.4.x, num_workers: 2}}
  warehouse: {lookup: {warehouse: Starter}}
targets:
  dev: {variables: {names: [c], cluster: {num_workers: 3}, warehouse: w}}
resources: {jobs: {daily: {tags: "${var.cluster}", name: "${var.names[0]} ${var.warehouse}", tasks: "${var.names}"}}}
""")
    job = load_bundle(tmp_path, "dev").job("daily")
    assert job == {"tags": {"num_workers": 3}, "name": "c w", "tasks": ["c"]}
