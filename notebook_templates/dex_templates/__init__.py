"""Projects and notebooks to start from."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

TEMPLATES = ("flights",)


def create_project(template: str, target: Path) -> Path:
    """Copy a template to a new folder and return the folder.

    Args:
        template: one of `TEMPLATES`.
        target: folder to make; files that are there already are left alone.

    Raises:
        ValueError: there is no such template.
    """
    if template not in TEMPLATES:
        raise ValueError(f"no template '{template}'; there are: {', '.join(TEMPLATES)}")
    with resources.as_file(resources.files(__name__) / template) as source:
        for path in sorted(source.rglob("*")):
            copy = target / path.relative_to(source)
            if path.is_file() and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    return target
