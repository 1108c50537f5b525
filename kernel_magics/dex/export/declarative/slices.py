"""Which statements may stand at the top of a pipeline's source, and which ones a frame needs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dex.export.declarative.models import Step
from dex.export.placement import BUILTINS
from dex.export.purity import is_of, root_name
from dex.export.slicing import changed_in_place, with_calls

_MODULES = (
    *("pyspark.sql.types", "pyspark.sql.window", "pathlib", "decimal", "re"),
    *("datetime.date", "datetime.datetime", "datetime.timedelta", "datetime.timezone", "zoneinfo"),
)
_UDFS = frozenset({"udf", "pandas_udf", "arrow_udf", "udtf"})
_METHODS = frozenset(
    """
    format lower upper title strip lstrip rstrip split join replace startswith endswith items keys values get
    removeprefix removesuffix zfill
    """.split()
)
_CALLS = frozenset(
    "str int float bool len sorted list dict tuple set frozenset range zip enumerate min max sum round any all abs".split()
)
_CLOCK = frozenset({"now", "today", "utcnow"})
_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BINDING = (*_DEFINED, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)


class Slices:
    """Knows what the statements of one notebook need of each other.

    Args:
        steps: the statements.
        imports: name -> what it stands for.

    Attributes:
        top: numbers of the statements that may stand at the top of the source.
    """

    def __init__(self, steps: Sequence[Step], imports: Mapping[str, str]) -> None:
        self._steps = steps
        self._imports = imports
        self._times = Counter(name for step in steps for name in dict.fromkeys(step.flow.binds))
        self._changed = {name for step in steps for name in changed_in_place(step.node)}
        self._when_called: dict[str, set[str]] = {}
        for step in steps:
            for name in step.flow.binds if step.flow.later else ():
                self._when_called.setdefault(name, set()).update(step.flow.later)
        self.top = self._tops()

    def _tops(self) -> set[int]:
        found = {at for at, step in enumerate(self._steps) if step.top or self._may(step)}
        while True:
            names = {name for at in found for name in self._steps[at].flow.binds}
            out = {
                at
                for at in found
                if not self._steps[at].top
                and any(name in self._times and name not in names for name in self._steps[at].flow.needs)
            }
            if not out:
                return found
            found -= out

    def _may(self, step: Step) -> bool:
        node = step.node
        bound = step.flow.binds
        if any(self._times[name] > 1 or name in self._changed or name in BUILTINS for name in bound):
            return False  # it would mean something else in functions that stand above it
        if step.flow.writes_global:
            return False
        if isinstance(node, _DEFINED):
            return True
        if isinstance(node, ast.Expr):
            return ast.unparse(node.value).startswith("spark.udf.register(")
        if _sets_parameter(node):
            return True
        if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
            return self.is_plain(node.value)
        return isinstance(node, ast.AnnAssign) and node.value is not None and self.is_plain(node.value)

    def is_plain(self, node: ast.expr) -> bool:
        """Return whether an expression computes a value without the engine, the same at every time."""
        for part in ast.walk(node):
            if isinstance(part, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
                return False
            if isinstance(part, ast.Call) and not self._plain_call(part):
                return False
            of_session = (
                isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "spark"
            )
            if of_session and part.attr != "conf":  # type: ignore[attr-defined]  # an attribute
                return False
        return True

    def _plain_call(self, call: ast.Call) -> bool:
        function = call.func
        if isinstance(function, ast.Name):
            stands_for = self._imports.get(function.id, "")
            known = is_of(stands_for, _MODULES) or stands_for.rpartition(".")[2] in (*_UDFS, "get_table_name")
            return known or (function.id in (*_CALLS, *_UDFS) and function.id not in self._times)
        if not isinstance(function, ast.Attribute) or function.attr in _CLOCK:
            return False
        root = root_name(function)
        stands_for = self._imports.get(root, "")
        if is_of(stands_for, _MODULES) or (stands_for == "pyspark.sql.functions" and function.attr in _UDFS):
            return True
        words = ast.unparse(function)
        if words in ("session.table", "spark.conf.get") or words.startswith("session.environment."):
            return True
        return function.attr in _METHODS and (root == "" or root in ("params", "job_params") or self._is_value(root))

    def _is_value(self, name: str) -> bool:
        """Return whether a name stands for a plain value, not for a frame."""
        makers = [step.node for step in self._steps if name in step.flow.binds]
        if len(makers) != 1 or not isinstance(makers[0], ast.Assign | ast.AnnAssign) or makers[0].value is None:
            return False
        return (
            makers[0].value is not None
            and name not in {n.id for n in ast.walk(makers[0].value) if isinstance(n, ast.Name)}
            and self.is_plain(makers[0].value)
        )

    def needed(self, names: Iterable[str], below: int) -> list[int]:
        """Return the statements that stand above a place and make names there, in order; those of the top are not among them.

        Args:
            names: what is needed.
            below: number of the statement that needs it.
        """
        wanted = with_calls(self._when_called, set(names))
        found: list[int] = []
        for at in range(below - 1, -1, -1):
            step = self._steps[at]
            if at in self.top:
                continue
            changed = changed_in_place(step.node) & wanted
            binds = set(step.flow.binds) & wanted
            if not changed and not binds:
                continue
            found.insert(0, at)
            if isinstance(step.node, _BINDING):
                wanted -= binds - changed
            wanted |= with_calls(self._when_called, set(step.flow.needs))
        return found

    def maker(self, name: str, below: int) -> int | None:
        """Return the statement that a name has its value of where it is read; None where it is of the top or nobody's."""
        for at in range(below - 1, -1, -1):
            if at not in self.top and (
                name in self._steps[at].flow.binds or name in changed_in_place(self._steps[at].node)
            ):
                return at
        return None

    def tops_of(self, names: Iterable[str]) -> set[int]:
        """Return the statements of the top that names need, those which they need themselves included."""
        wanted = set(names)
        found: set[int] = set()
        todo = True
        while todo:
            new = {
                at
                for at in self.top - found
                if wanted.intersection(self._steps[at].flow.binds)
                or self._steps[at].flow.star
                or isinstance(self._steps[at].node, ast.Expr)
                or (_sets_parameter(self._steps[at].node) and changed_in_place(self._steps[at].node) & wanted)
            }
            found |= new
            wanted |= {name for at in new for name in self._steps[at].flow.needs}
            todo = bool(new)
        return found


def _sets_parameter(node: ast.stmt) -> bool:
    """Return whether a statement gives a parameter the default that is computed."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return isinstance(target, ast.Attribute) and ast.unparse(target.value) in ("params", "job_params")
