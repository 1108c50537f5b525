"""What dex writes as YAML is read as it was meant, by this project's reader and by others, and looks as people write it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from dex.bundle import scalar, to_yaml
from dex_dbutils.config import parse_document
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.text(" \"'#:@{}[]-é1\n\tyn~", max_size=8)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("team@example.org", "team@example.org"),
        ("Bestellungen für Zürich", "Bestellungen für Zürich"),
        ('["DE", "FR"]', '\'["DE", "FR"]\''),
        ('it\'s "it"', "'it''s \"it\"'"),
        ("{{job.parameters.day}}", '"{{job.parameters.day}}"'),
        ("0 0 6 * * ?", '"0 0 6 * * ?"'),
        ('two\n"lines"', '"two\\n\\"lines\\""'),
        ("@team", '"@team"'),
        ("4", '"4"'),
        ("no", '"no"'),
    ],
)
def test_a_text_stands_as_people_write_it(value: str, text: str) -> None:
    assert scalar(value) == text


@given(
    st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=3) | st.integers() | st.booleans() | st.none(), max_size=4)
)
def test_every_value_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    text = to_yaml(value)
    assert parse_document(text, "a.yml").values == value
    assert yaml.safe_load(text) in (value, None)
