"""What the doctor tells about machines and projects that lack something."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from dex.doctor import DoctorCheck, DoctorReport, run_doctor
from dex_dbutils.config import find_project

BASE = "project: {name: flights, package: flights_etl}\n"


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DoctorReport]:
    """Return a doctor for a project of these environments."""
    monkeypatch.chdir(tmp_path)
    for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)

    def look(**environments: str) -> DoctorReport:
        (tmp_path / "config").mkdir(exist_ok=True)
        for name, text in {"base": BASE, **environments}.items():
            (tmp_path / f"config/{name}.yaml").write_text(text)
        return run_doctor(find_project(tmp_path))

    return look


def named(report: DoctorReport, name: str) -> DoctorCheck:
    (check,) = [check for check in report.checks if check.name == name]
    return check


def install(site: Path, name: str, version: str) -> None:
    """Make a distribution of that name and version, as an installer leaves it."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_every_finding_says_what_and_a_bad_one_what_to_do(examine: Callable[..., DoctorReport]) -> None:
    report = examine(dev="engine: {type: databricks}\n", lab="nope: 1\n")
    assert {check.status for check in report.checks} <= {"passed", "failed", "warning", "not run"}
    assert [c.name for c in report.checks if not c.detail] == []
    assert [c.name for c in report.checks if c.status in {"failed", "warning"} and not c.remedy] == []


def test_a_broken_environment_fails_with_its_place_and_the_others_are_still_looked_at(
    examine: Callable[..., DoctorReport],
) -> None:
    report = examine(lab="engin: {type: sail}\n", prod="catalog: flights_prod\n")
    lab = named(report, "environment lab")
    assert lab.status == "failed"
    assert "DEX-CONFIG-05" in lab.detail
    assert "lab.yaml, line 1" in lab.detail
    assert named(report, "environment prod").status == "passed"
    assert "writes confirm" in named(report, "environment prod").detail
    assert not report.ok


def test_outside_of_a_project_local_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = run_doctor(find_project(tmp_path))
    assert named(report, "project").status == "warning"
    assert named(report, "environment local").status == "passed"
    assert named(report, "git").status == "not run"


def test_an_engine_that_is_not_installed_yet_is_told_and_nothing_is_made(
    examine: Callable[..., DoctorReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEX_CACHE_DIR", str(tmp_path / "cache"))
    report = examine()
    engine = named(report, "engine sail")
    assert engine.status == "warning"
    assert engine.remedy == "dex engine install"
    assert named(report, "cache").status == "passed"
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / ".dex").exists()


def test_a_cache_that_cannot_be_made_fails(
    examine: Callable[..., DoctorReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DEX_CACHE_DIR", str(tmp_path / "file/cache"))
    assert named(examine(), "cache").status == "failed"


def test_a_spark_connect_server_that_is_not_there_fails(
    examine: Callable[..., DoctorReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAL_TOKEN", "hunter2")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    report = examine(lab=f"engine: {{type: connect, url: 'sc://127.0.0.1:{port}/;token=${{env:TRIAL_TOKEN}}'}}\n")
    assert named(report, "engine connect").status == "failed"
    assert "hunter2" not in report.model_dump_json()


@pytest.mark.parametrize(
    ("installed", "word"),
    [
        ({"databricks-connect": "16.1.7"}, "both bring"),
        ({"pyspark": "4.2.0"}, "overwrite"),
        ({"databricks-connect": "16.1.7", "pyarrow": "26.0.0"}, "cannot use pyarrow"),
        ({"databricks-cli": "0.18.0"}, "old client"),
        ({"dex-dbutils": "9.9.0"}, "do not belong together"),
    ],
)
def test_packages_that_get_into_each_others_way_are_told(
    examine: Callable[..., DoctorReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: dict[str, str],
    word: str,
) -> None:
    for name, version in installed.items():
        install(tmp_path / "site", name, version)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    found = [check for check in examine().checks if check.name == "packages"]
    assert any(word in check.detail and check.status in {"failed", "warning"} for check in found)


def test_java_fails_only_where_an_engine_needs_it(
    examine: Callable[..., DoctorReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert named(examine(), "Java").status == "passed"
    java = named(examine(lab="engine: {type: spark}\n"), "Java")
    assert (java.status, "lab" in java.detail) == ("failed", True)
    command = tmp_path / "bin/java"
    command.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_362\"' >&2\n")
    command.chmod(0o755)
    assert named(examine(), "Java").detail.startswith("Java 8")
    assert named(examine(), "Java").status == "failed"
    command.write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\" 2023-10-17' >&2\n")
    assert named(examine(), "Java").status == "passed"


def git(folder: Path, *words: str) -> None:
    command = shutil.which("git")
    if command is None:
        pytest.skip("git is not on this machine")
    subprocess.run([command, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("ignore", "status"),
    [("", "warning"), (".dex/\n", "warning"), (".dex/*\n!.dex/map/\n", "passed")],
    ids=["nothing ignored", "maps ignored too", "right"],
)
def test_git_must_leave_tables_alone_and_keep_maps(
    examine: Callable[..., DoctorReport], tmp_path: Path, ignore: str, status: str
) -> None:
    assert named(examine(), "git").status == "not run"
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text(ignore)
    assert named(examine(), "git").status == status


def test_a_file_of_secrets_must_be_private(examine: Callable[..., DoctorReport], tmp_path: Path) -> None:
    file = tmp_path / ".dex/secrets.yaml"
    file.parent.mkdir()
    file.write_text("scope: {key: hunter2}\n")
    file.chmod(0o644)
    assert named(examine(), "secrets").status == "failed"
    file.chmod(0o600)
    assert named(examine(), "secrets").status == "passed"
    git(tmp_path, "init", "-q")
    assert named(examine(), "secrets").status == "failed"
    (tmp_path / ".gitignore").write_text(".dex/\n")
    report = examine()
    assert named(report, "secrets").status == "passed"
    assert "hunter2" not in report.model_dump_json()


def test_a_server_extension_that_is_switched_off_fails(
    examine: Callable[..., DoctorReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/jupyter_server_config.json").write_text(
        json.dumps({"ServerApp": {"jpserver_extensions": {"dex_server": False}}})
    )
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "etc"))
    server = named(examine(), "server extension")
    assert server.status == "failed"
    assert server.remedy == "jupyter server extension enable dex_server"


def test_a_panel_of_another_version_is_told(
    examine: Callable[..., DoctorReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "share/labextensions/@dexkit/jupyterlab/package.json"
    package.parent.mkdir(parents=True)
    package.write_text('{"version": "9.9.9"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    assert named(examine(), "panel").status == "warning"
    package.write_text("{")
    assert named(examine(), "panel").status == "failed"


def test_a_panel_that_is_not_built_is_no_failure_of_a_checkout(
    examine: Callable[..., DoctorReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "prefix"))
    install(tmp_path / "site", "dexkit", "0.1.0")
    monkeypatch.syspath_prepend(tmp_path / "site")
    panel = named(examine(), "panel")
    assert (panel.status, panel.remedy) == ("failed", "pip install --force-reinstall --no-deps dexkit")
    origin = tmp_path / "site/dexkit-0.1.0.dist-info/direct_url.json"
    origin.write_text('{"url": "file:///src", "dir_info": {"editable": true}}')
    panel = named(examine(), "panel")
    assert (panel.status, panel.remedy) == ("warning", "python3 dev.py lab")


def test_a_check_that_breaks_has_not_passed(
    examine: Callable[..., DoctorReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name != "posix":
        pytest.skip("needs a POSIX shell")
    bad = tmp_path / "bin/git"
    bad.parent.mkdir()
    bad.write_text("not a program")
    bad.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    git_check = named(examine(), "git")
    assert git_check.status == "not run"


def test_dex_doctor_ends_with_1_where_something_must_be_mended(
    examine: Callable[..., DoctorReport], capsys: pytest.CaptureFixture[str]
) -> None:
    from dex.cli import main

    examine(lab="nope: 1\n")
    assert main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in told["checks"] if c["status"] == "failed"] == ["environment lab"]
