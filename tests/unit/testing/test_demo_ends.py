"""The demo says so where it came to its end, but not to what it is there to show."""

from __future__ import annotations

from typing import Any

import pytest
from dex_templates.demo import problems

GOOD: dict[str, Any] = {"verdicts": ["silver: passed", "silver: passed"], "bundle": "ok"}


def test_two_verified_proposals_and_a_sound_bundle_are_what_it_shows() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"verdicts": ["silver: failed", "silver: passed"]}, "silver: failed"),
        ({"verdicts": ["silver: passed"]}, "not verified"),
        ({"verdicts": []}, "none was made"),
        ({"bundle": "not ok"}, "bundle"),
    ],
)
def test_anything_else_is_a_problem_that_is_told(change: dict[str, Any], word: str) -> None:
    (problem,) = problems({**GOOD, **change})
    assert word in problem
