"""The whole way: notebook -> cells -> statements -> pieces -> blocks -> files."""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass, field
from pathlib import Path

from dex_dbutils import ExportError, NotebookError, Where
from dex_dbutils.config import Project

from dex.export.context import GLOBALS, take_context
from dex.export.derived_tests import render_tests
from dex.export.magics import take_inner, take_magic
from dex.export.mapping import read_map, render_map
from dex.export.models import ExportedFile, ExportReport, ReportLine
from dex.export.module import Block, blocks_of, headings_of, render_module
from dex.export.parameters import Parameters, take_tagged, take_widgets
from dex.export.pieces import Log, Piece
from dex.export.placement import BUILTINS, known_imports, place
from dex.export.project_files import render_bundle, render_job, render_pyproject, with_script
from dex.export.purity import Purity, writes
from dex.export.regions import lift
from dex.export.slicing import derive
from dex.export.tables import tables_of
from dex.export.writing import read_text, refuse_hand_edits, write_all
from dex.notebook import Notebook, flow_of, read_notebook

#: Modules that a job does not have.
_NOTEBOOK_ONLY = ("dex", "IPython", "ipywidgets")


@dataclass
class Draft:
    """What a notebook becomes, before anything is written.

    Attributes:
        module: name of the module in its package; None where there is nothing to export.
        generated: files that belong to the export, by path below the project.
        shared: files that belong to the person: made where missing, added to where they must be.
        log: what was dropped, noted and refused.
        tests: names of the derived tests.
        not_derived: asserts without a test.
        blocks: blocks of the module.
        headings: comments of the module that are made from headings.
    """

    module: str | None
    generated: dict[str, str] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    tests: list[str] = field(default_factory=list)
    not_derived: list[ReportLine] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    headings: set[str] = field(default_factory=set)


def export_notebook(path: Path, project: Project, *, check: bool = False, force: bool = False) -> ExportReport:
    """Turn a notebook into a module, its tests and a bundle job, and return what was done.

    Args:
        path: an .ipynb or a Databricks source file inside the project.
        project: where the files go.
        check: write nothing; the report's ``drift`` says whether the files differ from what the notebook says now.
        force: write over generated files that were changed by hand.

    Raises:
        NotebookError: the notebook cannot be read.
        ExportError: DEX-EXPORT-01, no project; -02, the notebook holds what cannot become a module; -03, a generated
            file was changed by hand; -04, two notebooks would become one module; -05, -06, a file cannot be made.
            Nothing was written.
        DexError: DEX-FILE-01, a file cannot be written; every file is what it was.
    """
    if not project.exists:
        raise ExportError(
            "DEX-EXPORT-01",
            f"There is no project around {path.name}, so there is no place for a module.",
            Where(str(project.root)),
            "Make a config/base.yaml with `project: {name: ..., package: ...}`.",
        )
    notebook = read_notebook(path)
    shown = _shown(path, project)
    name = module_name(path)
    map_path = f".dex/map/{name}.json"
    known = read_map(project.root / map_path)
    other = known.get("notebook")
    if isinstance(other, str) and other != shown and (project.root / other).exists():
        raise ExportError(
            "DEX-EXPORT-04",
            f"{shown} and {other} would both become the module {name}.",
            Where(shown),
            "Rename one of the notebooks.",
        )
    draft = draft_export(notebook, project, shown, name)
    if draft.module is None:
        return ExportReport(notebook=shown, module=None, files=[], dropped=draft.log.dropped, notes=draft.log.notes)
    module_path = f"src/{project.package}/{name}.py"
    draft.generated[map_path] = render_map(
        shown, module_path, draft.generated[module_path], draft.blocks, dict(draft.generated), draft.headings
    )
    if not force and not check:
        refuse_hand_edits(
            project.root, {k: v for k, v in draft.generated.items() if k != map_path}, known.get("files", {})
        )
    files: list[ExportedFile] = []
    changed: dict[str, str] = {}
    for file, text in [*draft.generated.items(), *draft.shared.items()]:
        there = read_text(project.root / file)
        same = there is not None and there.replace("\r\n", "\n") == text.replace("\r\n", "\n")
        if not same:
            changed[file] = text
        files.append(ExportedFile(path=file, status=("unchanged" if same else "differs" if check else "written")))
    if not check:
        write_all(project.root, changed)
        _tell_ledger(project, shown, draft, files)
    return ExportReport(
        notebook=shown,
        module=f"{project.package}.{name}",
        files=files,
        drift=check and bool(changed),
        dropped=draft.log.dropped,
        notes=draft.log.notes,
        tests=draft.tests,
        not_derived=draft.not_derived,
    )


def draft_export(notebook: Notebook, project: Project, shown: str, name: str) -> Draft:
    """Return what a notebook becomes, without touching a file.

    Raises:
        NotebookError: DEX-NOTEBOOK-05, a cell is no Python.
        ExportError: DEX-EXPORT-02, with every refusal; DEX-EXPORT-05, -06.
    """
    log = Log()
    requirements: list[str] = []
    pieces = _pieces(notebook)
    before = {n for piece in pieces for n in piece.flow.needs}
    parameters = Parameters("job_params" if any("params" in p.flow.binds for p in pieces) else "params")
    for piece in pieces:
        if piece.statement.magic is not None:
            take_magic(piece, piece.statement.magic, log, requirements)
        elif piece.statement.inner:
            take_inner(piece, log)
    for piece in [p for p in pieces if p.place != "drop" and p.node is not None]:
        if "parameters" in piece.cell.tags:
            take_tagged(piece, parameters, log)
        take_widgets(piece, parameters, log)
    purity = _purity(pieces)
    lasts = {p.cell.number: p for p in pieces if p.node is not None}
    for piece in [p for p in pieces if p.place != "drop" and p.node is not None and p.kind != "parameter"]:
        take_context(piece, purity, log, lasts.get(piece.cell.number) is piece)
    _take_notebook_imports(pieces, log)
    _take_globals(pieces, log)
    pieces = lift(pieces, log)
    names = place(pieces, log)
    _note_undefined(pieces, names.star, log)
    _refuse(shown, log)
    blocks = blocks_of(pieces)
    if not any(p.place != "drop" and p.text for p in pieces):
        return Draft(None, log=log)
    tests, not_derived = derive(pieces, names, _purity(pieces))
    module_path, package = f"src/{project.package}/{name}.py", project.package
    module = render_module(
        notebook, shown, pieces, blocks, names, parameters, project.default_environment, before, package, log
    )
    _must_compile(module, shown, blocks)
    log.dropped.sort(key=lambda entry: (entry.cell or 0, entry.line or 0))
    log.notes.sort(key=lambda entry: (entry.cell or 0, entry.line or 0))
    test_source, test_names = render_tests(
        tests, pieces, names, parameters, tables_of(pieces), notebook=shown, package=package, module=name
    )
    generated = {
        module_path: module,
        f"tests/test_{name}.py": test_source,
        f"resources/{name}.job.yml": render_job(shown, project, name, parameters, requirements),
    }
    headings = set(headings_of(notebook).values())
    return Draft(name, generated, _shared(project, name), log, test_names, not_derived, blocks, headings)


def module_name(path: Path) -> str:
    """Return the name of the module that a notebook becomes."""
    name = re.sub(r"\W+", "_", path.stem, flags=re.ASCII).strip("_").lower() or "notebook"
    if name[0].isdigit():
        name = f"n{name}"
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def _pieces(notebook: Notebook) -> list[Piece]:
    pieces: list[Piece] = []
    for cell in notebook.cells:
        text = cell.source
        if cell.type == "code" and any("\udc80" <= c <= "\udcff" for c in text):
            line = next(i for i, row in enumerate(text.split("\n"), 1) if any("\udc80" <= c <= "\udcff" for c in row))
            raise NotebookError(
                "DEX-NOTEBOOK-07",
                f"Cell {cell.number} holds bytes that are not UTF-8.",
                Where(str(notebook.path), line, cell=cell.number),
                "Save the notebook as UTF-8.",
            )
        try:
            statements = cell.statements
        except NotebookError as error:
            place_ = error.where if isinstance(error.where, Where) else Where()
            raise NotebookError(
                error.code,
                error.what,
                Where(str(notebook.path), place_.line, cell=place_.cell),
                error.remedy,
            ) from error
        for statement in statements:
            piece = Piece(cell, statement, statement.text if statement.magic is None else "")
            if statement.node is not None:
                piece.node = ast.parse(statement.text).body[0]  # positions as in the text
                piece.flow = flow_of(piece.node)
            elif statement.magic is None:
                piece.kind = "comment"
            pieces.append(piece)
    return pieces


def _purity(pieces: list[Piece]) -> Purity:
    functions = frozenset(
        piece.node.name
        for piece in pieces
        if isinstance(piece.node, ast.FunctionDef) and not piece.flow.writes_global and not writes(piece.node)
    )
    return Purity(functions, known_imports(pieces))


def _take_notebook_imports(pieces: list[Piece], log: Log) -> None:
    """Drop imports of what only a notebook has; refuse code that still needs them."""
    for piece in pieces:
        node = piece.node
        if piece.place == "drop" or not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        if node.__class__ is ast.ImportFrom and node.level:
            log.refuse(
                piece,
                "relative import",
                f"`{piece.text}` is relative to the notebook.",
                "Import it by its full name from the project's package.",
            )
            continue
        if module.partition(".")[0] not in _NOTEBOOK_ONLY:
            continue
        users = [other for other in pieces if other.place != "drop" and set(other.flow.needs) & set(piece.flow.binds)]
        if users:
            log.refuse(
                users[0],
                module,
                f"`{users[0].text.strip().splitlines()[0]}` needs {module}, which a job does not have.",
                "Take it out, or use what dex_dbutils has.",
            )
        log.drop(piece, f"`{piece.text}`: only a notebook needs it")


def _take_globals(pieces: list[Piece], log: Log) -> None:
    """Turn ``global`` in functions into ``nonlocal``: the notebook's variables are `main`'s."""
    bound = {n for p in pieces if p.place != "drop" for n in p.flow.binds}
    for piece in pieces:
        if piece.place == "drop" or piece.node is None or not piece.flow.writes_global:
            continue
        missing = [n for n in piece.flow.writes_global if n not in bound]
        if missing:
            log.refuse(
                piece,
                "global",
                f"A function sets `{missing[0]}` with `global`, and no cell sets it first.",
                f"Set it above the function: {missing[0]} = None.",
            )
            continue
        from dex.export.pieces import replace_nodes

        changes = [(n, f"nonlocal {', '.join(n.names)}") for n in ast.walk(piece.node) if isinstance(n, ast.Global)]
        kept = piece.flow.writes_global
        piece.retext(replace_nodes(piece.text, changes))
        from dataclasses import replace

        piece.flow = replace(piece.flow, writes_global=kept)


def _note_undefined(pieces: list[Piece], star: bool, log: Log) -> None:
    if star:
        return
    known = {"spark", "session", "dbutils", "params", "job_params", "replace", *GLOBALS, *BUILTINS}
    known |= {n for p in pieces if p.place != "drop" for n in p.flow.binds}
    for piece in pieces:
        if piece.place == "drop":
            continue
        for name in piece.flow.needs:
            if name in ("display", "displayHTML"):
                log.refuse(piece, name, f"`{name}` is used as a value.", "A job shows nothing: take it out.")
            elif name not in known:
                known.add(name)
                log.note(piece, f"`{name}` is never set")


def _refuse(shown: str, log: Log) -> None:
    if not log.refusals:
        return
    refusals = sorted(log.refusals, key=lambda r: (r.cell, r.line))
    first = refusals[0]
    more = "".join(f"\n  {refusal}" for refusal in refusals[1:])
    raise ExportError(
        "DEX-EXPORT-02",
        f"{first.message}{f' And {len(refusals) - 1} more:{more}' if more else ''}",
        Where(shown, first.line, cell=first.cell),
        first.remedy,
    )


def _must_compile(module: str, shown: str, blocks: list[Block]) -> None:
    try:
        compile(module, shown, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        above = module.split("\n")[:line]
        block = next((b for text in reversed(above) for b in blocks if text.strip() == b.marker), None)
        raise ExportError(
            "DEX-EXPORT-02",
            f"This code does not hold inside a function: {getattr(error, 'msg', error)}.",
            Where(shown, block.lines[0] if block else 1, cell=block.cell.number if block else None),
            "Write it so that it does not depend on being at the top of a file.",
        ) from error


def _shared(project: Project, name: str) -> dict[str, str]:
    """Return the person's files that must be there: missing ones made, the entry point added."""
    target = f"{project.package}.{name}:run"
    files: dict[str, str] = {}
    pyproject = project.root / "pyproject.toml"
    there = read_text(pyproject)
    files["pyproject.toml"] = (
        render_pyproject(project, {name: target}) if there is None else with_script(pyproject, there, name, target)
    )
    for path, text in (
        ("databricks.yml", render_bundle(project)),
        (f"src/{project.package}/__init__.py", f'"""Jobs of {project.name}."""\n'),
    ):
        files[path] = read_text(project.root / path) or text
    return files


def _shown(path: Path, project: Project) -> str:
    try:
        return path.resolve().relative_to(project.root.resolve()).as_posix()
    except ValueError as error:
        raise ExportError(
            "DEX-EXPORT-01",
            f"{path} is not inside the project.",
            Where(str(project.root)),
            "Copy it into the project's folder notebooks/.",
        ) from error


def _tell_ledger(project: Project, shown: str, draft: Draft, files: list[ExportedFile]) -> None:
    from dex.ledger import record

    record(
        project,
        kind="export",
        environment=None,
        status="written" if any(file.status == "written" for file in files) else "unchanged",
        summary=shown,
        details={"files": [file.model_dump() for file in files], "tests": len(draft.tests)},
    )
