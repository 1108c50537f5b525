"""A failed task leads to the notebook cell that it came from."""

from __future__ import annotations

from pathlib import Path

from dex.export import export_notebook
from dex.jobs import FailedAt, TaskRun, failed_at
from dex_dbutils.config import find_project
from engine_fixture import make_project
from notebook_factory import write_notebook


def failed(error: str | None) -> TaskRun:
    return TaskRun(
        key="t", kind="python_wheel_task", state="TERMINATED", result="FAILED" if error else "SUCCESS", error=error
    )


def test_a_wheel_task_leads_to_the_cell_that_its_module_was_exported_from(tmp_path: Path) -> None:
    project = find_project(make_project(tmp_path / "trial"))
    notebook = write_notebook(
        project.root / "notebooks/orders.ipynb", "def half(n):\n    return n / 0", "print(half(2))"
    )
    export_notebook(notebook, project)
    module = project.root / "src/trial_etl/orders.py"
    line = module.read_text("utf-8").splitlines().index("    return n / 0") + 1
    log = (
        "Traceback (most recent call last):\n"
        f'  File "/on/a/cluster/trial_etl/orders.py", line {line}, in half\n    return n / 0\n'
        "ZeroDivisionError: division by zero\n"
    )
    found = failed_at(project, failed("ZeroDivisionError: division by zero"), log)
    assert found == [FailedAt(notebook=notebook, cell=1, line=2)]
    assert failed_at(project, failed(None), log) == []


def test_a_notebook_task_leads_to_the_cell_that_it_names_and_others_to_none(tmp_path: Path) -> None:
    project = find_project(make_project(tmp_path / "trial"))
    notebook = project.root / "notebooks/check.py"
    error = f"DEX-NOTEBOOK-08: A cell failed: KeyError: 'a'\n  where: {notebook}, cell 3, line 2\n  next:  Look."
    assert failed_at(project, failed(error), "") == [FailedAt(notebook=notebook, cell=3, line=2)]
    assert failed_at(project, failed("RuntimeError: no"), "nothing") == []
