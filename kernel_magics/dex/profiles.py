"""Profiles of a process: make one from a frame or a name, remember the last, keep some on disk."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils import DexError, FrameError

from dex import session

if TYPE_CHECKING:
    from dex_dbutils.profile import Profile

#: Names of kept profiles: one file each, inside their folder.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")

_last: Profile | None = None
_listeners: list[Callable[[], None]] = []


def last() -> Profile | None:
    """Return the newest profile of this process, or None."""
    return _last


def on_change(listener: Callable[[], None]) -> Callable[[], None]:
    """Call ``listener`` after every new profile; return a function that ends this."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def profile_value(
    value: Any, *, name: str | None = None, columns: list[str] | None = None, variables: Iterable[str] = ()
) -> Profile:
    """Return the profile of a frame, or of the table or path that a string names.

    Args:
        value: a Spark, pandas or Arrow frame; or ``layer.table``, ``catalog.schema.table`` or a path.
        name: what the profile is called when it is shown.
        columns: only these columns.
        variables: names of a notebook, for the error about a name that is none of them and no table either.

    Raises:
        FrameError: the value is no frame, or there is no such table or path.
        DexError: DEX-MAGIC-03, a name was given and no environment is bound.
    """
    global _last
    from dex_dbutils import profile

    if isinstance(value, str | Path):
        name, value = name or str(value), read_frame(value, variables)
    result = profile(value, columns=columns, name=name)
    _last = result
    _tell_ledger(result)
    for listener in tuple(_listeners):
        listener()
    return result


def read_frame(source: str | Path, variables: Iterable[str] = ()) -> Any:
    """Return the frame of a table or a path, in the bound environment.

    Args:
        source: ``layer.table``, ``catalog.schema.table`` or a path.
        variables: names of a notebook, for the error about a name that is none of them and no table either.

    Raises:
        FrameError: DEX-FRAME-05 or -06, there is no such table or path, or it cannot be read.
        DexError: DEX-MAGIC-03, no environment is bound.
    """
    from dex_dbutils.profile import read_source

    bound = session.current()
    if bound is None:
        raise DexError(
            "DEX-MAGIC-03",
            f"No environment is bound, so `{source}` cannot be read.",
            remedy="Run %dex_env local first.",
        )
    found = _path(source) or _table_name(bound, str(source))
    try:
        return read_source(bound.spark, found)
    except FrameError as error:
        raise (_unknown(bound, found, list(variables)) or error) from error.__cause__


def saved_path(name: str) -> Path:
    """Return the file in which a profile of this name is kept.

    Raises:
        DexError: DEX-MAGIC-07, the name is none of a file in ``.dex/profiles``.
    """
    from dex_dbutils.config import find_project

    if not _NAME.fullmatch(name):
        raise DexError(
            "DEX-MAGIC-07",
            f"A profile cannot be kept as `{name}`.",
            remedy="Take letters, digits, `_`, `-` and `.`, such as flights-2013: it becomes a file in .dex/profiles.",
        )
    return find_project().dex_dir / "profiles" / f"{name}.json"


def save(profile: Profile, name: str) -> Path:
    """Write a profile under ``.dex/profiles`` and return its path.

    Raises:
        DexError: DEX-MAGIC-07, the name cannot be used; DEX-FILE-01, the disk refuses.
    """
    from dex.files import write_atomically

    return write_atomically(saved_path(name), profile.model_dump_json(indent=2) + "\n")


def _unknown(bound: Any, source: str | Path, variables: list[str]) -> FrameError | None:
    """Return the error of a bare name that nothing has, with the nearest ones; None where it is none, or a table's."""
    name = str(source)
    if isinstance(source, Path) or not name.isidentifier():
        return None
    from dex_dbutils.catalog import list_tables

    try:
        if bound.spark.catalog.tableExists(name):
            return None
        tables = [f"{table.layer}.{table.name}" for table in list_tables(bound.environment, bound.spark)]
    except Exception:  # noqa: BLE001  the engine cannot be asked: the error that there is says why
        return None
    names = {table.rpartition(".")[2].lower(): table for table in tables} | {v.lower(): v for v in variables}
    near = [names[word] for word in difflib.get_close_matches(name.lower(), names, n=3)]
    hints = [f"Did you mean {' or '.join(f'`{word}`' for word in near)}?"] if near else []
    layers = sorted({table.partition(".")[0] for table in tables})
    hints.append(
        "There are tables in: " + ", ".join(layers) + "; write layer.table."
        if layers
        else f"There is no table in {bound.environment.name} yet: write one, or give a path."
    )
    what = "neither a variable nor a table" if variables else "no table"
    return FrameError("DEX-FRAME-05", f"`{name}` is {what}.", remedy=" ".join(hints))


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

    from dex.ledger import record

    bound = session.current()
    record(
        find_project(),
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
