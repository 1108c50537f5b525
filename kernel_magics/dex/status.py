"""What a kernel holds right now: environment, session, engine, guard, catalog, runs, profile, frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dex_dbutils import DexError, Environment
from dex_dbutils.config import Project, environment_names, find_project, load_environment

from dex import __version__, profiles, session
from dex.bridge import (
    ColumnView,
    EngineView,
    EnvironmentView,
    FrameView,
    GuardView,
    LayerView,
    ProblemView,
    ProfileView,
    RunView,
    SessionView,
    Snapshot,
    TableView,
)

if TYPE_CHECKING:
    from dex_dbutils.profile import Profile

T = TypeVar("T")

#: Runs, columns that a panel can show.
RUN_LIMIT = 20
COLUMN_LIMIT = 60
#: Engines on this machine: looking at their tables costs nothing.
LOCAL_ENGINES = frozenset({"sail", "spark"})

_environments_seen: tuple[object, list[EnvironmentView]] | None = None


def snapshot(namespace: Mapping[str, Any] | None = None) -> Snapshot:
    """Return what this process holds; what cannot be had is listed under ``problems``.

    Safe beside a running cell: no value is looked at but for its type, and nothing is asked of Spark.

    Args:
        namespace: a notebook's names, to look for frames in.
    """
    problems: list[ProblemView] = []

    def part(name: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except Exception as error:  # noqa: BLE001  one part that fails is shown as such; the others still count
            problems.append(_problem(name, error))
            return None

    state, bound = session.state(), session.current()
    environment = bound.environment if bound is not None else None
    project = environment.project if environment is not None else part("project", find_project)
    engine = part("engine", lambda: _engine(environment)) if environment is not None else None
    profile = profiles.last()
    return Snapshot(
        version=__version__,
        project=project.name if project is not None and project.exists else None,
        environments=(part("environments", lambda: _environments(project)) or []) if project is not None else [],
        environment=_environment_view(environment) if environment is not None else None,
        session=_session_view(state, engine),
        engine=engine,
        guard=part("guard", lambda: _guard(environment)) if environment is not None else None,
        catalog=(part("catalog", lambda: _catalog(environment)) or []) if environment is not None else [],
        roles=part("roles", _roles) or [],
        runs=(part("runs", lambda: _runs(project)) or []) if project is not None else [],
        profile=part("profile", lambda: _profile_view(profile)) if profile is not None else None,
        frames=part("frames", lambda: [FrameView(name=name) for name in frame_names(namespace or {})]) or [],
        problems=problems,
    )


def frame_names(namespace: Mapping[str, Any]) -> list[str]:
    """Return the names that hold Spark frames, classic or Connect, told by their type alone."""
    return sorted(name for name, value in list(namespace.items()) if not name.startswith("_") and _is_frame(value))


def _is_frame(value: Any) -> bool:
    kind = type(value)
    return kind.__name__ == "DataFrame" and kind.__module__.startswith("pyspark.sql")


def _problem(part: str, error: Exception) -> ProblemView:
    if isinstance(error, DexError):
        return ProblemView(part=part, code=error.code, message=error.what)
    first_line = (str(error) or type(error).__name__).splitlines()[0]
    return ProblemView(part=part, message=f"{type(error).__name__}: {first_line}")


def _environment_view(environment: Environment) -> EnvironmentView:
    return EnvironmentView(
        name=environment.name,
        kind=environment.kind,
        engine=environment.engine.type,
        catalog=environment.catalog,
        writes=environment.writes,
    )


def _environments(project: Project) -> list[EnvironmentView]:
    """Return every environment of a project; read again only when a file of its configuration changed."""
    global _environments_seen
    key = (project.root, tuple(sorted((path, _modified(path)) for path in project.config_folder.glob("*.yaml"))))
    if _environments_seen is not None and _environments_seen[0] == key:
        return _environments_seen[1]
    views = []
    for name in environment_names(project):
        try:
            views.append(_environment_view(load_environment(name, start=project.root)))
        except DexError as error:
            views.append(EnvironmentView(name=name, problem=f"{error.code}: {error.what}"))
    _environments_seen = (key, views)
    return views


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns


def _session_view(state: session.SessionState, engine: EngineView | None) -> SessionView:
    if state.state == "ready" and state.environment is not None and engine is not None and engine.state == "stopped":
        return SessionView(state="lost", message=f"the engine was stopped: %dex_env {state.environment.name}")
    return SessionView(state=state.state, message=state.message)


def _engine(environment: Environment) -> EngineView:
    from dex.engines import engine_for

    status = engine_for(environment).status()
    return EngineView(
        type=status.type,
        state=status.state,
        version=status.version,
        address=status.url.partition(";")[0] if status.url else None,  # what follows may be a token
        log=str(status.log) if status.log else None,
    )


def _guard(environment: Environment) -> GuardView:
    from dex.guard import guard_status

    status = guard_status(environment)
    return GuardView(writes=status.writes, confirmed=status.confirmed, catalogs=status.catalogs)


def _catalog(environment: Environment) -> list[LayerView]:
    listed = environment.engine.type in LOCAL_ENGINES
    tables: dict[str, list[TableView]] = {}
    if listed:
        from dex_dbutils.catalog import list_tables

        for table in list_tables(environment):
            full_name = environment.table_name(table.layer, table.name)
            tables.setdefault(table.layer, []).append(TableView(name=table.name, full_name=full_name))
    return [
        LayerView(
            name=layer,
            schema_name=environment.schema_name(layer),
            tables=sorted(tables.get(layer, []), key=lambda table: table.name),
            listed=listed,
        )
        for layer in environment.schemas
    ]


def _roles() -> list[str]:
    from dex_agents import ROLES

    return list(ROLES)


def _runs(project: Project) -> list[RunView]:
    from dex_agents import Ledger

    return [
        RunView(
            id=run.id,
            kind=run.kind,
            role=run.role,
            environment=run.environment,
            status=run.status,
            started=run.started if isinstance(run.started, str) else run.started.isoformat(timespec="seconds"),
            summary=run.summary,
        )
        for run in Ledger(project).runs(limit=RUN_LIMIT)
    ]


def _profile_view(profile: Profile) -> ProfileView:
    columns = [
        ColumnView(
            name=column.name,
            type=column.type,
            nulls=column.nulls,
            distinct=_distinct(column),
            minimum=_shown(column.min),
            maximum=_shown(column.max),
        )
        for column in profile.columns[:COLUMN_LIMIT]
    ]
    return ProfileView(
        name=profile.name,
        rows=profile.rows,
        columns=columns,
        more_columns=max(0, len(profile.columns) - COLUMN_LIMIT),
    )


def _distinct(column: Any) -> str | None:
    if column.distinct is None:
        return None
    return f"{column.distinct:,}" if column.distinct_exact else f"about {column.distinct:,}"


def _shown(value: object) -> str | None:
    if value is None:
        return None
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
