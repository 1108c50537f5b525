"""``%dex_export``: the notebook as a module, tests and a job task."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils import DexError, ExportError

from dex.magics.arguments import MagicParser
from dex.magics.show import show_object

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PARSER = MagicParser("%dex_export", "Turn a notebook into a Python module, its tests and a bundle job.")
PARSER.add_argument("notebook", nargs="?", help="path of the notebook; this one if not given")
PARSER.add_argument("--check", action="store_true", help="write nothing; fail if the files differ from the notebook")
PARSER.add_argument("--force", action="store_true", help="overwrite generated files that were edited by hand")
PARSER.add_argument("--allow", action="append", metavar="CONSTRUCT", help="leave a stub that raises in its place")
PARSER.add_argument("--record", action="store_true", help="run it once; make tests of what its functions gave")
PARSER.add_argument("--suggest", action="store_true", help="show which regions could be functions; write nothing")
PARSER.add_argument("--accept", action="append", metavar="NAME", help="with --suggest: mark this one, or all")
PARSER.add_argument("--env", help="local environment to record in; the project's default if not given")


def run(shell: InteractiveShell, line: str) -> None:
    """Export the notebook named on the line, or this one, and show the report."""
    arguments = PARSER.parse_line(line)
    from dex_dbutils.config import find_project

    from dex.export import export_notebook, suggest_regions

    path = Path(arguments.notebook) if arguments.notebook else this_notebook(shell.user_ns)
    if arguments.record and arguments.check:
        PARSER.error("--record writes files and --check writes none: give one of them")
    if arguments.accept and not arguments.suggest:
        PARSER.error("--accept goes with --suggest")
    if arguments.suggest:
        if arguments.check or arguments.force or arguments.record or arguments.allow:
            PARSER.error("--suggest goes with --accept alone")
        show_object(suggest_regions(path, find_project(path.resolve().parent), accept=arguments.accept or ()))
        return
    report = export_notebook(
        path,
        find_project(path.resolve().parent),
        check=arguments.check,
        force=arguments.force,
        record=arguments.record,
        environment=arguments.env,
        allow=arguments.allow or (),
    )
    show_object(report)
    if arguments.check and report.drift:
        raise ExportError(
            "DEX-MAGIC-06",
            f"The exported files of {path.name} are not what it says now.",
            remedy="Run %dex_export without --check.",
        )


def this_notebook(namespace: dict[str, Any]) -> Path:
    """Return the path of the notebook that this kernel runs, as its editor tells it.

    Raises:
        DexError: DEX-MAGIC-05, the editor does not tell.
    """
    told = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    if told and Path(told).suffix in {".ipynb", ".py"} and Path(told).exists():
        return Path(told)
    raise DexError(
        "DEX-MAGIC-05",
        "This kernel does not know which notebook it runs.",
        remedy="Name it, after saving: %dex_export notebooks/flights.ipynb",
    )
