"""Sections become tasks only where they exchange tables and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph_sets import graph_of

HEADING = "# MAGIC %md\n# MAGIC ## {}\n"
BETWEEN = "\n# COMMAND ----------\n\n"
WRITE = 'spark.range(1).write.mode("overwrite").saveAsTable("gold.{}")\n'
FIRST, LAST = WRITE.format("a"), WRITE.format("b")


def notebook(first: str, last: str, above: str = "x = 1\n") -> dict[str, str]:
    return {"n.py": BETWEEN.join([above, HEADING.format("A"), first, HEADING.format("B"), last])}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (FIRST, LAST),
        ("df = 1\n" + FIRST, "df = 2\nprint(df)\n" + LAST),
        ("import os\n" + FIRST, "os.getcwd()\n" + LAST),
        ("LIMIT = 3\n\ndef f():\n    return LIMIT\n" + FIRST, "f()\n" + LAST),
        (FIRST, 'spark.table("gold.a")\n' + LAST),
    ],
    ids=["nothing", "a name that both set", "an import", "a function and a constant", "a table"],
)
def test_sections_that_exchange_only_tables_and_definitions_are_tasks(first: str, last: str, tmp_path: Path) -> None:
    graph = graph_of(tmp_path, notebook(first, last))
    assert [(task.key, task.section, task.cells) for task in graph.tasks] == [
        ("n_a", "A", [1, 3]),
        ("n_b", "B", [1, 5]),
    ]
    assert graph.questions == []
    assert graph.assumptions == ["the sections of n.py exchange tables only, and are 2 tasks"]


@pytest.mark.parametrize(
    ("first", "last", "above", "why"),
    [
        ("df = spark.range(1)\n" + FIRST, "df.show()\n" + LAST, "", "cell 5 needs `df` of cell 3"),
        ("n = 1\n\ndef f():\n    return k\nk = len('a')\n" + FIRST, "f()\n" + LAST, "", "cell 5 needs `f` of cell 3"),
        ("rows.append(1)\n" + FIRST, "print(rows)\n" + LAST, "rows = []\n", "cell 5 needs `rows` of cell 3"),
        (
            'spark.range(1).createTempView("v")\n' + FIRST,
            'spark.table("v")\n' + LAST,
            "",
            "cell 5 needs the temporary view `v` of cell 3",
        ),
        (
            'dbutils.widgets.text("w", "1")\n' + FIRST,
            'dbutils.widgets.get("w")\n' + LAST,
            "",
            "cell 5 needs the widget `w` of cell 3",
        ),
        (
            'spark.sql("USE gold")\n' + FIRST,
            'spark.table("x")\n' + LAST,
            "",
            "cell 5 needs the current schema of cell 3",
        ),
        (
            'spark.conf.set("a", "1")\n' + FIRST,
            LAST,
            "",
            "cell 3 sets spark.conf `a`, which holds below it",
        ),
        (FIRST, LAST, WRITE.format("c"), "the cells above the first heading write c"),
        (
            FIRST,
            LAST + BETWEEN + HEADING.format("C") + BETWEEN + "send()\n",
            "",
            "'C' does something, and reads and writes no table",
        ),
    ],
    ids=["a frame", "a function of a value", "a list", "a view", "a widget", "a schema", "a setting", "above", "mail"],
)
def test_sections_that_exchange_more_are_one_task_and_it_is_told_why(
    first: str, last: str, above: str, why: str, tmp_path: Path
) -> None:
    graph = graph_of(tmp_path, notebook(first, last, above or "x = 1\n"))
    assert [task.key for task in graph.tasks] == ["n"]
    (question,) = graph.questions
    assert question.code == "DEX-GRAPH-19"
    assert why in question.text


def test_a_comment_speaks_of_its_section_and_the_metadata_of_the_notebook(tmp_path: Path) -> None:
    cells = notebook("# dex: task {ignore: true}\n" + FIRST, "# dex: task {key: last, after: [other]}\n" + LAST)
    notebooks = {
        "n.ipynb": cells["n.py"] + BETWEEN + HEADING.format("C") + BETWEEN + WRITE.format("c"),
        "other.py": "x = 1\n",
    }
    graph = graph_of(tmp_path, notebooks, metadata={"n.ipynb": {"dex": {"task": {"key": "shop"}}}})
    assert [task.key for task in graph.tasks] == ["last", "shop_c", "other"]
    assert graph.depends_on("last") == ["other"]


def test_a_notebook_whose_job_waits_lets_all_of_its_sections_wait(tmp_path: Path) -> None:
    job = (
        "resources:\n  jobs:\n    j:\n      tasks:\n        - {task_key: first, notebook_task: {notebook_path: ../a.py}}\n"
        "        - {task_key: n, depends_on: [{task_key: first}], notebook_task: {notebook_path: ../n.py}}\n"
    )
    bundle = {"databricks.yml": "bundle: {name: shop}\ninclude: [resources/*.yml]\n", "resources/j.yml": job}
    graph = graph_of(tmp_path, {"a.py": "x = 1\n", **notebook(FIRST, LAST)}, bundle)
    assert {(edge.before, edge.after) for edge in graph.edges} == {("first", "n_a"), ("first", "n_b")}


def test_sections_keep_the_order_of_their_notebook(tmp_path: Path) -> None:
    texts = {
        "reads what is written below": 'spark.table("gold.x").show()\n' + WRITE.format("a"),
        "fills": WRITE.format("x"),
        "adds": 'spark.range(1).write.mode("append").saveAsTable("gold.x")\n',
        "alone": WRITE.format("d"),
    }
    cells = [part for title, text in texts.items() for part in (HEADING.format(title), text)]
    graph = graph_of(tmp_path, {"n.py": BETWEEN.join(cells)})
    first, fills, adds, _ = (task.key for task in graph.tasks)
    assert {(edge.before, edge.after) for edge in graph.edges} == {(first, fills), (first, adds), (fills, adds)}
    assert [str(place) for place in (graph.edges[0].reasons[0].before, graph.edges[0].reasons[0].after)] == [
        "n.py, cell 2, line 1",
        "n.py, cell 4, line 1",
    ]
    assert graph.questions == []
