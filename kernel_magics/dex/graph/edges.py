"""Edges between tasks: who writes what another reads, and what a person says; what is left open is a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import combinations
from typing import Any

from dex_dbutils import DexError, Where

from dex.graph.asking import ask_about_names, cycles, take_values
from dex.graph.facts import Facts, Use
from dex.graph.models import Edge, Input, JobGraph, Place, Question, Reason, ReasonKind, Task
from dex.graph.names import Current, Id, Layers, Name, overlap, path_name, shown_id, split_name, table_name
from dex.graph.overrides import Said


@dataclass
class Node:
    """A task with what it does."""

    key: str
    notebook: str
    facts: Facts
    said: Said
    section: str | None = None
    cells: list[int] = field(default_factory=list)
    type: str = ""
    reads: dict[Id, Use] = field(default_factory=dict)
    writes: dict[Id, list[Use]] = field(default_factory=dict)

    def really_writes(self, name: Id) -> bool:
        """Return whether it does more to a table than to create it."""
        return any(use.how != "create" for use in self.writes.get(name, ()))

    def is_section_of(self, other: Node) -> bool:
        """Return whether both are sections of one notebook."""
        return self.section is not None and other.section is not None and self.notebook == other.notebook

    def only_appends(self, name: Id) -> bool:
        """Return whether it changes nothing that is in a table."""
        return all(use.how in ("append", "create") for use in self.writes.get(name, ()))


class Tables:
    """Which names are one table.

    Args:
        nodes: the tasks.
        layers: of the project.
    """

    def __init__(self, nodes: Sequence[Node], layers: Layers) -> None:
        self._layers = layers
        self._catalogs: dict[Id, set[str]] = {}
        self._users: dict[str, dict[Id, set[int]]] = {}
        for number, use in ((i, use) for i, node in enumerate(nodes) for use in node.facts.uses):
            if use.name.kind != "table":
                continue
            plain, catalog = self._plain(use.name), layers.foreign_catalog(use.name)
            self._catalogs.setdefault(plain, set()).update([catalog] if catalog else [])
            self._users.setdefault(use.name.table, {}).setdefault(plain, set()).add(number)

    def id(self, name: Name, pipeline: bool = False) -> Id:
        """Return what identifies a table, a path or a schema.

        Args:
            name: its name, as a notebook has it.
            pipeline: names without a schema are those of the pipeline, whose schema its resource says.
        """
        if name.kind == "path":
            return ("path", name.table)
        plain = self._plain(name)
        if name.kind == "schema":
            return ("schema", plain[0])
        if name.schema is None and pipeline:
            return ("table", "", name.table)
        catalog = self._layers.foreign_catalog(name)
        if catalog is not None and len(self._catalogs.get(plain, ())) > 1:
            return ("table", catalog, *plain)
        return ("table", *plain)

    def is_open(self, name: Name) -> bool:
        """Return whether only the run knows which table it is.

        One whose schema is a parameter is the same in every task that says it so; without such another task it is
        open only where some task has a table of its own name in another schema.
        """
        others = self._users.get(name.table, {})
        alone = len(others.get(self._plain(name), ())) < 2
        return bool(name.unknown) and not (name.by_parameter and (len(others) < 2 or not alone))

    def is_ambiguous(self, name: Name) -> bool:
        """Return whether several catalogs have a table of this name, and this one does not say which it is."""
        catalogs = self._catalogs.get(self._plain(name), set())
        return name.kind == "table" and len(catalogs) > 1 and self._layers.foreign_catalog(name) is None

    def _plain(self, name: Name) -> Id:
        return (self._layers.layer(name) or "default", name.table)


class Edges:
    """Makes the graph of tasks.

    Args:
        nodes: the tasks.
        layers: of the project.

    Attributes:
        written: the tasks that write or create each table or path.

    Raises:
        DexError: DEX-GRAPH-04, an override names a task that there is not.
    """

    def __init__(self, nodes: list[Node], layers: Layers) -> None:
        self.nodes = nodes
        self.tables = Tables(nodes, layers)
        self.by_key = {node.key: node for node in nodes}
        self.reasons: dict[tuple[str, str], list[Reason]] = {}
        self.said: set[tuple[str, str]] = set()
        self.questions: list[Question] = []
        self._notes: list[str] = []
        for node in nodes:
            self._take(node)
        self.written: dict[Id, list[Node]] = {}
        for node in nodes:
            for name in node.writes:
                self.written.setdefault(name, []).append(node)
        for node in nodes:
            self._said_by(node)

    def order(self, first: Iterable[str], second: Iterable[str], place: Place) -> None:
        """Take in that a job written by hand lets one task depend on another."""
        for before in first:
            for after in second:
                self._say(before, after, Reason(kind="resource", name="depends_on", after=place))

    def graph(self, questions: Iterable[Question], notes: Iterable[str]) -> JobGraph:
        """Return the graph.

        Args:
            questions: more questions, those about sections.
            notes: more assumptions.
        """
        for node in self.nodes:
            answered = node.said.settings.reads is not None or node.said.settings.writes is not None
            self.questions += [question for question, _ in node.facts.questions if not answered]
        self.questions += take_values(self)
        self._by_tables()
        self._by_paths()
        self._by_schemas()
        self.questions += ask_about_names(self)
        edges = [
            Edge(before=before.key, after=after.key, reasons=self.reasons[before.key, after.key])
            for after in self.nodes
            for before in self.nodes
            if (before.key, after.key) in self.reasons
        ]
        named = [use for node in self.nodes for use in node.facts.uses if not self.tables.is_open(use.name)]
        assumed = dict.fromkeys(note for use in named for note in sorted(use.assumed))
        return JobGraph(
            tasks=[self._task(node) for node in self.nodes],
            edges=edges,
            inputs=self._inputs(),
            questions=_once([*self.questions, *cycles(edges), *questions]),
            assumptions=[*assumed, *notes, *self._notes],
        )

    # -- what tasks do -------------------------------------------------------------------------------------------------

    def _take(self, node: Node) -> None:
        """Sort what a task does by table: read before it writes it, written."""
        settings = node.said.settings
        names = settings.ignore if isinstance(settings.ignore, list) else []
        ignored = {self.tables.id(_named(text)): text for text in names}
        place = node.said.place or Place(notebook=node.notebook)
        uses = list(node.facts.uses)
        uses += [Use("read", _named(text), place, 0) for text in settings.reads or ()]
        uses += [Use("overwrite", _named(text), place, 0) for text in settings.writes or ()]
        used = {self.tables.id(use.name, node.facts.pipeline): self.tables.is_open(use.name) for use in uses}
        if not any(used.values()):
            idle = [text for name, text in ignored.items() if name not in used]
            self._notes += [f"`ignore` of {node.key} changes nothing: it does not use {text}" for text in idle]
        for use in uses:
            name = self.tables.id(use.name, node.facts.pipeline)
            if self.tables.is_open(use.name) or name in ignored:
                continue
            if use.how != "read":
                node.writes.setdefault(name, []).append(use)
            elif not node.really_writes(name):
                node.reads.setdefault(name, use)
        if node.facts.pipeline:  # it orders its own tables
            node.reads = {name: use for name, use in node.reads.items() if not node.really_writes(name)}

    def _said_by(self, node: Node) -> None:
        settings = node.said.settings
        waits = [each.task_key for each in settings.depends_on or ()]
        for word, keys in (("depends_on", waits), ("after", settings.after)):
            for key in keys:
                if key not in self.by_key or key == node.key:
                    place = node.said.place or Place(notebook=node.notebook)
                    near = get_close_matches(key, self.by_key, 1)
                    raise DexError(
                        "DEX-GRAPH-04",
                        f"`{word}` names '{key}', which is {'the task itself' if key == node.key else 'no task'}.",
                        Where(place.notebook, place.line, cell=place.cell),
                        f"Did you mean '{near[0]}'?" if near else f"Tasks: {', '.join(self.by_key)}.",
                    )
                self._say(key, node.key, Reason(kind="override", name=word, after=node.said.place))

    def _say(self, before: str, after: str, reason: Reason) -> None:
        if before != after:
            self.said.add((before, after))
            self.reasons.setdefault((before, after), []).append(reason)

    def add(self, before: Node, after: Node, reason: Reason) -> None:
        """Add an edge, unless a person says otherwise; sections of one notebook keep its order."""
        if before.is_section_of(after) and self.nodes.index(before) > self.nodes.index(after):
            before, after = after, before
            reason = reason.model_copy(update={"before": reason.after, "after": reason.before})
        if before is after or after.said.settings.depends_on is not None:
            return
        if reason.kind != "task value" and self.reaches(after.key, before.key, self.said):
            return
        found = self.reasons.setdefault((before.key, after.key), [])
        if reason not in found:
            found.append(reason)

    @staticmethod
    def reaches(start: str, end: str, edges: Iterable[tuple[str, str]]) -> bool:
        """Return whether edges lead from one task to another."""
        after: dict[str, list[str]] = {}
        for one, other in edges:
            after.setdefault(one, []).append(other)
        todo, seen = [start], {start}
        while todo:
            for key in after.get(todo.pop(), ()):
                if key == end:
                    return True
                if key not in seen:
                    seen.add(key)
                    todo.append(key)
        return False

    # -- edges ---------------------------------------------------------------------------------------------------------

    def _by_tables(self) -> None:
        several: list[tuple[Id, list[Node]]] = []
        for name, nodes in self.written.items():
            if name[0] == "schema":
                continue
            kind: ReasonKind = "path" if name[0] == "path" else "table"
            writers = [node for node in nodes if node.really_writes(name)]
            for node in nodes:
                if node not in writers and name not in node.reads:
                    for writer in writers:
                        self.add(node, writer, _reason(kind, name, node, writer.writes[name][0]))
            for reader in self.nodes:
                if name in reader.reads and reader not in writers:
                    for node in nodes:
                        self.add(node, reader, _reason(kind, name, node, reader.reads[name]))
            if len(writers) > 1 and not all(writer.only_appends(name) for writer in writers):
                several.append((name, writers))
                for one, other in combinations(writers, 2):
                    if one.is_section_of(other):
                        self.add(one, other, _reason(kind, name, one, _first_write(other, name)))
        for name, writers in several:
            self._ask_for_order(name, writers)

    def _ask_for_order(self, name: Id, writers: list[Node]) -> None:
        """Ask which of several writers is the first, unless something else orders them."""
        others = [pair for pair, reasons in self.reasons.items() if any(r.name != shown_id(name) for r in reasons)]
        for i, one in enumerate(writers):
            for other in writers[i + 1 :]:
                ordered = self.reaches(one.key, other.key, others) or self.reaches(other.key, one.key, others)
                if ordered or one.is_section_of(other):
                    continue
                self.questions.append(
                    Question(
                        code="DEX-GRAPH-12",
                        text=f"{one.key} and {other.key} both write {shown_id(name)}, and nothing says which is first.",
                        places=[_first_write(one, name).place, _first_write(other, name).place],
                        remedy=f"In {other.notebook}: `dex: task {{after: [{one.key}]}}`, or the other way round; "
                        f"`ignore: [{shown_id(name)}]` where its write does not count.",
                    )
                )

    def _by_paths(self) -> None:
        written = {name: nodes for name, nodes in self.written.items() if name[0] == "path"}
        for reader in self.nodes:
            for read, use in reader.reads.items():
                for name, nodes in written.items() if read[0] == "path" else ():
                    if name != read and overlap(name[1], read[1]):
                        for node in nodes:
                            if not node.really_writes(read):
                                self.add(node, reader, _reason("path", name, node, use))

    def _by_schemas(self) -> None:
        """Let whoever creates a schema come before those that use it, where nothing else says the opposite."""
        for name, creators in self.written.items():
            if name[0] != "schema":
                continue
            for node in self.nodes:
                touched = next((i for i in (*node.writes, *node.reads) if i[0] == "table" and i[-2] == name[1]), None)
                if touched is None or node in creators:
                    continue
                for creator in creators:
                    if not self.reaches(node.key, creator.key, self.reasons):
                        use = node.reads[touched] if touched in node.reads else node.writes[touched][0]
                        self.add(creator, node, _reason("schema", name, creator, use))

    # -- what is shown -------------------------------------------------------------------------------------------------

    def is_written(self, name: Id) -> bool:
        """Return whether any task writes a table, or files that lie where a path leads."""
        return name in self.written or (
            name[0] == "path" and any(other[0] == "path" and overlap(other[1], name[1]) for other in self.written)
        )

    def _inputs(self) -> list[Input]:
        readers: dict[Id, list[str]] = {}
        for node in self.nodes:
            for name in node.reads:
                if not self.is_written(name):
                    readers.setdefault(name, []).append(node.key)
        return [Input(name=shown_id(name), readers=keys) for name, keys in readers.items()]

    def _task(self, node: Node) -> Task:
        return Task(
            key=node.key,
            notebook=node.notebook,
            section=node.section,
            cells=node.cells,
            pipeline=node.facts.pipeline,
            reads=list(dict.fromkeys(shown_id(name) for name in node.reads)),
            writes=list(dict.fromkeys(shown_id(name) for name in node.writes if name[0] != "schema")),
            runs=node.facts.runs,
            type=node.type,
            settings=_settings(node.said),
            said=node.said.place,
        )


def _settings(said: Said) -> dict[str, Any]:
    waits = said.settings.depends_on or []
    if not any(each.outcome for each in waits):
        return said.settings.task
    return {**said.settings.task, "depends_on": [each.model_dump(exclude_none=True) for each in waits]}


def _once(questions: Iterable[Question]) -> list[Question]:
    """Return questions that are the same but for their places as one."""
    found: dict[tuple[str, str, str], Question] = {}
    for question in questions:
        key = (question.code, question.text, question.remedy)
        other = found.get(key)
        places = [*(other.places if other is not None else ()), *question.places]
        found[key] = question.model_copy(update={"places": places if other is None else list(dict.fromkeys(places))})
    return list(found.values())


def _named(text: str) -> Name:
    return path_name(text, "") if "/" in text else table_name(split_name(text)[-3:] or ["?"], Current(), "")


def _first_write(node: Node, name: Id) -> Use:
    return next((use for use in node.writes[name] if use.how != "create"), node.writes[name][0])


def _reason(kind: ReasonKind, name: Id, before: Node, after: Use) -> Reason:
    return Reason(kind=kind, name=shown_id(name), before=_first_write(before, name).place, after=after.place)
