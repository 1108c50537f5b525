"""The prompt is what the snapshot says: a change of its words is a visible diff."""

from __future__ import annotations

import os
from pathlib import Path

from dex_agents.context import Context
from dex_agents.evidence import Evidence, TextValues
from dex_agents.models import AgentRequest, Message
from dex_agents.roles import ROLES, role_named

SNAPSHOTS = Path(__file__).parent / "snapshots"
DIGEST = "sales: 4 rows, 3 columns\n- day string: 3 distinct\n- amount string: null words NA 2\n- shop string"


def context(**others: dict[str, str]) -> Context:
    columns = {"day": "string", "amount": "string", "shop": "string"}
    fits = {"boolean": 0, "int": 0, "bigint": 0, "double": 2, "date": 0, "timestamp": 0}
    texts = {"day": TextValues(3, (), {"date": 3}), "amount": TextValues(2, ("NA",), fits), "shop": TextValues(4)}
    request = AgentRequest(
        role="silver", text="NA means null.\nThe key is day and shop.\n", frames=["sales", *others], into="clean"
    )
    return Context(request, "sales", "clean", columns, others, ("day", "shop"), Evidence(4, texts), {})


def test_the_prompt_of_silver() -> None:
    shops = {"shop": "string", "town": "string"}
    messages: list[Message] = role_named("silver").prompt(context(shops=shops), DIGEST)
    text = "".join(f"=== {message.role}\n{message.content}\n" for message in messages)
    snapshot = SNAPSHOTS / "silver.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text("utf-8")


def test_joins_are_offered_only_where_there_is_another_frame() -> None:
    assert '"op": "join"' not in role_named("silver").prompt(context(), DIGEST)[0].content


def test_every_role_has_a_prompt() -> None:
    assert {role_named(name).name for name in ROLES} == set(ROLES)
