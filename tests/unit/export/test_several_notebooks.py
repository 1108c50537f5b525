"""Several notebooks in one command: each whole or not at all, and the same files however many processes read ahead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dex.export import BatchReport, export_notebooks, exported_in, left_behind
from dex_dbutils.config import find_project
from notebook_factory import contents, project_folder, write_notebook

DEX = Path(sys.executable).with_name("dex")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


def command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(DEX), *map(str, words)], capture_output=True, text=True, check=False, timeout=120)


def test_of_several_notebooks_one_refusal_keeps_no_other_from_its_files(project: Path) -> None:
    write_notebook(project / "notebooks/a.ipynb", "x = 1")
    write_notebook(project / "notebooks/b.ipynb", "%scala\nval x = 1")
    write_notebook(project / "notebooks/deep/c.ipynb", "y = 2")
    done = command("export", project / "notebooks", "--json")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert [report["module"] for report in told["exported"]] == ["shop_etl.a", "shop_etl.c"]
    (refused,) = told["refused"]
    assert refused["notebook"].endswith("notebooks/b.ipynb")
    assert refused["code"] == "DEX-EXPORT-02"
    assert "cell 1, line 1" in refused["where"]
    assert sorted(p.name for p in (project / "src/shop_etl").iterdir()) == ["__init__.py", "a.py", "c.py"]


def test_a_batch_that_names_what_is_not_there_writes_nothing(project: Path) -> None:
    path = write_notebook(project / "notebooks/a.ipynb", "x = 1")
    before = contents(project)
    done = command("export", path, project / "notebooks/gone.ipynb")
    assert done.returncode == 2
    assert "DEX-EXPORT-30" in done.stderr
    assert contents(project) == before


def test_a_check_of_all_passes_over_a_map_that_cannot_be_used(project: Path) -> None:
    export_notebooks([write_notebook(project / "notebooks/n.ipynb", "a = 1")], find_project(project))
    (project / ".dex/map/torn.json").write_text('{"version": 2}')
    assert [path.name for path in exported_in(find_project(project))] == ["n.ipynb"]
    assert left_behind(find_project(project)) == {}


def test_a_check_says_what_is_left_of_a_notebook_that_is_gone(project: Path) -> None:
    path = write_notebook(project / "notebooks/a.ipynb", "x = 1")
    assert command("export", path).returncode == 0
    path.unlink()
    done = subprocess.run([DEX, "export", "--check", "--project", project], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "a.ipynb was exported, and is not there any more" in done.stderr
    assert "resources/a.job.yml, src/shop_etl/a.py, tests/test_a.py, .dex/map/a.json, and its line in" in done.stderr


def test_an_interrupted_batch_leaves_every_notebook_whole_or_not_begun(project: Path) -> None:
    for number in range(60):
        write_notebook(project / f"notebooks/n{number:02}.ipynb", f"x = {number}")
    process = subprocess.Popen([DEX, "export", project / "notebooks"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (project / "src/shop_etl/n05.py").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    files = contents(project)
    done = {Path(name).stem for name in files if name.startswith("src/shop_etl/n")}
    assert 5 <= len(done) < 60
    assert {Path(name).stem for name in files if name.startswith(".dex/map/n")} == done
    assert not [name for name in files if Path(name).name.startswith(".n")]


def fill(project: Path) -> None:
    """Write notebooks that have to do with each other, and some that are refused."""
    notebooks = project / "notebooks"
    for number in range(8):
        write_notebook(
            notebooks / f"n{number}.ipynb", f"def f(x):\n    return x + {number}", f"assert f(0) == {number}"
        )
    write_notebook(notebooks / "a_refused.ipynb", "%scala\nval x = 1")
    write_notebook(notebooks / "b_runs.ipynb", "%run ./shared", "y = least + 1")
    write_notebook(notebooks / "shared.ipynb", "least = 1", "most = 2")  # its module has to know who runs it
    write_notebook(notebooks / "z_runs.ipynb", "%run ./shared", "y = most + 1")
    write_notebook(notebooks / "same name.ipynb", "x = 1")
    write_notebook(notebooks / "same-name.ipynb", "x = 2")
    (notebooks / "broken.ipynb").write_text("{")


def test_the_files_and_the_report_are_the_same_with_several_processes(tmp_path: Path) -> None:
    told: list[tuple[BatchReport, dict[str, bytes]]] = []
    for processes in (1, 3):
        root = project_folder(tmp_path / f"shop{processes}")
        fill(root)
        report = export_notebooks([root / "notebooks"], find_project(root), processes=processes)
        text = report.model_dump_json().replace(str(root), "")
        told.append((BatchReport.model_validate_json(text), contents(root)))
    (alone, files), (together, same_files) = told
    assert together == alone
    assert same_files == files
    assert [Path(entry.notebook).name for entry in alone.refused] == [
        "a_refused.ipynb",
        "broken.ipynb",
        "same-name.ipynb",
    ]
    assert b"most" in files["src/shop_etl/shared.py"]


def test_a_process_that_is_killed_while_it_reads_ahead_costs_no_notebook(project: Path) -> None:
    for number in range(30):
        write_notebook(project / f"notebooks/n{number:02}.ipynb", f"x = {number}")

    def kill_the_readers(line: str) -> None:
        if line.startswith("3 of"):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8").split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)

    report = export_notebooks([project / "notebooks"], find_project(project), processes=2, progress=kill_the_readers)
    assert len(report.exported) == 30
