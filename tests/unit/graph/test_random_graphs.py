"""Random graphs of tables, written as notebooks in the many ways that people do, give back their edges."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from dex.graph import infer_graph
from dex_dbutils.config import find_project
from generated_notebooks import ipynb_notebooks, source_notebooks
from graph_sets import BASE, graph_of, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LAYERS = ("bronze", "silver", "gold")
READS = (
    'df = spark.table("{layer}.{table}")',
    'df = session.read("{layer}", "{table}")',
    'df = spark.read.table(session.table("{layer}", "{table}"))',
    'df = spark.sql("select * from {layer}.{table} where x > 1")',
    'LAYER_{n} = "{layer}"\ndf = spark.sql(f"with a as (select * from {{LAYER_{n}}}.{table}) select * from a")',
    'for name in ["{table}"]:\n    df = spark.table("{layer}." + name)',
    'def read_{n}(name):\n    return spark.read.format("delta").table(name)\n\ndf = read_{n}(f"{{catalog}}.{layer}.{table}")',
    'spark.table("main.{layer}.{table}").createOrReplaceTempView("v{n}")\ndf = spark.table("v{n}")',
    'df = spark.readStream.option("ignoreDeletes", True).table("{layer}.{table}")',
    "tables = dict(source='{layer}.{table}')\ndf = spark.table(tables['source'])",
    "{layer} = spark.sql('''\n    select count(*) from `{layer}`.`{table}`\n''')",
)
WRITES = (
    'df.write.mode("overwrite").saveAsTable("{layer}.{table}")',
    'df.write.mode("append").saveAsTable(session.table("{layer}", "{table}"))',
    'df.writeTo("main.{layer}.{table}").createOrReplace()',
    'spark.sql("INSERT OVERWRITE {layer}.{table} SELECT 1")',
    'spark.sql("MERGE INTO {layer}.{table} t USING v s ON t.id = s.id WHEN NOT MATCHED THEN INSERT *")',
    'df.writeStream.option("checkpointLocation", "/cp/{table}").toTable("{layer}.{table}")',
    'writer = df.write.format("delta")\nif True:\n    writer = writer.mode("overwrite")\nwriter.saveAsTable(name="{layer}.{table}")',
    'save = lambda frame, name: frame.write.insertInto(name)\nsave(df, "{layer}.{table}")',
    'DeltaTable.forName(spark, "{layer}.{table}").alias("t").merge(df, "t.id = s.id").whenMatchedUpdateAll().execute()',
)
SQL_READ = "CREATE OR REPLACE TEMP VIEW v{n} AS SELECT * FROM {layer}.{table};"
SQL_WRITES = (
    "CREATE OR REPLACE TABLE {layer}.{table} AS SELECT 1 AS a;",
    "INSERT INTO {layer}.{table} VALUES (1);",
    "USE SCHEMA {layer};\nCREATE OR REPLACE VIEW {table} AS SELECT 1 AS a;",
)


@dataclass(frozen=True)
class Made:
    """Notebooks by name, and the edges between their tasks."""

    notebooks: dict[str, str]
    edges: set[tuple[str, str]]


@st.composite
def graphs(draw: st.DrawFn) -> Made:
    """Return notebooks whose tables make a graph without a circle, in any order."""
    tables: list[tuple[int, str, str]] = []  # task, layer, table
    texts: list[tuple[str, str]] = []
    edges: set[tuple[str, str]] = set()
    for task in range(draw(st.integers(1, 7))):
        reads = draw(st.lists(st.sampled_from(tables), max_size=3, unique=True)) if tables else []
        writes = [(task, draw(st.sampled_from(LAYERS)), f"t{task}_{i}") for i in range(draw(st.integers(0, 2)))]
        texts.append(draw(notebook(task, reads, writes)))
        edges |= {(f"task{writer}", f"task{task}") for writer, _, _ in reads}
        tables += writes
    return Made(dict(draw(st.permutations(texts))), edges)


@st.composite
def notebook(
    draw: st.DrawFn, task: int, reads: list[tuple[int, str, str]], writes: list[tuple[int, str, str]]
) -> tuple[str, str]:
    """Return name and text of a notebook that reads and writes tables."""
    ending = draw(st.sampled_from((".py", ".ipynb", ".sql")))
    read, write_ = ((SQL_READ,), SQL_WRITES) if ending == ".sql" else (READS, WRITES)
    parts = [
        draw(st.sampled_from(forms)).format(layer=layer, table=table, n=number)
        for forms, uses in ((read, reads), (write_, writes))
        for number, (_, layer, table) in enumerate(uses)
    ]
    if ending != ".sql":
        parts.insert(0, "from delta.tables import DeltaTable\ncatalog = spark.conf.get('my.catalog')")
    comment = "--" if ending == ".sql" else "#"
    between = draw(st.sampled_from(("\n", f"\n\n{comment} COMMAND ----------\n\n")))
    return f"task{task}{ending}", between.join(parts) + "\n"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_the_edges_of_random_tables_come_back(made: Made) -> None:
    with tempfile.TemporaryDirectory() as folder:
        graph = graph_of(Path(folder), made.notebooks)
    assert {(edge.before, edge.after) for edge in graph.edges} == made.edges
    assert [question.to_text() for question in graph.questions if question.code != "DEX-GRAPH-18"] == []
    assert sum(map(len, graph.stages)) == len(made.notebooks)
    stage = {key: number for number, keys in enumerate(graph.stages) for key in keys}
    assert all(stage[before] < stage[after] for before, after in made.edges)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(ipynb_notebooks(), source_notebooks()))
def test_any_notebook_has_a_graph_of_one_task(made: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / "config/base.yaml", BASE)
        path = root / f"n{made.ending}"  # type: ignore[attr-defined]
        path.write_bytes(made.content)  # type: ignore[attr-defined]
        graph = infer_graph(find_project(root), [path])
    assert len({task.notebook for task in graph.tasks}) == 1
    assert all(question.places for question in graph.questions)
