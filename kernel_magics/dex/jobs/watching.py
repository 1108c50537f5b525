"""Seeing from outside which runs of a project's jobs have changed, at the price of a few looks at files."""

from __future__ import annotations

import os
from pathlib import Path

from dex_dbutils.config import Project

from dex.jobs.locks import goes_on
from dex.jobs.records import files_of, runs_folder

#: Runs that are watched: the newest. Older ones are seen again when a page asks for them.
_NEWEST = 100

_Mark = tuple[tuple[int, int] | None, ...]


class RunsWatch:
    """Tells which runs have changed since it was last asked.

    Nothing is opened: files have other sizes and times, and the locks of runs that went on are free. It may be used by
    one thread at a time.

    Args:
        project: whose runs they are.
    """

    def __init__(self, project: Project) -> None:
        self._folder = runs_folder(project)
        self._stamp: tuple[int, int] | None = None
        self._marks: dict[int, _Mark] = {}
        self._logs: dict[int, set[Path]] = {}
        self.going: set[int] = set()
        self.look()
        self.going = {number for number in self._marks if goes_on(self._folder / str(number))}

    def follow(self, number: int, log: Path) -> None:
        """Look at a log as well, as long as its run goes on.

        Args:
            number: the run.
            log: file with what a task prints.
        """
        if number in self.going:
            self._logs.setdefault(number, set()).add(log)
            self._marks[number] = self._mark(number)

    def look(self) -> set[int]:
        """Return the numbers of the runs that began, went on, ended or went away since the last look."""
        stamp = _stat(self._folder)
        if stamp != self._stamp:
            self._stamp = stamp
            numbers = _numbers(self._folder)
        else:
            numbers = list(self._marks)
        before, self._marks = self._marks, {number: self._mark(number) for number in numbers}
        changed = {number for number, mark in self._marks.items() if before.get(number) != mark}
        ended = {number for number in self.going - changed if not goes_on(self._folder / str(number))}
        self.going = (self.going | changed) - ended
        for number in ended:
            self._logs.pop(number, None)
            self._marks[number] = self._mark(number)
        return changed | ended

    def _mark(self, number: int) -> _Mark:
        logs = sorted(self._logs.get(number, ()))
        return tuple(_stat(path) for path in (*files_of(self._folder / str(number)), *logs))


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _numbers(folder: Path) -> list[int]:
    try:
        return sorted((int(name) for name in os.listdir(folder) if name.isdigit()), reverse=True)[:_NEWEST]
    except OSError:
        return []
