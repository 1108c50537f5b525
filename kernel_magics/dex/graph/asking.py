"""Questions about the tasks together: names that only the run knows, task values, cycles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from dex.graph.models import Edge, Place, Question, Reason
from dex.graph.names import OF_ENVIRONMENT, may_be_one_schema, shown_id

if TYPE_CHECKING:
    from dex.graph.edges import Edges, Node
    from dex.graph.facts import Use


def ask_about_names(edges: Edges) -> Iterator[Question]:
    """Yield questions about names: unknown, without a schema or catalog, handed to a function."""
    yield from _unknown(edges)
    yield from _catalogs(edges)
    yield from _schemas(edges)
    yield from _handed_over(edges)


def _unknown(edges: Edges) -> Iterator[Question]:
    for node, use in _unresolved(edges):
        name = use.name
        if name.kind == "path" and not _path_matters(edges, node, reads=use.how == "read"):
            continue
        verb = "reads" if use.how == "read" else "writes"
        answer = "/path" if name.kind == "path" else "layer.table"
        yield Question(
            code="DEX-GRAPH-10",
            text=f"{node.key} {verb} a {name.kind} whose name only the run knows: `{name.unknown}`.",
            places=[use.place],
            remedy=f"Say which in {node.notebook}: `dex: task {{{verb}: [{answer}]}}`, or give it a value in the notebook.",
        )


def _path_matters(edges: Edges, node: Node, *, reads: bool) -> bool:
    """Return whether another task does the opposite with files, so that there may be an edge."""
    for other in edges.nodes:
        if other is node:
            continue
        if reads and any(use.name.kind == "path" and use.how != "read" for use in other.facts.uses):
            return True
        if not reads and any(name[0] == "path" and not edges.is_written(name) for name in other.reads):
            return True
    return False


def _catalogs(edges: Edges) -> Iterator[Question]:
    for node in edges.nodes:
        for name, use in [*node.reads.items(), *((n, uses[0]) for n, uses in node.writes.items())]:
            if edges.tables.is_ambiguous(use.name):
                yield Question(
                    code="DEX-GRAPH-13",
                    text=f"{node.key} names {shown_id(name)} without a catalog, and tasks here use it in several.",
                    places=[use.place],
                    remedy="Name the catalog, or select it with `USE CATALOG`.",
                )


def _schemas(edges: Edges) -> Iterator[Question]:
    """Yield questions about names that fit another table but for the schema, or a temporary view of another task."""
    written = edges.written
    for node in edges.nodes:
        for name, use in node.reads.items():
            if name[0] != "table" or edges.is_written(name) or edges.tables.is_ambiguous(use.name):
                continue
            views = [o for o in edges.nodes if o is not node and name[-1] in o.facts.views]
            if views and (use.name.schema in (None, "global_temp")):
                yield Question(
                    code="DEX-GRAPH-18",
                    text=f"{node.key} reads {name[-1]}, a temporary view that {views[0].key} makes: it ends with that task.",
                    places=[use.place, views[0].facts.views[name[-1]]],
                    remedy="Make it a table, or make the view in both notebooks (a `%run` of one notebook does).",
                )
                continue
            said = None if use.name.schema is None else name[-2]
            fitting = [
                (other, w)
                for w, nodes in written.items()
                for other in nodes
                if other is not node and w[0] == "table" and w[-1] == name[-1] and may_be_one_schema(said, w[-2])
                if not _catalogs_differ(use, other.writes[w][0])
            ]
            answered = node.said.settings.reads or ()
            if fitting and not any(shown_id(match) in answered for _, match in fitting):
                other, match = fitting[0]
                yield Question(
                    code="DEX-GRAPH-13",
                    text=f"{node.key} reads {shown_id(name)} and {other.key} writes {shown_id(match)}: are they one table?",
                    places=[use.place, other.writes[match][0].place],
                    remedy=f"Name the {'catalog' if len(name) > 3 else 'schema'} in both, or say `dex: task {{reads: [{shown_id(match)}]}}` in {node.notebook}.",
                )


def _catalogs_differ(one: Use, other: Use) -> bool:
    """Return whether both say their catalog, without assuming anything, and it is not the same."""
    catalogs = [use.name.catalog for use in (one, other) if not use.assumed and use.name.catalog != OF_ENVIRONMENT]
    return len(catalogs) > 1 and None not in catalogs and catalogs[0] != catalogs[1]


def _handed_over(edges: Edges) -> Iterator[Question]:
    used = {name: node for node in edges.nodes for name in (*node.reads, *node.writes)}
    for node in edges.nodes:
        answered = {*(node.said.settings.reads or ()), *(node.said.settings.writes or ())}
        for mention in node.facts.mentions:
            name = edges.tables.id(mention.name)
            known = name in used or mention.name.catalog == OF_ENVIRONMENT
            if not known or name in node.reads or name in node.writes or shown_id(name) in answered:
                continue
            yield Question(
                code="DEX-GRAPH-14",
                text=f"{node.key} gives {shown_id(name)} to `{mention.function}`, and nothing here says whether that reads or writes it.",
                places=[mention.place],
                remedy=f"Say it in {node.notebook}: `dex: task {{reads: [{shown_id(name)}]}}` or `writes`.",
            )


def take_values(edges: Edges) -> Iterator[Question]:
    """Add the edges of task values, and yield questions about those that are not clear."""
    for node in edges.nodes:
        for end in node.facts.ends:
            other = edges.by_key.get(end.task or "")
            if other is not None:
                edges.add(other, node, Reason(kind="task value", name=end.key, after=end.place))
        for got in node.facts.values:
            if got.task is None:
                continue
            setter = edges.by_key.get(got.task)
            made = [v for v in setter.facts.values if v.task is None and v.key == got.key] if setter is not None else []
            if setter is not None and (made or setter is node):
                reason = Reason(
                    kind="task value", name=got.key, before=made[0].place if made else None, after=got.place
                )
                edges.add(setter, node, reason)
                continue
            if setter is not None:
                edges.add(setter, node, Reason(kind="task value", name=got.key, after=got.place))
                what = f"{setter.key} sets no such value"
                remedy = f"Set it there: `dbutils.jobs.taskValues.set('{got.key}', ...)`."
            else:
                what = f"there is no task '{got.task}'"
                others = [
                    n
                    for n in edges.nodes
                    if n is not node and any(v.task is None and v.key == got.key for v in n.facts.values)
                ]
                near = [n.key for n in others] or get_close_matches(got.task, edges.by_key, 1)
                remedy = (
                    f"Did you mean '{near[0]}'? Name it, or give that notebook the key: `dex: task {{key: {got.task}}}`."
                    if near
                    else f"Tasks: {', '.join(edges.by_key)}."
                )
            yield Question(
                code="DEX-GRAPH-17",
                text=f"{node.key} gets the task value '{got.key}' of '{got.task}', but {what}.",
                places=[got.place],
                remedy=remedy,
            )


def cycles(edges: Sequence[Edge]) -> Iterator[Question]:
    """Yield one question for every set of tasks that wait for each other, with one way round."""
    after: dict[str, list[Edge]] = {}
    for edge in edges:
        after.setdefault(edge.before, []).append(edge)
    told: set[str] = set()
    for edge in edges:
        way = _way(edge.after, edge.before, after)
        if way is None or edge.before in told:
            continue
        round_ = [edge, *way]
        told.update(e.before for e in round_)
        places: list[Place] = []
        for each in round_:
            places += [place for place in (each.reasons[0].before, each.reasons[0].after) if place is not None]
        last = round_[-1]
        by_table = next((e.reasons[0] for e in reversed(round_) if e.reasons[0].kind in ("table", "path")), None)
        name = by_table.name if by_table is not None else ""
        yield Question(
            code="DEX-GRAPH-11",
            text=f"Tasks wait for each other: {'; '.join(_step(e) for e in round_)}.",
            places=places,
            remedy=f"Let one not wait: `dex: task {{ignore: [{name}]}}` in {last.after} where last run's table will do."
            if name
            else "Take one of them out of `depends_on` or `after`.",
        )


def _step(edge: Edge) -> str:
    reason = edge.reasons[0]
    how = {"override": f"says `{reason.name}`", "resource": "its job says so"}.get(reason.kind, reason.name)
    return f"{edge.after} waits for {edge.before} ({how})"


def _way(start: str, end: str, after: dict[str, list[Edge]]) -> list[Edge] | None:
    """Return the shortest way from one task to another."""
    ways: dict[str, list[Edge]] = {start: []}
    todo = [start]
    while todo:
        key = todo.pop(0)
        if key == end:
            return ways[key]
        for edge in after.get(key, ()):
            if edge.after not in ways:
                ways[edge.after] = [*ways[key], edge]
                todo.append(edge.after)
    return None


def _unresolved(edges: Edges) -> Iterator[tuple[Node, Use]]:
    """Yield the uses whose names only the run knows, where no person has answered."""
    for node in edges.nodes:
        settings = node.said.settings
        for use in node.facts.uses:
            answered = settings.reads if use.how == "read" else settings.writes
            told = answered is not None or (use.how == "read" and settings.depends_on is not None)
            if edges.tables.is_open(use.name) and not told:
                yield node, use
