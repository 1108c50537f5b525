"""The REST handlers: each verb authenticated and authorized; parse, call dex, answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from dex.bridge import (
    CellsRequest,
    EmitRequest,
    ErrorReply,
    ExportRequest,
    GraphRequest,
    JobRequest,
    JobRunRequest,
    JobsRequest,
    JobStartRequest,
    ServerVersion,
    SuiteRequest,
    SyncRequest,
    TaskLogRequest,
)
from dex.redaction import redaction_here
from dex_dbutils import DexError, ExportError
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from pydantic import ValidationError
from tornado.web import authenticated

from dex_server.exporting import cells, export, notebook_path, places_of, sync, test
from dex_server.graphs import Graphs
from dex_server.jobs import Jobs

Verb = TypeVar("Verb", bound=Callable[..., Awaitable[None]])
Request = TypeVar(
    "Request",
    ExportRequest,
    CellsRequest,
    SuiteRequest,
    SyncRequest,
    JobsRequest,
    JobRequest,
    JobStartRequest,
    JobRunRequest,
    TaskLogRequest,
    GraphRequest,
    EmitRequest,
)

#: One at a time: two exports or syncs of a notebook would write the same files.
_export_lock = asyncio.Lock()
#: One at a time: two runs of tests would write the same tables. An export need not wait for them.
_test_lock = asyncio.Lock()


def for_known_users(verb: Verb) -> Verb:
    """Return a verb that answers only whom the server knows and whom its authorizer lets use dex."""
    return cast("Verb", authenticated(authorized(verb)))


class DexHandler(APIHandler):  # type: ignore[misc]
    """Base of the handlers: one resource for the server's authorizer, errors as the page reads them."""

    auth_resource = "dex"

    def answer(self, model: Any) -> None:
        """Send a model as JSON."""
        self.finish(model.model_dump_json())

    def refuse(self, error: DexError) -> None:
        """Send an error: 409 where an export is refused, 400 for wrong use, 500 for an outside failure."""
        self.set_status(409 if isinstance(error, ExportError) else 400 if error.exit_code == 2 else 500)
        self.answer(
            ErrorReply(
                code=error.code,
                message=error.what,
                where=str(error.where) if error.where else None,
                remedy=error.remedy,
                places=places_of(error),
            )
        )


class VersionHandler(DexHandler):
    """The server's half of the handshake."""

    @for_known_users
    async def get(self) -> None:
        """Answer with the version of dex on this server."""
        from dex import __version__

        self.answer(ServerVersion(version=__version__))


class NotebookHandler(DexHandler):
    """Base of the handlers that do something with a saved notebook."""

    async def with_notebook(
        self,
        kind: type[Request],
        work: Callable[[Path, Request], Any],
        lock: contextlib.AbstractAsyncContextManager[Any] = _export_lock,
    ) -> None:
        """Read the request, find the notebook, do the work on a thread of its own, and answer."""
        try:
            request = kind.model_validate_json(self.request.body)
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            key = ".".join(str(part) for part in first["loc"]) or "body"
            self.refuse(DexError("DEX-SERVER-01", f"The request cannot be read: {key}: {first['msg']}."))
            return
        path: Path | None = None
        try:
            path = await notebook_path(self.contents_manager, request.path)
            async with lock:
                reply = await asyncio.get_running_loop().run_in_executor(None, work, path, request)
        except DexError as error:
            self.refuse(redaction_here(path and path.parent).error(error))
            return
        self.answer(reply)


class ExportHandler(NotebookHandler):
    """Exports a saved notebook: module, tests, job."""

    @for_known_users
    async def post(self) -> None:
        """Export the notebook that the body names, and answer with what was written."""
        await self.with_notebook(ExportRequest, export)


class CellsHandler(NotebookHandler):
    """Tells how the cells of a saved notebook stand to its module."""

    @for_known_users
    async def post(self) -> None:
        """Answer for the notebook that the body names; nothing is written."""
        await self.with_notebook(CellsRequest, cells)


class SyncHandler(NotebookHandler):
    """Brings what was changed in an exported module back to its notebook."""

    @for_known_users
    async def post(self) -> None:
        """Sync the notebook that the body names, and answer with what was written."""
        await self.with_notebook(SyncRequest, sync)


class TestsHandler(NotebookHandler):
    """Runs the tests of the module that a notebook was exported to."""

    @for_known_users
    async def post(self) -> None:
        """Run the tests of the notebook that the body names, and answer with what became of each."""
        await self.with_notebook(SuiteRequest, test, _test_lock)


class JobHandler(NotebookHandler):
    """Base of the handlers about the jobs of the project around a notebook; they wait for nobody."""

    @property
    def jobs(self) -> Jobs:
        """The jobs, as this server knows them."""
        return cast("Jobs", self.settings["dex_jobs"])

    async def about(self, kind: type[Request], work: Callable[[Path, Request], Any]) -> None:
        """Read the request, do the work on a thread of its own, and answer; pages are told of changes from now on."""
        self.jobs.events.start()
        await self.with_notebook(kind, work, contextlib.nullcontext())


class JobsHandler(JobHandler):
    """Lists the jobs of the bundle."""

    @for_known_users
    async def post(self) -> None:
        """Answer with the jobs and their last runs."""
        await self.about(JobsRequest, self.jobs.listed)


class JobGraphHandler(JobHandler):
    """Shows a job."""

    @for_known_users
    async def post(self) -> None:
        """Answer with the graph of the job that the body names, and with the state of a run."""
        await self.about(JobRequest, self.jobs.shown)


class JobStartHandler(JobHandler):
    """Runs a job."""

    @for_known_users
    async def post(self) -> None:
        """Start a run of the job that the body names, and answer with its number."""
        await self.about(JobStartRequest, self.jobs.start)


class JobRepairHandler(JobHandler):
    """Repairs a run."""

    @for_known_users
    async def post(self) -> None:
        """Run again what the run did not finish."""
        await self.about(JobRunRequest, self.jobs.repair)


class JobStopHandler(JobHandler):
    """Stops a run."""

    @for_known_users
    async def post(self) -> None:
        """Stop the run that the body names, and answer when it has ended."""
        await self.about(JobRunRequest, self.jobs.stop)


class TaskLogHandler(JobHandler):
    """Shows what a task printed."""

    @for_known_users
    async def post(self) -> None:
        """Answer with the log of the task that the body names."""
        await self.about(TaskLogRequest, self.jobs.log)


class GraphHandler(JobHandler):
    """Shows the graph that notebooks make."""

    @property
    def graphs(self) -> Graphs:
        """The graphs of notebooks."""
        return cast("Graphs", self.settings["dex_graphs"])

    @for_known_users
    async def post(self) -> None:
        """Answer with what depends on what among the notebooks that the body names."""
        await self.about(GraphRequest, self.graphs.inferred)


class EmitHandler(GraphHandler):
    """Makes one job of several notebooks."""

    @for_known_users
    async def post(self) -> None:
        """Make the job that the body names, or say what would change; exports and jobs write one after the other."""
        self.jobs.events.start()
        await self.with_notebook(EmitRequest, self.graphs.emitted)


#: Every route of the extension; a test walks them all without a token and with a wrong one.
HANDLERS: list[tuple[str, type[DexHandler]]] = [
    (r"/dex/version", VersionHandler),
    (r"/dex/export", ExportHandler),
    (r"/dex/cells", CellsHandler),
    (r"/dex/sync", SyncHandler),
    (r"/dex/test", TestsHandler),
    (r"/dex/jobs", JobsHandler),
    (r"/dex/jobs/show", JobGraphHandler),
    (r"/dex/jobs/run", JobStartHandler),
    (r"/dex/jobs/repair", JobRepairHandler),
    (r"/dex/jobs/stop", JobStopHandler),
    (r"/dex/jobs/log", TaskLogHandler),
    (r"/dex/graph", GraphHandler),
    (r"/dex/graph/emit", EmitHandler),
]
