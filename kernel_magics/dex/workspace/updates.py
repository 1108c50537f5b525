"""Updates of declarative pipelines: run by what runs the jobs, as a run of one pipeline task."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from dex.workspace.clock import now
from dex.workspace.orders import around
from dex.workspace.outputs import without_secrets
from dex.workspace.runner import Output, RunEnd, Running, RunOrder, TaskReport

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

State = Literal["CREATED", "RUNNING", "STOPPING", "COMPLETED", "FAILED", "CANCELED"]
_ENDED: tuple[State, ...] = ("COMPLETED", "FAILED", "CANCELED")
_OF_RESULTS: dict[str, State] = {"SUCCESS": "COMPLETED", "CANCELED": "CANCELED"}
#: Fields of a request that an update shows and hands on to its task.
_ASKED = ("full_refresh", "refresh_selection", "full_refresh_selection", "parameters", "validate_only")
_TASK = "update"


@dataclass
class Update:
    """One update of a pipeline.

    Attributes:
        id: its id.
        pipeline: id of the pipeline.
        name: name of the pipeline.
        asked: what the request says of it.
        cause: what started it, as the platform says it.
        output: what its task left, once it ended.
        states: the states that it has had, with their times.
    """

    id: str
    pipeline: str
    name: str
    asked: Mapping[str, Any]
    cause: str = "API_CALL"
    output: Output | None = None
    states: list[tuple[State, int]] = field(default_factory=lambda: [("CREATED", now())])
    running: Running | None = None

    @property
    def state(self) -> State:
        """How it stands."""
        return self.states[-1][0]

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.state not in _ENDED

    def become(self, state: State) -> None:
        """Take a new state; one that has ended keeps its own."""
        if self.is_active and state != self.state:
            self.states.append((state, now()))

    def about(self) -> dict[str, Any]:
        """Return it as the Pipelines API does."""
        return {
            "update_id": self.id,
            "pipeline_id": self.pipeline,
            "creation_time": self.states[0][1],
            "cause": self.cause,
            "state": self.state,
            **{key: self.asked[key] for key in _ASKED if self.asked.get(key)},
        }


class _Listener:
    """Takes what a runner tells of an update."""

    def __init__(self, workspace: Workspace, update: Update) -> None:
        self._workspace, self._update = workspace, update

    def task(self, report: TaskReport) -> None:
        """Take how the update goes on."""
        with self._workspace.lock:
            if report.life == "RUNNING" and self._update.state == "CREATED":
                self._update.become("RUNNING")
            if report.output is not None:
                self._update.output = without_secrets(self._workspace, report.output)

    def ended(self, end: RunEnd) -> None:
        """Take that the update ended."""
        with self._workspace.lock:
            self._workspace.tables.update(end.tables)
            if self._update.output is None and end.message:
                self._update.output = Output(error=end.message)
            self._update.become(_OF_RESULTS.get(end.result, "FAILED"))


def start(
    workspace: Workspace, pipeline: str, spec: Mapping[str, Any], asked: Mapping[str, Any], creator: str
) -> Update:
    """Start an update of a pipeline and return it at once.

    Args:
        workspace: whose pipeline it is.
        pipeline: its id.
        spec: its settings.
        asked: the request.
        creator: who made the pipeline: its sources work for them.
    """
    update = Update(str(uuid.uuid4()), pipeline, str(spec["name"]), dict(asked))
    task = {"pipeline_id": pipeline, **{key: asked[key] for key in _ASKED if asked.get(key)}}
    settings = {
        "name": update.name,
        "tasks": [{"task_key": _TASK, "pipeline_task": task}],
        "deployment": spec.get("deployment"),
    }
    number = workspace.new_id()
    work = workspace.folder / "runs" / str(number)
    work.mkdir(parents=True)
    order = RunOrder(
        number, 0, settings, {}, workspace.folder / "files", work, **around(workspace, workspace.token_of(creator))
    )
    listener = _Listener(workspace, update)
    try:
        update.running = workspace.runner.start(order, listener)
    except Exception as error:  # noqa: BLE001  whatever it is: the update ends, and says why
        listener.ended(RunEnd("FAILED", f"The update cannot begin: {error}"))
    return update


def stop(update: Update | None) -> None:
    """Ask an update to end, if there is one."""
    if update is not None and update.running is not None:
        update.become("STOPPING")
        update.running.cancel()


def of_job(workspace: Workspace, task: Mapping[str, Any], report: TaskReport) -> None:
    """Keep the update that a pipeline task of a job was, among those of its pipeline, once it has ended."""
    asked = task.get("pipeline_task") or {}
    pipeline = workspace.pipelines.get(str(asked.get("pipeline_id")))
    if pipeline is None or report.result is None or report.output is None:
        return
    update = Update(str(uuid.uuid4()), str(asked["pipeline_id"]), pipeline.spec["name"], asked, "JOB_TASK")
    update.output = report.output
    update.become(_OF_RESULTS.get(report.result, "FAILED"))
    pipeline.updates[update.id] = update


# -- events ------------------------------------------------------------------------------------------------------------


def events_of(update: Update) -> Iterator[dict[str, Any]]:
    """Yield what the event log has of an update, in order."""
    *begun, last = [(f"Update {update.id[:6]} is {state}.", state, at) for state, at in update.states]
    for message, state, at in begun if not update.is_active else [*begun, last]:
        yield _event(update, "update_progress", "INFO", message, at, {"update_progress": {"state": state}})
    if update.is_active:
        return
    at = last[2]
    for told in (update.output.update or {}).get("datasets") or () if update.output else ():
        if told["state"] is not None:
            yield _flow_event(update, told, at)
    error = update.output.error if update.output else None
    level = "ERROR" if update.state == "FAILED" else "INFO"
    event = _event(update, "update_progress", level, last[0], at, {"update_progress": {"state": update.state}})
    yield _with_error(event, error) if error and level == "ERROR" else event


def _flow_event(update: Update, told: Mapping[str, Any], at: int) -> dict[str, Any]:
    state = told["state"]
    counted = [
        {"name": e["name"], "dataset": told["name"], "passed_records": e["passed"], "failed_records": e["failed"]}
        for e in told["expectations"]
    ]
    progress: dict[str, Any] = {"status": state, "metrics": {"num_output_rows": told["rows"]}}
    if counted:
        progress["data_quality"] = {"dropped_records": told["dropped"], "expectations": counted}
    level = "ERROR" if state == "FAILED" else "WARN" if state == "SKIPPED" else "INFO"
    message = f"Flow '{told['name']}' has {state}."
    event = _event(update, "flow_progress", level, message, at, {"flow_progress": progress})
    event["origin"]["flow_name"] = event["origin"]["dataset_name"] = told["name"]
    return _with_error(event, told["error"]) if state == "FAILED" else event


def _with_error(event: dict[str, Any], error: str) -> dict[str, Any]:
    first = error.splitlines()[0]
    exceptions = [{"class_name": first.partition(":")[0], "message": error}]
    return {**event, "message": f"{event['message']} {first}", "error": {"fatal": True, "exceptions": exceptions}}


def _event(update: Update, kind: str, level: str, message: str, at: int, details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{update.id} {message}")),
        "timestamp": datetime.fromtimestamp(at / 1000, timezone.utc).isoformat(timespec="milliseconds"),
        "level": level,
        "event_type": kind,
        "message": message,
        "maturity_level": "STABLE",
        "origin": {"pipeline_id": update.pipeline, "pipeline_name": update.name, "update_id": update.id},
        "details": details,
    }
