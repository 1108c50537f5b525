"""Bundles as people write them, deployed and run on one stand-in workspace: outputs of tasks and tables are checked."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.workspace import Workspace, WorkspaceServer
from sdk_deploying import Deployer, outputs, wait
from stand_in_workspace import client_of

#: Begins every file of Python that asks for Spark.
SPARK = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
ENVIRONMENT = "environments: [{environment_key: default, spec: {environment_version: '4'}}]"


@pytest.fixture(scope="module")
def fake() -> Iterator[Workspace]:
    """One workspace for all: their code shares one engine."""
    with WorkspaceServer() as server:
        yield server.add()


@pytest.fixture(scope="module")
def client(fake: Workspace) -> Any:
    return client_of(fake)


@pytest.fixture
def run_bundle(client: Any, tmp_path: Path) -> Callable[..., Any]:
    """Deploys a bundle, runs its last job and returns run and outputs."""

    def run(name: str, files: dict[str, str], *keys: str, target: str = "dev", **parameters: str) -> Any:
        project = tmp_path / name
        for path, text in files.items():
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(textwrap.dedent(text).lstrip())
        root = f"/Workspace/Users/tester@example.org/.bundle/{name}/{target}"
        numbers = Deployer(client, root).deploy_bundle(project, target, *(keys or ("main",)))
        run_id = client.jobs.run_now(list(numbers.values())[-1], job_parameters=parameters or None).run_id
        ended = wait(client, run_id)
        return ended, outputs(client, ended)

    return run


def results(run: Any) -> dict[str, str]:
    return {task.task_key: task.state.result_state.value for task in run.tasks}


def errors(left: dict[str, Any]) -> dict[str, str]:
    return {key: each.error_trace for key, each in left.items() if each.error}


def test_notebooks_in_a_diamond_with_task_values(run_bundle: Callable[..., Any], client: Any) -> None:
    files = {
        "databricks.yml": """
            bundle: {name: diamond}
            include: [resources/*.yml]
            variables: {schema: {default: diamond}}
            targets: {dev: {default: true}}
            """,
        "resources/main.job.yml": """
            resources:
              jobs:
                main:
                  name: diamond
                  parameters: [{name: day, default: "1"}]
                  tasks:
                    - &task
                      task_key: bronze
                      notebook_task: &notebook {notebook_path: ../src/bronze.py, base_parameters: {schema: "${var.schema}"}}
                    - task_key: left
                      depends_on: [{task_key: bronze}]
                      notebook_task: {<<: *notebook, notebook_path: ../src/left.py}
                    - task_key: right
                      depends_on: [{task_key: bronze}]
                      notebook_task: {<<: *notebook, notebook_path: ../src/right.sql}
                    - task_key: gold
                      depends_on: [{task_key: left}, {task_key: right}]
                      notebook_task: {<<: *notebook, notebook_path: ../src/gold.py}
            """,
        "resources/schema.yml": "resources: {schemas: {s: {name: diamond, catalog_name: main}}}\n",
        "src/bronze.py": """
            # Databricks notebook source
            schema = dbutils.widgets.get("schema")
            spark.sql(f"CREATE OR REPLACE TABLE main.{schema}.bronze AS SELECT id, id % 2 AS odd FROM range(10)")
            dbutils.jobs.taskValues.set("day", dbutils.widgets.get("day"))
            """,
        "src/left.py": """
            # Databricks notebook source
            spark.table("main.diamond.bronze").where("odd = 1").write.saveAsTable("main.diamond.left_side")
            """,
        "src/right.sql": """
            -- Databricks notebook source
            CREATE OR REPLACE TABLE main.diamond.right_side AS SELECT * FROM main.diamond.bronze WHERE odd = 0
            """,
        "src/gold.py": """
            # Databricks notebook source
            left, right = (spark.table(f"main.diamond.{side}_side").count() for side in ("left", "right"))
            dbutils.notebook.exit(f"{left}+{right} on {dbutils.jobs.taskValues.get('bronze', 'day')}")
            """,
    }
    _, left = run_bundle("diamond", files, day="7")
    assert errors(left) == {}
    assert left["gold"].notebook_output.result == "5+5 on 7"
    assert {t.name for t in client.tables.list("main", "diamond")} == {"bronze", "left_side", "right_side"}


def test_python_files_write_a_table_in_the_schema_of_the_target(run_bundle: Callable[..., Any], client: Any) -> None:
    files = {
        "databricks.yml": f"""
            bundle: {{name: files}}
            variables: {{schema: {{default: files_dev}}}}
            resources:
              schemas: {{s: {{name: "${{var.schema}}", catalog_name: main}}}}
              jobs:
                main:
                  name: files
                  tasks:
                    - task_key: write
                      environment_key: default
                      spark_python_task: {{python_file: write.py, parameters: ["main.${{var.schema}}.days"]}}
                    - task_key: read
                      environment_key: default
                      depends_on: [{{task_key: write}}]
                      spark_python_task: {{python_file: read.py, parameters: ["main.${{var.schema}}.days"]}}
                  {ENVIRONMENT}
            targets:
              dev: {{default: true}}
              prod: {{variables: {{schema: files_prod}}}}
            """,
        "write.py": f"import sys\n{SPARK}spark.range(3).write.saveAsTable(sys.argv[1])\n",
        "read.py": f"import sys\n{SPARK}print(spark.table(sys.argv[1]).count())\n",
    }
    _, left = run_bundle("files", files, target="prod")
    assert errors(left) == {}
    assert left["read"].logs.splitlines()[-1] == "3"
    assert [t.full_name for t in client.tables.list("main", "files_prod")] == ["main.files_prod.days"]


def test_a_wheel_on_a_job_cluster_with_named_parameters(run_bundle: Callable[..., Any]) -> None:
    files = {
        "databricks.yml": """
            bundle: {name: clustered}
            artifacts: {w: {type: whl, path: ., build: uv build --wheel}}
            resources:
              jobs:
                main:
                  name: clustered
                  parameters: [{name: day, default: "1"}]
                  job_clusters:
                    - job_cluster_key: main
                      new_cluster: {spark_version: 16.4.x-scala2.12, node_type_id: i3.xlarge, num_workers: 1}
                  tasks:
                    - task_key: load
                      job_cluster_key: main
                      libraries: [{whl: ./dist/*.whl}]
                      python_wheel_task:
                        package_name: clustered-etl
                        entry_point: load
                        named_parameters: {env: "${bundle.target}", day: "{{job.parameters.day}}"}
            targets: {dev: {default: true}}
            """,
        "pyproject.toml": """
            [project]
            name = "clustered_etl"
            version = "1.0"
            [project.scripts]
            load = "clustered_etl:load"
            [build-system]
            requires = ["hatchling"]
            build-backend = "hatchling.build"
            """,
        "src/clustered_etl/__init__.py": "import sys\ndef load(): print(sorted(sys.argv[1:]))\n",
    }
    _, left = run_bundle("clustered", files, day="9")
    assert errors(left) == {}
    assert left["load"].logs == "['--day=9', '--env=dev']\n"


def test_a_loop_over_what_a_notebook_found(run_bundle: Callable[..., Any], client: Any) -> None:
    files = {
        "databricks.yml": f"""
            bundle: {{name: loop}}
            resources:
              jobs:
                main:
                  name: loop
                  {ENVIRONMENT}
                  tasks:
                    - task_key: find
                      notebook_task: {{notebook_path: find.py}}
                    - task_key: each
                      depends_on: [{{task_key: find}}]
                      for_each_task:
                        inputs: "{{{{tasks.find.values.names}}}}"
                        concurrency: 2
                        task:
                          task_key: one
                          environment_key: default
                          spark_python_task: {{python_file: one.py, parameters: ["{{{{input}}}}"]}}
            targets: {{dev: {{default: true}}}}
            """,
        "find.py": """
            # Databricks notebook source
            dbutils.jobs.taskValues.set("names", ["a", "b", "c"])
            """,
        "one.py": "import sys\nprint('one', sys.argv[1])\n",
    }
    run, left = run_bundle("loop", files)
    assert errors(left) == {}
    (each,) = [task for task in run.tasks if task.task_key == "each"]
    iterations = client.jobs.get_run(each.run_id).iterations
    logs = [client.jobs.get_run_output(item.run_id).logs for item in iterations]
    assert logs == ["one a\n", "one b\n", "one c\n"]


def test_a_failure_is_cleaned_up_after_and_a_branch_is_left_out(run_bundle: Callable[..., Any]) -> None:
    files = {
        "databricks.yml": f"""
            bundle: {{name: branches}}
            resources:
              jobs:
                main:
                  name: branches
                  {ENVIRONMENT}
                  parameters: [{{name: rows, default: "12"}}]
                  tasks:
                    - task_key: many
                      condition_task: {{op: GREATER_THAN, left: "{{{{job.parameters.rows}}}}", right: "10"}}
                    - &run
                      task_key: big
                      depends_on: [{{task_key: many, outcome: "true"}}]
                      environment_key: default
                      spark_python_task: {{python_file: fail.py}}
                    - {{<<: *run, task_key: small, depends_on: [{{task_key: many, outcome: "false"}}]}}
                    - {{<<: *run, task_key: after, depends_on: [{{task_key: big}}]}}
                    - task_key: clean
                      depends_on: [{{task_key: big}}, {{task_key: small}}]
                      run_if: AT_LEAST_ONE_FAILED
                      environment_key: default
                      spark_python_task: {{python_file: clean.py, parameters: ["{{{{tasks.big.result_state}}}}"]}}
            targets: {{dev: {{default: true}}}}
            """,
        "fail.py": "raise SystemExit(3)\n",
        "clean.py": "import sys\nprint('cleaned after', sys.argv[1])\n",
    }
    run, left = run_bundle("branches", files)
    assert results(run) == {
        "many": "SUCCESS",
        "big": "FAILED",
        "small": "EXCLUDED",
        "after": "UPSTREAM_FAILED",
        "clean": "SUCCESS",
    }
    assert run.state.result_state.value == "FAILED"
    assert left["clean"].logs == "cleaned after failed\n"
    assert "exit code 3" in left["big"].error


def test_a_job_that_runs_another_of_its_bundle(run_bundle: Callable[..., Any], client: Any) -> None:
    files = {
        "databricks.yml": f"""
            bundle: {{name: two}}
            resources:
              jobs:
                inner:
                  name: inner
                  {ENVIRONMENT}
                  parameters: [{{name: day, default: "1"}}]
                  tasks:
                    - task_key: say
                      environment_key: default
                      spark_python_task: {{python_file: say.py, parameters: ["{{{{job.parameters.day}}}}"]}}
                outer:
                  name: outer
                  tasks:
                    - task_key: run
                      run_job_task: {{job_id: "${{resources.jobs.inner.id}}", job_parameters: {{day: "5"}}}}
            targets: {{dev: {{default: true}}}}
            """,
        "say.py": "import sys\nprint('day', sys.argv[1])\n",
    }
    _, left = run_bundle("two", files, "inner", "outer")
    assert errors(left) == {}
    inner = client.jobs.get_run(left["run"].run_job_output.run_id)
    assert outputs(client, inner)["say"].logs == "day 5\n"


def test_a_file_of_sql_in_a_warehouse(run_bundle: Callable[..., Any], client: Any) -> None:
    files = {
        "databricks.yml": """
            bundle: {name: sql}
            variables: {warehouse: {default: "0000000000000000"}}
            resources:
              schemas: {s: {name: sql, catalog_name: main}}
              jobs:
                main:
                  name: sql
                  tasks:
                    - task_key: build
                      sql_task: {warehouse_id: "${var.warehouse}", file: {path: build.sql}, parameters: {least: "5"}}
            targets: {dev: {default: true}}
            """,
        "build.sql": """
            CREATE OR REPLACE TABLE main.sql.some AS SELECT id FROM range(10);
            SELECT count(*) AS n FROM main.sql.some WHERE id >= :least
            """,
    }
    _, left = run_bundle("sql", files)
    assert errors(left) == {}
    assert re.search(r"\|\s*5\s*\|", left["build"].logs)
    assert client.tables.get("main.sql.some").columns[0].name == "id"


def test_a_task_that_succeeds_when_tried_again(run_bundle: Callable[..., Any], client: Any, tmp_path: Path) -> None:
    files = {
        "databricks.yml": f"""
            bundle: {{name: again}}
            resources:
              jobs:
                main:
                  name: again
                  {ENVIRONMENT}
                  tasks:
                    - task_key: shaky
                      max_retries: 2
                      environment_key: default
                      spark_python_task: {{python_file: shaky.py, parameters: ["{tmp_path}/tries"]}}
            targets: {{dev: {{default: true}}}}
            """,
        "shaky.py": """
            import pathlib, sys
            tries = pathlib.Path(sys.argv[1])
            tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
            assert len(tries.read_text()) == 2, "not yet"
            """,
    }
    run, left = run_bundle("again", files)
    assert errors(left) == {}
    attempts = client.jobs.get_run(run.run_id, include_history=True).tasks
    assert [(t.attempt_number, t.state.result_state.value) for t in attempts] == [(0, "FAILED"), (1, "SUCCESS")]
    assert client.jobs.get_run_output(attempts[0].run_id).error == "AssertionError: not yet"
