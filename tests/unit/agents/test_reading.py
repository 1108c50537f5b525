"""What a model says is read as a plan, as code, as a refusal or as nonsense."""

from __future__ import annotations

import pytest
from dex_agents.context import Context
from dex_agents.evidence import Evidence
from dex_agents.models import AgentRequest
from dex_agents.providers.reading import is_refusal, read_answer
from dex_dbutils import PlanError
from hypothesis import given
from hypothesis import strategies as st

PLAN = '{"steps": [{"op": "drop_duplicates"}]}'
CONTEXT = Context(
    AgentRequest(role="silver", text="Drop exact duplicates.", frames=["raw"], into="out"),
    "raw", "out", {"a": "string"}, {}, None, Evidence(1, {}), {},
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        PLAN,
        f"```json\n{PLAN}\n```",
        f"Here is the plan:\n```\n{PLAN}\n```\nEnjoy!",
        f"Sure! {PLAN} That is all.",
        f"\n\n{PLAN}\n",
    ],
)
def test_a_plan_is_found_in_whatever_stands_around_it(text: str) -> None:
    plan = read_answer(text, CONTEXT).plan
    assert plan is not None
    assert [step.op for step in plan.steps] == ["drop_duplicates"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I like data.",
        PLAN[:-2],
        '{"steps": []}',
        "[1, 2]",
        '{"plan": 3}',
        "{" * 5000,
        '{"steps": [{"op": "trim", "columns": ["b"]}]}',
    ],
)
def test_what_is_neither_plan_nor_code_is_refused(text: str) -> None:
    with pytest.raises(PlanError):
        read_answer(text, CONTEXT)


def test_code_gets_its_marker_imports_and_last_line() -> None:
    code = read_answer('```python\ndef clean_out(raw):\n    return raw.filter(F.col("a") != "")\n```', CONTEXT).code
    assert code == (
        "from pyspark.sql import functions as F\n\n\n"
        '# dex: transform clean_out\ndef clean_out(raw):\n    return raw.filter(F.col("a") != "")\n\n\n'
        "out = clean_out(raw)\n"
    )


def test_code_in_json_may_declare_its_columns() -> None:
    answer = read_answer('{"code": "def f(raw):\\n    return raw", "columns": {"a": "string"}}', CONTEXT)
    assert answer.types == {"a": "string"}
    assert answer.code is not None
    assert answer.code.endswith("out = f(raw)\n")


@pytest.mark.parametrize(
    "text",
    ["I'm sorry, but I can't help with that.", "Sorry, no.", "I cannot do this.", "As an AI model, I must decline."],
)
def test_refusals_are_known(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize("text", [PLAN, f"Sorry for the wait! {PLAN}", "Data cleaning is nice.", ""])
def test_other_answers_are_no_refusals(text: str) -> None:
    assert not is_refusal(text)


@given(st.text(alphabet='{}[]":,\\`abc deforw\n()') | st.text())
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    try:
        answer = read_answer(text, CONTEXT)
    except PlanError as error:
        assert error.code.startswith("DEX-AGENT-1")
    else:
        assert answer.plan is not None or answer.code is not None
