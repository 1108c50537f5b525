"""``dex workspace``: a stand-in workspace to try things out."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from dex.cli.output import JsonOption, emit, examples

app = typer.Typer(help="A stand-in for a Databricks workspace, on this machine.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A stand-in for a Databricks workspace, on this machine."""


@app.command(epilog=examples("dex workspace fake --port 8080"))
def fake(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address of this machine alone.")] = "127.0.0.1",
    folder: Annotated[
        Path | None,
        typer.Option(help="Empty folder to keep its files and runs in; a temporary one if not given.", file_okay=False),
    ] = None,
    user: Annotated[str, typer.Option(help="E-mail address of the user whose token it is.")] = "tester@example.org",
    catalog: Annotated[
        list[str] | None, typer.Option(help="A catalog that is there from the beginning; repeat. main if not given.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a stand-in workspace until Ctrl-C: deploy to it and run jobs in it with the databricks CLI or SDK.

    It holds nothing at the beginning, takes one token, made anew each time, and executes the jobs that it is told to
    run, as this user: it listens on this machine only.
    """
    from dex.workspace import WorkspaceServer

    ended = threading.Event()

    def end(*_: object) -> None:
        if ended.is_set():
            raise KeyboardInterrupt  # asked twice: its runs need not end in good order
        ended.set()

    before = [(number, signal.signal(number, end)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        with WorkspaceServer(port, host, folder) as server:
            made = server.add(user, catalogs=tuple(catalog or ["main"]))
            about = {"host": server.url, "token": made.token, "user": user, "folder": str(server.folder)}
            emit(about, as_json, lambda: _text(server.url, made.token))
            sys.stdout.flush()  # whoever reads a pipe waits for it
            while not ended.wait(3600):
                pass
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _text(url: str, token: str) -> str:
    return "\n".join(
        [
            f"A stand-in workspace answers at {url} until Ctrl-C.",
            "",
            "For the databricks CLI and SDK:",
            f"  export DATABRICKS_HOST={url} DATABRICKS_TOKEN={token} DATABRICKS_CACHE_ENABLED=false",
            "",
            "Failures on request: POST a fault to it, with the same token:",
            f'  curl -H "Authorization: Bearer $DATABRICKS_TOKEN" {url}/api/dex/faults \\',
            """    -d '{"route": "POST /api/2.2/jobs/*", "status": 429, "retry_after": 1, "count": 2}'""",
        ]
    )
