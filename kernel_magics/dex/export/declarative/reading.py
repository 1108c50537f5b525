"""What the statements of a notebook are in a declarative pipeline: tables, checks, or nothing that it has a place for."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from dex.export.declarative.actions import actions_in, effects_in, grouped_names
from dex.export.declarative.checks import check_of, is_check
from dex.export.declarative.leftovers import TASK, Leftovers
from dex.export.declarative.models import Expectation, Options, Refused, Spot, Step, Write
from dex.export.declarative.slices import Slices
from dex.export.declarative.sql_statements import Declared, Gone, LeftOut, Setting, meaning_of
from dex.export.declarative.sql_texts import sql_of_call, sql_of_cell
from dex.export.declarative.stepping import Stepped
from dex.export.declarative.writers import ONE_PART, WHOLE, NoWrite, write_of
from dex.export.names import imported
from dex.export.pieces import short
from dex.graph import NamedTable
from dex.notebook import flow_of


@dataclass
class Declaration:
    """A table, a part of one, or a temporary view, that a statement makes.

    Attributes:
        at: number of the statement.
        spot: where it stands.
        write: what it writes.
        table: the table; None for a temporary view.
        view: name of the temporary view.
        steps: numbers of the statements that its frame needs.
        reads: tables that it reads, each with where.
        takes: temporary views that it reads.
        expectations: checks of its rows.
        comments: the notebook's comments above it.
    """

    at: int
    spot: Spot
    write: Write
    table: NamedTable | None = None
    view: str = ""
    steps: list[int] = field(default_factory=list)
    reads: dict[tuple[str, ...], Spot] = field(default_factory=dict)
    takes: dict[str, Spot] = field(default_factory=dict)
    expectations: list[Expectation] = field(default_factory=list)
    comments: tuple[str, ...] = ()


@dataclass
class Read:
    """A notebook with what it declares.

    Attributes:
        stepped: its statements.
        slices: what they need of each other.
        declarations: in order.
        left_out: what a pipeline does by itself or has nobody for, each with where.
        unchecked: checks that became no expectation, each with where.
    """

    stepped: Stepped
    slices: Slices
    declarations: list[Declaration] = field(default_factory=list)
    left_out: list[tuple[Spot, str]] = field(default_factory=list)
    unchecked: list[tuple[Spot, str]] = field(default_factory=list)


class Reader:
    """Reads one notebook.

    Args:
        stepped: its statements.
        refused: where refusals go.
    """

    def __init__(self, stepped: Stepped, refused: list[Refused]) -> None:
        self._imports = {name: text for step in stepped.steps for name, text in imported(step.node).items()}
        self._steps = stepped.steps
        self._read = Read(stepped, Slices(stepped.steps, self._imports))
        self._leftovers = Leftovers(stepped.steps, self._imports)
        self._refused = refused
        self._grouped = {name for step in stepped.steps for name in grouped_names(step.node)}
        self._conf: dict[str, str] = {}
        self._described: list[tuple[int, Declared]] = []
        self._dropped: list[tuple[int, Gone]] = []
        self._checks: list[int] = []
        self._open: list[int] = []
        self._looked_at: set[int] = set()  # by the check that is being read
        self._looked_through: set[int] = set()  # by checks that became expectations

    def read(self) -> Read:
        """Return what the notebook declares; what has no place in a pipeline is refused."""
        for at, step in enumerate(self._steps):
            if at not in self._read.slices.top:
                self._take(at, step)
        for declaration in self._read.declarations:
            self._slice(declaration)
        self._describe()
        used = {at for each in self._read.declarations for at in each.steps}
        for at in self._checks:
            self._check(at)
        for at in self._open:
            if at not in used | self._looked_through:
                self._leave(self._steps[at])
        self._look_at_functions()
        return self._read

    def _refuse(self, spot: Spot, message: str, remedy: str) -> None:
        self._refused.append(Refused(spot, message, remedy))

    def _leave_out(self, spot: Spot, text: str) -> None:
        self._read.left_out.append((spot, text))

    # -- statements ----------------------------------------------------------------------------------------------------

    def _take(self, at: int, step: Step) -> None:
        meaning = self._meaning(step)
        if isinstance(meaning, NoWrite):
            self._refuse(step.spot, meaning.message, meaning.remedy)
        elif isinstance(meaning, Write):
            self._declare(at, step, meaning)
        elif isinstance(meaning, Declared):
            self._described.append((at, meaning))
        elif isinstance(meaning, Gone):
            self._dropped.append((at, meaning))
        elif isinstance(meaning, Setting):
            if "partitionOverwriteMode" in meaning.key:
                self._refuse(step.spot, ONE_PART, WHOLE)
            self._conf[meaning.key] = meaning.value
        elif isinstance(meaning, LeftOut) and meaning.looks and (written := _written(step)):
            self._refuse(
                step.spot,
                f"{written[0]} is written behind `{short(step.sql or step.text)}`.",
                "Begin the statement with its write: INSERT OVERWRITE table WITH ... SELECT ...",
            )
        elif isinstance(meaning, LeftOut):
            self._leave_out(step.spot, f"`{short(step.sql or step.text)}`: {meaning.why}")
        elif is_check(step.node):
            self._checks.append(at)
        else:
            self._open.append(at)

    def _meaning(self, step: Step) -> Write | NoWrite | Declared | Gone | Setting | LeftOut | None:
        if step.sql is not None and self._read.stepped.only_sql:
            return meaning_of(sql_of_cell(step.sql), python=False)
        node = step.node
        if isinstance(node, ast.Expr | ast.Assign):
            sql = sql_of_call(node.value)
            if sql is not None:
                found = meaning_of(sql, python=True)
                return None if isinstance(found, LeftOut) and isinstance(node, ast.Assign) else found
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if ast.unparse(call.func) == "spark.conf.set" and len(call.args) == 2:
                return Setting(ast.unparse(call.args[0]), ast.unparse(call.args[1]))
        return write_of(node, step.text)

    def _declare(self, at: int, step: Step, write: Write) -> None:
        made = Declaration(at, step.spot, write, comments=step.comments)
        if write.how == "view":
            (made.view,) = step.touched.makes[:1] or [""]
        else:
            written = [table for table in step.touched.tables if table.how != "read"]
            if len(written) != 1 or written[0].unknown:
                what = written[0].unknown if written else write.name
                self._refuse(
                    step.spot,
                    f"Which table is written is only known when it runs: `{short(what)}`.",
                    "Name it with a literal text, with session.table, or with a parameter that has a default.",
                )
                return
            made.table = written[0]
        write.options = write.options.under(Options(conf=dict(self._conf)))
        for text in write.left_out:
            self._leave_out(step.spot, text)
        self._read.declarations.append(made)

    # -- frames --------------------------------------------------------------------------------------------------------

    def _slice(self, made: Declaration) -> None:
        needs = flow_of(ast.parse(made.write.frame)).needs if made.write.frame else ()
        made.steps = self._read.slices.needed(needs, made.at)
        name_needs = flow_of(ast.parse(made.write.name)).needs if made.write.frame else ()
        lost = [name for name in name_needs if self._read.slices.maker(name, made.at) is not None]
        if lost:
            self._refuse(
                made.spot,
                f"The table's name is made of `{lost[0]}`, which is not the same in the whole notebook.",
                "Set it once, from literal texts and parameters.",
            )
        for at in [*made.steps, made.at]:
            step = self._steps[at]
            if at != made.at:
                self._must_be_a_frame(step)
            for table in [table for table in step.touched.tables if table.how == "read"]:
                made.reads.setdefault(table.id, step.spot)
                self._must_be_known(made, table, at, step.spot)
            for view in step.touched.takes:
                made.takes.setdefault(view, step.spot)
        if made.write.frame:
            frame = ast.parse(made.write.frame).body[0]
            self._no_actions(frame, made.spot, 0)

    def _must_be_a_frame(self, step: Step) -> None:
        """Refuse a statement that a frame needs and that does more than to make one."""
        if isinstance(step.node, ast.With | ast.AsyncWith | ast.AsyncFor):
            self._refuse(step.spot, f"A table needs `{short(step.text)}`, which does something.", TASK)
        if any(table.how != "read" for table in step.touched.tables) or step.touched.files:
            self._refuse(step.spot, f"A table needs the result of a write: `{short(step.text)}`.", "Read the table.")
        if "DeltaTable.for" in step.text:
            self._refuse(
                step.spot,
                f"A pipeline does not see that `{short(step.text)}` reads a table, and may run it too early.",
                "Read it with spark.read.table.",
            )
        for call in effects_in(step.node):
            line = step.spot.line + call.lineno - 1
            self._refuse(
                Spot(step.spot.notebook, step.spot.cell, line),
                f"A table needs `{short(ast.unparse(call))}`, which reaches outside of the pipeline.",
                "Give it as a parameter, or read it as a table.",
            )
        self._no_actions(step.node, step.spot, 1)

    def _no_actions(self, node: ast.AST, spot: Spot, first: int) -> None:
        for call in actions_in(node, self._imports, self._grouped):
            line = spot.line + (call.lineno - 1 if first else 0)
            self._refuse(
                Spot(spot.notebook, spot.cell, line),
                f"`{short(ast.unparse(call))}` runs a query while the pipeline is being planned.",
                "Take it out where it only tells; else join the value as a frame of one row (crossJoin), use a subquery, "
                "or give it as a parameter.",
            )

    def _must_be_known(self, made: Declaration, table: NamedTable, at: int, spot: Spot) -> None:
        """Refuse a read of a table that the notebook writes there or below: of the run before."""
        below = [d for d in self._read.declarations if d.table and d.table.id == table.id and d.at >= at]
        if not below or (made.write.how == "stream" and below[0] is not made):
            return
        shown = ".".join(table.id[1:])
        if below[0] is made:
            self._refuse(
                spot,
                f"{shown} is made of itself, as the run before left it.",
                "Make it of its sources alone; to keep what was there, read them as a stream (`spark.readStream`).",
            )
        else:
            self._refuse(
                spot,
                f"{shown} is read before {below[0].spot} writes it: what the run before left there.",
                "Read it below the write, or make the result of its sources.",
            )

    # -- what else is said of tables -----------------------------------------------------------------------------------

    def _describe(self) -> None:
        for at, said in self._described:
            found = [d for d in self._read.declarations if _same_name(d.write.name, said.name)]
            if not found:
                self._refuse(
                    self._steps[at].spot,
                    f"This notebook says something of {_plain(said.name)}, and does not fill it.",
                    "Say it in the notebook that fills the table.",
                )
            first = next((each for each in found if each.at > at), None)
            if said.anew and first is not None and first.write.how == "append":
                first.write.how = "overwrite"
            for each in found:
                kept = Options(comment=said.options.comment, properties=said.options.properties)
                each.write.options = each.write.options.under(kept if each.write.replaces else said.options)
        for at, gone in self._dropped:
            again = [d for d in self._read.declarations if d.at > at and _same_name(d.write.name, gone.name)]
            if again:
                self._leave_out(self._steps[at].spot, f"`DROP TABLE`: {_plain(gone.name)} is made anew")
            else:
                self._refuse(
                    self._steps[at].spot,
                    f"{_plain(gone.name)} is dropped.",
                    "Take it out: what a pipeline no longer defines is no longer there.",
                )

    def _check(self, at: int) -> None:
        """Make an expectation of a check, or say why there is none."""
        step = self._steps[at]
        self._looked_at = set()
        check = check_of(step.node, at, self._value, self._imports)
        target = self._checked(check.frame, check.at) if check is not None else None
        if check is not None and target is not None:
            self._looked_through |= self._looked_at
            whole = not (isinstance(check.frame, ast.Name) and target.write.frame == check.frame.id)
            target.expectations.append(Expectation(check.name, check.condition, step.spot, whole))
            return
        if not self._leftovers.looks_only(step.node.test):  # type: ignore[attr-defined]  # as `is_check` knows
            self._refuse(step.spot, f"`{short(step.text)}` does more than to look.", TASK)
            return
        why = "it is not about the rows of a table that the notebook writes" if check else "it is not about single rows"
        self._read.unchecked.append((step.spot, f"`{short(step.text)}`: {why}"))

    def _value(self, name: str, below: int) -> tuple[ast.expr, int] | None:
        at = self._read.slices.maker(name, below)
        node = self._steps[at].node if at is not None else None
        self._looked_at |= {at} if at is not None else set()
        simple = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        return (node.value, at) if simple and isinstance(node, ast.Assign) and at is not None else None

    def _checked(self, frame: ast.expr, at: int) -> Declaration | None:
        """Return the table whose rows a frame has."""
        for made in self._read.declarations:
            if isinstance(frame, ast.Name) and made.table is not None and made.write.frame == frame.id:
                maker = self._read.slices.maker(frame.id, at)
                if maker is not None and maker == self._read.slices.maker(frame.id, made.at):
                    return made
        while isinstance(frame, ast.Name):
            found = self._value(frame.id, at)
            if found is None:
                return None
            frame, at = found
        if not (isinstance(frame, ast.Call) and isinstance(frame.func, ast.Attribute)):
            return None
        if frame.func.attr not in ("table", "read") or ast.unparse(frame.func.value) not in (
            "spark",
            "session",
            "spark.read",
        ):
            return None
        read = {table.id for table in self._steps[at].touched.tables if table.how == "read"}
        above = [d for d in self._read.declarations if d.table is not None and {d.table.id} == read and d.at < at]
        return above[-1] if above else None

    def _leave(self, step: Step) -> None:
        """Leave out what only looks; refuse what does something that no table is made of."""
        found = self._leftovers.of(step)
        if isinstance(found, Refused):
            self._refused.append(found)
        elif found:
            self._leave_out(step.spot, found)

    def _look_at_functions(self) -> None:
        """Refuse functions that a table needs and that run queries or reach outside."""
        slices = self._read.slices
        names = {n for d in self._read.declarations if d.write.frame for n in flow_of(ast.parse(d.write.frame)).needs}
        names |= {n for d in self._read.declarations for at in d.steps for n in self._steps[at].flow.needs}
        for at in sorted(slices.tops_of(names)):
            step = self._steps[at]
            if not isinstance(step.node, ast.FunctionDef | ast.ClassDef) or _is_udf(step.node):
                continue
            self._no_actions(step.node, step.spot, 1)
            for call in effects_in(step.node):
                self._refuse(
                    Spot(step.spot.notebook, step.spot.cell, step.spot.line + call.lineno - 1),
                    f"`{step.node.name}` calls `{short(ast.unparse(call))}`, which reaches outside of the pipeline.",
                    "Give it what it needs as a parameter.",
                )


def _written(step: Step) -> list[str]:
    return [".".join(table.id[1:]) for table in step.touched.tables if table.how != "read"]


def _is_udf(node: ast.AST) -> bool:
    marks = getattr(node, "decorator_list", [])
    return any("udf" in ast.unparse(mark) for mark in marks)


def _same_name(one: str, other: str) -> bool:
    return _plain(one).lower() == _plain(other).lower()


def _plain(name: str) -> str:
    """Return the name of a table without quotes, or its source."""
    try:
        name = str(ast.literal_eval(name))
    except (ValueError, SyntaxError):
        pass
    return name.replace("`", "")
