"""A bundle that dex emits, deployed, run and destroyed by the very requests of the vendor's tool."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from dex.bundle import load_bundle
from dex.bundle.resources import VolumePath, write_resources
from dex.bundle.targets import write_targets
from dex.workspace import Fault, Output, WorkspaceServer
from dex_dbutils.config import find_project, load_environment
from notebook_factory import project_folder
from scripted_runner import Handed, ScriptedRunner
from tool_requests import Tool

LAYERS = ("bronze", "silver", "gold")
REMOTE = "engine: {type: databricks, serverless: true}\n"
FACTS = {"workspace.current_user.userName": "tester@example.org", "workspace.current_user.short_name": "tester"}
NOTEBOOK = (
    b"# Databricks notebook source\ndbutils.jobs.taskValues.set('rows', 42)\ndbutils.notebook.exit('bronze-ok')\n"
)
REPORT = (
    b"# Databricks notebook source\ndbutils.notebook.exit(dbutils.widgets.get('rows') + dbutils.widgets.get('day'))\n"
)
JOB = """\
resources:
  jobs:
    daily:
      name: daily
      parameters: [{name: day, default: monday}]
      tasks:
        - task_key: bronze
          notebook_task: {notebook_path: ../notebooks/bronze.py}
        - task_key: report
          depends_on: [{task_key: bronze}]
          notebook_task:
            notebook_path: ../notebooks/report.py
            base_parameters: {rows: "{{tasks.bronze.values.rows}}", day: "{{job.parameters.day}}"}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose targets, schemas and volume dex emits."""
    root = project_folder(tmp_path_factory.mktemp("tool") / "shop")
    grants = "bundle: {grants: {bronze: [{principal: analysts, privileges: [SELECT, USE_SCHEMA]}]}}\n"
    (root / "config/dev.yaml").write_text(f"kind: development\n{REMOTE}catalog: main\nschema_prefix: dev_${{user}}_\n")
    (root / "config/prod.yaml").write_text(f"kind: production\n{REMOTE}catalog: main\n{grants}")
    (root / "notebooks/bronze.py").write_bytes(NOTEBOOK)
    (root / "notebooks/report.py").write_bytes(REPORT)
    (root / "resources").mkdir()
    (root / "resources/daily.job.yml").write_text(JOB)
    write_targets(find_project(root))
    write_resources(find_project(root), [VolumePath(None, "bronze", "landing", "bronze.py")])
    return root


FILES = {"databricks.yml": b"bundle: {name: shop}\n", "notebooks/bronze.py": NOTEBOOK, "notebooks/report.py": REPORT}


@pytest.fixture(scope="module")
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture(scope="module")
def server(runner: ScriptedRunner) -> Iterator[WorkspaceServer]:
    with WorkspaceServer(runner=runner) as made:
        yield made


@pytest.fixture
def tool(
    server: WorkspaceServer, runner: ScriptedRunner, project: Path, request: pytest.FixtureRequest
) -> Iterator[Tool]:
    """A deployment to a workspace of its own; for production with the newer version where no other is asked for."""
    target, version = getattr(request, "param", ("prod", "1.13"))
    made = Tool(server.add(), runner, load_bundle(project, target, facts=FACTS), version)
    yield made
    made.close()


def succeed(handed: Handed) -> None:
    """Do what the two notebooks do."""
    handed.report("bronze", output=Output(notebook="bronze-ok"))
    handed.report("report", output=Output(notebook=f"42 {handed.order.parameters['day']}"))
    handed.end()


def fail(handed: Handed) -> None:
    handed.report(
        "bronze", "FAILED", output=Output(error="ValueError: no rows", trace="Traceback ...\nValueError: no rows")
    )
    handed.report("report", "UPSTREAM_FAILED")
    handed.end("FAILED", "Task bronze failed.")


WAYS = [("dev", "1.10"), ("dev", "1.13"), ("prod", "1.10"), ("prod", "1.13"), ("prod", "form")]
#: What both versions ask; each is asked at least once in the life of a bundle.
ROUTES = """
GET /.well-known/databricks-config
GET /api/2.0/preview/scim/v2/Me
GET /api/2.0/workspace/get-status
GET /api/2.0/workspace/export
POST /api/2.0/workspace/mkdirs
POST /api/2.0/workspace/delete
POST /api/2.0/workspace-files/import-file
POST /api/2.2/jobs/create
GET /api/2.2/jobs/get
POST /api/2.2/jobs/reset
POST /api/2.2/jobs/run-now
GET /api/2.2/jobs/runs/get
GET /api/2.2/jobs/runs/get-output
POST /api/2.2/jobs/delete
POST /api/2.1/unity-catalog/schemas
GET /api/2.1/unity-catalog/schemas
DELETE /api/2.1/unity-catalog/schemas
POST /api/2.1/unity-catalog/volumes
GET /api/2.1/unity-catalog/volumes
DELETE /api/2.1/unity-catalog/volumes
PATCH /api/2.1/unity-catalog/permissions/schema
GET /api/2.1/unity-catalog/permissions/schema
PUT /api/2.0/permissions/jobs
GET /api/2.0/permissions/jobs
POST /telemetry-ext
""".split("\n")[1:-1]


@pytest.mark.parametrize("tool", WAYS, indirect=True, ids="-".join)
def test_a_bundle_lives_from_validate_to_destroy(tool: Tool) -> None:
    tool.validate()
    assert tool.pull() == {}
    state = tool.deploy(FILES)
    names = {each["__id__"] for key, each in state.items() if "schemas" in key}
    assert names == {f"main.{'dev_tester_' if tool.bundle.target == 'dev' else ''}{each}" for each in LAYERS}
    assert tool.status(f"{tool.root}/files/notebooks/bronze").json["object_type"] == "NOTEBOOK"
    assert tool.status(f"{tool.root}/state/deploy.lock").status == 404

    run, left = tool.run("daily", succeed, job_parameters={"day": "tuesday"})
    assert run["state"]["result_state"] == "SUCCESS"
    user = (
        tool.runner.runs[-1].order.environment["DEX_USER"].partition("@")[0]
    )  # whose run it is, for the configuration
    environment = load_environment(tool.bundle.target, start=tool.bundle.root, user=user)
    assert names == {environment.schema_name(layer) for layer in LAYERS}
    assert left["bronze"]["notebook_output"] == {"result": "bronze-ok", "truncated": False}
    assert left["report"]["notebook_output"]["result"] == "42 tuesday"
    assert left["report"]["metadata"]["run_id"] != run["run_id"]
    assert {
        "job_id",
        "number_in_job",
        "original_attempt_run_id",
        "run_name",
        "run_page_url",
        "start_time",
        "end_time",
    } <= set(run)
    assert (run["run_type"], run["format"], run["status"]["state"]) == ("JOB_RUN", "MULTI_TASK", "TERMINATED")
    assert run["status"]["termination_details"]["code"] == "SUCCESS"
    assert run["job_parameters"] == [{"name": "day", "default": "monday", "value": "tuesday"}]
    assert run["tasks"][1]["depends_on"] == [{"task_key": "bronze"}]

    changed = REPORT.replace(b"exit(", b"exit('new ' + ")
    tool.settings["max_concurrent_runs"] = 2
    again = tool.deploy({"notebooks/report.py": changed})
    assert {key: each["__id__"] for key, each in again.items()} == {key: each["__id__"] for key, each in state.items()}
    job = tool.ok("GET", "/api/2.2/jobs/get", {"job_id": state["resources.jobs.daily"]["__id__"]})
    assert job["settings"]["max_concurrent_runs"] == 2
    assert tool.read(f"{tool.root}/files/notebooks/report") == changed
    unchanged = tool.deploy({})
    assert unchanged == again

    tool.destroy()
    assert tool.status(tool.root).status == 404
    for kind in ("schemas.bronze_schema", "volumes.bronze_landing_volume"):
        name = state[f"resources.{kind}"]["__id__"]
        assert tool.ask("GET", f"/api/2.1/unity-catalog/{kind.partition('.')[0]}/{name}").status == 404
    unasked = {route for route in ROUTES if not any(asked.startswith(route) for asked in tool.asked)}
    grants = {route for route in ROUTES if route.endswith("permissions/schema")}  # only production has any
    assert unasked <= (grants | {"GET /api/2.0/workspace/export"} if tool.bundle.target == "dev" else set())


def test_a_job_that_was_deleted_by_hand_is_known_to_be_missing_and_made_again(tool: Tool) -> None:
    number = tool.deploy(FILES)["resources.jobs.daily"]["__id__"]
    tool.ok("POST", "/api/2.2/jobs/delete", body={"job_id": int(number)})
    gone = tool.ask("GET", "/api/2.2/jobs/get", {"job_id": number})
    assert (gone.status, gone.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert re.search("Job .* does not exist", gone.json["message"])  # by these words the vendor's SDKs know
    started = tool.ask("POST", "/api/2.2/jobs/run-now", body={"job_id": int(number)})
    assert started.status == 400
    tool.forgotten = {"resources.jobs.daily"}
    assert tool.deploy({})["resources.jobs.daily"]["__id__"] != number


@pytest.mark.parametrize("tool", [("prod", "1.13"), ("prod", "form")], indirect=True, ids="-".join)
def test_a_lock_that_another_one_holds_is_refused_and_can_be_read(tool: Tool) -> None:
    theirs = json.dumps({"ID": str(uuid.uuid4()), "User": "other@example.org", "IsForced": False}).encode()
    path = f"{tool.root}/state/deploy.lock"
    assert tool.put(path, theirs, overwrite=False).status == 200
    refused = tool.put(path, b"{}", overwrite=False)
    assert refused.status == (400 if tool.version == "form" else 409)
    assert refused.json["error_code"] == "RESOURCE_ALREADY_EXISTS"
    assert "already exists" in refused.json["message"]
    assert tool.read(path) == theirs
    assert tool.put(path, b"{}").status == 200  # forced


def test_what_was_made_before_a_refusal_stays_and_a_second_deployment_makes_the_rest(tool: Tool) -> None:
    tool.fake.faults.add(Fault(route="POST /api/2.1/unity-catalog/volumes", status=403, message="No CREATE VOLUME."))
    refused = tool.ask("POST", "/api/2.1/unity-catalog/volumes", body={})
    assert (refused.status, refused.json) == (403, {"error_code": "PERMISSION_DENIED", "message": "No CREATE VOLUME."})
    tool.fake.faults.add(Fault(route="POST /api/2.1/unity-catalog/volumes", status=403))
    with pytest.raises(AssertionError, match="PERMISSION_DENIED"):
        tool.deploy(FILES)
    schema = tool.ask("POST", "/api/2.1/unity-catalog/schemas", body={"name": "bronze", "catalog_name": "main"})
    assert (schema.status, schema.json["error_code"]) == (409, "RESOURCE_ALREADY_EXISTS")
    assert tool.ok("GET", "/api/2.1/unity-catalog/schemas/main.bronze")["full_name"] == "main.bronze"


@pytest.mark.parametrize("life", ["INTERNAL_ERROR", "TERMINATED"])
def test_a_run_that_failed_tells_its_error_task_by_task(
    tool: Tool, life: Literal["INTERNAL_ERROR", "TERMINATED"]
) -> None:
    tool.fake.failed_life = life
    tool.deploy(FILES)
    run, left = tool.run("daily", fail)
    assert (run["state"]["life_cycle_state"], run["state"]["result_state"]) == (life, "FAILED")
    assert run["state"]["state_message"] == "Task bronze failed."
    assert (left["bronze"]["error"], left["bronze"]["error_trace"]) == (
        "ValueError: no rows",
        "Traceback ...\nValueError: no rows",
    )
    assert left["bronze"]["metadata"]["state"]["result_state"] == "FAILED"


def test_grants_become_those_of_the_bundle_and_no_others(tool: Tool) -> None:
    tool.deploy(FILES)
    tool.grant("main.bronze", [{"principal": "analysts", "privileges": ["USE_SCHEMA", "MODIFY"]}])
    tool.grant("main.bronze", [{"principal": "analysts", "privileges": ["SELECT"]}])


def test_strict_mode_finds_the_permissions_of_the_first_folder_that_is_there(tool: Tool) -> None:
    """Whoever has rights on it has to be among the bundle's permissions; administrators are left out."""

    def found(path: str) -> list[tuple[str, str]]:
        while (answer := tool.status(path)).status == 404:
            path = path.rpartition("/")[0] or "/"
        told = tool.ok("GET", f"/api/2.0/permissions/directories/{answer.json['object_id']}")
        return [
            (each.get("user_name") or each.get("group_name"), level["permission_level"])
            for each in told["access_control_list"]
            for level in each["all_permissions"]
        ]

    assert found(tool.root) == [(tool.fake.user, "CAN_MANAGE")]  # its own home
    assert found("/Workspace/Shared/.bundle/shop/prod") == [("users", "CAN_MANAGE")]
    assert found("/Workspace/data-eng/shop") == [("admins", "CAN_MANAGE")]
    tool.mkdirs("/Workspace/data-eng/shop")
    number = tool.status("/Workspace/data-eng/shop").json["object_id"]
    given = [{"group_name": "data-eng", "permission_level": "CAN_MANAGE"}]
    for method in ("PUT", "PATCH"):  # versions set or add the bundle's own
        tool.ok(method, f"/api/2.0/permissions/directories/{number}", body={"access_control_list": given})
        assert found("/Workspace/data-eng/shop/state") == [("data-eng", "CAN_MANAGE")]
