"""Notebooks and projects for tests, written in a few lines."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from dex.export import export_notebook
from dex_dbutils.config import find_project

BASE = """\
project: {name: shop, package: shop_etl}
environments: {default: local}
schemas: {bronze: bronze, silver: silver, gold: gold}
"""


def project_folder(folder: Path) -> Path:
    """Return a new project with a folder for notebooks."""
    (folder / "config").mkdir(parents=True)
    (folder / "config/base.yaml").write_text(BASE)
    (folder / "notebooks").mkdir()
    return folder


def contents(project: Path) -> dict[str, bytes]:
    """Every file, hidden ones too, but the ledger of runs."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and "runs" not in path.parts
    }


def code(source: str, *, id: str | None = None, tags: Sequence[str] = (), error: bool = False) -> dict[str, Any]:
    """Return a code cell as its JSON."""
    outputs = [{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}] if error else []
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": outputs,
        "source": source.splitlines(keepends=True),
    }
    return {**cell, "id": id} if id else cell


def text(source: str, *, id: str | None = None) -> dict[str, Any]:
    """Return a Markdown cell as its JSON."""
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}
    return {**cell, "id": id} if id else cell


def write_notebook(path: Path, *cells: dict[str, Any] | str, minor: int = 5) -> Path:
    """Write an .ipynb; a text is a code cell with the id ``c<number>``."""
    made = [code(c, id=f"c{n}") if isinstance(c, str) else c for n, c in enumerate(cells, start=1)]
    document = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def exported_project(folder: Path, *cells: dict[str, Any] | str) -> Path:
    """Return a new project that holds ``notebooks/n.ipynb`` and its export."""
    path = write_notebook(project_folder(folder) / "notebooks/n.ipynb", *cells)
    export_notebook(path, find_project(folder))
    return folder


def edit_module(project: Path, old: str, new: str) -> None:
    """Change what stands once in the module of ``notebooks/n.ipynb``."""
    module = project / "src/shop_etl/n.py"
    said = module.read_text("utf-8")
    assert said.count(old) == 1
    module.write_text(said.replace(old, new), "utf-8")


def load_module(path: Path) -> ModuleType:
    """Return an exported module, imported anew under a name of its own."""
    name = f"exported_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
