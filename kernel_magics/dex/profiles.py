"""Profiles of a process: make one from a frame or a name, remember the last, keep some on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils import DexError

from dex import session

if TYPE_CHECKING:
    from dex_dbutils.profile import Profile

_last: Profile | None = None
_listeners: list[Callable[[], None]] = []


def last() -> Profile | None:
    """Return the newest profile of this process, or None."""
    return _last


def on_change(listener: Callable[[], None]) -> Callable[[], None]:
    """Call ``listener`` after every new profile; return a function that ends this."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def profile_value(value: Any, *, name: str | None = None, columns: list[str] | None = None) -> Profile:
    """Return the profile of a frame, or of the table or path that a string names.

    Args:
        value: a Spark, pandas or Arrow frame; or ``layer.table``, ``catalog.schema.table`` or a path.
        name: what the profile is called when it is shown.
        columns: only these columns.

    Raises:
        FrameError: the value is no frame, or there is no such table or path.
        DexError: DEX-MAGIC-03, a name was given and no environment is bound.
    """
    global _last
    from dex_dbutils import profile as profile_frame
    from dex_dbutils.profile import profile_source

    if isinstance(value, str | Path):
        bound = session.current()
        if bound is None:
            raise DexError(
                "DEX-MAGIC-03",
                f"No environment is bound, so `{value}` cannot be read.",
                remedy="Run %dex_env local first.",
            )
        source = _path(value) or _table_name(bound, str(value))
        result = profile_source(bound.spark, source, columns=columns, name=name or str(value))
    else:
        result = profile_frame(value, columns=columns, name=name)
    _last = result
    _tell_ledger(result)
    for listener in tuple(_listeners):
        listener()
    return result


def save(profile: Profile, name: str) -> Path:
    """Write a profile under ``.dex/profiles`` and return its path."""
    from dex_dbutils.config import find_project

    from dex.files import write_atomically

    path = find_project().dex_dir / "profiles" / f"{name}.json"
    return write_atomically(path, profile.model_dump_json(indent=2) + "\n")


def _path(value: str | Path) -> Path | None:
    """Return the file or folder that a relative path names, seen from here or else from the project's folder."""
    from dex_dbutils.config import find_project

    here = Path(value).expanduser()
    if isinstance(value, str) and "/" not in value and not here.suffix:
        return None  # a bare name is a table's, though there may be a folder called like it
    there = find_project().root / here
    return next((path for path in (here, there) if path.exists()), None)


def _tell_ledger(result: Profile) -> None:
    """Write a line about a profile made in a project; values of the data are not in it."""
    from dex_dbutils.config import find_project

    project = find_project()
    if not project.exists:
        return
    from dex_agents import Ledger

    bound = session.current()
    Ledger(project).record(
        kind="profile",
        environment=bound.environment.name if bound is not None else None,
        status="done",
        summary=f"{result.name or 'frame'}: {result.rows} rows x {len(result.columns)} columns",
        details={"scans": result.scans, "engine": result.engine},
    )


def _table_name(bound: Any, text: str) -> str:
    """Return ``layer.table`` as the environment's full name; leave every other text alone."""
    layer, _, table = text.partition(".")
    if table and "." not in table and "/" not in text and layer in bound.environment.schemas:
        return str(bound.table(layer, table))
    return text
