"""Plan, deploy, run, look at and destroy a bundle, through the person's own tool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from dex_dbutils import BundleError
from pydantic import BaseModel, ConfigDict

from dex.bundle.effective import Bundle, load_bundle
from dex.bundle.library import bring_library
from dex.bundle.validate import validate_bundle
from dex.bundle.vendor import DEPLOY, VendorCli, check_host, find_cli, words_of

#: Kinds of resources that take data with them; of these the vendor's tool asks a person, which `--auto-approve` answers.
_WITH_DATA = frozenset({"catalogs", "schemas", "volumes", "pipelines"})
_RUN_IN_URL = re.compile(r"/runs?/(\d+)")


class Change(BaseModel):
    """What a deployment would do to one resource.

    Attributes:
        resource: such as ``jobs.daily``.
        action: ``create``, ``update``, ``delete``, ``recreate`` or ``skip``.
    """

    model_config = ConfigDict(frozen=True)

    resource: str
    action: str


class PlanReport(BaseModel):
    """What a deployment would do.

    Attributes:
        target: the target.
        mode: its mode.
        host: the workspace; None where only the tool knows.
        changes: by resource; those that stay are left out.
    """

    target: str | None
    mode: str | None
    host: str | None
    changes: list[Change]

    @property
    def lost(self) -> list[str]:
        """Resources that would be deleted with data in them, for good or to be made anew."""
        gone = (change.resource for change in self.changes if change.action in ("delete", "recreate"))
        return [resource for resource in gone if resource.partition(".")[0] in _WITH_DATA]

    def to_text(self) -> str:
        """Return a line for every change."""
        signs = {"create": "+", "delete": "-", "recreate": "!", "update": "~"}
        head = f"{self.target or 'no target'}{f' ({self.mode})' if self.mode else ''} at {self.host or 'its workspace'}"
        lines = [f"  {signs.get(change.action, '?')} {change.resource} ({change.action})" for change in self.changes]
        return "\n".join([head, *(lines or ["  nothing changes"])])


class Deployed(BaseModel):
    """A resource of a deployment.

    Attributes:
        resource: such as ``jobs.daily``.
        name: its name in the workspace.
        id: its id; None where it is not deployed.
        url: where a person finds it.
    """

    resource: str
    name: str | None = None
    id: str | None = None
    url: str | None = None


class TaskOutcome(BaseModel):
    """A task of a run in the workspace.

    Attributes:
        task: its key.
        result: what it came to.
        output: what it exited with or printed, as far as the workspace keeps it.
        error: the last line of what went wrong.
        trace: the whole of it.
    """

    task: str
    result: str = ""
    output: str | None = None
    error: str | None = None
    trace: str | None = None


class RunOutcome(BaseModel):
    """A run in the workspace.

    Attributes:
        job: the job's key.
        run: number of the run; None where the tool did not say.
        result: ``SUCCESS``, ``FAILED``, ...
        tasks: its tasks.
    """

    job: str
    run: int | None = None
    result: Literal["SUCCESS", "FAILED"]
    tasks: list[TaskOutcome] = []

    def to_text(self) -> str:
        """Return a line for every task, and the trace of those that failed."""
        lines = [f"{self.job}: {self.result}{f' (run {self.run})' if self.run else ''}"]
        for task in self.tasks:
            said = task.error or (task.output or "").strip().replace("\n", " ")[:100]
            lines.append(f"  {task.task}  {task.result}  {said}".rstrip())
            lines += [f"    {line}" for line in (task.trace or "").splitlines()]
        return "\n".join(lines)


class Deployment:
    """A bundle for one target, and the tool.

    Args:
        root: folder of ``databricks.yml``.
        target: the target; the default one if not given.
        variables: values of the bundle's variables.

    Raises:
        BundleError: there is no bundle, no such target, no tool; DEX-BUNDLE-44, a token would go astray;
            DEX-BUNDLE-45, the bundle has errors.
        WorkspaceError: DEX-BUNDLE-42, the workspace does not answer.
    """

    def __init__(self, root: Path, target: str | None = None, variables: Mapping[str, str] | None = None) -> None:
        self.bundle: Bundle = load_bundle(root, target, variables=variables)
        self.cli: VendorCli = find_cli()
        self._variables = words_of("--var", variables or {})
        errors = [finding for finding in validate_bundle(root) if finding.severity == "error"]
        if errors:
            first = errors[0]
            raise BundleError(
                "DEX-BUNDLE-45",
                f"The bundle has {len(errors)} errors; the first: {first.file}:{first.line}:{first.column}: {first.message}",
                remedy="See all of them: dex bundle validate.",
            )
        self.host = check_host(self.bundle)

    def plan(self) -> PlanReport:
        """Return what a deployment would do; builds the wheels, changes nothing in the workspace.

        Raises:
            WorkspaceError: DEX-BUNDLE-42, -43.
        """
        bring_library(self.bundle.root)
        told = self.cli.ask(self.bundle, "bundle", "plan", "-o", "json", *self._variables).document()
        entries: dict[str, Any] = told.get("plan") or {}
        changes = [
            Change(resource=key.removeprefix("resources."), action=str(entry.get("action")))
            for key, entry in sorted(entries.items())
            if entry.get("action") != "skip"
        ]
        return PlanReport(target=self.bundle.target, mode=self.bundle.mode, host=self.host, changes=changes)

    def deploy(self, confirmed: str | None = None, plan: PlanReport | None = None) -> list[Deployed]:
        """Deploy, and return what is there then. A plan file is not used: with one the tool loses the wheel.

        Args:
            confirmed: name of the target, which production asks for, and whatever deletes data.
            plan: what `plan` gave; asked for where it is needed and not given.

        Raises:
            BundleError: DEX-BUNDLE-46, production was not confirmed, or data would go and that was not.
            WorkspaceError: DEX-BUNDLE-42, -43: what was made before stays, and a second deployment goes on from there.
        """
        if self.bundle.mode == "production":
            self._must_be(confirmed, "deploy")
        else:
            lost = (plan or self.plan()).lost
            if lost:
                self._must_be(confirmed, "deploy", f" It deletes {', '.join(lost)} and all that is in there.")
        bring_library(self.bundle.root)
        self.cli.ask(self.bundle, "bundle", "deploy", "--auto-approve", *self._variables, timeout=DEPLOY).must_be_done()
        return self.summary()

    def summary(self) -> list[Deployed]:
        """Return the resources of the bundle, with id and address of those that are deployed."""
        told = self.cli.ask(self.bundle, "bundle", "summary", "-o", "json", *self._variables).document()
        resources: dict[str, dict[str, dict[str, Any]]] = told.get("resources") or {}
        return [
            Deployed(
                resource=f"{kind}.{key}",
                name=entry.get("name"),
                id=str(entry["id"]) if entry.get("id") is not None else None,
                url=entry.get("url"),
            )
            for kind, of_kind in sorted(resources.items())
            for key, entry in sorted(of_kind.items())
        ]

    def run(self, key: str, parameters: Mapping[str, str] | None = None, timeout: float = DEPLOY) -> RunOutcome:
        """Run a deployed job to its end, and return what its tasks came to, asked for task by task where it failed.

        Args:
            key: the job.
            parameters: values of its parameters.
            timeout: seconds to wait for it; the run in the workspace goes on after that.

        Raises:
            WorkspaceError: DEX-BUNDLE-42, -43, the run could not be started.
        """
        words = words_of("--params", parameters or {})
        answer = self.cli.ask(
            self.bundle, "bundle", "run", "-o", "json", *self._variables, key, *words, timeout=timeout
        )
        number = next((int(found[1]) for found in [_RUN_IN_URL.search(answer.stderr + answer.stdout)] if found), None)
        if not answer.code:
            told = answer.document()
            outputs = sorted(told.get("task_outputs") or [], key=lambda entry: entry.get("EndTime") or 0)
            tasks = [
                TaskOutcome(task=entry["TaskKey"], result="SUCCESS", output=_output(entry.get("Output") or {}))
                for entry in outputs
            ]
            return RunOutcome(job=key, run=number, result="SUCCESS", tasks=tasks)
        if number is None:
            answer.must_be_done()
        return RunOutcome(job=key, run=number, result="FAILED", tasks=self._tasks_of(number))

    def _tasks_of(self, number: int | None) -> list[TaskOutcome]:
        """Return the tasks of a run, asked for one by one: of a failed run the tool may print nothing."""
        run = self.cli.ask(self.bundle, "jobs", "get-run", str(number), "-o", "json").document()
        found = []
        for task in run.get("tasks") or []:
            state = task.get("state") or {}
            answer = self.cli.ask(self.bundle, "jobs", "get-run-output", str(task["run_id"]), "-o", "json")
            told = answer.document() if not answer.code else {}
            found.append(
                TaskOutcome(
                    task=task["task_key"],
                    result=str(state.get("result_state") or state.get("life_cycle_state") or ""),
                    output=_output(told.get("notebook_output") or told),
                    error=told.get("error") or (state.get("state_message") or None),
                    trace=told.get("error_trace"),
                )
            )
        return found

    def destroy(self, confirmed: str | None) -> list[Deployed]:
        """Take away everything that was deployed, and return what that was.

        Args:
            confirmed: name of the target.

        Raises:
            BundleError: DEX-BUNDLE-46, it was not confirmed.
            WorkspaceError: DEX-BUNDLE-42, -43.
        """
        self._must_be(confirmed, "destroy")
        there = [each for each in self.summary() if each.id is not None]
        self.cli.ask(
            self.bundle, "bundle", "destroy", "--auto-approve", *self._variables, timeout=DEPLOY
        ).must_be_done()
        return there

    def _must_be(self, confirmed: str | None, verb: str, why: str = "") -> None:
        if confirmed != (self.bundle.target or self.bundle.name):
            name = self.bundle.target or self.bundle.name
            raise BundleError(
                "DEX-BUNDLE-46",
                f"`dex bundle {verb}` of '{name}' at {self.host or 'its workspace'} has to be confirmed.{why}",
                remedy=f"Look at the plan (dex bundle plan -t {name}), then add --confirm {name}.",
            )


def _output(told: Mapping[str, Any]) -> str | None:
    value = told.get("result") if told.get("result") is not None else told.get("logs")
    return str(value) if value is not None else None
