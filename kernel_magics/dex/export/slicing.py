"""The statements that an assert needs to stand in a test of its own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from dex.export.models import ReportLine
from dex.export.module import digest
from dex.export.pieces import Piece, short
from dex.export.placement import BUILTINS, CHANGING, Names
from dex.export.purity import Purity, root_name
from dex.export.tables import Table, named, written_by
from dex.export.truth import decided

#: Names of the test file.
TAKEN = frozenset(
    """
    pytest session after_main Path Session scratch_session copy_table load_environment Params RECORDED RecordedCall
    read_calls SparkSession F
    """.split()
)
_GIVEN = ("session", "spark", "params", "job_params")
_BINDING = ast.Assign | ast.AnnAssign | ast.FunctionDef | ast.ClassDef | ast.ImportFrom | ast.Import


@dataclass
class DerivedTest:
    """A test made of one assert.

    Attributes:
        name: name of the function.
        piece: the assert.
        setup: statements above it that it needs, in order.
        needs: names of the module and its imports that they need.
        on_tables: it needs the tables that `main` writes.
    """

    name: str
    piece: Piece
    setup: list[Piece] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    on_tables: bool = False


@dataclass(frozen=True)
class NotDerived:
    """An assert that no test is made of.

    Attributes:
        piece: where it stands.
        reason: why not.
        ends_main: it does not hold, so that `main` ends there.
    """

    piece: Piece
    reason: str
    ends_main: bool = False

    @property
    def line(self) -> ReportLine:
        """What the report says of it."""
        return ReportLine(text=self.reason, cell=self.piece.cell.number, line=self.piece.statement.line)


def derive(
    pieces: list[Piece], names: Names, purity: Purity, broken: frozenset[tuple[str, str]] = frozenset()
) -> tuple[list[DerivedTest], list[NotDerived]]:
    """Return the tests that a notebook's asserts give, and those that give none with the reason.

    Args:
        pieces: the notebook's statements, placed.
        names: who binds what.
        purity: what only looks.
        broken: asserts that did not hold when the notebook was recorded: id of the cell and digest of the text.
    """
    tests: list[DerivedTest] = []
    not_derived: list[NotDerived] = []
    taken: Counter[str] = Counter()
    live = [piece for piece in pieces if piece.place == "main"]
    slicer = _Slicer(live, names, purity)
    for index, piece in enumerate(live):
        if not isinstance(piece.node, ast.Assert):
            inner = [n for n in ast.walk(piece.node) if isinstance(n, ast.Assert)] if piece.node else []
            if inner and not isinstance(piece.node, ast.FunctionDef | ast.ClassDef):
                not_derived.append(NotDerived(piece, "an assert inside a larger statement is checked by main alone"))
            continue
        fails = _fails(piece, piece.node.test, slicer.bound, broken)
        found = fails or slicer.test_of(index)
        if isinstance(found, str):
            not_derived.append(NotDerived(piece, f"`{short(piece.text)}`: {found}", ends_main=bool(fails)))
            continue
        base = cell_word(piece.cell.id)
        taken[base] += 1
        found.name = f"test_{base}_{taken[base]}"
        tests.append(found)
    return tests, not_derived


def cell_word(cell: str) -> str:
    """Return the id of a cell as a part of a test's name."""
    return re.sub(r"\W+", "_", cell).strip("_").lower()


def _fails(piece: Piece, test: ast.expr, bound: set[str], broken: frozenset[tuple[str, str]]) -> str:
    """Return why an assert is known not to hold, or nothing."""
    if piece.cell.failed:
        return "the cell's saved output is an error"
    if "raises-exception" in piece.cell.tags:
        return "the cell is tagged as one that fails"
    if decided(test, bound) is False:
        return "it never holds"
    if (piece.cell.id, digest(piece.text)) in broken:
        return "it did not hold when the notebook was recorded"
    return ""


class _Slicer:
    """Looks upward from an assert for what it needs."""

    def __init__(self, live: list[Piece], names: Names, purity: Purity) -> None:
        self._live = live
        self._names = names
        self._purity = purity
        self.bound = {name for piece in live for name in piece.flow.binds}
        self._when_called: dict[str, set[str]] = {}
        for piece in live:
            for name in piece.flow.binds if piece.flow.later else ():
                self._when_called.setdefault(name, set()).update(piece.flow.later)
        self._written: dict[Table, int] = {}
        for index, tables in enumerate(written_by(live)):
            self._written.update(dict.fromkeys(tables, index))

    def test_of(self, index: int) -> DerivedTest | str:
        """Return the test of an assert, or why there can be none."""
        piece = self._live[index]
        assert isinstance(piece.node, ast.Assert)
        if not self._purity.looks_only(piece.node.test):
            return "it calls something that may change more than the test sees"
        needed = with_calls(self._when_called, set(piece.flow.needs))
        setup: list[Piece] = []
        for other in reversed(self._live[:index]):
            open_names = needed & self.bound
            if not open_names:
                break
            changed = changed_in_place(other.node) & open_names
            if changed:
                return f"`{min(changed)}` is changed by `{short(other.text)}`"
            if not open_names.intersection(other.flow.binds):
                continue
            if not self._is_pure(other):
                return f"it needs `{short(other.text)}`, which may change more than the test sees"
            setup.insert(0, other)
            if isinstance(other.node, _BINDING):
                needed -= set(other.flow.binds)
            needed |= with_calls(self._when_called, set(other.flow.needs))
        return self._reason(needed, [*setup, piece], index) or DerivedTest(
            "", piece, setup, needed, bool(needed & {"session", "spark"})
        )

    def _reason(self, needed: set[str], pieces: list[Piece], index: int) -> str:
        """Return why the statements would not say the same in a test, or nothing."""
        names = self._names
        taken = sorted(n for n in needed & (names.module - set(names.imports)) if n in TAKEN)
        if taken:
            return f"the test file has a `{taken[0]}` of its own"
        unknown = sorted(n for n in needed if n not in names.module and n not in BUILTINS and n not in _GIVEN)
        if unknown and not names.star:
            return f"`{unknown[0]}` is not known where the test runs"
        calls = [n for p in pieces if p.node for n in ast.walk(p.node) if isinstance(n, ast.Call)]
        later = sorted(t for call in calls for t in named(call) if self._written.get(t, -1) > index)
        return f"{later[0][0]}.{later[0][1]} is written again below it" if later else ""

    def _is_pure(self, piece: Piece) -> bool:
        node = piece.node
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            return True
        assigned = node.value if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) else None
        return assigned is not None and self._purity.looks_only(assigned)


def changed_in_place(node: ast.AST | None) -> set[str]:
    """Return names whose values a statement changes in place."""
    if node is None or isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return set()
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in CHANGING:
            found.add(root_name(part.func))
        elif isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
            found.add(root_name(part))
    return found


def with_calls(when_called: Mapping[str, set[str]], names: set[str]) -> set[str]:
    """Return names and what functions among them need when they are called: as it is then, not where they stand.

    Args:
        when_called: function -> the names that it needs.
        names: what is needed.
    """
    found = set(names)
    todo = list(names)
    while todo:
        new = when_called.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found
