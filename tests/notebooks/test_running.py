"""A run is a kernel of its own: it ends with the first cell that fails, says which, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from dex.notebook import run_notebook
from dex_agents import Ledger
from dex_dbutils import DexError, NotebookError
from dex_dbutils.config import find_project
from notebook_factory import code, project_folder, text, write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


def outputs(path: Path) -> list[str]:
    notebook = nbformat.read(path, as_version=4)
    return ["".join(o.get("text", "") for o in c.outputs) for c in notebook.cells if c.cell_type == "code"]


def test_a_notebook_runs_and_its_executed_copy_is_kept(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", text("# T"), "x = 1", "print(x + 1)")
    before = path.read_bytes()
    said: list[str] = []
    report = run_notebook(path, out=project / "out/n.ipynb", progress=said.append)
    assert (report.outcome, report.cells) == ("succeeded", 2)
    assert outputs(project / "out/n.ipynb") == ["", "2\n"]
    assert path.read_bytes() == before
    assert said == ["cell 1 of 2: x = 1", "cell 2 of 2: print(x + 1)"]


def test_a_secret_that_a_cell_prints_is_not_in_the_executed_copy(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEX_SECRET_SHOP_HOOK", "hunter2-hunter2")
    path = write_notebook(project / "n.ipynb", "import os\nprint('with', os.environ['DEX_SECRET_SHOP_HOOK'])")
    run_notebook(path, out=project / "out.ipynb")
    assert outputs(project / "out.ipynb") == ["with [DEX_SECRET_SHOP_HOOK]\n"]


def test_the_kernel_works_in_the_notebooks_folder_and_knows_its_path(project: Path) -> None:
    path = write_notebook(
        project / "notebooks/n.ipynb", "import os\nprint(os.getcwd())\nprint(os.environ['JPY_SESSION_NAME'])"
    )
    run_notebook(path, out=project / "n.ipynb")
    assert outputs(project / "n.ipynb")[0].split() == [str(path.parent), str(path)]


def test_parameters_go_below_the_tagged_cell_and_to_the_widgets(project: Path) -> None:
    path = write_notebook(
        project / "notebooks/n.ipynb",
        "import os, json",
        code("year = 2012\nname = 'a'", tags=["parameters"]),
        "print(year, name, json.loads(os.environ['DEX_PARAMETERS']))",
    )
    run_notebook(path, parameters={"year": 2013}, out=project / "n.ipynb")
    executed = nbformat.read(project / "n.ipynb", as_version=4)
    assert [c.metadata.get("tags") for c in executed.cells][1:3] == [["parameters"], ["injected-parameters"]]
    assert outputs(project / "n.ipynb")[-1] == "2013 a {'year': 2013}\n"


def test_an_executed_notebook_runs_again_with_other_parameters(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", code("year = 2012", tags=["parameters"]), "print(year)")
    run_notebook(path, parameters={"year": 2013}, out=project / "notebooks/once.ipynb")
    run_notebook(project / "notebooks/once.ipynb", parameters={"year": 2014}, out=project / "twice.ipynb")
    assert outputs(project / "twice.ipynb") == ["", "", "2014\n"]


def test_a_parameter_that_is_no_name_is_refused(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    with pytest.raises(NotebookError) as caught:
        run_notebook(path, parameters={"a-b": 1})
    assert caught.value.code == "DEX-NOTEBOOK-06"


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("%no_such_magic x", "no_such_magic"),
        ("%%no_such_magic\nx", "no_such_magic"),
        ("def f(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
    ],
)
def test_a_cell_that_fails_ends_the_run_and_the_part_is_kept(source: str, word: str, project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "print('first')", source, "print('never')")
    with pytest.raises(NotebookError, match=word) as caught:
        run_notebook(path, out=project / "n.ipynb")
    assert (caught.value.code, caught.value.exit_code) == ("DEX-NOTEBOOK-08", 1)
    assert caught.value.where is not None
    assert caught.value.where.cell == 2
    printed = outputs(project / "n.ipynb")
    assert (printed[0], printed[2]) == ("first\n", "")


def test_a_cell_that_is_meant_to_fail_does_not_end_the_run(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", code("1 / 0", tags=["raises-exception"]), "print(1)")
    assert run_notebook(path).cells == 2


def test_an_exit_ends_the_run_with_its_value_and_is_no_error_in_the_copy(project: Path) -> None:
    path = write_notebook(
        project / "notebooks/n.ipynb",
        "from dex_dbutils.utilities import NotebookExit\nprint('before')\nraise NotebookExit('42 rows')",
        "print('never')",
    )
    report = run_notebook(path, out=project / "n.ipynb")
    assert (report.outcome, report.value, report.cells) == ("succeeded", "42 rows", 1)
    shown = nbformat.read(project / "n.ipynb", as_version=4).cells[0].outputs
    assert [output.output_type for output in shown] == ["stream", "display_data"]
    assert shown[1].data == {"text/plain": "Notebook exited: 42 rows"}


def test_a_pip_that_fails_ends_the_run_and_says_why(project: Path) -> None:
    path = write_notebook(
        project / "notebooks/n.ipynb", "%load_ext dex\n%dex_databricks on", "%pip install 'no such'", "print('never')"
    )
    with pytest.raises(NotebookError, match="ended with 1: Invalid requirement") as caught:
        run_notebook(path, out=project / "n.ipynb")
    assert (caught.value.code, caught.value.exit_code) == ("DEX-NOTEBOOK-08", 1)
    assert caught.value.where is not None
    assert caught.value.where.cell == 2
    printed = outputs(project / "n.ipynb")
    assert "ERROR: Invalid requirement" in printed[1]
    assert printed[2] == ""


def test_frames_of_pandas_and_plots_are_shown_as_on_databricks(project: Path) -> None:
    path = write_notebook(
        project / "notebooks/n.ipynb",
        "%load_ext dex\n%dex_databricks on",
        "import pandas as pd\nfrom matplotlib import pyplot as plt\n\ndisplay(pd.DataFrame({'carrier': ['AA']}))",
        "figure, axes = plt.subplots()\naxes.plot([1, 2])\nplt.close(figure)\ndisplay(figure)",
        "plt.plot([2, 1])\nplt.show()",
        "displayHTML('<b>bold</b>')",
    )
    run_notebook(path, out=project / "n.ipynb")
    _, frame, figure, shown, html = nbformat.read(project / "n.ipynb", as_version=4).cells
    assert "<td>AA</td>" in frame.outputs[0].data["text/html"]
    for cell in (figure, shown):
        assert [set(output.data) >= {"image/png", "text/plain"} for output in cell.outputs] == [True]
    assert html.outputs[0].data["text/html"] == "<b>bold</b>"


def test_of_a_traceback_the_frames_of_the_notebook_are_shown(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "import yaml\n\nyaml.safe_load('[')")
    with pytest.raises(NotebookError, match="ParserError") as caught:
        run_notebook(path)
    told = str(caught.value)
    assert "----> 3 yaml.safe_load('[')" in told
    assert "site-packages" not in told


def test_the_command_says_its_cells_in_plain_lines_and_with_json_nothing_but_the_document(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1", "raise SystemError('no')")
    for words, said in ([], ["cell 1 of 2: x = 1", "cell 2 of 2: raise SystemError('no')"]), (["--json"], []):
        done = subprocess.run(
            [sys.executable, "-m", "dex", "run", str(path), *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert [line for line in done.stderr.splitlines() if line.startswith("cell ")] == said
        assert "\x1b" not in done.stderr
        assert not words or json.loads(done.stdout)["error"]["where"]["cell"] == 2


def test_a_kernel_that_dies_is_told(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(NotebookError) as caught:
        run_notebook(path)
    assert caught.value.code == "DEX-NOTEBOOK-09"


def test_an_environment_that_does_not_exist_starts_no_kernel(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    with pytest.raises(DexError) as caught:
        run_notebook(path, environment="moon")
    assert caught.value.code == "DEX-CONFIG-01"


def test_the_environment_asked_for_takes_the_place_of_the_notebooks_own(project: Path) -> None:
    (project / "config/lab.yaml").write_text("kind: local\nengine: {type: sail}\n")
    from dex.notebook import read_notebook
    from dex.notebook.executable import executable

    path = write_notebook(
        project / "notebooks/n.ipynb", "%load_ext dex", "%dex_env local --engine sail", "s = '%dex_env local'"
    )
    prepared = executable(read_notebook(path), {}, "lab")
    assert [cell["source"] for _, cell in prepared.code][1:] == ["%dex_env lab --engine sail", "s = '%dex_env local'"]


def test_a_source_notebook_is_given_a_session_and_its_cells(project: Path) -> None:
    from dex.notebook import read_notebook
    from dex.notebook.executable import executable

    path = project / "notebooks/n.py"
    path.write_text(
        "# Databricks notebook source\n# MAGIC %md\n# MAGIC # T\n\n# COMMAND ----------\n\n"
        "# DBTITLE 1,Which\nprint(spark.version)\n"
    )
    prepared = executable(read_notebook(path), {}, None)
    assert [c["cell_type"] for c in prepared.node["cells"]] == ["code", "markdown", "code"]
    assert "%dex_env local" in prepared.node["cells"][0]["source"]
    assert prepared.number(2) == 2
    assert prepared.node["cells"][2]["metadata"]["application/vnd.databricks.v1+cell"]["title"] == "Which"


def test_an_extension_that_is_not_dex_takes_no_session_away(project: Path) -> None:
    from dex.notebook import read_notebook
    from dex.notebook.executable import executable

    path = project / "notebooks/n.py"
    for line, bound in (("%load_ext autoreload", True), ("%load_ext dex", False), ("%dex_env lab", False)):
        path.write_text(f"# Databricks notebook source\n# MAGIC {line}\n\n# COMMAND ----------\n\nspark\n")
        setup = executable(read_notebook(path), {}, None).node["cells"][0]["source"]
        assert ("%dex_env local" in setup) == bound


def test_a_cell_in_scala_is_refused_before_anything_runs(project: Path) -> None:
    path = project / "notebooks/n.scala"
    path.write_text("// Databricks notebook source\nval x = 1\n")
    with pytest.raises(NotebookError) as caught:
        run_notebook(path)
    assert caught.value.code == "DEX-NOTEBOOK-10"


def test_at_a_terminal_the_cells_are_told_beside_the_document_too(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    ours, theirs = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "dex", "run", str(path), "--json"], stdout=subprocess.PIPE, stderr=theirs, check=True
    )
    os.close(theirs)
    assert os.read(ours, 4096).decode().splitlines()[-1] == "cell 1 of 1: x = 1"
    os.close(ours)
    assert json.loads(done.stdout)["outcome"] == "succeeded"


def test_every_end_of_a_run_is_in_the_ledger(project: Path) -> None:
    good = write_notebook(project / "notebooks/good.ipynb", "x = 1")
    bad = write_notebook(project / "notebooks/bad.ipynb", "1 / 0")
    run_notebook(good, parameters={"x": 2})
    with pytest.raises(NotebookError):
        run_notebook(bad)
    runs = Ledger(find_project(project)).runs()
    assert [(r.kind, r.status, r.summary) for r in runs] == [
        ("run", "failed", "notebooks/bad.ipynb"),
        ("run", "succeeded", "notebooks/good.ipynb"),
    ]


def kernels_of(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children(recursive=True) if "ipykernel_launcher" in " ".join(child.cmdline())]


def wait_for(what: Any, seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_part_and_leaves_no_kernel(number: signal.Signals, project: Path) -> None:
    begun = project / "begun"
    path = write_notebook(
        project / "notebooks/n.ipynb", "print('first')", f"import time\nopen({str(begun)!r}, 'w')\ntime.sleep(300)"
    )
    # a shell may have started this with SIGINT ignored, which children inherit
    start = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    start += "from dex.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["run", str(path), "--out", str(project / "n.ipynb")]
    run = subprocess.Popen([sys.executable, "-c", start, *words], cwd=project, stderr=subprocess.PIPE, text=True)
    wait_for(begun.exists)
    kernels = kernels_of(psutil.Process(run.pid))
    assert len(kernels) == 1
    run.send_signal(number)
    said = run.communicate(timeout=30)[1]
    assert run.returncode == 130
    assert f"interrupted; what ran is in {project / 'n.ipynb'}" in said.splitlines()[-1]
    assert not any(kernel.is_running() and kernel.status() != psutil.STATUS_ZOMBIE for kernel in kernels)
    executed = json.loads((project / "n.ipynb").read_text())
    assert executed["cells"][0]["outputs"][0]["text"] == ["first\n"]
    assert executed["cells"][1]["outputs"][0]["ename"] == "KeyboardInterrupt"
    assert Ledger(find_project(project)).runs()[0].status == "interrupted"


def test_a_failure_names_the_line_and_ends_with_the_traceback(project: Path) -> None:
    path = write_notebook(
        project / "notebooks/n.ipynb", text("# T"), "def half(x):\n    return 1 / x", "y = 0\n\nprint(half(y))"
    )
    with pytest.raises(NotebookError) as caught:
        run_notebook(path)
    assert caught.value.where is not None
    assert (caught.value.where.cell, caught.value.where.line) == (3, 3)
    told = str(caught.value)
    assert "ZeroDivisionError: division by zero" in told.splitlines()[-1]
    assert "return 1 / x" in told
    assert "\x1b" not in told


def test_the_environment_that_a_run_was_in_is_recorded(project: Path) -> None:
    for name in ("lab", "dev"):
        (project / f"config/{name}.yaml").write_text("kind: local\nengine: {type: sail}\n")
    plain = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    naming = write_notebook(project / "notebooks/m.ipynb", "1 / 0", "%dex_env --engine sail lab")
    run_notebook(plain)
    with pytest.raises(NotebookError):
        run_notebook(naming)
    with pytest.raises(NotebookError):
        run_notebook(naming, environment="dev")
    assert [run.environment for run in Ledger(find_project(project)).runs()] == ["dev", "lab", "local"]


def test_a_run_is_told_though_the_ledger_cannot_be_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".dex").mkdir(exist_ok=True)
    (project / ".dex/runs").write_text("no folder")
    assert run_notebook(write_notebook(project / "notebooks/n.ipynb", "x = 1")).outcome == "succeeded"
    assert "DEX-LEDGER-01" in capsys.readouterr().err
