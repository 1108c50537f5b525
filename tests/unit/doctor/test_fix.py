"""`dex doctor --fix`: what it writes, what it leaves as it was, and how it is taken back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dex.cli import main
from dex.doctor import DoctorError, FixReport, fix_settings, run_doctor
from dex.doctor.linters import AGENT
from dex.magics import MAGICS
from dex_dbutils.config import find_project

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAIN = """\
# ours
[project]
name = "flights"  # the wheel

[tool.ruff]
builtins = [
  "spark",  # the session
]
line-length = 100

[tool.mypy]
strict = true

[tool.ruff.lint]
select = ["E", "F"]
"""
Fix = Callable[..., FixReport]


@pytest.fixture
def fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fix:
    """Return `fix_settings` for a project of these files."""
    root = tmp_path / "above" / "flights"

    def run(*, check: bool = False, **files: str | bytes) -> FixReport:
        (root / "config").mkdir(parents=True, exist_ok=True)
        (root / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n")
        for name, text in files.items():
            path = root / name.replace("__", ".")
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        monkeypatch.chdir(root)
        return fix_settings(find_project(root), check=check)

    return run


def values(path: Path | str = "pyproject.toml") -> dict[str, object]:
    found: dict[str, object] = tomllib.loads(Path(path).read_text("utf-8"))
    return found


def test_comments_order_and_what_was_set_stay(fix: Fix) -> None:
    fix(pyproject__toml=PLAIN)
    lines = Path("pyproject.toml").read_text().splitlines()
    assert [line for line in PLAIN.splitlines() if line not in lines] == []
    ruff = values()["tool"]["ruff"]  # type: ignore[index]
    assert ruff["builtins"][:3] == ["spark", "dbutils", "display"]
    assert (ruff["line-length"], ruff["lint"]["select"]) == (100, ["E", "F"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN.replace("\n", "\r\n"),
        "tool.ruff.line-length = 100\n",
        '[tool]\nruff = {lint = {select = ["E"]}}\n',
        '[tool.ruff]\nper-file-ignores = {"*.ipynb" = ["E402", "T201"]}\n',
        '[tool.nbqa.addopts]\nruff = ["--extend-ignore=E501"]\n',
        '[tool.nbqa.process_cells]\nblack = ["agent", "writefile"]\n[tool.black]\npython-cell-magics = ["agent"]\n',
        '[tool.jupytext]\nformats = "ipynb,py:percent"\n',
    ],
    ids=["empty", "plain", "no last newline", "CRLF", "dotted", "inline", "old", "nbqa", "agent as Python", "jupytext"],
)
def test_it_is_written_once_and_git_takes_it_back_byte_for_byte(fix: Fix, text: str) -> None:
    report = fix(pyproject__toml=text)
    assert report.written
    after = Path("pyproject.toml").read_bytes()
    tool = values()["tool"]
    assert {"E402", "B018", "F401"} <= set(
        (tool["ruff"].get("per-file-ignores") or tool["ruff"]["lint"]["per-file-ignores"])["*.ipynb"]  # type: ignore[index]
    )
    assert "agent" not in json.dumps([tool["nbqa"].get("process_cells"), tool.get("black")])  # type: ignore[index,attr-defined]
    assert fix().changes == []
    assert Path("pyproject.toml").read_bytes() == after
    subprocess.run(["git", "init", "-q"], check=True)
    diff = "".join(change.diff for change in report.changes)
    subprocess.run(["git", "apply", "-R", "-"], input=diff.encode(), check=True)
    assert Path("pyproject.toml").read_bytes() == text.encode()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"[tool.ruff\n", "line 1"),
        (b"\xff\xfe", "utf-8"),
        (b'[tool.ruff]\nbuiltins = "spark"\n', "builtins is no list"),
        (b"[tool]\nruff = 1\n", "tool.ruff is no table"),
        (b'[tool.nbqa.process_cells]\nblack = "agent"\n', "black is no list"),
    ],
    ids=["no TOML", "no UTF-8", "no list", "no table", "no list of magics"],
)
def test_a_file_that_cannot_take_them_is_named_and_none_is_touched(fix: Fix, text: bytes, word: str) -> None:
    with pytest.raises(DoctorError, match="cannot take") as caught:
        fix(pyproject__toml=text, jupytext__toml='formats = "ipynb,py"\n')
    assert caught.value.code == "DEX-DOCTOR-01"
    assert word in caught.value.what
    assert str(caught.value.where).endswith("pyproject.toml")
    assert Path("pyproject.toml").read_bytes() == text
    assert Path("jupytext.toml").read_text() == 'formats = "ipynb,py"\n'


def test_without_a_pyproject_it_says_what_makes_one(fix: Fix) -> None:
    with pytest.raises(DoctorError) as caught:
        fix()
    assert (caught.value.code, "dex export" in str(caught.value)) == ("DEX-DOCTOR-02", True)
    assert not Path("pyproject.toml").exists()


def test_ruffs_own_file_is_the_one_that_ruff_reads(fix: Fix) -> None:
    report = fix(pyproject__toml="", ruff__toml="# ours\nline-length = 100\n", jupytext__toml='formats = "ipynb,py"\n')
    assert sorted(change.file for change in report.changes) == ["jupytext.toml", "pyproject.toml", "ruff.toml"]
    assert "ruff" not in values()["tool"]  # type: ignore[operator]
    assert values("ruff.toml")["lint"] == {"per-file-ignores": {"*.ipynb": ["E402", "B018", "F401"]}}
    assert values("jupytext.toml") == {"formats": "ipynb,py", "custom_language_magics": "agent"}


def test_settings_above_the_project_still_hold(fix: Fix, tmp_path: Path) -> None:
    (tmp_path / "above").mkdir()
    (tmp_path / "above/pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["T201"]\n')
    fix(pyproject__toml='[project]\nname = "flights"\n')
    Path("job.py").write_text("import os\nprint(spark)\n")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "job.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "T201" in done.stdout, done.stdout + done.stderr
    assert "F401" not in done.stdout


def test_nbstripout_is_told_of_and_not_when_it_keeps_ids_and_outputs(fix: Fix) -> None:
    hints = fix(pyproject__toml="", __gitattributes="*.ipynb filter=nbstripout\n").hints
    assert ["--keep-id" in hints[0], "--nbval-lax" in hints[1]] == [True, True]
    kept = "repos:\n- hooks: [{id: nbstripout, args: [--keep-id, --keep-output]}]\n"
    Path(".gitattributes").unlink()
    assert fix(**{"__pre-commit-config__yaml": kept}).hints == []


def test_the_doctor_shows_what_is_lacking_and_the_command_ends_it(fix: Fix, capsys: pytest.CaptureFixture[str]) -> None:
    fix(check=True, pyproject__toml="")

    def status() -> str:
        (check,) = [c for c in run_doctor(find_project()).checks if c.name == "ruff, nbqa, jupytext"]
        return check.status

    assert status() == "warning"
    assert main(["doctor", "--fix", "--check"]) == 1
    assert Path("pyproject.toml").read_bytes() == b""
    assert "Would write pyproject.toml." in capsys.readouterr().out
    assert main(["doctor", "--fix", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is True
    assert status() == "passed"
    assert main(["doctor", "--check"]) == 2


def test_every_cell_magic_of_dex_is_one_that_the_tools_are_told_of() -> None:
    assert [name for name, kind, _ in MAGICS if kind == "cell"] == [AGENT]
