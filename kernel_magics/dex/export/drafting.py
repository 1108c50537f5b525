"""What a notebook becomes, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from dex_dbutils.config import Project

from dex.export.derived_tests import render_tests
from dex.export.models import ExportRefused, Refusal, ReportLine
from dex.export.module import Block, blocks_of, headings_of, render_module
from dex.export.pieces import Log
from dex.export.placement import place
from dex.export.project_files import render_job
from dex.export.recording import read_recording
from dex.export.recording_plan import RecordingPlan, plan_recording
from dex.export.regions import lift
from dex.export.slicing import derive
from dex.export.tables import tables_of
from dex.export.understanding import note_undefined, purity_of, understand
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


def draft_export(notebook: Notebook, project: Project, shown: str, name: str) -> Draft:
    """Return what a notebook becomes, without touching a file.

    Args:
        notebook: what to export.
        project: where the module will stand.
        shown: the notebook's path below the project.
        name: name of the module.

    Raises:
        NotebookError: DEX-NOTEBOOK-05, a cell is no Python; -07, it holds bytes that are not UTF-8.
        ExportRefused: DEX-EXPORT-02, with every refusal.
        ExportError: DEX-EXPORT-05, the formatter failed.
    """
    known = understand(notebook, shown)
    log, parameters = known.log, known.parameters
    pieces = lift(known.pieces, log)
    names = place(pieces, log)
    note_undefined(pieces, names.star, log)
    if log.refusals:
        raise ExportRefused(shown, log.refusals)
    blocks = blocks_of(pieces)
    if not any(p.place != "drop" and p.text for p in pieces):
        return Draft(notebook, shown, name, empty=True, log=log)
    recording = read_recording(project.root, name)
    derived = derive(pieces, names, purity_of(pieces), recording.broken if recording else frozenset())
    module_path, package = f"src/{project.package}/{name}.py", project.package
    module = render_module(
        notebook, shown, pieces, blocks, names, parameters, project.default_environment, known.before, package, log
    )
    _must_compile(module, shown, blocks)
    log.dropped.sort(key=lambda entry: (entry.cell or 0, entry.line or 0))
    log.notes.sort(key=lambda entry: (entry.cell or 0, entry.line or 0))
    missing = tuple(p.key for p in parameters.ordered() if p.default is None)
    plan = plan_recording(pieces, blocks, module, tables_of(pieces), missing)
    tests = render_tests(
        derived, pieces, names, parameters, plan, recording, notebook=shown, package=package, module=name
    )
    generated = {
        module_path: module,
        f"tests/test_{name}.py": tests.source,
        f"resources/{name}.job.yml": render_job(shown, project, name, parameters, known.requirements),
    }
    headings = set(headings_of(notebook).values())
    return Draft(
        notebook,
        shown,
        name,
        generated=generated,
        log=log,
        tests=tests.names,
        not_derived=tests.skipped,
        blocks=blocks,
        headings=headings,
        plan=plan,
        needs_spark=tests.needs_spark,
    )


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
