"""Keep secrets out of prompts, errors and the ledger."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_origin

from dex_dbutils import DexError, Where
from dex_dbutils.config import is_secret_key
from dex_dbutils.utilities.secrets import secret_values
from pydantic import BaseModel

if TYPE_CHECKING:
    from dex_dbutils import Environment
    from dex_dbutils.config import Project

_NAME = r"([A-Za-z_][A-Za-z0-9_]*)"
_FROM_ENVIRONMENT = re.compile(rf"\$\{{env:{_NAME}")
_KEY_VARIABLE = re.compile(rf"api_key_env\s*:\s*[\"']?{_NAME}")
#: A key before a value, in YAML or in a connection string.
_KEY = re.compile(r"([\w.-]+)[\"']?\s*[:=](?!//)")
#: The user of an address, after whom its password stands.
_USER = re.compile(r"://[^/\s:@]+:$")
#: Values shorter than this are words such as ``dev`` or ``1``; blotting them out would blot out the text.
SHORTEST = 6
#: Variables that hold a key whatever a project's files say.
_ALWAYS = ("OPENAI_API_KEY", "DATABRICKS_TOKEN")
M = TypeVar("M", bound=BaseModel)
E = TypeVar("E", bound=DexError)


class Redaction:
    """Blots out known values.

    Args:
        secrets: variable name -> its value.
    """

    def __init__(self, secrets: Iterable[tuple[str, str]]) -> None:
        forms = {
            (form, f"[{name}]")
            for name, value in secrets
            for part in (value, *value.splitlines())  # a log is written a line at a time
            if len(part) >= SHORTEST
            for form in (part, json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1])
        }
        self._values = sorted(forms, key=lambda pair: (-len(pair[0]), pair))

    def __call__(self, text: str) -> str:
        """Return the text with every known value replaced by its variable's name in brackets."""
        for value, name in self._values:
            text = text.replace(value, name)
        return text

    def named_in(self, text: str) -> list[str]:
        """Return the variables whose values stand in a text."""
        return sorted({name[1:-1] for value, name in self._values if value in text})

    def model(self, model: M) -> M:
        """Return a message with the texts in it redacted; what may only be one of a few words stays."""
        texts = (n for n, field in type(model).model_fields.items() if get_origin(field.annotation) is not Literal)
        return model.model_copy(update={name: self.tree(getattr(model, name)) for name in texts})

    def tree(self, value: Any) -> Any:
        """Return a value with the texts in it redacted, the keys of dictionaries left as they are."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, BaseModel):
            return self.model(value)
        if isinstance(value, dict):
            return {key: self.tree(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.tree(item) for item in value]
        if isinstance(value, tuple):  # a named one becomes a plain one: its class may take its fields one by one
            return tuple(self.tree(item) for item in value)
        return value

    def error(self, error: E) -> E:
        """Return the same error with the texts in it redacted, its code left as it is."""
        for name, value in vars(error).items():
            if isinstance(value, Where):
                setattr(error, name, Where(**self.tree(asdict(value))))
            elif name != "code":
                setattr(error, name, self.tree(value))
        error.args = self.tree(error.args)
        return error


def redaction_for(project: Project, environment: Environment | None = None) -> Redaction:
    """Return what blots out a project's secrets.

    Those are the secrets that ``dbutils.secrets`` has on this machine, the API key, and the value of every
    ``${env:NAME}`` of the configuration whose own name, or whose key, is that of a secret. Others, such as a team's name,
    are plain settings.
    """
    names = set(_ALWAYS)
    if environment is not None:
        names.add(environment.agents.api_key_env)
    for path in sorted(project.config_folder.glob("*.yaml")) if project.exists else []:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # a file that cannot be read names nothing; loading it reports the problem
        names.update(_secret_variables(text))
    variables = ((name, os.environ[name]) for name in sorted(names) if os.environ.get(name))
    return Redaction(chain(variables, secret_values(project)))


def _secret_variables(text: str) -> Iterator[str]:
    """Return the variables of a configuration file that hold a secret; the file need not be sound."""
    for line in text.splitlines():
        yield from _KEY_VARIABLE.findall(line)
        for match in _FROM_ENVIRONMENT.finditer(line):
            before = line[: match.start()]
            key = next(reversed(_KEY.findall(before)), "")
            if is_secret_key(match[1]) or is_secret_key(key) or _USER.search(before):
                yield match[1]
