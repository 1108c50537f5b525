"""A run of a job as text: one line a task, for terminals and logs."""

from __future__ import annotations

import sys
from datetime import datetime
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from typing_extensions import Self

from dex.jobs.flow import BAD, GOOD, STOPPED
from dex.jobs.records import JobRun, TaskRun, now

_MARKS = {"RUNNING": "▶", "QUEUED": "…", "WAITING": "↻", "BLOCKED": "·"}


def run_text(run: JobRun) -> str:
    """Return a run with its tasks, a line each, and the logs of those that failed."""
    lines = [f"{run.key}: {run.result or 'not ended'} (run {run.id}, {run.environment}{_took(run.started, run.ended)})"]
    width = max((len(key) for key in run.tasks), default=0)
    for task in run.tasks.values():
        lines.append(f"  {task_mark(task)} {task.key.ljust(width)}  {task_text(task)}".rstrip())
    if run.result not in GOOD:
        lines.append(
            f"next: dex job logs {run.id} TASK shows what a task printed; dex job repair {run.id} runs the rest."
        )
    return "\n".join(lines)


def task_mark(task: TaskRun) -> str:
    """Return the sign of a task's state: told by its shape, not by its colour alone."""
    if task.result in GOOD:
        return "✓"
    if task.result in BAD:
        return "✗"
    return "■" if task.result in STOPPED else "−" if task.result else _MARKS.get(task.state, "·")


def task_text(task: TaskRun) -> str:
    """Return what there is to say of a task."""
    parts = [task.result or task.state.lower()]
    if task.started and task.result not in ("EXCLUDED", "DISABLED", "UPSTREAM_FAILED", "UPSTREAM_CANCELED"):
        parts.append(_took(task.started, task.ended).removeprefix(", "))
    if task.attempt > 1:
        parts.append(f"attempt {task.attempt}")
    if task.value is not None:
        parts.append(task.value if len(task.value) <= 60 else task.value[:57] + "...")
    if task.error:
        parts.append(task.error.splitlines()[0])
    return "  ".join(part for part in parts if part)


def _took(started: datetime, ended: datetime | None) -> str:
    return f", {((ended or now()) - started).total_seconds():.1f} s"


class LiveRuns:
    """Shows runs while they go on: a table that follows them at a terminal, a line for every end elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._runs: dict[int, JobRun] = {}
        self._live = Live(console=self._console, get_renderable=self._table, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def __call__(self, run: JobRun, task: TaskRun | None) -> None:
        """Take a change in."""
        self._runs[run.id] = run
        if not self._console.is_terminal and task is not None and (task.result or task.state == "WAITING"):
            print(f"{run.key}: {task_mark(task)} {task.key}  {task_text(task)}", file=sys.stderr, flush=True)

    def _table(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 1))
        going = [run for run in self._runs.values() if run.result is None]
        room = max(5, self._console.height - 2)
        for run in going if len(self._runs) > 1 else self._runs.values():
            ended = sum(task.result is not None for task in run.tasks.values())
            table.add_row("", run.key, f"{ended} of {len(run.tasks)} tasks{_took(run.started, run.ended)}")
            shown = (
                list(run.tasks.values()) if len(going) < 2 else [t for t in run.tasks.values() if t.state == "RUNNING"]
            )
            for task in shown:
                table.add_row(task_mark(task), f"  {task.key}", task_text(task))
            if table.row_count >= room:
                break
        return table
