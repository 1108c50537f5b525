"""The state of a whole frame: one state a column, the number of rows and a few of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
        self._declare(batch.schema)
        self._update_columns(batch.num_rows, [batch.column(i) for i in range(batch.num_columns)])

    def update_all(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Add many batches, put together to a size that suits the kernels."""
        for group in regroup(batches):
            self._declare(group[0].schema)
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
        if self.names != other.names or [s["kind"] for s in self.specs] != [s["kind"] for s in other.specs]:
            raise ValueError("only states of the same columns can be merged")
        self.rows += other.rows
        for mine, its in zip(self.columns, other.columns):
            mine.merge(its)  # type: ignore[arg-type]
        self.sample.merge(other.sample)

    def to_bytes(self) -> bytes:
        """Return the state as bytes, the same bytes for the same state."""
        columns = [state.tree() for state in self.columns]
        return pack(
            {
                "rows": self.rows,
                "names": self.names,
                "specs": self.specs,
                "columns": columns,
                "sample": self.sample.tree(),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> TableState:
        """Return the state that :meth:`to_bytes` wrote.

        Raises:
            ValueError: the bytes are no state, of another version, or cut short.
        """
        tree = unpack(data)
        made = cls()
        made.rows, made.names, made.specs = tree["rows"], tree["names"], tree["specs"]
        made.columns = [state_from_tree(spec, state) for spec, state in zip(made.specs, tree["columns"])]
        made.sample = Sample.from_tree(tree["sample"])
        return made

    def _declare(self, schema: pa.Schema) -> None:
        if not self.names and len(schema):
            self.names = list(schema.names)
            self.specs = [kind_of(field.type) for field in schema]
            self.columns = [new_state(spec) for spec in self.specs]

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
