"""What a notebook becomes, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from dex_dbutils.config import Project

from dex.export.derived_tests import render_tests
from dex.export.fixed_names import note_fixed_names
from dex.export.handover import Handover, hand_over, handover_of, refuse_inner_exits, take
from dex.export.headings import headings_of
from dex.export.linking import Unit
from dex.export.models import ExportRefused, Refusal, ReportLine
from dex.export.module import Around, Block, blocks_of, render_module
from dex.export.order import note_order, note_undefined
from dex.export.own_jobs import job_parts
from dex.export.pieces import Log, Piece
from dex.export.pipelines import is_pipeline, render_resource, render_source, to_the_top
from dex.export.placement import place
from dex.export.recording.plan import RecordingPlan, plan_recording
from dex.export.recording.recorded import read_recording
from dex.export.regions import lift
from dex.export.running_main import Run, run_of
from dex.export.slicing import derive
from dex.export.sql_pipelines import is_sql_pipeline, render_sql
from dex.export.stubs import with_stubs
from dex.export.understanding import purity_of
from dex.job_files import JobFiles, Parts
from dex.notebook import Notebook


@dataclass
class Draft:
    """What a notebook becomes, before anything is written.

    Attributes:
        notebook: what it was made from.
        shown: path of the notebook, below the project.
        name: name of the module in its package; the name it would have where there is nothing to export.
        empty: there is nothing to export.
        generated: files that belong to the export, by path below the project.
        log: what was dropped, noted and refused.
        tests: names of the derived tests.
        not_derived: asserts and recorded functions without a test.
        blocks: blocks of the module.
        headings: comments of the module that are made from headings.
        linked: drafts of the notebooks that it runs with `%run`, and of those that they run: each once, after what
            it needs itself.
        plan: what a recording of the notebook watches.
        needs_spark: some test asks for the fixture `spark`.
        users: notebooks that run it -> the names that they use of it.
        job: what it gives to a job; None for a pipeline, and for a module that others call.
        job_files: the files of the job that runs it alone; None where it has none.
        gives: notebooks that run it -> the names that they give to it.
        ending: of the source that it becomes: a module, or the SQL of a pipeline.
    """

    notebook: Notebook
    shown: str
    name: str
    empty: bool = False
    generated: dict[str, str] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    tests: list[str] = field(default_factory=list)
    not_derived: list[ReportLine] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    headings: set[str] = field(default_factory=set)
    linked: list[Draft] = field(default_factory=list)
    plan: RecordingPlan = field(default_factory=RecordingPlan)
    needs_spark: bool = False
    users: dict[str, list[str]] = field(default_factory=dict)
    job: Parts | None = None
    job_files: JobFiles | None = None
    gives: dict[str, dict[str, str]] = field(default_factory=dict)
    ending: str = ".py"

    def source(self, package: str) -> str:
        """Return the path of the source that it becomes, below the project."""
        return f"src/{package}/{self.name}{self.ending}"

    def to_write(self) -> Draft:
        """Return what is needed of it to write its files, without the syntax trees: small enough for another process."""
        return replace(
            self,
            notebook=replace(self.notebook, cells=(), document={}),
            blocks=[],
            headings=set(),
            plan=RecordingPlan(),
            linked=[linked.to_write() for linked in self.linked],
        )


def draft_units(units: list[Unit], project: Project, whole: Callable[[Unit], bool]) -> Draft:
    """Return what a notebook becomes, with those that it runs, without touching a file.

    Args:
        units: the notebook last, after those that it runs.
        project: where the modules will stand.
        whole: whether a notebook has tests and a job of its own, beside its module.

    Raises:
        ExportRefused: DEX-EXPORT-02, with every refusal.
        ExportError: DEX-EXPORT-05, the formatter failed.
    """
    given: dict[str, Handover] = {}
    runs: dict[str, Run] = {}
    refused: dict[str, ExportRefused] = {}
    drafts: list[Draft] = []
    for unit in units[:-1]:
        try:
            drafts.append(_draft(unit, project, given, runs, refused, whole(unit)))
        except ExportRefused as error:
            refused[unit.name] = error
    draft = _draft(units[-1], project, given, runs, refused, True)
    draft.linked = [linked for linked in drafts if linked.name in _reached(units[-1])]
    return draft


def _reached(unit: Unit) -> set[str]:
    """Return the names of the modules that a notebook's module needs."""
    links = [link.target for link in unit.links if link.piece.stub is None]
    return {name for target in links for name in (target.name, *_reached(target))}


def _draft(
    unit: Unit,
    project: Project,
    given: dict[str, Handover],
    runs: dict[str, Run],
    refused: dict[str, ExportRefused],
    whole: bool,
) -> Draft:
    known, name = unit.known, unit.name
    notebook, shown, log, parameters = known.notebook, known.shown, known.log, known.parameters
    called = _link(unit, given, refused, project.package)
    note_order(known.pieces, log)
    pieces = with_stubs(lift(known.pieces, log, parameters), log)
    names = place(pieces, log)
    if parameters.replaces:
        log.imports.add("dataclasses")
    undefined = note_undefined(pieces, names.star, log)
    note_fixed_names(pieces, log, project)
    own = handover_of(unit, pieces, names)
    refuse_inner_exits(pieces, own.bound, log)
    if log.refusals:
        raise ExportRefused(shown, log.refusals)
    given[name] = own
    users = {user: sorted(wanted) for user, wanted in sorted(unit.users.items())}
    if not any(p.place != "drop" and p.text for p in pieces):
        return Draft(notebook, shown, name, empty=True, log=log)
    if is_sql_pipeline(pieces):
        return _sql_pipeline(unit, pieces, project.package)
    if is_pipeline(pieces):
        to_the_top(pieces)
        return _pipeline(unit, pieces, project.package)
    needed = {link.target.name for link in unit.links if link.piece.stub is None}
    runs[name] = run = run_of(pieces, names, undefined, {n: r for n, r in runs.items() if n in needed})
    unbound = hand_over(pieces, own.bound, log) if own.bound else []
    blocks = blocks_of(pieces)
    module_path, package = f"src/{project.package}/{name}.py", project.package
    around = Around(shown, project.default_environment, known.before, package, own.bound, unbound)
    module = render_module(notebook, pieces, blocks, names, parameters, around, log)
    _must_compile(module, shown, blocks)
    log.dropped.sort(key=lambda entry: (entry.cell or 0, entry.line or 0))
    log.notes.sort(key=lambda entry: (entry.cell or 0, entry.line or 0))
    draft = Draft(
        notebook,
        shown,
        name,
        generated={module_path: module},
        log=log,
        blocks=blocks,
        headings=set(headings_of(notebook).values()),
        users=users,
        gives=unit.gives,
    )
    if whole:
        recording = read_recording(project.root, name)
        derived = derive(pieces, names, purity_of(pieces), recording.broken if recording else frozenset())
        missing = tuple(p.key for p in parameters.ordered() if p.default is None)
        tables = run.own
        if called:  # the modules that it calls work on tables of their own
            tables = replace(tables, unclear=True)
        draft.plan = plan_recording(pieces, blocks, module, tables, missing)
        tests = render_tests(
            derived, pieces, names, parameters, run, draft.plan, recording, notebook=shown, package=package, module=name
        )
        draft.tests, draft.not_derived, draft.needs_spark = tests.names, tests.skipped, tests.needs_spark
        draft.generated[f"tests/test_{name}.py"] = tests.source
        draft.job = job_parts(project, name, parameters, known.requirements)
    return draft


def _pipeline(unit: Unit, pieces: list[Piece], package: str) -> Draft:
    """Return the draft of a notebook that defines a pipeline: its source, and the pipeline."""
    known, name = unit.known, unit.name
    blocks = blocks_of(pieces)
    source = render_source(known.shown, pieces, blocks, known.parameters, known.before, package, known.log)
    _must_compile(source, known.shown, blocks)
    resource = render_resource(known.shown, package, f"{name}.py", known.parameters)
    generated = {f"src/{package}/{name}.py": source, f"resources/{name}.pipeline.yml": resource}
    headings = set(headings_of(known.notebook).values())
    return Draft(
        known.notebook, known.shown, name, generated=generated, log=known.log, blocks=blocks, headings=headings
    )


def _sql_pipeline(unit: Unit, pieces: list[Piece], package: str) -> Draft:
    """Return the draft of a notebook whose SQL defines a pipeline: its source, and the pipeline."""
    known, name = unit.known, unit.name
    draft = Draft(known.notebook, known.shown, name, log=known.log, ending=".sql")
    draft.generated[draft.source(package)] = render_sql(known.shown, pieces, headings_of(known.notebook))
    resource = render_resource(known.shown, package, f"{name}.sql", known.parameters)
    draft.generated[f"resources/{name}.pipeline.yml"] = resource
    return draft


def _link(unit: Unit, given: dict[str, Handover], refused: dict[str, ExportRefused], package: str) -> bool:
    """Put what the notebooks that it runs give in the place of every `%run`; return whether one is called."""
    known = unit.known
    found: list[Piece] = []
    called = False
    links = {id(link.piece): link for link in unit.links}
    for piece in known.pieces:
        link = links.get(id(piece))
        if link is None:
            found.append(piece)
            continue
        target = given.get(link.target.name)
        if target is None:
            error = refused[link.target.name]
            first = error.refusals[0]
            known.log.refuse(
                piece,
                "%run",
                f"`%run` of {link.target.known.shown}, which cannot be exported: {first}",
                f"Mend it there: {first.remedy}",
            )
            found.append(piece)
            continue
        known.requirements.extend(r for r in target.requirements if r not in known.requirements)
        made = take(link, target, unit, package)
        called = called or target.acts or bool(target.bound)
        found += made
    known.pieces = found
    return called


def _must_compile(module: str, shown: str, blocks: list[Block]) -> None:
    try:
        compile(module, shown, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        above = module.split("\n")[:line]
        block = next((b for text in reversed(above) for b in blocks if text.strip() == b.marker), None)
        raise ExportRefused(
            shown,
            [
                Refusal(
                    block.cell.number if block else 1,
                    block.lines[0] if block else 1,
                    "code",
                    f"This code does not hold inside a function: {getattr(error, 'msg', error)}.",
                    "Write it so that it does not depend on being at the top of a file.",
                )
            ],
        ) from error
