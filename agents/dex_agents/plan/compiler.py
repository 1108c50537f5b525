"""From a typed plan to PySpark that a person would have written."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from dex_agents.plan.columns import Columns, literal
from dex_agents.plan.plan import Plan
from dex_agents.plan.steps import Fragment, Join, Step

#: Longest line of the code.
WIDTH = 120


@dataclass(frozen=True)
class Compiled:
    """A plan as the code of a notebook cell.

    Args:
        code: imports, one function below its marker, and the line that binds its result.
        function: name of the function.
        notes: why each step is there, one line a step.
    """

    code: str
    function: str
    notes: tuple[str, ...]


def function_name(into: str) -> str:
    """Return the name of the function that makes a frame."""
    return f"clean_{into.removesuffix('_clean')}"


def compile_plan(plan: Plan, frame: str, columns: Columns, others: Mapping[str, Columns], into: str) -> Compiled:
    """Return a plan as PySpark.

    Args:
        plan: the steps.
        frame: name of the frame they start from.
        columns: its columns.
        others: the other frames of the request, for joins.
        into: name that the last line binds.

    Raises:
        PlanError: DEX-AGENT-11 or -12, a step does not fit the columns.
    """
    steps = plan.columns_before(columns, others)
    plan.result(columns, others)
    taken = {frame, into, *others, "F", "DataFrame", "Column", "Window", "name"}
    fragments = [_with_free_names(step.code(before), taken) for step, before in steps]
    used = [step.frame for step, _ in steps if isinstance(step, Join)]
    arguments = [frame, *dict.fromkeys(used)]
    function = function_name(into)
    body = _body(frame, steps, fragments)
    lines = [
        *_imports(fragments, body),
        "",
        "",
        f"# dex: transform {function}",
        f"def {function}({', '.join(f'{name}: DataFrame' for name in arguments)}) -> DataFrame:",
        f'    """{_docstring(frame, steps)}"""',
        *body,
        "",
        "",
        f"{into} = {function}({', '.join(arguments)})",
    ]
    return Compiled("\n".join(lines) + "\n", function, tuple(_why(step) for step, _ in steps))


def _why(step: Step) -> str:
    """Return why a step is there, in one line: a comment must not be left by a line break in a value."""
    text = " ".join((step.note or step.comment()).split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _docstring(frame: str, steps: list[tuple[Step, Columns]]) -> str:
    titles = list(dict.fromkeys(_WORDS.get(step.op, step.title) for step, _ in steps))
    text = f"Return {frame} cleaned: {', '.join(titles)}."
    return text if len(text) <= WIDTH - 10 else f"Return {frame} cleaned."


#: Operation -> what it leaves behind, for the docstring.
_WORDS = {
    "null_tokens": "missing words as null",
    "trim": "trimmed",
    "standard_case": "one case",
    "cast": "typed",
    "fill": "defaults filled",
    "derive_timestamp": "clock times as timestamps",
    "rename": "renamed",
    "drop_columns": "fewer columns",
    "select": "fewer columns",
    "join": "joined",
    "filter": "filtered",
    "reject": "filtered",
    "drop_nulls": "complete rows",
    "drop_duplicates": "without exact duplicates",
    "keep_latest": "latest rows",
}


def _with_free_names(fragment: Fragment, taken: set[str]) -> Fragment:
    """Return a fragment whose local lists have names that nothing else has."""
    names: dict[str, tuple[str, ...]] = {}
    calls = fragment.calls
    for wanted, columns in fragment.names.items():
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        taken.add(name)
        names[name] = columns
        calls = tuple(call.replace(f" in {wanted}}}", f" in {name}}}") for call in calls)
    return Fragment(calls, names, fragment.helpers, fragment.imports)


def _imports(fragments: list[Fragment], body: list[str]) -> list[str]:
    lines = {line for fragment in fragments for line in fragment.imports}
    names = sorted({"DataFrame", *(line.rpartition(" ")[2] for line in lines)})
    wanted = [f"from pyspark.sql import {', '.join(names)}"]
    if any("F." in line for line in body):
        wanted.append("from pyspark.sql import functions as F")
    return wanted


def _body(frame: str, steps: list[tuple[Step, Columns]], fragments: list[Fragment]) -> list[str]:
    lines: list[str] = []
    for helper in dict.fromkeys(helper for fragment in fragments for helper in fragment.helpers):
        lines += ["", *textwrap.indent(helper.strip(), "    ").splitlines()]
    if lines:
        lines.append("")
    for fragment in fragments:
        for name, columns in fragment.names.items():
            lines += _list(name, columns)
    lines += ["    return (", f"        {frame}"]
    for (step, _), fragment in zip(steps, fragments, strict=True):
        lines += [f"        {line}" for line in textwrap.wrap(f"# {_why(step)}", WIDTH - 8, subsequent_indent="# ")]
        for call in fragment.calls:
            lines += _call(call)
    return [*lines, "    )"]


def _list(name: str, columns: tuple[str, ...]) -> list[str]:
    """Return a list of column names, over several lines where it is long."""
    words = [literal(column) for column in columns]
    line = f"    {name} = [{', '.join(words)}]"
    if len(line) <= WIDTH:
        return [line]
    return [f"    {name} = [", *(f"        {word}," for word in words), "    ]"]


def _call(call: str) -> list[str]:
    """Return a call of the chain, its arguments on a line of their own where it is long."""
    line = f"        {call}"
    if len(line) <= WIDTH or not call.endswith(")"):
        return [line]
    head, _, rest = call.partition("(")
    inner = rest[:-1]
    if len(inner) + 12 <= WIDTH:
        return [f"        {head}(", f"            {inner}", "        )"]
    return [f"        {head}(", *(f"            {part}," for part in _split(inner)), "        )"]


def _split(text: str) -> list[str]:
    """Return the arguments of a call: split at the commas that stand outside of brackets and quotes."""
    parts, depth, quote, start, escaped = [], 0, "", 0, False
    for i, char in enumerate(text):
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
        elif char in "\"'":
            quote = char
        else:
            depth += (char in "([{") - (char in ")]}")
            if char == "," and depth == 0:
                parts.append(text[start:i].strip())
                start = i + 1
    return [*parts, text[start:].strip()]
