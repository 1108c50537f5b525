"""Who may write where: what a person confirmed in this process, and what the guard of an environment says."""

from __future__ import annotations

import os
import threading
from typing import Literal

from dex_dbutils import GuardError, Where
from dex_dbutils.config import Environment
from pydantic import BaseModel, ConfigDict

_lock = threading.Lock()
_confirmed: set[tuple[str, str]] = set()


class GuardStatus(BaseModel):
    """What the guard does in an environment, for ``%dex_status`` and the panel.

    Attributes:
        writes: allow, confirm or deny, as the environment's files and its kind say.
        confirmed: whether writes were confirmed when this process bound it.
        catalogs: the catalogs that may be written.
        active: whether requests pass the guard at all. Inside a Databricks runtime, and on any other classic session,
            they do not go over a channel, and the platform's own rights are all there is.
        scan: most bytes of files that one query may read, and whether that is checked; None where nothing is set.
    """

    model_config = ConfigDict(frozen=True)

    writes: Literal["allow", "confirm", "deny"]
    confirmed: bool
    catalogs: list[str]
    active: bool = True
    scan: str | None = None


def own_catalogs(environment: Environment) -> list[str]:
    """Return the catalogs that an environment may write: those its guard lists, else its own."""
    return list(environment.guard.catalogs) or [environment.catalog]


def guard_status(environment: Environment) -> GuardStatus:
    """Return what the guard does in an environment now."""
    return GuardStatus(
        writes=environment.writes,
        confirmed=is_confirmed(environment),
        catalogs=own_catalogs(environment),
        active=environment.engine.type != "runtime" and not os.environ.get("DATABRICKS_RUNTIME_VERSION"),
        scan=_scan(environment),
    )


def _scan(environment: Environment) -> str | None:
    limit = environment.guard.max_scan
    if limit is None or environment.engine.type == "sail":
        return limit
    return f"{limit}, not checked: this engine does not tell what it will read"


def is_confirmed(environment: Environment) -> bool:
    """Return whether a person confirmed writes to the environment in this process."""
    return _key(environment) in _confirmed


def confirm_writes(environment: Environment, confirm: str | None) -> None:
    """Note at binding whether writes to an environment are confirmed; binding without it takes that back.

    Args:
        environment: the environment that is bound.
        confirm: its name, typed again; None if the person confirms nothing.

    Raises:
        GuardError: DEX-GUARD-08, another name was typed; DEX-GUARD-09, the environment takes no writes at all. Nothing
            is confirmed then.
    """
    with _lock:
        _confirmed.discard(_key(environment))
    if confirm is None:
        return
    if confirm != environment.name:
        raise GuardError(
            "DEX-GUARD-08",
            f"Writes to '{environment.name}' are not confirmed: '{confirm}' was typed.",
            where_set(environment, "guard.writes"),
            f"%dex_env {environment.name} --confirm {environment.name}",
        )
    if environment.writes == "deny":
        raise GuardError(
            "DEX-GUARD-09",
            f"Environment '{environment.name}' takes no writes, confirmed or not.",
            where_set(environment, "guard.writes"),
            "Bind it without --confirm to read; change guard.writes in its file if writing is meant.",
        )
    with _lock:
        _confirmed.add(_key(environment))


def where_set(environment: Environment, key: str) -> Where:
    """Return the file and key that decide, as far as there is a file."""
    project = environment.project
    if not project.exists:
        return Where(key=key)
    own = project.config_folder / f"{environment.name}.yaml"
    file = own if own.is_file() else project.config_folder / "base.yaml"
    shown = file.relative_to(project.root) if file.is_relative_to(project.root) else file
    return Where(file=str(shown), key=key)


def _key(environment: Environment) -> tuple[str, str]:
    return str(environment.project.root), environment.name
