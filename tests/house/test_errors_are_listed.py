"""Every code that a person can meet has one entry in docs/errors."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    p
    for folder in ("dbutils_lib", "agents", "kernel_magics", "extension/server", "notebook_templates")
    for p in (ROOT / folder).rglob("*.py")
]
CODE = re.compile(r"DEX-[A-Z]+-\d\d")


def raised() -> set[str]:
    return {code for path in SOURCES for code in CODE.findall(path.read_text(encoding="utf-8"))}


def listed() -> Counter[str]:
    rows = re.compile(r"^(?:\|\s*`?|#+\s*`?)(DEX-[A-Z]+-\d\d)", re.MULTILINE)
    return Counter(
        code for page in (ROOT / "docs/errors").glob("*.md") for code in rows.findall(page.read_text("utf-8"))
    )


def test_every_code_in_the_source_has_an_entry() -> None:
    missing = sorted(raised() - set(listed()))
    assert not missing, f"not listed under docs/errors: {missing}"


def test_every_entry_is_a_code_that_can_be_met_and_stands_once() -> None:
    entries = listed()
    assert not sorted(set(entries) - raised())
    assert [code for code, count in entries.items() if count > 1] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs/errors").glob("*.md")), ids=lambda p: p.stem)
def test_every_page_says_what_to_do(page: Path) -> None:
    rows = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| DEX-")]
    assert all(len([cell for cell in row.strip("|").split("|") if cell.strip()]) >= 3 for row in rows)
