"""`pytest --nbval` with the plugin, on real kernels: what a reader of the notebook would call broken is red."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output


def text(value: str) -> dict[str, object]:
    return new_output("stream", name="stdout", text=value)


def display(value: str) -> dict[str, object]:
    return new_output("display_data", data={"text/plain": value})


def nbval(
    folder: Path,
    *cells: tuple[str, list[dict[str, object]], list[str]],
    plugin: bool = True,
    more: tuple[str, ...] = (),
) -> tuple[int, str]:
    """Test a notebook of (source, saved outputs, tags) and return pytest's exit code and report."""
    notebook = new_notebook(
        cells=[
            new_code_cell(source, outputs=outputs, execution_count=i, metadata={"tags": tags})
            for i, (source, outputs, tags) in enumerate(cells, start=1)
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, folder / "book.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", str(folder / "book.ipynb")]
    command += more
    command += [] if plugin else ["-p", "no:dex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_an_unknown_magic_is_red_and_named_where_nbval_alone_is_green(tmp_path: Path) -> None:
    cells = [("%dex_env local", [], ["nbval-ignore-output"]), ("print(1)", [text("1\n")], [])]
    assert nbval(tmp_path, *cells, plugin=False)[0] == 0
    code, report = nbval(tmp_path, *cells)
    assert code == 1
    assert "dex_env" in report
    assert "1 failed, 1 passed" in report


def test_an_error_that_is_expected_stays_green(tmp_path: Path) -> None:
    code, report = nbval(tmp_path, ("%no_such_magic", [], ["raises-exception", "nbval-ignore-output"]))
    assert code == 0, report


def test_an_error_that_is_shown_is_reported_once(tmp_path: Path) -> None:
    code, report = nbval(tmp_path, ("1 / 0", [], []))
    assert code == 1
    assert "ZeroDivisionError" in report
    assert "did not show" not in report


UPDATES = """\
from IPython.display import display
shown = display("working", display_id=True)
shown.update("done")
"""
CLEARS = """\
from IPython.display import clear_output, display
print("working")
clear_output({wait})
print("done")
"""


@pytest.mark.parametrize(
    ("source", "saved"),
    [
        (UPDATES, display("'done'")),
        (CLEARS.format(wait="wait=True"), text("done\n")),
        (CLEARS.format(wait="wait=False"), text("done\n")),
    ],
    ids=["update", "clear and wait", "clear at once"],
)
def test_outputs_are_compared_as_the_editor_saved_them(tmp_path: Path, source: str, saved: dict[str, object]) -> None:
    assert nbval(tmp_path, (source, [saved], []), plugin=False)[0] == 1
    code, report = nbval(tmp_path, (source, [saved], []))
    assert code == 0, report


def test_an_output_that_differs_is_still_red(tmp_path: Path) -> None:
    code, report = nbval(tmp_path, (UPDATES, [display("'working'")], []))
    assert code == 1
    assert "Cell outputs differ" in report


def test_a_cell_that_runs_out_of_time_is_red_and_ends(tmp_path: Path) -> None:
    notebook = new_notebook(
        cells=[new_code_cell("import time\ntime.sleep(60)", execution_count=1)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "book.ipynb")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--nbval",
            "--nbval-cell-timeout=2",
            "-q",
            "-p",
            "no:cacheprovider",
            "book.ipynb",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Timeout of 2 seconds" in done.stdout


def test_other_tests_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text("def test_one():\n    assert True\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_plain.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("source", ["!exit 3", "%pip install --no-index no-such-package-of-ours"], ids=["shell", "pip"])
def test_a_shell_command_or_pip_that_fails_is_red(tmp_path: Path, source: str) -> None:
    cell = (source, [], ["nbval-ignore-output"])
    assert nbval(tmp_path, cell, plugin=False)[0] == 0
    code, report = nbval(tmp_path, cell, ("!true", [], []))
    assert code == 1
    assert "ended with code" in report
    assert "1 failed, 1 passed" in report


def test_an_error_hidden_by_capture_is_red(tmp_path: Path) -> None:
    code, report = nbval(tmp_path, ("%%capture\n1 / 0", [], []))
    assert code == 1
    assert "ZeroDivisionError" in report


def test_an_agent_cell_is_skipped_unless_asked_for(tmp_path: Path) -> None:
    cell = ("%%agent silver\nClean it.", [], [])
    code, report = nbval(tmp_path, cell)
    assert (code, "1 skipped" in report) == (0, True), report
    assert nbval(tmp_path, cell, more=("--dex-agent=run",))[0] == 1


def test_what_is_sanitised_may_stand_inside_json(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("[time]\nregex: t=[0-9.]+\nreplace: t=T\n")
    source = "from IPython.display import display\ndisplay({'application/json': {'a': ['t=1.5']}}, raw=True)"
    saved = new_output("display_data", data={"application/json": {"a": ["t=2.5"]}})
    assert nbval(tmp_path, (source, [saved], []))[0] == 1
    code, report = nbval(tmp_path, (source, [saved], []), more=(f"--nbval-sanitize-with={tmp_path / 'rules'}",))
    assert code == 0, report


def test_the_report_for_ci_names_the_line_of_the_cell(tmp_path: Path) -> None:
    nbval(tmp_path, ("a = 1", [], []), ("1 / 0", [], []), more=("--junitxml=out.xml", "-o", "junit_family=xunit1"))
    lines = [int(case.get("line", "-1")) for case in ElementTree.parse(tmp_path / "out.xml").iter("testcase")]
    written = (tmp_path / "book.ipynb").read_text().splitlines()
    assert len(lines) == 2
    assert lines[0] < lines[1]
    assert [written[line].strip() for line in lines] == ["{", "{"]


def test_xdist_is_stopped_unless_notebooks_stay_whole(tmp_path: Path) -> None:
    cells = [("a = 1", [], []), ("print(a)", [text("1\n")], []), ("%no_such_magic", [], [])]
    code, report = nbval(tmp_path, *cells, more=("-n", "2", "--dist", "loadfile"))
    assert code == 1
    assert "1 failed, 2 passed" in report
    assert nbval(tmp_path, *cells, more=("-n", "2"))[0] == 4
