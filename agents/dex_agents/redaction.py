"""Keep secrets out of prompts, errors and the ledger."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_origin

from dex_dbutils.config import is_secret_key
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


class Redaction:
    """Blots out known values.

    Args:
        secrets: variable name -> its value.
    """

    def __init__(self, secrets: Iterable[tuple[str, str]]) -> None:
        forms = {
            (form, f"[{name}]")
            for name, value in secrets
            if len(value) >= SHORTEST
            for form in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
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
        return [self.tree(item) for item in value] if isinstance(value, list | tuple) else value


def redaction_for(project: Project, environment: Environment | None = None) -> Redaction:
    """Return what blots out the values of the environment variables that hold a project's secrets.

    Those are the variable of the API key, and every ``${env:NAME}`` of the configuration whose own name, or whose key,
    is that of a secret. Others, such as a team's name, are plain settings.
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
    return Redaction((name, os.environ[name]) for name in sorted(names) if os.environ.get(name))


def _secret_variables(text: str) -> Iterator[str]:
    """Return the variables of a configuration file that hold a secret; the file need not be sound."""
    for line in text.splitlines():
        yield from _KEY_VARIABLE.findall(line)
        for match in _FROM_ENVIRONMENT.finditer(line):
            before = line[: match.start()]
            key = next(reversed(_KEY.findall(before)), "")
            if is_secret_key(match[1]) or is_secret_key(key) or _USER.search(before):
                yield match[1]
