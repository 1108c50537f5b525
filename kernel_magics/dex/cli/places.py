"""``dex test``, ``dex trace``, ``dex coverage``: from what a test or a job says back to the notebook."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import Annotated

import typer
from dex_dbutils import DexError
from dex_dbutils.config import find_project

from dex.cli.output import EnvOption, JsonOption, ProjectOption, emit, progress, table


def test(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="An exported notebook.")],
    env: EnvOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the tests of a notebook's module; say of each failure which cell it comes from; exit 1 if one failed."""
    from dex.export import run_tests

    root = find_project(project or notebook.resolve().parent)
    report = run_tests(notebook, root, environment=env, progress=progress)
    emit(report, as_json, report.to_text)
    if not report.ok:
        raise typer.Exit(1)


def trace(
    log: Annotated[str, typer.Argument(metavar="FILE", help="A log or traceback of a job; - reads standard input.")],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a job's log with notebook, cell and line beside each frame of an exported module."""
    from dex.export import trace as traced

    text = _text(log)
    found = traced(text, find_project(project), "standard input" if log == "-" else log)
    emit(found, as_json, lambda: found.beside(text).removesuffix("\n"))


def coverage(
    data_file: Annotated[
        Path | None, typer.Option("--data-file", help="Coverage's data; what its settings name if not given.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print for each notebook cell how much of it the tests have run, from coverage's data."""
    from dex.export import cell_coverage
    from dex.export.places.covering import COLUMNS

    report = cell_coverage(find_project(project), data=data_file)
    emit(
        report,
        as_json,
        lambda: "\n".join([table(COLUMNS, report.rows()), *(f"not measured: {path}" for path in report.not_measured)]),
    )


def _text(log: str) -> str:
    """Return the text of a log; bytes that are none are shown as escapes.

    Raises:
        DexError: DEX-TRACE-03, it cannot be read.
    """
    try:
        content = sys.stdin.buffer.read() if log == "-" else Path(log).read_bytes()
    except OSError as error:
        raise DexError(
            "DEX-TRACE-03",
            f"Cannot read the log: {error.strerror or error}.",
            log,
            "Give the file of a log, or - and the log on standard input.",
        ) from error
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # what PowerShell's > writes
    return content.decode("utf-16" if wide else "utf-8-sig", "backslashreplace")
