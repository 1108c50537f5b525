"""A run of a job as text: one line a task, for terminals and logs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text
from typing_extensions import Self

from dex.jobs.flow import BAD, GOOD, NEVER_BEGUN, NOT_RUN, STOPPED
from dex.jobs.records import JobRun, TaskRun, now

_MARKS = {"RUNNING": "▶", "QUEUED": "…", "WAITING": "↻", "BLOCKED": "·"}
#: States in which a person looks for a task first.
_GOING = ("RUNNING", "QUEUED", "WAITING")
#: Items of a for-each task that are shown each; of longer ones only those that did not end well, or go on.
_ITEMS = 10
#: And of those so many.
_MOST = 50
_LONGEST_VALUE, _LONGEST_NAME = 60, 40
#: Columns that a key keeps where it leaves room for more in its line, and on the narrowest terminal; columns of that room.
_SHORT_NAME, _SHORTEST_NAME, _LEAST_ROOM = 24, 8, 20
_GAP = "  "
_ITEM = re.compile(r"(?P<loop>.+)\[(?P<number>\d+)\]")


def run_text(run: JobRun) -> str:
    """Return a run with its tasks, a line each, for logs: nothing is cut but values."""
    rows = [(f"{'  ' * depth}{task.key}", task) for task, depth in in_order(run)]
    width = max((len(name) for name, _ in rows), default=0)
    lines = [_headline(run), *(f"  {task_mark(t)} {name.ljust(width)}  {_said(run, t)}".rstrip() for name, t in rows)]
    return "\n".join([*lines, *_repairs(run), *_next(run)])


def print_runs(runs: Sequence[JobRun], console: Console | None = None) -> None:
    """Print runs to standard output: in colour and as wide as a terminal is, as `run_text` elsewhere.

    Args:
        runs: the runs.
        console: where to, instead of standard output.
    """
    console = console or Console()
    for number, run in enumerate(runs):
        if number:
            console.print()
        if console.is_terminal:
            console.print(
                Text(_headline(run), _style(run.result)), *_rows(run, in_order(run), console, cut=False), sep="\n"
            )
            console.print(*map(Text, [*_repairs(run), *_next(run)]), sep="\n")
        else:
            print(run_text(run), file=console.file)
    if len(runs) > 1:
        bad = [run.key for run in runs if run.result not in GOOD]
        told = f"{len(runs) - len(bad)} of {len(runs)} jobs ended well" + (f"; not: {', '.join(bad)}" if bad else "")
        console.print(Text(f"\n{told}"), soft_wrap=not console.is_terminal)


def items_of(run: JobRun, loop: str) -> tuple[list[TaskRun], int]:
    """Return the items of a for-each task that a person wants to see, in their order, and how many it has in all.

    Of more than ten, those that ended well and those whose turn has not come are left out.
    """
    numbered = [(match, task) for task in run.tasks.values() if (match := _ITEM.fullmatch(task.key))]
    mine = [(int(match["number"]), task) for match, task in numbered if match["loop"] == loop]
    items = [task for _, task in sorted(mine, key=lambda each: each[0])]
    if len(items) <= _ITEMS:
        return items, len(items)
    return [each for each in items if each.result not in GOOD and each.state != "BLOCKED"][:_MOST], len(items)


def in_order(run: JobRun) -> list[tuple[TaskRun, int]]:
    """Return the tasks as a person reads them, with their depth: items of a for-each task below it."""
    found: list[tuple[TaskRun, int]] = []
    for task in run.tasks.values():
        if not _ITEM.fullmatch(task.key):
            found.append((task, 0))
            if task.kind == "for_each_task":
                found += [(item, 1) for item in items_of(run, task.key)[0]]
    return found


def task_mark(task: TaskRun) -> str:
    """Return the sign of a task's state: told by its shape, not by its colour alone."""
    if task.result in GOOD:
        return "✓"
    if task.result in BAD:
        return "✗"
    return "■" if task.result in STOPPED else "−" if task.result else _MARKS.get(task.state, "·")


def task_text(task: TaskRun) -> str:
    """Return what there is to say of a task."""
    return "  ".join(part for part in (_word(task), _seconds(task), _detail(task)) if part)


def without_output(task: TaskRun) -> str:
    """Return what there is to say of a task that has printed nothing, and where to look instead."""
    said = f"{task.key} printed nothing: {task_text(task)}"
    if task.kind == "run_job_task" and task.value:
        return f"{said}. Its tasks: dex job show {task.value}"
    return f"{said}. Its items have logs of their own: {task.key}[0]" if task.kind == "for_each_task" else said


def _said(run: JobRun, task: TaskRun) -> str:
    return "  ".join(part for part in (task_text(task), _items_ended(run, task)) if part)


def _word(task: TaskRun) -> str:
    return task.result or task.state.lower()


def _seconds(task: TaskRun) -> str:
    if not task.started or task.result in NEVER_BEGUN:
        return ""
    return _took(task.started, task.ended)


def _detail(task: TaskRun) -> str:
    parts = [f"attempt {task.attempt}"] if task.attempt > 1 else []
    if task.value is not None:
        value = " ".join(task.value.split())
        named = "run " * (task.kind == "run_job_task")
        parts.append(named + (value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"))
    if task.error:
        parts.append(task.error.splitlines()[0])
    return "  ".join(parts)


def _items_ended(run: JobRun, task: TaskRun) -> str:
    if task.kind != "for_each_task":
        return ""
    results = [each.result for key, each in run.tasks.items() if key.startswith(f"{task.key}[")]
    return f"{sum(result in GOOD for result in results):,} of {len(results):,} items ended well" if results else ""


def _took(started: datetime, ended: datetime | None) -> str:
    seconds = ((ended or now()) - started).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {int(seconds) % 60} s"


def _headline(run: JobRun) -> str:
    return f"{run.key}: {run.result or 'not ended'} (run {run.id}, {run.environment}, {_took(run.started, run.ended)})"


def _repairs(run: JobRun) -> list[str]:
    """Return a line for every repair of a run: what it ran, and what the run came to with it."""
    told = []
    for number, item in enumerate(run.history[1:], 1):
        given = " ".join(f"{name}={value}" for name, value in item.parameters.items())
        told.append(
            f"repair {number}: {', '.join(item.tasks)}{f' with {given}' if given else ''}: {item.result or 'not ended'}"
        )
    return told


def _next(run: JobRun) -> list[str]:
    if run.result in GOOD and not any(task.result in BAD for task in run.tasks.values()):
        return []
    return [f"next: dex job logs {run.id} TASK shows what a task printed; dex job repair {run.id} runs the rest."]


def _style(result: str | None) -> str:
    """Return the colour of a result: one that can be read on light and on dark terminals."""
    return "bold red" if result in BAD else "green" if result in GOOD else "magenta" if result in STOPPED else ""


def _rows(run: JobRun, tasks: Iterable[tuple[TaskRun, int]], console: Console, *, cut: bool) -> list[RenderableType]:
    """Return lines for tasks, none longer than a terminal: mark, key, state, time, and what else there is to say.

    Args:
        run: whose tasks they are.
        tasks: the tasks with their depth.
        console: the terminal.
        cut: a line each; what does not fit is left out. Else it goes on below.
    """
    rows = [("  " * depth + task.key, task) for task, depth in tasks]
    words = max((len(_word(task)) for _, task in rows), default=0)
    times = max((len(_seconds(task)) for _, task in rows), default=0)
    taken = len("✓") + words + times + 3 * len(_GAP)
    longest = min(max((len(name) for name, _ in rows), default=0), _LONGEST_NAME)
    beside = console.width - taken - len(_GAP) - _LEAST_ROOM  # of a key that leaves room for more
    names = min(longest, beside if beside >= _SHORT_NAME else max(_SHORTEST_NAME, console.width - taken))
    room = console.width - taken - names - len(_GAP)
    lines: list[Text] = []
    for name, task in rows:
        style = _style(task.result) if task.result not in GOOD else ""
        style = style or ("bold" if task.state == "RUNNING" else "")
        style = style or ("dim" if task.result in NOT_RUN or task.state == "BLOCKED" else "")
        columns = (_middle(name, names).ljust(names), _word(task).ljust(words), _seconds(task).rjust(times))
        line = Text.assemble(
            (task_mark(task), _style(task.result) or style), *((_GAP + text, style) for text in columns)
        )
        told = Text("  ".join(part for part in (_detail(task), _items_ended(run, task)) if part), style)
        lines.append(line)
        if told and room >= _LEAST_ROOM:
            if cut:
                told.truncate(room, overflow="ellipsis")
            first, *more = told.wrap(console, room)
            line.append(_GAP).append_text(first)
            lines += [Text(" " * (console.width - room)).append_text(each) for each in more]
        elif told and not cut:
            lines += [Text(_GAP * 2).append_text(each) for each in told.wrap(console, console.width - 2 * len(_GAP))]
    for line in lines:
        line.rstrip()
        line.no_wrap, line.overflow = True, "ellipsis"
    return list(lines)


def _middle(name: str, width: int) -> str:
    """Return a name that fits, its beginning and its end: keys often differ at their ends."""
    if len(name) <= width:
        return name
    head = (width - 1) // 2
    return f"{name[:head]}…{name[len(name) - (width - 1 - head) :]}"


class LiveRuns:
    """Shows runs while they go on: a table that follows them at a terminal, a line for every end elsewhere.

    Args:
        console: where to; standard error if not given.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._runs: dict[int, JobRun] = {}
        self._live = Live(console=self._console, get_renderable=self.picture, refresh_per_second=4, transient=True)

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

    @property
    def asked(self) -> list[JobRun]:
        """The runs that were asked for, without those of their run-job tasks."""
        inner = {t.value for run in self._runs.values() for t in run.tasks.values() if t.kind == "run_job_task"}
        return [run for run in self._runs.values() if str(run.id) not in inner]

    def picture(self) -> RenderableType:
        """Return how far the runs are, never taller than the terminal.

        One run is shown with all of its tasks; of many, those that go on with the tasks that run.
        """
        asked = self.asked
        room = max(3, self._console.height - 3)
        if not asked:
            return Text("")
        if len(asked) == 1:
            return Group(_line(_progress(asked[0])), *_fitting(asked[0], in_order(asked[0]), room, self._console))
        lines: list[RenderableType] = [_line(_progress_of_all(asked))]
        going = [run for run in asked if run.result is None]
        going.sort(key=lambda run: all(task.state != "RUNNING" for task in run.tasks.values()))
        failed = [run for run in asked if run.result in BAD]
        for number, run in enumerate([*failed[-3:], *going]):
            running = [each for each in in_order(run) if each[0].state == "RUNNING"] if run.result is None else []
            if len(lines) + 1 + len(running) > room:
                lines.append(_line(f"… {len(failed[-3:]) + len(going) - number} more"))
                break
            lines.append(_line(_progress(run) if run.result is None else _headline(run), run.result))
            if running:
                lines += _rows(run, [(task, 1) for task, _ in running], self._console, cut=True)
                room -= len(running) - 1
        return Group(*lines)


def _line(text: str, result: str | None = None) -> Text:
    return Text(text, _style(result), no_wrap=True, overflow="ellipsis")


def _progress(run: JobRun) -> str:
    tasks = [task for task in run.tasks.values() if not _ITEM.fullmatch(task.key)]
    failed = sum(task.result in BAD for task in tasks)
    ended = sum(task.result is not None for task in tasks)
    bad = f", {failed} failed" if failed else ""
    return f"{run.key}: {ended} of {len(tasks)} tasks ended{bad}, {_took(run.started, run.ended)}"


def _progress_of_all(runs: Sequence[JobRun]) -> str:
    ended = [run for run in runs if run.result is not None]
    bad = sum(run.result not in GOOD for run in ended)
    tasks = [task for run in runs for task in run.tasks.values()]
    done = sum(task.result is not None for task in tasks)
    told = f", {bad} not well" if bad else ""
    first = min(run.started for run in runs)
    return f"{len(ended)} of {len(runs)} jobs ended{told}, {done} of {len(tasks)} tasks, {_took(first, None)}"


def _fitting(run: JobRun, tasks: list[tuple[TaskRun, int]], room: int, console: Console) -> list[RenderableType]:
    """Return rows for the tasks that fit: those that go on and those that failed before the others."""
    if len(tasks) <= room:
        return _rows(run, tasks, console, cut=True)
    ranked = sorted(
        range(len(tasks)), key=lambda i: (tasks[i][0].state not in _GOING, tasks[i][0].result not in BAD, i)
    )
    shown = sorted(ranked[: room - 1])
    return [*_rows(run, [tasks[i] for i in shown], console, cut=True), _line(f"… {len(tasks) - len(shown)} more")]
