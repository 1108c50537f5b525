"""The command line as one application: its verbs, and what becomes of their errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from dex_dbutils import DexError
from typer.exceptions import TyperException

from dex import __version__
from dex.cli import data, engine, notebooks, project
from dex.cli.output import emit_error

app = typer.Typer(
    name="dex",
    help="Notebook-first data engineering for Databricks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(engine.app, name="engine")
app.add_typer(project.bundle, name="bundle")
app.command("doctor")(project.doctor)
app.command("env")(project.env)
app.command("profile")(data.profile)
app.command("agent")(data.agent)
app.command("runs")(data.runs)
app.command("run")(notebooks.run)
app.command("export")(notebooks.export)


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
    """Run one command line and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = typer.main.get_command(app).main(words, prog_name="dex", standalone_mode=False)
    except DexError as error:
        emit_error(error, "--json" in words)
        return error.exit_code
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]  # every error that a command line can raise has it
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return 130
    return int(code or 0)
