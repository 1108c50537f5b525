"""An export at the edges: huge, odd or contradictory notebooks, disks that refuse, interrupts. No file is ever torn or lost."""

from __future__ import annotations

import ast
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dex.export import export_notebook
from dex.files import interrupts_held, write_all, write_atomically
from dex_dbutils import DexError, ExportError
from dex_dbutils.config import find_project
from notebook_factory import code, contents, project_folder, write_notebook

DEX = Path(sys.executable).with_name("dex")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


def dex(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [str(DEX), *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)  # type: ignore[call-overload, no-any-return]


def export(path: Path) -> str:
    """Export a notebook and return its module's source."""
    project = find_project(path.parent)
    report = export_notebook(path, project)
    return (project.root / report.files[0].path).read_text("utf-8")


def test_fifty_megabytes_of_outputs_are_passed_over(project: Path) -> None:
    cell = code("rows = 1 + 1\nprint(rows)", id="a")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 99 + "\n"}]
    cell["outputs"][0]["text"] *= 500_000
    path = write_notebook(project / "notebooks/big.ipynb", cell)
    before = path.read_bytes()
    assert len(before) > 50_000_000
    started = time.perf_counter()
    module = export(path)
    assert time.perf_counter() - started < 30
    assert "rows = 1 + 1" in module
    assert len(module) < 5_000
    assert path.read_bytes() == before


def test_five_thousand_cells_become_one_module(project: Path) -> None:
    path = write_notebook(project / "notebooks/long.ipynb", *[f"v{n} = {n}\nprint(v{n})" for n in range(5_000)])
    started = time.perf_counter()
    module = export(path)
    assert time.perf_counter() - started < 120
    ast.parse(module)
    assert all(f"v{n} = {n}\n" in module for n in (0, 2_500, 4_999))


@pytest.mark.parametrize("other", ["b.ipynb", "a.ipynb"])
def test_notebooks_that_run_each_other_are_refused_with_the_circle(project: Path, other: str) -> None:
    write_notebook(project / "notebooks/b.ipynb", "%run ./a")
    write_notebook(project / "notebooks/a.ipynb", "x = 1", f"%run ./{Path(other).stem}")
    before = contents(project)
    done = dex("export", project / "notebooks/a.ipynb")
    assert done.returncode == 2
    assert "DEX-EXPORT-02" in done.stderr
    assert "cell 2, line 1" in done.stderr
    assert contents(project) == before


def test_a_run_outside_the_project_is_refused_with_its_cell(project: Path) -> None:
    write_notebook(project.parent / "elsewhere.ipynb", "x = 1")
    path = write_notebook(project / "notebooks/n.ipynb", "y = 1", "%run ../../elsewhere")
    before = contents(project)
    done = dex("export", path)
    assert done.returncode == 2
    assert "DEX-EXPORT-" in done.stderr
    assert "elsewhere" in done.stderr
    assert contents(project) == before


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("class.ipynb", "class_"),
        ("match.ipynb", "match_"),
        ("01 Load.ipynb", "n01_load"),
        ("Umsätze pro Tag.ipynb", "ums_tze_pro_tag"),
        ("日本.ipynb", "notebook"),
    ],
)
def test_any_name_of_a_notebook_gives_a_module_that_can_be_imported(project: Path, file: str, module: str) -> None:
    path = write_notebook(project / "notebooks" / file, "def f(x):\n    return x", "assert f(1) == 1")
    report = export_notebook(path, find_project(project))
    assert report.module == f"shop_etl.{module}"
    done = subprocess.run(
        [sys.executable, "-c", f"import shop_etl.{module}"],
        env={**os.environ, "PYTHONPATH": str(project / "src")},
        check=False,
    )
    assert done.returncode == 0


def test_the_second_of_two_notebooks_with_one_module_is_refused_and_the_first_is_kept(project: Path) -> None:
    first = write_notebook(project / "notebooks/my-load.ipynb", "x = 1")
    second = write_notebook(project / "notebooks/my load.ipynb", "x = 2")
    export(first)
    before = contents(project)
    with pytest.raises(ExportError, match=r"my load\.ipynb and notebooks/my-load\.ipynb") as caught:
        export(second)
    assert caught.value.code == "DEX-EXPORT-04"
    assert contents(project) == before


@pytest.mark.parametrize("taken", ["src/shop_etl/n.py", "tests/test_n.py", ".dex/map/n.json", "pyproject.toml"])
def test_a_folder_where_a_file_must_be_is_told_and_nothing_is_written(project: Path, taken: str) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "def f(x):\n    return x", "assert f(1) == 1")
    (project / taken).mkdir(parents=True)
    before = contents(project)
    done = dex("export", path)
    assert done.returncode == 3, done.stderr
    assert "DEX-FILE-01" in done.stderr
    assert Path(taken).name in done.stderr
    assert contents(project) == before


def test_a_file_where_a_folder_must_be_is_told_and_nothing_is_written(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    (project / "src").write_text("no folder")
    before = contents(project)
    done = dex("export", path)
    assert done.returncode == 3, done.stderr
    assert "DEX-FILE-01" in done.stderr
    assert contents(project) == before


def as_an_ordinary_user() -> None:
    """Take from this process what lets root write where nobody may (capabilities(7): CAP_DAC_OVERRIDE)."""
    if os.geteuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1  # linux/prctl.h, linux/capability.h
        assert ctypes.CDLL(None, use_errno=True).prctl(drop_from_bounding_set, dac_override, 0, 0, 0) == 0


def test_a_read_only_project_is_told_and_nothing_is_written(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    before = contents(project)
    project.chmod(0o555)
    try:
        done = dex("export", path, preexec_fn=as_an_ordinary_user)
    finally:
        project.chmod(0o755)
    assert done.returncode == 3, done.stderr
    assert "DEX-FILE-01" in done.stderr
    assert contents(project) == before


def small_disk() -> None:
    """Let no file of this process grow past 2,000 bytes: a write beyond fails, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))


def test_a_disk_that_fills_up_leaves_the_last_export_whole(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    export(path)
    before = contents(project)
    write_notebook(path, *[f"v{n} = {n}\nprint(v{n})" for n in range(300)])
    before["notebooks/n.ipynb"] = path.read_bytes()
    done = dex("export", path, preexec_fn=small_disk)
    assert done.returncode == 3, done.stderr
    assert "DEX-FILE-01" in done.stderr
    assert "Free some space" in done.stderr
    assert contents(project) == before
    assert dex("export", path).returncode == 0


def test_files_already_replaced_are_what_they_were_where_a_later_one_fails(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "c").mkdir()
    with pytest.raises(DexError, match="Cannot write the file") as caught:
        write_all(tmp_path, {"a": "new", "deep/er/b": "new", "c": "new"})
    assert caught.value.code == "DEX-FILE-01"
    assert contents(tmp_path) == {"a": b"old"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "c"]


def test_a_file_that_cannot_be_replaced_leaves_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(DexError, match="Cannot write the file"):
        write_atomically(tmp_path / "taken", "new")
    assert contents(tmp_path) == {}


def test_an_interrupt_waits_until_the_files_are_whole(tmp_path: Path) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):
        with interrupts_held():
            os.kill(os.getpid(), signal.SIGINT)
            write_all(tmp_path, {"a": "1", "b": "2"})
            done.append("whole")
    assert done == ["whole"]
    assert contents(tmp_path) == {"a": b"1", "b": b"2"}


@pytest.mark.parametrize("verb", ["export", "sync"])
def test_an_interrupt_at_any_moment_leaves_all_files_old_or_all_new(project: Path, verb: str) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "def f(x):\n    return x + 1", "assert f(1) == 2")
    export(path)
    module = project / "src/shop_etl/n.py"
    if verb == "export":
        write_notebook(path, "def f(x):\n    return x + 2", "assert f(1) == 3")
    else:
        module.write_text(module.read_text("utf-8").replace("x + 1", "x + 2"), "utf-8")
    old = contents(project)
    started = time.perf_counter()
    assert dex(verb, path).returncode == 0
    took = time.perf_counter() - started
    new = contents(project)
    assert new != old
    for part in (0.3, 0.6, 0.75, 0.85, 0.95):
        for file in contents(project).keys() - old.keys():
            (project / file).unlink()
        for file, content in old.items():
            (project / file).write_bytes(content)
        process = subprocess.Popen(
            [DEX, verb, path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        time.sleep(took * part)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert contents(project) in (old, new), f"torn by an interrupt at {part:.0%}: {told.decode()}"
