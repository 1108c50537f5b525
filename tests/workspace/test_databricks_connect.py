"""`engine: databricks` through the vendor's unmodified client, against a stand-in workspace in front of a real engine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_fixture import engine_project
from stand_in_workspace import CLUSTER, TOKEN, FullWorkspace, full_workspace
from support import ROOT, find_python, make_venv, run

#: The newest client that each Python can have; newer pyarrow and pandas are its own trap, see `dex doctor`.
CLIENT = (
    "databricks-connect==17.3.15; python_version == '3.12'",
    "databricks-connect==16.1.7; python_version < '3.12'",
    "pyarrow<22",
    "pandas<3",
)
#: What dexkit needs to bind a session; dexkit itself comes from the checkout.
NEEDS = ("sqlglot", "filelock", "platformdirs", "psutil", "ipython")
#: The runtime that a cluster of the same version would have.
RUNTIME = "16.4.x-scala2.12" if sys.version_info < (3, 12) else "17.3.x-scala2.13"


@pytest.fixture(scope="module")
def connect_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with databricks-connect, where no other Spark is."""
    folder = tmp_path_factory.mktemp("connect")
    python = Path(sys.executable) if sys.version_info < (3, 13) else find_python("3.12")  # there is none for later ones
    return make_venv(folder / "venv", python, *CLIENT, *NEEDS, ROOT / "dbutils_lib")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullWorkspace]:
    from dex.engines import engine_for
    from dex_dbutils import load_environment

    folder = tmp_path_factory.mktemp("workspace")
    catalogs = {name: f"kind: local\nengine: {{type: sail}}\ncatalog: flights_{name}\n" for name in ("dev", "prod")}
    with engine_project(folder / "engine", **catalogs):
        url = engine_for(load_environment("local")).status().url
        assert url is not None
        with full_workspace(folder, url.removeprefix("sc://").partition("/")[0]) as made:
            made.rest.spark_version = RUNTIME
            made.rest.add_volume("flights_dev.raw.files")
            made.rest.secrets["flights"] = {"token": "hunter2"}
            yield made


@pytest.fixture(scope="module")
def told(workspace: FullWorkspace, connect_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the walk reported."""
    project = tmp_path_factory.mktemp("flights")
    (project / "config").mkdir()
    engine = f"engine: {{type: databricks, host: '{workspace.url}', cluster_id: {CLUSTER}}}\n"
    files = {
        "base": "project: {name: flights, package: flights_etl}\n",
        "dev": f"{engine}catalog: flights_dev\n",
        "prod": f"{engine}catalog: flights_prod\n",
        "strange": f"{engine}catalog: strange\n",
        "implied": "engine: {type: databricks}\ncatalog: flights_dev\n",  # where it is says the person's own set-up
    }
    for name, text in files.items():
        (project / f"config/{name}.yaml").write_text(text)
    root = str(workspace.root_of_trust)
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("DEX_", "SPARK_", "DATABRICKS_"))}
    env = {
        **keep,
        "HOME": str(project),
        "DATABRICKS_TOKEN": TOKEN,
        "DATABRICKS_HOST": workspace.url,
        "DATABRICKS_CLUSTER_ID": CLUSTER,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": root,
        "REQUESTS_CA_BUNDLE": root,
        "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("kernel_magics", "agents")),
    }
    script = Path(__file__).with_name("walk_with_databricks_connect.py")
    run([connect_python, script, project, project / "tables", project / "told.json"], cwd=project, env=env, timeout=300)
    found: dict[str, Any] = json.loads((project / "told.json").read_text())
    return found


def test_a_session_is_bound_and_answers(told: dict[str, Any]) -> None:
    assert told["environment"] == "dev"
    assert told["client"].startswith("pyspark.sql.connect")
    assert told["rows"] == 5
    assert told["sql"] == [{"x": 1}]


def test_the_own_catalog_is_written(told: dict[str, Any]) -> None:
    assert told["written"] == 3


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("other catalog", "DEX-GUARD-03"),
        ("other catalog by frame", "DEX-GUARD-03"),
        ("short name", "DEX-GUARD-04"),
        ("not understood", "DEX-GUARD-04"),
        ("prod", "DEX-GUARD-02"),
        ("prod, wrong name", "DEX-GUARD-08"),
    ],
)
def test_the_guard_stands_before_the_workspace_too(told: dict[str, Any], what: str, code: str) -> None:
    assert told["refused"][what] == code


def test_nothing_that_was_refused_ever_arrived(told: dict[str, Any], workspace: FullWorkspace) -> None:
    plans = [data for method, data in workspace.plans if method in {"ExecutePlan", "AnalyzePlan"}]
    # every request also carries the lines of the script that it comes from: look at the names in the plan alone
    assert [data for data in plans if b"flights_prod.silver.theirs" in data] == []
    assert [data for data in plans if b"flights_dev.silver.mine" in data] != []


def test_production_is_read(told: dict[str, Any]) -> None:
    assert told["prod reads"] == 2


def test_files_and_secrets_are_the_workspaces(told: dict[str, Any], workspace: FullWorkspace) -> None:
    assert told["secret"] == [True, "'[REDACTED]'"]
    assert workspace.rest.files["/Volumes/flights_dev/raw/files/a.txt"] == b"from here"


def test_a_token_that_the_workspace_does_not_take_leaves_what_was_bound(told: dict[str, Any]) -> None:
    assert told["refused"]["wrong token"] == "DEX-SESSION-04"
    assert told["still bound"] == "prod"


def test_names_of_databricks_in_a_notebook_are_in_no_sessions_way(told: dict[str, Any]) -> None:
    assert told["in a notebook"] == {"dev": 2, "implied": 2, "warnings": [], "kept": True, "asked by the person": True}
