"""The functions that travel to an engine's workers run where dex is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
from dex_dbutils import profile
from dex_dbutils.profile.build import build_profile
from dex_dbutils.profile.states import TableState
from dex_dbutils.profile.worker import workers
from pyspark import cloudpickle

WITHOUT_DEX = """
import pickle, sys
class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("dex_dbutils", "dex", "pydantic"):
            raise ImportError(f"no {name} in a worker")
sys.meta_path.insert(0, Nowhere())
fill, merge = pickle.loads(open(sys.argv[1], "rb").read())
import pyarrow as pa
reader = pa.ipc.open_stream(sys.argv[2])
batches = list(reader)
half = len(batches) // 2
rows = [row for part in (batches[:half], batches[half:], []) for row in fill(iter(part))]
out = list(merge(iter(rows[::-1])))
with pa.ipc.new_stream(sys.argv[3], out[0].schema) as sink:
    for batch in out:
        sink.write_batch(batch)
"""


def test_states_are_filled_and_merged_in_a_python_without_dex(tmp_path: Path) -> None:
    table = pa.table({"n": list(range(50_000)), "w": ["NA", "517"] * 25_000, "x": [0.5, None] * 25_000})
    (tmp_path / "functions").write_bytes(cloudpickle.dumps(workers(5)))
    with pa.ipc.new_stream(str(tmp_path / "in"), table.schema) as sink:
        sink.write_table(table, max_chunksize=7_000)
    script = tmp_path / "worker.py"
    script.write_text(WITHOUT_DEX)
    done = subprocess.run(
        [sys.executable, "-I", script, *(tmp_path / name for name in ("functions", "in", "out"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    parts = pa.ipc.open_stream(str(tmp_path / "out")).read_all().to_pylist()
    assert [row["part"] for row in parts] == [0, 1, 2, 3]
    state = TableState.from_parts((row["part"], row["state"]) for row in parts)
    expected = profile(table, name="t")
    assert build_profile(state, ["bigint", "string", "double"], name="t", scans=1, engine="arrow") == expected


def test_a_state_stays_small_however_many_rows_there_are() -> None:
    columns = 10
    state = TableState()
    sizes = []
    for start in range(0, 600_000, 60_000):
        batch = pa.RecordBatch.from_pydict(
            {
                f"c{i}": [f"{i}-{k}" for k in range(start, start + 60_000)] if i % 2 else range(start, start + 60_000)
                for i in range(columns)
            }
        )
        state.update(batch)
        sizes.append(sum(len(data) for _, data in state.parts()))
    assert max(sizes) < columns * 450_000
    assert sizes[-1] < 1.2 * sizes[2]
