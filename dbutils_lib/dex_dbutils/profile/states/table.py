"""The state of a whole frame: one state a column, the number of rows and a few of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import pyarrow as pa

from .column import State, kind_of, new_state, state_from_tree, update_state
from .sample import Sample
from .wire import pack, unpack

#: Rows that go through the kernels at once: their 512 KiB a column stay in a core's cache.
CHUNK_ROWS = 65_536
CHUNK_BYTES = 64 << 20


class TableState:
    """What one scan of some rows has seen; states of parts of a frame merge into the state of the whole.

    Args:
        sample_rows: rows that the sample keeps.
    """

    def __init__(self, sample_rows: int = 5) -> None:
        self.rows = 0
        self.names: list[str] = []
        self.specs: list[dict[str, Any]] = []
        self.columns: list[State] = []
        self.sample = Sample(sample_rows)

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the rows of an Arrow batch; the first one says which columns there are."""
        self.declare(batch.schema)
        self._update_columns(batch.num_rows, [batch.column(i) for i in range(batch.num_columns)])

    def update_all(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Add many batches, put together to a size that suits the kernels."""
        for group in regroup(batches):
            self.declare(group[0].schema)
            if len(group) == 1:
                self.update(group[0])
                continue
            columns = [pa.concat_arrays([batch.column(i) for batch in group]) for i in range(group[0].num_columns)]
            self._update_columns(sum(batch.num_rows for batch in group), columns)

    def merge(self, other: TableState) -> None:
        """Add what another state of the same columns has seen.

        Raises:
            ValueError: the columns are not the same.
        """
        if not other.names:
            self.rows += other.rows
            return
        if not self.names:
            self.names, self.specs = other.names, other.specs
            self.columns = [new_state(spec) for spec in other.specs]
        if self.names != other.names:
            raise ValueError("only states of the same columns can be merged")
        for mine, its in zip(self.specs, other.specs):
            _same_kind(mine, its)
        self.rows += other.rows
        for state, its_state in zip(self.columns, other.columns):
            state.merge(its_state)  # type: ignore[arg-type]
        self.sample.merge(other.sample)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """Yield the state as numbered pieces: 0 the rows and the sample, i the state of column i (from 1).

        The same state gives the same bytes. Pieces of the same number merge without the others, so that an engine can
        merge the columns apart.
        """
        yield 0, pack({"rows": self.rows, "names": self.names, "specs": self.specs, "sample": self.sample.tree()})
        for number, (spec, state) in enumerate(zip(self.specs, self.columns), 1):
            yield number, pack({"spec": spec, "state": state.tree()})

    @classmethod
    def from_parts(cls, parts: Iterable[tuple[int, bytes]]) -> TableState:
        """Return the state whose merged parts these are, in any order.

        Raises:
            ValueError: the bytes are no state, of another version, or cut short; a part is missing.
        """
        made = cls()
        trees = {number: unpack(data) for number, data in parts}
        if 0 in trees:
            head = trees.pop(0)
            made.rows, made.names, made.specs = head["rows"], head["names"], head["specs"]
            made.sample = Sample.from_tree(head["sample"])
        if sorted(trees) != list(range(1, len(made.specs) + 1)):
            raise ValueError("a part of the profile state is missing")
        made.columns = [state_from_tree(tree["spec"], tree["state"]) for _, tree in sorted(trees.items())]
        return made

    def declare(self, schema: pa.Schema) -> None:
        """Say which columns there are, before the first batch."""
        if not self.names:
            self.declare_specs(list(schema.names), [kind_of(field.type) for field in schema])

    def declare_specs(self, names: list[str], specs: list[dict[str, Any]]) -> None:
        """Say which columns of which kinds there are; see ``kind_of``."""
        self.names, self.specs = names, specs
        self.columns = [new_state(spec) for spec in specs]

    def _update_columns(self, rows: int, columns: list[pa.Array]) -> None:
        self.rows += rows
        for state, spec, values in zip(self.columns, self.specs, columns):
            update_state(state, spec, values)
        self.sample.update(columns)


def regroup(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Yield groups of batches of about ``CHUNK_ROWS`` rows together; batches larger than that are cut."""
    group: list[pa.RecordBatch] = []
    rows = size = 0
    for whole in batches:
        for start in range(0, max(whole.num_rows, 1), CHUNK_ROWS):
            batch = whole.slice(start, CHUNK_ROWS) if whole.num_rows > CHUNK_ROWS else whole
            if group and (rows + batch.num_rows > CHUNK_ROWS or size > CHUNK_BYTES):
                yield group
                group, rows, size = [], 0, 0
            group.append(batch)
            rows += batch.num_rows
            size += batch.nbytes
    if group:
        yield group


def merge_parts(parts: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Yield every part once: those that come with the same number one behind the other are merged in that order."""
    for number, group in groupby(parts, key=lambda pair: pair[0]):
        first, *rest = (unpack(data) for _, data in group)
        merged = first
        if number == 0:
            merged = _merge_heads([first, *rest])
        elif rest:
            state = state_from_tree(first["spec"], first["state"])
            for tree in rest:
                _same_kind(first["spec"], tree["spec"])
                state.merge(state_from_tree(tree["spec"], tree["state"]))  # type: ignore[arg-type]
            merged = {"spec": first["spec"], "state": state.tree()}
        yield number, pack(merged)


def _merge_heads(heads: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what all partitions have in common; one without a batch knows no columns."""
    known = next((head for head in heads if head["names"]), heads[0])
    sample = Sample.from_tree(known["sample"])
    for head in heads:
        if head["names"] not in ([], known["names"]):
            raise ValueError("only states of the same columns can be merged")
        sample.merge(Sample.from_tree(head["sample"]))
    rows = sum(head["rows"] for head in heads)
    return {"rows": rows, "names": known["names"], "specs": known["specs"], "sample": sample.tree()}


def _same_kind(mine: dict[str, Any], its: dict[str, Any]) -> None:
    if mine["kind"] != its["kind"] or mine.get("scale") != its.get("scale"):
        raise ValueError("only states of the same columns can be merged")
