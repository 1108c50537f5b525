"""`dex sync` on what a real `git merge` left: both sides' edits arrive in both files, and what git could not merge is told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from dex.export import SyncReport, export_notebook, sync_notebook
from dex_dbutils import DexError
from dex_dbutils.config import find_project
from notebook_factory import code, project_folder, text, write_notebook

CELLS = [
    text("# Title", id="t"),
    code("def f(x):\n    return x+1", id="f"),
    code("def g(x):\n    return x*2", id="g"),
    code("def h(x):\n    return x-3", id="h"),
    code("a = f(1)\nassert a == 2", id="m"),
]


class Repository:
    """A project under git, exported once; `theirs` is what the other branch changes, `ours` what this one does."""

    def __init__(self, folder: Path) -> None:
        self.folder = project_folder(folder)
        self.notebook, self.module = folder / "notebooks/n.ipynb", folder / "src/shop_etl/n.py"
        self.map = folder / ".dex/map/n.json"
        write_notebook(self.notebook, *CELLS)
        self.export()
        (folder / ".gitignore").write_text(".dex/*\n!.dex/map/\n")
        self.git("init", "-q", "-b", "main")
        self.commit("base")
        self.git("branch", "theirs")

    def git(self, *words: str, ok: bool = True) -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *identity, *words], cwd=self.folder, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def merge(self, *, clean: bool) -> None:
        self.commit("ours")
        self.git("merge", "-q", "theirs", "-m", "merged", ok=clean)

    def on_theirs(self) -> None:
        self.git("checkout", "-q", "theirs")

    def on_ours(self) -> None:
        self.commit("theirs")
        self.git("checkout", "-q", "main")

    def unmerged(self) -> set[str]:
        return set(self.git("diff", "--name-only", "--diff-filter=U").split())

    def edit_module(self, old: str, new: str) -> None:
        _replace(self.module, old, new)

    def edit_notebook(self, old: str, new: str) -> None:
        _replace(self.notebook, old, new)

    def export(self) -> None:
        export_notebook(self.notebook, find_project(self.folder))

    def sync(self) -> SyncReport:
        return sync_notebook(self.notebook, find_project(self.folder))

    def cell(self, cell_id: str) -> str:
        cells = json.loads(self.notebook.read_text("utf-8"))["cells"]
        return next("".join(c["source"]) for c in cells if c["id"] == cell_id)

    def assert_in_step(self) -> None:
        assert not export_notebook(self.notebook, find_project(self.folder), check=True).drift
        assert self.sync().in_step


def _replace(path: Path, old: str, new: str) -> None:
    said = path.read_text("utf-8")
    assert said.count(old) == 1, (old, said)
    path.write_text(said.replace(old, new), "utf-8")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "shop")


@pytest.mark.parametrize("exported", [False, True], ids=["edited", "edited and exported"])
@pytest.mark.parametrize("synced", [False, True], ids=["edited", "edited and synced"])
def test_one_side_edits_the_notebook_and_the_other_the_module(repo: Repository, exported: bool, synced: bool) -> None:
    repo.on_theirs()
    repo.edit_module("return x - 3", "return x - 30")
    if synced:
        repo.sync()
    repo.on_ours()
    repo.edit_notebook("return x+1", "return x+10")
    if exported:
        repo.export()
    repo.merge(clean=not (exported and synced))
    assert repo.unmerged() <= {".dex/map/n.json"}  # which holds digests of the whole module
    assert not repo.sync().conflicts
    assert (repo.cell("f"), repo.cell("h")) == ("def f(x):\n    return x+10", "def h(x):\n    return x-30")
    module = repo.module.read_text()
    assert "return x + 10" in module
    assert "return x - 30" in module
    json.loads(repo.map.read_text())
    repo.assert_in_step()


def test_both_sides_edit_one_cell_in_different_files_and_it_becomes_a_conflict_cell(repo: Repository) -> None:
    repo.on_theirs()
    repo.edit_module("return x + 1", "return x + 20")
    repo.on_ours()
    repo.edit_notebook("return x+1", "return x+10")
    repo.merge(clean=True)
    assert repo.sync().conflicts == [2]
    said = repo.cell("f")
    assert "<<<<<<< notebook" in said
    assert "x+10" in said
    assert "20" in said


def test_git_s_markers_in_the_module_stop_the_sync_until_they_are_resolved(repo: Repository) -> None:
    repo.on_theirs()
    repo.edit_module("return x + 1", "return x + 20")
    repo.edit_module("return x - 3", "return x - 30")
    repo.on_ours()
    repo.edit_notebook("return x+1", "return x+10")
    repo.export()
    repo.merge(clean=False)
    assert repo.unmerged() == {"src/shop_etl/n.py"}
    before = repo.notebook.read_bytes(), repo.module.read_bytes()
    with pytest.raises(DexError) as caught:
        repo.sync()
    assert caught.value.code == "DEX-SYNC-02"
    assert caught.value.where is not None
    assert repo.module.read_text().split("\n")[(caught.value.where.line or 0) - 1].startswith("<<<<<<<")
    assert caught.value.remedy is not None
    assert "dex sync" in caught.value.remedy
    assert (repo.notebook.read_bytes(), repo.module.read_bytes()) == before
    lines = repo.module.read_text().split("\n")
    start, middle, end = (next(i for i, x in enumerate(lines) if x.startswith(m)) for m in ("<<<<", "====", ">>>>"))
    ours = lines[start + 1 : middle]
    repo.module.write_text("\n".join([*lines[:start], *ours, *lines[end + 1 :]]).replace("x + 10", "x + 1020"))
    repo.sync()
    assert (repo.cell("f"), repo.cell("h")) == ("def f(x):\n    return x+1020", "def h(x):\n    return x-30")
    repo.assert_in_step()


@pytest.mark.parametrize("ending", ["ipynb", "py"])
def test_git_s_markers_in_the_notebook_stop_the_sync_with_the_line_and_a_way_out(tmp_path: Path, ending: str) -> None:
    repo = Repository(tmp_path / "shop")
    if ending == "py":
        repo.notebook.unlink()
        repo.notebook = repo.folder / "notebooks/n.py"
        repo.notebook.write_text("# Databricks notebook source\ndef f(x):\n    return x+1\n")
        export_notebook(repo.notebook, find_project(repo.folder), force=True)
        repo.commit("as source")
        repo.git("branch", "-f", "theirs")
    repo.on_theirs()
    repo.edit_notebook("return x+1", "return x+20")
    repo.export()
    repo.on_ours()
    repo.edit_notebook("return x+1", "return x+10")
    repo.merge(clean=False)
    assert f"notebooks/n.{ending}" in repo.unmerged()
    before = repo.notebook.read_bytes(), repo.module.read_bytes()
    for act in (repo.sync, repo.export):
        with pytest.raises(DexError) as caught:
            act()
        assert "conflict markers" in caught.value.what
        assert "git checkout --ours" in (caught.value.remedy or "")
        assert caught.value.where is not None
        assert caught.value.where.line
    assert (repo.notebook.read_bytes(), repo.module.read_bytes()) == before
    repo.git("checkout", "--ours", f"notebooks/n.{ending}")
    repo.sync()
    assert "return x + 10" in repo.module.read_text()
    repo.assert_in_step()


@pytest.mark.parametrize(("notebook", "module"), [("--ours", "--theirs"), ("--theirs", "--ours")])
def test_of_two_exports_of_one_cell_neither_is_lost_whichever_side_each_file_is_taken_from(
    repo: Repository, notebook: str, module: str
) -> None:
    repo.on_theirs()
    repo.edit_notebook("return x+1", "return x+20")
    repo.export()
    repo.on_ours()
    repo.edit_notebook("return x+1", "return x+10")
    repo.export()
    repo.merge(clean=False)
    repo.git("checkout", notebook, "notebooks/n.ipynb")
    repo.git("checkout", module, "src/shop_etl/n.py")
    assert repo.sync().conflicts == [2]
    said = repo.cell("f")
    assert "10" in said
    assert "20" in said
    repo.edit_notebook(
        repo.notebook.read_text().partition('"def f(x):\\n",')[2].partition("],")[0], '"    return x+30"'
    )
    repo.sync()
    assert "return x + 30" in repo.module.read_text()
    repo.assert_in_step()


def test_an_edit_of_the_module_after_a_conflict_in_the_map_is_still_taken(repo: Repository) -> None:
    repo.on_theirs()
    repo.edit_module("return x - 3", "return x - 30")
    repo.sync()
    repo.on_ours()
    repo.edit_notebook("return x+1", "return x+10")
    repo.export()
    repo.merge(clean=False)
    repo.edit_module("return x * 2", "return x * 20")
    assert repo.sync().taken == [3]
    assert repo.cell("g") == "def g(x):\n    return x*20"
    repo.assert_in_step()


def test_git_s_markers_in_a_generated_test_are_written_over(repo: Repository) -> None:
    repo.on_theirs()
    repo.edit_notebook("assert a == 2", "assert a == 2, 'theirs'")
    repo.export()
    repo.on_ours()
    repo.edit_notebook("assert a == 2", "assert a == 2, 'ours'")
    repo.export()
    repo.merge(clean=False)
    assert "tests/test_n.py" in repo.unmerged()
    repo.git("checkout", "--theirs", "notebooks/n.ipynb", "src/shop_etl/n.py")
    repo.sync()
    said = (repo.folder / "tests/test_n.py").read_text()
    assert "<<<<<<<" not in said
    assert "theirs" in said
    repo.assert_in_step()
