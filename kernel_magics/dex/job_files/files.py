"""The files of a job in ``resources/``: the job, and what targets change of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dex_dbutils.config import Project, parse_document

from dex.bundle import At, Finding, regenerate, to_yaml
from dex.job_files.layers import apart, overlay
from dex.job_files.paths import FOLDER, check_paths, from_resources
from dex.job_files.reading import ConfiguredJob
from dex.job_files.settings import Parts, job_of
from dex.job_files.tasks import check_written
from dex.job_files.words import check_words


@dataclass
class JobFiles:
    """What a job's files are generated as.

    Attributes:
        key: key of the job.
        head: first line of the job's file.
        by: the command that makes the files.
        job: settings that all targets have in common.
        targets: what each target adds.
        changed_by: files of the configuration that change the job for a target.
        findings: what is wrong with the configuration of the job as such; the files are good for nothing then.
    """

    key: str
    head: str
    by: str
    job: At
    targets: dict[str, At] = field(default_factory=dict)
    changed_by: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def trees(self) -> dict[str, At]:
        """The content of the files, every value with the place of what said it, by path below the project."""
        found = {job_file(self.key): _nested(self.job, "resources", "jobs", self.key)}
        if self.targets:
            each = {name: _nested(part, "resources", "jobs", self.key) for name, part in self.targets.items()}
            found[targets_file(self.key)] = _nested(replace(self.job, value=each), "targets")
        return found

    def texts(self) -> dict[str, str]:
        """Return the texts of the files, by path below the project."""
        heads = {
            job_file(self.key): f"{self.head}\n",
            targets_file(self.key): f"# Made from {', '.join(self.changed_by)} by `{self.by}`; what you add stays.\n",
        }
        return {file: heads[file] + to_yaml(tree.plain()) for file, tree in self.trees.items()}


def job_file(key: str) -> str:
    """Return the path of a job's file, below the project."""
    return f"{FOLDER}/{key}.job.yml"


def targets_file(key: str) -> str:
    """Return the path of the file with what targets change of a job; a ``*.job.yml`` holds its job and nothing else."""
    return f"{FOLDER}/{key}.targets.yml"


def _nested(at: At, *keys: str) -> At:
    for key in reversed(keys):
        at = replace(at, value={key: at})
    return at


def files_of(
    project: Project,
    key: str,
    parts: Parts,
    said: ConfiguredJob | None,
    *,
    head: str,
    by: str,
    targets: Collection[str],
) -> JobFiles:
    """Return what the files of a job are generated as; what is wrong with its configuration is among the findings.

    Args:
        project: whose job it is.
        key: key of the job.
        parts: what its notebooks give.
        said: what the configuration says of it.
        head: first line of the job's file.
        by: the command that makes the files.
        targets: names of the bundle's targets.
    """
    base = said.at if said is not None else At({}, (), "", 1, 1)
    files = JobFiles(key, head, by, base)
    changes = {name: at for name, at in (said.changes if said is not None else {}).items()}
    if said is not None:
        files.findings = list(check_words(said))
        if files.findings:
            return files
        files.findings += _checked(project, said, parts, targets)
    plain = job_of(key, parts, from_resources(base))
    made = {
        name: job_of(key, parts, from_resources(overlay(base, changes[name]))) if name in changes else plain
        for name in targets
    }
    files.job, files.targets = apart(plain, made)
    files.changed_by = sorted({at.file for at in changes.values()})
    return files


def _checked(project: Project, said: ConfiguredJob, parts: Parts, targets: Collection[str]) -> list[Finding]:
    found = []
    known = {task.key for task in parts.tasks}
    for environment, at in said.changes.items():
        if environment not in targets:
            text = f"databricks.yml has no target '{environment}', so nothing would read this: `dex bundle targets` adds it."
            found.append(at.finding("DEX-EXPORT-34", text))
    stated = {key: at for key, at in said.tasks() if at.value is not None}
    found += check_written(stated, known)
    for at in said.changes.values():
        tasks = at.get("tasks")
        own = {key: each for key, each in (tasks.entries() if tasks else ()) if each.value is not None}
        found += check_written({key: each for key, each in own.items() if key not in stated}, known)
    for at in (said.at, *said.changes.values()):
        found += check_paths(project.root, replace(at, value={k: v for k, v in at.entries() if k != "notebooks"}))
    return found


def retired(there: str, before: str, file: str) -> str | None:
    """Return what becomes of a file that is generated no more: None where a person has changed no value in it.

    Args:
        there: its text.
        before: what was generated last.
        file: its name, for messages.

    Raises:
        BundleError: DEX-BUNDLE-50, the file is not YAML, or what was generated cannot be taken out of it.
    """
    kept = _left(parse_document(there, file).values, parse_document(before, file).values)
    if kept is None:
        return None
    return regenerate(there, before, to_yaml(kept), file).text


def _left(now: Any, old: Any) -> Any:
    """Return the frame around what a person has added to a mapping, or changed in it; None where there is nothing."""
    if not isinstance(now, dict) or not isinstance(old, dict):
        return None if now == old else now
    found = {}
    for key, value in now.items():
        left = _left(value, old[key]) if key in old else value
        if left is not None:
            found[key] = left
    return found or None


def _beside_left(there: str, before: str | None, new: str, file: str) -> str:
    """Return a new text with what a person has added to targets that are generated no more."""
    made = parse_document(new, file).values
    if before is None or "targets" not in made:
        return new
    now, old = (parse_document(text, file).values.get("targets") or {} for text in (there, before))
    left = {name: _left(now[name], old[name]) for name in old if name in now and name not in made["targets"]}
    left = {name: value for name, value in left.items() if value is not None}
    return to_yaml({**made, "targets": {**made["targets"], **left}}) if left else new


def regenerated(
    there: Mapping[str, str | None], before: Mapping[str, str], new: Mapping[str, str], *, force: bool
) -> tuple[dict[str, str | None], list[str]]:
    """Return the texts of a job's files beside what a person changed in them, None for one to go, and what was kept.

    Args:
        there: their texts; None for one that is not there.
        before: what was generated last.
        new: what is generated now.
        force: write over what a person changed.

    Raises:
        BundleError: DEX-BUNDLE-50, what changes cannot be written beside what a person changed.
    """
    texts: dict[str, str | None] = {}
    kept: list[str] = []
    for file, text in new.items():
        now = there.get(file)
        if now is None or force:
            texts[file] = text
            continue
        found = regenerate(now, before.get(file), _beside_left(now, before.get(file), text, file), file)
        texts[file] = found.text
        kept += found.kept
    for file, text in before.items():
        now = there.get(file)
        if file not in new and now is not None:
            texts[file] = None if force else retired(now, text, file)
            if texts[file] is not None:
                kept.append(file)
    return texts, kept
