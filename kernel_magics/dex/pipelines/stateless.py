"""Whether a query of a stream gives the same rows for every part of it, whatever came before.

Rows that are new can then be run through the query alone, and what it gives can be added to the table.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from dex.pipelines.plans import inner, is_relation, root_of

#: Relations that look at one row at a time.
_ROW_BY_ROW = frozenset(
    "project filter with_columns with_columns_renamed drop subquery_alias to_schema to_df hint repartition "
    "repartition_by_expression map_partitions fill_na drop_na replace unpivot with_relations with_watermark".split()
)
#: Join types by number in the protocol: which sides may be a stream.
_LEFT_MAY, _RIGHT_MAY = {1, 3, 5, 6, 7}, {1, 4, 7}
_SAID = {"aggregate": "an aggregate", "deduplicate": "dropDuplicates", "sort": "a sort", "limit": "a limit"}


def state_kept(frame: Any, marks: set[int]) -> str:
    """Return what in a query needs rows of a stream that came earlier; empty for nothing.

    Args:
        frame: the query.
        marks: numbers of the plans that are streams.
    """
    return _Walk(marks).reason(root_of(frame))


class _Walk:
    def __init__(self, marks: set[int]) -> None:
        self._marks = marks
        self.why = ""

    def reason(self, relation: Any) -> str:
        self._streams(relation)
        return self.why

    def _streams(self, relation: Any) -> bool:
        """Return whether a relation is a stream, and note what keeps state."""
        if relation.common.plan_id in self._marks:
            return True
        kind = relation.WhichOneof("rel_type") or ""
        node = getattr(relation, kind) if kind else relation
        if kind == "join":
            left, right = self._streams(node.left), self._streams(node.right)
            if left and right:
                self._note("a join of two streams")
            elif (left and node.join_type not in _LEFT_MAY) or (right and node.join_type not in _RIGHT_MAY):
                self._note("an outer join that waits for rows of the stream")
            return left or right
        inputs = [self._streams(each) for each in inner(node) if is_relation(each)]
        if not any(inputs):
            return False
        if kind == "set_op":
            if node.set_op_type != 2 or not node.is_all:  # UNION ALL
                self._note("a set operation")
        elif kind not in _ROW_BY_ROW:
            self._note(_SAID.get(kind, kind.replace("_", " ")))
        else:
            self._note(_looks_further(node))
        return True

    def _note(self, why: str) -> None:
        self.why = self.why or why


def _looks_further(node: Any) -> str:
    """Return what in a node's expressions looks at other rows; empty for nothing."""
    stack = [node]
    while stack:
        message = stack.pop()
        if is_relation(message):
            continue
        if message.DESCRIPTOR.name == "Expression":
            kind = message.WhichOneof("expr_type")
            if kind == "window":
                return "a window function"
            if kind == "unresolved_function" and message.unresolved_function.function_name.lower() in _aggregates():
                return f"the aggregate {message.unresolved_function.function_name}"
            if kind == "expression_string":
                said = _in_text(message.expression_string.expression)
                if said:
                    return said
        stack.extend(inner(message))
    return ""


def _in_text(expression: str) -> str:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(expression, read="databricks")
    except SqlglotError:
        return ""  # the engine says what is wrong with it
    if tree.find(exp.Window) is not None:
        return "a window function"
    return "an aggregate" if tree.find(exp.AggFunc) is not None else ""


@cache
def _aggregates() -> frozenset[str]:
    """Return the names of functions that make one value of many rows."""
    from sqlglot import exp

    kinds: list[Any] = [kind for kind in vars(exp).values() if isinstance(kind, type) and issubclass(kind, exp.AggFunc)]
    return frozenset(name.lower() for kind in kinds for name in kind.sql_names()) | {
        "mean",
        "collect_list",
        "collect_set",
    }
