"""The tables of one pipeline, from all of its notebooks: what is made in parts, what contradicts, what goes in a circle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from dex.export.declarative.models import Expectation, Options, Refused, Spot
from dex.export.declarative.reading import Declaration, Read
from dex.export.declarative.writers import WHOLE

Id = tuple[str, ...]
Kind = Literal["view", "materialized view", "streaming table"]


@dataclass
class Dataset:
    """A table or temporary view of the pipeline.

    Attributes:
        kind: what it is.
        shown: its name, for people.
        function: name of the function that defines it.
        parts: the writes that it is made of, each with its notebook, in order.
        options: what it is declared with.
        expectations: checks of its rows.
    """

    kind: Kind
    shown: str
    function: str
    parts: list[tuple[Read, Declaration]] = field(default_factory=list)
    options: Options = field(default_factory=Options)
    expectations: list[Expectation] = field(default_factory=list)

    @property
    def first(self) -> Declaration:
        """The write that it begins with."""
        return self.parts[0][1]

    def part_name(self, number: int) -> str:
        """Return the name of the view or flow that one of several parts is."""
        read, _ = self.parts[number]
        stem = _word(read.stepped.shown.rpartition("/")[2].rpartition(".")[0])
        same = [n for n, (other, _) in enumerate(self.parts) if other is read]
        return f"{self.function}_from_{stem}{'' if len(same) == 1 else f'_{same.index(number) + 1}'}"


def assembled(reads: Sequence[Read], refused: list[Refused]) -> list[Dataset]:
    """Return the tables and views of a pipeline.

    Args:
        reads: its notebooks.
        refused: where refusals go.
    """
    tables: dict[Id, Dataset] = {}
    views: dict[str, Dataset] = {}
    taken: set[str] = {name for read in reads for step in read.stepped.steps for name in step.flow.binds}
    seen: set[Spot] = set()
    for read in reads:
        for made in read.declarations:
            if made.table is None:
                _add_view(views, read, made, taken, refused)
                continue
            dataset = tables.get(made.table.id)
            if made.spot in seen and dataset is not None and all(other is not read for other, _ in dataset.parts):
                continue  # of a notebook that several run: made once
            seen.add(made.spot)
            if dataset is None:
                shown = ".".join(part for part in (made.table.schema or "", made.table.table) if part)
                dataset = tables[made.table.id] = Dataset("materialized view", shown, _function(shown, taken))
            dataset.parts.append((read, made))
    for dataset in tables.values():
        _settle(dataset, refused)
    _refuse_strange_views(reads, views, refused)
    _refuse_streams_of_views(tables, refused)
    _refuse_cycles(tables, views, refused)
    needed = _needed_views(tables, views)
    for name, view in views.items():
        if name not in needed:
            read, made = view.parts[0]
            read.left_out.append((made.spot, f"the temporary view `{name}`: no table needs it"))
    return [*tables.values(), *(view for name, view in views.items() if name in needed)]


def _add_view(
    views: dict[str, Dataset], read: Read, made: Declaration, taken: set[str], refused: list[Refused]
) -> None:
    other = views.get(made.view)
    if other is None:
        views[made.view] = Dataset("view", made.view, _function(made.view, taken), [(read, made)], made.write.options)
    elif other.first.spot != made.spot or other.parts[0][0] is read:
        refused.append(
            Refused(
                made.spot,
                f"The temporary view `{made.view}` is made at {other.first.spot} too; a pipeline has each name once.",
                "Give one of them another name.",
            )
        )


def _settle(dataset: Dataset, refused: list[Refused]) -> None:
    """Decide what a table is, put its parts in order, and refuse parts that do not make one table."""
    hows = {made.write.how for _, made in dataset.parts}
    over = [part for part in dataset.parts if part[1].write.how == "overwrite"]
    options = Options()
    for _, made in [*over, *(part for part in dataset.parts if part not in over)]:
        options = options.under(made.write.options)
    dataset.options = options
    for read, made in dataset.parts:
        _take_expectations(dataset, read, made, "stream" in hows)
    if "stream" in hows:
        dataset.kind = "streaming table"
        if hows != {"stream"}:
            made = next(made for _, made in dataset.parts if made.write.how != "stream")
            refused.append(
                Refused(
                    made.spot,
                    f"{dataset.shown} is a stream at {_other(dataset, made)} and written whole here.",
                    "Let every write of it be a stream, or none.",
                )
            )
    elif not over:
        refused.extend(
            Refused(
                made.spot,
                f"Every run adds the same query's rows to {dataset.shown}, which no table declares: nothing begins it anew.",
                WHOLE,
            )
            for _, made in dataset.parts
        )
    elif len(over) > 1:
        refused.append(
            Refused(
                over[1][1].spot,
                f"{dataset.shown} is begun anew at {over[0][1].spot} too: only the last write would stay.",
                "Keep one of the writes, or let the second one append.",
            )
        )
    else:
        early = [m for r, m in dataset.parts if r is over[0][0] and m.write.how == "append" and m.at < over[0][1].at]
        refused.extend(
            Refused(made.spot, f"What is added to {dataset.shown} here is overwritten below.", "Take it out.")
            for made in early
        )
        dataset.parts.sort(key=lambda part: part[1].write.how != "overwrite")


def _take_expectations(dataset: Dataset, read: Read, made: Declaration, stream: bool) -> None:
    """Let the table have the checks of its rows; a part of several keeps those of its own, where it is a view."""
    if len(dataset.parts) == 1:
        dataset.expectations = _named_apart(made.expectations)
        return
    made.expectations, others = (
        [each for each in made.expectations if not each.whole and not stream],
        [each for each in made.expectations if each.whole or stream],
    )
    made.expectations = _named_apart(made.expectations)
    read.unchecked += [(e.spot, f"`{e.name}`: {dataset.shown} gets rows from elsewhere too") for e in others]


def _named_apart(expectations: list[Expectation]) -> list[Expectation]:
    """Return expectations without those that are there twice; two of one name are told apart by their condition."""
    found: dict[str, Expectation] = {}
    for each in expectations:
        other = found.get(each.name)
        if other is not None and other.condition != each.condition:
            each = replace(each, name=f"{each.name}: {each.condition}")
        found.setdefault(each.name, each)
    return list(found.values())


def _other(dataset: Dataset, made: Declaration) -> Spot:
    return next(other.spot for _, other in dataset.parts if other.write.how == "stream" and other is not made)


def _refuse_strange_views(reads: Sequence[Read], views: dict[str, Dataset], refused: list[Refused]) -> None:
    """Refuse reads of a temporary view that only another notebook makes: it is another session's."""
    for read in reads:
        own = {made.view: made for made in read.declarations if made.view}
        for made in read.declarations:
            for name, spot in made.takes.items():
                if name in views and name not in own:
                    refused.append(
                        Refused(
                            spot,
                            f"`{name}` is a temporary view of {views[name].first.spot.notebook}, of another session.",
                            "Write it as a table there, and read that.",
                        )
                    )
                elif name in own and own[name].at >= made.at and made.view != name:
                    refused.append(
                        Refused(spot, f"The temporary view `{name}` is only made below.", "Make it above its reads.")
                    )


def _refuse_streams_of_views(tables: dict[Id, Dataset], refused: list[Refused]) -> None:
    for dataset in tables.values():
        for read, made in dataset.parts if dataset.kind == "streaming table" else ():
            steps = [read.stepped.steps[at] for at in [*made.steps, made.at]]
            for step in [step for step in steps if "readStream" in step.text]:
                for table in step.touched.tables:
                    source = tables.get(table.id)
                    if table.how == "read" and source is not None and source.kind == "materialized view":
                        refused.append(
                            Refused(
                                step.spot,
                                f"{source.shown} is read as a stream, but {source.first.spot} makes it anew at each run.",
                                "Write it as a stream too, or read it with spark.read.table.",
                            )
                        )


def _refuse_cycles(tables: dict[Id, Dataset], views: dict[str, Dataset], refused: list[Refused]) -> None:
    """Refuse tables that wait for each other; what a temporary view reads counts for those that read the view."""
    state: dict[Id, int] = {}
    path: list[tuple[Id, Spot]] = []

    def visit(name: Id) -> None:
        state[name] = 1
        for other, spot in _reads(tables[name], views, set()).items():
            if other == name or other not in tables:
                continue
            path.append((name, spot))
            if state.get(other) == 1:
                begin = next(i for i, (each, _) in enumerate(path) if each == other)
                shown = [*(tables[each].shown for each, _ in path[begin:]), tables[other].shown]
                refused.append(
                    Refused(
                        spot,
                        f"The tables wait for each other: {' needs '.join(shown)}.",
                        "Break the circle: make one of them of its sources alone.",
                    )
                )
            elif other not in state:
                visit(other)
            path.pop()
        state[name] = 2

    for name in tables:
        if name not in state:
            visit(name)


def _reads(dataset: Dataset, views: dict[str, Dataset], seen: set[str]) -> dict[Id, Spot]:
    found: dict[Id, Spot] = {}
    for _, made in dataset.parts:
        found |= made.reads
        for name in made.takes:
            if name in views and name not in seen:
                seen.add(name)
                found |= _reads(views[name], views, seen)
    return found


def _needed_views(tables: dict[Id, Dataset], views: dict[str, Dataset]) -> set[str]:
    found: set[str] = set()
    todo = list(tables.values())
    while todo:
        for _, made in todo.pop().parts:
            new = {name for name in made.takes if name in views} - found
            found |= new
            todo += [views[name] for name in new]
    return found


def _function(shown: str, taken: set[str]) -> str:
    name = _word(shown)
    while name in taken:
        name += "_table"
    taken.add(name)
    return name


def _word(text: str) -> str:
    word = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower() or "table"
    return f"t{word}" if word[0].isdigit() else word
