"""The magics: one file each, to parse the line, call dex and show the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dex_dbutils import DexError

from dex.magics import agent, databricks, env, export, profile, run, status, sync
from dex.redaction import redaction_here

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

#: Name, kind and module of every magic; the module's `run` does the work and its `PARSER` describes the line.
MAGICS: tuple[tuple[str, str, Any], ...] = (
    ("dex_env", "line", env),
    ("dex_status", "line", status),
    ("dex_profile", "line", profile),
    ("agent", "cell", agent),
    ("dex_export", "line", export),
    ("dex_sync", "line", sync),
    ("dex_run", "line", run),
    ("dex_databricks", "line", databricks),
)


def load(shell: InteractiveShell) -> None:
    """Register every magic, open the bridge where there is a kernel, and import Spark's client in the background."""
    from dex.engines import pre_import
    from dex.magics.bridge import open_bridge

    pre_import()
    for name, kind, module in MAGICS:
        shell.register_magic_function(_bound(shell, module), kind, name)
    open_bridge(shell)


def unload(shell: InteractiveShell) -> None:
    """Take away what `load` registered, unless somebody else has the name by now."""
    from dex.magics.bridge import close_bridge

    for name, kind, module in MAGICS:
        table = shell.magics_manager.magics[kind]
        if getattr(table.get(name), "dex_module", None) is module:
            del table[name]
    close_bridge(shell)


def _bound(shell: InteractiveShell, module: Any) -> Callable[..., None]:
    from IPython.core.magic import no_var_expand

    def magic(line: str, cell: str | None = None) -> None:
        try:
            module.run(shell, line) if cell is None else module.run(shell, line, cell)
        except DexError as error:
            raise redaction_here().error(error)

    magic.__doc__ = module.PARSER.format_help()
    magic.dex_module = module  # type: ignore[attr-defined]
    result: Callable[..., None] = no_var_expand(magic)
    return result
