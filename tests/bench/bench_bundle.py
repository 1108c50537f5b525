"""`dex bundle validate` of 100 jobs, beside plain PyYAML, which only reads the same files.

``python3 dev.py bench bundle [--jobs N] [--runs N]``

A job has five tasks, a notebook of its own and a wheel; there are two targets, so everything is checked twice. Both are
measured in seconds of the processor, in turns, in the same process.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from dex.bundle import validate_bundle
from harness import Bench, packages

ROOT = """\
bundle: {name: bench}
include: [resources/*.yml]
artifacts: {wheel: {type: whl, path: ., build: uv build --wheel}}
variables: {catalog: {default: dev}}
targets:
  dev: {mode: development, default: true}
  prod:
    mode: production
    variables: {catalog: prod}
    workspace: {root_path: /Workspace/deployed/bench}
"""
PYPROJECT = """\
[project]
name = "bench"
version = "1"
requires-python = ">=3.11"
[project.scripts]
step = "bench:step"
"""
JOB = """\
resources:
  jobs:
    {name}:
      name: {name}
      parameters:
        - name: year
          default: "2013"
      schedule:
        quartz_cron_expression: 0 0 6 * * ?
        timezone_id: Europe/Berlin
      email_notifications:
        on_failure: [team@example.com]
      environments:
        - environment_key: default
          spec:
            environment_version: "4"
            dependencies: [../dist/*.whl]
      tasks:
        - task_key: step0
          notebook_task:
            notebook_path: ../notebooks/{name}.py
"""
TASK = """\
        - task_key: step{number}
          depends_on:
            - task_key: step{before}
          environment_key: default
          max_retries: 2
          python_wheel_task:
            package_name: bench
            entry_point: step
            named_parameters:
              rows: "{{{{tasks.step0.values.rows}}}}"
              year: "{{{{job.parameters.year}}}}"
              catalog: ${{var.catalog}}
"""
NOTEBOOK = '# Databricks notebook source\ndbutils.jobs.taskValues.set("rows", 1)\n'
#: Most seconds, and most in units of plain PyYAML.
SECONDS, UNITS = 1.0, 2.0


def write(folder: Path, jobs: int) -> None:
    """Write a bundle of jobs with five tasks each."""
    for name in ("resources", "notebooks"):
        (folder / name).mkdir()
    (folder / "databricks.yml").write_text(ROOT)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    for name in (f"job{n}" for n in range(jobs)):
        (folder / f"notebooks/{name}.py").write_text(NOTEBOOK)
        tasks = "".join(TASK.format(number=n, before=n - 1) for n in range(1, 5))
        (folder / f"resources/{name}.job.yml").write_text(JOB.format(name=name) + tasks)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of the processor that some work takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args(argv)
    bench = Bench("bundle", versions=packages(["dexkit", "PyYAML"]))
    checked, read = f"dex bundle validate, {arguments.jobs} jobs", "PyYAML reads the same files"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, arguments.jobs)
        files = sorted(folder.rglob("*.yml"))
        assert validate_bundle(folder) == []
        for _ in range(arguments.runs):
            bench.add(checked, timed(lambda: validate_bundle(folder)))
            bench.add(read, timed(lambda: [yaml.load(path.read_text(), yaml.SafeLoader) for path in files]))
    return bench.finish(
        beside=[read],
        targets={
            "seconds": (bench.median(checked), SECONDS),
            "time, in units of PyYAML": (bench.ratio(checked, read), UNITS),
        },
    )


if __name__ == "__main__":
    sys.exit(main())
