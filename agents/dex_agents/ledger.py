"""The ledger of runs: append-only JSON lines under ``.dex/runs``, one line an event.

A line is written with one call on a file opened for appending, below a lock, so that several kernels can write. A
process killed in between leaves at most one broken last line: readers pass over it, and the next writer ends it first.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils.errors import LedgerError
from pydantic import BaseModel, ConfigDict

from dex_agents.models import Run
from dex_agents.redaction import redaction_for

if TYPE_CHECKING:
    from dex_dbutils import Environment
    from dex_dbutils.config import Project

#: Version of the lines' format.
FORMAT = 1
#: Longest wait for another writer, in seconds; a write takes far less than one.
LOCK_SECONDS = 10.0
SUMMARY_LENGTH = 200


class RunSummary(BaseModel):
    """A run in one line.

    Attributes:
        id: the run's id.
        kind: ``agent``, ``export``, ``profile``, ``run`` or ``job``.
        role: the agent's job, for agents.
        environment: the environment it ran in.
        status: how it ended; ``unfinished`` where no end was written.
        started: when, in UTC.
        summary: what was asked or done.
        seconds: wall time; None where it is not known.
        provider: who answered, for agents.
        model: which model answered, where one did.
        tokens: tokens sent and received.
        details: whatever else was recorded.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    role: str | None = None
    environment: str | None = None
    status: str
    started: datetime
    summary: str = ""
    seconds: float | None = None
    provider: str | None = None
    model: str | None = None
    tokens: int = 0
    details: dict[str, Any] = {}


class Ledger:
    """The runs of a project.

    Args:
        project: the project; outside of one its folder is the working folder.
        environment: the environment in use, whose key is kept out as well.
    """

    def __init__(self, project: Project, environment: Environment | None = None) -> None:
        self.folder: Path = project.dex_dir / "runs"
        self._redact = redaction_for(project, environment)

    def append(self, event: Run | dict[str, Any]) -> None:
        """Write the end of an agent's run, or an event of another kind, as one line.

        Raises:
            LedgerError: DEX-LEDGER-01, the disk refuses; DEX-LEDGER-02, another writer holds the file too long.
        """
        if isinstance(event, Run):
            event = {"event": "ended", "run": event.id, "data": self._redact.model(event).model_dump(mode="json")}
        self._write({"v": FORMAT, "at": _now().isoformat(timespec="microseconds"), **event})

    def begin(self, run_id: str, *, kind: str, summary: str, role: str | None, environment: str | None) -> None:
        """Write that a run begins, so that one that never ends is seen as well.

        Raises:
            LedgerError: as `append`.
        """
        data = {"kind": kind, "role": role, "environment": environment, "summary": _short(self._redact(summary))}
        self.append({"event": "began", "run": run_id, "data": data})

    def record(
        self,
        *,
        kind: str,
        environment: str | None,
        status: str,
        summary: str,
        details: dict[str, Any] | None = None,
        seconds: float | None = None,
    ) -> str:
        """Write a run that is no agent's, such as an export, as one line; return its id.

        Args:
            kind: ``export``, ``run``, ``profile`` or ``job``.
            environment: the environment it ran in; None where it needs none.
            status: how it ended.
            summary: what was done, in one line.
            details: whatever else is worth keeping; JSON values.
            seconds: wall time.

        Raises:
            LedgerError: as `append`.
        """
        run_id = new_id()
        texts = {"summary": _short(self._redact(summary)), "details": self._redact.tree(details or {})}
        data = {"kind": kind, "environment": environment, "status": status, "seconds": seconds, **texts}
        self.append({"event": "recorded", "run": run_id, "data": data})
        return run_id

    def runs(self, limit: int | None = None) -> list[RunSummary]:
        """Return the runs, newest first; a broken line is passed over.

        Args:
            limit: how many at most.

        Raises:
            LedgerError: DEX-LEDGER-03, a file cannot be read.
        """
        found: dict[str, dict[str, Any]] = {}
        for path in sorted(self.folder.glob("*.jsonl"), reverse=True):
            month: dict[str, dict[str, Any]] = {}
            for event in _events(path):
                run = month.setdefault(event["run"], {"at": event["at"]})
                run[event["event"]] = event["data"]
            for run_id, events in month.items():  # a run that began before midnight of the month's end
                found[run_id] = {**events, **found.get(run_id, {}), "at": events["at"]}
            if limit is not None and len(found) > limit:
                break
        summaries = [s for run_id, events in found.items() if (s := _summary(run_id, events)) is not None]
        summaries.sort(key=lambda run: (run.started, run.id), reverse=True)
        return summaries if limit is None else summaries[:limit]

    def _write(self, event: dict[str, Any]) -> None:
        line = json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str)
        data = line.encode("utf-8") + b"\n"
        path = self.folder / f"{_now():%Y-%m}.jsonl"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder / ".lock"), open(path, "ab", buffering=0) as file:
                _append(file.fileno(), path, data)
        except OSError as error:
            raise LedgerError(
                "DEX-LEDGER-01",
                f"Cannot write to the ledger of runs: {error.strerror or error}.",
                path,
                "Free some space or make the folder writable; the lines written before are untouched.",
            ) from error


def new_id() -> str:
    """Return a new run id: the time it was made, then chance; ids sort by time."""
    return f"{_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


def _append(handle: int, path: Path, data: bytes) -> None:
    """Write one line whole, or not at all."""
    size = os.fstat(handle).st_size
    if size:
        with open(path, "rb") as reader:
            reader.seek(size - 1)
            if reader.read(1) != b"\n":  # the last writer was killed within its line
                data = b"\n" + data
    try:
        written = os.write(handle, data)
        if written != len(data):  # the disk is full: a part was taken
            written += os.write(handle, data[written:])
            if written != len(data):
                raise OSError(28, "No space left on device")
    except OSError:
        os.ftruncate(handle, size)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when a process dies."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise LedgerError(
            "DEX-LEDGER-02",
            f"Another process has held the ledger of runs for {LOCK_SECONDS:.0f} seconds.",
            path,
            "Run the cell again; if it goes on, look which process of yours hangs.",
        ) from error


def _events(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise LedgerError(
            "DEX-LEDGER-03",
            f"Cannot read the ledger of runs: {error.strerror or error}.",
            path,
            "Make the file readable.",
        ) from error
    for line in text.split(b"\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue  # a line cut off by a kill
        if (
            isinstance(event, dict)
            and {"event", "run", "at", "data"} <= event.keys()
            and isinstance(event["data"], dict)
        ):
            yield event


def _summary(run_id: str, events: dict[str, Any]) -> RunSummary | None:
    try:
        if "ended" in events:
            run = events["ended"]
            return RunSummary(
                id=run_id,
                kind=run["kind"],
                role=run["role"],
                environment=run["environment"],
                status=run["verdict"]["status"] if run["verdict"] else run["outcome"],
                started=run["started"],
                summary=_short(run["request"]["text"]),
                seconds=run["seconds"],
                provider=run["provider"],
                model=run["model"],
                tokens=run["tokens"]["prompt"] + run["tokens"]["completion"],
            )
        data = events.get("recorded") or events["began"]
        return RunSummary(id=run_id, started=events["at"], **{"status": "unfinished", **data})
    except (KeyError, TypeError, ValueError):
        return None  # a line of a later format


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SUMMARY_LENGTH else f"{text[: SUMMARY_LENGTH - 1]}…"


def _now() -> datetime:
    return datetime.now(timezone.utc)
