"""Widgets and the tagged cell become typed fields, a job's parameters and options of the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dex.export import export_notebook
from dex_dbutils.config import find_project
from notebook_factory import code, load_module, project_folder, write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


def exported(project: Path, *cells: Any) -> dict[str, Any]:
    path = write_notebook(project / "notebooks/n.ipynb", *cells)
    export_notebook(path, find_project(project))
    return vars(load_module(project / "src/shop_etl/n.py"))


def job(project: Path) -> dict[str, Any]:
    return yaml.safe_load((project / "resources/n.job.yml").read_text())["resources"]["jobs"]["n"]  # type: ignore[no-any-return]


def test_the_tagged_cell_gives_typed_fields_with_defaults(project: Path) -> None:
    source = "year = 2013  # year of the flights\nrate = 0.5\nfull = False\nname = 'a'\ndays = [1, 2]\nnone = None"
    made = exported(
        project,
        code(source, tags=["parameters"]),
        "dbutils.notebook.exit((year, rate, full, name, days, none))",
    )
    fields = {name: str(f.type) for name, f in made["Params"].__dataclass_fields__.items()}
    assert {k: v.replace("<class '", "").replace("'>", "") for k, v in fields.items()} == {
        "env": "str",
        "year": "int",
        "rate": "float",
        "full": "bool",
        "name": "str",
        "days": "list",
        "none": "typing.Optional[str]",
    }
    assert made["main"](None, made["Params"]()) == (2013, 0.5, False, "a", [1, 2], None)
    assert made["main"](None, made["Params"](year=2014, days=[3])) == (2014, 0.5, False, "a", [3], None)
    assert "year: int = 2013  # year of the flights" in (project / "src/shop_etl/n.py").read_text("utf-8")


def test_a_computed_default_is_computed_when_the_job_runs(project: Path) -> None:
    made = exported(project, code("day = str(1 + 1)", tags=["parameters"]), "dbutils.notebook.exit(day)")
    assert made["main"](None, made["Params"]()) == "2"
    assert made["main"](None, made["Params"](day="7")) == "7"


def test_widgets_give_fields_and_their_values(project: Path) -> None:
    made = exported(
        project,
        "dbutils.widgets.text('start-date', '2013-01-01', 'Start')\n"
        "dbutils.widgets.dropdown('mode', 'full', ['full', 'delta'])\n"
        "dbutils.widgets.text('n', str(2 + 3))",
        "dbutils.notebook.exit((dbutils.widgets.get('start-date'), dbutils.widgets.get('mode'),"
        " int(dbutils.widgets.get('n')), getArgument('x', 'y')))",
    )
    assert made["main"](None, made["Params"]()) == ("2013-01-01", "full", 5, "y")
    assert made["main"](None, made["Params"](start_date="d", n="9")) == ("d", "full", 9, "y")
    assert [(p["name"], p["default"]) for p in job(project)["parameters"]] == [
        ("env", "${bundle.target}"),
        ("start-date", "2013-01-01"),
        ("mode", "full"),
        ("n", ""),
        ("x", "y"),
    ]


def test_a_widget_whose_default_stands_in_an_except_has_it(project: Path) -> None:
    made = exported(
        project,
        "try:\n    day = dbutils.widgets.get('day')\nexcept Exception:\n    day = 'today'",
        "dbutils.notebook.exit(day)",
    )
    assert made["main"](None, made["Params"]()) == "today"


def test_a_widget_without_any_default_must_be_given(project: Path) -> None:
    made = exported(project, "dbutils.notebook.exit(dbutils.widgets.get('day'))")
    with pytest.raises(TypeError, match="day"):
        made["Params"]()
    assert made["main"](None, made["Params"](day="x")) == "x"
    assert "main needs a value for day" in (project / "tests/test_n.py").read_text("utf-8")


@pytest.mark.parametrize("cell", ["dbutils.widgets.text('env', 'dev')\nenv = dbutils.widgets.get('env')", "tagged"])
def test_a_parameter_called_env_is_the_environment(cell: str, project: Path) -> None:
    first = code("env = 'dev'", tags=["parameters"]) if cell == "tagged" else cell
    made = exported(project, first, "dbutils.notebook.exit(env)")
    assert made["main"](None, made["Params"](env="lab")) == "lab"
    assert [p["name"] for p in job(project)["parameters"]] == ["env"]


@pytest.mark.parametrize("keys", [("class", "a b"), ("a-b", "a_b"), ("1st", "ü")])
def test_any_name_of_a_widget_is_a_field_of_its_own(keys: tuple[str, str], project: Path) -> None:
    made = exported(
        project,
        *(f"dbutils.widgets.text({key!r}, {number!r})" for number, key in zip("12", keys, strict=True)),
        f"dbutils.notebook.exit((dbutils.widgets.get({keys[0]!r}), dbutils.widgets.get({keys[1]!r})))",
    )
    assert made["main"](None, made["Params"]()) == ("1", "2")


def test_the_command_line_is_the_jobs_parameters(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "year = 2013\nfull = False\ndays = [1]\nnote = None"
    made = exported(project, code(source, tags=["parameters"]), "found = (year, full, days, note)")
    seen: list[Any] = []
    made["get_spark"] = lambda env: f"spark of {env}"
    made["main"] = lambda spark, params: seen.append((spark, params))
    given = {p["name"]: str(p["default"]) for p in job(project)["parameters"]}
    given.update(env="lab", year="2014", full="true", days="[2, 3]")
    task = job(project)["tasks"][0]["python_wheel_task"]
    words = [f"--{key}={given[key]}" for key in task["named_parameters"]]
    monkeypatch.setattr(sys, "argv", ["n", *words])
    made["run"]()
    spark, params = seen[0]
    assert spark == "spark of lab"
    assert (params.year, params.full, params.days, params.note) == (2014, True, [2, 3], None)


def test_a_task_runs_although_its_job_has_parameters_that_only_other_tasks_know(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exported(project, code("year = 2013", tags=["parameters"]), "found = year")
    seen: list[Any] = []
    made["get_spark"] = lambda env: env
    made["main"] = lambda spark, params: seen.append((spark, params.year))
    monkeypatch.setattr(sys, "argv", ["n", "--env=lab", "--day=2014-01-01", "--year=2014"])
    made["run"]()
    assert seen == [("lab", 2014)]


def test_a_job_that_misspells_true_is_refused_and_not_taken_for_false(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = exported(project, code("full = False", tags=["parameters"]), "dbutils.notebook.exit(full)")
    monkeypatch.setattr(sys, "argv", ["n", "--full", "Ture"])
    with pytest.raises(SystemExit):
        made["run"]()
    assert "neither true nor false" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cells", "type_", "default"),
    [
        (["dbutils.widgets.text('n', '100')\nx = int(dbutils.widgets.get('n'))"], "int", 100),
        (["dbutils.widgets.text('n', '0.5')\nx = 2 * float(getArgument('n'))"], "float", 0.5),
        (["dbutils.widgets.text('n', '')\nx = int(dbutils.widgets.get('n') or 1)"], "str", ""),
        (["dbutils.widgets.text('n', '007')\nx = int(dbutils.widgets.get('n'))"], "str", "007"),
        (["dbutils.widgets.text('n', '1')\nx = int(dbutils.widgets.get('n'))\ny = getArgument('n')"], "str", "1"),
        (
            ["dbutils.widgets.text('n', '1')\nx = int(dbutils.widgets.get('n'))\ny = dbutils.widgets.getAll()"],
            "str",
            "1",
        ),
        (
            ["dbutils.widgets.text('n', '1')\ntry:\n    x = int(getArgument('n'))\nexcept ValueError:\n    x = 2"],
            "str",
            "1",
        ),
        (["dbutils.widgets.text('n', '1')\nx = int(dbutils.widgets.get('n'))", "%sql\nselect ${n}"], "str", "1"),
    ],
)
def test_a_widget_that_is_always_read_as_a_number_is_one(
    cells: list[str], type_: str, default: Any, project: Path
) -> None:
    made = exported(project, *cells)
    assert made["Params"].__dataclass_fields__["n"].type in (type_, {"int": int, "float": float, "str": str}[type_])
    assert made["Params"]().n == default
    assert job(project)["parameters"][1] == {"name": "n", "default": str(default)}
