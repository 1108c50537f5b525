"""Statements that no table needs: those that only look or tell are left out, what does something is refused."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from dex.export.constants import is_logger
from dex.export.declarative.actions import effects_in
from dex.export.declarative.models import Refused, Step
from dex.export.pieces import short
from dex.export.purity import Purity, is_of, root_name

TASK = "Keep it in a notebook that runs as a task beside the pipeline."
_CDC = (
    "Use AUTO CDC: `dp.create_auto_cdc_flow(target=..., source=..., keys=[...], sequence_by=...)`; or compute the whole "
    "table in one query and overwrite it."
)
#: What to do instead of calls that reach the platform.
_INSTEAD = {
    "dbutils.notebook.run": "Name that notebook beside this one if it makes tables; else make it a task of a job.",
    "dbutils.jobs.taskValues": "Let tasks of a job hand on values; a pipeline has its configuration.",
    "dbutils.fs": "Do it in a task before or after the pipeline.",
}
#: Methods that wait for a stream, keep a frame in memory, tell somebody, or show something.
_QUIET_METHODS = frozenset(
    """
    awaitTermination awaitAnyTermination processAllAvailable stop refreshTable cacheTable uncacheTable cache persist unpersist clearCache
    debug info warning warn error exception critical setLevel basicConfig show printSchema
    """.split()
)
_QUIET_NAMES = frozenset({"print", "display", "displayHTML", "len", "vars", "dict"})
#: Modules and functions that change nothing that a table is made of.
_QUIET = (
    *("time", "logging", "warnings", "datetime", "json", "uuid", "platform", "os.environ.get", "os.getenv", "os.path"),
    *(
        "spark.conf.get",
        "dbutils.secrets.get",
        "dbutils.data.summarize",
        "matplotlib",
        "seaborn",
        "plotly",
        "altair",
        "delta",
    ),
)


class Leftovers:
    """Knows what becomes of statements that no table needs.

    Args:
        steps: the statements of a notebook.
        imports: name -> what it stands for.
    """

    def __init__(self, steps: Sequence[Step], imports: Mapping[str, str]) -> None:
        self._imports = dict(imports)
        functions = {step.node.name: step.node for step in steps if isinstance(step.node, ast.FunctionDef)}
        self._purity = Purity(frozenset(functions), self._imports)
        while True:
            loud = {name for name, node in functions.items() if not self._only_tells(node)}
            if not loud:
                break
            functions = {name: node for name, node in functions.items() if name not in loud}
            self._purity = Purity(frozenset(functions), self._imports)

    def _only_tells(self, function: ast.FunctionDef) -> bool:
        """Return whether a function only computes, shows and tells, and calls only others of that kind."""
        calls = [part for part in ast.walk(function) if isinstance(part, ast.Call)]
        kept = not any(isinstance(part, ast.Global | ast.Nonlocal) for part in ast.walk(function))
        return kept and not function.decorator_list and all(map(self._is_quiet_call, calls))

    def looks_only(self, value: ast.expr) -> bool:
        """Return whether an expression only looks."""
        return self._purity.looks_only(value)

    def of(self, step: Step) -> str | Refused:
        """Return why a statement is left out, nothing where there is nothing to say, or why it is refused."""
        node, shown = step.node, short(step.text)
        written = [".".join(table.id[1:]) for table in step.touched.tables if table.how != "read"] + step.touched.files
        if written:
            message = f"{written[0]} is written in a way that no table declares: `{shown}`."
            return Refused(step.spot, message, _how_to_write(node))
        if isinstance(node, ast.Return):
            if node.value is not None and not self._is_quiet_value(node.value):
                return Refused(step.spot, f"`{shown}` does something on its way out.", TASK)
            return "`dbutils.notebook.exit`: a pipeline has nobody to hand a value to"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            return ""  # nobody needs it
        if self._is_quiet(step.node):
            return f"`{shown}`: no table needs it"
        if isinstance(node, ast.If) and any(isinstance(part, ast.Return) for part in ast.walk(node)):
            remedy = "Let the queries say which rows there are; a table that has none is empty."
            return Refused(step.spot, f"The notebook may end here: `{shown}`.", remedy)
        instead = next((text for word, text in _INSTEAD.items() if word in step.text), TASK)
        return Refused(step.spot, f"`{shown}` does something that no table is made of.", instead)

    def _is_quiet(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            return node.value is None or self._is_quiet_value(node.value)
        if isinstance(node, ast.Expr):
            return self._is_quiet_value(node.value) or _imports_from_sources(node.value)
        if isinstance(node, ast.If | ast.For | ast.While):
            head = node.iter if isinstance(node, ast.For) else node.test
            return self._is_quiet_value(head) and self._all(node.body, node.orelse)
        if isinstance(node, ast.Try):
            return self._all(node.body, node.orelse, node.finalbody, *(each.body for each in node.handlers))
        return isinstance(node, ast.Pass | ast.Delete | ast.Import | ast.ImportFrom)

    def _all(self, *blocks: list[ast.stmt]) -> bool:
        return all(self._is_quiet(each) for block in blocks for each in block)

    def _is_quiet_value(self, value: ast.expr) -> bool:
        if self._purity.looks_only(value) or is_logger(value, self._imports):
            return True
        if not isinstance(value, ast.Call):
            parts = [part for part in ast.iter_child_nodes(value) if isinstance(part, ast.expr)]
            changing = ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr
            return not isinstance(value, changing) and all(self._is_quiet_value(part) for part in parts)
        given = [*value.args, *(keyword.value for keyword in value.keywords)]
        return self._is_quiet_call(value) and all(self._is_quiet_value(argument) for argument in given)

    def _is_quiet_call(self, call: ast.Call) -> bool:
        words = ast.unparse(call.func)
        root = root_name(call.func)
        name = f"{self._imports.get(root, root)}{words[len(root) :]}"
        if is_of(name, _QUIET) or (isinstance(call.func, ast.Name) and words in _QUIET_NAMES):
            return True
        if effects_in(call):
            return False
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        return method in _QUIET_METHODS or self._purity.looks_only(ast.Call(call.func, [], []))


def _imports_from_sources(value: ast.expr) -> bool:
    """Return whether an expression lets Python import from the project's sources, as a pipeline does anyway."""
    if not isinstance(value, ast.Call) or ast.unparse(value.func) not in ("sys.path.append", "sys.path.insert"):
        return False
    path = value.args[-1] if value.args else None
    return isinstance(path, ast.Constant) and str(path.value).rstrip("/").endswith("src")


def _how_to_write(node: ast.stmt) -> str:
    """Return what to do instead of a write that is not understood."""
    text = ast.unparse(node).lower()
    if ".merge(" in text or "merge into" in text:
        return _CDC
    if isinstance(node, ast.If | ast.Try | ast.While | ast.With | ast.For):
        return "Write it at the top of a cell: whether a table is there must not depend on what happens."
    return f'Write it as one chain: `frame.write.mode("overwrite").saveAsTable(name)`. {TASK}'
