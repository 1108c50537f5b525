"""Who may see, run and change what in the stand-in workspace: users by their tokens, levels as permissions give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from databricks.sdk.errors import InvalidParameterValue, PermissionDenied, ResourceDoesNotExist
from databricks.sdk.service import iam, jobs, workspace
from dex.workspace import Workspace, WorkspaceServer
from scripted_runner import ScriptedRunner
from stand_in_workspace import client_of

TASK = {"task_key": "a", "notebook_task": {"notebook_path": "/Shared/a"}}
ANNA = "anna@example.org"


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def fake(runner: ScriptedRunner) -> Iterator[Workspace]:
    with WorkspaceServer(runner=runner) as server:
        yield server.add()
        for each in runner.runs:
            each.end("CANCELED")


@pytest.fixture
def client(fake: Workspace) -> Any:
    return client_of(fake)


@pytest.fixture
def anna(fake: Workspace) -> Any:
    """A client of a user who is in a group of her own, and no administrator."""
    return client_of(fake, token=fake.add_user(ANNA, "analysts"))


@pytest.fixture
def job(client: Any) -> int:
    return int(client.api_client.do("POST", "/api/2.2/jobs/create", body={"name": "a job", "tasks": [TASK]})["job_id"])


@pytest.fixture
def run(client: Any, job: int) -> int:
    return int(client.jobs.run_now(job).run_id)


def allow(client: Any, job: int, level: str, **who: str) -> None:
    body = {"access_control_list": [{**who, "permission_level": level}]}
    client.api_client.do("PATCH", f"/api/2.0/permissions/jobs/{job}", body=body)


#: What somebody can do with a job and its run, in the words of the platform's page, and the level that it takes.
ACTS: dict[str, tuple[str, Callable[[Any, int, int], Any]]] = {
    "view job details": ("CAN_VIEW", lambda c, job, run: c.jobs.get(job)),
    "view a run": ("CAN_VIEW", lambda c, job, run: c.jobs.get_run(run)),
    "view results": ("CAN_VIEW", lambda c, job, run: c.jobs.get_run_output(c.jobs.get_run(run).tasks[0].run_id)),
    "run now": ("CAN_MANAGE_RUN", lambda c, job, run: c.jobs.run_now(job)),
    "cancel all runs": ("CAN_MANAGE_RUN", lambda c, job, run: c.jobs.cancel_all_runs(job_id=job)),
    "cancel a run": ("CAN_MANAGE_RUN", lambda c, job, run: c.jobs.cancel_run(run)),
    "edit job settings": (
        "CAN_MANAGE",
        lambda c, job, run: c.jobs.update(job, new_settings=jobs.JobSettings(name="b")),
    ),
    "replace job settings": (
        "CAN_MANAGE",
        lambda c, job, run: c.api_client.do(
            "POST", "/api/2.2/jobs/reset", body={"job_id": job, "new_settings": {"tasks": [TASK]}}
        ),
    ),
    "see permissions": ("CAN_MANAGE", lambda c, job, run: c.permissions.get("jobs", str(job))),
    "modify permissions": ("CAN_MANAGE", lambda c, job, run: allow(c, job, "CAN_VIEW", group_name="users")),
    "delete the job": ("CAN_MANAGE", lambda c, job, run: c.jobs.delete(job)),
}
LEVELS = (None, "CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("who", [{"user_name": ANNA}, {"group_name": "analysts"}])
def test_a_job_is_for_those_who_have_the_level_that_an_act_takes(
    client: Any, anna: Any, job: int, run: int, level: str | None, who: dict[str, str]
) -> None:
    if level is not None:
        allow(client, job, level, **who)
    for name, (needed, act) in ACTS.items():
        if LEVELS.index(level) >= LEVELS.index(needed):
            act(anna, job, run)
        else:
            with pytest.raises(PermissionDenied, match=f"{ANNA} does not have .* permissions on"):
                act(anna, job, run)
                pytest.fail(name)


def test_a_refusal_is_worded_as_the_platform_does_and_tells_nothing_of_jobs_that_are_not_there(
    client: Any, anna: Any, job: int
) -> None:
    with pytest.raises(PermissionDenied) as caught:
        anna.jobs.get(job)
    said = f"User {ANNA} does not have View or Admin or Manage Run or Owner permissions on job {job}"
    assert str(caught.value).startswith(said)
    assert caught.value.error_code == "PERMISSION_DENIED"
    with pytest.raises(PermissionDenied, match="Manage Run or Owner or Admin permissions on job 42"):
        anna.jobs.run_now(42)
    with pytest.raises(ResourceDoesNotExist, match="Job 42 does not exist"):
        client.jobs.get(42)


def test_lists_have_only_what_somebody_may_see(client: Any, anna: Any, job: int, run: int) -> None:
    assert ([*anna.jobs.list()], [*anna.jobs.list_runs()]) == ([], [])
    allow(client, job, "CAN_VIEW", user_name=ANNA)
    assert [each.job_id for each in anna.jobs.list()] == [job]
    assert [each.run_id for each in anna.jobs.list_runs()] == [run]


def test_who_makes_a_job_owns_it_and_its_runs_work_as_its_owner(
    fake: Workspace, client: Any, anna: Any, runner: ScriptedRunner
) -> None:
    body = {"tasks": [TASK], "access_control_list": [{"group_name": "users", "permission_level": "CAN_VIEW"}]}
    number = anna.api_client.do("POST", "/api/2.2/jobs/create", body=body)["job_id"]
    entries = {e.user_name or e.group_name: e for e in anna.permissions.get("jobs", str(number)).access_control_list}
    assert entries[ANNA].all_permissions[0].permission_level is iam.PermissionLevel.IS_OWNER
    started = client.jobs.run_now(number).run_id  # an administrator may everything
    found = anna.jobs.get_run(started)
    assert (found.creator_user_name, anna.jobs.get(number).creator_user_name) == (fake.user, ANNA)
    assert fake.users[runner.runs[0].order.environment["DATABRICKS_TOKEN"]].name == ANNA
    other = client_of(fake, token=fake.add_user("0b1c2d3e-service"))
    other.jobs.get(number)
    with pytest.raises(PermissionDenied):
        other.jobs.cancel_run(started)


def test_a_run_without_a_job_is_for_who_submitted_it(client: Any, anna: Any, fake: Workspace) -> None:
    body = {"run_name": "once", "tasks": [TASK], "idempotency_token": "one"}
    runs = {anna.api_client.do("POST", "/api/2.2/jobs/runs/submit", body=body)["run_id"] for _ in range(2)}
    assert len(runs) == 1  # the same token, the same run
    (number,) = runs
    assert anna.jobs.get_run(number).run_name == "once"
    client.jobs.get_run(number)
    other = client_of(fake, token=fake.add_user("bob@example.org"))
    with pytest.raises(PermissionDenied, match=f"on run {number}"):
        other.jobs.cancel_run(number)
    with pytest.raises(InvalidParameterValue, match="at most 64"):
        anna.api_client.do("POST", "/api/2.2/jobs/runs/submit", body={**body, "idempotency_token": "x" * 65})


def test_an_administrator_adds_users_over_http_and_nobody_else_does(client: Any, anna: Any, fake: Workspace) -> None:
    body = {"name": "carl@example.org", "groups": ["admins"]}
    with pytest.raises(PermissionDenied, match="Only an administrator"):
        anna.api_client.do("POST", "/api/dex/users", body=body)
    token = client.api_client.do("POST", "/api/dex/users", body=body)["token"]
    assert client_of(fake, token=token).current_user.me().user_name == "carl@example.org"


# -- folders and files -------------------------------------------------------------------------------------------------

HOME = "/Users/tester@example.org"


def put(client: Any, path: str, content: bytes = b"x") -> None:
    client.workspace.upload(path, content, format=workspace.ImportFormat.RAW, overwrite=True)


FILE_ACTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "see": ("CAN_READ", lambda c: c.workspace.get_status(f"{HOME}/team/a.txt")),
    "list": ("CAN_READ", lambda c: [*c.workspace.list(f"{HOME}/team")]),
    "export": ("CAN_READ", lambda c: c.workspace.download(f"{HOME}/team/a.txt").read()),
    "edit": ("CAN_EDIT", lambda c: put(c, f"{HOME}/team/a.txt")),
    "create": ("CAN_MANAGE", lambda c: put(c, f"{HOME}/team/b.txt")),
    "make a folder": ("CAN_MANAGE", lambda c: c.workspace.mkdirs(f"{HOME}/team/inside/deep")),
    "import a file of a bundle": (
        "CAN_MANAGE",
        lambda c: c.api_client.do("POST", f"/api/2.0/workspace-files/import-file{HOME}/team/c.txt", data=b"x"),
    ),
    "delete": ("CAN_MANAGE", lambda c: c.workspace.delete(f"{HOME}/team/a.txt")),
}
FILE_LEVELS = (None, "CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE")


@pytest.mark.parametrize("level", FILE_LEVELS)
def test_what_is_in_a_folder_has_the_permissions_of_the_folder(client: Any, anna: Any, level: str | None) -> None:
    client.workspace.mkdirs(f"{HOME}/team")
    put(client, f"{HOME}/team/a.txt")
    if level is not None:
        number = client.workspace.get_status(f"{HOME}/team").object_id
        given = iam.AccessControlRequest(user_name=ANNA, permission_level=iam.PermissionLevel(level))
        client.permissions.set("directories", str(number), access_control_list=[given])
    for name, (needed, act) in FILE_ACTS.items():
        if FILE_LEVELS.index(level) >= FILE_LEVELS.index(needed):
            act(anna)
        else:
            with pytest.raises(PermissionDenied, match=f"{ANNA} does not have .* permissions on /Workspace{HOME}/team"):
                act(anna)
                pytest.fail(name)


def test_everybody_has_a_folder_of_their_own_and_the_shared_one(client: Any, anna: Any) -> None:
    put(anna, f"/Users/{ANNA}/mine.txt")
    put(anna, "/Shared/ours.txt")
    assert client.workspace.download("/Shared/ours.txt").read() == b"x"
    assert [entry.path for entry in anna.workspace.list("/Users")] == [f"/Users/{ANNA}"]
    with pytest.raises(PermissionDenied):
        [*anna.workspace.list(HOME)]
    me = anna.current_user.me()
    assert (me.user_name, [group.display for group in me.groups]) == (ANNA, ["users", "analysts"])
