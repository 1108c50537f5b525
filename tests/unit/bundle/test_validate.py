"""A bundle that would fail at deployment or at its first run is refused, at the right place; a sound one is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.bundle import Finding, validate_bundle

ROOT = """\
bundle:
  name: flights
include:
  - resources/*.yml
artifacts:
  wheel:
    type: whl
    build: uv build --wheel
variables:
  catalog:
    default: dev
targets:
  dev:
    mode: development
    default: true
  prod:
    mode: production
    workspace: {root_path: "/Workspace/Users/${workspace.current_user.userName}/.bundle/${bundle.name}"}
"""
JOB = """\
resources:
  jobs:
    flights:
      name: flights
      parameters:
        - name: year
          default: "2013"
      tasks:
        - task_key: load
          environment_key: default
          python_wheel_task:
            package_name: flights_etl
            entry_point: flights
            named_parameters:
              year: "{{job.parameters.year}}"
              catalog: ${var.catalog}
        - task_key: report
          depends_on:
            - task_key: load
          notebook_task:
            notebook_path: ../notebooks/report.py
      environments:
        - environment_key: default
          spec:
            environment_version: "2"
            dependencies:
              - ../dist/*.whl
"""
PYPROJECT = (
    '[project]\nname = "flights-etl"\nversion = "0.1.0"\n[project.scripts]\nflights = "flights_etl.flights:run"\n'
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("resources", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "databricks.yml").write_text(ROOT)
    (tmp_path / "resources/flights.job.yml").write_text(JOB)
    (tmp_path / "notebooks/report.py").write_text("# Databricks notebook source\nprint(1)\n")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


def line_of(text: str, part: str) -> int:
    return next(i for i, line in enumerate(text.splitlines(), start=1) if part in line)


def change(project: Path, file: str, old: str, new: str) -> list[Finding]:
    path = project / file
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1))
    return validate_bundle(project)


def test_a_sound_bundle_has_no_findings(project: Path) -> None:
    assert validate_bundle(project) == []


def test_a_folder_without_a_bundle_says_how_to_make_one(tmp_path: Path) -> None:
    (finding,) = validate_bundle(tmp_path)
    assert finding.code == "DEX-BUNDLE-01"
    assert "dex export" in finding.message


JOB_FILE, ROOT_FILE = "resources/flights.job.yml", "databricks.yml"


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "at", "says"),
    [
        (ROOT_FILE, "bundle:", "bundle: [", "DEX-BUNDLE-02", None, "YAML"),
        (ROOT_FILE, "targets:", "bundle: {name: x}\ntargets:", "DEX-BUNDLE-02", "bundle: {name: x}", "line 1"),
        (ROOT_FILE, "  - resources/*.yml", "  - resources/*.yml\n  - {a: b}", "DEX-BUNDLE-03", "{a: b}", "path"),
        (ROOT_FILE, "  - resources/*.yml", "  - resources/*.yml\n  - more.yml", "DEX-BUNDLE-04", "more.yml", "not there"),
        (ROOT_FILE, "  name: flights", "  git: {}", "DEX-BUNDLE-05", "bundle:", "name"),
        (ROOT_FILE, "targets:", "target: {}\ntargets:", "DEX-BUNDLE-06", "target: {}", "'targets'"),
        (ROOT_FILE, "mode: production", "mode: prod", "DEX-BUNDLE-07", "mode: prod", "production"),
        (ROOT_FILE, "mode: production", "default: true", "DEX-BUNDLE-08", None, "'dev' and 'prod'"),
        (JOB_FILE, "task_key: report", "task_key: load", "DEX-BUNDLE-10", None, "two tasks"),
        (JOB_FILE, "- task_key: report", "- task_key: report\n          run_if: ALL_DONEE", "DEX-BUNDLE-07", "ALL_DONEE", "ALL_DONE"),
        (JOB_FILE, "environment_key: default", "enviroment_key: default", "DEX-BUNDLE-06", "enviroment_key", "'environment_key'"),
        (JOB_FILE, "notebook_task:", "sql_task: {}\n          notebook_task:", "DEX-BUNDLE-11", "task_key: report", "2 types"),
        (JOB_FILE, "          notebook_task:\n            notebook_path: ../notebooks/report.py\n", "", "DEX-BUNDLE-11", "task_key: report", "no type"),
        (JOB_FILE, "            - task_key: load", "            - task_key: lod", "DEX-BUNDLE-12", "task_key: lod", "'load'"),
        (JOB_FILE, "            - task_key: load", "            - task_key: report", "DEX-BUNDLE-12", None, "itself"),
        (JOB_FILE, "environment_key: default\n          python", "environment_key: defalt\n          python", "DEX-BUNDLE-13", "defalt", "'default'"),
        (JOB_FILE, "          environment_key: default\n          python", "          python", "DEX-BUNDLE-13", "task_key: load", "runs on"),
        (JOB_FILE, "entry_point: flights", "entry_point: flihgts", "DEX-BUNDLE-14", "flihgts", "'flights'"),
        (JOB_FILE, "            entry_point: flights\n", "", "DEX-BUNDLE-14", None, "entry_point"),
        (JOB_FILE, "../notebooks/report.py", "../notebooks/report", "DEX-BUNDLE-15", "notebook_path", "report.py"),
        (JOB_FILE, "job.parameters.year", "job.parameters.yaer", "DEX-BUNDLE-16", "yaer", "'year'"),
        (JOB_FILE, '          default: "2013"\n', "", "DEX-BUNDLE-16", "name: year", "default"),
        (JOB_FILE, "var.catalog", "var.catalgo", "DEX-BUNDLE-17", "catalgo", "'catalog'"),
        (JOB_FILE, "${var.catalog}", "${resources.schemas.gold.name}", "DEX-BUNDLE-17", "schemas.gold", "schemas.gold"),
        (JOB_FILE, "../dist/*.whl", "../wheels/*.whl", "DEX-BUNDLE-18", "wheels", "wheels"),
    ],
)  # fmt: skip
def test_a_fault_is_found_where_it_stands(
    project: Path, file: str, old: str, new: str, code: str, at: str | None, says: str
) -> None:
    findings = change(project, file, old, new)
    (finding,) = [f for f in findings if f.code == code]
    assert finding.file == file
    assert says in finding.message
    if at is not None:
        assert finding.line == line_of((project / file).read_text(), at)


def test_a_cycle_is_shown_whole(project: Path) -> None:
    findings = change(
        project, JOB_FILE, "- task_key: load\n", "- task_key: load\n          depends_on: [{task_key: report}]\n"
    )
    (finding,) = findings
    assert finding.code == "DEX-BUNDLE-12"
    assert "load -> report -> load" in finding.message or "report -> load -> report" in finding.message


def test_a_python_file_that_is_no_notebook_is_told_apart(project: Path) -> None:
    (project / "notebooks/report.py").write_text("print(1)\n")
    (finding,) = validate_bundle(project)
    assert finding.code == "DEX-BUNDLE-15"
    assert "first line" in finding.message


def test_the_same_job_in_two_files_is_found(project: Path) -> None:
    (project / "resources/more.job.yml").write_text(JOB)
    (finding,) = validate_bundle(project)
    assert (finding.code, finding.file) == ("DEX-BUNDLE-09", "resources/more.job.yml")


def test_a_reference_whose_name_lacks_its_backticks_is_a_warning_that_writes_it_out(project: Path) -> None:
    change(project, "resources/flights.job.yml", "name: year", "name: as-of")
    (finding,) = change(project, "resources/flights.job.yml", "job.parameters.year", "job.parameters.as-of")
    assert (finding.code, finding.severity) == ("DEX-BUNDLE-27", "warning")
    assert finding.message.endswith("write {{job.parameters.`as-of`}}.")
    assert not change(project, "resources/flights.job.yml", "parameters.as-of", "parameters.`as-of`")


def test_an_included_pattern_without_a_file_is_a_warning(project: Path) -> None:
    (finding,) = change(project, ROOT_FILE, "  - resources/*.yml", "  - resources/*.yml\n  - more/*.yml")
    assert (finding.code, finding.severity) == ("DEX-BUNDLE-04", "warning")


def test_the_fields_are_those_of_the_open_sdk() -> None:
    from dex.bundle.generate import TARGET, describe

    assert TARGET.read_text("utf-8") == describe(), "run: python -m dex.bundle.generate"


@pytest.mark.parametrize("path", ["./", "./a\\0b.py"], ids=["folder", "NUL"])
def test_a_path_that_no_file_can_have_is_a_finding_at_its_place(tmp_path: Path, path: str) -> None:
    (tmp_path / "databricks.yml").write_text(
        """\
bundle: {name: a}
resources: {jobs: {j: {name: j, tasks: [
{task_key: n, notebook_task: {notebook_path: "PATH"}}]}}}
""".replace("PATH", path)
    )
    found = validate_bundle(tmp_path)
    assert [(finding.line, finding.severity) for finding in found] == [(3, "error")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bundle: {name: a}\ninclude: resources/*.yml\n", "`include` must be a list"),
        ("bundle: {name: a}\ntargets: [{name: dev}]\n", "`targets` must hold keys and values"),
        ("bundle: {name: a}\nvariables: [catalog]\n", "`variables` must hold keys and values"),
        ("bundle: {name: a}\nresources: [{jobs: {}}]\n", "`resources` must hold keys and values"),
    ],
)
def test_a_list_for_keys_and_values_is_one_finding_at_its_key(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "databricks.yml").write_text(text)
    (found,) = validate_bundle(tmp_path)
    assert (found.code, found.line, found.column) == ("DEX-BUNDLE-03", 2, 1)
    assert said in found.message


def test_numbers_are_names_of_tasks_and_environments_as_the_platforms_tool_reads_them(tmp_path: Path) -> None:
    (tmp_path / "databricks.yml").write_text("""\
bundle: {name: a}
resources:
  jobs:
    daily:
      environments: [{environment_key: 4, spec: {environment_version: 4}}]
      tasks:
        - {task_key: 1, notebook_task: {notebook_path: /Workspace/a}}
        - task_key: 2
          depends_on: [{task_key: 1}]
          environment_key: 4
          spark_python_task: {python_file: /Workspace/a.py, parameters: ["{{tasks.1.values.rows}}"]}
""")
    assert validate_bundle(tmp_path) == []
