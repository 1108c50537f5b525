"""``dex export`` beside ``jupyter nbconvert --to script``: 100 notebooks of 30 cells, and how the cost grows with the cells.

``python3 dev.py bench export [--notebooks N] [--runs N] [--single N]``

Two uses, each paired and alternating in the same run: all notebooks in one command, and one notebook a command.
nbconvert copies the cells' text; dex analyses it and writes module, tests, job and source map.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness import Bench, packages

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from notebook_factory import project_folder, text, write_notebook

BIN = Path(sys.executable).parent
ALL, SINGLE = "all in one command, per notebook", "one command a notebook"
#: Most that a cell of 1,000 may cost, in units of a cell of 100.
LINEAR = 2.0


def cells(count: int) -> list[Any]:
    """Return cells as a person writes them: headings, functions, reads, SQL, writes."""
    made: list[Any] = ["from pyspark.sql import functions as F"]
    for step in range(count // 5 + 1):
        made += [
            text(f"## Step {step}\nOrders, cleaned."),
            f"""\
def clean_{step}(df, least=0.0):
    kept = df.where(F.col('amount') > least)
    return kept.dropDuplicates(['id']).withColumn('step', F.lit({step}))""",
            f"raw_{step} = spark.table('bronze.orders_{step}')  # as it came",
            f"%sql\nselect count(*) as n from bronze.orders_{step}",
            f"""\
done_{step} = clean_{step}(raw_{step})
done_{step}.write.mode('overwrite').saveAsTable('silver.orders_{step}')""",
        ]
    return made[:count]


def seconds(call: Callable[..., object], *words: object) -> float:
    """Return the wall time of a call."""
    started = time.perf_counter()
    call(*words)
    return time.perf_counter() - started


def command(*words: object) -> None:
    """Run a command of the environment; fail if it does."""
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--notebooks", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--single", type=int, default=5, help="notebooks that get a command of their own")
    arguments = parser.parse_args(argv)
    bench = Bench("export", versions=packages(["dexkit", "nbconvert", "nbformat", "ruff"]))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for run in range(arguments.runs):  # a project of its own each: nothing is there yet
            project = project_folder(root / f"shop{run}")
            count = arguments.notebooks
            paths = [write_notebook(project / f"notebooks/n{n}.ipynb", *cells(30)) for n in range(count)]
            bench.add(f"dex, {ALL}", seconds(command, BIN / "dex", "export", *paths) / count)
            script = [BIN / "jupyter-nbconvert", "--to", "script", "--output-dir", root / f"scripts{run}"]
            bench.add(f"nbconvert, {ALL}", seconds(command, *script, *paths) / count)
        for path in paths[: arguments.single]:
            bench.add(f"dex, {SINGLE}", seconds(command, BIN / "dex", "export", path))
            bench.add(f"nbconvert, {SINGLE}", seconds(command, *script, path))
        from dex.export import export_notebook
        from dex_dbutils.config import find_project

        found = find_project(project)
        for run in range(arguments.runs):
            for size in (10, 100, 1_000):
                path = write_notebook(project / f"notebooks/cells{size}_{run}.ipynb", *cells(size))
                took = seconds(export_notebook, path, found)
                bench.add(f"dex, a cell of {size:,}", took / size)
    ratios = {use: bench.ratio(f"dex, {use}", f"nbconvert, {use}") for use in (ALL, SINGLE)}
    growth = bench.ratio("dex, a cell of 1,000", "dex, a cell of 100")
    targets = {f"{use}: times nbconvert": (ratio, 1.0) for use, ratio in ratios.items()}
    return bench.finish(targets={**targets, "a cell of 1,000: times a cell of 100": (growth, LINEAR)})


if __name__ == "__main__":
    sys.exit(main())
