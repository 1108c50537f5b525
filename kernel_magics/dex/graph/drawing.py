"""A job's graph in a terminal, and as Mermaid."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from dex.graph.models import Edge, JobGraph, Task

#: Words that Mermaid keeps for itself.
_WORDS = frozenset(
    "end graph flowchart subgraph style class classDef click default direction linkStyle call href".split()
)


def text_of(graph: JobGraph, width: int) -> str:
    """Return the graph as a tree of stages, with what each task waits for, and what is open."""
    leaves = {task.key: [_title(task), *_lines(graph, task.key)] for task in graph.tasks}
    parts = [tree_text("", graph.stages, leaves, width)]
    inputs = [f"{each.name}  read by {', '.join(each.readers)}" for each in graph.inputs]
    for title, lines in (("inputs", inputs), ("assumed", graph.assumptions)):
        if lines:
            parts.append("\n".join([title, *(_wrapped(line, width) for line in lines)]))
    parts += [question.to_text() for question in graph.questions]
    return "\n\n".join(parts)


def stages_in(before: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the keys of tasks by stage: a task stands one stage below the last that it depends on; a cycle stands last.

    Args:
        before: what each task depends on, by its key; other keys do not count.
    """
    left = {key: set(keys) & set(before) for key, keys in before.items()}
    found: list[list[str]] = []
    while left:
        ready = [key for key, keys in left.items() if not keys & set(left)] or list(left)
        found.append(ready)
        for key in ready:
            del left[key]
    return found


def tree_text(name: str, stages: Sequence[Sequence[str]], leaves: Mapping[str, Sequence[str]], width: int) -> str:
    """Return stages of tasks as a tree for terminals and logs.

    Args:
        name: what stands before their number.
        stages: keys of the tasks.
        leaves: by key the task in a line, and what else there is to say of it.
        width: columns of the terminal; longer lines go on below their beginning.
    """
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(f"{name}{_count(len(leaves), 'task')} in {_count(len(stages), 'stage')}"))
    for number, keys in enumerate(stages, start=1):
        branch = tree.add(Text(f"stage {number}"))
        for key in keys:
            first, *more = leaves[key]
            leaf = branch.add(Text(first))
            for line in more:
                leaf.add(Text(line))
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, legacy_windows=False).print(tree)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _wrapped(line: str, width: int) -> str:
    """Return a line that goes on below its beginning; no name is broken."""
    return textwrap.fill(
        line, width, initial_indent="  ", subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _title(task: Task) -> str:
    if task.type:
        return f"{task.key}  ({task.type}, {task.notebook})"
    section = f", '{task.section}'" if task.section else ""
    return f"{task.key}  ({task.notebook}{section}{', a pipeline' if task.pipeline else ''})"


def _lines(graph: JobGraph, key: str) -> list[str]:
    task = graph.task(key)
    edges = [edge for edge in graph.edges if edge.after == key]
    before = [f"{edge.before} ({edge.label})" for edge in edges]
    told = {reason.name for edge in edges for reason in edge.reasons}
    reads = [name for name in task.reads if name not in told]
    rows = (("after", before), ("reads", reads), ("writes", task.writes), ("runs", task.runs))
    return [f"{word:<6}  {', '.join(names)}" for word, names in rows if names]


def mermaid_of(graph: JobGraph) -> str:
    """Return the graph as a Mermaid flowchart: tasks as boxes, inputs as cylinders, tables on the arrows."""
    lines = ["flowchart LR"]
    ids = mermaid_ids(task.key for task in graph.tasks)
    for number, each in enumerate(graph.inputs, start=1):
        lines.append(f'  in{number}[("{mermaid_text(each.name)}")]')
    for task in graph.tasks:
        shape = ("{", "}") if task.type == "condition_task" else ("[[", "]]") if task.pipeline else ("[", "]")
        lines.append(f'  {ids[task.key]}{shape[0]}"{mermaid_text(task.key)}"{shape[1]}')
    for number, each in enumerate(graph.inputs, start=1):
        lines += [f"  in{number} -.-> {ids[key]}" for key in each.readers]
    for edge in graph.edges:
        lines.append(f'  {ids[edge.before]} -- "{mermaid_text(_short(edge))}" --> {ids[edge.after]}')
    return "\n".join(lines)


def _short(edge: Edge) -> str:
    """Return the first names on an arrow, and how many there are more."""
    names = edge.label.split(", ")
    return edge.label if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def mermaid_ids(keys: Iterable[str]) -> dict[str, str]:
    """Return what tasks are called in a Mermaid flowchart, each by a name of its own."""
    found: dict[str, str] = {}
    for key in keys:
        name = re.sub(r"\W", "_", key, flags=re.ASCII)
        if name in _WORDS or re.fullmatch(r"in\d+", name):
            name += "_"
        while name in found.values():
            name += "_"
        found[key] = name
    return found


def mermaid_text(text: str) -> str:
    """Return a text as it may stand in quotes in a Mermaid flowchart."""
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
