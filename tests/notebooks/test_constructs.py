"""Everything that real notebooks hold, and that goes wrong with them, has a fixture that is about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fixture_notebooks import fixtures

CONSTRUCTS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("constructs.yaml").read_text("utf-8"))
BY_NAME = {str(fixture): fixture for fixture in fixtures()}
#: Traps in the list of those found in public notebooks.
TRAPS = 24


def test_every_trap_is_listed() -> None:
    assert [name for name in CONSTRUCTS if name.startswith("trap-")] == [f"trap-{n:02}" for n in range(1, TRAPS + 1)]
    assert len(CONSTRUCTS) >= 100
    assert all(
        entry["says"] and entry["in"] and not set(entry) - {"says", "sign", "in"} for entry in CONSTRUCTS.values()
    )


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_construct_stands_in_the_fixtures_that_are_about_it(name: str) -> None:
    entry = CONSTRUCTS[name]
    for fixture in entry["in"]:
        assert fixture in BY_NAME
        text = BY_NAME[fixture].path.read_text("utf-8")
        if sign := entry.get("sign"):
            assert re.search(sign, text, re.MULTILINE), f"{fixture} does not show {name}: {entry['says']}"


def test_the_constructs_reach_into_every_folder() -> None:
    named = {fixture for entry in CONSTRUCTS.values() for fixture in entry["in"]}
    assert {name.partition("/")[0] for name in named} == {fixture.folder for fixture in BY_NAME.values()}
