"""`%%agent silver` with a model that misbehaves: nothing is lost, and the error says what to do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from dex_agents import AgentEvent
from dex_dbutils import ProviderError
from scripted_service import Reply, ScriptedService

PLAN = {"steps": [{"op": "null_tokens", "tokens": ["NA"]}, {"op": "cast", "columns": ["amount"], "to": "double"}]}
REQUEST = "NA means null. Make amount a number."
GOOD_CODE = """```python
def clean_sales(sales):
    return sales.replace("NA", None).withColumn("amount", F.col("amount").cast("double"))
```"""
WRITES = """```python
def clean_sales(sales):
    sales.write.mode("overwrite").saveAsTable("silver.sales")
    return sales
```"""


def statuses(run: Any) -> dict[str, str]:
    return {check.name: check.status for check in run.verdict.checks}


def test_a_plan_is_compiled_tried_and_shown(
    ask: Callable[..., Any], service: ScriptedService, runs: Callable[[], list[Any]]
) -> None:
    service.say(PLAN)
    events: list[AgentEvent] = []
    run = ask(REQUEST, on_event=events.append)
    assert run.status == "passed"
    assert '.withColumn("amount", F.col("amount").cast("double"))' in run.proposal.code
    assert "".join(event.text for event in events if event.stage == "text") == json.dumps(PLAN)
    assert [event.stage for event in events if event.stage != "text"] == ["context", "ask", "compile", "gate", "done"]
    assert runs()[0].status == "passed"
    assert runs()[0].tokens == 110


def test_nonsense_is_answered_once_more_and_then_used(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say("Sure! Cleaning data is important.", PLAN)
    run = ask(REQUEST)
    assert run.status == "passed"
    assert "That cannot be used" in service.prompts[1]
    assert run.tokens.total == 220


def test_a_plan_for_columns_that_are_not_there_is_repaired(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say({"steps": [{"op": "trim", "columns": ["nmae"]}]}, PLAN)
    assert ask(REQUEST).status == "passed"
    assert "Did you mean 'name'?" in service.prompts[1]


def test_a_plan_that_loses_values_is_repaired_without_telling_the_values(
    ask: Callable[..., Any], service: ScriptedService
) -> None:
    service.say({"steps": [{"op": "cast", "columns": ["name"], "to": "int"}]}, PLAN)
    assert ask(REQUEST).status == "passed"
    repair = service.requests[1]["messages"][-1]["content"]
    assert "values of name are no int" in repair
    assert "Anna" not in repair


def test_nonsense_to_the_end_is_an_error_and_a_line_in_the_ledger(
    ask: Callable[..., Any], service: ScriptedService, runs: Callable[[], list[Any]]
) -> None:
    service.say("no", "not at all", "never")
    with pytest.raises(ProviderError) as caught:
        ask(REQUEST)
    assert caught.value.code == "DEX-PROVIDER-11"
    assert len(service.requests) == 3
    assert runs()[0].status == "error"


def test_a_model_that_repeats_itself_is_not_asked_a_third_time(
    ask: Callable[..., Any], service: ScriptedService
) -> None:
    service.say("no", "no", PLAN)
    with pytest.raises(ProviderError):
        ask(REQUEST)
    assert len(service.requests) == 2


def test_a_plan_that_leaves_out_a_phrase_is_repaired_or_failed(
    ask: Callable[..., Any], service: ScriptedService
) -> None:
    half = {"steps": [{"op": "null_tokens", "tokens": ["NA"]}]}
    service.say(half, PLAN)
    assert ask("NA means null. Cast amount to double.").status == "passed"
    assert "amount is string, asked for is double" in service.prompts[1]
    service.say(half, half)
    run = ask("NA means null. Cast amount to double.")
    assert run.status == "failed"
    assert statuses(run)["request"] == "failed"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"op": "drop_columns", "columns": ["name"]}, "column name is gone"),
        ({"op": "select", "columns": ["amount"]}, "column day is gone"),
        ({"op": "rename", "column": "name", "to": "who"}, "column name is gone"),
        ({"op": "filter", "column": "name", "compare": "==", "value": "Ben"}, "rows go by name"),
        ({"op": "reject", "column": "name", "compare": "is null"}, "rows go by name"),
        ({"op": "drop_nulls", "columns": ["amount"]}, "rows without amount go"),
        ({"op": "drop_duplicates"}, "duplicates go"),
        ({"op": "fill", "columns": ["amount"], "value": "7"}, "missing values of amount are filled"),
        ({"op": "standard_case", "columns": ["name"], "to": "upper"}, "the case of name changes"),
        ({"op": "null_tokens", "tokens": ["NA", "Ben"]}, "words in name become null"),
    ],
)
def test_a_step_that_takes_away_what_nobody_asked_for_fails(
    ask: Callable[..., Any], service: ScriptedService, step: dict[str, Any], said: str
) -> None:
    plan = {"steps": [PLAN["steps"][0], step]}
    service.say(plan, plan)
    run = ask("NA means null.")
    request = next(check for check in run.verdict.checks if check.name == "request")
    assert (run.status, request.status) == ("failed", "failed")
    assert f"{said}, which was not asked for" in request.detail
    assert said in service.prompts[1]


def test_a_step_that_takes_away_is_for_a_person_to_judge_where_the_request_is_not_understood(
    ask: Callable[..., Any], service: ScriptedService
) -> None:
    service.say({"steps": [{"op": "filter", "column": "name", "compare": "==", "value": "Ben"}]})
    run = ask("Only what Ben sold.")
    assert (run.status, statuses(run)["request"]) == ("incomplete", "not run")
    assert "rows go by name" in run.to_text()


def test_steps_that_take_away_what_was_asked_for_pass(ask: Callable[..., Any], service: ScriptedService) -> None:
    steps = [
        {"op": "null_tokens", "tokens": ["NA"]},
        {"op": "rename", "column": "amount", "to": "price"},
        {"op": "reject", "column": "price", "compare": "is null"},
        {"op": "drop_columns", "columns": ["day"]},
    ]
    service.say({"steps": steps})
    request = "NA means null. Rename amount to price. Drop rows without amount. Drop the column day."
    assert ask(request).status == "passed"


def test_a_truncated_answer_is_asked_for_again(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say(Reply('{"steps": [{"op": "null_to', finish="length"), PLAN)
    assert ask(REQUEST).status == "passed"
    assert "too long" in service.prompts[1]


def test_answers_that_are_always_truncated_are_an_error(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say(*[Reply('{"steps": [', finish="length")] * 3)
    with pytest.raises(ProviderError) as caught:
        ask(REQUEST)
    assert caught.value.code == "DEX-PROVIDER-10"


def test_429_then_success(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say(Reply("slow down", status=429, headers={"Retry-After": "0"}), PLAN)
    assert ask(REQUEST).status == "passed"


def test_a_cut_stream_then_success(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say(Reply(json.dumps(PLAN), cut_after=20, piece=10), PLAN)
    assert ask(REQUEST).status == "passed"


@pytest.mark.parametrize(
    "reply", [Reply("I'm sorry, but I can't help with that."), Reply("", refusal="against my rules")]
)
def test_a_refusal_is_said_as_such_and_not_argued_with(
    ask: Callable[..., Any], service: ScriptedService, reply: Reply
) -> None:
    service.say(reply)
    with pytest.raises(ProviderError) as caught:
        ask(REQUEST)
    assert caught.value.code == "DEX-PROVIDER-12"
    assert len(service.requests) == 1


def test_a_model_that_is_too_slow(
    ask: Callable[..., Any], service: ScriptedService, runs: Callable[[], list[Any]]
) -> None:
    service.say(Reply("late", delay=30))
    with pytest.raises(ProviderError) as caught:
        ask(REQUEST, timeout_seconds=0.3)
    assert caught.value.code == "DEX-PROVIDER-09"
    assert runs()[0].status == "error"


def test_code_instead_of_a_plan_passes_the_same_gate(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say(GOOD_CODE)
    run = ask(REQUEST)
    assert "# dex: transform clean_sales\ndef clean_sales(sales):" in run.proposal.code
    assert run.proposal.code.endswith("sales_clean = clean_sales(sales)\n")
    assert statuses(run)["policy"] == "passed"
    assert statuses(run)["columns"] == "not run"
    assert run.status == "incomplete"


def test_a_proposal_that_writes_is_refused_and_nothing_is_written(
    ask: Callable[..., Any], service: ScriptedService, session: Any
) -> None:
    service.say(WRITES, WRITES, WRITES)
    run = ask(REQUEST)
    assert run.status == "failed"
    assert statuses(run)["policy"] == "failed"
    assert statuses(run)["sample"] == "not run"
    assert "Not allowed: line" in service.prompts[1]
    from dex_dbutils.catalog import list_tables

    assert list_tables(session.environment) == []


def test_code_that_never_ends_fails_and_the_kernel_lives_on(ask: Callable[..., Any], service: ScriptedService) -> None:
    endless = """```python
def clean_sales(sales):
    names = ["a"]
    for name in names:
        names.append(name)
    return sales
```"""
    service.say(endless, PLAN)
    assert ask(REQUEST).status == "passed"
    assert "the code has not ended after 100,000 lines" in service.prompts[1]


def test_a_proposal_that_writes_can_be_repaired(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say(WRITES, PLAN)
    assert ask(REQUEST).status == "passed"


def test_a_budget_that_does_not_suffice_sends_nothing(ask: Callable[..., Any], service: ScriptedService) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(REQUEST, budget=100)
    assert caught.value.code == "DEX-PROVIDER-13"
    assert service.requests == []


def test_a_budget_ends_the_repairs(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say(*["nonsense"] * 3)
    first = ask_prompt_tokens(ask, service)
    with pytest.raises(ProviderError) as caught:
        ask(REQUEST, budget=first + 60)
    assert caught.value.code == "DEX-PROVIDER-13"
    assert len(service.requests) == 1 + 1


def ask_prompt_tokens(ask: Callable[..., Any], service: ScriptedService) -> int:
    """Return about how many tokens the first question has."""
    service.script.insert(0, Reply(json.dumps(PLAN)))
    ask(REQUEST)
    return round(sum(len(message["content"]) for message in service.requests[0]["messages"]) / 3.5)


def test_only_the_digest_of_the_profile_tells_a_model_of_values(
    ask: Callable[..., Any], service: ScriptedService, sales: Any
) -> None:
    from dex_agents.run import DIGEST_CHARACTERS
    from dex_dbutils.profile import profile

    service.say(PLAN)
    ask(REQUEST)
    digest = profile(sales, name="sales").digest(DIGEST_CHARACTERS).strip()
    assert digest in service.prompts[0]
    rest = service.prompts[0].replace(digest, "")
    assert [value for value in ("Anna", "Zeno Zebra", "12.50", "2024-01-03") if value in rest] == []


def test_keys_and_secrets_are_in_no_prompt_ledger_line_or_output(
    ask: Callable[..., Any],
    service: ScriptedService,
    ledger_text: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-99887766")
    service.say(PLAN)
    run = ask("NA means null. My key is sk-secret-99887766.")
    assert service.requests[0]["headers"]["authorization"].endswith("sk-secret-99887766")
    assert "99887766" not in service.prompts[0]
    assert "99887766" not in ledger_text()
    assert "99887766" not in json.dumps(run._repr_mimebundle_(), default=str)


def test_the_output_is_the_same_for_the_same_answer(ask: Callable[..., Any], service: ScriptedService) -> None:
    service.say(PLAN, PLAN)
    first, second = (ask(REQUEST)._repr_mimebundle_()[0] for _ in range(2))
    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


def test_an_interrupt_ends_the_stream_at_the_service_and_is_recorded(
    ask: Callable[..., Any], service: ScriptedService, runs: Callable[[], list[Any]]
) -> None:
    import _thread

    service.say(Reply("x" * 5000, piece=1, delay=0.02))

    def interrupt() -> None:
        assert service.streaming.wait(20)
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        ask(REQUEST)
    thread.join()
    assert service.gone.wait(10)
    assert runs()[0].status == "interrupted"
