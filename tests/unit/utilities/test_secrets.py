"""`dbutils.secrets` on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dex_dbutils import UtilitiesError


def fails(code: str, call: Any) -> str:
    with pytest.raises(UtilitiesError) as caught:
        call()
    assert caught.value.code == code
    return str(caught.value)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_a_secret_comes_from_its_variable(dbutils: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEX_SECRET_FLIGHTS_PROD_API_TOKEN", "hunter2")
    secret = dbutils.secrets.get("flights-prod", "api.token")
    assert secret == "hunter2"
    assert f"Bearer {secret}" == "Bearer hunter2"
    assert dbutils.secrets.getBytes("flights-prod", "api.token") == b"hunter2"


def test_a_secret_is_hidden_where_a_notebook_shows_it(dbutils: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.lib.pretty import pretty

    monkeypatch.setenv("DEX_SECRET_S_K", "hunter2")
    secret = dbutils.secrets.get("s", "k")
    shown = [repr(secret), repr([secret]), repr({"k": secret}), pretty(secret), pretty([secret]), f"{secret!r}"]
    assert [text for text in shown if "hunter2" in text] == []
    assert "REDACTED" in shown[0]


def test_a_secret_comes_from_the_projects_file(dbutils: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / ".dex/secrets.yaml", "flights:\n  token: hunter2\n  pin: 0042\nother: {x: y}\n")
    assert dbutils.secrets.get("flights", "token") == "hunter2"
    assert dbutils.secrets.get("flights", "pin") == "0042"
    assert [s.getName() for s in dbutils.secrets.listScopes()] == ["flights", "other"]
    assert [s.key for s in dbutils.secrets.list("flights")] == ["pin", "token"]
    monkeypatch.setenv("DEX_SECRET_FLIGHTS_TOKEN", "from the variable")
    assert dbutils.secrets.get("flights", "token") == "from the variable"
    monkeypatch.setenv("DEX_SECRET_FLIGHTS_EXTRA", "x")
    assert [s.key for s in dbutils.secrets.list("flights")] == ["extra", "pin", "token"]


def test_the_variable_may_name_another_file(dbutils: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEX_SECRETS_FILE", str(tmp_path / "mine.yaml"))
    fails("DEX-UTIL-05", lambda: dbutils.secrets.get("s", "k"))
    write(tmp_path / "mine.yaml", "s: {k: v}")
    assert dbutils.secrets.get("s", "k") == "v"


def test_a_missing_secret_says_where_to_put_it(dbutils: Any) -> None:
    message = fails("DEX-UTIL-04", lambda: dbutils.secrets.get("flights", "token"))
    assert "DEX_SECRET_FLIGHTS_TOKEN" in message
    assert ".dex/secrets.yaml" in message
    fails("DEX-UTIL-04", lambda: dbutils.secrets.list("flights"))
    assert dbutils.secrets.listScopes() == []


@pytest.mark.parametrize("text", ["a: [hunter2\n", "- hunter2\n", "a: hunter2\n", "a: {b: [hunter2]}\n", "\x00hunter2"])
def test_a_broken_file_is_refused_and_not_repeated(dbutils: Any, folder: Path, text: str) -> None:
    write(folder / ".dex/secrets.yaml", text)
    assert "hunter2" not in fails("DEX-UTIL-05", lambda: dbutils.secrets.get("a", "b"))


def test_a_file_that_others_can_read_is_refused(dbutils: Any, folder: Path) -> None:
    write(folder / ".dex/secrets.yaml", "a: {b: c}", 0o644)
    assert "chmod 600" in fails("DEX-UTIL-05", lambda: dbutils.secrets.get("a", "b"))
