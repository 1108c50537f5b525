"""Shell lines of a notebook, as calls of the same shell on the driver."""

from __future__ import annotations

import ast
import re

from dex.export.pieces import literal

_FIELD = re.compile(r"\{([^{}]+)\}|\$\$|\$([A-Za-z_]\w*)")


def command(text: str, bound: set[str]) -> str:
    """Return the source of a command: a text, an f-string where IPython puts values of the notebook in.

    Args:
        text: the command; ``{expression}`` and ``$name`` stand for values if they name what the notebook binds.
        bound: names that the notebook binds; none where nothing is put in.
    """
    parts: list[str] = []
    done, filled = 0, False
    for found in _FIELD.finditer(text):
        expression = found.group(1) or found.group(2)
        value = expression and _expression(expression, bound)
        if not value:
            continue
        parts += [_doubled(text[done : found.start()]), "{", value, "}"]
        done, filled = found.end(), True
    if not filled:
        return source(text.strip())
    return "f" + source("".join([*parts, _doubled(text[done:])]).strip())


def source(text: str) -> str:
    """Return a text as Python source: on lines of its own where it has several."""
    if "\n" not in text or "\r" in text or '"""' in text or text.endswith('"') or "\x00" in text:
        return literal(text)
    return '"""' + text.replace("\\", "\\\\") + '"""'


def shell_call(script: str, *, strict: bool = False, lines: bool = False) -> str:
    """Return the call that runs a script.

    Args:
        script: its source in Python.
        strict: fail if a command of it does; a notebook's shell goes on otherwise.
        lines: its value is what the script prints, as ``x = !command`` has it.
    """
    option = "-ec" if strict else "-c"
    more = ", capture_output=True, text=True" if lines else ""
    call = f'subprocess.run(["bash", "{option}", {script}], check={strict}{more})'
    return f"{call}.stdout.splitlines()" if lines else call


def _expression(text: str, bound: set[str]) -> str:
    """Return what stands in braces if it is Python that the notebook knows and an f-string can hold everywhere."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return ""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    safe = not any(c in text for c in "\"'\\\n#!:")
    return text.strip() if safe and names and names <= bound else ""


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
