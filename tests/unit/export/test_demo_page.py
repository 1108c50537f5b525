"""The page that shows the demo's export shows what an export writes."""

from __future__ import annotations

from pathlib import Path

from demo_export import PAGE, filled


def test_the_page_shows_the_export_as_it_is(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    assert page.count("```py\n") == 2
    assert "def clean_flights(" in page
    assert filled(page, tmp_path) == page, "python3 dev.py outputs fills the page anew"
