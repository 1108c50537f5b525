"""Secrets that somebody wrote into a file are found; what only looks like one is let be."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex_dbutils import ConfigError
from dex_dbutils.config.document import read_document
from dex_dbutils.config.literal_secrets import is_secret_key, refuse_literal_secrets


def check(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    refuse_literal_secrets(read_document(tmp_path / "x.yaml"))


# Made up, and put together here so that no scanner takes this file for a leak.
SECRETS = [
    "dapi" + "0123456789abcdef0123456789abcdef",
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "ghp_" + "abcdefghijklmnopqrstuvwxyz0123",
    "xoxb-" + "1234567890-abcdef",
    "sk-" + "abcdefghijklmnopqrstuvwx",
    "eyJhbGciOiJI." + "eyJzdWIiOiIx.abc",
    "postgres://user:" + "hunter2@host/db",
    "AccountKey=" + "abcdefgh;Endpoint=x",
]


@pytest.mark.parametrize("secret", SECRETS, ids=[s[:8] for s in SECRETS])
@pytest.mark.parametrize("where", ["a: '{}'", "a: [x, '{}']", "a: {{b: '{}'}}", "'{}': 1", "a: 'x {} y'"])
def test_a_secret_is_found_wherever_it_stands_and_never_repeated(secret: str, where: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        check(tmp_path, where.format(secret))
    assert caught.value.code == "DEX-CONFIG-09"
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "api_token",
        "apiToken",
        "db_password",
        "PASSWORD",
        "client_secret",
        "access_key",
        "privateKey",
        "pat",
        "pw",
        "dbPw",
    ],
)
def test_the_value_of_a_key_that_names_a_secret_is_one(key: str, tmp_path: Path) -> None:
    assert is_secret_key(key)
    with pytest.raises(ConfigError):
        check(tmp_path, f"{key}: abc\n")
    check(tmp_path, f"{key}: '${{env:X}}'\n")
    check(tmp_path, f"{key}: ''\n")
    check(tmp_path, f"{key}: true\n")


@pytest.mark.parametrize(
    "key",
    ["secret_name", "token_column", "api_key_env", "primary_key", "key", "keys", "path", "tokens_per_run", "scope"],
)
def test_a_key_that_only_speaks_of_secrets_is_free(key: str, tmp_path: Path) -> None:
    assert not is_secret_key(key)
    check(tmp_path, f"{key}: abc\n")


@pytest.mark.parametrize("text", ["a: sk-1\n", "a: eyJ\n", "a: https://host/path\n", "a: '${env:USER}:${env:PW}@x'\n"])
def test_what_is_no_secret_is_let_be(text: str, tmp_path: Path) -> None:
    check(tmp_path, text)
