"""Keep secrets out of prompts, errors and the ledger."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dex_dbutils import Environment
    from dex_dbutils.config import Project

_NAMED = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)|api_key_env\s*:\s*[\"']?([A-Za-z_][A-Za-z0-9_]*)")
#: Values shorter than this are words such as ``dev`` or ``1``; blotting them out would blot out the text.
SHORTEST = 6
#: Variables that hold a key whatever a project's files say.
_ALWAYS = ("OPENAI_API_KEY", "DATABRICKS_TOKEN")


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
        """Return the text, or JSON, with every known value replaced by its variable's name in brackets."""
        for value, name in self._values:
            text = text.replace(value, name)
        return text


def redaction_for(project: Project, environment: Environment | None = None) -> Redaction:
    """Return what blots out the values of the environment variables that a project's configuration names."""
    names = set(_ALWAYS)
    if environment is not None:
        names.add(environment.agents.api_key_env)
    for path in sorted(project.config_folder.glob("*.yaml")) if project.exists else []:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # a file that cannot be read names nothing; loading it reports the problem
        names.update(first or second for first, second in _NAMED.findall(text))
    return Redaction((name, os.environ[name]) for name in sorted(names) if os.environ.get(name))
