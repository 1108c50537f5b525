"""The functions that run in an engine's workers. Their Python need not have dex: the sources of ``states`` travel along."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Worker = Callable[[Iterator["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]

#: What the workers yield: the part of the table state (0: the whole, i: column i), a digest of the bytes to sort by,
#: and the bytes.
SCHEMA = "part int, digest string, state binary"

#: Modules of ``states`` in the order in which they can be loaded.
_MODULES = (
    *("runs", "wire", "hashing", "sizes", "sums", "distinct", "histogram", "counts", "frequent", "value_sample"),
    *("null_words", "numbers", "others", "texts", "wide", "column", "sample", "table"),
)


@lru_cache(maxsize=1)
def _sources() -> dict[str, str]:
    folder = Path(__file__).parent / "states"
    return {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in _MODULES}


def workers(sample_rows: int) -> tuple[Worker, Worker]:
    """Return the function that fills states from a partition's batches, and the one that merges equal parts.

    Both are closures over plain values: an engine's pickler takes them by value, with the sources in them.

    Args:
        sample_rows: rows that the sample keeps.
    """
    sources = _sources()
    digest = hashlib.sha256(repr(sorted(sources.items())).encode("utf-8")).hexdigest()[:16]
    package = f"_dex_profile_states_{digest}"

    def load() -> Any:
        """Return the table's module, made from its sources once a process."""
        import sys
        from types import ModuleType

        if f"{package}.table" not in sys.modules:
            parent = ModuleType(package)
            parent.__path__ = []
            sys.modules[package] = parent
            for name, source in sources.items():
                module = ModuleType(f"{package}.{name}")
                module.__package__ = package
                # ready before it is listed: another thread of this process may look for it
                exec(compile(source, f"<{package}.{name}>", "exec"), module.__dict__)  # noqa: S102  our own files
                sys.modules[f"{package}.{name}"] = module
        return sys.modules[f"{package}.table"]

    def rows(parts: Any) -> pa.RecordBatch:
        """Return parts of a state as a batch."""
        from hashlib import sha256

        import pyarrow as arrow

        found = list(parts)
        columns = [
            arrow.array([part for part, _ in found], arrow.int32()),
            arrow.array([sha256(state).hexdigest() for _, state in found], arrow.string()),
            arrow.array([state for _, state in found], arrow.binary()),
        ]
        return arrow.RecordBatch.from_arrays(columns, names=["part", "digest", "state"])

    def fill(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the parts of one state for all batches of a partition, one by one."""
        state = load().TableState(sample_rows)
        state.update_all(batches)
        for part in state.parts():
            yield rows([part])

    def merge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield each part of a partition once, merged in the order of the digests, whatever order they came in."""
        found: list[Any] = []
        for batch in batches:
            found += zip(*(batch.column(i).to_pylist() for i in range(3)))
        # Sorted here: an engine may drop a sort below a function that does not ask for one (Sail does).
        found.sort(key=lambda row: row[:2])
        for part in load().merge_parts((part, state) for part, _, state in found):
            yield rows([part])

    return fill, merge
