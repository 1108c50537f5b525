"""A real engine in a project of its own, for tests of every level."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BASE = """\
project: {name: trial, package: trial_etl}
environments: {default: local}
schemas: {bronze: bronze, silver: silver, gold: gold}
parameters: {year: 2013}
"""
LAB = "kind: local\nengine: {type: sail}\ncatalog: lab\n"


def make_project(folder: Path, *, base: str = BASE, **environments: str) -> Path:
    """Return a new project: ``config/base.yaml``, ``lab.yaml``, and one file for each environment given."""
    config = folder / "config"
    config.mkdir(parents=True)
    (config / "base.yaml").write_text(base)
    for name, text in {"lab": LAB, **environments}.items():
        (config / f"{name}.yaml").write_text(text)
    return folder


@contextmanager
def engine_project(folder: Path, *, base: str = BASE, **environments: str) -> Iterator[Path]:
    """Yield a new project with a running Sail; its sessions and its engine end with the block.

    Inside the block DEX_PROJECT names the project, so that `load_environment("local")` finds it from any folder.

    Example:
        with engine_project(tmp_path / "trial") as project:
            session = get_session("local")
    """
    from dex.engines import engine_for
    from dex_dbutils import load_environment
    from dex_dbutils.config import environment_names, find_project
    from dex_dbutils.session import close_session, use_environment

    project = make_project(folder, base=base, **environments)
    before = os.environ.get("DEX_PROJECT")
    os.environ["DEX_PROJECT"] = str(project)
    use_environment(None)  # what another test has bound in this process
    engine = engine_for(load_environment("local", start=project))
    try:
        engine.start()
        yield project
    finally:
        use_environment(None)
        for name in environment_names(find_project(project)):
            close_session(load_environment(name, start=project))
        engine.stop()
        if before is None:
            os.environ.pop("DEX_PROJECT", None)
        else:
            os.environ["DEX_PROJECT"] = before
