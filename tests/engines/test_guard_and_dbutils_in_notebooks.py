"""`dbutils.notebook` and the guard from inside of notebooks that run as tasks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from dex_dbutils import Session, UtilitiesError, get_session, load_environment
from engine_fixture import engine_project
from nbformat.v4 import new_code_cell, new_notebook

PROD = "kind: production\nengine: {type: sail}\ncatalog: flights_prod\n"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with engine_project(tmp_path_factory.mktemp("tasks") / "trial", prod=PROD):
        yield get_session("local")


def notebook(session: Session, name: str, *cells: str) -> Path:
    path = session.environment.project.root / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
    return path


def test_a_notebook_is_run_with_parameters_and_gives_its_value(session: Session) -> None:
    path = notebook(
        session,
        "child",
        "dbutils.widgets.text('day', '2013-01-01')\ndbutils.widgets.text('year', '1999')",
        "spark.range(3).write.saveAsTable(session.table('bronze', 'child'), mode='overwrite')",
        "dbutils.notebook.exit(dbutils.widgets.get('day') + ' ' + dbutils.widgets.get('year'))",
        "raise RuntimeError('never reached')",
    )
    assert session.dbutils.notebook.run(str(path), 120, {"day": "2013-02-02"}) == "2013-02-02 2013"
    assert session.dbutils.notebook.run(str(path.with_suffix("")), 120) == "2013-01-01 2013"
    fresh = get_session(load_environment("local"))
    assert fresh.read("bronze", "child").count() == 3


def test_a_notebook_that_fails_is_an_error_with_its_reason(session: Session) -> None:
    path = notebook(session, "fails", "1 / 0")
    with pytest.raises(UtilitiesError, match="ZeroDivisionError") as caught:
        session.dbutils.notebook.run(str(path), 120)
    assert caught.value.code == "DEX-UTIL-14"


def test_a_notebook_that_takes_too_long_is_ended(session: Session) -> None:
    path = notebook(
        session, "slow", "import os\nopen('pid', 'w').write(str(os.getpid()))", "import time\ntime.sleep(600)"
    )
    with pytest.raises(UtilitiesError, match="longer than 15 s") as caught:
        session.dbutils.notebook.run(str(path), 15)
    assert caught.value.code == "DEX-UTIL-14"
    kernel = int((path.parent / "pid").read_text())
    assert not psutil.pid_exists(kernel) or psutil.Process(kernel).status() == psutil.STATUS_ZOMBIE


def test_the_guard_holds_in_a_task_too(session: Session) -> None:
    path = notebook(session, "writes", "%load_ext dex\n%dex_env prod", "spark.sql('CREATE SCHEMA flights_prod.extra')")
    with pytest.raises(UtilitiesError) as caught:
        session.dbutils.notebook.run(str(path), 120)
    assert "DEX-GUARD" in str(caught.value) or "GuardError" in str(caught.value)
