"""Which engine a session goes to, before any is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dex_dbutils import EngineError, load_environment
from dex_dbutils.session import add_interceptor
from dex_dbutils.session import interceptors as registry
from dex_dbutils.session.interrupt import call_within, within
from dex_dbutils.session.lookup import is_loopback, registered_engine, way_to
from engine_fixture import make_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(
        tmp_path / "trial",
        dev="kind: development\nengine: {type: connect, url: 'sc://example.test:15002'}\ncatalog: dev\n",
        prod="kind: production\nengine: {type: databricks, profile: PROD}\ncatalog: prod\n",
        inside="kind: development\nengine: {type: runtime}\ncatalog: dev\n",
    )


def test_each_type_has_its_way(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)
    ways = {name: way_to(load_environment(name, start=project)) for name in ("local", "dev", "prod", "inside")}
    assert {name: (way.kind, way.local) for name, way in ways.items()} == {
        "local": ("connect", True),
        "dev": ("connect", False),
        "prod": ("databricks", False),
        "inside": ("runtime", False),
    }
    assert ways["dev"].attach is not None
    assert ways["dev"].attach() == "sc://example.test:15002"
    assert registered_engine("sail") is not None
    assert registered_engine("no such engine") is None


def test_inside_databricks_the_runtime_answers_for_every_environment(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "18.x-aarch64-photon-scala2.13")
    assert {way_to(load_environment(name, start=project)).kind for name in ("local", "dev", "prod")} == {"runtime"}


def test_spark_remote_stands_in_only_for_a_local_engine_that_nobody_registered(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dex_dbutils.session.lookup.registered_engine", lambda _: None)
    local, prod = load_environment("local", start=project), load_environment("prod", start=project)
    with pytest.raises(EngineError, match="DEX-SESSION-01") as caught:
        way_to(local)
    assert "SPARK_REMOTE" in str(caught.value)

    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:15002")
    way = way_to(local)
    assert way.attach is not None
    assert (way.attach(), way.local) == ("sc://127.0.0.1:15002", True)
    monkeypatch.setenv("SPARK_REMOTE", "sc://far.example.test:443/;use_ssl=true")
    assert not way_to(local).local  # its tables are not on this machine
    assert way_to(prod).kind == "databricks"
    monkeypatch.undo()
    monkeypatch.setenv("SPARK_REMOTE", "sc://far.example.test:443")
    way = way_to(local)
    assert way.local  # an engine of the project's own goes before an address that an editor left behind


def test_databricks_without_its_client_says_what_to_install(project: Path) -> None:
    from dex_dbutils import get_session

    with pytest.raises(EngineError) as caught:
        get_session(load_environment("prod", start=project))
    assert caught.value.code == "DEX-SESSION-03"
    assert "dexkit[databricks]" in str(caught.value)


def test_a_factory_registered_twice_is_called_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_factories", [])
    made: list[str] = []

    def factory(environment: object) -> object:
        made.append("one")
        return object()

    add_interceptor(factory)
    add_interceptor(factory)
    assert len(registry.interceptors_for(load_environment("local", start=project))) == 1
    assert made == ["one"]


def test_a_call_that_hangs_is_left_behind() -> None:
    import threading

    forever = threading.Event()
    assert not within(0.1, forever.wait)
    assert within(5, lambda: None)
    assert not within(5, lambda: 1 / 0)
    with pytest.raises(TimeoutError):
        call_within(0.1, forever.wait)
    with pytest.raises(ZeroDivisionError):
        call_within(5, lambda: 1 / 0)
    forever.set()


def test_loopback_addresses_are_known() -> None:
    assert is_loopback("sc://127.0.0.1:1")
    assert is_loopback("sc://localhost")
    assert not is_loopback("sc://10.0.0.1:15002")


def test_the_client_can_be_imported_by_python_minus_c() -> None:
    code = "from dex_dbutils.session import import_client; import_client(); print('there')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "there\n"
    assert done.stderr == ""


def test_an_engine_type_that_dex_does_not_start_says_how_to_attach_one(tmp_path: Path) -> None:
    project = make_project(tmp_path / "trial", exact="kind: local\nengine: {type: spark}\ncatalog: exact\n")
    with pytest.raises(EngineError, match="DEX-SESSION-01") as caught:
        way_to(load_environment("exact", start=project))
    assert "type: connect" in str(caught.value)
