"""A recording is true, hides persons, is the same each time, and its tests fail when the function changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dex.export import export_notebook
from dex_dbutils.config import find_project
from notebook_factory import text, write_notebook

ORDERS = [
    text("# Orders"),
    "%load_ext dex\n%dex_env local",
    "from datetime import date, datetime\nfrom decimal import Decimal\nfrom pyspark.sql import DataFrame, functions as F",
    """\
rows = [
    (i, f'c{i % 7}', f'Anna{i % 7}@mail.org', float(i % 50) - 3, Decimal(i) / 4, date(2024, 1, 1 + i % 28),
     datetime(2024, 3, 31, i % 24, 30), 'open' if i % 3 else 'closed', [i, None], {'a': i})
    for i in range(120)
]
types = 'id int, customer_id string, email string, amount double, tax decimal(9,2), day date, at timestamp, '
raw = spark.createDataFrame(rows, types + 'state string, parts array<int>, extra map<string,int>')
names = [(f'c{i}', f'Anna{i}@mail.org', 'NL' if i % 2 else 'DE') for i in range(7)]
customers = spark.createDataFrame(names, 'customer_id string, email string, country string')""",
    """\
def clean(df: DataFrame, least: float = 0.0) -> DataFrame:
    '''Positive amounts, once.'''
    return df.where(F.col('amount') > least).dropDuplicates(['id']).withColumn('hour', F.hour('at'))""",
    "orders = clean(raw)",
    """\
# dex: transform by_country
joined = orders.join(customers.drop('email'), 'customer_id', 'left')
totals = joined.where(F.col('state') != 'closed').groupBy('country').agg(F.sum('amount').alias('total'))
totals = totals.orderBy(F.desc('total'))""",
    "orders.write.mode('overwrite').saveAsTable(session.table('silver', 'clean_orders'))",
    "totals.write.mode('overwrite').saveAsTable(session.table('gold', 'totals'))",
    "def chance(df):\n    return df.withColumn('r', F.rand())\n\nseen = chance(raw).count()",
    "def save(df):\n    df.write.mode('overwrite').saveAsTable(session.table('gold', 'again'))",
    "assert totals.count() == 2\nassert seen == 121",
]


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
