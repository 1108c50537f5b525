"""`import dex` costs nothing that the next cell does not need."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = set(
    """
    IPython comm databricks duckdb grpc ipykernel jupyter_client jupyter_server jupyterlab
    libcst nbclient nbformat numpy openai pandas pyarrow pydantic pyspark rich sqlglot tornado typer
    """.split()
)


def loaded_by(statement: str) -> tuple[set[str], float]:
    """Return the top-level packages that a statement loads in a new interpreter, and its best time of five."""
    code = (
        "import json, sys, time\nbefore = set(sys.modules)\nstart = time.perf_counter()\n"
        f"{statement}\nseconds = time.perf_counter() - start\n"
        "print(json.dumps([sorted({m.partition('.')[0] for m in set(sys.modules) - before}), seconds]))"
    )
    runs = [
        json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    return set(runs[0][0]), min(seconds for _, seconds in runs)


def test_import_dex_loads_no_heavy_module_and_takes_under_150_ms() -> None:
    packages, seconds = loaded_by("import dex")
    assert not packages & HEAVY
    assert seconds < 0.150


def test_import_dex_dbutils_loads_no_heavy_module_and_takes_under_150_ms() -> None:
    packages, seconds = loaded_by("import dex_dbutils")
    assert not packages & HEAVY
    assert seconds < 0.150
