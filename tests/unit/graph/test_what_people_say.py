"""What a person says about tasks: read where it can be, refused with its place where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.graph import infer_graph
from dex_dbutils import DexError
from dex_dbutils.config import find_project
from graph_sets import graph_of, put, shown


def refusal(folder: Path, notebooks: dict[str, str]) -> str:
    with pytest.raises(DexError) as caught:
        graph_of(folder, notebooks)
    return str(caught.value)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("{afer: [a]}", "afer: Extra inputs are not permitted"),
        ("{after: a}", "after: Input should be a valid list"),
        ("{after: [a", "it is not YAML"),
        ("", "it is no mapping"),
        ("{key: my task!}", "key: 'my task!' is no task key: letters, digits, `-` and `_`, at most 100"),
        ("{key: ''}", "key: '' is no task key: letters, digits, `-` and `_`, at most 100"),
    ],
)
def test_a_comment_that_cannot_be_read_is_refused_with_its_line(words: str, why: str, tmp_path: Path) -> None:
    text = refusal(tmp_path, {"a.py": "x = 1\n\n# COMMAND ----------\n\ny = 1\n# dex: task " + words + "\nz = 1\n"})
    assert f"DEX-GRAPH-02: `dex: task` cannot be read: {why}." in text
    assert "where: a.py, cell 2, line 2" in text


def test_a_notebook_that_speaks_twice_of_its_task_is_refused(tmp_path: Path) -> None:
    text = refusal(tmp_path, {"a.py": "# dex: task {key: b}\nx = 1\n\n# COMMAND ----------\n\n# dex: task {key: c}\n"})
    assert "DEX-GRAPH-02: `dex: task` stands twice: at a.py, cell 1, line 1 too." in text


def test_two_tasks_with_one_key_are_refused_by_name(tmp_path: Path) -> None:
    text = refusal(tmp_path, {"a.py": "x = 1\n", "b.py": "# dex: task {key: a}\nx = 1\n"})
    assert "DEX-GRAPH-03: Two tasks have the key 'a': a.py and b.py." in text


def test_an_unknown_task_is_refused_with_the_nearest(tmp_path: Path) -> None:
    text = refusal(tmp_path, {"load.py": "x = 1\n", "b.py": "# dex: task {after: [laod]}\nx = 1\n"})
    assert "DEX-GRAPH-04: `after` names 'laod', which is no task." in text
    assert "Did you mean 'load'?" in text


def test_a_task_that_waits_for_itself_is_refused(tmp_path: Path) -> None:
    text = refusal(tmp_path, {"a.py": "# dex: task {depends_on: [a]}\nx = 1\n"})
    assert "DEX-GRAPH-04: `depends_on` names 'a', which is the task itself." in text


def test_a_table_to_ignore_that_a_task_does_not_use_is_told(tmp_path: Path) -> None:
    text = "# dex: task {ignore: [bronze.orders, bronze.ordres]}\nspark.table('bronze.orders')\n"
    graph = graph_of(tmp_path, {"a.py": text})
    assert graph.assumptions == ["`ignore` of a changes nothing: it does not use bronze.ordres"]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DexError, match="There is no file or folder"):
        infer_graph(find_project(tmp_path), [tmp_path / "nowhere"])


def test_overrides_that_go_round_are_a_question(tmp_path: Path) -> None:
    notebooks = {"a.py": "# dex: task {after: [b]}\nx = 1\n", "b.py": "# dex: task {after: [a]}\nx = 1\n"}
    graph = graph_of(tmp_path, notebooks)
    assert graph.is_cyclic
    assert [q.text for q in graph.questions] == [
        "Tasks wait for each other: a waits for b (says `after`); b waits for a (says `after`)."
    ]


def test_a_comment_in_a_string_says_nothing(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, {"a.py": 'x = """\n# dex: task {key: b}\n"""\n'})
    assert [task.key for task in graph.tasks] == ["a"]


def test_a_generated_job_says_nothing_about_the_order(tmp_path: Path) -> None:
    job = (
        "# Made from b.py by `dex export`: change the notebook and export again.\nresources:\n  jobs:\n    j:\n"
        "      tasks:\n        - {task_key: a, notebook_task: {notebook_path: ../a.py}}\n"
        "        - {task_key: c, depends_on: [{task_key: a}], notebook_task: {notebook_path: ../b.py}}\n"
    )
    notebooks = {"a.py": "x = 1\n", "b.py": "x = 1\n"}
    bundle = {"databricks.yml": "bundle: {name: shop}\ninclude: [resources/*.yml]\n"}
    assert "edges" not in shown(graph_of(tmp_path / "1", notebooks, {**bundle, "resources/j.yml": job}))
    own = graph_of(tmp_path / "2", notebooks, {**bundle, "resources/j.yml": job.partition("\n")[2]})
    assert shown(own)["edges"] == ["a -> c: resource depends_on"]
    assert str(own.edges[0].reasons[0].after) == "resources/j.yml, line 6"


def test_a_job_written_by_hand_orders_notebooks_through_its_condition_too(tmp_path: Path) -> None:
    job = (
        "resources:\n  jobs:\n    j:\n      tasks:\n"
        "        - {task_key: a, notebook_task: {notebook_path: ../a.py}}\n"
        "        - {task_key: any, depends_on: [{task_key: a}], condition_task: {op: EQUAL_TO, left: x, right: x}}\n"
        "        - task_key: b\n          depends_on:\n            - {task_key: any, outcome: 'true'}\n"
        "          notebook_task: {notebook_path: ../b.py}\n"
    )
    files = {"databricks.yml": "bundle: {name: shop}\ninclude: [resources/*.yml]\n", "resources/j.yml": job}
    graph = graph_of(tmp_path, {"a.py": "x = 1\n", "b.py": "x = 1\n"}, files)
    assert shown(graph)["edges"] == ["a -> b: resource depends_on"]
    assert str(graph.edges[0].reasons[0].after) == "resources/j.yml, line 9"


def test_a_notebook_that_others_run_is_a_task_if_it_says_so(tmp_path: Path) -> None:
    notebooks = {"main.py": "# MAGIC %run ./part\n", "part.py": "# dex: task {key: part}\nx = 1\n"}
    assert [task.key for task in graph_of(tmp_path, notebooks).tasks] == ["main", "part"]


def test_notebooks_that_run_each_other_stay_tasks_and_the_circle_is_told(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, {"a.py": "# MAGIC %run ./b\n", "b.py": "# MAGIC %run ./a\n"})
    assert [task.key for task in graph.tasks] == ["a", "b"]
    assert {question.code for question in graph.questions} == {"DEX-GRAPH-15"}


def test_loops_without_end_are_told_and_what_was_found_before_counts(tmp_path: Path) -> None:
    text = "for i in range(1000):\n    for j in range(1000):\n        spark.table('bronze.a')\n"
    graph = graph_of(tmp_path, {"a.py": text, "b.py": 'spark.range(1).write.saveAsTable("bronze.a")\n'})
    assert shown(graph)["edges"] == ["b -> a: table bronze.a"]
    assert [(q.code, str(q.places[0])) for q in graph.questions] == [("DEX-GRAPH-16", "a.py, cell 1, line 3")]


def test_notebooks_of_one_name_are_tasks_with_their_folders_also_outside_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"a/load.py": 'spark.range(1).write.saveAsTable("bronze.x")\n', "b/load.py": 'spark.table("bronze.x")\n'}
    paths = [put(tmp_path / "notebooks", name, text) for name, text in texts.items()]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    graph = infer_graph(find_project(tmp_path / "elsewhere"), paths)
    assert shown(graph)["edges"] == ["a_load -> b_load: table bronze.x"]


def test_every_cell_in_another_language_is_a_place_of_one_question(tmp_path: Path) -> None:
    cells = "\n# COMMAND ----------\n\n".join(["# MAGIC %scala\n# MAGIC val a = 1\n"] * 3)
    graph = graph_of(tmp_path, {"a.py": cells})
    assert [(q.code, [place.cell for place in q.places]) for q in graph.questions] == [("DEX-GRAPH-16", [1, 2, 3])]
