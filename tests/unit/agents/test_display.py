"""A run is shown as text, as HTML that follows the page's theme, and as JSON; the same for the same answer."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from html.parser import HTMLParser
from typing import Any

from dex_agents.models import AgentRequest, Check, ColumnChange, Message, Proposal, Run, StepRows, Tokens, Verdict

CODE = '# dex: transform clean_out\ndef clean_out(raw):\n    """<b>&"""\n    return raw.replace("<script>", None)\n\n\nout = clean_out(raw)\n'


def make(**changes: Any) -> Run:
    checks = [
        Check(name="parse", status="passed", detail="the code is Python"),
        Check(name="key", status="not run", required=False, detail="the request names no key"),
        Check(name="values", status="failed", detail="2 values of n are no int, such as '<i>'"),
    ]
    rows = [StepRows(step="drop duplicates", rows_in=4, rows_out=3)]
    columns = [
        ColumnChange(name="a", before="string", after="int"),
        ColumnChange(name="b", before="string", after="int"),
        ColumnChange(name="c", before=None, after="date"),
        ColumnChange(name="d", before="string", after=None),
    ]
    values: dict[str, Any] = {
        "id": "20260101T000000-00000000",
        "role": "silver",
        "environment": "local",
        "request": AgentRequest(role="silver", text="NA means null.", frames=["raw"]),
        "provider": "rules",
        "proposal": Proposal(
            code=CODE, function="clean_out", into="out", assertions="assert True\n", not_followed=["<u>x</u>"]
        ),
        "verdict": Verdict.of(checks, "all 4 rows", rows, columns),
        "outcome": "proposed",
        "started": datetime(2026, 1, 1, tzinfo=timezone.utc),
        "seconds": 1.5,
    }
    return Run(**{**values, **changes})


class Balance(HTMLParser):
    """Notes the elements that are open, and every text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_text_has_verdict_code_checks_rows_and_columns() -> None:
    text = make().to_text()
    assert text.startswith("silver: failed, on all 4 rows (rules)\n")
    for part in (
        CODE.rstrip(),
        "failed   values",
        "not run  key",
        "drop duplicates: 4 -> 3",
        "string -> int: a, b",
        "new date: c",
        "gone, was string: d",
        "<u>x</u>",
    ):
        assert part in text


def test_the_html_is_well_formed_escaped_and_has_no_script_or_identifier() -> None:
    html = make()._repr_mimebundle_()[0]["text/html"]
    page = Balance(html)
    assert page.open == []
    assert not page.seen & {"script", "b", "i", "u", "style", "link", "img"}
    assert " id=" not in html
    assert CODE.rstrip() in page.text
    assert "<u>x</u>" in page.text


def test_every_colour_of_the_html_is_the_themes_with_a_fallback() -> None:
    html = make()._repr_mimebundle_()[0]["text/html"]
    colours = re.findall(r"(?:color|background):([^;']+)", html)
    assert len(colours) > 10
    assert [c for c in colours if c != "inherit" and not re.fullmatch(r"var\(--jp-[\w-]+, [^)]+\)", c)] == []


def test_what_differs_from_run_to_run_is_in_the_metadata_alone() -> None:
    later = {"id": "20260202T000000-11111111", "started": datetime(2026, 2, 2, tzinfo=timezone.utc), "seconds": 9.0}
    first, metadata = make()._repr_mimebundle_()
    second, _ = make(**later, tokens=Tokens(prompt=5))._repr_mimebundle_()
    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (metadata["dex"]["run_id"], metadata["dex"]["verified"]) == ("20260101T000000-00000000", False)
    json.dumps(metadata)


def test_a_dry_run_shows_the_prompt_and_other_runs_do_not() -> None:
    prompt = [Message(role="user", content="the whole question")]
    dry = make(
        outcome="dry run", proposal=None, verdict=None, prompt=prompt, provider="openai", model="m"
    )._repr_mimebundle_()[0]
    assert all("the whole question" in json.dumps(value) for value in dry.values())
    assert all(
        "the whole question" not in json.dumps(value) for value in make(prompt=prompt)._repr_mimebundle_()[0].values()
    )


def test_a_verdict_passes_only_if_every_required_check_passed() -> None:
    def status(*statuses: str, required: bool = True) -> str:
        return Verdict.of([Check(name="x", status=s, required=required) for s in statuses]).status  # type: ignore[arg-type]

    assert status("passed", "passed") == "passed"
    assert status("passed", "not run") == "incomplete"
    assert status("passed", "not run", "failed") == "failed"
    assert status() == "incomplete"
    assert status("passed", required=False) == "incomplete"
