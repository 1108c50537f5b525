"""What single statements do to tables: for those who take notebooks apart themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dex_dbutils.config import Project

from dex.graph.edges import Node, Tables
from dex.graph.facts import Facts
from dex.graph.models import How, Place, Question
from dex.graph.names import Id, Layers, Name
from dex.graph.notebooks import facts_of
from dex.graph.overrides import Said, TaskSettings
from dex.graph.run import Run, TooMuch
from dex.graph.statements import execute
from dex.graph.values import Class, Instance, Origin, Scope, Value, has_hole, known, unknown
from dex.notebook import read_notebook


@dataclass(frozen=True)
class NamedTable:
    """A table that a statement reads or writes.

    Attributes:
        id: what it is known by in every notebook.
        how: what is done to it.
        schema: its schema or layer; None where none is said.
        table: its own name.
        unknown: the part of its name that only the run knows.
    """

    id: Id
    how: How
    schema: str | None
    table: str
    unknown: str = ""


@dataclass
class Touched:
    """What one statement does.

    Attributes:
        tables: tables that it reads and writes, in order.
        files: paths that it writes.
        makes: temporary views that it makes.
        takes: names without a schema that it reads: temporary views, where there are such.
        questions: what its text does not say.
    """

    tables: list[NamedTable] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    makes: list[str] = field(default_factory=list)
    takes: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


@dataclass(frozen=True)
class Statements:
    """The statements of one notebook, in order.

    Attributes:
        path: the notebook.
        shown: its path below the project.
        nodes: None for what is no statement.
        parameters: name of the object that holds the parameters -> their defaults; None for one without a default.
    """

    path: Path
    shown: str
    nodes: Sequence[ast.stmt | None]
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def touched_tables(project: Project, notebooks: Sequence[Statements]) -> list[list[Touched]]:
    """Return for every notebook what each of its statements does to tables.

    Args:
        project: its environments say which schema is which layer.
        notebooks: their statements.
    """
    facts = [_facts(project.root, each) for each in notebooks]
    tables = _tables(project, (each for found in facts for each in found))
    return [[_touched(each, tables) for each in found] for found in facts]


def changed_tables(project: Project, paths: Sequence[Path]) -> list[list[tuple[NamedTable, Place]]]:
    """Return for every notebook the tables whose rows it changes, that of notebooks which it runs included, and where.

    Args:
        project: its environments say which schema is which layer.
        paths: the notebooks.

    Raises:
        NotebookError: a file is no notebook.
    """
    facts = [facts_of(read_notebook(path), project.root) for path in paths]
    tables = _tables(project, facts)
    return [
        [
            (_named(use.how, use.name, tables), use.place)
            for use in found.uses
            if use.name.kind == "table" and use.how in ("append", "change", "overwrite")
        ]
        for found in facts
    ]


def _tables(project: Project, facts: Iterable[Facts]) -> Tables:
    every = Facts({use: None for found in facts for use in found.uses})
    return Tables([Node("", "", every, Said(TaskSettings()))], Layers(project))


def _facts(root: Path, statements: Statements) -> list[Facts]:
    run = Run(root, statements.path, Facts(), Origin(statements.shown))
    for variable, defaults in statements.parameters.items():
        kind = Class(ast.ClassDef(variable, [], [], [], []), Scope())
        members = {name: _default(variable, name, value) for name, value in defaults.items()}
        run.scope.names[variable] = known(Instance(kind, members))
    found: list[Facts] = []
    try:
        for node in statements.nodes:
            found.append(Facts())
            run.facts, run.steps = found[-1], 0
            if node is not None:
                execute(run, [node], run.scope)
    except (TooMuch, RecursionError):
        found[-1].questions.append((_too_much(run), 0))
    return found + [Facts() for _ in range(len(statements.nodes) - len(found))]


def _default(variable: str, name: str, value: object) -> Value:
    plain = isinstance(value, str | int | float | bool)
    return known(value) if plain else unknown(f"{variable}.{name}", parameter=name)


def _too_much(run: Run) -> Question:
    return Question(
        code="DEX-GRAPH-16",
        text="Its loops, calls or expressions are too many to be followed one by one.",
        places=[run.at(run.line)],
        remedy="Write it with fewer.",
    )


def _touched(facts: Facts, tables: Tables) -> Touched:
    uses = [use for use in facts.uses if use.name.kind == "table"]
    return Touched(
        [_named(use.how, use.name, tables) for use in uses],
        [use.name.table for use in facts.uses if use.name.kind == "path" and use.how != "read"],
        list(facts.views),
        [name for (kind, name), _ in facts.takes if kind == "view"],
        [question for question, _ in facts.questions],
    )


def _named(how: How, name: Name, tables: Tables) -> NamedTable:
    lost = name.unknown or (name.table if has_hole(name.table) else "")
    identity = tables.id(name)
    schema = identity[-2] if name.schema is not None else None
    return NamedTable(identity, how, schema, name.table, lost)
