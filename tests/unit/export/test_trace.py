"""`dex trace`: a job's log, as whatever ran the job prints it, with notebook, cell and line beside its frames."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dex.cli import main
from notebook_factory import code, exported_project, project_folder, text, write_notebook

CELLS = [
    text("# Shop", id="t"),
    code("def ratio(a, b):\n    return a/b\n\ndef safe(a, b):\n    try:\n        return ratio( a, b )\n", id="f"),
    code("bad = safe", id="m"),
]
CELLS[1]["source"].append("    except ZeroDivisionError as e:\n        raise ValueError('no ratio') from e")
DEEP = "notebooks/n.ipynb, cell 2, line 2"
MIDDLE = "notebooks/n.ipynb, cell 2, line 6"
RAISED = "notebooks/n.ipynb, cell 2, line 8"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an exported project whose module is installed as a wheel installs it."""
    folder = exported_project(tmp_path_factory.mktemp("traced") / "shop", *CELLS)
    installed = folder.parent / "envs/python 3/site-packages/shop_etl"
    shutil.copytree(folder / "src/shop_etl", installed)
    # the functions alone: what they need of Spark is not asked for here
    said = (installed / "n.py").read_text("utf-8")
    (installed / "n.py").write_text(said.replace("from pyspark.sql import SparkSession", "SparkSession = object"))
    return folder


def failing(project: Path, call: str, *, shell: str = "python") -> str:
    """Return what a process prints that calls the installed module and fails."""
    script = f"from shop_etl import n\n{call}"
    if shell == "ipython":
        script = f"from IPython.core.interactiveshell import InteractiveShell as S\nS.instance().run_cell({script!r})"
    installed = project.parent / "envs/python 3/site-packages"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(installed), "FORCE_COLOR": "1", "IPYTHONDIR": str(project.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def traced(project: Path, log: str | bytes, capsys: pytest.CaptureFixture[str]) -> str:
    path = project.parent / "job.log"
    path.write_bytes(log if isinstance(log, bytes) else log.encode())
    assert main(["trace", str(path), "--project", str(project)]) == 0
    return capsys.readouterr().out


def beside(shown: str) -> list[str]:
    return [line.partition("  # ")[2] for line in shown.split("\n") if "  # " in line]


def test_a_chained_traceback_has_the_place_beside_each_frame(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = failing(project, "n.safe(1, 0)")
    shown = traced(project, log, capsys)
    assert beside(shown) == [MIDDLE, DEEP, RAISED]
    assert "".join(line.partition("  # ")[0] + "\n" for line in shown.splitlines()) == log


def test_the_coloured_traceback_of_a_notebook_job_has_the_places(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = failing(project, "n.safe(1, 0)", shell="ipython")
    assert "\x1b[" in log
    assert beside(traced(project, log, capsys)) == [MIDDLE, DEEP, RAISED]


WHEEL = "/local_disk0/.ephemeral_nfs/envs/pythonEnv-9/lib/python3.12/site-packages/shop_etl/n.py"
LINE = 15
SPARK = f"""\
26/11/29 07:00:00 ERROR TaskSetManager: Task 0 in stage 5.0 failed 4 times; aborting job
py4j.protocol.Py4JJavaError: An error occurred while calling o52.count.
: org.apache.spark.SparkException: Job aborted due to stage failure: Lost task 0.3 in stage 5.0 (TID 8) (10.0.0.4
executor 0): org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "/databricks/spark/python/pyspark/worker.py", line 1826, in main
    process()
  File "{WHEEL}", line {LINE}, in ratio
    return a / b
           ~~^~~
ZeroDivisionError: division by zero

\tat org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:572)
"""
OLDER = f"""\
---------------------------------------------------------------------------
ZeroDivisionError                         Traceback (most recent call last)
{WHEEL} in ratio(a, b)
     14 def ratio(a, b):
---> {LINE}     return a / b
     16 

ZeroDivisionError: division by zero
"""
CONTEXT = f"""\
pyspark.errors.exceptions.connect.ArithmeticException: [DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012
== DataFrame ==
"__truediv__" was called from
{WHEEL}:{LINE}
"""
PYTEST = f"""\
    def ratio(a, b):
>       return a / b
E       ZeroDivisionError: division by zero

src/shop_etl/n.py:{LINE}: ZeroDivisionError
"""
WINDOWS = f"""\
Traceback (most recent call last):
  File "C:\\Users\\A B\\site-packages\\shop_etl\\n.py", line {LINE}, in ratio
    return a / b
ZeroDivisionError: division by zero
"""
STAMPED = f"""\
2026-11-29T07:00:00Z stderr F   File "{WHEEL}", line {LINE}, in ratio
2026-11-29T07:00:00Z stderr F     return a / b
"""
GROUP = f"""\
  + Exception Group Traceback (most recent call last):
  |   File "job.py", line 5, in <module>
  |     raise ExceptionGroup('tables', errors)
  | ExceptionGroup: tables (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "{WHEEL}", line {LINE}, in ratio
    |     return a / b
    |            ~~^~~
    | ZeroDivisionError: division by zero
    +------------------------------------
"""
IN_JSON = json.dumps({"level": "ERROR", "message": WINDOWS}) + "\n"
WITHOUT_SOURCE = f'  File "{WHEEL}", line {LINE}, in ratio\nZeroDivisionError: division by zero\n'


@pytest.mark.parametrize(
    "log",
    [SPARK, OLDER, CONTEXT, PYTEST, WINDOWS, GROUP, STAMPED, IN_JSON, WITHOUT_SOURCE],
    ids=["spark", "older ipython", "frame's context", "pytest", "windows", "group", "stamped", "json", "no source"],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_frame_is_found_however_the_log_writes_it(
    project: Path, log: str, newline: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = traced(project, log.replace("\n", newline), capsys)
    assert [place.removesuffix("\r") for place in beside(shown)] == [DEEP]
    assert shown.replace(f"  # {DEEP}", "") == log.replace("\n", newline)
    assert traced(project, shown, capsys) == shown


def test_a_line_that_says_something_else_than_the_module_is_about(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = WINDOWS.replace("return a / b", "return a // b")
    assert beside(traced(project, log, capsys)) == ["notebooks/n.ipynb, cell 2, about line 2"]
    moved = WINDOWS.replace(f"line {LINE}", "line 99")
    assert beside(traced(project, moved, capsys)) == ["notebooks/n.ipynb, cell 2, about line 2"]


@pytest.mark.parametrize("content", [WINDOWS.encode("utf-16"), b"\xff\xfe\x00 caf\xe9\n"[3:] + WINDOWS.encode()])
def test_a_log_in_another_encoding_is_read(project: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert beside(traced(project, content, capsys)) == [DEEP]


def test_standard_input_and_json(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SPARK.encode())))
    assert main(["trace", "-", "--json", "--project", str(project)]) == 0
    place = {"notebook": "notebooks/n.ipynb", "cell_id": "f", "cell": 2, "line": 2, "file_line": None, "about": False}
    assert json.loads(capsys.readouterr().out) == {
        "source": "standard input",
        "frames": [{"log_line": 7, "file": WHEEL, "module_line": LINE, "place": place}],
    }


def test_a_log_of_something_else_is_an_error_that_names_what_it_saw(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "other.log"
    log.write_text('  File "/opt/other/thing.py", line 3, in f\n')
    assert main(["trace", str(log), "--project", str(project)]) == 2
    said = capsys.readouterr().err
    assert "DEX-TRACE-02" in said
    assert "/opt/other/thing.py" in said
    assert "src/shop_etl/n.py" in said
    log.write_text("all went well\n")
    assert main(["trace", str(log), "--project", str(project)]) == 2
    assert "no traceback" in capsys.readouterr().err
    assert main(["trace", str(log), "--project", str(project_folder(tmp_path / "new"))]) == 2
    assert "DEX-TRACE-01" in capsys.readouterr().err
    assert main(["trace", str(tmp_path / "none.log"), "--project", str(project)]) == 2
    assert "DEX-TRACE-03" in capsys.readouterr().err


def test_the_executed_notebook_of_a_run_is_a_log_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installed = project.parent / "envs/python 3/site-packages"
    user = write_notebook(
        project / "notebooks/user.ipynb",
        f"import sys\nsys.path.insert(0, {str(installed)!r})",
        "from shop_etl import n\nn.safe(1, 0)",
    )
    out = project.parent / "out.ipynb"
    assert main(["run", str(user), "--out", str(out)]) == 1
    capsys.readouterr()
    assert main(["trace", str(out), "--json", "--project", str(project)]) == 0
    frames = json.loads(capsys.readouterr().out)["frames"]
    assert [(frame["place"]["cell"], frame["place"]["line"]) for frame in frames] == [(2, 6), (2, 2), (2, 8)]


JOB = """\
resources:
  jobs:
    fail:
      name: fail
      tasks:
        - task_key: fail
          spark_python_task: {python_file: ../fail.py}
          environment_key: default
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
"""


def test_the_log_of_a_job_on_this_machine_has_the_places(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = project.parent / "envs/python 3/site-packages"
    (project / "fail.py").write_text(
        f"import sys\nsys.path.insert(0, {str(installed)!r})\nfrom shop_etl import n\nn.safe(1, 0)\n"
    )
    (project / "resources/fail.job.yml").write_text(JOB)
    monkeypatch.chdir(project)
    try:
        assert main(["job", "run", "fail", "--json"]) == 1
        number = json.loads(capsys.readouterr().out)["id"]
        assert main(["job", "logs", str(number), "fail"]) == 0
        log = capsys.readouterr().out
    finally:
        main(["engine", "stop"])
    assert beside(log) == [MIDDLE, DEEP, RAISED]
