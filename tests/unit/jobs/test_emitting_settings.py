"""Every setting of a job and of a task, and every type of task, as the configuration says it and the bundle has it."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from configured_project import (
    CLUSTER,
    OF_A_JOB,
    OF_A_TASK,
    WRITTEN,
    configured_project,
    emitted,
    job,
    refusal,
    say,
    task,
    wrong,
)
from dex.jobs import emit_jobs
from dex_dbutils.config import find_project
from notebook_factory import BASE, write_notebook


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return configured_project(tmp_path / "shop")


@pytest.mark.parametrize("what", list(OF_A_JOB))
def test_a_setting_of_a_job_stands_in_its_file(what: str, root: Path) -> None:
    say(root, OF_A_JOB[what])
    emitted(root)
    assert yaml.safe_load(OF_A_JOB[what]).items() <= job(root).items()
    assert wrong(root) == []


@pytest.mark.parametrize("what", list(OF_A_TASK))
def test_a_setting_of_a_task_stands_beside_the_work_of_its_notebook(what: str, root: Path) -> None:
    say(root, "tasks:\n  clean:\n" + indent(OF_A_TASK[what], "    "))
    emitted(root)
    found = task(root, "clean")
    assert yaml.safe_load(OF_A_TASK[what]).items() <= found.items()
    assert found["python_wheel_task"]["entry_point"] == "clean"
    assert found["depends_on"] == [{"task_key": "load"}]
    assert wrong(root) == []


@pytest.mark.parametrize("what", list(WRITTEN))
def test_a_task_that_is_no_notebook_waits_for_what_it_says(what: str, root: Path) -> None:
    text, expected = WRITTEN[what]
    other = "other: {tasks: {only: {spark_python_task: {python_file: jobs/say.py}}}, parameters: [{name: word, default: a}]}"
    say(root, f"warehouse_id: of the job\ntasks:\n  one:\n    depends_on: [load]\n{indent(text, '    ')}", more=other)
    emit_jobs(find_project(root))
    assert task(root, "one") == {
        "task_key": "one",
        "depends_on": [{"task_key": "load"}],
        **(expected or yaml.safe_load(text)),
    }
    assert wrong(root) == []


def test_plain_files_of_python_and_sql_are_tasks_in_the_order_of_their_tables(root: Path) -> None:
    (root / "jobs/fill.py").write_text("spark.table('gold.report').write.saveAsTable('gold.copy')\n")
    (root / "config/base.yaml").write_text(
        BASE
        + "jobs:\n  daily:\n    warehouse_id: abc\n    notebooks: [notebooks, sql/report.sql, jobs/fill.py, jobs/use.py]\n"
    )
    emitted(root)
    assert task(root, "report") == {
        "task_key": "report",
        "depends_on": [{"task_key": "clean"}],
        "sql_task": {"warehouse_id": "abc", "file": {"path": "../sql/report.sql"}},
    }
    assert task(root, "fill") == {
        "task_key": "fill",
        "depends_on": [{"task_key": "report"}],
        "environment_key": "default",
        "spark_python_task": {"python_file": "../jobs/fill.py"},
    }
    assert not (root / "src/shop_etl/fill.py").exists()
    assert wrong(root) == []


def test_a_file_that_imports_the_project_gets_its_wheel(root: Path) -> None:
    for name, dependencies in (("use", ["../dist/*.whl"]), ("say", None)):
        (root / "config/base.yaml").write_text(f"{BASE}jobs: {{daily: {{notebooks: [jobs/{name}.py]}}}}\n")
        emitted(root)
        assert job(root)["environments"][0]["spec"].get("dependencies") == dependencies


def test_a_notebook_can_be_what_a_loop_repeats(root: Path) -> None:
    loop = "for_each_task: {inputs: '{{tasks.load.values.rows}}', concurrency: 4}\nmax_retries: 2\nrun_if: ALL_DONE"
    item = "python_wheel_task: {named_parameters: {item: '{{input}}'}}"
    say(root, f"tasks:\n  clean:\n{indent(loop, '    ')}\n    {item}")
    emitted(root)
    found = task(root, "clean")
    inner = found["for_each_task"].pop("task")
    assert found == {
        "task_key": "clean",
        "depends_on": [{"task_key": "load"}],
        "run_if": "ALL_DONE",
        "for_each_task": {"inputs": "{{tasks.load.values.rows}}", "concurrency": 4},
    }
    assert inner["task_key"] == "clean_iteration"
    assert inner["max_retries"] == 2
    assert inner["python_wheel_task"]["entry_point"] == "clean"
    assert inner["python_wheel_task"]["parameters"] == ["--env={{job.parameters.env}}", "--item={{input}}"]
    assert wrong(root) == []


def test_a_task_comes_after_those_whose_values_it_asks_for(root: Path) -> None:
    condition = "condition_task: {op: GREATER_THAN, left: '{{tasks.load.values.rows}}', right: '0'}"
    outcome = "depends_on: [{task_key: enough, outcome: 'true'}]"
    say(root, f"tasks:\n  enough: {{{condition}}}\n  clean: {{{outcome}}}")
    emitted(root)
    assert task(root, "enough")["depends_on"] == [{"task_key": "load"}]
    assert task(root, "clean")["depends_on"] == [{"task_key": "enough", "outcome": "true"}]


def test_what_a_notebook_says_of_its_task_counts_and_the_configuration_wins(root: Path) -> None:
    write_notebook(
        root / "notebooks/clean.ipynb",
        "# dex: task {max_retries: 1, timeout_seconds: 60, depends_on: [{task_key: enough, outcome: 'false'}]}\nx = 1",
    )
    say(root, "tasks:\n  enough: {condition_task: {op: EQUAL_TO, left: a, right: b}}\n  clean: {max_retries: 5}")
    emitted(root)
    found = task(root, "clean")
    assert (found["max_retries"], found["timeout_seconds"]) == (5, 60)
    assert found["depends_on"] == [{"task_key": "enough", "outcome": "false"}]


def test_a_wrong_setting_in_a_notebook_is_refused_where_it_stands(root: Path) -> None:
    write_notebook(root / "notebooks/clean.ipynb", "x = 1\n# dex: task {max_retries: many}\ny = 1")
    say(root, "")
    assert "notebooks/clean.ipynb:2:1: DEX-BUNDLE-03: `max_retries` must be a whole number" in refusal(root)


def test_parameters_of_the_configuration_join_those_of_the_notebooks(root: Path) -> None:
    say(root, "parameters: [{name: day, default: '2020-02-02'}, {name: mode, default: full}]")
    emitted(root)
    assert job(root)["parameters"] == [
        {"name": "env", "default": "${bundle.target}"},
        {"name": "day", "default": "2020-02-02"},
        {"name": "mode", "default": "full"},
    ]


def test_a_task_may_name_a_module_that_is_exported_with_it(root: Path) -> None:
    say(root, "")
    emitted(root)  # pyproject.toml has its entry points now
    write_notebook(root / "notebooks/late.ipynb", "x = 1")
    say(root, "tasks: {again: {after: [late], python_wheel_task: {package_name: shop_etl, entry_point: late}}}")
    emitted(root)
    assert task(root, "again")["environment_key"] == "default"
    assert wrong(root) == []


def test_a_module_is_given_the_parameters_that_it_knows_and_no_others(root: Path) -> None:
    say(root, "")
    emitted(root)  # `load` has a parameter that `clean` has not, and the platform gives a wheel all that a job has
    assert task(root, "load")["python_wheel_task"]["named_parameters"] == {
        "env": "{{job.parameters.env}}",
        "day": "{{job.parameters.day}}",
    }
    assert task(root, "clean")["python_wheel_task"]["parameters"] == ["--env={{job.parameters.env}}"]


def test_a_value_of_the_tasks_own_is_not_overridden_by_a_parameter_of_the_job(root: Path) -> None:
    say(root, "tasks: {load: {python_wheel_task: {named_parameters: {day: '{{job.start_time.iso_date}}'}}}}")
    emitted(root)
    assert [each["name"] for each in job(root)["parameters"]] == ["env"]
    assert task(root, "load")["python_wheel_task"]["named_parameters"]["day"] == "{{job.start_time.iso_date}}"


def test_the_environment_of_the_tasks_can_be_changed_and_others_added(root: Path) -> None:
    own = "{environment_key: default, spec: {environment_version: '3', dependencies: [six, ./vendor/*.whl]}}"
    (root / "vendor").mkdir()
    (root / "vendor/x-1-py3-none-any.whl").touch()
    say(root, f"environments: [{own}, {{environment_key: ml, spec: {{environment_version: '2'}}}}]")
    emitted(root)
    assert job(root)["environments"] == [
        {
            "environment_key": "default",
            "spec": {"environment_version": "3", "dependencies": ["../dist/*.whl", "six", "../vendor/*.whl"]},
        },
        {"environment_key": "ml", "spec": {"environment_version": "2"}},
    ]
    assert wrong(root) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", {"autoscale": {"min_workers": 1, "max_workers": 4}}),
        (", num_workers: 2", {"num_workers": 2}),
        (", autoscale: {min_workers: 2, max_workers: 9}", {"autoscale": {"min_workers": 2, "max_workers": 9}}),
        (
            ", spark_version: 17.3.x-scala2.13, is_single_node: true",
            {"spark_version": "17.3.x-scala2.13", "is_single_node": True},
        ),
    ],
)
def test_a_job_cluster_is_what_a_person_says_and_whole(more: str, expected: dict[str, Any], root: Path) -> None:
    say(root, CLUSTER % more)
    emitted(root)
    (cluster,) = job(root)["job_clusters"]
    known = {
        "spark_version": "16.4.x-scala2.12",
        "data_security_mode": "DATA_SECURITY_MODE_AUTO",
        "node_type_id": "i3.xlarge",
    }
    assert cluster == {"job_cluster_key": "main", "new_cluster": {**known, **expected}}
    assert task(root, "clean")["job_cluster_key"] == "main"
    assert task(root, "clean")["libraries"] == [{"whl": "../dist/*.whl"}]
    assert wrong(root) == []


def test_a_job_cluster_that_nobody_describes_is_refused_with_what_it_lacks(root: Path) -> None:
    say(root, "compute: job_cluster")
    told = refusal(root)
    assert "config/base.yaml:7:5: DEX-BUNDLE-32: Cluster 'main' needs `node_type_id` or `instance_pool_id`." in told


def test_references_may_have_room_inside_and_names_with_other_signs_stand_in_backticks(root: Path) -> None:
    write_notebook(
        root / "notebooks/load.ipynb",
        "dbutils.widgets.text('day', '1')\ndbutils.widgets.text('as-of', 'a')\ndbutils.widgets.text('x.y', 'b')",
        "spark.range(3).write.mode('overwrite').saveAsTable('bronze.orders')",
    )
    say(root, "tasks:\n  load: {python_wheel_task: {named_parameters: {day: '{{ job.parameters.day }}'}}}\n")
    emitted(root)
    assert [each["name"] for each in job(root)["parameters"]] == ["env", "day", "as-of", "x.y"]
    assert task(root, "load")["python_wheel_task"]["parameters"] == [
        "--env={{job.parameters.env}}",
        "--day={{ job.parameters.day }}",
        "--as-of={{job.parameters.`as-of`}}",
        "--x-y={{job.parameters.`x.y`}}",
    ]
    assert wrong(root) == []


def test_a_pipeline_of_the_bundle_is_named_by_its_key(root: Path) -> None:
    write_notebook(root / "notebooks/flow.ipynb", "import dlt\n\n@dlt.table\ndef t():\n    return spark.range(3)")
    pipeline = "{name: mine, serverless: true, catalog: main, schema: x, libraries: [{file: {path: ../jobs/say.py}}]}"
    (root / "resources").mkdir()
    (root / "resources/mine.pipeline.yml").write_text(f"resources: {{pipelines: {{mine: {pipeline}}}}}\n")
    say(root, "tasks: {flow: {max_retries: 1}, refresh: {pipeline_task: {pipeline_id: mine, full_refresh: true}}}")
    emitted(root)
    assert task(root, "refresh") == {
        "task_key": "refresh",
        "pipeline_task": {"pipeline_id": "${resources.pipelines.mine.id}", "full_refresh": True},
    }
    assert task(root, "flow")["pipeline_task"] == {"pipeline_id": "${resources.pipelines.flow.id}"}
    assert task(root, "flow")["max_retries"] == 1
    assert [finding for finding in wrong(root) if "error" in finding] == []
