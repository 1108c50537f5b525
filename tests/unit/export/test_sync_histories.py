"""Random edits on both sides of an export: none is lost, no conflict is unmarked, the result exports clean."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from dex.export import export_notebook, sync_notebook
from dex_dbutils import ExportError
from dex_dbutils.config import Project, find_project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notebook_factory import code, project_folder, text, write_notebook

CELLS = [
    "def f(x):\n    return x + 100",
    "a=f(101)\ndisplay(a)\nb = f(102)",
    "%%sql\nselect 103",
    "b = f(104)",
    "b = f(104)",
    "# a comment\nc = [\n    105,\n    106]",
    "",
]
NUMBERS = [100, 101, 102, 103, 105, 106]
EDIT = st.one_of(
    st.tuples(st.just("module"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("notebook"), st.sampled_from(NUMBERS)),
    st.tuples(st.sampled_from(["move", "delete", "rename", "split", "copy", "blank"]), st.integers(0, 6)),
    st.tuples(st.just("add"), st.integers(0, 5)),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folders = {}
    for minor in (4, 5):
        folder = project_folder(tmp_path_factory.mktemp(f"minor{minor}") / "shop")
        cells = [code(c, id=f"i{n}" if minor == 5 else None) for n, c in enumerate(CELLS)]
        write_notebook(folder / "notebooks/n.ipynb", text("# T"), *cells, minor=minor)
        export_notebook(folder / "notebooks/n.ipynb", find_project(folder))
        folders[minor] = folder
    return folders


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([4, 5]), st.lists(EDIT, min_size=1, max_size=5))
def test_no_edit_of_either_side_is_lost(
    made: dict[int, Path], tmp_path_factory: pytest.TempPathFactory, minor: int, history: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("history") / "shop"
    shutil.copytree(made[minor], folder)
    project = find_project(folder)
    path, module = folder / "notebooks/n.ipynb", folder / "src/shop_etl/n.py"
    document = json.loads(path.read_text("utf-8"))
    source = module.read_text("utf-8")
    cells = document["cells"]
    edited: set[str] = set()
    for step, (kind, value) in enumerate(history):
        fresh = str(9000 + step)
        if kind == "module" and str(value) in source:
            source = source.replace(str(value), fresh, 1)
            edited.add(fresh)
        elif kind == "add":
            source = source.replace("    b = f(102)\n", f"    b = f(102)\n    g = {fresh}\n", 1)
            edited.update({fresh} if fresh in source else ())
        elif kind == "notebook":
            found = next((c for c in cells if str(value) in "".join(c["source"])), None)
            if found is not None:
                found["source"] = "".join(found["source"]).replace(str(value), fresh, 1).splitlines(keepends=True)
                edited.add(fresh)
        elif kind not in ("module", "notebook"):
            edited -= _shuffle(kind, cells, value % max(1, len(cells)), fresh)
    path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    module.write_text(source, "utf-8")
    only_module = all(kind in ("module", "add") for kind, _ in history)
    _check(project, path, module, edited, only_module=only_module)


def _shuffle(kind: str, cells: list[dict[str, object]], at: int, fresh: str) -> set[str]:
    """Change the cells as a person does; return the numbers that a deletion took out itself."""
    if not cells:
        return set()
    cell = cells[at]
    lines = list(cell["source"])  # type: ignore[call-overload]
    if kind == "move":
        cells.insert(0 if at else len(cells) - 1, cells.pop(at))
    elif kind == "delete":
        gone = cells.pop(at)
        return {word for word in map(str, range(9000, 9010)) if word in "".join(gone["source"])}  # type: ignore[arg-type]
    elif kind == "rename" and "id" in cell:
        cell["id"] = f"r{fresh}"
    elif kind == "split" and len(lines) > 1 and not lines[0].startswith(("def", "%", "#")):
        cells.insert(at + 1, code("".join(lines[1:]), id=f"s{fresh}" if "id" in cell else None))
        cell["source"] = lines[:1]
    elif kind == "copy":
        copied = {**cell, "source": lines}
        if "id" in cell:
            copied["id"] = f"k{fresh}"
        cells.insert(at, copied)
    elif kind == "blank":
        cell["source"] = [*lines[:-1], (lines[-1] if lines else "") + "\n"]
    return set()


def _check(project: Project, path: Path, module: Path, edited: set[str], *, only_module: bool) -> None:
    before = path.read_bytes(), module.read_bytes()
    try:
        report = sync_notebook(path, project)
    except ExportError as error:
        assert error.where is not None
        assert error.code in {"DEX-EXPORT-02", "DEX-SYNC-06", "DEX-SYNC-07"}
        assert (path.read_bytes(), module.read_bytes()) == before
        return
    said = path.read_text("utf-8")
    lost = {number for number in edited if number in (before[0] + before[1]).decode() and number not in said}
    assert not lost
    assert bool(report.conflicts) == ("<<<<<<< notebook" in said)
    if only_module:  # an edit came back to its own cell, not to another one with the same text
        assert _without_markers(module.read_bytes()) == _without_markers(before[1])
    if not report.conflicts:
        assert not export_notebook(path, project, check=True).drift
        assert sync_notebook(path, project).in_step


def _without_markers(module: bytes) -> list[bytes]:
    """Return the lines of a module; its markers hold the digests of cells, which change with them."""
    return [line for line in module.splitlines() if b"# %% [dex" not in line]
