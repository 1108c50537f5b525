"""One engine, one scripted service and one small model for the level."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripted_service import ScriptedService, scripted_service
from small_model import SALES

if TYPE_CHECKING:
    from dex_agents import Run
    from dex_dbutils import Session
    from small_model import Endpoint

Ask = Callable[..., "Run"]


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The session of `local` in a project whose Sail runs for the whole level."""
    from dex_dbutils import get_session, load_environment
    from engine_fixture import engine_project

    with engine_project(tmp_path_factory.mktemp("model") / "trial") as project:
        (project / "sales.csv").write_text(SALES)
        yield get_session(load_environment("local", start=project))


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    """A service that answers from a script."""
    with scripted_service() as running:
        yield running


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """A small model that answers."""
    from small_model import small_model

    with small_model() as running:
        yield running


@pytest.fixture
def sales(session: Session) -> Any:
    """Four rows of text, two of them the same."""
    path = session.environment.project.root / "sales.csv"
    return session.spark.read.option("header", True).csv(str(path))


@pytest.fixture
def ask(session: Session, sales: Any, service: ScriptedService) -> Ask:
    """Ask `silver` about the sales; the scripted service answers unless another address is given."""
    from dataclasses import replace

    from dex_agents import AgentRequest, run_agent

    def run(text: str, *, on_event: Any = None, **agents: Any) -> Run:
        settings = {
            "provider": "openai",
            "base_url": service.url,
            "model": "scripted",
            "timeout_seconds": 20.0,
            **agents,
        }
        environment = session.environment
        config = environment.agents.model_copy(update=settings)
        bound = replace(session, environment=environment.model_copy(update={"agents": config}))
        request = AgentRequest(role="silver", text=text, frames=["sales"], into="sales_clean")
        return run_agent(request, bound, {"sales": sales}, on_event=on_event)

    return run


@pytest.fixture
def runs(session: Session) -> Callable[[], list[Any]]:
    """The project's runs, newest first."""
    from dex_agents import Ledger

    return lambda: list(Ledger(session.environment.project).runs())


@pytest.fixture
def ledger_text(session: Session) -> Callable[[], str]:
    """Everything that the ledger's files hold."""
    folder: Path = session.environment.project.dex_dir / "runs"
    return lambda: "".join(path.read_text("utf-8") for path in folder.glob("*.jsonl"))
