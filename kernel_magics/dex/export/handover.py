"""What the module of a notebook gives to the notebooks that run it, and how they take it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from dex.export.handing_in import arguments_of
from dex.export.linking import Link, Unit
from dex.export.parameters import Parameters
from dex.export.pieces import Log, Piece, literal, replace_nodes
from dex.export.placement import BUILTINS, RESERVED, Names

#: Statements after which the names that they bind are bound for certain.
_BINDING = (
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.Module),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)


@dataclass
class Handover:
    """What a module gives.

    Attributes:
        module: its name in the package.
        imports: the notebook's own imports at the top of the module, by the name that they bind.
        stars: its star imports.
        top: names that are defined at the top of the module.
        bound: names that `main` binds and returns.
        acts: `main` does something when it is called.
        exits: a function of it may exit the notebook that calls it.
        parameters: fields of its `Params`.
        requirements: what it installs, with what those install that it runs.
    """

    module: str
    imports: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    top: list[str] = field(default_factory=list)
    bound: list[str] = field(default_factory=list)
    acts: bool = False
    exits: bool = False
    parameters: Parameters = field(default_factory=Parameters)
    requirements: list[str] = field(default_factory=list)


def handover_of(unit: Unit, pieces: list[Piece], names: Names) -> Handover:
    """Return what a notebook's module gives, once it is known where each statement goes.

    Args:
        unit: the notebook, with what is wanted of it.
        pieces: its statements, placed.
        names: who binds what.
    """
    given = Handover(unit.name, parameters=unit.known.parameters, requirements=unit.known.requirements)
    given.exits = "NotebookExit" in unit.known.log.imports
    wanted = unit.wanted & {name for name, binders in names.binders.items() if binders}
    for piece in pieces:
        node = piece.node
        if piece.place == "import" and isinstance(node, ast.Import | ast.ImportFrom):
            if piece.flow.star:
                given.stars.append(piece.text)
            for alias in node.names:
                name = alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)
                if name in wanted:
                    given.imports[name] = _one(node, alias)
        elif piece.place == "main" and piece.text and piece.node is not None:
            quiet = isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
            )
            given.acts = given.acts or not quiet
    given.top = sorted(wanted & names.module - set(given.imports))
    given.bound = sorted(wanted - names.module - set(given.imports))
    return given


def take(link: Link, given: Handover, unit: Unit, package: str) -> list[Piece]:
    """Return the statements that a `%run` becomes: imports, the call of `main`, and the names that it binds.

    Args:
        link: the `%run`.
        given: what the target's module gives.
        unit: the notebook that runs it.
        package: the project's package.
    """
    piece, log = link.piece, unit.known.log
    used = link.target.users.get(unit.known.shown, set())
    lines = list(given.stars)
    lines += sorted({given.imports[name] for name in used if name in given.imports})
    if top := sorted(used.intersection(given.top)):
        lines.append(f"from {package}.{given.module} import {', '.join(top)}")
        if given.exits:
            log.imports.add("NotebookExit")
    calls: list[str] = []
    bound = sorted(used.intersection(given.bound))
    if given.acts or bound:
        taken = {name for p in unit.known.pieces for name in (*p.flow.binds, *p.flow.needs)}
        alias = given.module
        while alias in taken or alias in RESERVED or alias in BUILTINS:
            alias = f"{alias}_notebook"
        lines.append(f"from {package} import {given.module}{f' as {alias}' if alias != given.module else ''}")
        call = f"{alias}.main(spark, {alias}.Params({_arguments(link, given, unit, log)}))"
        if len(bound) == 1:
            calls.append(f"{bound[0]} = {call}.{bound[0]}")
        elif bound:
            variable = f"from_{given.module}"
            while variable in taken:
                variable += "_"
            calls += [f"{variable} = {call}", *(f"{name} = {variable}.{name}" for name in bound)]
        else:
            calls.append(call)
    if not lines and not calls:
        log.drop(piece, f"`%run` of {link.target.known.shown}: it does nothing that is used here")
        return [piece]
    found: list[Piece] = []
    for line in [*lines, *calls]:
        made = Piece(piece.cell, piece.statement if not found else replace(piece.statement, comments=()), "")
        made.retext(line)
        found.append(made)
    return found


def _arguments(link: Link, given: Handover, unit: Unit, log: Log) -> str:
    """Return the arguments of the target's `Params`: what the `%run` says, then what both notebooks are told."""
    own = unit.known.parameters
    variables = given.parameters.variables()
    handed = arguments_of(variables, link.target.gives.get(unit.known.shown, {}))
    words = [f"env={own.variable}.env", *handed]
    for key, parameter in given.parameters.found.items():
        if parameter.variable:
            continue
        if key in link.arguments:
            words.append(f"{parameter.name}={literal(link.arguments[key])}")
            continue
        known = own.found.get(key)
        if known is not None and known.default is None and parameter.default is not None:
            own.found[key] = replace(known, default=parameter.default, type=parameter.type, comment=parameter.comment)
        if known is None and parameter.default is None:
            known = own.add(replace(parameter, cell=link.piece.cell.id))
        if known is not None:
            words.append(f"{parameter.name}={own.variable}.{known.name}")
    for key in link.arguments:
        if key not in given.parameters.found and key != "env":
            log.note(link.piece, f"{link.target.known.shown} has no widget `{key}`")
    return ", ".join(words)


def render_names(bound: list[str]) -> str:
    """Return the class of what `main` hands over."""
    fields = "\n".join(f"    {name}: Any" for name in bound)
    return f'@dataclass(frozen=True)\nclass Names:\n    """What notebooks that run this one use of it."""\n\n{fields}'


def hand_over(pieces: list[Piece], bound: list[str], log: Log) -> list[str]:
    """Make every exit of `main` return the names; return those that may not be bound by then.

    Args:
        pieces: the notebook's statements, placed.
        bound: names to hand over.
        log: told where an exit loses its value.
    """
    give = f"return Names({', '.join(f'{name}={name}' for name in bound)})"
    sure: set[str] = set()
    left = False
    for piece in [p for p in pieces if p.place == "main" and p.node is not None]:
        exits = [n for n in own_scope(piece.node) if isinstance(n, ast.Return)]
        if exits:
            piece.retext(replace_nodes(piece.text, [(node, give) for node in exits]))
            log.note(piece, "the value of the exit is lost where another notebook runs this one")
        if isinstance(piece.node, _BINDING) and not left:
            sure |= set(piece.flow.binds)
        left = left or bool(exits)
    return [name for name in bound if name not in sure]


def refuse_inner_exits(pieces: list[Piece], bound: list[str], log: Log) -> None:
    """Refuse functions that exit a notebook of which other notebooks use names: it has none to give by then."""
    for piece in pieces if bound else ():
        raised = [n for n in ast.walk(piece.node or ast.Pass()) if isinstance(n, ast.Raise) and n.exc is not None]
        if piece.place != "drop" and any(ast.unparse(n.exc).startswith("NotebookExit(") for n in raised if n.exc):
            log.refuse(
                piece,
                "dbutils.notebook.exit",
                f"A function exits the notebook, and notebooks that run it use `{bound[0]}` of it.",
                "Return from the function, and exit at the top of the notebook.",
            )


def own_scope(node: ast.AST | None) -> list[ast.AST]:
    """Return what a statement holds, without the functions and classes in it."""
    found: list[ast.AST] = []
    stack: list[ast.AST] = [node] if node is not None else []
    while stack:
        current = stack.pop()
        if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        found.append(current)
        stack.extend(ast.iter_child_nodes(current))
    return found


def _one(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    if isinstance(node, ast.Import):
        return ast.unparse(ast.Import([alias]))
    return ast.unparse(ast.ImportFrom(node.module, [alias], node.level))
