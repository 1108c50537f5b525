"""Where the tasks of a deployed job work: files of the workspace, packages of their environments."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from dex_dbutils import JobError
from packaging.utils import canonicalize_name

from dex.jobs import Task, Workshop
from dex.pipelines import Pipeline, pipeline_of
from dex.workspace.runner import find_file

#: Seconds that the packages of an environment may take to install.
_INSTALL_SECONDS = 600.0
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_PATH = re.compile(r"(?:^|(?<=[\s=]))(?:/Workspace|/Volumes|/Users|/Shared|dbfs:)/\S+")


@dataclass(frozen=True)
class WorkspaceShop(Workshop):
    """Where the tasks of one run in a workspace work.

    Attributes:
        files: folder with the workspace's files.
        is_own: the project is the one that was deployed, not one that stands in for it.
        settings: of the job.
        given: variables of every task.
        environments: makes the environments.
    """

    files: Path = Path()
    is_own: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    #: A workspace lets those do what they want who may run the job.
    guarded: ClassVar[bool] = False
    environments: Environments = field(default_factory=lambda: Environments(Path()))

    @property
    def sys_path(self) -> list[str]:
        """Nothing: code of tasks is installed, or lies beside them."""
        return []

    def python(self, task: Task) -> str:
        """Return an interpreter that has what the environment or the libraries of a task name."""
        wanted = list(self._requirements(task))
        return str(self.environments.python(wanted)) if wanted else sys.executable

    def find(self, name: str, endings: tuple[str, ...] = ()) -> Path | None:
        """Return the file that a task names."""
        return find_file(self.files, name)

    def place(self, name: str) -> Path:
        """Return where a path of the workspace lies on disk, whether there is something or not."""
        below = name if name.startswith(("/Workspace", "/Volumes")) else f"/Workspace{name}"
        return self.files / below.lstrip("/")

    def pipeline(self, name: str) -> Pipeline | None:
        """Return the pipeline of the workspace that a task names; None where there is none."""
        settings = self.pipelines.get(name)
        return None if settings is None else pipeline_of(name, settings, self.place("/"), self.find, self.place)

    def scripts(self, task: Task, package: str) -> dict[str, str] | None:
        """Return the entry points of a wheel in the environment of the task."""
        folder = self.environments.packages(Path(self.python(task)))
        for found in importlib.metadata.distributions(path=[str(folder)]):
            if canonicalize_name(found.metadata["Name"] or "") == canonicalize_name(package):
                return {point.name: point.value for point in found.entry_points}
        return None

    def variables(self, run: int, task: str) -> dict[str, str]:
        """Return the variables that a task's process gets beside this one's."""
        found = {**super().variables(run, task), **self.given}
        kinds = [each for each in self.settings["tasks"] if each["task_key"] == task.partition("[")[0]]
        if not self.is_own and not any("notebook_task" in str(each) for each in kinds):
            del found["DEX_PROJECT"]  # a wheel may bring a configuration of its own
        return found

    def _requirements(self, task: Task) -> Iterator[str]:
        """Return what pip would be told to install; paths as they are on disk.

        Raises:
            JobError: DEX-JOB-06, a file that is to be installed is not there.
        """
        for environment in self.settings.get("environments") or ():
            if task.environment_key is not None and environment["environment_key"] == task.environment_key:
                for line in (environment.get("spec") or {}).get("dependencies") or ():
                    yield self._on_disk(str(line), task)
        if task.pipeline_task is not None:
            settings = self.pipelines.get(task.pipeline_task.pipeline_id) or {}
            for line in (settings.get("environment") or {}).get("dependencies") or ():
                yield self._on_disk(str(line), task)
        for library in task.libraries:
            if "whl" in library:
                yield self._on_disk(str(library["whl"]), task)
            elif "pypi" in library:
                yield str(library["pypi"]["package"])
            elif "requirements" in library:
                yield f"-r {self._on_disk(str(library['requirements']), task)}"

    def _on_disk(self, line: str, task: Task) -> str:
        def place(found: re.Match[str]) -> str:
            path = find_file(self.files, found.group()) or self._folder(found.group())
            if path is None:
                raise JobError(
                    "DEX-JOB-06",
                    f"Library installation failed: task '{task.task_key}' names {found.group()}, which is not there.",
                    remedy="Deploy again, or correct the path.",
                )
            return str(path)

        return _PATH.sub(place, line)

    def _folder(self, path: str) -> Path | None:
        place = self.place(path)
        return place if ".." not in path and place.is_dir() else None


class Environments:
    """Environments of tasks, each made once for what is in it; this Python's packages stand behind every one.

    As on the platform, where a runtime brings packages of its own, a requirement that this Python has already is not
    installed again unless a job names it.

    Args:
        folder: where they are made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def python(self, requirements: list[str]) -> Path:
        """Return the interpreter of an environment that has the requirements.

        Raises:
            JobError: DEX-JOB-11, they cannot be installed.
        """
        key = _digest(requirements)
        folder = self._folder / key
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if not (folder / ".complete").exists():
                self._make(folder, requirements)
        return folder / "bin/python"

    def packages(self, python: Path) -> Path:
        """Return the folder of an environment's packages."""
        if python == Path(sys.executable):
            return Path(sysconfig.get_path("purelib"))
        return next(iter(sorted(python.parents[1].glob("lib/python*/site-packages"))), python.parents[1])

    def _make(self, folder: Path, requirements: list[str]) -> None:
        uv = _uv()
        shutil.rmtree(folder, ignore_errors=True)  # half made
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run([uv, "venv", "-q", "--python", sys.executable, str(folder)])
        overrides = folder / "runtime.txt"
        overrides.write_text(_runtime_brings(requirements), "utf-8")
        wanted = folder / "requirements.txt"
        wanted.write_text("\n".join(requirements) + "\n", "utf-8")
        install = [uv, "pip", "install", "-q", "--python", str(folder / "bin/python")]
        _run([*install, "--override", str(overrides), "-r", str(wanted)])
        behind = self.packages(folder / "bin/python") / "zz_runtime.pth"
        behind.write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n", "utf-8")
        (folder / ".complete").touch()


def _digest(requirements: list[str]) -> str:
    """Return a name for an environment: of what it holds, so that a wheel with new content makes a new one."""
    digest = hashlib.sha256()
    for line in requirements:
        digest.update(line.encode())
        path = Path(line.removeprefix("-r ").strip())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:24]


def _runtime_brings(requirements: list[str]) -> str:
    """Return overrides for uv: a requirement of a package that this Python has holds nowhere."""
    named = {
        canonicalize_name(Path(line).name.split("-")[0] if line.endswith(".whl") else _first(line))
        for line in requirements
    }
    brought = {canonicalize_name(found.metadata["Name"] or "") for found in importlib.metadata.distributions()} - named
    return "".join(f"{name}; sys_platform == 'never'\n" for name in sorted(brought))


def _first(line: str) -> str:
    found = _NAME.match(line)
    return found.group() if found else ""


def _uv() -> str:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        raise JobError(
            "DEX-JOB-11",
            "The packages of a task are installed with uv, which is not in this Python.",
            remedy="pip install 'dexkit[local]'",
        ) from error


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        said = f"it took longer than {_INSTALL_SECONDS:.0f} s"
    else:
        if not done.returncode:
            return
        said = " ".join(done.stderr.split())[-2000:]
    raise JobError(
        "DEX-JOB-11",
        f"Library installation failed: {said}",
        remedy="Look at the names and versions under `dependencies` and `libraries`.",
    )
