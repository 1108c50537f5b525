"""What a kernel holds, put together."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from dex import session
from dex.status import frame_names, snapshot
from dex_dbutils import Session, load_environment


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n")
    (tmp_path / "config/prod.yaml").write_text(
        "kind: production\nengine: {type: connect, url: '${env:PROD_URL}'}\ncatalog: main\nguard: {catalogs: [main]}\n"
    )
    monkeypatch.setenv("PROD_URL", "sc://prod.example:443/;token=hunter2")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_unbound_kernel_shows_the_environments_of_its_project(project: Path) -> None:
    now = snapshot({})
    assert (now.project, now.environment, now.engine) == ("flights", None, None)
    assert [(each.name, each.kind, each.writes) for each in now.environments] == [
        ("local", "local", "allow"),
        ("prod", "production", "confirm"),
    ]
    assert now.session.state == "none"
    assert now.problems == []


def test_an_environment_that_cannot_be_used_is_listed_with_the_reason(project: Path) -> None:
    (project / "config/dev.yaml").write_text("engin: {type: sail}\n")
    dev = next(each for each in snapshot({}).environments if each.name == "dev")
    assert dev.kind is None
    assert dev.problem is not None
    assert dev.problem.startswith("DEX-CONFIG-")


def test_a_changed_file_is_seen_and_an_unchanged_one_is_not_read_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot({})
    monkeypatch.setattr("dex.status.load_environment", lambda *_, **__: pytest.fail("read again"))
    assert [each.name for each in snapshot({}).environments] == ["local", "prod"]
    monkeypatch.undo()
    monkeypatch.chdir(project)
    (project / "config/stage.yaml").write_text("kind: development\n")
    assert [each.name for each in snapshot({}).environments] == ["local", "prod", "stage"]


def test_outside_of_a_project_there_is_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    now = snapshot({})
    assert now.project is None
    assert [each.name for each in now.environments] == ["local"]


def test_a_broken_project_is_a_problem_and_not_an_exception(project: Path) -> None:
    (project / "config/base.yaml").write_text("project: [\n")
    now = snapshot({})
    assert any(problem.code is not None and problem.code.startswith("DEX-CONFIG-") for problem in now.problems)


def test_no_secret_of_an_address_reaches_the_page(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = load_environment("prod")
    monkeypatch.setattr(session._binder, "_session", Session(spark=None, environment=environment))  # type: ignore[arg-type]
    now = snapshot({})
    assert now.environment is not None
    assert now.engine is not None
    assert now.engine.address == "sc://prod.example:443/"
    assert "hunter2" not in now.model_dump_json()


def test_tables_in_a_workspace_are_not_listed_behind_the_persons_back(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = load_environment("prod")
    monkeypatch.setattr(session._binder, "_session", Session(spark=None, environment=environment))  # type: ignore[arg-type]
    layers = snapshot({}).catalog
    assert [layer.name for layer in layers] == ["bronze", "silver", "gold"]
    assert not any(layer.listed for layer in layers)
    assert layers[0].schema_name == "main.bronze"


def test_frames_are_told_by_their_type_and_never_looked_into() -> None:
    class Explodes:
        def __getattr__(self, name: str) -> None:
            raise AssertionError(f"looked at {name}")

    classic = type("DataFrame", (Explodes,), {"__module__": "pyspark.sql.classic.dataframe"})
    connect = type("DataFrame", (Explodes,), {"__module__": "pyspark.sql.connect.dataframe"})
    pandas = type("DataFrame", (Explodes,), {"__module__": "pandas.core.frame"})
    names = {"b": connect(), "a": classic(), "p": pandas(), "_": connect(), "_12": classic(), "x": Explodes(), "n": 1}
    assert frame_names(names) == ["a", "b"]


def test_one_part_that_fails_leaves_the_others(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ledger:
        def __init__(self, _: object) -> None:
            raise OSError("the disk is gone")

    import dex_agents

    monkeypatch.setattr(dex_agents, "Ledger", Ledger)
    now = snapshot({})
    assert [(problem.part, problem.message) for problem in now.problems] == [("runs", "OSError: the disk is gone")]
    assert len(now.environments) == 2


def test_the_profile_shows_counts_as_people_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from dex.status import _profile_view

    column = SimpleNamespace(
        name="tailnum", type="string", nulls=2512, distinct=4043, distinct_exact=False, min="D942DN", max="x" * 90
    )
    exact = SimpleNamespace(name="n", type="double", nulls=0, distinct=3, distinct_exact=True, min=1 / 3, max=None)
    view = _profile_view(SimpleNamespace(name="flights", rows=336776, columns=[column, exact]))  # type: ignore[arg-type]
    assert [c.distinct for c in view.columns] == ["about 4,043", "3"]
    assert view.columns[0].maximum == "x" * 39 + "…"
    assert (view.columns[1].minimum, view.columns[1].maximum) == ("0.333333", None)


def test_opening_the_bridge_outside_of_a_kernel_does_nothing() -> None:
    from dex.magics.bridge import bridge, open_bridge

    open_bridge(SimpleNamespace())  # type: ignore[arg-type]  # a plain IPython has no kernel
    assert bridge() is None
    assert "ipykernel.comm" not in sys.modules or bridge() is None
