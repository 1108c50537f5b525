"""Functions that define the tables of a pipeline."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dex.graph.values import Function, Module, Scope, Value, known

if TYPE_CHECKING:
    from dex.graph.run import Run
    from dex.graph.values import Arguments

_MODULES = ("dlt", "pyspark.pipelines", "databricks.pipelines")
_TABLES = ("table", "create_table", "materialized_view")
_VIEWS = ("view", "temporary_view")


def take_decorators(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef, function: Function, scope: Scope) -> None:
    """Read a function that a pipeline calls, and note the table that it defines."""
    for mark in node.decorator_list:
        words = mark.func if isinstance(mark, ast.Call) else mark
        name = _pipeline_name(words, scope)
        if name not in (*_TABLES, *_VIEWS, "append_flow"):
            continue
        run.facts.pipeline = True
        named = _keyword(run, mark, "target" if name == "append_flow" else "name", scope) or known(node.name)
        run.call(function, [], {})
        if name in _VIEWS:
            run.view(named, run.at(node))
        else:
            run.use("append" if name == "append_flow" else "overwrite", named, run.at(node))
        return


def pipeline_call(run: Run, function: Module, given: Arguments, node: ast.Call) -> bool:
    """Note what a function of the pipelines' module reads or defines; return whether it is one."""
    module, _, name = function.name.rpartition(".")
    if not module.startswith(_MODULES):
        return False
    place = run.at(node)
    first = given.get(0, "name", "target")
    if name in ("read", "read_stream") and first is not None:
        run.use("read", first, place)
    elif name in ("create_streaming_table", "create_streaming_live_table", "create_sink") and first is not None:
        run.facts.pipeline = True
        run.use("create", first, place)
    elif name in ("apply_changes", "create_auto_cdc_flow", "apply_changes_from_snapshot"):
        target, source = given.get(0, "target"), given.get(1, "source")
        if source is not None:
            run.use("read", source, place)
        if target is not None:
            run.use("change", target, place)
    return True


def _pipeline_name(words: ast.expr, scope: Scope) -> str:
    """Return the name of a decorator that is the pipelines' own, or nothing."""
    if isinstance(words, ast.Attribute) and isinstance(words.value, ast.Name):
        owner = scope.get(words.value.id)
        if owner is not None and isinstance(owner.one, Module) and owner.one.name.startswith(_MODULES):
            return words.attr
    if isinstance(words, ast.Name):
        found = scope.get(words.id)
        if found is not None and isinstance(found.one, Module) and found.one.name.startswith(_MODULES):
            return found.one.name.rpartition(".")[2]
    return ""


def _keyword(run: Run, mark: ast.expr, name: str, scope: Scope) -> Value | None:
    from dex.graph.expressions import evaluate

    for keyword in mark.keywords if isinstance(mark, ast.Call) else ():
        if keyword.arg == name:
            return evaluate(run, keyword.value, scope)
    return None
