"""A recording is true, hides persons, is the same each time, and its tests fail when the function changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dex.export import export_notebook
from dex_dbutils.config import find_project
from notebook_factory import write_notebook
from orders_notebook import ORDERS


def test_a_recording_of_a_notebook(shared_project: Path) -> None:
    path = write_notebook(shared_project / "notebooks/bookings.ipynb", *ORDERS)
    project = find_project(shared_project)
    report = export_notebook(path, project, record=True)
    told = "\n".join(map(str, report.not_derived))
    assert "`chance`: two runs on the same rows differ" in told
    assert "`assert seen == 121`: it did not hold when the notebook was recorded" in told
    data = shared_project / "tests/data/bookings"
    written = {file.name: file.read_bytes() for file in data.iterdir()}
    assert sorted(written) == ["_run.json", "by_country.json", "clean.json"]
    assert b"anna" not in b"".join(written.values()).lower()
    assert max(map(len, written.values())) < 30_000

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_bookings.py"]
    tests = subprocess.run(command, cwd=shared_project, capture_output=True, text=True, check=False)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    module = shared_project / "src" / project.package / "bookings.py"
    source = module.read_text()
    for right, wrong in (('"amount") > least', '"amount") >= least'), ('F.desc("total")', 'F.asc("total")')):
        assert right in source
        module.write_text(source.replace(right, wrong))
        tests = subprocess.run(command, cwd=shared_project, capture_output=True, text=True, check=False)
        assert tests.returncode == 1, right
        assert "gives_what_was_recorded" in tests.stdout
    module.write_text(source)

    assert not export_notebook(path, project, check=True).drift
    export_notebook(path, project, record=True)
    assert {file.name: file.read_bytes() for file in data.iterdir()} == written
