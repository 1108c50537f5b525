"""One declarative pipeline of several notebooks: every file, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project
from pydantic import BaseModel, ConfigDict, Field

from dex.bundle import regenerate
from dex.bundle.targets import remote_environments
from dex.export.declarative.assembling import Dataset, assembled
from dex.export.declarative.models import PipelineRefused, Refused, Spot
from dex.export.declarative.reading import Read, Reader
from dex.export.declarative.rendering import render_python
from dex.export.declarative.resource import folder_of, render_resource, resource_of
from dex.export.declarative.sql_rendering import render_sql
from dex.export.declarative.stepping import Stepped, stepped
from dex.export.emitted import EmittedJob, EmittedPipeline, read_emitted
from dex.export.exporting import must_exist, shown_path
from dex.export.mapping import file_digest
from dex.export.models import ReportLine
from dex.export.project_files import memory_of_bundle, shared_files
from dex.export.survey import module_names, notebooks_in
from dex.export.writing import refuse_hand_edits
from dex.files import read_text, same_text, unified_diff, write_all
from dex.graph import changed_tables

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class PipelineTable(BaseModel):
    """A table or temporary view of a pipeline.

    Attributes:
        name: its name; without a catalog.
        kind: what it is.
        made_by: places of the writes that it is made of.
        expectations: what is checked of its rows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Literal["view", "materialized view", "streaming table"]
    made_by: list[str]
    expectations: list[str] = Field(default_factory=list)


class PipelineReport(BaseModel):
    """What became of a pipeline of several notebooks.

    Attributes:
        pipeline: key of the pipeline.
        path: file of its resource, below the project.
        status: written, unchanged, or differs where nothing was to be written.
        files: its sources, below the project.
        tables: what it makes.
        left_out: what the notebooks do and the pipeline does by itself or has nobody for.
        unchecked: checks of the notebooks that became no expectation.
        kept: values of the resource that a person changed.
        notes: what a person should look at.
        diff: what differs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pipeline: str
    path: str
    status: Literal["written", "unchanged", "differs"]
    files: list[str]
    tables: list[PipelineTable]
    left_out: list[str] = Field(default_factory=list)
    unchecked: list[str] = Field(default_factory=list)
    kept: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    diff: str = ""

    def to_text(self) -> str:
        """Return it for logs and terminals."""
        lines = [f"{self.path}: {self.status}, {len(self.tables)} tables and views"]
        lines += [f"  {each.kind:<17}  {each.name}" for each in self.tables]
        lines += [f"  source             {path}" for path in self.files]
        for title, entries in (
            ("left out", self.left_out),
            ("not checked in the pipeline", self.unchecked),
            ("to look at", self.notes),
        ):
            if entries:
                lines += [title, *(f"  {entry}" for entry in entries)]
        lines += [f"  `{path}` stays as it was changed there" for path in self.kept]
        return "\n".join([*lines, *([self.diff] if self.diff else [])])


def emit_pipeline(
    project: Project,
    key: str,
    notebooks: Sequence[Path] = (),
    *,
    check: bool = False,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> PipelineReport:
    """Make one declarative pipeline of notebooks: a source for each, and ``resources/<key>.pipeline.yml``.

    The notebooks stay as they are. What a person changed in the resource stays; the sources belong to the notebooks.

    Args:
        project: where the files go.
        key: key of the pipeline.
        notebooks: notebooks and folders; those that it was made of last if empty.
        check: write nothing; the report says whether the files differ.
        force: write over what a person changed in generated files.
        progress: told of every notebook.

    Raises:
        PipelineRefused: DEX-EXPORT-40, with every place that has no meaning in a pipeline.
        ExportError: DEX-EXPORT-01, there is no project; -03, a source was changed by hand; -32, nothing says what the
            pipeline is made of; -41, the notebooks write no table; -42, the key cannot be one, or is another resource's.
        NotebookError: a notebook cannot be read.
    """
    must_exist(project)
    known = read_emitted(project, EmittedPipeline).get(key)
    _refuse_key(project, key)
    given = [path.resolve() for path in notebooks] or [
        project.root / name for name in (known.notebooks if known else ())
    ]
    if not given:
        raise ExportError(
            "DEX-EXPORT-32",
            f"There is no pipeline '{key}' yet, and no notebook was named.",
            Where(f"resources/{key}.pipeline.yml"),
            f"Say what it is made of: dex bundle emit {key} NOTEBOOK... --pipeline",
        )
    refused: list[Refused] = []
    reads, datasets = _read(project, given, refused, progress)
    if not refused and not datasets:
        raise ExportError(
            "DEX-EXPORT-41",
            "The notebooks write no table, so there is nothing for a pipeline to make.",
            Where(shown_path(given[0], project)),
            "Name notebooks that write tables.",
        )
    if refused:
        raise PipelineRefused(refused)
    sources = _sources(project, key, reads, datasets)
    resource = resource_of(project, key, reads, datasets, list(sources.values()), refused)
    if refused:
        raise PipelineRefused(refused)
    file = f"resources/{key}.pipeline.yml"
    text = render_resource(key, [read.stepped.shown for read in reads], resource)
    there = read_text(project.root / file)
    before = "\n".join(known.generated) if known and known.generated else None
    made = regenerate(there, before, text, file) if there is not None and not force else None
    shown = [shown_path(path, project) for path in given]
    digests = {path: file_digest(source) for path, source in sorted(sources.items())}
    record = EmittedPipeline(key=key, notebooks=shown, files=digests, generated=text.split("\n"))
    notes: list[ReportLine] = []
    wanted = {
        **sources,
        file: made.text if made is not None else text,
        **record.kept(),
        **shared_files(project, key, notes, job=False, spark=False),
    }
    gone = [path for path in (known.files if known else ()) if path not in sources]
    status, diff = _write(project, wanted, gone, known, check=check, force=force)
    return PipelineReport(
        pipeline=key,
        path=file,
        status=status,
        files=sorted(sources),
        tables=[_table(dataset) for dataset in datasets],
        left_out=_lines([each for read in reads for each in read.left_out])
        + [f"{where}, {line}" for read in reads for where, line in read.stepped.left_out],
        unchecked=_lines([each for read in reads for each in read.unchecked]),
        kept=made.kept if made is not None else [],
        notes=[*_notes(project), *_by_position(datasets), *map(str, notes)],
        diff=diff,
    )


def _refuse_key(project: Project, key: str) -> None:
    problem = "" if _KEY.fullmatch(key) else "it takes letters, digits and underscores, and begins with no digit"
    if key in read_emitted(project, EmittedJob) or (project.root / f"resources/{key}.job.yml").exists():
        problem = "a job has it"
    if problem:
        raise ExportError(
            "DEX-EXPORT-42",
            f"A pipeline cannot have the key '{key}': {problem}.",
            Where(f"resources/{key}.pipeline.yml"),
            "Give it another key.",
        )


def _read(
    project: Project, given: Sequence[Path], refused: list[Refused], progress: Callable[[str], None] | None
) -> tuple[list[Read], list[Dataset]]:
    for path in given:
        if not path.exists():
            raise ExportError(
                "DEX-EXPORT-30", f"There is no notebook or folder {path}.", Where(str(path)), "Name one that is there."
            )
    paths = notebooks_in(given)
    for number, path in enumerate(paths, start=1):
        if progress is not None:
            progress(f"{number} of {len(paths)}: {path}")
    notebooks = stepped(project, paths, lambda path: shown_path(path, project), refused)
    run = {file for each in notebooks for file in each.runs}
    notebooks = [each for each in notebooks if each.path.resolve() not in run]
    reads = [Reader(each, refused).read() for each in notebooks]
    datasets = assembled(reads, refused)
    if not refused:
        _refuse_lost(project, reads, refused)
    return reads, datasets


def _refuse_lost(project: Project, reads: Sequence[Read], refused: list[Refused]) -> None:
    """Refuse tables that the notebooks write, as the graph of jobs reads them, and no declaration makes."""
    made = {each.table.id for read in reads for each in read.declarations if each.table is not None}
    changed = changed_tables(project, [read.stepped.path for read in reads])
    for table, place in (each for found in changed for each in found):
        if table.id not in made:
            spot = Spot(place.notebook, place.cell or 1, place.line or 1)
            shown = ".".join(table.id[1:])
            message = f"{shown} is written here in a way that no table declares."
            refused.append(Refused(spot, message, "Write it as one chain at the top of a cell, with a literal name."))


def _sources(project: Project, key: str, reads: Sequence[Read], datasets: Sequence[Dataset]) -> dict[str, str]:
    """Return the sources of a pipeline by path below the project; a notebook that makes no table has none."""
    making = [read for read in reads if any(other is read for d in datasets for other, _ in d.parts)]
    names = module_names(project.root.resolve(), [read.stepped.path.resolve() for read in making])
    found: dict[str, str] = {}
    for read in making:
        stem = f"{folder_of(project, key)}/{names[read.stepped.path.resolve()]}"
        if read.stepped.only_sql:
            found[f"{stem}.sql"] = render_sql(read, datasets, key)
            continue
        source = render_python(read, datasets, key, project.package, project.default_environment)
        _must_compile(source, read.stepped)
        found[f"{stem}.py"] = source
    return found


def _must_compile(source: str, notebook: Stepped) -> None:
    try:
        compile(source, notebook.shown, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        message = f"Its code does not hold in a function of its own: {getattr(error, 'msg', error)}."
        spot = Spot(notebook.shown, 1, 1)
        raise PipelineRefused(
            [Refused(spot, message, "Write it so that a table can be made by a function.")]
        ) from error


def _write(
    project: Project,
    wanted: dict[str, str],
    gone: Sequence[str],
    known: EmittedPipeline | None,
    *,
    check: bool,
    force: bool,
) -> tuple[Literal["written", "unchanged", "differs"], str]:
    """Write every file or none; return what was done, and what differs where nothing was to be written."""
    root = project.root
    own = {path: text for path, text in wanted.items() if path.endswith((".py", ".sql")) and "_pipelines/" in path}
    if not check and not force:
        refuse_hand_edits(root, {**own, **dict.fromkeys(gone, "")}, known.files if known else {})
    changed = {path: text for path, text in wanted.items() if not same_text(read_text(root / path), text)}
    left = [path for path in gone if (root / path).exists()]
    if check:
        diffs = [unified_diff(path, read_text(root / path), text) for path, text in changed.items()]
        diffs += [f"{path} is no longer a part of the pipeline" for path in left]
        return ("differs", "\n".join(diffs)) if diffs else ("unchanged", "")
    write_all(root, {**changed, **dict.fromkeys(left), **memory_of_bundle(changed)})
    return ("written" if changed or left else "unchanged"), ""


def _notes(project: Project) -> list[str]:
    """Return what a person should know of where the tables go."""
    if any(True for _ in remote_environments(project)):
        return []
    lacking = "no environment of the project is in a workspace, so the catalog is the local one"
    return [f"{lacking}: make config/dev.yaml with `kind: development` and a catalog, and emit again"]


def _by_position(datasets: Sequence[Dataset]) -> list[str]:
    """Return where a table gets the names of a query's columns, which an insert would have put below its own."""
    return [
        f"{each.first.spot}: the columns of {each.shown} get the names of this query; no notebook declares others"
        for each in datasets
        if each.first.write.by_position and not each.options.schema
    ]


def _table(dataset: Dataset) -> PipelineTable:
    return PipelineTable(
        name=dataset.shown,
        kind=dataset.kind,
        made_by=[str(made.spot) for _, made in dataset.parts],
        expectations=[each.name for each in dataset.expectations]
        + [each.name for _, made in dataset.parts if len(dataset.parts) > 1 for each in made.expectations],
    )


def _lines(entries: list[tuple[Spot, str]]) -> list[str]:
    return [f"{spot}: {text}" for spot, text in sorted(entries, key=lambda e: (e[0].notebook, e[0].cell, e[0].line))]
