"""May it leave? What an environment's guard says to the effects of a request."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dex_dbutils import DexError, GuardError, Where
from dex_dbutils.config import Environment, Project, environment_names, load_environment

from dex.guard.confirmation import is_confirmed, own_catalogs, where_set
from dex.guard.effects import Effect, Read, Setting, Stream, Use, Write
from dex.guard.paths import at_home, is_there, place_of

#: Settings and options, in lower case, that Sail takes and ignores, so that data is lost in silence.
_DYNAMIC = {"partitionoverwritemode", "spark.sql.sources.partitionoverwritemode"}
_IDEMPOTENT = {
    "txnappid",
    "txnversion",
    "spark.databricks.delta.write.txnappid",
    "spark.databricks.delta.write.txnversion",
}
_SAFE_MODE = "static"
#: Settings that name the catalog which a session begins in.
_CURRENT_CATALOG = {"spark.sql.defaultcatalog", "spark.databricks.sql.initial.catalog.name"}


def check(effects: Iterable[Effect], environment: Environment, current: frozenset[str] | None) -> None:
    """Let the effects of a request pass, or raise.

    Args:
        effects: what it would change, and which files it would read.
        environment: the bound environment.
        current: catalogs that may be the session's current one; None if that is not known.

    Raises:
        GuardError: the guard of the environment refuses; nothing was sent.
    """
    for effect in effects:
        if isinstance(effect, Setting):
            _check_setting(effect, environment)
        elif isinstance(effect, Write):
            _check_write(effect, environment, current)
        elif isinstance(effect, Read):
            _check_read(effect, environment)
        elif isinstance(effect, Stream):
            _check_stream(effect, environment)


def current_after(
    effects: Sequence[Effect], environment: Environment, current: frozenset[str] | None
) -> frozenset[str] | None:
    """Return the catalogs that may be current once a request has passed, whether it then succeeds or not.

    Only naming the environment's own catalog, alone, makes things certain again: that one is there.
    """
    for effect in effects:
        if isinstance(effect, Setting) and effect.key.lower() in _CURRENT_CATALOG:
            effect = Use(effect.value, sure=False)
        if not isinstance(effect, Use):
            continue
        if effect.perhaps_schema and not _environments_of(environment.project, effect.catalog.lower()):
            continue
        own = effect.catalog.lower() == environment.catalog.lower()
        if own and effect.sure:
            current = frozenset({effect.catalog})
        elif current is not None:
            current = current | {effect.catalog}
    return current


def _check_setting(setting: Setting, environment: Environment) -> None:
    if environment.engine.type != "sail":
        return
    key = setting.key.lower()
    dynamic = key in _DYNAMIC and setting.value.strip().lower() != _SAFE_MODE
    if dynamic or (key == "replacewhere" and setting.operation in {"saveAsTable", "insertInto"}):
        raise GuardError(
            "DEX-GUARD-06",
            f"This engine ignores {setting.key} here and would overwrite the whole table; nothing was sent.",
            Where(key=f"{setting.operation}, {setting.key}"),
            "Overwrite by a condition where it counts: frame.writeTo(table).overwrite(F.col('day') == '2013-01-01'), or "
            "INSERT INTO table REPLACE WHERE day = '2013-01-01' SELECT ...",
        )
    if key in _IDEMPOTENT:
        raise GuardError(
            "DEX-GUARD-07",
            f"This engine ignores {setting.key}: the write would be done again each time, rows doubled; nothing was sent.",
            Where(key=f"{setting.operation}, {setting.key}"),
            "Use MERGE with a key, or INSERT INTO ... REPLACE WHERE, so that a second run changes nothing.",
        )
    if key == "rescueddatacolumn":
        warnings.warn("This engine ignores rescuedDataColumn: what does not fit the schema is not kept.", stacklevel=2)


def _check_stream(stream: Stream, environment: Environment) -> None:
    """Refuse what Sail cannot do and says in words that lead nowhere."""
    if environment.engine.type == "sail" and stream.sink:
        raise GuardError(
            "DEX-GUARD-12",
            f"This engine writes no stream to {stream.sink}; nothing was started.",
            where_set(environment, "engine.type"),
            "Read and write the same as a batch (spark.read, frame.write); or bind an environment with streaming: Spark "
            "itself, by engine {type: connect, url: 'sc://...'}, or Databricks.",
        )


def _check_read(read: Read, environment: Environment) -> None:
    """Refuse what Sail would answer with no rows, where Spark fails: a path that is not there, or not where it looks."""
    root = environment.project.root
    if environment.engine.type != "sail" or (read.path and is_there(read.path, root)):
        return
    if not read.path:
        raise GuardError(
            "DEX-GUARD-11",
            f"{read.operation}: no path is given to load, and this engine ignores the option 'path'.",
            Where(key=read.operation),
            "Give it to load: spark.read.format('csv').load('data/flights.csv')",
        )
    place = place_of(read.path, root)
    here = place_of(read.path, Path.cwd())
    remedy = f"Relative paths begin at the project's folder, {root}."
    if here is not None and here != place and here.exists():
        remedy = f"{remedy} There is one where this process works: {here}"
    elif at_home(read.path, root) != read.path:
        remedy = (
            "On this machine it would be there; dbutils.fs.cp('file:/...', ...) copies a file to where it is expected."
        )
    elif read.path.startswith("file:/"):
        remedy = "Leave out `file:`, or write file:///path; this engine takes no other form."
    raise GuardError(
        "DEX-GUARD-10",
        f"There is no file or folder '{read.path}'; the engine would have answered with no rows.",
        Where(file=str(place)),
        remedy,
    )


def _check_write(write: Write, environment: Environment, current: frozenset[str] | None) -> None:
    name, what = environment.name, _described(write)
    if environment.writes == "deny":
        raise GuardError(
            "DEX-GUARD-01",
            f"Environment '{name}' is read-only: {what} was not sent.",
            where_set(environment, "guard.writes"),
            "Bind an environment that may be written, such as %dex_env local.",
        )
    confirmed = is_confirmed(environment)
    if environment.writes == "confirm" and not confirmed:
        raise GuardError(
            "DEX-GUARD-02",
            f"Environment '{name}' takes writes only when they are confirmed: {what} was not sent.",
            where_set(environment, "guard.writes"),
            f"If you mean it: %dex_env {name} --confirm {name}",
        )
    catalogs = _catalogs_of(write, environment, current)
    own = {catalog.lower() for catalog in own_catalogs(environment)}
    foreign = sorted({catalog for catalog in catalogs or () if catalog.lower() not in own})
    if foreign:
        raise _foreign(write, what, foreign, environment)
    if catalogs is None and not confirmed and (write.hidden or environment.kind != "local"):
        reason = f": {write.reason}" if write.reason else ""
        raise GuardError(
            "DEX-GUARD-04",
            f"The guard cannot tell what {what} changes{reason}. It counts as a write, and was not sent.",
            where_set(environment, "guard.writes"),
            "Name the table in full, catalog.schema.table, in a statement of its own; or, if it is right as it is: "
            f"%dex_env {name} --confirm {name}",
        )


def _foreign(write: Write, what: str, foreign: list[str], environment: Environment) -> GuardError:
    whose = [_environments_of(environment.project, catalog.lower()) for catalog in foreign]
    named = f" of environment '{whose[0][0]}'" if whose and whose[0] else ""
    short = write.level == "table" and len(write.name) < 3
    return GuardError(
        "DEX-GUARD-03",
        f"{what[:1].upper()}{what[1:]} would change catalog '{foreign[0]}'{named}, and '{environment.name}' writes only "
        f"to {', '.join(own_catalogs(environment))}; it was not sent.",
        where_set(environment, "guard.catalogs"),
        f"{'Name the table in full. ' if short else ''}session.table(layer, table) names the bound environment's own; "
        f"or bind the environment that owns it; or add '{foreign[0]}' to guard.catalogs.",
    )


def _described(write: Write) -> str:
    if write.level == "unknown" or not write.name:
        return f"{write.operation}"
    return f"{write.operation} on {write.level} {write.target}"


def _catalogs_of(write: Write, environment: Environment, current: frozenset[str] | None) -> frozenset[str] | None:
    """Return the catalogs that a write may change; none for a path outside of all of them; None if nobody can tell."""
    if write.level == "path":
        return _catalogs_of_path(write.name[0], environment)
    if write.level == "unknown":
        foreign = [c for c in write.named if _environments_of(environment.project, c.lower())]
        own = {catalog.lower() for catalog in own_catalogs(environment)}
        outside = frozenset(catalog for catalog in foreign if catalog.lower() not in own)
        return outside or None
    depth = {"table": 3, "schema": 2, "catalog": 1}[write.level]
    if len(write.name) >= depth:
        return frozenset({write.name[0]})
    if len(write.name) == 2 and _environments_of(environment.project, write.name[0].lower()):
        return frozenset({write.name[0]})  # `lab.t` is table t in catalog lab, where there is such a catalog
    return current


def _catalogs_of_path(text: str, environment: Environment) -> frozenset[str] | None:
    parts = urlsplit(text)
    path = unquote(parts.path) if parts.scheme in {"file", "dbfs"} else text
    root = environment.project.root
    if path.startswith("/Volumes/"):
        volume = path.split("/")
        return frozenset({volume[2]}) if len(volume) > 2 and volume[2] else None
    if environment.engine.type not in {"sail", "spark"}:
        return frozenset()  # a bucket: no catalog of ours
    # `file:/x` is a relative path to Sail and an absolute one to Spark: neither may lead to another environment
    places = {place_of(text, root), Path(path) if parts.scheme == "file" else None} - {None}
    found: set[str] = set()
    for place in places:
        catalogs = _catalogs_at(place.resolve(), environment) if place else frozenset()
        if catalogs is None:
            return None
        found |= catalogs
    return frozenset(found)


def _catalogs_at(place: Path, environment: Environment) -> frozenset[str] | None:
    warehouses = (environment.project.dex_dir / "warehouse").resolve()
    if not place.is_relative_to(warehouses):
        return frozenset()
    inside = place.relative_to(warehouses).parts
    if not inside:
        return None
    if inside[0] == environment.name:
        return frozenset({inside[1]} if len(inside) > 1 else ())
    return frozenset(_catalog_of_environment(environment.project, inside[0]))


def _catalog_of_environment(project: Project, name: str) -> tuple[str, ...]:
    return tuple(c for c, names in _catalogs(project.root, _stamp(project)).items() if name in names) or (name,)


def _environments_of(project: Project, catalog: str) -> tuple[str, ...]:
    """Return the environments of the project whose catalog that is."""
    return _catalogs(project.root, _stamp(project)).get(catalog, ())


def _stamp(project: Project) -> tuple[tuple[str, int], ...]:
    if not project.exists:
        return ()
    files = sorted(project.config_folder.glob("*.yaml"))
    return tuple((str(file), file.stat().st_mtime_ns) for file in files)


@lru_cache(maxsize=16)
def _catalogs(root: Path, stamp: tuple[tuple[str, int], ...]) -> dict[str, tuple[str, ...]]:
    """Return the environments that own each catalog, by its name in lower case; read again when a file changed."""
    found: dict[str, tuple[str, ...]] = {}
    if not stamp:
        return found
    from dex_dbutils.config import find_project

    project = find_project(root)
    for name in environment_names(project):
        try:
            catalog = load_environment(name, start=root).catalog.lower()
        except DexError:  # a broken file of another environment must not stop this one
            continue
        found[catalog] = (*found.get(catalog, ()), name)
    return found
