"""Every question goes away when it is answered as its remedy says."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph_sets import graph_of

WRITE = 'spark.range(1).write.mode("overwrite").saveAsTable("{}")\n'
READ = 'spark.table("{}").show()\n'
#: Code, notebooks, the notebook that answers, the answer, the edges behind it.
ANSWERS = {
    "an unknown name": (
        "DEX-GRAPH-10",
        {"a.py": WRITE.format("silver.a"), "b.py": "spark.table(x)\n"},
        ("b.py", "{reads: [silver.a]}"),
        {("a", "b")},
    ),
    "a name that is said to be nothing": (
        "DEX-GRAPH-10",
        {"a.py": WRITE.format("silver.a"), "b.py": "spark.table(x)\n"},
        ("b.py", "{reads: []}"),
        set(),
    ),
    "a circle": (
        "DEX-GRAPH-11",
        {
            "a.py": READ.format("gold.b") + WRITE.format("gold.a"),
            "b.py": READ.format("gold.a") + WRITE.format("gold.b"),
        },
        ("b.py", "{ignore: [gold.a]}"),
        {("b", "a")},
    ),
    "two writers in order": (
        "DEX-GRAPH-12",
        {"a.py": WRITE.format("gold.x"), "b.py": WRITE.format("gold.x"), "c.py": READ.format("gold.x")},
        ("b.py", "{after: [a]}"),
        {("a", "b"), ("a", "c"), ("b", "c")},
    ),
    "two writers of which one does not count": (
        "DEX-GRAPH-12",
        {"a.py": WRITE.format("gold.x"), "b.py": WRITE.format("gold.x"), "c.py": READ.format("gold.x")},
        ("b.py", "{ignore: [gold.x]}"),
        {("a", "c")},
    ),
    "a reader between two writers": (
        "DEX-GRAPH-12",
        {
            "a.py": WRITE.format("gold.x"),
            "b.py": "# dex: task {after: [a]}\n" + READ.format("gold.x"),
            "c.py": WRITE.format("gold.x"),
        },
        ("c.py", "{after: [b]}"),
        {("a", "b"), ("b", "c")},
    ),
    "a missing schema": (
        "DEX-GRAPH-13",
        {"a.py": WRITE.format("silver.x"), "b.py": READ.format("x")},
        ("b.py", "{reads: [silver.x]}"),
        {("a", "b")},
    ),
    "a function that is given a name": (
        "DEX-GRAPH-14",
        {"a.py": WRITE.format("silver.x"), "b.py": 'import vendor\nvendor.load("silver.x")\n'},
        ("b.py", "{reads: [silver.x]}"),
        {("a", "b")},
    ),
    "a notebook that only the run knows": (
        "DEX-GRAPH-15",
        {"a.py": WRITE.format("silver.x"), "b.py": "dbutils.notebook.run(x, 60)\n"},
        ("b.py", "{reads: [silver.x]}"),
        {("a", "b")},
    ),
    "a Scala cell": (
        "DEX-GRAPH-16",
        {"a.py": "# MAGIC %scala\n# MAGIC val a = 1\n", "b.py": READ.format("gold.x")},
        ("a.py", "{writes: [gold.x]}"),
        {("a", "b")},
    ),
    "a task value of another key": (
        "DEX-GRAPH-17",
        {
            "a.py": 'dbutils.jobs.taskValues.set("n", 1)\n',
            "b.py": 'dbutils.jobs.taskValues.get(taskKey="load", key="n")\n',
        },
        ("a.py", "{key: load}"),
        {("load", "b")},
    ),
    "sections": (
        "DEX-GRAPH-19",
        {
            "a.py": "\n# COMMAND ----------\n\n".join(
                [
                    "# MAGIC %md ## A\n",
                    "x = spark.range(1)\n" + WRITE.format("gold.a"),
                    "# MAGIC %md ## B\n",
                    "x.show()\n" + WRITE.format("gold.b"),
                ]
            )
        },
        ("a.py", "{sections: false}"),
        set(),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_ends_the_question(name: str, tmp_path: Path) -> None:
    code, notebooks, (answering, answer), edges = ANSWERS[name]
    assert code in {question.code for question in graph_of(tmp_path, notebooks).questions}
    said = f"# dex: task {answer}\n\n# COMMAND ----------\n\n{notebooks[answering]}"
    graph = graph_of(tmp_path, {**notebooks, answering: said})
    assert [question.to_text() for question in graph.questions] == []
    assert {(edge.before, edge.after) for edge in graph.edges} == edges
