"""The whole way of an export: notebook -> drafts -> files, all of them or none."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project

from dex.bundle import regenerate
from dex.export.drafting import Draft, draft_units
from dex.export.emitted import EmittedJob, read_emitted
from dex.export.linking import Linker
from dex.export.mapping import map_path, read_map, render_map
from dex.export.models import ExportedFile, ExportReport, note_kept
from dex.export.own_jobs import JobConfiguration
from dex.export.pieces import ALLOWED
from dex.export.project_files import memory_of_bundle, shared_files
from dex.export.writing import compared, refuse_hand_edits
from dex.files import interrupts_held, read_text, write_all
from dex.job_files import job_file, retired, targets_file
from dex.notebook import Notebook


def export_notebook(
    path: Path,
    project: Project,
    *,
    check: bool = False,
    force: bool = False,
    record: bool = False,
    environment: str | None = None,
    allow: Iterable[str] = (),
) -> ExportReport:
    """Turn a notebook into a module, its tests and a bundle job, and return what was done.

    Args:
        path: an .ipynb or a Databricks source file inside the project.
        project: where the files go.
        check: write nothing; the report's ``drift`` says whether the files differ from what the notebook says now.
        force: write over generated files that were changed by hand.
        record: run the module once and keep masked samples of what its functions were given and gave, as tests.
        environment: local environment to record in; the project's default if not given.
        allow: constructs that may be left behind as stubs that raise, by the words of `ALLOWED`.

    Raises:
        NotebookError: the notebook cannot be read.
        ExportError: DEX-EXPORT-20, -21, it cannot be recorded; DEX-EXPORT-01, no project; -02, the notebook holds what cannot become a module; -03, a generated
            file was changed by hand; -04, two notebooks would become one module; -05, -06, a file cannot be made.
            Nothing was written.
        DexError: DEX-FILE-01, a file cannot be written; every file is what it was.
    """
    exporter = Exporter(project)
    if record and not check:
        return exporter.record(path, environment=environment, force=force, allow=allow)
    return exporter.export(path, check=check, force=force, allow=allow)


class Exporter:
    """Exports the notebooks of a project.

    Args:
        project: where the files go.
        root: folder that the notebooks are in; the project's if not given.
        names: modules' names where they are not those of `module_name`, by the notebooks' resolved paths.

    Raises:
        ExportError: DEX-EXPORT-01, there is no project.
    """

    def __init__(self, project: Project, *, root: Path | None = None, names: Mapping[Path, str] | None = None) -> None:
        must_exist(project)
        self._project = project
        self._root = (root or project.root).resolve()
        self._names = names or {}
        self._jobs = JobConfiguration(project)
        self._taken: dict[str, str] = {}  # module -> notebook, of the export that goes on

    def draft(
        self, path: Path, *, notebook: Notebook | None = None, allow: Iterable[str] = (), alone: bool = True
    ) -> Draft:
        """Return what a notebook and those that it runs become, source maps included, without writing a file.

        Args:
            path: an .ipynb or a Databricks source file inside the project.
            notebook: what it holds, where that is not what its file holds.
            allow: constructs that may be left behind as stubs that raise, by the words of `ALLOWED`.
            alone: let it have a job of its own, unless another job has it as a task.

        Raises:
            NotebookError: the notebook cannot be read.
            ExportError: as `export`, except for what concerns the files that are there.
        """
        project = self._project
        allow = frozenset(allow)
        unknown = sorted(allow - set(ALLOWED))
        if unknown:
            raise ExportError(
                "DEX-EXPORT-07",
                f"`{unknown[0]}` is nothing that can be allowed.",
                remedy=f"Use one of: {', '.join(sorted(ALLOWED))}.",
            )
        first = path.resolve()
        self._taken = {}
        linker = Linker(
            self._root,
            lambda file: shown_path(file, project, self._root),
            lambda file: self._name(file, linked=file.resolve() != first),
            self._users,
            self._gives,
            allow,
        )
        draft = draft_units(
            linker.load(path, notebook),
            project,
            lambda unit: f"tests/test_{unit.name}.py" in self._files(unit.name),
        )
        members = {
            member for job in read_emitted(project, EmittedJob).values() for member in job.modules
        } | self._jobs.of_several
        for each in [*draft.linked, draft]:
            if each.job is not None and each.name not in members and (alone or each is not draft):
                each.job_files = self._jobs.own(each.name, each.shown, each.job)
                each.generated.update(each.job_files.texts())
            if not each.empty:
                self._add_map(each)
        return draft

    def export(
        self, path: Path, *, check: bool = False, force: bool = False, allow: Iterable[str] = ()
    ) -> ExportReport:
        """Turn a notebook, and those that it runs, into modules and return what was done.

        Args:
            path: an .ipynb or a Databricks source file inside the project.
            check: write nothing; the report's ``drift`` says whether the files differ from what the notebook says.
            force: write over generated files that were changed by hand.
            allow: constructs that may be left behind as stubs that raise, by the words of `ALLOWED`.

        Raises:
            NotebookError, ExportError, DexError: as `export_notebook` says.
        """
        return self.write(self.draft(path, allow=allow), check=check, force=force)

    def write(self, draft: Draft, *, check: bool = False, force: bool = False) -> ExportReport:
        """Write the files of a draft and return what was done.

        Args:
            draft: what `draft` gave.
            check: write nothing; the report's ``drift`` says whether the files differ from the draft.
            force: write over generated files that were changed by hand.

        Raises:
            ExportError, DexError: as `export_notebook` says.
        """
        package = self._project.package
        if draft.empty:
            return ExportReport(
                notebook=draft.shown, module=None, files=[], dropped=draft.log.dropped, notes=draft.log.notes
            )
        drafts = [d for d in (*draft.linked, draft) if not d.empty]
        if not force and not check:
            self.refuse_hand_edits(draft)
        wanted = self.files_of(draft, force=force)
        gone = self._gone(drafts, wanted, force=force)
        own = [each.job_files for each in drafts if each.job_files is not None]
        self._jobs.check(own, {**wanted, **gone})
        files = [
            *(compared(self._project.root / file, file, text, check) for file, text in wanted.items()),
            *(ExportedFile(path=file, status="differs" if check else "written") for file in gone),
        ]
        changed = {file.path: wanted.get(file.path) for file in files if file.status != "unchanged"}
        if not check:
            write_all(self._project.root, {**changed, **memory_of_bundle(changed)})
            _tell_ledger(self._project, draft, files)
        return ExportReport(
            notebook=draft.shown,
            module=f"{package}.{draft.name}",
            files=files,
            drift=check and bool(changed),
            dropped=draft.log.dropped,
            notes=draft.log.notes,
            linked=[f"{package}.{each.name}" for each in drafts if each is not draft],
            tests=draft.tests,
            not_derived=draft.not_derived,
        )

    def files_of(self, draft: Draft, *, force: bool = False) -> dict[str, str]:
        """Return every file that an export of a draft writes, by path below the project.

        Args:
            draft: what would be written.
            force: whatever a person has changed in generated files.

        Raises:
            BundleError: DEX-BUNDLE-50, what changes cannot be written beside what a person changed.
        """
        drafts = [d for d in (draft, *reversed(draft.linked)) if not d.empty]
        wanted = {file: text for each in drafts for file, text in each.generated.items()}
        for each in drafts if not force else ():
            for file, before in self._generated(each.name).items():
                there = read_text(self._project.root / file)
                if there is not None and file in each.generated:
                    made = regenerate(there, before, each.generated[file], file)
                    wanted[file] = made.text
                    note_kept(draft.log.notes, file, made.kept)
        has_job = draft.job is not None  # a pipeline has none
        shared = shared_files(self._project, draft.name, draft.log.notes, job=has_job, spark=draft.needs_spark)
        return {**wanted, **shared}

    def _gone(self, drafts: list[Draft], wanted: dict[str, str], *, force: bool) -> dict[str, None]:
        """Return what targets changed of jobs that no target changes any more; a person's own part of it is wanted."""
        gone: dict[str, None] = {}
        for each in drafts:
            file = targets_file(each.name)
            before, there = self._generated(each.name).get(file), read_text(self._project.root / file)
            if before is None or there is None or file in each.generated:
                continue
            left = None if force else retired(there, before, file)
            if left is None:
                gone[file] = None
            else:
                wanted[file] = left
        return gone

    def forget_job(self, name: str) -> None:
        """Take away the job that an earlier export made of a module alone; one that a person changed stays.

        Args:
            name: the module, now a task of another job.
        """
        for file, before in self._generated(name).items():
            path = self._project.root / file
            if file in (job_file(name), targets_file(name)) and read_text(path) == before:
                path.unlink()

    def refuse_hand_edits(self, draft: Draft, but: Collection[str] = ()) -> None:
        """Raise where a generated file was changed by hand since the last export.

        Args:
            draft: what would be written.
            but: files that may have been.

        Raises:
            ExportError: DEX-EXPORT-03.
        """
        for each in [d for d in (*draft.linked, draft) if not d.empty]:
            beside = {map_path(each.name), *but, *self._generated(each.name)}
            own = {k: v for k, v in each.generated.items() if k not in beside}
            refuse_hand_edits(self._project.root, own, self._files(each.name))

    def record(
        self, path: Path, *, environment: str | None = None, force: bool = False, allow: Iterable[str] = ()
    ) -> ExportReport:
        """Export a notebook, run its module once, and export again with the tests that the recording gives.

        Args:
            path: an .ipynb or a Databricks source file inside the project.
            environment: local environment to record in; the project's default if not given.
            force: write over generated files that were changed by hand.
            allow: as `export` has it.

        Raises:
            NotebookError, ExportError, DexError: as `export_notebook` says.
        """
        from dex.export.recording.run import forget_others, record_module

        draft = self.draft(path, allow=allow)
        report = self.export(path, force=force, allow=allow)
        if draft.empty:
            return report
        recording = record_module(self._project, draft.name, draft.shown, draft.plan, environment=environment)
        with interrupts_held():  # the recording and the tests that replay it belong together
            write_all(self._project.root, recording.files(draft.name))
            forget_others(self._project.root, draft.name, recording)
            return self.export(path, force=force, allow=allow)

    def _name(self, path: Path, *, linked: bool) -> str:
        """Return the name of a notebook's module; that of one that is run gets its folder's name if it is taken.

        Raises:
            ExportError: DEX-EXPORT-04, another notebook has it.
        """
        given = self._names.get(path.resolve())
        shown = shown_path(path, self._project, self._root)
        parts = Path(shown).with_suffix("").parts
        names = [given or module_name(path)]
        if linked and given is None:
            names += [module_name(Path("_".join(parts[at:]))) for at in range(len(parts) - 2, -1, -1)]
        owners = {name: self._known(name).get("notebook") for name in names}
        known = [name for name in names if owners[name] == shown]
        for name in [*known, *names]:
            owner = owners[name]
            theirs = isinstance(owner, str) and owner != shown and (self._root / owner).exists()
            if not theirs and self._taken.setdefault(name, shown) == shown:
                return name
        raise ExportError(
            "DEX-EXPORT-04",
            f"{shown} and {self._taken.get(names[0]) or owners[names[0]]} would both become the module {names[0]}.",
            Where(shown),
            "Rename one of the notebooks.",
        )

    def notebook_of(self, name: str) -> Path | None:
        """Return the notebook that a module was exported from last; None where it is not there."""
        known = self._known(name).get("notebook")
        return self._root / known if isinstance(known, str) and (self._root / known).is_file() else None

    def _users(self, name: str) -> dict[str, set[str]]:
        """Return the notebooks that run a module's notebook, as far as they are still there, with what they use."""
        users = self._known(name).get("users", {})
        return {user: set(names) for user, names in users.items() if (self._root / user).exists()}

    def _gives(self, name: str) -> dict[str, dict[str, str]]:
        """Return what the notebooks that run a module's notebook give to it, as far as they are still there."""
        gives = self._known(name).get("gives", {})
        return {user: dict(names) for user, names in gives.items() if (self._root / user).exists()}

    def _files(self, name: str) -> dict[str, Any]:
        """Return the digests of the files that the last export of a module made."""
        files: dict[str, Any] = self._known(name).get("files", {})
        return files

    def _generated(self, name: str) -> dict[str, str]:
        """Return the texts of files that people change too, as the last export of a module made them."""
        return {file: "\n".join(lines) for file, lines in self._known(name).get("generated", {}).items()}

    def _known(self, name: str) -> dict[str, Any]:
        """Return the source map of a module as the last export left it."""
        return read_map(self._project.root / map_path(name))

    def _add_map(self, draft: Draft) -> None:
        module_path = draft.source(self._project.package)
        draft.generated[map_path(draft.name)] = render_map(
            draft.shown,
            module_path,
            draft.generated[module_path],
            draft.blocks,
            dict(draft.generated),
            draft.headings,
            draft.users,
            draft.gives,
        )


def module_name(path: Path) -> str:
    """Return the name of the module that a notebook becomes."""
    name = re.sub(r"\W+", "_", path.stem, flags=re.ASCII).strip("_").lower() or "notebook"
    if name[0].isdigit():
        name = f"n{name}"
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def must_exist(project: Project) -> None:
    """Raise where there is no project that takes what is made of notebooks.

    Raises:
        ExportError: DEX-EXPORT-01, there is none.
    """
    if not project.exists:
        raise ExportError(
            "DEX-EXPORT-01",
            "There is no project here, so there is no place for modules and jobs.",
            Where(str(project.root)),
            "Go to the project's folder, or name it: --project FOLDER. A new one begins with a config/base.yaml that "
            "says `project: {name: ..., package: ...}`.",
        )


def shown_path(path: Path, project: Project, root: Path | None = None) -> str:
    """Return a notebook's path below its project, or below another folder, with forward slashes.

    Raises:
        ExportError: DEX-EXPORT-01, it is not inside.
    """
    try:
        return path.resolve().relative_to((root or project.root).resolve()).as_posix()
    except ValueError as error:
        raise ExportError(
            "DEX-EXPORT-01",
            f"{path} is not inside the project.",
            Where(str(root or project.root)),
            "Copy it into the project's folder notebooks/.",
        ) from error


def _tell_ledger(project: Project, draft: Draft, files: list[ExportedFile]) -> None:
    from dex.ledger import record

    record(
        project,
        kind="export",
        environment=None,
        status="written" if any(file.status == "written" for file in files) else "unchanged",
        summary=draft.shown,
        details={"files": [file.model_dump() for file in files], "tests": len(draft.tests)},
    )
