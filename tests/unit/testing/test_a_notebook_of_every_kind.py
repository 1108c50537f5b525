"""One notebook with every kind of cell that docs/testing-notebooks.md names, under the real nbval, alone and beside xdist."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

STREAMING = """\
import time
for batch in range(3):
    print("batch", batch, flush=True)
    time.sleep(0.05)
"""
UPDATING = """\
from IPython.display import clear_output, display
shown = display("0 %", display_id=True)
shown.update("50 %")
shown.update("100 %")
"""
CLEARING = """\
for step in range(3):
    clear_output(wait=True)
    print("step", step)
"""
PROGRESS = """\
from tqdm import tqdm
for step in tqdm(range(3)):
    pass
"""
THREAD = """\
import threading
started = threading.Thread(target=lambda: 1 / 0)
started.start()
started.join()
"""
LATE = """\
import threading, time
gate = threading.Event()
late = threading.Thread(target=lambda: gate.wait() and 1 / 0)
late.start()
"""
JSON = "display({'application/json': {'took': ['t=1.5', 2.5]}}, raw=True)"
#: What the page shows for progress bars, and a rule for the JSON.
RULES = """\
[progress bars]
regex: \\[[^\\]]*(it/s|s/it)\\]
replace: [rate]
[times]
regex: ^(t=)?[0-9]+\\.[0-9]+$
replace: TIME
"""
#: Source, saved outputs, tags, what the page says becomes of it.
CELLS = [
    ("%no_such_magic", [], ["nbval-ignore-output"], "failed"),
    ("%pip install --no-index no-such-package-of-ours", [], ["nbval-ignore-output"], "failed"),
    ("%%capture\n1 / 0", [], [], "failed"),
    (STREAMING, [new_output("stream", name="stdout", text="batch 0\nbatch 1\nbatch 2\n")], [], "passed"),
    (UPDATING, [new_output("display_data", data={"text/plain": "'100 %'"})], [], "passed"),
    (CLEARING, [new_output("stream", name="stdout", text="step 2\n")], [], "passed"),
    (
        PROGRESS,
        [
            new_output(
                "stream",
                name="stderr",
                text="\r  0%|          | 0/3 [00:00<?, ?it/s]\r100%|██████████| 3/3 [00:00<00:00, 9.1it/s]\n",
            )
        ],
        [],
        "passed",
    ),
    (JSON, [new_output("display_data", data={"application/json": {"took": ["t=9.25", 1.25]}})], [], "passed"),
    (THREAD, [], ["nbval-ignore-output"], "failed"),
    (THREAD, [], ["nbval-ignore-output", "raises-exception"], "passed"),
    (LATE, [], [], "passed"),
    ("gate.set()\nlate.join()", [], ["nbval-ignore-output"], "failed"),
    ("assert get_ipython().execution_count == 1 and '_dex_watch' not in dir()", [], [], "passed"),
    ("1 / 0", [], ["raises-exception", "nbval-ignore-output"], "passed"),
    ("%%agent silver\nClean it.", [], [], "skipped"),
    ("1 / 0", [], ["nbval-skip"], "skipped"),
]


@pytest.mark.parametrize("more", [(), ("-n", "2", "--dist", "loadfile")], ids=["alone", "xdist"])
def test_each_cell_becomes_what_the_page_says(tmp_path: Path, more: tuple[str, ...]) -> None:
    notebook = new_notebook(
        cells=[
            new_code_cell(source, outputs=outputs, execution_count=number, metadata={"tags": tags})
            for number, (source, outputs, tags, _) in enumerate(CELLS, start=1)
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "book.ipynb")
    (tmp_path / "rules").write_text(RULES)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-sanitize-with=rules", "-q", "-p", "no:cacheprovider"]
    command += ["--junitxml=out.xml", "-o", "junit_family=xunit1"]
    done = subprocess.run(
        [*command, *more, "book.ipynb"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 1, done.stdout + done.stderr
    cases = list(ElementTree.parse(tmp_path / "out.xml").iter("testcase"))
    became = [
        "failed" if case.find("failure") is not None else "skipped" if case.find("skipped") is not None else "passed"
        for case in cases
    ]
    assert became == [expected for *_, expected in CELLS], done.stdout
    told = [failure.text or "" for failure in ElementTree.parse(tmp_path / "out.xml").iter("failure")]
    assert sum("A thread ended with ZeroDivisionError" in text for text in told) == 2
    written = (tmp_path / "book.ipynb").read_text("utf-8").splitlines()
    lines = [int(case.get("line", "-1")) for case in cases]
    assert lines == [number for number, line in enumerate(written) if line == "  {"]
