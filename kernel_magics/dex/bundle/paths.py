"""Files that resources name: notebooks, Python and SQL files, folders; they have to be there, and to be what they are taken for."""

from __future__ import annotations

import glob
import json
import posixpath
from collections.abc import Iterator
from pathlib import Path

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.tree import At

#: Suffix of a notebook's file -> the first line that makes it one, and its language; .ipynb needs none.
_NOTEBOOKS = {
    ".py": ("# Databricks notebook source", "python"),
    ".sql": ("-- Databricks notebook source", "sql"),
    ".scala": ("// Databricks notebook source", "scala"),
    ".r": ("# Databricks notebook source", "r"),
}
#: Kind of resource -> its key with a path, and what is there.
_OTHERS = {
    "dashboards": ("file_path", "file"),
    "alerts": ("file_path", "file"),
    "genie_spaces": ("file_path", "file"),
    "apps": ("source_code_path", "folder"),
}


def is_local(path: str) -> bool:
    """Return whether a path is one of the bundle's folder, whatever is there."""
    return not path.startswith(("/", "~", "dbfs:")) and "${" not in path and "://" not in path


def local_path(root: Path, at: At) -> Path | None:
    """Return the file that a path means, which is relative to the file it stands in; None for one of a workspace."""
    if not isinstance(at.value, str) or not is_local(at.value):
        return None
    return root / posixpath.normpath(posixpath.join(posixpath.dirname(at.file), at.value))


def notebook_language(path: Path) -> str | None:
    """Return the language of a notebook's file, in lower case; None where its name and content say none."""
    if path.suffix.lower() in _NOTEBOOKS:
        return _NOTEBOOKS[path.suffix.lower()][1]
    try:
        metadata = json.loads(path.read_text("utf-8"))["metadata"]
        told = metadata.get("application/vnd.databricks.v1+notebook", {}).get("language")
        return str(told or metadata["kernelspec"]["language"]).lower()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def check_files(bundle: Bundle, job: At, task: At) -> Iterator[Finding]:
    """Yield the files of one task that are not there, or are something else.

    Args:
        bundle: the bundle.
        job: the task's job; with a ``git_source`` its tasks' files may be in that repository.
        task: the task.
    """
    notebook = task.get("notebook_task")
    if notebook is not None and not _from_git(job, notebook):
        yield from check_notebook(bundle, notebook.get("notebook_path"))
    for kind, key in (("spark_python_task", "python_file"), ("dbt_task", "project_directory")):
        settings = task.get(kind)
        named = settings.get(key) if settings is not None else None
        if settings is not None and named is not None and not _from_git(job, settings):
            yield from check_there(bundle, named, "folder" if kind == "dbt_task" else "file")
    sql = task.at("sql_task", "file")
    held = [task.get(kind) for kind in ("notebook_task", "spark_python_task", "dbt_task")]
    for settings in (*held, sql):
        source = settings.get("source") if settings is not None else None
        if source is not None and source.value == "GIT" and job.get("git_source") is None:
            said = "`source: GIT` takes files from the job's `git_source`, which is not there. Add it, or take `source` away."
            yield source.finding("DEX-BUNDLE-21", said)
    if sql is not None and not _from_git(job, sql) and (named := sql.get("path")) is not None:
        yield from check_there(bundle, named, "file")


def check_pipeline(bundle: Bundle, pipeline: At) -> Iterator[Finding]:
    """Yield the files and folders of a pipeline that are not there."""
    root = pipeline.get("root_path")
    if root is not None:
        yield from check_there(bundle, root, "folder")
    for library in pipeline.items("libraries"):
        for kind, key in (("notebook", "path"), ("file", "path"), ("glob", "include")):
            entry = library.get(kind)
            if entry is not None and isinstance(entry.value, dict | type(None)) and not entry.value:
                yield entry.finding("DEX-BUNDLE-21", f"`{kind}` of a pipeline's `libraries` needs `{key}`.")
        yield from check_notebook(bundle, library.at("notebook", "path"))
        for named in (library.at("file", "path"), library.at("glob", "include")):
            if named is not None:
                yield from check_there(bundle, named, "file")


def check_other_files(bundle: Bundle) -> Iterator[Finding]:
    """Yield the files and folders of `sync` and of other resources that are not there, such as a dashboard's."""
    sync = bundle.tree.get("sync")
    for path in sync.items("paths") if sync is not None else ():
        for finding in check_there(bundle, path, "folder"):  # beside the bundle, where a part of a repository is cloned
            yield finding.model_copy(update={"severity": "warning"})
    for kind, (key, what) in _OTHERS.items():
        for _, resource in bundle.resources(kind):
            named = resource.get(key)
            if named is not None and resource.get("git_source") is None:
                yield from check_there(bundle, named, what)


def check_notebook(bundle: Bundle, named: At | None) -> Iterator[Finding]:
    """Yield why a path names no notebook."""
    path = local_path(bundle.root, named) if named is not None else None
    if path is None or named is None:
        return
    if not path.is_file():
        near = [s for s in (*_NOTEBOOKS, ".ipynb") if path.with_name(path.name + s).is_file()]
        hint = f" Did you mean '{named.value}{near[0]}'?" if near else " The path is relative to this file."
        yield named.finding("DEX-BUNDLE-15", f"There is no notebook '{named.value}'.{hint}")
        return
    head = _NOTEBOOKS.get(path.suffix.lower(), ("", ""))[0]
    with path.open("rb") as file:
        first = file.read(64).removeprefix(b"\xef\xbb\xbf")
    if head and not first.startswith(head.encode()):
        yield named.finding(
            "DEX-BUNDLE-15", f"'{named.value}' is a file, not a notebook: its first line is not `{head}`."
        )


def check_there(bundle: Bundle, named: At, what: str) -> Iterator[Finding]:
    """Yield that a path of the bundle's folder names nothing, or that a pattern matches nothing.

    Args:
        bundle: the bundle.
        named: the path, relative to its file; one of a workspace is taken as it is.
        what: what should be there, as the finding calls it.
    """
    path = local_path(bundle.root, named)
    if path is None:
        return
    magic = glob.has_magic(str(named.value))
    found = any(Path(each).exists() for each in glob.iglob(str(path), recursive=True)) if magic else path.exists()
    if not found:  # `nope/**` matches `nope/`, which is not there either
        said = f"No file matches '{named.value}'." if magic else f"There is no {what} '{named.value}'."
        yield named.finding("DEX-BUNDLE-15", f"{said} The path is relative to this file.")


def _from_git(job: At, settings: At) -> bool:
    source = settings.get("source")
    if source is not None:
        return str(source.value) != "WORKSPACE"
    return job.get("git_source") is not None
