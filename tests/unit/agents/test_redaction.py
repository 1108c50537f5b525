"""Secrets are blotted out wherever they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from dex.notebook.failures import CellFailed
from dex_agents.models import Check
from dex_agents.redaction import Redaction, redaction_for
from dex_dbutils import Where
from dex_dbutils.config import Project


def test_a_known_value_becomes_its_variables_name() -> None:
    redact = Redaction([("KEY", "sk-12345678"), ("LONGER", "sk-12345678-more")])
    assert redact("a sk-12345678-more b sk-12345678 c") == "a [LONGER] b [KEY] c"


def test_a_value_with_quotes_is_found_inside_json_as_well() -> None:
    redact = Redaction([("KEY", 'pass"word\\ü')])
    assert json.loads(redact(json.dumps({"x": 'my pass"word\\ü'}))) == {"x": "my [KEY]"}
    assert json.loads(redact(json.dumps({"x": 'my pass"word\\ü'}, ensure_ascii=False))) == {"x": "my [KEY]"}


def test_a_key_of_several_lines_is_hidden_in_a_log_line_by_line() -> None:
    redact = Redaction([("KEY", "-----BEGIN KEY-----\nc2VjcmV0\n-----END KEY-----")])
    assert redact("it is c2VjcmV0\n") == "it is [KEY]\n"
    assert redact("-----BEGIN KEY-----\nc2VjcmV0\n-----END KEY-----") == "[KEY]"


def test_words_too_short_for_a_secret_stay() -> None:
    assert Redaction([("ENV", "dev")])("the dev environment") == "the dev environment"


def test_keys_and_the_words_of_a_status_stay_whatever_a_secret_is() -> None:
    redact = Redaction([("KEY", "passed"), ("OTHER", "detail")])
    check = Check(name="sample", status="passed", detail="it passed")
    assert redact.model(check) == Check(name="sample", status="passed", detail="it [KEY]")
    assert redact.tree({"detail": ["a detail", 1, None]}) == {"detail": ["a [OTHER]", 1, None]}


def test_tuples_are_looked_through_named_ones_too() -> None:
    class Pair(NamedTuple):
        name: str
        count: int

    redact = Redaction([("KEY", "sk-12345678")])
    assert redact.tree((Pair("is sk-12345678", 1), ["sk-12345678"])) == (("is [KEY]", 1), ["[KEY]"])


@pytest.mark.parametrize(
    "line",
    [
        "password: ${env:TRIAL}",
        'parameters: {team: x, api_token: "Bearer ${env:TRIAL}"}',
        "team: ${env:TRIAL_PASSWORD}",
        "url: postgres://user:${env:TRIAL}@host/db",
        "connection: Server=x;Password=${env:TRIAL};Port=1",
        "agents: {api_key_env: TRIAL}",
    ],
)
def test_what_is_configured_as_a_secret_is_one(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRIAL", "TRIAL_PASSWORD"):
        monkeypatch.setenv(name, "hunter2-hunter2")
    assert "hunter2" not in redaction_of(line, tmp_path)("with hunter2-hunter2")


@pytest.mark.parametrize("line", ['parameters: {team: "${env:TRIAL}"}', "catalog: ${env:TRIAL:-dev}", "token: abc"])
def test_a_plain_setting_is_no_secret(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAL", "amount")
    assert redaction_of(line, tmp_path)("the column amount") == "the column amount"


def redaction_of(line: str, folder: Path) -> Redaction:
    (folder / "config").mkdir()
    (folder / "config/base.yaml").write_text(line + "\n")
    return redaction_for(Project(name="trial", package="trial", root=folder, exists=True))


def test_secrets_of_dbutils_are_hidden_from_variables_and_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEX_SECRET_FLIGHTS_TOKEN", "hunter2-variable")
    secrets = tmp_path / ".dex/secrets.yaml"
    secrets.parent.mkdir()
    secrets.write_text("flights: {api.key: hunter2-file}\n")
    secrets.chmod(0o600)
    redact = redaction_of("catalog: dev", tmp_path)
    assert redact("hunter2-variable, hunter2-file") == "[DEX_SECRET_FLIGHTS_TOKEN], [DEX_SECRET_FLIGHTS_API_KEY]"
    secrets.write_text("flights: [hunter2-file")  # not YAML: nobody can read it as a secret
    assert redaction_for(Project(name="trial", package="trial", root=tmp_path, exists=True))("as before") == "as before"


def test_an_error_keeps_its_code_and_loses_the_secrets_of_every_part() -> None:
    where = Where(file="jobs/hunter2.py", cell=3)
    failed = CellFailed("DEX-KEY-01", "hunter2 fails.", where, "Look at hunter2.", ["raise ValueError('hunter2')"])
    shown = Redaction([("KEY", "hunter2"), ("CODE", "DEX-KEY-01")]).error(failed)
    assert shown is failed
    assert shown.code == "DEX-KEY-01"
    assert shown.where == Where(file="jobs/[KEY].py", cell=3)
    assert "hunter2" not in f"{shown} {shown.to_dict()} {shown.args}"
