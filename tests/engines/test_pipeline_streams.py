"""Streams of a pipeline: every row that is added is taken once, and what needs earlier rows is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex_dbutils import Environment, PipelineError, get_session, load_environment
from pipeline_sources import Trial


@pytest.fixture(scope="module")
def environment(own_project: Path) -> Environment:
    return load_environment("local", start=own_project)


@pytest.fixture(scope="module")
def spark(environment: Environment) -> Any:
    return get_session(environment).spark


@pytest.fixture
def trial(environment: Environment, request: pytest.FixtureRequest) -> Iterator[Trial]:
    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_"))[:60].strip("_").lower()
    yield Trial(environment, name)


def test_a_folder_that_one_flow_reads_twice_gives_every_file_once(trial: Trial, spark: Any) -> None:
    folder = trial.environment.project.root / "landing" / trial.key
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("1\n")
    (folder / "b.csv").write_text("2\n")
    sources = {
        "tables.py": f"""\
def files(pattern):
    reader = spark.readStream.format("csv").schema("x int").option("pathGlobFilter", pattern)
    return reader.load("landing/{trial.key}")

@dp.table
def both():
    return files("a*").union(files("b*"))
"""
    }
    assert trial.run(sources).datasets[0].rows == 2
    assert trial.run().datasets[0].rows == 0
    assert trial.rows("both", spark) == [(1,), (2,)]


SEEN = """\
@dp.table
def base():
    return spark.range(3)

@dp.temporary_view
def seen():
    return spark.readStream.table("base")

"""


def test_sql_takes_frames_and_is_a_stream_where_they_are(trial: Trial, spark: Any) -> None:
    update = trial.run(
        {
            "tables.py": SEEN
            + """\
@dp.materialized_view
def of_a_frame():
    return spark.sql("select id from {numbers} where id > 0", numbers=spark.range(3))

@dp.table
def of_a_stream():
    return spark.sql("select id from {numbers} where id > 1", numbers=spark.readStream.table("base"))
""",
            "older.sql": "CREATE OR REFRESH MATERIALIZED VIEW first AS SELECT base.id FROM base VERSION AS OF 0;",
        }
    )
    kinds = {each.name.rpartition(".")[2]: each.kind for each in update.datasets}
    assert (kinds["of_a_frame"], kinds["of_a_stream"]) == ("materialized view", "streaming table")
    assert trial.rows("of_a_frame", spark) == [(1,), (2,)]
    assert trial.rows("of_a_stream", spark) == [(2,)]
    assert trial.rows("first", spark) == [(0,), (1,), (2,)]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("sum", "select sum(id) as total from seen"),
        ("count", "select count(*) as n from {stream}"),
        ("join", "select a.id from stream(base) a, seen b where a.id = b.id"),
    ],
)
def test_sql_that_needs_earlier_rows_of_a_stream_is_refused_without_the_word_stream(
    trial: Trial, kind: str, query: str
) -> None:
    table = f"@dp.table\ndef {kind}():\n    return spark.sql({query!r}, stream=spark.readStream.table('base'))\n"
    with pytest.raises(PipelineError, match="DEX-PIPELINE-08"):
        trial.run({"tables.py": SEEN + table}, dry_run=True)
