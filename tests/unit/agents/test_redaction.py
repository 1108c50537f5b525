"""Secrets are blotted out wherever they stand."""

from __future__ import annotations

import json

from dex_agents.redaction import Redaction


def test_a_known_value_becomes_its_variables_name() -> None:
    redact = Redaction([("KEY", "sk-12345678"), ("LONGER", "sk-12345678-more")])
    assert redact("a sk-12345678-more b sk-12345678 c") == "a [LONGER] b [KEY] c"


def test_a_value_with_quotes_is_found_inside_json_as_well() -> None:
    redact = Redaction([("KEY", 'pass"word\\ü')])
    assert json.loads(redact(json.dumps({"x": 'my pass"word\\ü'}))) == {"x": "my [KEY]"}
    assert json.loads(redact(json.dumps({"x": 'my pass"word\\ü'}, ensure_ascii=False))) == {"x": "my [KEY]"}


def test_words_too_short_for_a_secret_stay() -> None:
    assert Redaction([("ENV", "dev")])("the dev environment") == "the dev environment"
