"""``%dex_databricks on|off``: magics and names of Databricks in this notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dex.magics.arguments import MagicParser
from dex.magics.show import facts, show

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PARSER = MagicParser("%dex_databricks", "Make %sql, %run, %fs, %sh, %md and display work as on Databricks.")
PARSER.add_argument("switch", choices=["on", "off"], help="on: take them; off: give them back")


def run(shell: InteractiveShell, line: str) -> None:
    """Switch Databricks' magics on or off and show which."""
    arguments = PARSER.parse_line(line)
    from dex.databricks import switch_off, switch_on

    if arguments.switch == "off":
        switch_off(shell)
        show(facts("databricks", {"databricks": "off"}, {"on": False}))
        return
    report = switch_on(shell)
    left = {f"%{name}": f"stays with {owner}" for name, owner in report.left.items()}
    pairs = {"databricks": "on", "magics": ", ".join(f"%{n}" for n in report.taken), **left}
    show(facts("databricks", pairs, {"on": True, "magics": report.taken, "left": report.left, "names": report.names}))
