"""Events for every page: which runs of jobs have changed, whoever runs them, and how far long requests are."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dex.bridge import JOBS_EVENT, PROGRESS_EVENT, JobsChanged, Progress
from dex.bridge.message import Model
from dex.jobs import RunsWatch
from dex_dbutils.config import Project

from dex_server.processes import JobProcesses

#: Seconds between looks, while a run goes on and while none does.
BUSY, IDLE = 0.4, 1.0


def event_schema(name: str, model: type[Model]) -> dict[str, Any]:
    """Return the schema of an event as the server's event log takes it.

    Args:
        name: what the event log calls it.
        model: what it tells.
    """
    schema = model.model_json_schema()
    return {
        "$id": name,
        "version": "1",
        "title": model.__name__,
        "description": schema["description"].splitlines()[0],
        "personal-data": False,
        "type": "object",
        "properties": schema["properties"],
        "required": schema["required"],
    }


@dataclass
class _Followed:
    """A project that a page has asked about.

    Attributes:
        root: its folder.
        watch: its runs.
        started: how far the runs are that this server has started, as last seen.
    """

    root: Path
    watch: RunsWatch
    started: dict[int, tuple[bool, int]] = field(default_factory=dict)


class JobEvents:
    """Watches the runs of the projects that pages have asked about, and tells all pages of a change.

    Args:
        log: the server's event log.
        processes: the runs that this server has started.
    """

    def __init__(self, log: Any, processes: JobProcesses) -> None:
        self._log, self._processes = log, processes
        self._followed: dict[str, _Followed] = {}
        self._lock = threading.Lock()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        log.register_event_schema(event_schema(JOBS_EVENT, JobsChanged))
        log.register_event_schema(event_schema(PROGRESS_EVENT, Progress))

    def follow(self, project: Project) -> str:
        """Watch a project's runs from now on, and return what events call it."""
        name = hashlib.sha256(str(project.root.resolve()).encode()).hexdigest()[:16]
        with self._lock:
            if name not in self._followed:
                self._followed[name] = _Followed(project.root, RunsWatch(project))
        return name

    def follow_log(self, project: Project, number: int, log: Path) -> None:
        """Tell of what a task prints as well, as long as its run goes on."""
        followed = self._followed[self.follow(project)]
        with self._lock:
            followed.watch.follow(number, log)

    def start(self) -> None:
        """Watch, on the loop that this is called from; a second call changes nothing."""
        if self._task is None:
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._watch())

    def progress(self, work: str, text: str) -> None:
        """Tell how far a request is; may be called from any thread.

        Args:
            work: the request, as its page calls it.
            text: how far it is.
        """
        if self._loop is not None:
            told = Progress(work=work, text=text).model_dump()
            self._loop.call_soon_threadsafe(lambda: self._log.emit(schema_id=PROGRESS_EVENT, data=told))

    async def stop(self) -> None:
        """Watch no longer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def look(self) -> list[JobsChanged]:
        """Return what has changed since the last look, a project each."""
        with self._lock:
            found = [(name, self._changed(followed)) for name, followed in self._followed.items()]
        return [JobsChanged(project=name, runs=sorted(runs)) for name, runs in found if runs]

    def _changed(self, followed: _Followed) -> set[int]:
        before, followed.started = followed.started, self._processes.states(followed.root)
        return followed.watch.look() | {n for n, state in followed.started.items() if before.get(n) != state}

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                for change in await loop.run_in_executor(None, self.look):
                    self._log.emit(schema_id=JOBS_EVENT, data=change.model_dump())
            except Exception:  # what cannot be seen now must not end the watch
                logging.getLogger("dex.server").exception("The runs of jobs could not be looked at.")
            busy = self._processes.any_alive() or any(each.watch.going for each in list(self._followed.values()))
            await asyncio.sleep(BUSY if busy else IDLE)
