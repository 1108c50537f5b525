"""Tasks that the configuration speaks of: in the graph of a job, and in the graph of all notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dex.cli import main
from dex.graph import infer_graph, usual_paths
from dex_dbutils import DexError
from dex_dbutils.config import find_project
from graph_sets import BASE, graph_of

NOTEBOOKS = {
    "notebooks/load.py": "dbutils.jobs.taskValues.set('rows', 1)\nspark.range(3).write.saveAsTable('bronze.orders')\n",
    "notebooks/clean.py": "spark.table('bronze.orders').write.saveAsTable('silver.orders')\n",
}
ENOUGH = "condition_task: {op: GREATER_THAN, left: '{{tasks.load.values.rows}}', right: '0'}"


def config(*tasks: str, job: str = "daily", notebooks: str = "[notebooks]") -> dict[str, str]:
    lines = "".join(f"      {task}\n" for task in tasks)
    return {"config/base.yaml": f"{BASE}jobs:\n  {job}:\n    notebooks: {notebooks}\n    tasks:\n{lines}"}


def edges(folder: Path, *tasks: str) -> list[tuple[str, str, str]]:
    graph = graph_of(folder, NOTEBOOKS, config(*tasks))
    return [(edge.before, edge.after, edge.label) for edge in graph.edges]


def test_a_task_that_is_written_out_stands_where_its_values_and_words_put_it(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        f"enough: {{{ENOUGH}}}",
        "clean: {depends_on: [{task_key: enough, outcome: 'true'}]}",
        "tell: {run_job_task: {job_id: 5}, after: [clean]}",
    )
    assert found == [
        ("enough", "clean", "depends_on"),
        ("load", "enough", "rows"),
        ("clean", "tell", "after"),
    ]


def test_a_reference_with_backticks_or_room_inside_is_one_too(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        "big-one: {condition_task: {op: EQUAL_TO, left: '{{ tasks.load.values.`rows` }}', right: '0'}}",
        "last: {run_job_task: {job_id: 1, job_parameters: {how: '{{tasks.`big-one`.result_state}}'}}}",
    )
    assert found[1:] == [("load", "big-one", "rows"), ("big-one", "last", "result_state")]


def test_a_task_that_is_written_out_says_which_tables_it_reads_and_writes(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        "query: {sql_task: {warehouse_id: a, query: {query_id: q}}, reads: [silver.orders], writes: [gold.orders]}",
        "board: {dashboard_task: {dashboard_id: d}, reads: [gold.orders]}",
        "last: {run_job_task: {job_id: 1, job_parameters: {how: '{{tasks.board.result_state}}'}}}",
    )
    assert found[1:] == [
        ("clean", "query", "silver.orders"),
        ("query", "board", "gold.orders"),
        ("board", "last", "result_state"),
    ]


def test_a_value_that_no_task_sets_is_asked_about(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, NOTEBOOKS, config(f"enough: {{{ENOUGH.replace('rows', 'count')}}}"))
    (question,) = graph.questions
    assert (question.code, [str(place) for place in question.places]) == (
        "DEX-GRAPH-17",
        ["config/base.yaml, line 7"],
    )


def test_a_circle_through_written_tasks_is_explained(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        NOTEBOOKS,
        config("load: {after: [tell]}", "tell: {run_job_task: {job_id: 5}, depends_on: [load]}"),
    )
    assert graph.is_cyclic
    assert graph.questions[0].text == (
        "Tasks wait for each other: load waits for tell (says `after`); tell waits for load (says `depends_on`)."
    )
    assert [str(place) for place in graph.questions[0].places] == [
        "config/base.yaml, line 7",
        "config/base.yaml, line 8",
    ]


def test_the_configuration_wins_over_the_notebook(tmp_path: Path) -> None:
    notebooks = {**NOTEBOOKS, "notebooks/clean.py": "# dex: task {depends_on: [load], max_retries: 1}\nx = 1\n"}
    graph = graph_of(tmp_path, notebooks, config("clean: {depends_on: []}"))
    assert graph.edges == []
    assert graph.task("clean").settings == {"max_retries": 1}


def test_an_unknown_task_is_refused_at_the_line_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(DexError, match="`after` names 'laod', which is no task") as caught:
        edges(tmp_path, "clean: {after: [laod]}")
    assert "config/base.yaml, line 7" in str(caught.value)


@pytest.mark.parametrize("words", ["after: load", "reads: silver.orders", "depends_on: [{outcome: 'true'}]"])
def test_what_cannot_be_read_is_refused_at_the_line_of_the_configuration(words: str, tmp_path: Path) -> None:
    with pytest.raises(DexError, match="DEX-GRAPH-02|cannot be read") as caught:
        edges(tmp_path, f"clean: {{{words}}}")
    assert caught.value.code == "DEX-GRAPH-02"
    assert "config/base.yaml, line 7" in str(caught.value)


def test_without_paths_the_graph_has_what_the_jobs_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        **config("tell: {run_job_task: {job_id: 5}, after: [fill]}", notebooks="[notebooks, jobs/fill.py]"),
        "jobs/fill.py": "spark.table('silver.orders').write.saveAsTable('gold.orders')\n",
        "jobs/helper.py": "x = 1\n",
    }
    graph_of(tmp_path, NOTEBOOKS, files)
    project = find_project(tmp_path)
    graph = infer_graph(project, usual_paths(project))
    assert graph.stages == [["load"], ["clean"], ["fill"], ["tell"]]
    part = infer_graph(project, [tmp_path / "notebooks"])  # what it waits for is not among these
    assert part.depends_on("tell") == []
    monkeypatch.chdir(tmp_path)
    assert main(["job", "graph", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tasks"][-1]["type"] == "run_job_task"
    assert main(["job", "graph", "--mermaid"]) == 0
    assert 'fill -- "after" --> tell' in capsys.readouterr().out


def test_tasks_of_two_jobs_with_one_key_are_told_apart(tmp_path: Path) -> None:
    second = (
        "  weekly:\n    notebooks: [notebooks]\n    tasks:\n      tell: {run_job_task: {job_id: 6}, after: [load]}\n"
    )
    said = config("tell: {run_job_task: {job_id: 5}, after: [clean]}")
    graph = graph_of(tmp_path, NOTEBOOKS, {"config/base.yaml": said["config/base.yaml"] + second})
    assert {task.key: graph.depends_on(task.key) for task in graph.tasks if task.type} == {
        "tell": ["clean"],
        "weekly.tell": ["load"],
    }
    one = infer_graph(find_project(tmp_path), [tmp_path / "notebooks"], job="weekly")
    assert {task.key: one.depends_on(task.key) for task in one.tasks if task.type} == {"tell": ["load"]}


def test_a_condition_is_a_diamond(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, NOTEBOOKS, config(f"enough: {{{ENOUGH}}}"))
    assert '  enough{"enough"}' in graph.to_mermaid().splitlines()
    assert "enough  (condition_task, config/base.yaml)" in graph.to_text()
