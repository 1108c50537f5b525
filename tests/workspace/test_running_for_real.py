"""A bundle deployed in the databricks CLI's order of requests, and its jobs really run, through the vendor's client."""

from __future__ import annotations

import io
import json
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk.errors import NotFound, ResourceAlreadyExists
from dex.workspace import Workspace, WorkspaceServer
from documented_job import documented_project
from sdk_deploying import Deployer, outputs, wait
from stand_in_workspace import client_of
from support import uv

ROOT = "/Workspace/Users/tester@example.org/.bundle/tiny/dev"

WHEEL = {
    "pyproject.toml": """
        [project]
        name = "tiny-etl"
        version = "0.1.0"
        requires-python = ">=3.10"
        [project.scripts]
        load = "tiny_etl:load"
        fail = "tiny_etl:fail"
        slow = "tiny_etl:slow"
        [build-system]
        requires = ["uv_build"]
        build-backend = "uv_build"
        """,
    "src/tiny_etl/__init__.py": """
        import os, sys, time

        def load():
            print("load", sys.argv[1:], os.environ["DATABRICKS_HOST"].startswith("http://127.0.0.1"))
            print("token", os.environ["DATABRICKS_TOKEN"])
            return 0

        def fail():
            print("about to fail")
            raise ValueError("no rows")

        def slow():
            print("slow", flush=True)
            time.sleep(60)
        """,
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    for name, text in WHEEL.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    uv("build", "-q", "--wheel", "--offline", "-o", folder / "dist", folder)
    return next((folder / "dist").glob("*.whl"))


def deploy(client: Any, wheel: Path, *tasks: dict[str, Any], **job: Any) -> int:
    """Deploy a job of the wheel's tasks and return its id."""
    settings = {"name": "a job", "environments": serverless(wheel), "tasks": list(tasks), **job}
    files = settings.pop("files", {})
    return Deployer(client, ROOT).deploy(settings, files, {wheel.name: wheel.read_bytes()})


def serverless(wheel: Path) -> list[dict[str, Any]]:
    spec = {"environment_version": "4", "dependencies": [f"{ROOT}/artifacts/.internal/{wheel.name}"]}
    return [{"environment_key": "default", "spec": spec}]


def task(key: str, entry: str, *parameters: str, **more: Any) -> dict[str, Any]:
    wheel_task = {"package_name": "tiny_etl", "entry_point": entry, "parameters": list(parameters)}
    return {"task_key": key, "environment_key": "default", "python_wheel_task": wheel_task, **more}


def test_a_bundle_deploys_in_the_clis_order_and_its_job_runs(wheel: Path, client: Any, fake: Workspace) -> None:
    deployer = Deployer(client, ROOT)
    for state in ("terraform.tfstate", "resources.json", "deployment.json"):
        assert not deployer.is_there(f"{ROOT}/state/{state}")
    script = b"import sys\nprint('script', sys.argv[1:])\n"
    job = {
        "name": "[dev tester] daily",
        "parameters": [{"name": "day", "default": "monday"}],
        "environments": serverless(wheel),
        "tasks": [
            task("load", "load", "--day", "{{job.parameters.day}}", "--run", "{{job.run_id}}"),
            {
                "task_key": "script",
                "depends_on": [{"task_key": "load"}],
                "environment_key": "default",
                "spark_python_task": {"python_file": f"{ROOT}/files/src/script.py", "parameters": ["x"]},
            },
            {
                "task_key": "check",
                "depends_on": [{"task_key": "script"}],
                "condition_task": {"op": "EQUAL_TO", "left": "{{job.parameters.day}}", "right": "tuesday"},
            },
            task("never", "fail", depends_on=[{"task_key": "check", "outcome": "false"}]),
        ],
    }
    schema = {"catalog_name": "main", "name": "dev_tester_silver"}
    volume = {"catalog_name": "main", "schema_name": "dev_tester_silver", "name": "raw", "volume_type": "MANAGED"}
    wheels = {wheel.name: wheel.read_bytes()}
    number = deployer.deploy(job, {"src/script.py": script}, wheels, [schema], [volume])
    assert not deployer.is_there(f"{ROOT}/state/deploy.lock")
    assert client.volumes.read("main.dev_tester_silver.raw").schema_name == "dev_tester_silver"

    run = client.jobs.run_now(number, job_parameters={"day": "tuesday"}).result()
    assert run.state.result_state.value == "SUCCESS"
    left = outputs(client, run)
    assert left["load"].logs.startswith(f"load ['--day', 'tuesday', '--run', '{run.run_id}'] True\ntoken [REDACTED]")
    assert fake.token not in json.dumps([each.as_dict() for each in left.values()])
    assert left["script"].logs == "script ['x']\n"
    states = {each.task_key: each.state.result_state.value for each in run.tasks}
    assert states == {"load": "SUCCESS", "script": "SUCCESS", "check": "SUCCESS", "never": "EXCLUDED"}
    ((outcome,),) = [[each.condition_task.outcome] for each in run.tasks if each.task_key == "check"]
    assert outcome == "true"

    client.jobs.delete(number)
    client.schemas.delete("main.dev_tester_silver", force=True)
    client.workspace.delete(ROOT, recursive=True)
    with pytest.raises(NotFound):
        client.volumes.read("main.dev_tester_silver.raw")
    assert not deployer.is_there(ROOT)


def test_a_deployment_under_way_keeps_a_second_one_out(client: Any) -> None:
    number = Deployer(client, ROOT).lock()
    with pytest.raises(ResourceAlreadyExists):
        Deployer(client, ROOT).lock()
    assert json.loads(client.workspace.download(f"{ROOT}/state/deploy.lock").read()) == {"ID": number}


def test_a_task_that_fails_leaves_its_error_and_a_repair_goes_on_from_there(wheel: Path, client: Any) -> None:
    tasks = [
        task("load", "load"),
        task("fail", "fail", depends_on=[{"task_key": "load"}]),
        task("after", "load", depends_on=[{"task_key": "fail"}]),
    ]
    number = deploy(client, wheel, *tasks)
    run_id = client.jobs.run_now(number).run_id
    run = wait(client, run_id)
    assert run.state.result_state.value == "FAILED"
    assert "Task fail failed" in run.state.state_message
    left = outputs(client, run)
    assert left["fail"].error == "ValueError: no rows"
    assert "Traceback" in left["fail"].error_trace
    assert 'raise ValueError("no rows")' in left["fail"].error_trace
    assert left["fail"].logs.startswith("about to fail\n")
    ids = {each.task_key: each.run_id for each in run.tasks}
    again = wait(client, client.jobs.repair_run(run_id, rerun_all_failed_tasks=True).run_id)
    assert again.state.result_state.value == "FAILED"
    assert {each.task_key for each in again.tasks if each.run_id == ids[each.task_key]} == {"load"}

    mended = [tasks[0], task("fail", "load", "mended", depends_on=[{"task_key": "load"}]), tasks[2]]
    settings = {"name": "a job", "environments": serverless(wheel), "tasks": mended}
    client.api_client.do("POST", "/api/2.2/jobs/reset", body={"job_id": number, "new_settings": settings})
    (*_, last) = client.jobs.get_run(run_id, include_history=True).repair_history
    client.jobs.repair_run(run_id, rerun_all_failed_tasks=True, latest_repair_id=last.id)
    run = wait(client, run_id)
    assert run.state.result_state.value == "SUCCESS"
    assert outputs(client, run)["fail"].logs.startswith("load ['mended']")
    assert {each.task_key for each in run.tasks if each.run_id == ids[each.task_key]} == {"load"}


def test_a_wheel_that_is_not_there_fails_its_task_in_plain_words(wheel: Path, client: Any) -> None:
    number = deploy(client, wheel, task("load", "load"))
    client.workspace.delete(f"{ROOT}/artifacts/.internal", recursive=True)
    run = wait(client, client.jobs.run_now(number).run_id)
    error = outputs(client, run)["load"].error
    assert "Library installation failed" in error
    assert f"{ROOT}/artifacts/.internal/{wheel.name}" in error


NOTEBOOKS = {
    "config/base.yaml": "project: {name: tiny, package: tiny_etl}\n",
    "notebooks/bronze.py": """
        # Databricks notebook source
        dbutils.widgets.text("day", "nothing")
        day = dbutils.widgets.get("day")
        # COMMAND ----------
        spark.sql("CREATE SCHEMA IF NOT EXISTS bronze")
        spark.range(42).write.mode("overwrite").saveAsTable("bronze.days")
        dbutils.jobs.taskValues.set("rows", 42)
        # COMMAND ----------
        dbutils.notebook.exit(f"bronze of {day}")
        """,
    "notebooks/gold.ipynb": """
        # Databricks notebook source
        rows = dbutils.jobs.taskValues.get("bronze", "rows")
        assert spark.table("bronze.days").count() == rows == 42
        dbutils.notebook.exit(f"gold {rows} {dbutils.widgets.get('hint')}")
        """,
}


def test_notebooks_run_with_widgets_task_values_and_tables(wheel: Path, client: Any) -> None:
    import nbformat

    files = {name: textwrap.dedent(text).lstrip().encode() for name, text in NOTEBOOKS.items()}
    source = files["notebooks/gold.ipynb"].decode()
    cells = [nbformat.v4.new_code_cell("%load_ext dex\n%dex_env local"), nbformat.v4.new_code_cell(source)]
    files["notebooks/gold.ipynb"] = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()

    def notebook(key: str, *after: str, **parameters: str) -> dict[str, Any]:
        path = {"notebook_path": f"{ROOT}/files/notebooks/{key}", "base_parameters": parameters}
        return {"task_key": key, "notebook_task": path, "depends_on": [{"task_key": each} for each in after]}

    number = deploy(
        client,
        wheel,
        notebook("bronze"),
        task("load", "load", "{{tasks.bronze.values.rows}}", depends_on=[{"task_key": "bronze"}]),
        notebook("gold", "load", hint="{{tasks.load.result_state}}"),
        parameters=[{"name": "day", "default": "monday"}],
        files=files,
    )
    run = wait(client, client.jobs.run_now(number, job_parameters={"day": "friday"}).run_id)
    left = outputs(client, run)
    assert run.state.result_state.value == "SUCCESS", [each.error for each in left.values()]
    assert left["bronze"].notebook_output.result == "bronze of friday"
    assert left["load"].logs.startswith("load ['42']")
    assert left["gold"].notebook_output.result == "gold 42 success"
    assert [(c.name, c.type_text) for c in client.tables.get("local.bronze.days").columns] == [("id", "bigint")]


def test_a_notebook_reads_the_volumes_and_secrets_of_its_workspace(client: Any, fake: Workspace) -> None:
    notebook = """
        # Databricks notebook source
        files = "/Volumes/main/dev_tester_silver/raw"
        rows = spark.read.csv(f"{files}/in.csv", header=True).count()
        token = dbutils.secrets.get("flights", "token")
        dbutils.fs.put(f"{files}/out/rows.txt", str(rows))
        dbutils.notebook.exit(f"{rows} {len(token)} {token[:]}")
        """
    client.secrets.create_scope("flights")
    client.secrets.put_secret("flights", "token", string_value="hunter22")
    fake.add_volume("main.dev_tester_silver.raw")
    client.files.upload("/Volumes/main/dev_tester_silver/raw/in.csv", io.BytesIO(b"origin\nJFK\nEWR\n"))
    files = {"a.py": textwrap.dedent(notebook).lstrip().encode()}
    job = {"name": "a", "tasks": [{"task_key": "a", "notebook_task": {"notebook_path": f"{ROOT}/files/a"}}]}
    run = wait(client, client.jobs.run_now(Deployer(client, ROOT).deploy(job, files, {})).run_id)
    left = outputs(client, run)["a"]
    assert left.error is None, left.error_trace
    assert left.notebook_output.result == "2 8 [REDACTED]"
    assert client.files.download("/Volumes/main/dev_tester_silver/raw/out/rows.txt").contents.read() == b"2"


def test_code_of_no_project_works_with_the_catalog_and_schema_that_were_deployed(wheel: Path, client: Any) -> None:
    notebook = """
        # Databricks notebook source
        spark.range(2).write.saveAsTable("main.dev_tester_silver.days")
        dbutils.notebook.exit(spark.table("dev_tester_silver.days").count())
        """
    script = """
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.appName("days").config("spark.sql.session.timeZone", "UTC").getOrCreate()
        print(spark.table("main.dev_tester_silver.days").count(), spark.conf.get("spark.sql.session.timeZone"))
        """
    files = {name: textwrap.dedent(text).lstrip().encode() for name, text in (("a.py", notebook), ("b.py", script))}
    read = {
        "task_key": "read",
        "depends_on": [{"task_key": "write"}],
        "environment_key": "default",
        "spark_python_task": {"python_file": f"{ROOT}/files/b.py"},
    }
    job = {
        "name": "days",
        "environments": serverless(wheel),
        "tasks": [{"task_key": "write", "notebook_task": {"notebook_path": f"{ROOT}/files/a"}}, read],
    }
    schema = {"catalog_name": "main", "name": "dev_tester_silver"}
    number = Deployer(client, ROOT).deploy(job, files, {wheel.name: wheel.read_bytes()}, [schema])
    run = wait(client, client.jobs.run_now(number).run_id)
    left = outputs(client, run)
    assert run.state.result_state.value == "SUCCESS", [each.error_trace for each in left.values()]
    assert left["write"].notebook_output.result == "2"
    assert left["read"].logs.splitlines()[-1] == "2 UTC"
    assert client.tables.exists("main.dev_tester_silver.days").table_exists


@pytest.mark.parametrize(
    ("target", "catalog", "prefix"), [("dev", "flights_dev", "dev_tester_"), ("prod", "flights_prod", "")]
)
def test_the_demos_bundle_runs_and_its_tables_are_in_the_schemas_that_were_deployed(
    client: Any, tmp_path: Path, target: str, catalog: str, prefix: str
) -> None:
    from dex.bundle.resources import write_resources
    from dex.export import export_notebook
    from dex_dbutils.config import find_project
    from dex_templates.demo import prepare

    project = prepare(tmp_path)
    export_notebook(project / "notebooks/flights.ipynb", find_project(project))
    write_resources(find_project(project))
    client.catalogs.create(catalog)
    root = f"/Workspace/Users/tester@example.org/.bundle/flights/{target}"
    number = Deployer(client, root).deploy_bundle(project, target, "flights")["flights"]
    deployed = {schema.full_name for schema in client.schemas.list(catalog)}
    assert deployed == {f"{catalog}.{prefix}{layer}" for layer in ("bronze", "silver", "gold")}
    data = {"source": str(project / "data")}
    run = wait(client, client.jobs.run_now(number, job_parameters=data).run_id)
    left = outputs(client, run)["flights"]
    assert run.state.result_state.value == "SUCCESS", left.error_trace
    assert {schema.full_name for schema in client.schemas.list(catalog)} == deployed
    tables = {each.full_name for name in deployed for each in client.tables.list(catalog, name.rpartition(".")[2])}
    assert {f"{catalog}.{prefix}silver.flights", f"{catalog}.{prefix}gold.delays_by_hour"} <= tables
    delays = client.tables.get(f"{catalog}.{prefix}gold.delays_by_hour")
    assert "mean_dep_delay" in {each.name for each in delays.columns}


def test_a_job_that_the_configuration_describes_is_deployed_and_runs(client: Any, tmp_path: Path) -> None:
    from dex.jobs import emit_jobs
    from dex_dbutils.config import find_project

    project = documented_project(tmp_path / "shop")
    emit_jobs(find_project(project))
    client.catalogs.create("shop_dev")
    for layer in ("bronze", "silver", "gold"):
        client.schemas.create(layer, "shop_dev")
    root = "/Workspace/Users/tester@example.org/.bundle/shop/dev"
    numbers = Deployer(client, root).deploy_bundle(project, "dev", "publish", "daily")
    settings = client.jobs.get(numbers["daily"]).settings
    assert (settings.schedule.timezone_id, settings.tags) == ("Europe/Vienna", {"team": "orders"})
    run = wait(client, client.jobs.run_now(numbers["daily"], job_parameters={"day": "2013-02-05"}).run_id)
    left = outputs(client, run)
    states = {each.task_key: each.state.result_state.value for each in run.tasks}
    assert states == dict.fromkeys(states, "SUCCESS"), {key: each.error for key, each in left.items()}
    assert {"ingest", "enough", "clean", "region", "totals", "tell", "check", "publish"} <= states.keys()
    assert left["check"].notebook_output.result == "2"
    assert client.tables.exists("shop_dev.gold.orders_south").table_exists


def test_a_run_that_is_canceled_ends_its_processes(wheel: Path, client: Any) -> None:
    number = deploy(client, wheel, task("slow", "slow"))
    run_id = client.jobs.run_now(number).run_id
    while client.jobs.get_run(run_id).tasks[0].state.life_cycle_state.value != "RUNNING":
        time.sleep(0.1)
    client.jobs.cancel_run(run_id)
    assert wait(client, run_id).state.result_state.value == "CANCELED"


def test_a_task_that_is_canceled_takes_along_what_waits_for_it_and_nothing_else(wheel: Path, client: Any) -> None:
    waits = {"depends_on": [{"task_key": "slow"}]}
    number = deploy(
        client,
        wheel,
        task("slow", "slow"),
        task("after", "load", **waits),
        task("clean_up", "load", run_if="AT_LEAST_ONE_FAILED", **waits),
        task("other", "load"),
    )
    run_id = client.jobs.run_now(number).run_id

    def slow() -> Any:
        return next(each for each in client.jobs.get_run(run_id).tasks if each.task_key == "slow")

    while slow().state.life_cycle_state.value != "RUNNING":
        time.sleep(0.1)
    client.jobs.cancel_run(slow().run_id)
    ended = wait(client, run_id)
    assert {each.task_key: each.state.result_state.value for each in ended.tasks} == {
        "slow": "CANCELED",
        "after": "UPSTREAM_CANCELED",
        "clean_up": "SUCCESS",
        "other": "SUCCESS",
    }
    assert ended.state.result_state.value == "CANCELED"


def test_a_server_that_ends_ends_its_runs(wheel: Path) -> None:
    with WorkspaceServer() as server:
        fake = server.add()
        client = client_of(fake)
        number = deploy(client, wheel, task("slow", "slow"))
        run_id = client.jobs.run_now(number).run_id
        while client.jobs.get_run(run_id).tasks[0].state.life_cycle_state.value != "RUNNING":
            time.sleep(0.1)
    assert fake.runs.all[run_id].result == "CANCELED"


def test_a_job_runs_another_as_a_run_that_can_be_looked_at(wheel: Path, client: Any) -> None:
    parameters = [{"name": "day", "default": "monday"}]
    inner = deploy(client, wheel, task("load", "load", "{{job.parameters.day}}"), parameters=parameters)
    other = {"task_key": "other", "run_job_task": {"job_id": inner}}
    number = deploy(client, wheel, other, parameters=[{"name": "day", "default": "friday"}])
    run = wait(client, client.jobs.run_now(number).run_id)
    started = outputs(client, run)["other"].run_job_output.run_id
    assert [each.run_id for each in client.jobs.list_runs(job_id=inner)] == [started]
    assert outputs(client, wait(client, started))["load"].logs.startswith("load ['friday']")


@pytest.mark.parametrize("target", ["itself", "nothing"])
def test_a_job_that_runs_itself_or_one_that_is_not_there_fails_in_plain_words(
    wheel: Path, client: Any, target: str
) -> None:
    number = deploy(client, wheel, task("load", "load"))
    other = {"task_key": "other", "run_job_task": {"job_id": number if target == "itself" else 42}}
    body = {"job_id": number, "new_settings": {"name": "circle", "tasks": [other], "max_concurrent_runs": 100}}
    client.api_client.do("POST", "/api/2.2/jobs/reset", body=body)
    run = wait(client, client.jobs.run_now(number).run_id)
    said = {"itself": "in a circle", "nothing": "Job 42 does not exist"}[target]
    assert said in outputs(client, run)["other"].error
    assert len(list(client.jobs.list_runs(job_id=number))) == 1
