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


def test_a_notebook_that_reads_variables_of_the_one_that_runs_it_is_given_them(project: Path) -> None:
    write_notebook(
        project / "notebooks/a.ipynb", "full = f'{catalog}.{env}'", "def of(t):\n    return f'{catalog}.{t}'"
    )
    write_notebook(
        project / "notebooks/n.ipynb", "catalog = 'dev'\nenv = 1", "%run ./a", "dbutils.notebook.exit((full, of('t')))"
    )
    export(project)
    assert "a.Params(env=params.env, catalog=catalog, env_=env)" in module(project, "n")
    assert "catalog: Any = None  # of the notebook that runs this one" in module(project, "a")
    assert '"--catalog"' not in module(project, "a")
    assert "catalog" not in (project / "resources/n.job.yml").read_text()
    assert run(project) == ("dev.1", "dev.t")
    assert not export(project, check=True).drift
    export(project, "a")
    assert not export(project, "a", check=True).drift
    assert not export(project, check=True).drift
    assert "main needs `catalog` of a notebook that runs it" in (project / "tests/test_a.py").read_text()


def test_what_one_notebook_brings_is_given_to_the_next(project: Path) -> None:
    write_notebook(project / "notebooks/config.ipynb", "catalog = 'dev'.upper()")
    write_notebook(project / "notebooks/inner.ipynb", "deep = catalog * 2")
    write_notebook(project / "notebooks/helpers.ipynb", "%run ./inner", "full = catalog + '.t'")
    cells = ("%run ./config", "%run ./helpers", "dbutils.notebook.exit((full, deep))")
    write_notebook(project / "notebooks/n.ipynb", *cells)
    export(project)
    assert run(project) == ("DEV.t", "DEVDEV")


def test_an_import_of_the_notebook_that_runs_it_is_made_in_its_own_module(project: Path) -> None:
    write_notebook(
        project / "notebooks/a.ipynb", "def root(x):\n    return m.sqrt(x)\n\ndef text(x):\n    return json.dumps(x)"
    )
    cells = ("import math as m", "%run ./a", "import json", "dbutils.notebook.exit(text(root(9)))")
    write_notebook(project / "notebooks/n.ipynb", *cells)
    export(project)
    assert "import json\nimport math as m\n" in module(project, "a")
    assert "def root" in module(project, "a").partition("class Params")[0]
    assert run(project) == "3.0"
    export(project, "a")
    assert not export(project, "a", check=True).drift
    assert not export(project, check=True).drift


def test_a_function_that_reads_what_is_set_below_the_run_is_refused_there(project: Path) -> None:
    write_notebook(project / "notebooks/a.ipynb", "def of(t):\n    return f'{catalog}.{t}'")
    write_notebook(project / "notebooks/n.ipynb", "x = 1", "%run ./a", "y = 1\ncatalog = 'dev'", "print(of('t'))")
    with pytest.raises(
        ExportRefused, match="reads `catalog`, which this notebook sets only below, in cell 3, line 2"
    ) as e:
        export(project)
    assert [(r.cell, r.line, r.construct) for r in e.value.refusals] == [(2, 1, "%run")]
    assert "Set `catalog` above the `%run`" in e.value.refusals[0].remedy


SPARK = "from pyspark.sql.functions import *"


def test_a_notebook_with_a_star_import_is_given_what_the_star_does_not_bring(project: Path) -> None:
    write_notebook(project / "notebooks/a.ipynb", SPARK, "from math import *", "full = f'{catalog}.{floor(measure)}'")
    cells = ("catalog = 'dev'\nmeasure = 2.5\nfloor = None", "%run ./a", "dbutils.notebook.exit(full)")
    write_notebook(project / "notebooks/n.ipynb", *cells)
    export(project)
    assert "a.Params(env=params.env, catalog=catalog, measure=measure)" in module(project, "n")
    assert run(project) == "dev.2"
    assert not export(project, check=True).drift


def test_a_star_import_of_the_notebook_that_runs_it_brings_names_to_it(project: Path) -> None:
    write_notebook(project / "notebooks/a.ipynb", "def root(x):\n    return sqrt(x) + pi - pi")
    write_notebook(project / "notebooks/n.ipynb", "from math import *", "%run ./a", "dbutils.notebook.exit(root(9))")
    export(project)
    assert "from math import pi, sqrt\n" in module(project, "a")
    assert run(project) == 3.0


def test_a_name_that_a_star_of_an_unknown_library_may_bring_is_refused_with_both_places(project: Path) -> None:
    write_notebook(
        project / "notebooks/inner.ipynb", "x = 1", "# ours\nfrom our_library import *", "full = catalog + '.t'"
    )
    write_notebook(project / "notebooks/a.ipynb", "%run ./inner")
    write_notebook(project / "notebooks/n.ipynb", "catalog = 'dev'", "%run ./a", "print(full)")
    with pytest.raises(ExportRefused, match="reads `catalog`") as caught:
        export(project)
    refusal = caught.value.refusals[0]
    assert (refusal.cell, refusal.line, refusal.construct) == (2, 1, "%run")
    assert "`from our_library import *` in cell 2, line 2 of notebooks/inner.ipynb" in refusal.message
    assert "Name what is imported there" in refusal.remedy
    write_notebook(project / "notebooks/n.ipynb", "other = 'dev'", "%run ./a", "print(full)")
    assert export(project).linked == ["shop_etl.inner", "shop_etl.a"]


def test_the_names_that_stars_of_spark_bring_are_known_without_spark() -> None:
    from dex.export.placement import GENERATED, NEEDED
    from dex.export.stars import star_names
    from pyspark.sql import functions, types, window

    for library in (functions, types, window):
        assert star_names(library.__name__) == set(library.__all__)
    assert "DeltaTable" in (star_names("delta.tables") or ())
    assert not (star_names("pyspark.sql.functions") or frozenset()) & {*GENERATED, *NEEDED, "DataFrame", "SparkSession"}
    assert star_names("our_library") is None
    assert star_names("..above") is None


def test_what_is_given_and_set_again_below_is_told(project: Path) -> None:
    write_notebook(project / "notebooks/a.ipynb", "def of(t):\n    return f'{catalog}.{t}'")
    write_notebook(project / "notebooks/n.ipynb", "catalog = 'a'", "%run ./a", "catalog = 'b'", "print(of('t'))")
    told = [note for note in export(project).notes if "is given `catalog` as it is here" in note.text]
    assert [(note.cell, note.line) for note in told] == [(2, 1)]
