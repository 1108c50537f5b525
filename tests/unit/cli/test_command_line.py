"""What `dex` answers, without an engine: help, wrong use, configuration that cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def dex(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "120"}
    return subprocess.run(
        [sys.executable, "-m", "dex", *words], cwd=cwd, capture_output=True, text=True, check=False, env=env
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n")
    (tmp_path / "config/prod.yaml").write_text("kind: production\nengine: {type: databricks}\ncatalog: flights_prod\n")
    return tmp_path


@pytest.mark.parametrize("verb", ["doctor", "env", "engine", "run", "profile", "agent", "export", "runs", "bundle"])
def test_every_verb_has_help(verb: str, tmp_path: Path) -> None:
    done = dex(verb, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_version_is_told_without_a_verb(tmp_path: Path) -> None:
    done = dex("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout[:6]) == (0, "dex 0.")


def test_wrong_use_ends_with_2_and_names_the_option(tmp_path: Path) -> None:
    done = dex("env", "--jsn", cwd=tmp_path)
    assert done.returncode == 2
    assert "--jsn" in done.stderr


def test_environments_are_listed_with_their_guard(project: Path) -> None:
    document = json.loads(dex("env", "--json", "--project", str(project), cwd=Path("/")).stdout)
    found = {row["name"]: row for row in document["environments"]}
    assert document["project"] == "flights"
    assert found["local"]["engine"] == "sail"
    assert found["prod"]["writes"] == "confirm"


def test_an_unknown_environment_names_the_known_ones(project: Path) -> None:
    done = dex("env", "stage", cwd=project)
    assert done.returncode == 2
    assert "DEX-CONFIG" in done.stderr
    assert "local" in done.stderr
    assert "prod" in done.stderr


def test_with_json_an_error_is_the_document(project: Path) -> None:
    (project / "config/prod.yaml").write_text("kind: production\nengin: {type: databricks}\n")
    done = dex("env", "prod", "--json", cwd=project)
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 2
    assert error["where"]["line"] == 2
    assert error["where"]["key"] == "engin"
    assert "engine" in error["remedy"]


def test_an_environment_that_cannot_be_used_does_not_hide_the_others(project: Path) -> None:
    (project / "config/prod.yaml").write_text("kind: [\n")
    done = dex("env", cwd=project)
    assert done.returncode == 0
    assert "cannot be used" in done.stdout
    assert "sail" in done.stdout
