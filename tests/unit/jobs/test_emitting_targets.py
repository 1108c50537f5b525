"""What environments change of a job stands in the files of its targets, and goes again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from configured_project import CLUSTER, PROD, changes, configured_project, emitted, job, say, task, wrong
from dex.bundle import load_bundle
from dex.cli import main
from dex.export import export_notebook
from dex.job_files import JobNotSound
from dex.jobs import emit_job, emit_jobs
from dex_dbutils import DexError, load_environment
from dex_dbutils.config import find_project
from notebook_factory import BASE, contents, write_notebook


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return configured_project(tmp_path / "shop")


def test_what_an_environment_changes_stands_in_its_target_alone(root: Path) -> None:
    say(
        root,
        "max_concurrent_runs: 1\ntasks: {clean: {max_retries: 1}}",
        prod="max_concurrent_runs: 4\nrun_as: {service_principal_name: sp}\ntasks: {clean: {max_retries: 5}}",
    )
    report = emitted(root)
    made_first = {"pyproject.toml", "databricks.yml", ".gitignore", "src/shop_etl/__init__.py"}
    of_the_job = {"resources/daily.job.yml", "resources/daily.targets.yml"}
    assert report.files == dict.fromkeys(made_first | of_the_job, "written")
    assert emitted(root).files == dict.fromkeys(of_the_job, "unchanged")
    assert changes(root, "prod") == {
        "max_concurrent_runs": 4,
        "run_as": {"service_principal_name": "sp"},
        "tasks": [{"task_key": "clean", "max_retries": 5}],
    }
    assert changes(root, "dev") == {}
    assert load_bundle(root, "prod").job("daily")["max_concurrent_runs"] == 4
    assert load_bundle(root, "dev").job("daily")["max_concurrent_runs"] == 1
    assert wrong(root) == []


def test_a_list_that_an_environment_replaces_is_not_joined_to_the_first(root: Path) -> None:
    say(
        root,
        "email_notifications: {on_failure: [team@example.org], on_success: [team@example.org]}",
        prod="email_notifications: {on_failure: [ops@example.org]}",
    )
    emitted(root)
    for target, told in (("dev", "team@example.org"), ("prod", "ops@example.org")):
        assert load_bundle(root, target).job("daily")["email_notifications"] == {
            "on_failure": [told],
            "on_success": ["team@example.org"],
        }
    assert wrong(root) == []


def test_an_environment_takes_away_what_it_leaves_empty(root: Path) -> None:
    say(
        root,
        "schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: UTC}\n"
        "tasks: {only_dev: {condition_task: {op: EQUAL_TO, left: a, right: a}}}",
        prod="schedule:\ntrigger: {periodic: {interval: 1, unit: DAYS}}\ntasks: {only_dev: }",
    )
    emitted(root)
    dev, prod = (load_bundle(root, target).job("daily") for target in ("dev", "prod"))
    assert ("schedule" in dev, "trigger" in dev) == (True, False)
    assert ("schedule" in prod, "trigger" in prod) == (False, True)
    assert "only_dev" in {each["task_key"] for each in dev["tasks"]}
    assert "only_dev" not in {each["task_key"] for each in prod["tasks"]}
    assert wrong(root) == []


def test_an_environment_has_its_own_cluster_tasks_and_warehouse(root: Path) -> None:
    say(
        root,
        (CLUSTER % ", num_workers: 1") + "\nwarehouse_id: small\ntasks: {query: {sql_task: {query: {query_id: q}}}}",
        prod="job_clusters: [{job_cluster_key: main, new_cluster: {num_workers: 8}}]\nwarehouse_id: large\n"
        "tasks: {tell: {after: [query], run_job_task: {job_id: 5}}}",
    )
    emitted(root)
    assert changes(root, "prod") == {
        "job_clusters": [{"job_cluster_key": "main", "new_cluster": {"num_workers": 8}}],
        "tasks": [
            {"task_key": "query", "sql_task": {"warehouse_id": "large"}},
            {"task_key": "tell", "depends_on": [{"task_key": "query"}], "run_job_task": {"job_id": 5}},
        ],
    }
    assert wrong(root) == []


def test_all_jobs_are_emitted_at_once_or_none(root: Path) -> None:
    other = "other: {tasks: {only: {spark_python_task: {python_file: jobs/say.py}}}, timeout_seconds: soon}\n"
    say(root, "", more=other)
    before = contents(root)
    with pytest.raises(JobNotSound, match="`timeout_seconds` must be a whole number"):
        emit_jobs(find_project(root))
    assert contents(root) == before
    say(root, "", more=other.replace("soon", "60"))
    assert [(each.job, each.status) for each in emit_jobs(find_project(root))] == [
        ("daily", "written"),
        ("other", "written"),
    ]
    assert [each.status for each in emit_jobs(find_project(root), check=True)] == ["unchanged", "unchanged"]
    say(root, "tags: {a: b}", more=other.replace("soon", "60"))
    assert [each.status for each in emit_jobs(find_project(root), check=True)] == ["differs", "unchanged"]


def test_a_job_whose_file_is_taken_away_is_none_any_more_unless_the_configuration_has_it(root: Path) -> None:
    say(root, "tags: {a: b}")
    project = find_project(root)
    emit_jobs(project)
    emit_job(project, "other", [root / "notebooks/load.ipynb"])
    for path in (root / "resources").iterdir():
        path.unlink()
    assert [(each.job, each.status) for each in emit_jobs(project, check=True)] == [
        ("daily", "differs"),
        ("other", "differs"),
    ]
    assert [(each.job, each.status) for each in emit_jobs(project)] == [("daily", "written"), ("other", "removed")]
    assert [(each.job, each.status) for each in emit_jobs(project, check=True)] == [("daily", "unchanged")]
    assert [path.name for path in (root / "resources").iterdir()] == ["daily.job.yml"]
    with pytest.raises(DexError, match="There is no job 'other' yet"):
        emit_job(project, "other")


def test_a_misspelt_section_is_no_job_without_its_settings(root: Path) -> None:
    say(root, "tags: {a: b}")
    emitted(root)
    base = root / "config/base.yaml"
    base.write_text(base.read_text().replace("jobs:", "job:"))
    before = contents(root)
    with pytest.raises(DexError, match="The key 'job' is not known"):
        emit_jobs(find_project(root))
    assert contents(root) == before


def test_a_notebooks_edited_module_keeps_the_jobs_files_from_being_written(root: Path) -> None:
    say(root, "")
    emitted(root)
    module = root / "src/shop_etl/clean.py"
    module.write_text(module.read_text() + "\nEDITED = True\n")
    say(root, "tags: {a: b}")
    before = contents(root)
    with pytest.raises(DexError, match="DEX-EXPORT-03|Changed by hand"):
        emitted(root)
    assert contents(root) == before


def test_a_setting_that_goes_from_the_configuration_goes_from_the_files_unless_it_was_edited(root: Path) -> None:
    say(root, "timeout_seconds: 60\ntags: {a: b}", prod="max_concurrent_runs: 4\ntimeout_seconds: 90")
    emitted(root)
    file, targets = root / "resources/daily.job.yml", root / "resources/daily.targets.yml"
    file.write_text(file.read_text().replace("timeout_seconds: 60", "timeout_seconds: 61  # mine"))
    (root / "config/prod.yaml").write_text(PROD)
    say(root, "")
    emitted(root)
    assert "timeout_seconds: 61  # mine" in file.read_text()
    assert "tags" not in job(root)
    assert not targets.exists()


def test_what_a_person_adds_for_a_target_outlives_what_the_configuration_said(root: Path) -> None:
    say(root, "", prod="max_concurrent_runs: 4\ntimeout_seconds: 90")
    emitted(root)
    targets = root / "resources/daily.targets.yml"
    edited = targets.read_text().replace(
        "timeout_seconds: 90", "timeout_seconds: 90\n          tags: {mine: yes}  # mine"
    )
    targets.write_text(edited)
    (root / "config/prod.yaml").write_text(PROD)
    report = emitted(root)
    assert changes(root, "prod") == {"tags": {"mine": True}}
    assert "# mine" in targets.read_text()
    assert "resources/daily.targets.yml" in report.kept


def test_the_export_of_one_notebook_takes_its_job_from_the_configuration(root: Path) -> None:
    text = "jobs: {load: {tags: {a: b}, tasks: {load: {max_retries: 2}, tell: {after: [load], run_job_task: {job_id: 5}}}}}\n"
    (root / "config/base.yaml").write_text(BASE + text)
    (root / "config/prod.yaml").write_text(PROD + "jobs: {load: {timeout_seconds: 60}}\n")
    project = find_project(root)
    report = export_notebook(root / "notebooks/load.ipynb", project)
    assert {"resources/load.job.yml", "resources/load.targets.yml"} <= {file.path for file in report.files}
    assert job(root, "load")["tags"] == {"a": "b"}
    assert task(root, "load", "load")["max_retries"] == 2
    assert task(root, "tell", "load") == {
        "task_key": "tell",
        "depends_on": [{"task_key": "load"}],
        "run_job_task": {"job_id": 5},
    }
    assert load_bundle(root, "prod").job("load")["timeout_seconds"] == 60
    assert wrong(root) == []
    assert not export_notebook(root / "notebooks/load.ipynb", project, check=True).drift
    assert [each.status for each in emit_jobs(project, check=True)] == ["unchanged"]
    (root / "config/prod.yaml").write_text(PROD)
    assert export_notebook(root / "notebooks/load.ipynb", project, check=True).drift
    export_notebook(root / "notebooks/load.ipynb", project)
    assert not (root / "resources/load.targets.yml").exists()


def test_the_export_of_one_notebook_is_refused_where_its_job_is_wrong(root: Path) -> None:
    (root / "config/base.yaml").write_text(BASE + "jobs: {load: {tasks: {load: {max_retries: often}}}}\n")
    before = contents(root)
    with pytest.raises(JobNotSound, match=r"config/base.yaml:4:30: DEX-BUNDLE-03"):
        export_notebook(root / "notebooks/load.ipynb", find_project(root))
    assert contents(root) == before


def test_references_of_the_bundle_do_not_disturb_the_environments(root: Path) -> None:
    say(root, "description: ${var.nope} ${resources.jobs.daily.id}")
    assert load_environment("dev", start=root).catalog == "shop_dev"


def test_a_job_that_the_configuration_describes_no_more_goes_with_its_files(root: Path) -> None:
    say(root, "", more="other: {tasks: {only: {run_job_task: {job_id: 5}}}}\n", prod="max_concurrent_runs: 2")
    emit_jobs(find_project(root))
    (root / "config/base.yaml").write_text(BASE)
    (root / "config/prod.yaml").write_text(PROD)
    checked = emit_jobs(find_project(root), check=True)
    assert [(report.job, report.status) for report in checked] == [("daily", "differs"), ("other", "differs")]
    file = root / "resources/other.job.yml"
    file.write_text(file.read_text() + "      tags: {mine: x}\n")
    reports = emit_jobs(find_project(root))
    assert [(report.job, report.status) for report in reports] == [("daily", "removed"), ("other", "removed")]
    assert [path.name for path in (root / "resources").iterdir()] == ["other.job.yml"]
    assert job(root, "other") == {"tags": {"mine": "x"}}
    assert reports[1].kept == ["resources/other.job.yml"]
    assert emit_jobs(find_project(root)) == []
    export_notebook(root / "notebooks/clean.ipynb", find_project(root))
    assert job(root, "clean")["tasks"][0]["task_key"] == "clean"


def test_a_module_of_another_folder_keeps_its_own_job_with_its_settings(root: Path) -> None:
    write_notebook(root / "elsewhere/late.ipynb", "x = 1")
    export_notebook(root / "elsewhere/late.ipynb", find_project(root))
    (root / "config/base.yaml").write_text(BASE + "jobs: {late: {tags: {a: b}}}\n")
    (report,) = emit_jobs(find_project(root))
    assert (report.job, report.status, report.tasks) == ("late", "written", ["late"])
    assert job(root, "late")["tags"] == {"a": "b"}


@pytest.mark.parametrize("key", ["a/b", "../up", "a b"])
def test_a_key_that_is_none_is_refused(key: str, root: Path) -> None:
    (root / "config/base.yaml").write_text(f"{BASE}jobs: {{{key!r}: {{notebooks: [notebooks]}}}}\n")
    with pytest.raises(DexError, match="is no key of a job") as caught:
        emit_jobs(find_project(root))
    assert "config/base.yaml, line 4" in str(caught.value)


def test_notebooks_are_said_in_one_place(root: Path) -> None:
    say(root, "compute: serverless")
    project = find_project(root)
    with pytest.raises(DexError, match="`notebooks` of the job 'daily' is said here and in the configuration"):
        emit_job(project, "daily", [root / "notebooks/load.ipynb"])
    assert emit_job(project, "daily", [root / "notebooks"], check=True).status == "differs"
    with pytest.raises(DexError, match="`compute` of the job 'daily' is said here and in the configuration"):
        emit_job(project, "daily", compute="job_cluster")
    assert emit_job(project, "daily", compute="serverless").status == "written"


def test_settings_may_stand_in_the_configuration_and_notebooks_on_the_command_line(root: Path) -> None:
    (root / "config/base.yaml").write_text(BASE + "jobs: {daily: {tags: {a: b}, tasks: {clean: {max_retries: 3}}}}\n")
    project = find_project(root)
    emit_job(project, "daily", [root / "notebooks"])
    assert (job(root)["tags"], task(root, "clean")["max_retries"]) == ({"a": "b"}, 3)
    assert [report.status for report in emit_jobs(project)] == ["unchanged"]
    (root / "config/base.yaml").write_text(BASE)
    emit_jobs(find_project(root))
    assert ("tags" in job(root), len(job(root)["tasks"])) == (False, 2)


def test_the_command_emits_all_jobs_and_tells_what_differs(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    say(root, "tags: {a: b}", prod="max_concurrent_runs: 2")
    assert main(["bundle", "emit", "--check"]) == 1
    assert "resources/daily.job.yml: differs, 2 tasks: load, clean" in capsys.readouterr().out
    assert main(["bundle", "emit"]) == 0
    assert "resources/daily.targets.yml: written" in capsys.readouterr().out
    assert main(["bundle", "emit", "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["files"] == {
        "resources/daily.job.yml": "unchanged",
        "resources/daily.targets.yml": "unchanged",
    }
    say(root, "tags: 5")
    assert main(["bundle", "emit", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert (told["code"], told["where"]["file"], told["where"]["line"]) == ("DEX-EXPORT-33", "config/base.yaml", 7)
    say(root, "tags: {c: d}")
    assert main(["bundle", "validate"]) == 0


def test_a_schedule_that_is_unpaused_for_everybody_is_told_and_one_for_production_is_not(root: Path) -> None:
    cron = "schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: UTC%s}"
    say(root, cron % ", pause_status: UNPAUSED")
    (remark,) = emitted(root).remarks
    assert (remark.code, remark.file, remark.line, remark.severity) == (
        "DEX-EXPORT-35",
        "config/base.yaml",
        7,
        "warning",
    )
    assert "everybody's deployment to 'dev'" in remark.message
    say(root, cron % "", prod="schedule: {pause_status: UNPAUSED}")
    assert emitted(root).remarks == []
    assert wrong(root) == []


def test_a_file_that_the_bundle_does_not_include_is_told(root: Path) -> None:
    (root / "databricks.yml").write_text("bundle: {name: shop}\ntargets: {dev: {mode: development}}\n")
    say(root, "")
    (remark,) = emitted(root).remarks
    assert remark.message.startswith("`include` of databricks.yml names no file resources/daily.job.yml")


def test_what_a_person_wrote_into_the_file_is_not_blamed_on_the_configuration(root: Path) -> None:
    say(root, "tags: {a: b}")
    emitted(root)
    file = root / "resources/daily.job.yml"
    file.write_text(file.read_text().replace("      tags:\n", "      timeout_seconds: soon\n      tags:\n"))
    say(root, "tags: {a: c}")
    (remark,) = emitted(root).remarks
    assert (remark.file, remark.code, remark.severity) == ("resources/daily.job.yml", "DEX-BUNDLE-03", "error")
