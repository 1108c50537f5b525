"""Wheels and files that environments and tasks install: those of the bundle have to be there, or to be built."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import PurePosixPath

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.tree import At


def check_libraries(bundle: Bundle) -> Iterator[Finding]:
    """Yield the wheels of environments and tasks that neither exist nor are built by an artifact."""
    for _, job in bundle.resources("jobs"):
        for environment in job.items("environments"):
            spec = environment.get("spec")
            for dependency in spec.items("dependencies") if spec else ():
                yield from _wheel(bundle, dependency)
        for task in job.items("tasks"):
            for library in task.items("libraries"):
                wheel = library.get("whl")
                if wheel is not None:
                    yield from _wheel(bundle, wheel)


def _wheel(bundle: Bundle, at: At) -> Iterator[Finding]:
    text = at.value
    if not isinstance(text, str) or not text.endswith(".whl") or text.startswith("/") or "${" in text or "://" in text:
        return
    built = bundle.tree.get("artifacts") is not None
    if built and PurePosixPath(text).parent.name == "dist":
        return  # the artifact's build puts it there
    if not glob.glob(str(PurePosixPath(at.file).parent / text), root_dir=bundle.root):
        said = f"No wheel matches '{text}', and no artifact builds one. Add `artifacts` to databricks.yml."
        yield at.finding("DEX-BUNDLE-18", said)
