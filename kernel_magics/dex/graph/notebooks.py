"""Notebooks as a run would go through them: cells in order, `%run` in the same session, `dbutils.notebook.run` in another."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from dex_dbutils import NotebookError, Where

from dex.graph.facts import SAY_BOTH, Facts
from dex.graph.models import Place
from dex.graph.run import Run, TooMuch
from dex.graph.sql import read_sql
from dex.graph.statements import execute
from dex.graph.utilities import files
from dex.graph.values import Arguments, Origin, Value, has_hole, known, shown
from dex.notebook import Cell, Magic, Notebook, RunReference, parse_run, read_notebook, resolve_run

#: Line magics whose words are Python.
_PYTHON = ("time", "timeit", "prun")
_FOREIGN = ("scala", "r")


def facts_of(notebook: Notebook, root: Path) -> Facts:
    """Return what a notebook does, that of the notebooks which it runs included."""
    facts = Facts()
    run = Run(root, notebook.path, facts, Origin(shown_below(notebook.path, root)))
    run.stack.append(notebook.path.resolve())
    try:
        _read(run, notebook, own=True)
    except (TooMuch, RecursionError):
        run.ask(
            "DEX-GRAPH-16",
            "From here on its loops, calls or expressions are too many to be followed one by one.",
            run.at(run.line),
            "Say what it reads and writes: `dex: task {reads: [layer.table], writes: [layer.table]}`.",
        )
    return facts


def shown_below(path: Path, root: Path) -> str:
    """Return a path as places have it: below the project where it lies there."""
    file, folder = path.resolve(), root.resolve()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(path)


def _read(run: Run, notebook: Notebook, own: bool) -> None:
    """Read the cells of a notebook; those of another count for the cell that is being read."""
    title = run.origin.notebook
    for cell in notebook.cells:
        if cell.type != "code" or not cell.source.strip():
            continue
        run.origin = Origin(title, cell.number)
        if own:
            run.cell = cell.number
        if _cell(run, cell):
            return


def _cell(run: Run, cell: Cell) -> bool:
    """Read one cell; return whether the notebook ends with it."""
    try:
        statements = cell.statements
    except NotebookError as error:
        line = error.where.line if isinstance(error.where, Where) else None
        run.ask(
            "DEX-GRAPH-16",
            f"{error.what.rstrip('.')}: what it reads and writes is not known.",
            run.at(line or 1),
            error.remedy or "Mend the cell.",
        )
        return False
    for statement in statements:
        if statement.magic is not None:
            for magic in (statement.magic, *statement.inner):
                _magic(run, cell, magic)
        elif statement.node is not None:
            for magic in statement.inner:
                _magic(run, cell, magic)
            if _statement(run, cell, statement.node):
                return True
    return False


def _statement(run: Run, cell: Cell, node: ast.stmt) -> bool:
    before = dict(run.scope.names)
    ended = execute(run, [node], run.scope)
    if "parameters" in cell.tags:
        _assume(run, before)
    return ended


def _assume(run: Run, before: Mapping[str, Value]) -> None:
    """Take the values of a cell tagged `parameters` as defaults."""
    for name, value in run.scope.names.items():
        if before.get(name) is value or value.is_unknown:
            continue
        if name in run.given:
            run.scope.names[name] = run.given[name]
        elif all(isinstance(each, str | int | float | bool) for each in value.alternatives):
            assumed = {f"parameter `{name}` is {shown(value)}, its default ({run.at(run.line)})"}
            run.scope.names[name] = Value(value.alternatives, value.assumed | assumed)


def _magic(run: Run, cell: Cell, magic: Magic) -> None:
    name = magic.name
    if name == "sql":
        whole = cell.language == "sql"
        inline = magic.arguments.strip() if not whole and magic.sigil == "%" else ""
        line = magic.line if whole or inline else magic.line + 1
        text = f"{inline}\n{magic.body}" if inline else magic.body
        read_sql(run, text, run.at(line), lines=True)
    elif name == "run" and magic.sigil == "%":
        _run_magic(run, magic)
    elif name in _FOREIGN:
        body = magic.body or magic.arguments
        if body.strip():
            run.ask(
                "DEX-GRAPH-16",
                f"The cell is {name.capitalize()}: what it reads and writes is not known.",
                run.at(magic.line),
                SAY_BOTH,
            )
    elif name == "fs":
        words = magic.arguments.split()
        if words[1:]:
            given = Arguments([known(word) for word in words[1:]], {})
            files(run, words[0], given, run.at(magic.line))
    elif name in _PYTHON and magic.sigil == "%":
        try:
            tree = ast.parse(magic.arguments.strip())
        except (SyntaxError, ValueError):
            return
        for node in ast.walk(tree):
            if hasattr(node, "lineno"):
                node.lineno = magic.line
        execute(run, tree.body, run.scope)


def _run_magic(run: Run, magic: Magic) -> None:
    try:
        reference = parse_run(magic)
    except NotebookError as error:
        _missing(run, error, run.at(magic.line))
        return
    target = _target(run, reference, run.at(magic.line), f"%run {reference.path}")
    if target is None:
        return
    given = {name: known(value) for name, value in reference.arguments.items()}
    before = (run.path, run.origin, run.given)
    run.path, run.given = target, {**run.given, **given}
    try:
        _follow(run, target)
    finally:
        run.path, run.origin, run.given = before


def run_other(run: Run, path: str, given: Mapping[str, Value], place: Place) -> None:
    """Read a notebook that is run with `dbutils.notebook.run`: in a session of its own."""
    if has_hole(path):
        run.ask(
            "DEX-GRAPH-15",
            f"Which notebook is run is only known when it runs: `{run.holes.unknown(path)}`.",
            place,
            "Name the notebook with a literal text, or say what it reads and writes: `dex: task {reads: [...], writes: [...]}`.",
        )
        return
    target = _target(run, RunReference(path), place, f"dbutils.notebook.run({path!r})")
    if target is None:
        return
    inner = Run(run.root, target, run.facts, run.origin, run.cell, given=given, holes=run.holes, stack=run.stack)
    inner.steps = run.steps
    before = (list(run.facts.gives), list(run.facts.takes))
    try:
        _follow(inner, target)
    finally:
        run.facts.gives[:], run.facts.takes[:] = before  # of another session
        run.steps = inner.steps


def _target(run: Run, reference: RunReference, place: Place, words: str) -> Path | None:
    try:
        target = resolve_run(reference, run.path, run.root)
    except NotebookError as error:
        _missing(run, error, place, f"%run {reference.path}", words)
        return None
    if target.resolve() in run.stack:
        run.ask(
            "DEX-GRAPH-15",
            f"`{words}` goes round in a circle: {shown_below(target, run.root)} is being run already.",
            place,
            "Move what both need into a notebook of its own.",
        )
        return None
    return target


def _missing(run: Run, error: NotebookError, place: Place, said: str = "", words: str = "") -> None:
    run.ask(
        "DEX-GRAPH-15", error.what.replace(said, words) if said else error.what, place, error.remedy or "Look there."
    )


def _follow(run: Run, target: Path) -> None:
    """Read another notebook where the run is."""
    title = shown_below(target, run.root)
    if title not in run.facts.runs:
        run.facts.runs.append(title)
    try:
        notebook = read_notebook(target)
    except NotebookError as error:
        _missing(run, error, run.at(run.line))
        return
    run.origin = Origin(title)
    run.stack.append(target.resolve())
    try:
        _read(run, notebook, own=False)
    finally:
        run.stack.pop()
