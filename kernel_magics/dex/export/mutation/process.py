"""The process that tries mutants: the tests run once as they are, then once for each mutant, on one engine session.

Run as ``python -m dex.export.mutation.process JOB``; it prints ``green`` or ``red``, then a word for each mutant.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path

import pytest

from dex.export.modules_from_text import ModuleFromText
from dex.export.mutation.run import MutationJob


def main(job: MutationJob) -> None:
    """Try every mutant and print what became of it."""
    root = Path(job.root)
    name = f"{job.package}.{job.module}"
    path = root / "src" / job.package / f"{job.module}.py"
    sys.path.insert(0, str(root / "src"))
    if _run(root, job.module, name) != pytest.ExitCode.OK:
        print("red", file=sys.__stdout__, flush=True)
        return
    print("green", file=sys.__stdout__, flush=True)
    for source in job.sources:
        finder = ModuleFromText(name, path, source)
        sys.meta_path.insert(0, finder)
        code = _run(root, job.module, name)
        sys.meta_path.remove(finder)
        word = "survived" if code == pytest.ExitCode.OK else "killed"
        print(word, file=sys.__stdout__, flush=True)


def _run(root: Path, module: str, name: str) -> int:
    """Run the module's tests with the module imported anew; return how they ended."""
    sys.modules.pop(name, None)
    package = sys.modules.get(name.rpartition(".")[0])
    if package is not None and hasattr(package, module):
        delattr(package, module)
    for known in [n for n in sys.modules if n.rpartition(".")[2] in (f"test_{module}", "conftest")]:
        del sys.modules[known]
    importlib.invalidate_caches()
    words = ["-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", f"tests/test_{module}.py"]
    with contextlib.redirect_stdout(sys.stderr):
        return int(pytest.main([f"--rootdir={root}", *words]))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    os.environ.setdefault("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    main(MutationJob.model_validate_json(Path(sys.argv[1]).read_text("utf-8")))
