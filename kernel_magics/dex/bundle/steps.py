"""Tasks that are no work of their own: conditions, loops, other jobs; and the values that tasks hand on."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from dex_dbutils import DexError

from dex.bundle.dynamic_values import (
    DYNAMIC_VALUES,
    OLD_NAMES,
    REFERENCE,
    reference_to,
    words_of,
    wrong_reference,
)
from dex.bundle.effective import Bundle
from dex.bundle.limits import LONGEST_INPUTS, MOST_AT_ONCE, TASK_KEY
from dex.bundle.models import Finding
from dex.bundle.suggest import close, nearest
from dex.bundle.tree import At
from dex.notebook import read_notebook

_FIRST = DYNAMIC_VALUES.keys() - OLD_NAMES.keys()
#: Comparisons that need numbers on both sides.
_OF_SIZE = ("GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL")


def check_steps(bundle: Bundle, job: At, tasks: Mapping[str, At]) -> Iterator[Finding]:
    """Yield what is wrong with the conditions, loops and handed-on values of a job.

    Args:
        bundle: the bundle.
        job: the job.
        tasks: its tasks by key.
    """
    for name, task in tasks.items():
        if not TASK_KEY.fullmatch(name):
            at = task.get("task_key") or task
            yield at.finding("DEX-BUNDLE-10", f"'{name}' is no task key: letters, digits, `-` and `_`, at most 100.")
        yield from _condition(task)
        yield from _loop(name, task)
        yield from _outcomes(task, tasks)
        yield from _retries(name, task)
    yield from _values(bundle, job, tasks)


def _condition(task: At) -> Iterator[Finding]:
    condition = task.get("condition_task")
    if condition is None or condition.text("op") not in _OF_SIZE:
        return
    for side in ("left", "right"):
        at = condition.get(side)
        if at is not None and isinstance(at.value, str) and "{{" not in at.value and "${" not in at.value:
            try:
                float(at.value)
            except ValueError:
                yield at.finding(
                    "DEX-BUNDLE-26", f"`{condition.text('op')}` compares numbers, and {at.value!r} is none."
                )


def _loop(name: str, task: At) -> Iterator[Finding]:
    loop = task.get("for_each_task")
    if loop is None:
        return
    for key in ("max_retries", "min_retry_interval_millis", "retry_on_timeout"):
        retries = task.get(key)
        if retries is not None and retries.value:
            yield retries.finding("DEX-BUNDLE-26", f"`{key}` of loop '{name}' belongs into the loop's own task.")
    inputs, inner, concurrency = loop.get("inputs"), loop.get("task"), loop.get("concurrency")
    if inputs is not None and isinstance(inputs.value, str) and "{{" not in inputs.value and "${" not in inputs.value:
        try:
            listed = isinstance(json.loads(inputs.value), list)
        except ValueError:
            listed = False
        if not listed:
            yield inputs.finding("DEX-BUNDLE-26", f"The inputs of loop '{name}' are no JSON list: {inputs.value[:60]}")
        elif len(inputs.value) > LONGEST_INPUTS:
            said = f"The inputs of loop '{name}' have {len(inputs.value):,} signs, more than {LONGEST_INPUTS:,}."
            yield inputs.finding("DEX-BUNDLE-26", f"{said} Hand them on as a task value.")
    if concurrency is not None and isinstance(concurrency.value, int) and not 1 <= concurrency.value <= MOST_AT_ONCE:
        yield concurrency.finding(
            "DEX-BUNDLE-26", f"`concurrency` is between 1 and {MOST_AT_ONCE}, not {concurrency.value}."
        )
    if inner is not None:
        kinds = [key for key, _ in inner.entries() if key.endswith("_task")]
        if len(kinds) != 1:
            said = "has no type" if not kinds else f"has {len(kinds)} types: {', '.join(sorted(kinds))}"
            yield inner.finding("DEX-BUNDLE-11", f"The task of loop '{name}' {said}.")
        elif kinds[0] == "for_each_task":
            yield inner.finding("DEX-BUNDLE-26", f"The task of loop '{name}' is a loop itself, which is not taken.")
        if inner.get("depends_on") is not None:
            yield inner.finding(
                "DEX-BUNDLE-26", f"The task of loop '{name}' waits for the loop alone: no `depends_on`."
            )


def _outcomes(task: At, tasks: Mapping[str, At]) -> Iterator[Finding]:
    for dependency in task.items("depends_on"):
        outcome, on = dependency.get("outcome"), tasks.get(dependency.text("task_key") or "")
        if outcome is None or on is None:
            continue
        if on.get("condition_task") is None:
            said = f"'{dependency.text('task_key')}' is no condition, so it has no outcome."
            yield outcome.finding("DEX-BUNDLE-26", said)
        elif str(outcome.value).lower() not in ("true", "false"):
            yield outcome.finding("DEX-BUNDLE-07", f'`outcome` is "true" or "false", not {outcome.value!r}.')


def _retries(name: str, task: At) -> Iterator[Finding]:
    for key, least in (("max_retries", -1), ("timeout_seconds", 0), ("min_retry_interval_millis", 0)):
        at = task.get(key)
        if at is not None and isinstance(at.value, int) and at.value < least:
            yield at.finding("DEX-BUNDLE-26", f"`{key}` of task '{name}' is at least {least}, not {at.value}.")


def _values(bundle: Bundle, job: At, tasks: Mapping[str, At]) -> Iterator[Finding]:
    parameters = {name for each in job.items("parameters") if (name := each.text("name"))}
    for at in [at for part, each in job.entries() if part != "tasks" for at in each.walk()]:
        yield from _references(bundle, at, None, parameters, tasks)
    for name, task in tasks.items():
        for at in task.walk():
            yield from _references(bundle, at, name, parameters, tasks)


def _references(
    bundle: Bundle, at: At, task: str | None, parameters: set[str], tasks: Mapping[str, At]
) -> Iterator[Finding]:
    for reference in REFERENCE.findall(at.value) if isinstance(at.value, str) and "{{" in at.value else ():
        words = words_of(reference)
        if not words or words[0] not in DYNAMIC_VALUES:
            near = close(words[0], _FIRST) if words else None
            if near or "." in reference:  # the platform takes it as text, which templates of others may need
                said = f"`{{{{{reference}}}}}` is no reference, and is handed on as text."
                said += (
                    f" Did you mean '{near}'?" if near else f" Write `${{{reference}}}`." if words[0] == "var" else ""
                )
                yield at.finding("DEX-BUNDLE-27", said, "error" if near else "warning")
        elif words[0] in OLD_NAMES:
            said = f"`{{{{{reference}}}}}` is a name of before: write `{{{{{OLD_NAMES[words[0]]}}}}}`."
            yield at.finding("DEX-BUNDLE-27", said, "warning")
        elif (wrong := wrong_reference(words)) is not None:
            there = nearest(wrong.word, wrong.known) if wrong.known else ""
            yield at.finding("DEX-BUNDLE-27", f"`{{{{{reference}}}}}` names nothing.{there}")
        elif words[:2] == ["job", "parameters"] and len(words) == 3 and words[2] not in parameters:
            yield at.finding("DEX-BUNDLE-16", f"The job has no parameter '{words[2]}'.{nearest(words[2], parameters)}")
        elif words[0] == "tasks" and len(words) > 2 and words[1] not in tasks:
            yield at.finding("DEX-BUNDLE-12", f"The job has no task '{words[1]}'.{nearest(words[1], tasks)}")
        elif words[0] == "tasks" and len(words) > 2 and task is not None and not _waits(task, words[1], tasks):
            said = f"'{task}' asks for what '{words[1]}' came to, and does not wait for it. Add it to `depends_on`."
            yield at.finding("DEX-BUNDLE-27", said)
        elif words[0] == "tasks" and words[2:3] == ["values"] and len(words) == 4:
            known = _without(bundle, tasks[words[1]], words[3])
            if known is not None:
                said = f"Task '{words[1]}' sets no value '{words[3]}'.{nearest(words[3], known)}"
                yield at.finding("DEX-BUNDLE-27", said)
        escaped = reference_to(*words) if words and words[0] in DYNAMIC_VALUES.keys() - {"input"} else ""
        if escaped.count("`") > reference.count("`"):
            said = f"A name with other signs than letters, digits and `_` stands in backticks: write {escaped}."
            yield at.finding("DEX-BUNDLE-27", said, "warning")


def _waits(task: str, other: str, tasks: Mapping[str, At]) -> bool:
    """Return whether another task has ended when a task begins; a dependency that is not there could be meant for it."""
    found: set[str] = set()
    waiting = [task]
    while waiting:
        at = tasks.get(waiting.pop())
        if at is None:
            return True
        for dependency in at.items("depends_on"):
            key = dependency.text("task_key")
            if key is None:
                return True
            if key not in found:
                found.add(key)
                waiting.append(key)
    return other in found


def _without(bundle: Bundle, task: At, name: str) -> frozenset[str] | None:
    """Return the values that a task's notebook or file sets where one is not among them; None where it is, or may be.

    Modules of the bundle that the file imports may set it too.
    """
    for kind, key in (("notebook_task", "notebook_path"), ("spark_python_task", "python_file")):
        at = task.at(kind, key)
        if at is None or not isinstance(at.value, str) or "${" in at.value or at.value.startswith("/"):
            continue
        path = bundle.root / PurePosixPath(at.file).parent / at.value
        try:
            told = path.stat()
        except OSError:
            return None
        found = _names_in(path, told.st_mtime_ns, told.st_size)
        if found is None or name in found.names:
            return None
        if any(_sets_values(module) for module in _own_modules(bundle.root, path.parent, found.imports)):
            return None
        return found.names
    return None


def _own_modules(root: Path, beside: Path, imports: frozenset[str]) -> Iterator[Path]:
    """Yield the files of modules and packages of the bundle, by the first words of their names."""
    for folder in dict.fromkeys((beside, root, root / "src")):
        for name in sorted(imports):
            if (folder / f"{name}.py").is_file():
                yield folder / f"{name}.py"
            if (folder / name).is_dir():
                yield from sorted((folder / name).rglob("*.py"))


def _sets_values(module: Path) -> bool:
    try:
        return b"taskValues" in module.read_bytes()
    except OSError:
        return True


@dataclass(frozen=True)
class _Told:
    """The names of the values that a file sets, and the first words of the modules that it imports."""

    names: frozenset[str]
    imports: frozenset[str]


@lru_cache(maxsize=1024)
def _names_in(path: Path, changed: int, size: int) -> _Told | None:
    """Return the names in ``taskValues.set(...)``; None where the file runs another notebook, or is not Python.

    None as well where ``dbutils`` or ``taskValues`` goes elsewhere, by another name or into a function: it may set more.
    """
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix == ".ipynb" or text.startswith("# Databricks notebook source"):
            statements = [s for cell in read_notebook(path).cells if cell.type == "code" for s in cell.statements]
            if any(s.magic is not None and s.magic.name == "run" for s in statements):
                return None
            trees: list[ast.AST] = [s.node for s in statements if s.node is not None]
        elif path.suffix == ".py":
            trees = [ast.parse(text)]
        else:
            return None
    except (OSError, ValueError, SyntaxError, DexError):
        return None
    nodes = [node for tree in trees for node in ast.walk(tree)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    if any(isinstance(given, ast.Name) and given.id == "dbutils" for call in calls for given in _given(call)):
        return None
    of_values = [call for call in calls if _of_values(call) in ("set", "get")]
    if text.count("taskValues") != len(of_values):
        return None
    found: set[str] = set()
    for call in of_values:
        key = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "key"), None)
        if _of_values(call) == "set":
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                return None
            found.add(key.value)
    imports = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imports |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return _Told(frozenset(found), frozenset(name.partition(".")[0] for name in imports))


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _of_values(call: ast.Call) -> str | None:
    """Return what is called of ``taskValues``, such as ``set``."""
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Attribute):
        return function.attr if function.value.attr == "taskValues" else None
    return None
