"""The process that tries mutants: the tests run once as they are, then once for each mutant, on one engine session.

Run as ``python -m dex.export.mutation.process JOB``; it prints ``green`` or ``red``, then a word for each mutant: its
`Outcome`, where the tests came to an end.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from dex.export.modules_from_text import ModuleFromText
from dex.export.mutation.run import MutationJob


class FirstFailure:
    """A pytest plugin that notes what ended a run: a check that did not hold, or any other error."""

    def __init__(self) -> None:
        self.word = "error"

    def pytest_exception_interact(self, call: pytest.CallInfo[Any]) -> None:
        """Note the exception of a test, of its fixtures or of the import of its file."""
        if call.excinfo is not None and isinstance(call.excinfo.value, AssertionError | pytest.fail.Exception):
            self.word = "failed"


def main(job: MutationJob) -> None:
    """Try every mutant and print what became of it."""
    root = Path(job.root)
    name = f"{job.package}.{job.module}"
    path = root / "src" / job.package / f"{job.module}.py"
    sys.path.insert(0, str(root / "src"))
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the tests print, and what they start prints, is no answer
    if _run(root, job.module, name) != "survived":
        print("red", file=told, flush=True)
        return
    print("green", file=told, flush=True)
    for source in job.sources:
        finder = ModuleFromText(name, path, source)
        sys.meta_path.insert(0, finder)
        word = _run(root, job.module, name)
        sys.meta_path.remove(finder)
        print(word, file=told, flush=True)


def _run(root: Path, module: str, name: str) -> str:
    """Run the module's tests with the module imported anew, up to the first that is red; return how they ended."""
    sys.modules.pop(name, None)
    package = sys.modules.get(name.rpartition(".")[0])
    if package is not None and hasattr(package, module):
        delattr(package, module)
    for known in [n for n in sys.modules if n.rpartition(".")[2] in (f"test_{module}", "conftest")]:
        del sys.modules[known]
    importlib.invalidate_caches()
    words = ["-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "-p", "dex.testing.fixtures"]
    failure = FirstFailure()
    code = pytest.main([f"--rootdir={root}", *words, f"tests/test_{module}.py"], plugins=[failure])
    return "survived" if code == pytest.ExitCode.OK else failure.word


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    os.environ.setdefault("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    main(MutationJob.model_validate_json(Path(sys.argv[1]).read_text("utf-8")))
