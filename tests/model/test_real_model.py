"""A real small model behind a real HTTP endpoint drives `%%agent silver`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dex_agents import AgentEvent
from engine_fixture import BASE, engine_project
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from small_model import SALES, Endpoint

pytestmark = [pytest.mark.real_model, pytest.mark.slow]
REQUEST = "NA means null. Cast amount to double. Drop exact duplicates. The key is day."
HARDER = "NA means null. Cast amount to double and day to date. Drop exact duplicates."


@pytest.fixture
def settings(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("SMALL_MODEL_KEY", endpoint.key)
    return {
        "base_url": endpoint.url,
        "model": endpoint.model,
        "api_key_env": "SMALL_MODEL_KEY",
        "timeout_seconds": 300.0,
    }


def test_the_model_plans_and_the_plan_cleans_the_data(
    ask: Callable[..., Any], sales: Any, endpoint: Endpoint, settings: dict[str, Any]
) -> None:
    events: list[AgentEvent] = []
    run = ask(REQUEST, on_event=events.append, **settings)

    assert run.provider == "openai"
    assert run.model == endpoint.model
    assert "".join(event.text for event in events if event.stage == "text").startswith('{"steps"')
    assert [step["op"] for step in run.proposal.plan["steps"]] == ["null_tokens", "cast", "drop_duplicates"]
    assert {check.name: check.status for check in run.verdict.checks} == dict.fromkeys(
        ["parse", "policy", "sample", "columns", "values", "rows", "key", "assertions", "request"], "passed"
    )
    assert not run.tokens.estimated

    from pyspark.sql import DataFrame, functions

    names = {"DataFrame": DataFrame, "F": functions, "sales": sales}
    exec(run.proposal.code, names)  # noqa: S102  the proposal is what is tested
    rows = sorted(tuple(row) for row in names["sales_clean"].fillna(-1, subset=["amount"]).collect())
    assert rows == [("2024-01-01", 12.5, "Anna"), ("2024-01-02", -1.0, "Ben"), ("2024-01-03", 7.25, "Zeno Zebra")]


def test_the_magic_asks_the_model_that_the_configuration_names(
    tmp_path: Path, endpoint: Endpoint, settings: dict[str, Any]
) -> None:
    from dex import session as binding

    agents = json.dumps({"provider": "openai", **settings})
    shell = InteractiveShell.instance()
    with engine_project(tmp_path / "trial", base=f"{BASE}agents: {agents}\n"):
        (tmp_path / "trial/sales.csv").write_text(SALES)
        shell.run_line_magic("load_ext", "dex")
        binding.bind("local", namespace=shell.user_ns)
        shell.user_ns["sales"] = shell.user_ns["spark"].read.option("header", True).csv("sales.csv")
        with capture_output(stdout=False, stderr=False, display=True) as shown:
            shell.run_cell_magic("agent", "silver @sales --into sales_clean", REQUEST)
    (output,) = shown.outputs
    assert output.data["text/plain"].startswith(f"silver: passed, on all 4 rows (openai, {endpoint.model})")
    assert output.data["application/vnd.dex.run.v1+json"]["proposal"]["into"] == "sales_clean"
    InteractiveShell.clear_instance()


def test_a_plan_that_leaves_out_what_was_asked_is_not_called_verified(
    ask: Callable[..., Any], settings: dict[str, Any]
) -> None:
    run = ask(HARDER, **settings)
    types = {change.name: change.after for change in run.verdict.columns}
    request = next(check for check in run.verdict.checks if check.name == "request")
    done = (types.get("day"), types.get("amount")) == ("date", "double")
    assert (request.status == "passed") == done
    assert done or run.status == "failed"


def test_a_wrong_key_is_an_error(ask: Callable[..., Any], endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    from dex_dbutils import ProviderError

    monkeypatch.setenv("SMALL_MODEL_KEY", "wrong-key-1234")
    with pytest.raises(ProviderError) as caught:
        ask(REQUEST, base_url=endpoint.url, model=endpoint.model, api_key_env="SMALL_MODEL_KEY")
    assert caught.value.code == "DEX-PROVIDER-04"
    assert "wrong-key-1234" not in str(caught.value)
