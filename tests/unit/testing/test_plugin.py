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

IGNORED = ["nbval-ignore-output"]
#: What a reader notices: source, saved outputs, tags, what nbval alone says (empty: that depends on IPython), what the plugin says, what the report tells.
CELLS: dict[str, tuple[str, list[dict[str, object]], list[str], str, str, str]] = {
    "an unknown magic": ("%dex_env local", [], IGNORED, "passed", "failed", "dex_env"),
    "a cell below": ("print(1)", [text("1\n")], [], "passed", "passed", ""),
    "an expected error": ("%no_such_magic", [], ["raises-exception", *IGNORED], "passed", "passed", ""),
    "an error that is shown": ("1 / 0", [], [], "failed", "failed", "ZeroDivisionError"),
    "an error hidden by capture": ("%%capture\n1 / 0", [], [], "", "failed", "ZeroDivisionError"),
    "an updated display": (UPDATES, [display("'done'")], [], "failed", "passed", ""),
    "cleared at the next output": (CLEARS.format(wait="wait=True"), [text("done\n")], [], "failed", "passed", ""),
    "cleared at once": (CLEARS.format(wait="wait=False"), [text("done\n")], [], "failed", "passed", ""),
    "an output that differs": (UPDATES, [display("'working'")], [], "passed", "failed", "Cell outputs differ"),
    "a failing command": ("!exit 3", [], IGNORED, "passed", "failed", "ended with code 3"),
    "a failing pip": ("%pip install --no-index no-such-package", [], IGNORED, "passed", "failed", "ended with code 1"),
    "a command that went well": ("!true", [], [], "passed", "passed", ""),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, dict[str, tuple[str, str]]]:
    """By whether the plugin is there: what became of each cell, and what the report says of it."""
    found: dict[bool, dict[str, tuple[str, str]]] = {}
    for plugin in (False, True):
        folder = tmp_path_factory.mktemp("cells")
        cells = [(source, saved, tags) for source, saved, tags, *_ in CELLS.values()]
        code, report = nbval(folder, *cells, plugin=plugin, more=("--junitxml=out.xml",))
        assert code == 1, report
        failures = [case.find("failure") for case in ElementTree.parse(folder / "out.xml").iter("testcase")]
        said = [("passed", "") if one is None else ("failed", one.text or "") for one in failures]
        found[plugin] = dict(zip(CELLS, said, strict=True))
    return found


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_red_where_its_reader_would_call_it_broken_and_only_there(
    name: str, reports: dict[bool, dict[str, tuple[str, str]]]
) -> None:
    *_, alone, here, words = CELLS[name]
    assert alone in {reports[False][name][0], ""}
    became, said = reports[True][name]
    assert became == here
    assert words in said
    assert name != "an error that is shown" or "did not show" not in said


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
