"""Reads the pipeline files of the three platforms as far as their shell lines go, and runs these as a runner would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support import ROOT

FILES = {"github": ".github/workflows/shop.yml", "azure": "azure-pipelines.yml", "gitlab": ".gitlab-ci.yml"}
#: Steps that set a runner up: uv, Python and the vendor's tool are what is on this machine.
SET_UP = {"uv", "The vendor's tool"}
_REFERENCE = re.compile(r"\$\{\{ vars\.(\w+) \}\}|\$\(([\w.]+)\)|\$(\w+)")


@dataclass
class Part:
    """A job of a pipeline.

    Attributes:
        lines: its shell lines in order.
        env: environment variables that the file sets for them.
    """

    lines: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)


def parts(platform: str, root: Path) -> dict[str, Part]:
    """Return the jobs `check`, `deploy-dev` and `deploy-prod` of a platform's file."""
    document = yaml.safe_load((root / FILES[platform]).read_text("utf-8"))
    return {name.replace("_", "-"): part for name, part in _READERS[platform](document)}


def _github(document: dict[str, Any]) -> Iterator[tuple[str, Part]]:
    for name, job in document["jobs"].items():
        lines = [step["run"] for step in job["steps"] if "run" in step and step["name"] not in SET_UP]
        yield name, Part(lines, job.get("env", {}))


def _gitlab(document: dict[str, Any]) -> Iterator[tuple[str, Part]]:
    for name, job in document.items():
        if isinstance(job, dict) and "script" in job:
            yield name, Part(job["script"], job.get("variables", {}))


def _azure(document: dict[str, Any]) -> Iterator[tuple[str, Part]]:
    for stage in document["stages"]:
        (job,) = stage["jobs"]
        steps = job["steps"] if "job" in job else job["strategy"]["runOnce"]["deploy"]["steps"]
        scripts = [step for step in steps if "script" in step and step["displayName"] not in SET_UP]
        variables = job["variables"] if isinstance(job["variables"], dict) else {}
        env = {name: value for step in scripts for name, value in step.get("env", {}).items()}
        yield stage["stage"], Part([step["script"] for step in scripts], {**variables, **env})


_READERS = {"github": _github, "gitlab": _gitlab, "azure": _azure}


class Runner:
    """A machine with uv, Python and git, and none of what is in this checkout's environment.

    Args:
        folder: its own files.
        clone: where the lines run.
        wheels: folder of the two wheels of this checkout, which no index has; other packages come from the index, in the
            versions of ``constraints.txt``.
        values: variables that the platform holds, and what stands for its own sign-in.
    """

    def __init__(self, folder: Path, clone: Path, wheels: Path, values: Mapping[str, str] | None = None) -> None:
        self._clone = clone
        tools = folder / "bin"
        tools.mkdir(parents=True)
        (tools / "uv").symlink_to(shutil.which("uv", path=str(Path(sys.executable).parent)) or "")
        (tools / "python3").symlink_to(Path(sys.executable).resolve())
        usual = [each for each in os.environ["PATH"].split(os.pathsep) if Path(each) != Path(sys.executable).parent]
        cache = subprocess.run(
            [tools / "uv", "cache", "dir"], capture_output=True, text=True, check=True
        ).stdout.strip()
        restored = folder / ".uv-cache"  # as the platform's cache would be
        restored.symlink_to(cache)
        (clone / ".uv-cache").symlink_to(cache)
        self._values = {
            "CI_PROJECT_DIR": str(clone),
            "Pipeline.Workspace": str(folder),
            "System.AccessToken": "",
            **(values or {}),
        }
        foreign = ("VIRTUAL_ENV", "PYTHON", "PYTEST", "DEX_", "DATABRICKS_", "SPARK_", "UV_PYTHON", "UV_CACHE_DIR")
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
            "PATH": os.pathsep.join([str(tools), *usual]),
            "CI": "true",
            "UV_FIND_LINKS": str(wheels),
            "UV_CONSTRAINT": str(ROOT / "constraints.txt"),
            "UV_PYTHON_DOWNLOADS": "never",
        }

    def run(self, line: str, part: Part, given: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a line of a part, and return what became of it.

        Args:
            line: the line.
            part: its job, for the variables.
            given: variables that win over those of the file.
        """
        own = {name: _REFERENCE.sub(self._value, str(value)) for name, value in part.env.items()}
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", line],
            cwd=self._clone,
            env={**self._env, **own, **(given or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def _value(self, found: re.Match[str]) -> str:
        return self._values[next(name for name in found.groups() if name)]
