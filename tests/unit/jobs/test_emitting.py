"""One job of several notebooks: `dex bundle emit`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dex.bundle import validate_bundle
from dex.cli import main
from dex.export import export_notebook
from dex.jobs import emit_job, emit_jobs
from dex_dbutils import ExportError
from dex_dbutils.config import find_project
from notebook_factory import contents, project_folder, write_notebook

BRONZE = (
    "dbutils.widgets.text('day', '2013-01-01')\nday = dbutils.widgets.get('day')",
    "spark.range(3).write.mode('overwrite').saveAsTable('bronze.orders')",
)
SILVER = ("%pip install six", "spark.table('bronze.orders').write.mode('overwrite').saveAsTable('silver.orders')")
GOLD = ("%sql\ncreate or replace table gold.orders as select * from silver.orders",)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = project_folder(tmp_path / "shop")
    write_notebook(folder / "notebooks/to_gold.ipynb", *GOLD)
    write_notebook(folder / "notebooks/to_bronze.ipynb", *BRONZE)
    write_notebook(folder / "notebooks/to_silver.ipynb", *SILVER)
    return folder


def job(root: Path) -> dict[str, Any]:
    text = (root / "resources/daily.job.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["resources"]["jobs"]["daily"]
    return found


def waits(root: Path) -> dict[str, list[str]]:
    return {t["task_key"]: [d["task_key"] for d in t.get("depends_on", [])] for t in job(root)["tasks"]}


def test_every_notebook_is_a_task_that_waits_for_those_whose_tables_it_reads(root: Path) -> None:
    report = emit_job(find_project(root), "daily", [root / "notebooks"])
    assert report.status == "written"
    assert waits(root) == {"to_bronze": [], "to_gold": ["to_silver"], "to_silver": ["to_bronze"]}
    made = job(root)
    assert made["parameters"] == [
        {"name": "env", "default": "${bundle.target}"},
        {"name": "day", "default": "2013-01-01"},
    ]
    assert made["environments"][0]["spec"]["dependencies"] == ["../dist/*.whl", "six"]
    assert sorted(path.name for path in (root / "resources").iterdir()) == ["daily.job.yml"]
    assert {"to_bronze.py", "to_silver.py", "to_gold.py"} <= {path.name for path in (root / "src/shop_etl").iterdir()}
    assert [finding for finding in validate_bundle(root) if finding.severity == "error"] == []


def test_the_second_time_it_knows_its_notebooks_and_changes_nothing(root: Path) -> None:
    emit_job(find_project(root), "daily", [root / "notebooks"])
    before = contents(root)
    assert emit_job(find_project(root), "daily").status == "unchanged"
    assert contents(root) == before


def test_what_a_person_adds_stays_when_a_notebook_comes_in(root: Path) -> None:
    emit_job(find_project(root), "daily", [root / "notebooks"])
    file = root / "resources/daily.job.yml"
    added = "      max_concurrent_runs: 1  # one at a time\n      parameters:\n"
    file.write_text(file.read_text("utf-8").replace("\n      parameters:\n", f"\n{added}"), "utf-8")
    write_notebook(root / "notebooks/report.ipynb", "spark.table('gold.orders').show()")
    checked = emit_job(find_project(root), "daily", check=True)
    assert checked.status == "differs"
    assert "+        - task_key: report" in checked.diff
    emit_job(find_project(root), "daily")
    assert added in file.read_text("utf-8")
    assert waits(root)["report"] == ["to_gold"]


def test_the_tasks_stand_in_the_file_in_the_order_in_which_they_run(root: Path) -> None:
    report = emit_job(find_project(root), "daily", [root / "notebooks"])
    assert [task["task_key"] for task in job(root)["tasks"]] == report.tasks == ["to_bronze", "to_silver", "to_gold"]


def test_anchors_and_merges_that_a_person_writes_into_the_file_are_no_hindrance(root: Path) -> None:
    project = find_project(root)
    emit_job(project, "daily", [root / "notebooks"])
    file = root / "resources/daily.job.yml"
    edited = file.read_text("utf-8").replace("resources:\n", "defaults: &often\n  max_retries: 3\n\nresources:\n", 1)
    edited = edited.replace("- task_key: to_gold\n", "- task_key: to_gold\n          <<: *often\n", 1)
    file.write_text(edited, "utf-8")
    assert [emit_job(project, "daily").remarks, validate_bundle(root)] == [[], []]
    write_notebook(root / "notebooks/report.ipynb", "spark.table('gold.orders').show()")
    assert emit_job(project, "daily").remarks == []
    assert file.read_text("utf-8").startswith(edited[: edited.index("      tasks:")])


def test_a_key_that_a_person_misspelt_in_the_file_is_told_there_and_stops_nothing(root: Path) -> None:
    project = find_project(root)
    emit_job(project, "daily", [root / "notebooks"])
    file = root / "resources/daily.job.yml"
    file.write_text(file.read_text("utf-8").replace("resources:\n", "resorces: {}\nresources:\n", 1), "utf-8")
    (remark,) = emit_job(project, "daily").remarks
    assert (remark.code, remark.file, remark.line, remark.column) == ("DEX-BUNDLE-06", "resources/daily.job.yml", 2, 1)


def test_a_renamed_notebook_is_a_new_task_and_what_was_made_of_the_old_one_is_named(root: Path) -> None:
    project = find_project(root)
    emit_job(project, "daily", sorted((root / "notebooks").iterdir()))
    (root / "notebooks/to_silver.ipynb").rename(root / "notebooks/cleaned.ipynb")
    with pytest.raises(ExportError, match=r"The job 'daily' was made of to_silver.ipynb, which is not there"):
        emit_job(project, "daily")
    report = emit_job(project, "daily", [root / "notebooks"])
    assert waits(root) == {"to_bronze": [], "cleaned": ["to_bronze"], "to_gold": ["cleaned"]}
    assert report.remarks == []
    assert report.left_behind == {
        "notebooks/to_silver.ipynb": [
            "src/shop_etl/to_silver.py",
            "tests/test_to_silver.py",
            ".dex/map/to_silver.json",
        ]
    }
    assert "notebooks/to_silver.ipynb is gone; still there: src/shop_etl/to_silver.py" in report.to_text()


def test_a_notebook_that_had_a_job_of_its_own_has_it_no_more(root: Path) -> None:
    project = find_project(root)
    export_notebook(root / "notebooks/to_silver.ipynb", project)
    export_notebook(root / "notebooks/to_gold.ipynb", project)
    own = root / "resources/to_gold.job.yml"
    own.write_text(own.read_text("utf-8") + "# mine\n", "utf-8")
    emit_job(project, "daily", [root / "notebooks"])
    assert sorted(path.name for path in (root / "resources").iterdir()) == ["daily.job.yml", "to_gold.job.yml"]
    export_notebook(root / "notebooks/to_silver.ipynb", project)
    assert not (root / "resources/to_silver.job.yml").exists()


def test_a_notebook_that_cannot_be_exported_runs_as_it_is(root: Path) -> None:
    write_notebook(root / "notebooks/odd.ipynb", "%scala\nval x = 1")
    report = emit_job(find_project(root), "daily", [root / "notebooks"])
    assert list(report.as_notebooks) == ["notebooks/odd.ipynb"]
    odd = next(task for task in job(root)["tasks"] if task["task_key"] == "odd")
    assert odd == {"task_key": "odd", "notebook_task": {"notebook_path": "../notebooks/odd.ipynb"}}


def test_on_a_job_cluster_the_wheel_and_the_packages_are_libraries(root: Path) -> None:
    emit_job(find_project(root), "daily", [root / "notebooks"], compute="job_cluster")
    made = job(root)
    assert "environments" not in made
    silver = next(task for task in made["tasks"] if task["task_key"] == "to_silver")
    assert silver["job_cluster_key"] == made["job_clusters"][0]["job_cluster_key"]
    assert silver["libraries"] == [{"whl": "../dist/*.whl"}, {"pypi": {"package": "six"}}]


def test_notebooks_that_wait_for_each_other_make_no_job(root: Path) -> None:
    write_notebook(root / "notebooks/back.ipynb", "spark.table('gold.orders').write.saveAsTable('bronze.orders2')")
    write_notebook(
        root / "notebooks/to_bronze.ipynb", "spark.table('bronze.orders2').write.saveAsTable('bronze.orders')"
    )
    before = contents(root)
    with pytest.raises(ExportError) as caught:
        emit_job(find_project(root), "daily", [root / "notebooks"])
    assert caught.value.code == "DEX-EXPORT-32"
    assert contents(root) == before


def test_the_command_line_says_what_it_needs_and_what_it_did(root: Path) -> None:
    dex = Path(sys.executable).with_name("dex")
    words = [dex, "bundle", "emit", "daily", "--project", root]
    refused = subprocess.run(words, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "DEX-EXPORT-32" in refused.stderr
    done = subprocess.run([*words, root / "notebooks", "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tasks"] == ["to_bronze", "to_silver", "to_gold"]


def test_the_first_job_says_which_files_of_the_project_it_has_made(root: Path) -> None:
    first = emit_job(find_project(root), "daily", [root / "notebooks"]).to_text()
    for line in ("databricks.yml: written", "pyproject.toml: written", "  exported: shop_etl.to_bronze, "):
        assert f"\n{line}" in first
    write_notebook(root / "notebooks/to_gold.ipynb", *GOLD, "x = 1")
    assert "databricks.yml" not in emit_job(find_project(root), "daily").to_text()


def test_without_a_job_nothing_is_written(root: Path) -> None:
    before = contents(root)
    assert emit_jobs(find_project(root)) == []
    assert contents(root) == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["bundle", "emit"], "DEX-EXPORT-01"),
        (["bundle", "emit", "daily", "totals.sql"], "DEX-EXPORT-01"),
        (["bundle", "emit", "etl", "totals.sql", "--pipeline"], "DEX-EXPORT-01"),
        (["bundle", "targets"], "DEX-BUNDLE-01"),
        (["bundle", "resources"], "DEX-BUNDLE-01"),
        (["bundle", "ci", "github"], "DEX-BUNDLE-01"),
        (["export", "--check"], "DEX-EXPORT-01"),
    ],
)
def test_in_the_wrong_folder_a_command_makes_no_file_and_says_where_to_go(
    words: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "totals.sql").write_text(
        "-- Databricks notebook source\nCREATE OR REPLACE TABLE gold.totals AS SELECT 1 AS n\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--json"]) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["code"] == code
    assert "--project FOLDER" in told["remedy"]
    assert os.listdir(tmp_path) == ["totals.sql"]
