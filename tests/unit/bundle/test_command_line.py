"""``dex bundle validate`` as a person types it, and as a program reads it; also where dex did not make the bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASE = Path(__file__).with_name("base")
FINDING = {"severity", "code", "message", "file", "line", "column"}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle without a configuration of dex, with one error and one warning."""
    folder = Path(shutil.copytree(BASE, tmp_path_factory.mktemp("foreign") / "bundle"))
    path = folder / "resources/tables.yml"
    path.write_text(path.read_text().replace("schema_name: ${resources", "schema_nmae: ${resources", 1))
    path = folder / "databricks.yml"
    path.write_text(path.read_text().replace("/Workspace/deployed", "/Workspace/Shared"))
    return folder


def dex(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dex", "bundle", "validate", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def test_json_is_one_document_with_every_finding_and_the_exit_code_tells_of_errors(faulty: Path) -> None:
    done = dex("--json", cwd=faulty / "resources")  # found upward from there
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert set(told) == {"ok", "findings"}
    assert told["ok"] is False
    assert all(set(finding) == FINDING for finding in told["findings"])
    assert [(f["severity"], f["code"], f["file"]) for f in told["findings"]] == [
        ("warning", "DEX-BUNDLE-36", "databricks.yml"),
        ("error", "DEX-BUNDLE-06", "resources/tables.yml"),
    ]
    assert (told["findings"][1]["line"], told["findings"][1]["column"]) == (17, 7)


def test_text_is_a_line_for_each_finding(faulty: Path, tmp_path: Path) -> None:
    done = dex("--project", faulty, cwd=tmp_path)
    assert done.returncode == 1
    warning, unknown, last = done.stdout.splitlines()
    assert warning.startswith("databricks.yml:47:7: warning DEX-BUNDLE-36: ")
    assert unknown.startswith("resources/tables.yml:17:7: error DEX-BUNDLE-06: `schema_nmae` is not a key of a volume.")
    assert last == "not ok"


def test_a_sound_bundle_is_ok(tmp_path: Path) -> None:
    done = dex("--json", "--project", BASE, cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True, "findings": []})


def test_a_folder_without_a_bundle_is_a_finding_and_no_other_bundle_is_taken_for_it(
    tmp_path: Path, faulty: Path
) -> None:
    empty = faulty / "empty"
    empty.mkdir()
    done = dex("--json", "--project", empty, cwd=tmp_path)
    assert done.returncode == 1
    assert [f["code"] for f in json.loads(done.stdout)["findings"]] == ["DEX-BUNDLE-01"]
