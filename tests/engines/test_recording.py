"""A recording is true, hides persons, is the same each time, and its tests fail when the function changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from dex.export import export_notebook
from dex_dbutils import Session
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


GROWING = [
    "%load_ext dex\n%dex_env local",
    "from pyspark.sql import functions as F",
    """\
def words(text):
    return {w.lower() for w in text.split() if len(w) > 3}

def initials(text, least=2):
    return '' if text is None else ''.join(sorted(words(text)))[:least]

def counted(df):
    return df.groupBy('first').agg(F.count('*').alias('n'))""",
    "known = words('Amsterdam Berlin Copenhagen Dublin Edinburgh Florence')",
    """\
names = ['Anna', 'Bert', 'Carla', None, 'Dirk', 'Emil']
rows = [(n, names[n % 6] and f'{names[n % 6]} Vries {n}') for n in range(600)]
people = spark.createDataFrame(rows, 'id int, name string')
first = F.udf(initials, 'string')
letters = people.withColumn('first', first('name'))
letters.write.saveAsTable(session.table('silver', 'letters'))
counted(session.read('silver', 'letters')).write.mode('append').saveAsTable(session.table('gold', 'letters'))""",
    "assert session.read('gold', 'letters').count() == 6",
]


def test_tables_of_an_earlier_run_are_in_nobodys_way(shared_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebook appends to one table, and makes another that must not be there."""
    path = write_notebook(shared_project / "notebooks/growing.ipynb", *GROWING)
    project = find_project(shared_project)
    data = shared_project / "tests/data/growing"
    recordings = []
    for seed in ("0", "1"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)  # of the process that records
        report = export_notebook(path, project, record=True)
        recordings.append({file.name: file.read_bytes() for file in data.iterdir()})
    assert sorted(recordings[0]) == ["_run.json", "counted.json", "initials.json", "words.json"]
    assert b"anna" not in recordings[0]["initials.json"].lower()
    assert recordings[0] == recordings[1]
    assert not report.not_derived
    assert not [folder.name for folder in (shared_project / ".dex/warehouse").iterdir() if "record" in folder.name]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_growing.py"]
    for _ in range(2):
        tests = subprocess.run(command, cwd=shared_project, capture_output=True, text=True, check=False)
        assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "skipped" not in tests.stdout


NAMED = [
    "%load_ext dex\n%dex_env local",
    "def late(df):\n    return df.where('id > 2')",
    "late(spark.table('bronze.seen')).write.mode('overwrite').saveAsTable('bronze.seen_late')",
]


def test_a_notebook_that_names_its_tables_is_recorded_on_copies_of_them(session: Session, shared_project: Path) -> None:
    session.spark.range(5).write.mode("overwrite").saveAsTable("bronze.seen")
    path = write_notebook(shared_project / "notebooks/named.ipynb", *NAMED)
    report = export_notebook(path, find_project(shared_project), record=True)
    assert "test_late_gives_what_was_recorded" in report.tests
    assert '"error": null' in (shared_project / "tests/data/named/_run.json").read_text()
    assert not session.spark.catalog.tableExists("bronze.seen_late")


SLOW = [
    "%load_ext dex\n%dex_env local",
    "import time\nfrom pathlib import Path",
    "def more(n):\n    return n + 1",
    "spark.range(more(3)).write.saveAsTable(session.table('silver', 'few'))",
    "Path('started').touch()\ntime.sleep(300)",
]


def test_an_interrupt_leaves_no_process_and_the_files_of_the_export(shared_project: Path, tmp_path: Path) -> None:
    path = write_notebook(shared_project / "notebooks/slow.ipynb", *SLOW)
    export_notebook(path, find_project(shared_project))
    folders = ("src", "tests", "resources", "notebooks", ".dex/map")

    def files() -> dict[Path, bytes]:
        found = [p for folder in folders for p in (shared_project / folder).rglob("*") if "__pycache__" not in p.parts]
        return {p: p.read_bytes() for p in found if p.is_file()}

    before = files()
    process = subprocess.Popen(
        [sys.executable, "-m", "dex", "export", path, "--record"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not (shared_project / "started").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    below = psutil.Process(process.pid).children(recursive=True)
    assert below
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert psutil.wait_procs(below, timeout=10)[1] == []
    assert files() == before
    assert not list(tmp_path.iterdir())
    assert not [folder.name for folder in (shared_project / ".dex/warehouse").iterdir() if "record" in folder.name]
