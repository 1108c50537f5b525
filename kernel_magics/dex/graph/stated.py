"""What the configuration says of a job's tasks: those that notebooks are, and those that are written out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dex_dbutils import DexError, Where
from dex_dbutils.config import Project
from pydantic import ValidationError

from dex.bundle import At, references_in, wrong_reference
from dex.export import EmittedJob, find_notebooks, module_name, notebooks_in, read_emitted
from dex.graph.edges import Node
from dex.graph.facts import Facts, TaskValue
from dex.graph.models import Place
from dex.graph.overrides import Said, TaskSettings
from dex.graph.surroundings import Surroundings
from dex.job_files import ConfiguredJob, read_configured_jobs

_WORDS = ("depends_on", "after", "ignore", "reads", "writes")


def usual_paths(project: Project) -> list[Path]:
    """Return what a project's graph is made of where nobody says it: `notebooks`, and what its jobs name."""
    named = [project.root / name for job in read_configured_jobs(project).values() for name in job.notebooks]
    return [project.root / "notebooks", *(path for path in named if path.exists())]


def with_stated(around: Surroundings, nodes: Sequence[Node], paths: Mapping[str, Path], job: str | None) -> list[Node]:
    """Return tasks with what the configuration says of them, and those that it writes out after them.

    Args:
        around: with the jobs of the configuration.
        nodes: the tasks that notebooks are.
        paths: their notebooks' files, by the tasks' keys.
        job: key of the job that they are; every job that has one of the notebooks, if not given.

    Raises:
        DexError: DEX-GRAPH-02, what it says of a task cannot be read.
    """
    found = list(nodes)
    configured = around.configured
    for each in [configured[job]] if job in configured else [] if job is not None else configured.values():
        files = None if job is not None else _files(around.project, each)
        mine = [n for n, node in enumerate(found) if node.key in paths and (files is None or paths[node.key] in files)]
        if files is not None and not mine:
            continue
        keys = {found[n].key for n in mine}
        whole = files is None or files <= {paths[found[n].key] for n in mine}
        tasks = {key: at for key, at in each.tasks() if isinstance(at.value, dict)}
        taken = {node.key for node in found} - keys
        names = {key: key if key not in taken else f"{each.key}.{key}" for key in tasks if key not in keys}
        known = None if whole else {*keys, *names}
        for n in mine:
            if found[n].key in tasks:
                found[n] = _of_notebook(found[n], tasks[found[n].key], names, known)
        for key, name in names.items():
            kind = next((word for word, _ in tasks[key].entries() if word.endswith("_task")), None)
            if kind is not None:
                found.append(_written(name, kind, tasks[key], names, known))
    return found


def _files(project: Project, job: ConfiguredJob) -> set[Path]:
    """Return the files that are tasks of a job, as far as they can be told without asking anybody."""
    known = read_emitted(project, EmittedJob).get(job.key)
    paths = [project.root / name for name in job.notebooks or (known.notebooks if known else ())]
    files = {file.resolve() for file in notebooks_in(paths)}
    if not files:
        files = {p.resolve() for p in find_notebooks(project.root / "notebooks") if module_name(p) == job.key}
    return files


def _of_notebook(node: Node, at: At, names: Mapping[str, str], known: Collection[str] | None) -> Node:
    said = _said(at, names, known)
    given = said.settings.model_fields_set
    both = node.said.settings.model_copy(update={word: getattr(said.settings, word) for word in given})
    return replace(
        node, facts=_with_asked(node.facts, at, names), said=Said(both, said.place if given else node.said.place)
    )


def _written(key: str, kind: str, at: At, names: Mapping[str, str], known: Collection[str] | None) -> Node:
    return Node(key, at.file, _with_asked(Facts(), at, names), _said(at, names, known), type=kind)


def _said(at: At, names: Mapping[str, str], known: Collection[str] | None) -> Said:
    """Return what is said of a task; what it waits for counts only where it is known, if not all tasks are there."""
    place = Place(notebook=at.file, line=at.line)
    given = {word: entry.plain() for word, entry in at.entries() if word in _WORDS and entry.value is not None}
    try:
        settings = TaskSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DexError(
            "DEX-GRAPH-02",
            f"What is said of the task cannot be read: {key}: {first['msg']}.",
            Where(at.file, line=at.line),
            "Write `depends_on` and `after` as lists of tasks, `reads` and `writes` as lists of tables.",
        ) from error
    waits = settings.depends_on
    renamed = {
        "after": [names.get(key, key) for key in settings.after if known is None or key in known],
        "depends_on": None
        if waits is None
        else [
            each.model_copy(update={"task_key": names.get(each.task_key, each.task_key)})
            for each in waits
            if known is None or each.task_key in known
        ],
    }
    return Said(settings.model_copy(update={word: renamed[word] for word in renamed if word in given}), place)


def _with_asked(facts: Facts, at: At, names: Mapping[str, str]) -> Facts:
    asked = list(_asked(at, names))
    values = [value for value, is_value in asked if is_value]
    return replace(facts, values=[*facts.values, *values], ends=[value for value, is_value in asked if not is_value])


def _asked(at: At, names: Mapping[str, str]) -> Iterator[tuple[TaskValue, bool]]:
    """Yield what a task's settings ask of other tasks, and whether it is a value that these set."""
    for each in at.walk():
        for _, words in references_in(each.value) if isinstance(each.value, str) else ():
            if words[0] == "tasks" and wrong_reference(words) is None:
                task, of_values = words[1], words[2] == "values"
                place = Place(notebook=each.file, line=each.line)
                yield TaskValue(".".join(words[2 + of_values :]), names.get(task, task), place, 0), of_values
