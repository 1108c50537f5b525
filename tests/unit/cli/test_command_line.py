"""What `dex` answers, without an engine: help, wrong use, configuration that cannot be used."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import typer
from dex.cli.app import app


def dex(*words: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "120", **more}
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


def commands(group: Any, above: str = "dex") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{above} {name}")
        else:
            yield f"{above} {name}", command


def test_every_command_says_what_it_does_and_the_examples_are_commands() -> None:
    every = dict(commands(typer.main.get_group(app)))
    assert {"dex job run", "dex bundle emit", "dex workspace fake"} <= {n for n, c in every.items() if c.epilog}
    for name, command in every.items():
        assert command.help, name
        for example in re.findall(r"`(.+)`", command.epilog or ""):
            words = shlex.split(example)
            own = len(name.split())
            assert words[:own] == name.split()
            command.make_context(name, words[own:])  # raises for what it does not take


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


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_neither_a_result_nor_an_error_shows_a_secret(more: tuple[str, ...], project: Path) -> None:
    (project / "databricks.yml").write_text("bundle: {name: flights}\nhunter2-hunter2: {}\n")
    told = dex("bundle", "validate", *more, cwd=project, DEX_SECRET_DB_PASSWORD="hunter2-hunter2")
    wrong = dex("env", "hunter2-hunter2", *more, cwd=project, DEX_SECRET_DB_PASSWORD="hunter2-hunter2")
    assert (told.returncode, wrong.returncode) == (1, 2)
    assert "`[DEX_SECRET_DB_PASSWORD]` is not a key" in told.stdout
    assert "hunter2" not in told.stdout + told.stderr + wrong.stdout + wrong.stderr
    assert "There is no environment '[DEX_SECRET_DB_PASSWORD]'" in wrong.stdout + wrong.stderr


def test_a_defect_shows_its_traceback_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dex.cli import main

    def broken(_: object) -> None:
        raise RuntimeError("hunter2-hunter2")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEX_SECRET_DB_PASSWORD", "hunter2-hunter2")
    monkeypatch.setattr("dex.doctor.run_doctor", broken)
    assert main(["doctor"]) == 3
    told = capsys.readouterr().err
    assert "RuntimeError: [DEX_SECRET_DB_PASSWORD]" in told
    assert "hunter2" not in told


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


def test_a_broken_default_environment_is_told_with_its_code_and_ends_with_2(project: Path) -> None:
    (project / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\nengin: {type: sail}\n")
    done = dex("env", cwd=project)
    assert done.returncode == 2
    assert "cannot be used" in done.stdout
    assert done.stdout.count("DEX-CONFIG-") == 1
    assert "engin" in done.stdout
    told = dex("env", "--json", cwd=project)
    assert told.returncode == 2
    assert {row["error"]["code"][:11] for row in json.loads(told.stdout)["environments"]} == {"DEX-CONFIG-"}


def test_what_is_wrong_with_an_environment_stands_below_the_list(project: Path) -> None:
    (project / "config/prod.yaml").write_text("kind: [\n")
    done = dex("env", cwd=project)
    assert done.returncode == 0
    assert "DEX-CONFIG-" in done.stdout
    assert "prod.yaml" in done.stdout


@pytest.mark.parametrize(
    ("words", "helps"),
    [
        (("env", "--jsn"), "dex env"),
        (("profile",), "dex profile"),
        (("nosuch",), "dex"),
        (("runs", "--limit", "0"), "dex runs"),
        (("job", "show", "none"), "dex job show"),
    ],
)
def test_with_json_wrong_use_is_the_document_too(words: tuple[str, ...], helps: str, tmp_path: Path) -> None:
    done = dex(*words, "--json", cwd=tmp_path)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (2, "DEX-CLI-02")
    assert error["what"]
    assert error["remedy"] == f"See {helps} --help."


@pytest.mark.parametrize(
    ("raised", "exit_code", "code"), [(KeyboardInterrupt(), 130, "DEX-CLI-03"), (KeyError("x"), 3, "DEX-CLI-04")]
)
def test_an_interrupt_and_a_defect_have_an_exit_code_and_a_document(
    raised: BaseException,
    exit_code: int,
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from dex.cli import main

    def broken(_: object) -> None:
        raise raised

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dex.doctor.run_doctor", broken)
    assert main(["doctor", "--json"]) == exit_code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["code"] == code
    assert ("Traceback" in printed.err) is (exit_code == 3)
    assert main(["doctor"]) == exit_code
    assert "Traceback" not in capsys.readouterr().out


def test_runs_are_listed_on_the_clock_of_the_machine(project: Path) -> None:
    from dex_agents import Ledger
    from dex_dbutils.config import find_project

    Ledger(find_project(project)).record(kind="run", environment="local", status="succeeded", summary="n.ipynb")
    done = dex("runs", cwd=project, TZ="Etc/GMT+5")
    (started,) = [run["started"] for run in json.loads(dex("runs", "--json", cwd=project).stdout)]
    local = datetime.fromisoformat(started.replace("Z", "+00:00")).astimezone(timezone(timedelta(hours=-5)))
    assert f"{local:%Y-%m-%d %H:%M:%S}  run" in done.stdout
