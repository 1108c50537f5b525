"""Generated tests can fail: they kill at least seven in ten seeded mistakes in the exported functions."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.export import export_notebook, try_mutants
from dex_dbutils import ExportError
from dex_dbutils.config import find_project
from notebook_factory import write_notebook
from orders_notebook import ORDERS

ASSERTS = [
    "%load_ext dex\n%dex_env local",
    """\
def grade(points, best=10):
    if points < 0 or points > best:
        return None
    return 'good' if points >= best - 2 else 'fair' if points > 4 else 'poor'""",
    (
        "assert [grade(n) for n in (-1, 0, 4, 5, 7, 8, 10, 11)] == "
        "[None, 'poor', 'poor', 'fair', 'fair', 'good', 'good', None]\nassert grade(3, best=3) == 'good'"
    ),
    "def ratio(a, b):\n    return a / b if b != 0 else 0.0",
    "assert ratio(6, 3) == 2\nassert ratio(1, 0) == 0.0",
]
SALES = [
    "%load_ext dex\n%dex_env local",
    "from pyspark.sql import functions as F",
    (
        "rows = [(n, ('NL', 'DE', None)[n % 3], (n * 37) % 101 - 20, f' Item {n % 9} ') for n in range(200)]\n"
        "sold = spark.createDataFrame(rows, 'id long, country string, cents long, item string')"
    ),
    """\
def tidy(df):
    return (
        df.where(F.col('country').isNotNull() & (F.col('cents') > 0))
        .withColumn('item', F.lower(F.trim('item')))
        .withColumn('euros', F.col('cents') / 100)
        .drop('cents')
    )""",
    (
        "def per_country(df, least):\n"
        "    sums = df.groupBy('country', 'item').agg(F.sum('euros').alias('euros'), F.count('*').alias('n'))\n"
        "    return sums.where(F.col('n') >= least).orderBy(F.desc('euros'))"
    ),
    "best = per_country(tidy(sold), 5)\nbest.write.mode('overwrite').saveAsTable(session.table('gold', 'best'))",
]

RATES = [
    "%load_ext dex\n%dex_env local",
    "import asyncio\nfrom dataclasses import dataclass\nfrom pyspark.sql import functions as F",
    """\
@dataclass(frozen=True)
class Tax:
    rate: float
    free: int = 10

    def of(self, amount):
        return 0.0 if amount < self.free else amount * self.rate

    def on(self, df):
        taxed = df.where(F.col('amount') >= self.free).dropDuplicates(['k'])
        return taxed.withColumn('tax', F.col('amount') * self.rate)""",
    """\
class Steps:
    def half(self, n):
        return n / 2 if n % 2 == 0 else None""",
    "async def later(n):\n    await asyncio.sleep(0)\n    return n * 2 + 1",
    "got = asyncio.run(later(20))",
    "tax = Tax(0.21)\nprint(tax.of(9), tax.of(10), Steps().half(4), Steps().half(3))",
    (
        "sold = spark.createDataFrame([(n, n % 40) for n in range(90)], 'k long, amount long')\n"
        "tax.on(sold).write.mode('overwrite').saveAsTable(session.table('gold', 'taxed'))"
    ),
]


def test_the_tests_of_notebooks_with_asserts_or_a_recording_kill_seven_in_ten(
    shared_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = find_project(shared_project)
    killed = tried = 0
    told: list[str] = []
    for name, cells, record in (
        ("grades", ASSERTS, False),
        ("sales", SALES, True),
        ("booked", ORDERS, True),
        ("rates", RATES, True),
    ):
        path = write_notebook(shared_project / f"notebooks/{name}.ipynb", *cells)
        export_notebook(path, project, record=record)
        report = try_mutants(project, name, count=10, seed=1)
        killed += report.killed
        tried += len(report.mutants)
        told.append(report.to_text())
    with capsys.disabled():
        print("\n" + "\n".join([*told, f"together: {killed} of {tried} mutants killed ({killed / tried:.0%})"]))
    assert tried >= 35
    assert killed / tried >= 0.7, "\n".join(told)


def test_red_tests_judge_no_mutant(shared_project: Path) -> None:
    project = find_project(shared_project)
    path = write_notebook(shared_project / "notebooks/red.ipynb", "def one():\n    return 1", "assert one() == 1")
    export_notebook(path, project)
    module = shared_project / "src" / project.package / "red.py"
    module.write_text(module.read_text().replace("return 1", "return 2"))
    with pytest.raises(ExportError, match="not green as they are") as raised:
        try_mutants(project, "red")
    assert raised.value.code == "DEX-EXPORT-23"
    with pytest.raises(ExportError) as raised:
        try_mutants(project, "never_exported")
    assert raised.value.code == "DEX-EXPORT-22"
