"""Finding secrets that someone wrote into a configuration file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dex_dbutils.config.document import Document, KeyPath, Position, dotted
from dex_dbutils.errors import ConfigError, Where

#: Shapes that are secrets whatever their key is called.
_SHAPES = (
    ("a Databricks token", r"\b(?:dapi|dkea|doseapi)[0-9a-f]{16,}"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a private key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("a Slack token", r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    ("an API key", r"\b(?:sk-[A-Za-z0-9_-]{20,}|AIza[0-9A-Za-z_-]{35})"),
    ("a signed token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."),
    ("an address with a password", r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:(?!\$\{)[^/\s@]+@"),
    (
        "a connection string with a key",
        r"(?i)\b(?:accountkey|sharedaccesskey|sig|token|password|pwd)=(?!\$\{)[^;&\s]{4,}",
    ),
)
_SHAPE = tuple((name, re.compile(pattern)) for name, pattern in _SHAPES)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SECRET_WORDS = {
    "token",
    "password",
    "passwd",
    "pwd",
    "pw",
    "passcode",
    "passphrase",
    "secret",
    "apikey",
    "credential",
    "credentials",
    "pat",
}
_SECRET_KEYS = {"api", "access", "private", "secret", "account", "encryption", "signing"}


def is_secret_key(key: str) -> bool:
    """Return whether a key's name says that its value is a secret.

    The last word decides: ``db_password``, ``apiToken`` and ``access_key`` do; ``secret_name``, ``token_column``,
    ``api_key_env`` and ``primary_key`` do not.
    """
    words = [word.lower() for word in _WORDS.findall(key) if not word.isdigit()]
    if not words:
        return False
    return words[-1] in _SECRET_WORDS or (words[-1] == "key" and len(words) > 1 and words[-2] in _SECRET_KEYS)


def secret_shape(text: str) -> str | None:
    """Return what kind of secret a text looks like, or None."""
    return next((name for name, pattern in _SHAPE if pattern.search(text)), None)


def refuse_literal_secrets(document: Document) -> None:
    """Raise if a file holds something that looks like a secret; the value itself is never shown.

    Raises:
        ConfigError: DEX-CONFIG-09.
    """
    for path, what in _findings(document.values, ()):
        position: Position | None = document.positions.get(path)
        raise ConfigError(
            "DEX-CONFIG-09",
            f"A secret is written into the file: {what}.",
            position.where(path) if position else Where(key=dotted(path)),
            "Take it out, change it at its source, and read it from a scope with dbutils.secrets.get(scope, key) "
            "or from the environment with ${env:NAME}. If it only names a secret, let the key end in _name.",
        )


def _findings(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if secret_shape(key):
                # the key itself is the secret: do not repeat it as a path
                yield path, f"a key looks like {secret_shape(key)}"
            yield from _findings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _findings(item, (*path, index))
    elif isinstance(value, str) and value and (shape := secret_shape(value)):
        yield path, f"the value looks like {shape}"
    elif path and isinstance(path[-1], str) and is_secret_key(path[-1]) and _is_literal(value):
        yield path, f"the key '{path[-1]}' is the name of one"


def _is_literal(value: Any) -> bool:
    """Return whether a value is written out: not empty, not a switch, and without a reference in it."""
    if value is None or isinstance(value, bool) or value == "":
        return False
    return not (isinstance(value, str) and re.search(r"(?<!\$)\$\{", value))
