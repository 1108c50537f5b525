"""Read a model's text: a plan, code, a refusal, or nonsense."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from dex_dbutils.errors import PlanError

from dex_agents.answers import Answer
from dex_agents.context import Context
from dex_agents.plan import function_name, read_plan

_FENCE = re.compile(r"```[ \t]*(\w*)[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_REFUSAL = re.compile(
    r"^\W*(?:i(?:'|’)?m\s+(?:very\s+|so\s+|really\s+)?sorry|i\s+am\s+sorry|sorry\b|i\s+(?:can(?:'|’)t|cannot|can\s+not|won(?:'|’)t|will\s+not)\b"
    r"|i(?:'|’)?m\s+(?:not\s+able|unable)|i\s+am\s+(?:not\s+able|unable)|i\s+must\s+(?:decline|refuse)|unfortunately,?\s+i\b|as\s+an\s+ai\b)",
    re.IGNORECASE,
)
_STANDARD_IMPORTS = {
    "DataFrame": "from pyspark.sql import DataFrame",
    "Window": "from pyspark.sql import Window",
    "F": "from pyspark.sql import functions as F",
}


def is_refusal(text: str) -> bool:
    """Return whether a model's text declines the request instead of answering it."""
    return "{" not in text and "def " not in text and bool(_REFUSAL.match(text.strip()))


def read_answer(text: str, context: Context) -> Answer:
    """Return the plan or the code in a model's text.

    Raises:
        PlanError: DEX-AGENT-10, there is neither; or the plan does not fit the columns: DEX-AGENT-11, -12.
    """
    fences = [(kind.lower(), body) for kind, body in _FENCE.findall(text)]
    for candidate in [*(body for kind, body in fences if kind in ("", "json")), text]:
        value = _json_object(candidate)
        if isinstance(value, dict) and isinstance(value.get("code"), str):
            types = value.get("columns")
            declared = types if isinstance(types, dict) and all(isinstance(v, str) for v in types.values()) else None
            return Answer(code=tidy_code(value["code"], context), types=declared)
        if value is not None:
            plan = read_plan(value)
            plan.result(context.columns, context.others)
            return Answer(plan=plan)
    code = next((body for kind, body in fences if kind in ("python", "py", "")), text)
    if re.search(r"^\s*def \w+\(", code, re.MULTILINE):
        return Answer(code=tidy_code(code, context))
    raise PlanError(
        "DEX-AGENT-10",
        "The answer is no plan: it holds no JSON object.",
        remedy='A plan is {"steps": [{"op": ...}, ...]} with the operations of the role.',
    )


def _json_object(text: str) -> Any:
    """Return the first JSON object in a text, or None."""
    start = text.find("{")
    while start >= 0:
        try:
            return json.JSONDecoder().raw_decode(text, start)[0]
        except (ValueError, RecursionError):
            if text[:start].strip() == "":
                return None  # it begins as JSON and is broken: do not take a piece of it for the whole
            start = text.find("{", start + 1)
    return None


def tidy_code(code: str, context: Context) -> str:
    """Return a model's code in the form of a proposal: imports, the marker above its function, a line that binds.

    Only what is missing is added; what the code does is the gate's matter.
    """
    code = code.strip() + "\n"
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return code
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if not functions:
        return code
    main = next((node for node in functions if node.name == function_name(context.into)), functions[-1])
    if "# dex: transform" not in code:
        lines = code.splitlines()
        lines.insert(main.lineno - 1, f"# dex: transform {main.name}")
        code = "\n".join(lines) + "\n"
    arguments = [argument.arg for argument in main.args.args]
    if tree.body[-1] is main and all(name in context.request.frames for name in arguments):
        code += f"\n\n{context.into} = {main.name}({', '.join(arguments)})\n"
    bound = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    missing = [line for name, line in _STANDARD_IMPORTS.items() if name in used - bound]
    return "\n".join(missing) + "\n\n\n" + code if missing else code
