"""`dex bundle emit`: jobs drafted, checked and written, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dex_dbutils.config import Project

from dex.bundle import Finding
from dex.export import (
    Draft,
    EmittedJob,
    Exporter,
    JobConfiguration,
    find_notebooks,
    left_behind,
    memory_of_bundle,
    module_name,
    read_emitted,
    shared_files,
    shown_path,
)
from dex.files import interrupts_held, read_text, same_text, unified_diff, write_all
from dex.graph import Surroundings
from dex.job_files import Compute, check_jobs, job_file, refuse_unsound, regenerated, targets_file
from dex.jobs.emission.drafting import JobDraft, draft_job
from dex.jobs.emission.report import EmitReport, Status


@dataclass
class _Made:
    """A job whose files are known.

    Attributes:
        texts: its files as they are going to be; None for one that will be gone.
        kept: values that a person changed.
    """

    draft: JobDraft
    texts: dict[str, str | None]
    kept: list[str]


def emit_job(
    project: Project,
    key: str,
    notebooks: Sequence[Path] = (),
    *,
    compute: Compute | None = None,
    check: bool = False,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> EmitReport:
    """Export notebooks and make one job of them, ``resources/<key>.job.yml``; what a person changed in it stays.

    What the configuration says of the job under ``jobs.<key>`` is part of it; what its environments change of it goes to
    ``resources/<key>.targets.yml``.

    Args:
        project: where the files go.
        key: key of the job.
        notebooks: notebooks, files and folders; those of the configuration, else those of last time, if empty.
        compute: what its tasks run on; as the configuration says or as last, else serverless.
        check: write nothing; the report says whether the job's files differ.
        force: write over what a person changed in generated files.
        progress: told of every notebook.

    Raises:
        ExportError: DEX-EXPORT-01, there is no project; -32, nothing says what the job is made of, or its tasks wait for
            each other; -33, what is said of it cannot become a job. Nothing was written.
        DexError: as `infer_graph` and `export_notebook` say.
    """
    return _emit(project, {key: (tuple(notebooks), compute)}, check, force, progress)[0]


def emit_jobs(
    project: Project,
    *,
    check: bool = False,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[EmitReport]:
    """Emit every job of the configuration, and every job that was emitted before; all of them are checked first.

    A job of which the configuration says nothing, and whose file a person took away, is none any more.

    Args:
        project: where the files go.
        check: write nothing; the reports say whether files differ.
        force: write over what a person changed in generated files.
        progress: told of every notebook.

    Raises:
        ExportError, DexError: as `emit_job` says. Nothing was written.
    """
    keys = dict.fromkeys(JobConfiguration(project).jobs)
    taken_away = []
    for job in read_emitted(project, EmittedJob).values():
        if job.key in keys or any((project.root / file).exists() for file in job.texts()):
            keys[job.key] = None
        else:
            taken_away.append(job.key)
    reports = _emit(project, {key: ((), None) for key in keys}, check, force, progress)
    if not check:
        for key in taken_away:
            (project.root / EmittedJob.record(key)).unlink(missing_ok=True)
    return [*reports, *(_report_taken_away(key, check) for key in taken_away)]


def _report_taken_away(key: str, check: bool) -> EmitReport:
    said = f"It is not there. `dex bundle emit` forgets the job, `dex bundle emit {key}` makes it again."
    return EmitReport(
        job=key,
        path=job_file(key),
        status="differs" if check else "removed",
        diff=said if check else "",
        tasks=[],
        exported=[],
    )


def _emit(
    project: Project,
    asked: dict[str, tuple[tuple[Path, ...], Compute | None]],
    check: bool,
    force: bool,
    progress: Callable[[str], None] | None,
) -> list[EmitReport]:
    configuration = JobConfiguration(project)
    known = read_emitted(project, EmittedJob)
    exporter = Exporter(project)
    gone = {
        key: known[key]
        for key, (notebooks, _) in asked.items()
        if not notebooks and key in known and known[key].configured and key not in configuration.jobs
    }
    alone = {
        key: path
        for key, (notebooks, _) in asked.items()
        if not notebooks and key not in known and (path := _own_notebook(project, key, configuration, exporter))
    }
    around = Surroundings(project)
    drafts = [
        draft_job(project, key, notebooks, compute, known.get(key), configuration, around, progress)
        for key, (notebooks, compute) in asked.items()
        if key not in alone and key not in gone
    ]
    refuse_unsound(draft.files for draft in drafts)
    own = {key: exporter.draft(path) for key, path in alone.items()}
    made = [_made(project, draft, known.get(draft.key), force) for draft in drafts]
    left = {key: _left_of(project, job, force) for key, job in gone.items()}
    texts = {**configuration.main, **{file: text for each in made for file, text in each.texts.items()}}
    texts |= {file: text for each in left.values() for file, text in each.items()}
    coming = {one.name for each in drafts for one in each.drafts.values()} | {one.name for one in own.values()}
    remarks = check_jobs(project.root, [each.draft.files for each in made], texts, coming) if made else {}
    if not check:
        _refuse_what_cannot_be_written(
            exporter, [*own.values(), *(d for e in drafts for d in e.drafts.values())], force
        )
    reports = {each.draft.key: _report(project, each, remarks.get(each.draft.key, []), check) for each in made}
    if made and not check:
        with interrupts_held():
            shared = _write(project, made, force)
        first = made[0].draft.key
        reports[first] = reports[first].model_copy(update={"files": reports[first].files | shared})
    reports.update({key: _forget(project, key, files, check) for key, files in left.items()})
    reports.update({key: _report_alone(exporter, key, draft, check, force) for key, draft in own.items()})
    return [reports[key] for key in asked]


def _left_of(project: Project, job: EmittedJob, force: bool) -> dict[str, str | None]:
    """Return what is left of the files of a job that the configuration describes no more; None for one that goes."""
    before = job.texts()
    return regenerated({file: read_text(project.root / file) for file in before}, before, {}, force=force)[0]


def _forget(project: Project, key: str, files: dict[str, str | None], check: bool) -> EmitReport:
    """Take a job away that the configuration describes no more; what a person wrote into its files stays."""
    if not check:
        write_all(project.root, {**files, EmittedJob.record(key): None})
    done: dict[str, Status] = {file: "removed" if text is None else "written" for file, text in files.items()}
    return EmitReport(
        job=key,
        path=job_file(key),
        status="differs" if check else "removed",
        files={file: "differs" for file in files} if check else done,
        tasks=[],
        exported=[],
        kept=[file for file, text in files.items() if text is not None],
    )


def _own_notebook(project: Project, key: str, configuration: JobConfiguration, exporter: Exporter) -> Path | None:
    """Return the notebook whose own job a key is: the configuration names no other, and its module has that name."""
    said = configuration.jobs.get(key)
    if said is None or said.notebooks:
        return None
    known = exporter.notebook_of(key)
    return known or next(
        (path for path in find_notebooks(project.root / "notebooks") if module_name(path) == key), None
    )


def _made(project: Project, draft: JobDraft, known: EmittedJob | None, force: bool) -> _Made:
    before = known.texts() if known else {}
    new = draft.files.texts()
    there = {file: read_text(project.root / file) for file in {*new, *before}}
    texts, kept = regenerated(there, before, new, force=force)
    return _Made(draft, texts, kept)


def _refuse_what_cannot_be_written(exporter: Exporter, drafts: Iterable[Draft], force: bool) -> None:
    """Raise where a notebook's own files stand in the way, before the first file of a job is written."""
    for draft in drafts:
        if not force:
            exporter.refuse_hand_edits(draft)
        exporter.write(draft, check=True, force=force)


def _write(project: Project, made: Sequence[_Made], force: bool) -> dict[str, Status]:
    """Write the jobs and export their notebooks; return the project's own files that were not there and are now."""
    files: dict[str, str | None] = {}
    for each in made:
        draft, texts = each.draft, each.draft.files.texts()
        record = EmittedJob(
            key=draft.key,
            notebooks=[shown_path(path, project) for path in draft.paths],
            modules=[one.name for one in draft.drafts.values()],
            compute=draft.compute,
            configured=draft.configured,
            generated=texts[job_file(draft.key)].split("\n"),
            targets=texts[targets_file(draft.key)].split("\n") if targets_file(draft.key) in texts else [],
        )
        files |= {**each.texts, **record.kept()}  # last: a kill before loses no change
    shared = shared_files(project, "", [], job=False, spark=False)
    missing = {file: text for file, text in shared.items() if not (project.root / file).exists()}
    write_all(project.root, {**files, **missing, **memory_of_bundle(missing)})
    exporter = Exporter(project)
    for each in made:
        for key, one in each.draft.drafts.items():
            if one.name != each.draft.key:
                exporter.forget_job(one.name)
            exporter.export(project.root / each.draft.graph.task(key).notebook, force=force)
    return dict.fromkeys(missing, "written")


def _report(project: Project, made: _Made, remarks: list[Finding], check: bool) -> EmitReport:
    draft = made.draft
    statuses: dict[str, Status] = {}
    diffs = []
    for file, text in made.texts.items():
        there = read_text(project.root / file)
        statuses[file] = "unchanged" if same_text(there, text) else "differs" if check else "written"
        if statuses[file] == "differs":
            diffs.append(unified_diff(file, there, text))
    found = set(statuses.values())
    status: Status = "differs" if "differs" in found else "written" if "written" in found else "unchanged"
    return EmitReport(
        job=draft.key,
        path=job_file(draft.key),
        status=status,
        diff="\n".join(diffs),
        files=statuses,
        tasks=[task.text("task_key") or "" for task in draft.files.job.items("tasks")],
        exported=[f"{project.package}.{one.name}" for one in draft.drafts.values()],
        as_notebooks=draft.as_notebooks,
        kept=made.kept,
        questions=draft.graph.questions,
        remarks=remarks,
        notes={one.shown: [str(n) for n in one.log.notes] for one in draft.drafts.values() if one.log.notes},
        left_behind=left_behind(project),
    )


def _report_alone(exporter: Exporter, key: str, draft: Draft, check: bool, force: bool) -> EmitReport:
    """Export a notebook with its own job, and return what became of the job's files."""
    report = exporter.write(draft, check=check, force=force)
    files = {file.path: file for file in report.files if file.path in (job_file(key), targets_file(key))}
    found = {file.status for file in files.values()}
    return EmitReport(
        job=key,
        path=job_file(key),
        status="differs" if "differs" in found else "written" if "written" in found else "unchanged",
        diff="\n".join(file.diff for file in files.values() if file.diff),
        files={path: _status(file.status) for path, file in files.items()},
        tasks=[task.text("task_key") or "" for task in draft.job_files.job.items("tasks")] if draft.job_files else [],
        exported=[report.module] if report.module else [],
    )


def _status(status: str) -> Status:
    return "differs" if status == "differs" else "written" if status == "written" else "unchanged"
