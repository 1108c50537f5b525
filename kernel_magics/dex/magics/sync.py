"""``%dex_sync``: what was changed in the exported module, brought back to the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dex.magics.arguments import MagicParser
from dex.magics.export import this_notebook

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PARSER = MagicParser("%dex_sync", "Bring what was changed in the exported module back to the notebook's file.")
PARSER.add_argument("notebook", nargs="?", help="path of the notebook or of its module; this notebook if not given")
PARSER.add_argument("--check", action="store_true", help="write nothing; say what there is to do")


def run(shell: InteractiveShell, line: str) -> None:
    """Sync the notebook named on the line, or this one, as it was saved last; print the report."""
    arguments = PARSER.parse_line(line)
    from dex_dbutils.config import find_project

    from dex.export import sync_notebook

    path = Path(arguments.notebook) if arguments.notebook else this_notebook(shell.user_ns)
    report = sync_notebook(path, find_project(path.resolve().parent), check=arguments.check)
    print(report.to_text())
    if report.taken or report.conflicts:
        print("Reload the notebook to see its cells as they are in the file.")
