"""One engine for the whole level, and projects of their own for tests that break things."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine_fixture import engine_project
from pipeline_sources import Trial

if TYPE_CHECKING:
    from dex_dbutils import Environment, Session


@pytest.fixture(scope="session")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose Sail runs for the whole level; leave it running."""
    with engine_project(tmp_path_factory.mktemp("shared") / "trial") as project:
        yield project


@pytest.fixture(scope="session")
def session(shared_project: Path) -> Session:
    """The session of `local` in the shared project."""
    from dex_dbutils import get_session, load_environment

    return get_session(load_environment("local", start=shared_project))


@pytest.fixture(scope="module")
def own_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of a module's own whose Sail runs: with tables and files that others would be in the way of."""
    with engine_project(tmp_path_factory.mktemp("own") / "trial") as project:
        yield project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project of the test's own whose Sail runs, and which a test may kill."""
    with engine_project(tmp_path / "trial") as made:
        yield made


@pytest.fixture
def in_another_process() -> Callable[..., str]:
    """Run Python code in a process of its own and return what it printed."""

    def run(code: str, *arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
        words = [sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def clean(session: Session) -> Callable[..., Any]:
    """Ask `silver` about a frame, or about rows of text; return the run and what its code gives for the whole frame."""

    from dex_agents import AgentRequest, run_agent

    def run(text: str, frame: Any, **others: Any) -> tuple[Any, Any]:
        if isinstance(frame, dict):
            names = list(frame)
            rows = list(zip(*frame.values(), strict=True))
            frame = session.spark.createDataFrame(rows, ", ".join(f"`{name}` string" for name in names))
        frames = {"raw": frame, **others}
        done = run_agent(AgentRequest(role="silver", text=text, frames=list(frames), into="out"), session, frames)
        namespace = dict(frames)
        exec(done.proposal.code, namespace)  # noqa: S102  the proposal is what is tested
        return done, namespace["out"]

    return run


@pytest.fixture(scope="session")
def real(session: Session) -> Callable[[str], Any]:
    """Read a CSV of the demo's data as text."""
    from dex_templates.demo import flights_data

    return lambda name: session.spark.read.option("header", True).csv(str(flights_data() / f"{name}.csv"))


@pytest.fixture(scope="module")
def environment(own_project: Path) -> Environment:
    """The environment `local` of a module's own project."""
    from dex_dbutils import load_environment

    return load_environment("local", start=own_project)


@pytest.fixture(scope="module")
def spark(environment: Environment) -> Any:
    """The session of a module's own project."""
    from dex_dbutils import get_session

    return get_session(environment).spark


@pytest.fixture
def trial(environment: Environment, request: pytest.FixtureRequest) -> Trial:
    """A pipeline of the test's own, in a module's own project."""
    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_"))[:60].strip("_").lower()
    return Trial(environment, name)
