"""A real small model behind a real HTTP endpoint drives `%%agent silver`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dex_agents import AgentEvent
from small_model import Endpoint

pytestmark = [pytest.mark.real_model, pytest.mark.slow]
REQUEST = "NA means null. amount is a number. Drop exact duplicates."


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    return {}


def test_the_model_plans_and_the_plan_cleans_the_data(
    ask: Callable[..., Any], sales: Any, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMALL_MODEL_KEY", endpoint.key)
    events: list[AgentEvent] = []
    settings = {
        "base_url": endpoint.url,
        "model": endpoint.model,
        "api_key_env": "SMALL_MODEL_KEY",
        "timeout_seconds": 300.0,
    }
    run = ask(REQUEST, on_event=events.append, **settings)

    assert run.provider == "openai"
    assert run.model == endpoint.model
    assert "".join(event.text for event in events if event.stage == "text").startswith('{"steps"')
    assert [step["op"] for step in run.proposal.plan["steps"]] == ["null_tokens", "cast", "drop_duplicates"]
    assert run.status == "passed"
    assert not run.tokens.estimated

    from pyspark.sql import DataFrame, functions

    names = {"DataFrame": DataFrame, "F": functions, "sales": sales}
    exec(run.proposal.code, names)  # noqa: S102  the proposal is what is tested
    rows = sorted(tuple(row) for row in names["sales_clean"].fillna(-1, subset=["amount"]).collect())
    assert rows == [("2024-01-01", 12.5, "Anna"), ("2024-01-02", -1.0, "Ben"), ("2024-01-03", 7.25, "Zeno Zebra")]


def test_a_wrong_key_is_an_error(ask: Callable[..., Any], endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    from dex_dbutils import ProviderError

    monkeypatch.setenv("SMALL_MODEL_KEY", "wrong-key-1234")
    with pytest.raises(ProviderError) as caught:
        ask(REQUEST, base_url=endpoint.url, model=endpoint.model, api_key_env="SMALL_MODEL_KEY")
    assert caught.value.code == "DEX-PROVIDER-04"
    assert "wrong-key-1234" not in str(caught.value)
