"""``%dex_profile``: what is in a frame or table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils import DexError, FrameError

from dex.magics.arguments import MagicParser
from dex.magics.show import show_object

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PARSER = MagicParser("%dex_profile EXPRESSION", "Profile a frame or a table in one scan.")
PARSER.add_argument("--columns", help="only these columns, separated by commas")
PARSER.add_argument("--save", metavar="NAME", help="keep the profile under .dex/profiles/NAME.json")


def run(shell: InteractiveShell, line: str) -> None:
    """Profile the expression on the line and show the result."""
    expression, options = PARSER.parse_expression(line)
    if not expression:
        PARSER.error("give a frame or a table")
    from dex import profiles

    columns = [c.strip() for c in options.columns.split(",")] if options.columns else None
    if options.save:
        profiles.saved_path(options.save)  # a name that cannot be used costs no scan
    value = evaluate(shell.user_ns, expression)
    variables = [name for name in shell.user_ns if not name.startswith("_")]
    result = profiles.profile_value(value, name=expression, columns=columns, variables=variables)
    if options.save:
        profiles.save(result, options.save)
    show_object(result)


def evaluate(namespace: dict[str, Any], expression: str) -> Any:
    """Return the value of a Python expression, or the text itself where it is the name of a table.

    Raises:
        FrameError: DEX-MAGIC-02, it is neither.
    """
    parts = expression.split(".")
    if all(part.isidentifier() for part in parts) and parts[0] not in namespace:
        return expression  # catalog.schema.table, schema.table, a table's name, or a file's
    try:
        return eval(expression, namespace)
    except DexError:
        raise
    except Exception as error:
        # a division of names that nobody knows is a path; one of numbers is not
        if _may_be_a_file(expression) and (isinstance(error, SyntaxError | NameError) or Path(expression).exists()):
            return expression
        raise FrameError(
            "DEX-MAGIC-02",
            f"`{expression}` is no frame: {type(error).__name__}: {error}",
            remedy="Give the name of a DataFrame, an expression that makes one, or a table such as silver.flights.",
        ) from error


def _may_be_a_file(expression: str) -> bool:
    """Return whether a text that is no expression is a path such as ``data/flights.csv``."""
    from dex_dbutils.profile import looks_like_path

    return looks_like_path(expression) and not any(char.isspace() or char in "()[]=" for char in expression)
