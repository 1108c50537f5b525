"""The command line as one application: its verbs, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from dex_dbutils import DexError
from typer.exceptions import TyperException

from dex import __version__
from dex.cli import bundle, data, engine, job, job_graph, notebooks, pipeline, places, project, workspace
from dex.cli.output import emit_error, examples
from dex.redaction import redaction_here

INTERRUPTED = 130

app = typer.Typer(
    name="dex",
    help="Notebook-first data engineering for Databricks.",
    rich_markup_mode="markdown",  # lines of docstrings flow to the width of the terminal
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(engine.app, name="engine")
app.add_typer(bundle.app, name="bundle")
job.app.command("graph", epilog=examples("dex job graph notebooks", "dex job graph --job daily --mermaid"))(
    job_graph.graph
)
app.add_typer(workspace.app, name="workspace")
app.add_typer(job.app, name="job")
app.add_typer(pipeline.app, name="pipeline")
app.command("doctor")(project.doctor)
app.command("env")(project.env)
app.command("profile")(data.profile)
app.command("agent")(data.agent)
app.command("runs")(data.runs)
app.command("run")(notebooks.run)
app.command("convert")(notebooks.convert)
app.command("export")(notebooks.export)
app.command("sync")(notebooks.sync)
app.command("mutate")(notebooks.mutate)
app.command("test")(places.test)
app.command("trace")(places.trace)
app.command("coverage")(places.coverage)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"dex {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Notebook-first data engineering for Databricks."""


def run(argv: Sequence[str] | None) -> int:
    """Run one command line and return its exit code; ``--project`` holds for that command alone."""
    before = os.environ.get("DEX_PROJECT")
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    finally:
        if before is None:
            os.environ.pop("DEX_PROJECT", None)
        else:
            os.environ["DEX_PROJECT"] = before


def _run(words: list[str]) -> int:
    as_json = "--json" in words
    try:
        code = typer.main.get_command(app).main(words, prog_name="dex", standalone_mode=False)
    except DexError as error:
        emit_error(error, as_json)
        return error.exit_code
    except TyperException as error:
        if as_json:
            emit_error(_wrong_use(error), as_json)
        else:
            error.show()  # type: ignore[attr-defined]  # every error that a command line can raise has it
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  whatever it is: told in the form asked for, with an exit code of its own
        print(redaction_here()(traceback.format_exc()), file=sys.stderr, end="")
        emit_error(_defect(error), as_json)
        return 3
    if code == INTERRUPTED and as_json:  # typer gives this number for an interrupt
        emit_error(DexError("DEX-CLI-03", "The command was interrupted."), as_json)
    return int(code or 0)


def _wrong_use(error: TyperException) -> DexError:
    """Return the error of a command line that cannot be parsed."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "dex"
    what = " ".join(error.format_message().split()) or "The command line is not complete."
    return DexError("DEX-CLI-02", what, remedy=f"See {command} --help.")


def _defect(error: Exception) -> DexError:
    """Return the error of what dex did not expect."""
    lines = str(error).splitlines()
    what = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return DexError(
        "DEX-CLI-04", f"dex did not expect this: {what}", remedy="It is a defect of dex; report it with the traceback."
    )
