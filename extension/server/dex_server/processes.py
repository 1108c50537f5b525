"""The processes of jobs that were started from a page: followed by their runs, ended with the server at the latest."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from dex_dbutils import DexError, Where
from dex_dbutils.config import Project

#: Seconds that a run may take to end its tasks, once it was stopped; then it is killed, and its tasks see that.
GOODBYE = 25.0


@dataclass
class JobProcess:
    """A process that runs a job.

    Attributes:
        root: folder of its project.
        job: key of the job.
        began: when it was started, in UTC.
        process: the process; the end of its standard input ends it.
        output: what it printed.
        stopped: somebody has stopped it.
    """

    root: Path
    job: str
    began: datetime
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    stopped: bool = False

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        return self.process.poll() is None

    def text(self) -> str:
        """Return what it has printed so far."""
        size = os.fstat(self.output.fileno()).st_size
        return os.pread(self.output.fileno(), size, 0).decode("utf-8", "replace")


class JobProcesses:
    """The processes of jobs that this server has started, by the numbers of their runs."""

    def __init__(self) -> None:
        self._known: dict[int, JobProcess] = {}

    def start(self, project: Project, job: str, number: int, words: Sequence[str]) -> None:
        """Start `dex job` for a run.

        Args:
            project: whose job it is.
            job: key of the job.
            number: of the run.
            words: the command and its arguments.
        """
        output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the run may be looked at
        command = [sys.executable, "-m", "dex", "job", words[0], "--while-stdin", "--json"]
        command += ["--project", str(project.root), *words[1:]]
        process = subprocess.Popen(
            command,
            cwd=project.root,
            stdin=subprocess.PIPE,  # ends with this server, however that ends
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._known[number] = JobProcess(project.root, job, datetime.now(timezone.utc), process, output)

    def alive(self, number: int) -> bool:
        """Return whether this server has started a run that goes on."""
        return number in self._known and self._known[number].alive

    def going(self, root: Path) -> dict[int, JobProcess]:
        """Return the processes of a project that go on, the latest first, by the numbers of their runs."""
        known = sorted(self._known.items(), reverse=True)
        return {number: each for number, each in known if each.root == root and each.alive}

    def any_alive(self) -> bool:
        """Return whether a run goes on that this server has started."""
        return any(known.alive for known in list(self._known.values()))

    def states(self, root: Path) -> dict[int, tuple[bool, int]]:
        """Return how far the runs of a project are: another value after every change."""
        known = list(self._known.items())
        return {n: (each.alive, os.fstat(each.output.fileno()).st_size) for n, each in known if each.root == root}

    def stopped(self, number: int) -> bool:
        """Return whether a run has ended because somebody stopped it."""
        return number in self._known and self._known[number].stopped and not self._known[number].alive

    def last_line(self, number: int) -> str | None:
        """Return what a run says that goes on and has no record yet; None for others."""
        if not self.alive(number):
            return None
        return next((line.strip() for line in reversed(self._known[number].text().splitlines()) if line.strip()), "")

    def failure(self, number: int) -> DexError | None:
        """Return why a run has ended without a record; None where this server did not start it, or has stopped it."""
        known = self._known.get(number)
        if known is None or known.alive or known.stopped:
            return None
        text = known.text()
        told: Any = {}
        with contextlib.suppress(ValueError):
            told = json.loads(text[text.index("{") :]).get("error", {})
        if not isinstance(told, dict) or "code" not in told:
            end = " ".join(text.split()[-40:])
            return DexError(
                "DEX-SERVER-05", f"The job was ended before its first task. {end}".strip(), None, "Run it again."
            )
        return DexError(told["code"], told["what"], Where(**told["where"]), told["remedy"])

    def stop(self, number: int) -> None:
        """Interrupt a run that this server has started, at any moment, and wait until its tasks have ended."""
        self._end([self._known[number]])

    def close(self) -> None:
        """End every run that goes on."""
        self._end([known for known in self._known.values() if known.alive])

    @staticmethod
    def _end(going: Sequence[JobProcess]) -> None:
        for each in going:
            each.stopped = True
            each.process.send_signal(signal.SIGTERM)
        for each in going:
            try:
                each.process.wait(GOODBYE)
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()
