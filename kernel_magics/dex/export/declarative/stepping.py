"""From notebooks to steps: every statement in the order in which it runs, `%run` in its place, loops taken apart."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dex_dbutils.config import Project

from dex.export.declarative.expanding import Expander
from dex.export.declarative.models import Refused, Spot, Step
from dex.export.linking import Linker, Unit
from dex.export.models import ReportLine
from dex.export.parameters import Parameter, Parameters
from dex.export.pieces import Piece, replace_nodes, source_of
from dex.export.pipelines import is_pipeline
from dex.export.placement import place
from dex.export.regions import lift
from dex.graph import Statements, touched_tables
from dex.notebook import flow_of, split_sql, widget_of


@dataclass
class Stepped:
    """One notebook as steps.

    Attributes:
        path: its file.
        shown: its path below the project.
        steps: in order.
        parameters: its parameters and those of the notebooks that it runs.
        requirements: what it installs.
        imports: what generated parts of its statements need.
        before: names that it needed before anything was left out.
        runs: files of the notebooks that it runs.
        only_sql: it holds nothing but SQL.
        left_out: what a job does not need either, with the notebook.
    """

    path: Path
    shown: str
    steps: list[Step]
    parameters: Parameters
    requirements: list[str] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    before: set[str] = field(default_factory=set)
    runs: list[Path] = field(default_factory=list)
    only_sql: bool = False
    left_out: list[tuple[str, ReportLine]] = field(default_factory=list)


def stepped(project: Project, paths: list[Path], shown: Callable[[Path], str], refused: list[Refused]) -> list[Stepped]:
    """Return the notebooks as steps, each with what it does to tables.

    Args:
        project: whose environments say which schema is which layer.
        paths: the notebooks.
        shown: path of a notebook as messages have it.
        refused: where refusals go.

    Raises:
        NotebookError: a notebook cannot be read.
    """
    found = [_stepped(project, path, shown, refused) for path in paths]
    touched = touched_tables(
        project,
        [Statements(each.path, each.shown, [s.node for s in each.steps], _defaults(each)) for each in found],
    )
    for each, tables in zip(found, touched, strict=True):
        for step, done in zip(each.steps, tables, strict=True):
            step.touched = done
    return found


def _stepped(project: Project, path: Path, shown: Callable[[Path], str], refused: list[Refused]) -> Stepped:
    linker = Linker(project.root.resolve(), shown, lambda file: file.stem, lambda _: {}, lambda _: {}, frozenset())
    units = linker.load(path, apart=False)
    unit = units[-1]
    where = {id(piece): each.known.shown for each in units for piece in each.known.pieces}
    lifted = {each.known.shown: lift(each.known.pieces, each.known.log, each.known.parameters) for each in units}
    for each in units:
        where |= {id(piece): each.known.shown for piece in lifted[each.known.shown]}
    pieces = _in_place(unit, lifted)
    own = unit.known
    place(pieces, own.log)
    if is_pipeline(pieces):
        mark = next(p for p in pieces if isinstance(p.node, ast.FunctionDef) and p.node.decorator_list)
        spot = Spot(where.get(id(mark), own.shown), mark.cell.number, mark.statement.line)
        refused.append(Refused(spot, "The notebook defines a pipeline itself.", "Export it with `dex export`."))
    cells = {id(cell): each.known.shown for each in units for cell in each.known.notebook.cells}
    for each in units:
        for refusal in each.known.log.refusals:
            spot = Spot(each.known.shown, refusal.cell, refusal.line)
            refused.append(Refused(spot, refusal.message, refusal.remedy))
    parameters = _together(units, own.parameters.variable)
    steps = [step for piece in pieces for step in _steps(piece, cells.get(id(piece.cell), own.shown))]
    expanded = Expander(steps, refused).expanded(steps)
    live = [p for p in own.pieces if p.place != "drop" and p.text]
    return Stepped(
        path,
        own.shown,
        expanded,
        parameters,
        list(dict.fromkeys(r for each in units for r in each.known.requirements)),
        {name for each in units for name in each.known.log.imports},
        {name for each in units for name in each.known.before},
        [each.path.resolve() for each in units[:-1]],
        bool(live) and all(p.kind == "sql" for p in live),
        [(each.known.shown, _said(line)) for each in units for line in each.known.log.dropped],
    )


def _said(line: ReportLine) -> ReportLine:
    """Return what was left out in the words of a pipeline."""
    text = line.text.replace("now a field of Params", "now the pipeline's configuration")
    return line.model_copy(update={"text": text.replace("the job's environment", "the pipeline's environment")})


def _in_place(unit: Unit, lifted: Mapping[str, list[Piece]]) -> list[Piece]:
    """Return the statements of a notebook, with those of the notebooks that it runs where it runs them."""
    links = {id(link.piece): link for link in unit.links}
    found: list[Piece] = []
    for piece in lifted[unit.known.shown]:
        link = links.get(id(piece))
        if link is None:
            found.append(piece)
            continue
        target = link.target.known.parameters
        for key, value in link.arguments.items():
            parameter = target.found.get(key)
            if parameter is not None:
                target.found[key] = Parameter(
                    key, parameter.name, parameter.type, repr(value), parameter.comment, parameter.cell
                )
        found += _in_place(link.target, lifted)
    return found


def _together(units: list[Unit], variable: str) -> Parameters:
    """Return the parameters of a notebook and of those that it runs; what it says itself holds."""
    found = Parameters(variable)
    for unit in reversed(units):
        for key, parameter in unit.known.parameters.found.items():
            found.found.setdefault(key, parameter)
        found.replaces = found.replaces or unit.known.parameters.replaces
    return found


def _steps(piece: Piece, shown: str) -> list[Step]:
    if piece.place == "drop" or piece.node is None or not piece.text.strip():
        return []
    spot = Spot(shown, piece.cell.number, piece.statement.line)
    comments = tuple(text for _, text in piece.statement.comments)
    top = piece.place in ("module", "import")
    body = ast.parse(piece.text).body
    texts = [piece.text] if len(body) == 1 else [ast.get_source_segment(piece.text, node) or "" for node in body]
    queries = _queries(piece, len(body))
    found: list[Step] = []
    for number, text in enumerate(map(_plain, texts)):
        (node,) = ast.parse(text).body
        line, sql, above = queries[number] if queries else (spot.line, None, ())
        made = Step(Spot(shown, spot.cell, line), text, node, flow_of(node), top, piece.kind, (), sql)
        made.comments = (*(comments if number == 0 else ()), *above)
        made.piece = piece if texts == [text] else None
        found.append(made)
    return found


#: How a computed default of a widget is set.
_REPLACE = ("replace", "dataclasses.replace")


def _plain(text: str) -> str:
    """Return a statement without what a pipeline has no memory for, and with parameters as they are there.

    A frame is kept nowhere on serverless compute; a computed default is set on the parameters, which are no dataclass.
    """
    tree = ast.parse(text)
    changes: list[tuple[ast.AST, str]] = []
    for node in ast.walk(tree):
        call = node if isinstance(node, ast.Call) else None
        if call is None or not isinstance(call.func, ast.Attribute) or call.func.attr not in ("cache", "persist"):
            continue
        if not isinstance(call.func.value, ast.Name) or not isinstance(tree.body[0], ast.Expr):
            changes.append((call, source_of(text, call.func.value)))
    first = tree.body[0] if tree.body else None
    value = first.value if isinstance(first, ast.Assign) else None
    if isinstance(value, ast.Call) and ast.unparse(value.func) in _REPLACE and value.args and value.keywords:
        owner = ast.unparse(value.args[0])
        if owner in ("params", "job_params"):
            return f"{owner}.{value.keywords[0].arg} = {source_of(text, value.keywords[0].value)}"
    return replace_nodes(text, changes) if changes else text


def _queries(piece: Piece, count: int) -> list[tuple[int, str, tuple[str, ...]]]:
    """Return line, text and comments above of each statement of a SQL cell; nothing for other cells."""
    magic = piece.statement.magic
    if piece.kind != "sql" or magic is None or magic.target:
        return []
    inline = magic.arguments.strip()
    text = "\n".join(part for part in (magic.arguments, magic.body) if part.strip())
    first = magic.line if piece.cell.language == "sql" or (inline and magic.sigil == "%") else magic.line + 1
    found: list[tuple[int, str, tuple[str, ...]]] = []
    done = 0
    for statement in split_sql(text):
        begin = max(text.find(statement, done), done)
        done = begin + len(statement)
        if widget_of(statement) is None:
            plain = _without_comments(statement)
            above = statement[: len(statement) - len(plain)]
            said = tuple(f"#{line.strip()[2:]}" for line in above.split("\n") if line.strip().startswith("--"))
            found.append((first + text.count("\n", 0, begin + len(above)), plain, said))
    return found if len(found) == count else []


def _without_comments(statement: str) -> str:
    """Return a statement from its first word on."""
    text = statement.lstrip()
    while text.startswith(("--", "/*")):
        end = text.find("\n") if text.startswith("--") else text.find("*/") + 1
        text = text[end + 1 :].lstrip()
    return text


def _defaults(notebook: Stepped) -> dict[str, dict[str, object]]:
    values: dict[str, object] = {"env": None}
    for parameter in notebook.parameters.found.values():
        try:
            values[parameter.name] = ast.literal_eval(parameter.default or "None")
        except (ValueError, SyntaxError):
            values[parameter.name] = None
    return {notebook.parameters.variable: values}
