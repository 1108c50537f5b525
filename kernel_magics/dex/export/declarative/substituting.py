"""Code with expressions in place of names, and what is then known written out."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def substituted(node: Any, given: Mapping[str, ast.expr]) -> Any:
    """Return a copy of code with expressions in place of names, and what is then known written out."""
    return _Substitution(given).visit(copy.deepcopy(node))


class _Substitution(ast.NodeTransformer):
    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self._given.get(node.id)
        if value is None:
            return node
        if isinstance(node.ctx, ast.Load):
            return copy.deepcopy(value)
        return ast.Name(value.id, node.ctx) if isinstance(value, ast.Name) else node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return self._inside(node, {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)})

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.expr:
        return self._inside(node, {name for each in node.generators for name in target_names(each.target)})

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _inside(self, node: ast.expr, own: set[str]) -> ast.expr:
        """Return an expression that has names of its own."""
        hidden = {name: value for name, value in self._given.items() if name not in own}
        made = _Substitution(hidden).generic_visit(node)
        assert isinstance(made, ast.expr)
        return made

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        parts: list[ast.expr] = []
        for part in _flat(self.generic_visit(node).values):  # type: ignore[attr-defined]  # it stays a JoinedStr
            inner = _plain_field(part)
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str | int):
                part = ast.Constant(str(inner.value))
            last = parts[-1] if parts else None
            if isinstance(part, ast.Constant) and isinstance(last, ast.Constant):
                parts[-1] = ast.Constant(last.value + part.value)  # type: ignore[operator]  # texts, both
            else:
                parts.append(part)
        if all(isinstance(part, ast.Constant) for part in parts):
            return parts[0] if parts else ast.Constant("")
        return ast.JoinedStr(parts)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        made = self.generic_visit(node)
        assert isinstance(made, ast.Subscript)
        if isinstance(made.value, ast.Dict | ast.List | ast.Tuple) and isinstance(made.slice, ast.Constant):
            try:
                return ast.parse(repr(ast.literal_eval(made.value)[made.slice.value]), mode="eval").body
            except (ValueError, TypeError, KeyError, IndexError, SyntaxError):
                return made
        return made


def _plain_field(part: ast.expr) -> ast.expr | None:
    """Return the expression of an f-string's field that is put in as it is."""
    plain = isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None
    return part.value if plain and isinstance(part, ast.FormattedValue) else None


def _flat(values: Sequence[ast.expr]) -> Iterator[ast.expr]:
    """Yield the parts of an f-string, those of f-strings in its fields among them."""
    for part in values:
        inner = _plain_field(part)
        if isinstance(inner, ast.JoinedStr):
            yield from _flat(inner.values)
        else:
            yield part


def target_names(target: ast.expr) -> set[str]:
    """Return the names in what an assignment or a loop binds."""
    return {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
