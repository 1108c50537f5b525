"""A notebook that runs others with `%run`: each becomes a module, and names go where they are used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.export import ExportRefused, ExportReport, export_notebook
from dex_dbutils.config import find_project
from notebook_factory import project_folder, write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = project_folder(tmp_path / "shop")
    sys.path.insert(0, str(folder / "src"))
    yield folder
    sys.path.remove(str(folder / "src"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop_etl"]:
        del sys.modules[name]


def export(project: Path, name: str = "n", **options: Any) -> ExportReport:
    return export_notebook(project / f"notebooks/{name}.ipynb", find_project(project), **options)


def run(project: Path, name: str = "n", **given: Any) -> Any:
    importlib.invalidate_caches()
    module = importlib.import_module(f"shop_etl.{name}")
    return module.main("session", module.Params(**given))


def module(project: Path, name: str) -> str:
    return (project / f"src/shop_etl/{name}.py").read_text("utf-8")


def test_functions_of_another_notebook_are_imported_from_its_module(project: Path) -> None:
    write_notebook(project / "notebooks/helpers.ipynb", "def twice(x):\n    return 2 * x", "def unused():\n    pass")
    write_notebook(project / "notebooks/n.ipynb", "%run ./helpers", "dbutils.notebook.exit(twice(4))")
    report = export(project)
    assert report.linked == ["shop_etl.helpers"]
    assert "from shop_etl.helpers import twice\n" in module(project, "n")
    assert run(project) == 8


def test_a_notebook_that_acts_is_called_in_place_and_hands_over_what_is_used(project: Path) -> None:
    setup = ["dbutils.widgets.text('db', 'dev')\ndb = dbutils.widgets.get('db')\nseen = [db]", "size = len(seen)"]
    write_notebook(project / "notebooks/setup.ipynb", *setup)
    write_notebook(project / "notebooks/n.ipynb", '%run ./setup $db="test"', "dbutils.notebook.exit((db, size))")
    export(project)
    assert "seen: Any" not in module(project, "setup")
    assert 'setup.main(spark, setup.Params(env=params.env, db="test"))' in module(project, "n")
    assert run(project) == ("test", 1)


def test_a_chain_and_a_shared_notebook_are_exported_once(project: Path) -> None:
    write_notebook(project / "notebooks/base.ipynb", "rate = 3")
    write_notebook(project / "notebooks/a.ipynb", "%run ./base", "a = rate + 1")
    write_notebook(project / "notebooks/b.ipynb", "%run ./base", "b = rate + 2")
    write_notebook(project / "notebooks/n.ipynb", "%run ./a", "%run ./b", "dbutils.notebook.exit((a, b, rate))")
    assert export(project).linked == ["shop_etl.base", "shop_etl.a", "shop_etl.b"]
    assert run(project) == (4, 5, 3)


def test_the_later_of_two_notebooks_that_bring_one_name_wins(project: Path) -> None:
    write_notebook(project / "notebooks/a.ipynb", "def f():\n    return 'a'")
    write_notebook(project / "notebooks/b.ipynb", "def f():\n    return 'b'")
    write_notebook(project / "notebooks/n.ipynb", "%run ./a", "x = f()", "%run ./b", "dbutils.notebook.exit((x, f()))")
    export(project)
    assert run(project) == ("a", "b")


def test_a_second_export_changes_no_byte_whoever_exports_first(project: Path) -> None:
    write_notebook(project / "notebooks/setup.ipynb", "db = 'x'.upper()\nother = db * 2")
    write_notebook(project / "notebooks/n.ipynb", "%run ./setup", "print(db)")
    write_notebook(project / "notebooks/m.ipynb", "%run ./setup", "print(other)")
    for name in ("n", "m", "setup", "n"):
        export(project, name)
    for name in ("n", "m", "setup"):
        assert not export(project, name, check=True).drift


def test_a_circle_is_refused_with_its_chain(project: Path) -> None:
    write_notebook(project / "notebooks/a.ipynb", "%run ./n")
    write_notebook(project / "notebooks/n.ipynb", "x = 1", "%run ./a")
    with pytest.raises(ExportRefused, match=r"n\.ipynb -> notebooks/a\.ipynb -> notebooks/n\.ipynb") as caught:
        export(project)
    assert [(r.cell, r.line, r.construct) for r in caught.value.refusals] == [(2, 1, "%run")]


def test_what_stops_the_other_notebook_is_told_at_the_run(project: Path) -> None:
    write_notebook(project / "notebooks/a.ipynb", "x = 1", "exec('y = 2')")
    write_notebook(project / "notebooks/n.ipynb", "%run ./a")
    with pytest.raises(ExportRefused, match="notebooks/a.ipynb, which cannot be exported: cell 2, line 1"):
        export(project)
    assert not (project / "src").exists()


def test_a_function_of_another_notebook_that_exits_ends_the_one_that_calls_it(project: Path) -> None:
    write_notebook(project / "notebooks/checks.ipynb", "def stop(n):\n    dbutils.notebook.exit(n)")
    write_notebook(project / "notebooks/n.ipynb", "%run ./checks", "stop('no rows')\nraise ValueError")
    export(project)
    assert run(project) == "no rows"


def test_an_exit_in_a_function_is_refused_where_the_notebooks_names_are_used(project: Path) -> None:
    write_notebook(
        project / "notebooks/a.ipynb", "rows = len('ab')", "def stop():\n    dbutils.notebook.exit('x')", "stop()"
    )
    write_notebook(project / "notebooks/n.ipynb", "%run ./a", "print(rows)")
    with pytest.raises(ExportRefused, match=r"cell 2, line 1: A function exits .* use `rows` of it") as caught:
        export(project)
    assert [(r.cell, r.line, r.construct) for r in caught.value.refusals] == [(1, 1, "%run")]
