"""From notebooks to a job's graph."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dex_dbutils import DexError, Where
from dex_dbutils.config import Project

from dex.export import module_names, notebooks_in
from dex.graph.edges import Edges, Node
from dex.graph.facts import Facts
from dex.graph.models import JobGraph, Place, Question
from dex.graph.notebooks import facts_of, shown_below
from dex.graph.overrides import Said, TaskSettings, settings_of
from dex.graph.resources import read_resources
from dex.graph.sections import Section, Split, split
from dex.graph.stated import with_stated
from dex.graph.surroundings import Surroundings
from dex.notebook import is_plain, read_notebook, read_plain


@dataclass
class _Made:
    """The tasks of one notebook.

    Attributes:
        runs: notebooks that it runs.
        speaks: it says something about its task.
        question: why it is one task although it could be several.
    """

    path: Path
    shown: str
    runs: list[str]
    speaks: bool
    question: Question | None
    nodes: list[Node] = field(default_factory=list)


def infer_graph(
    project: Project,
    notebooks: Sequence[Path],
    *,
    sections: bool = True,
    job: str | None = None,
    around: Surroundings | None = None,
    progress: Callable[[str], None] | None = None,
) -> JobGraph:
    """Return the tasks that notebooks are, and what each depends on; nothing is run and nothing written.

    A notebook that another one runs is no task, unless it says `dex: task` itself. What only the run knows is a
    question of the graph, never an edge.

    Args:
        project: whose environments say which schema is which layer.
        notebooks: files, and folders of them; also plain files of Python and SQL, if they are named.
        sections: let sections that exchange tables only be tasks of their own.
        job: key of the job that they are; what the configuration says of others then does not count. By default all
            jobs of the configuration count that have one of the notebooks.
        around: what the project says around its notebooks, where that was read already.
        progress: told of every notebook before it is read.

    Raises:
        DexError: DEX-GRAPH-01, a path is neither file nor folder; -02, `dex: task` cannot be read; -03, two tasks
            have one key; -04, it names a task that there is not.
        NotebookError: DEX-NOTEBOOK-01 to -04, a file given is no notebook.
    """
    paths = list({path.resolve(): path for path in found_notebooks(notebooks)}.values())
    keys = _keys(project.root, paths)
    around = around or Surroundings(project)
    resources = read_resources(around, paths)
    made: list[_Made] = []
    for number, path in enumerate(paths, start=1):
        if progress is not None:
            progress(f"{number} of {len(paths)}: {path}")
        made.append(_nodes(path, resources.keys.get(path, keys[path]), project.root, sections))
    kept = [each for each in made if each.nodes]
    run_by_others = _run_by_others({each.shown: each.runs for each in kept})
    kept = [each for each in kept if each.speaks or each.shown not in run_by_others]
    homes = {node.key: each.path.resolve() for each in kept for node in each.nodes}
    nodes = with_stated(around, [node for each in kept for node in each.nodes], homes, job)
    _refuse_equal_keys(nodes)
    edges = Edges(nodes, around.layers)
    tasks = {each.path: [node.key for node in each.nodes] for each in kept}
    for first, second, place in resources.order:
        edges.order(tasks.get(first, []), tasks.get(second, []), place)
    notes = [
        f"the sections of {each.shown} exchange tables only, and are {len(each.nodes)} tasks"
        for each in kept
        if len(each.nodes) > 1
    ]
    return edges.graph([each.question for each in kept if each.question is not None], notes)


def found_notebooks(paths: Iterable[Path]) -> list[Path]:
    """Return the notebooks that paths name, as `notebooks_in` does.

    Raises:
        DexError: DEX-GRAPH-01, a path is neither file nor folder.
    """
    paths = list(paths)
    gone = next((path for path in paths if not path.exists()), None)
    if gone is not None:
        raise DexError(
            "DEX-GRAPH-01", f"There is no file or folder {gone}.", Where(str(gone)), "Give notebooks or folders."
        )
    return notebooks_in(paths)


def _run_by_others(runs: dict[str, list[str]]) -> set[str]:
    """Return the notebooks that another one runs; of those that run each other in a circle, none."""
    run = {name for notebook, names in runs.items() for name in names if name != notebook}
    return {name for notebook, names in runs.items() if notebook not in run for name in names}


def _keys(root: Path, paths: Sequence[Path]) -> dict[Path, str]:
    """Return a key for each notebook: the name of its module, with its folders before it where two have one name."""
    full = [path.resolve() for path in paths]
    inside = all(path.is_relative_to(root.resolve()) for path in full)
    above = root.resolve() if inside or not full else Path(os.path.commonpath([path.parent for path in full]))
    names = module_names(above, full)
    return {path: names[resolved] for path, resolved in zip(paths, full, strict=True)}


def _nodes(path: Path, key: str, root: Path, sections: bool) -> _Made:
    """Return the tasks of a notebook: one, or one a section; none where it is to be ignored."""
    shown = shown_below(path, root)
    notebook = read_plain(path) if is_plain(path) else read_notebook(path)
    said = settings_of(notebook, shown)
    facts = facts_of(notebook, root)
    may = sections and all(each.settings.sections for each in said.values())
    parts = split(notebook, shown, facts) if may else Split()
    own = {number for section in parts.sections for number in section.numbers}
    base = _only({cell: each for cell, each in said.items() if cell not in own}, shown)
    made = _Made(path, shown, facts.runs, bool(said), parts.question)
    if not parts.sections:
        made.nodes = [Node(base.settings.key or key, shown, facts, base)]
    else:
        taken: Counter[str] = Counter()
        above = base.settings.key or key
        made.nodes = [_section(each, parts.shared, shown, above, facts, said, taken) for each in parts.sections]
    ignored = base.settings.ignore is True
    made.nodes = [node for node in made.nodes if not ignored and node.said.settings.ignore is not True]
    return made


def _section(
    section: Section,
    shared: tuple[int, ...],
    shown: str,
    key: str,
    facts: Facts,
    said: dict[int, Said],
    taken: Counter[str],
) -> Node:
    name = f"{key}_{section.slug}"
    taken[name] += 1
    name = name if taken[name] == 1 else f"{name}_{taken[name]}"
    one = _only({cell: each for cell, each in said.items() if cell in section.numbers}, shown)
    cells = sorted({*shared, *section.numbers})
    return Node(one.settings.key or name, shown, facts.of_cells(cells), one, section.title, cells)


def _only(said: dict[int, Said], shown: str) -> Said:
    if len(said) > 1:
        first, second, *_ = said.values()
        place = second.place or Place(notebook=shown)
        raise DexError(
            "DEX-GRAPH-02",
            f"`dex: task` stands twice: at {first.place} too.",
            Where(place.notebook, place.line, cell=place.cell),
            "Say it once for a task.",
        )
    return next(iter(said.values()), Said(TaskSettings()))


def _refuse_equal_keys(nodes: Sequence[Node]) -> None:
    seen: dict[str, Node] = {}
    for node in nodes:
        other = seen.setdefault(node.key, node)
        if other is not node:
            raise DexError(
                "DEX-GRAPH-03",
                f"Two tasks have the key '{node.key}': {other.notebook} and {node.notebook}.",
                Where(node.notebook),
                "Give one of them another: `dex: task {key: ...}`.",
            )
