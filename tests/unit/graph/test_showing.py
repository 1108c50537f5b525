"""The graph as people see it: in a terminal, as Mermaid, as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from dex.cli import main
from dex.graph import JobGraph
from graph_sets import BASE, graph_of, put, write

NOTEBOOKS = {
    "notebooks/end.py": 'spark.table("raw.orders").write.mode("append").saveAsTable("bronze.orders")\n',
    "notebooks/silver.py": 'spark.table("bronze.orders").write.mode("overwrite").saveAsTable("silver.orders")\n',
    "notebooks/gold.py": 'spark.table("silver.orders").join(spark.table("bronze.orders")).write.saveAsTable("gold.o")\n',
}
TEXT = """\
3 tasks in 3 stages
├── stage 1
│   └── end  (notebooks/end.py)
│       ├── reads   raw.orders
│       └── writes  bronze.orders
├── stage 2
│   └── silver  (notebooks/silver.py)
│       ├── after   end (bronze.orders)
│       └── writes  silver.orders
└── stage 3
    └── gold  (notebooks/gold.py)
        ├── after   end (bronze.orders), silver (silver.orders)
        └── writes  gold.o

inputs
  raw.orders  read by end
"""
MERMAID = """\
flowchart LR
  in1[("raw.orders")]
  end_["end"]
  silver["silver"]
  gold["gold"]
  in1 -.-> end_
  end_ -- "bronze.orders" --> silver
  end_ -- "bronze.orders" --> gold
  silver -- "silver.orders" --> gold
"""
ROUND = {
    "notebooks/a.py": 'spark.table("gold.b").write.mode("overwrite").saveAsTable("gold.a")\n',
    "notebooks/b.py": 'spark.table("gold.a").write.mode("overwrite").saveAsTable("gold.b")\n',
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "config/base.yaml", BASE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def fill(project: Path, notebooks: dict[str, str]) -> None:
    for name, text in notebooks.items():
        put(project, name, text)


def test_the_terminal_shows_stages_and_what_each_task_waits_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(project, NOTEBOOKS)
    assert main(["job", "graph", *NOTEBOOKS]) == 0
    assert capsys.readouterr().out == TEXT


def test_mermaid_has_tasks_inputs_and_tables_and_none_of_its_own_words(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(project, NOTEBOOKS)
    assert main(["job", "graph", *NOTEBOOKS, "--mermaid"]) == 0
    assert capsys.readouterr().out == MERMAID


def test_json_reads_back_as_the_graph_and_without_paths_it_is_of_the_folder_of_notebooks(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(project, NOTEBOOKS)
    assert main(["job", "graph", "--json"]) == 0
    graph = JobGraph.model_validate(json.loads(capsys.readouterr().out))
    assert graph.stages == [["end"], ["silver"], ["gold"]]
    assert graph.depends_on("gold") == ["end", "silver"]


def test_a_circle_ends_with_1_and_says_the_way_round(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(project, ROUND)
    assert main(["job", "graph"]) == 1
    assert capsys.readouterr().out.partition("DEX-GRAPH-11")[2] == (
        ": Tasks wait for each other: a waits for b (gold.b); b waits for a (gold.a).\n"
        "  where: notebooks/b.py, cell 1, line 1\n  where: notebooks/a.py, cell 1, line 1\n"
        "  where: notebooks/a.py, cell 1, line 1\n  where: notebooks/b.py, cell 1, line 1\n"
        "  next:  Let one not wait: `dex: task {ignore: [gold.a]}` in b where last run's table will do.\n"
    )


def test_an_open_question_ends_with_1_only_where_that_is_asked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(project, {"notebooks/a.py": "spark.table(name).show()\n"})
    assert main(["job", "graph"]) == 0
    assert main(["job", "graph", "--check"]) == 1
    assert "DEX-GRAPH-10" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_an_error_with_its_code(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["job", "graph", "nowhere", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "DEX-GRAPH-01"


def test_two_forms_at_once_are_wrong_use(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "graph", "--json", "--mermaid"]) == 2
    assert "--mermaid and --json" in capsys.readouterr().out


def test_sections_stay_one_task_where_that_is_asked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heading, cell = "# MAGIC %md ## {}\n", "\n# COMMAND ----------\n\n"
    write_ = 'spark.range(1).write.mode("overwrite").saveAsTable("gold.{}")\n'
    fill(project, {"notebooks/n.py": cell.join(f(x) for x in ("a", "b") for f in (heading.format, write_.format))})
    assert main(["job", "graph", "--json"]) == 0
    assert [task["key"] for task in json.loads(capsys.readouterr().out)["tasks"]] == ["n_a", "n_b"]
    assert main(["job", "graph", "--json", "--no-sections"]) == 0
    assert [task["key"] for task in json.loads(capsys.readouterr().out)["tasks"]] == ["n"]


def test_a_graph_of_fourteen_tasks_fits_the_terminal(tmp_path: Path) -> None:
    notebooks = {
        f"a_notebook_with_a_long_name_{i}.py": "\n".join(
            f'spark.table("silver.table_number_{j}").show()' for j in range(i)
        )
        + f'\nspark.range(1).write.mode("overwrite").saveAsTable("silver.table_number_{i}")\n'
        for i in range(14)
    }
    graph = graph_of(tmp_path, notebooks)
    lines = graph.to_text(width=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(re.findall(r"^stage|─ stage", "\n".join(lines), re.MULTILINE)) == 14


def test_inputs_that_many_tasks_read_fit_the_terminal_and_no_name_is_broken(tmp_path: Path) -> None:
    notebooks = {
        f"report_of_region_{i:02}.py": 'spark.table("bronze.orders-of-all-regions").show()\n' for i in range(20)
    }
    notebooks["b.py"] = (
        'env = dbutils.widgets.get("a_parameter_with_a_long_name")\nspark.table(f"{env}_silver.x").show()\n'
    )
    text = graph_of(tmp_path, notebooks).to_text(width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert re.findall(r"report_of_region_\d\d", text.partition("inputs")[2]) == [
        f"report_of_region_{i:02}" for i in range(20)
    ]


def test_mermaid_keeps_tasks_apart_whose_keys_differ_in_signs_and_shows_names_with_any_sign(tmp_path: Path) -> None:
    notebooks = {
        "a.py": "# dex: task {key: a-b}\n" + 'spark.range(1).write.saveAsTable("gold.`x <b> #1 \\"y\\"`")\n',
        "b.py": "# dex: task {key: a_b}\n" + 'spark.table("gold.`x <b> #1 \\"y\\"`")\n',
    }
    assert graph_of(tmp_path, notebooks).to_mermaid().splitlines()[1:] == [
        '  a_b["a-b"]',
        '  a_b_["a_b"]',
        '  a_b -- "gold.x #lt;b#gt; #35;1 #quot;y#quot;" --> a_b_',
    ]


def test_the_project_is_found_from_the_folder_that_is_given(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(project, {"a.py": 'spark.table("bronze.x").show()\n'})
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert main(["job", "graph", str(project), "--json"]) == 0
    assert [task["notebook"] for task in json.loads(capsys.readouterr().out)["tasks"]] == ["a.py"]
