"""``%dex_run``: run another notebook as a task, in a kernel of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dex.magics.arguments import MagicParser
from dex.magics.show import facts, show

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PARSER = MagicParser("%dex_run", "Run another notebook as a task, in a kernel of its own.")
PARSER.add_argument("notebook", help="path of an .ipynb or of a Databricks source file")
PARSER.add_argument(
    "-p", "--parameter", action="append", default=[], metavar="KEY=VALUE", help="a parameter; repeat for more"
)
PARSER.add_argument("--out", help="write the executed notebook here")


def run(shell: InteractiveShell, line: str) -> None:
    """Run the notebook named on the line and show how it ended."""
    arguments = PARSER.parse_line(line)
    from dex.notebook import parameter_texts, parse_parameters, run_notebook

    out = Path(arguments.out) if arguments.out else None
    report = run_notebook(
        Path(arguments.notebook),
        parameters=parse_parameters(arguments.parameter),
        texts=parameter_texts(arguments.parameter),
        out=out,
    )
    show(
        facts(
            "task",
            {"notebook": report.notebook, "cells": str(report.cells), "outcome": report.outcome},
            {"notebook": report.notebook, "cells": report.cells, "outcome": report.outcome},
        ),
        {"seconds": round(report.seconds, 3)},
    )
