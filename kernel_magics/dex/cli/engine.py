"""``dex engine``: the local engine of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from dex_dbutils import load_environment

from dex.cli.output import EnvOption, JsonOption, ProjectOption, emit, progress

if TYPE_CHECKING:
    from dex.engines import EngineStatus

app = typer.Typer(help="Start, stop and look at the local engine of the project.", no_args_is_help=True)


def _text(status: EngineStatus) -> str:
    if status.state != "running":
        return f"{status.type} engine: {status.state}"
    return f"{status.type} {status.version} engine: running at {status.url} (process {status.pid}), log {status.log}"


@app.command()
def start(env: EnvOption = None, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Start the engine, or find it running."""
    from dex.engines import engine_for

    engine = engine_for(load_environment(env))
    engine.start(progress=progress)
    status = engine.status()
    emit(status, as_json, lambda: _text(status))


@app.command()
def stop(env: EnvOption = None, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Stop the engine; tables stay, temporary views go."""
    from dex.engines import engine_for

    engine = engine_for(load_environment(env))
    engine.stop()
    status = engine.status()
    emit(status, as_json, lambda: _text(status))


@app.command()
def restart(env: EnvOption = None, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Stop the engine and start it again."""
    from dex.engines import engine_for

    engine = engine_for(load_environment(env))
    engine.restart()
    status = engine.status()
    emit(status, as_json, lambda: _text(status))


@app.command("status")
def show_status(env: EnvOption = None, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show whether the engine runs, where, and where its log is."""
    from dex.engines import engine_for

    status = engine_for(load_environment(env)).status()
    emit(status, as_json, lambda: _text(status))
    if status.state != "running":
        raise typer.Exit(1)


@app.command("install")
def install_engine(as_json: JsonOption = False) -> None:
    """Install the engine for this Python into the user cache."""
    from dex.engines import install

    path = install(progress=progress)
    emit({"path": str(path)}, as_json, lambda: f"Installed in {path}")
