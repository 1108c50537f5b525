"""The files of an export: the same every time, never over somebody's own work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dex.bundle import validate_bundle
from dex.export import export_notebook
from dex_agents import Ledger
from dex_dbutils import ExportError
from dex_dbutils.config import find_project
from notebook_factory import contents, project_folder, write_notebook
from support import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GENERATED = ["src/shop_etl/n.py", "tests/test_n.py", "resources/n.job.yml", ".dex/map/n.json"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = project_folder(tmp_path / "shop")
    write_notebook(
        folder / "notebooks/n.ipynb",
        "def f(x):\n    return x + 1",
        "rows = f(1)\nassert rows == 2\nassert f(2) == 3, 'ü'",
    )
    return folder


def export(project: Path, **options: bool) -> dict[str, str]:
    report = export_notebook(project / "notebooks/n.ipynb", find_project(project), **options)
    return {file.path: file.status for file in report.files}


def test_a_second_export_changes_no_byte(project: Path) -> None:
    assert set(export(project).values()) == {"written"}
    before = contents(project)
    assert set(export(project).values()) == {"unchanged"}
    assert contents(project) == before


def test_the_demo_exports_to_the_same_bytes_from_every_python(tmp_path: Path) -> None:
    """Hash seeds and locale have no say; versions of Python are compared where there are several."""
    from dex_templates import create_project

    found = set()
    for number, seed in enumerate(("0", "1", "4711")):
        folder = create_project("flights", tmp_path / str(number) / "flights")
        code = (
            "import sys; from pathlib import Path; from dex.export import export_notebook;"
            "from dex_dbutils.config import find_project; p = Path(sys.argv[1]);"
            "export_notebook(p / 'notebooks/flights.ipynb', find_project(p))"
        )
        env = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": seed, "LC_ALL": "C", "HOME": str(tmp_path)}
        subprocess.run([sys.executable, "-c", code, folder], check=True, env=env, cwd=tmp_path)
        found.add(json.dumps({k: v.decode() for k, v in contents(folder).items()}, sort_keys=True))
    assert len(found) == 1


def test_a_check_writes_nothing_and_tells_drift(project: Path) -> None:
    notebook = find_project(project)
    path = project / "notebooks/n.ipynb"
    assert export_notebook(path, notebook, check=True).drift
    assert not (project / "src").exists()
    export(project)
    assert not export_notebook(path, notebook, check=True).drift
    write_notebook(path, "def f(x):\n    return x + 2", "rows = f(1)")
    before = contents(project)
    report = export_notebook(path, notebook, check=True)
    assert report.drift
    assert {file.path for file in report.files if file.status == "differs"} == {
        GENERATED[0],
        GENERATED[1],
        GENERATED[3],
    }
    assert contents(project) == before


@pytest.mark.parametrize("name", GENERATED[:2])
def test_a_file_edited_by_hand_is_not_overwritten_and_the_difference_is_shown(name: str, project: Path) -> None:
    export(project)
    edited = project / name
    edited.write_text(edited.read_text("utf-8") + "# by hand\n", "utf-8")
    before = contents(project)
    with pytest.raises(ExportError) as caught:
        export(project)
    assert caught.value.code == "DEX-EXPORT-03"
    assert name in caught.value.what
    assert "-# by hand" in caught.value.what
    assert contents(project) == before
    assert export(project, force=True)[name] == "written"
    assert "by hand" not in edited.read_text("utf-8")


def test_what_a_person_adds_to_a_job_stays_when_the_notebook_changes(project: Path) -> None:
    export(project)
    job = project / GENERATED[2]
    schedule = "      schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: UTC}  # before work\n"
    job.write_text(job.read_text("utf-8").replace("      parameters:\n", schedule + "      parameters:\n"), "utf-8")
    assert export(project)[GENERATED[2]] == "unchanged"
    notebook = project / "notebooks/n.ipynb"
    write_notebook(notebook, "dbutils.widgets.text('day', '1')\nday = dbutils.widgets.get('day')", "x = day")
    assert export(project)[GENERATED[2]] == "written"
    assert schedule in job.read_text("utf-8")
    assert "- name: day" in job.read_text("utf-8")
    assert [f for f in validate_bundle(project) if f.severity == "error"] == []
    assert export(project, force=True)[GENERATED[2]] == "written"
    assert schedule not in job.read_text("utf-8")


def test_a_value_of_a_job_that_a_person_changed_stays_and_is_reported(project: Path) -> None:
    export(project)
    job = project / GENERATED[2]
    job.write_text(job.read_text("utf-8").replace('environment_version: "4"', 'environment_version: "3"'), "utf-8")
    write_notebook(project / "notebooks/n.ipynb", "%pip install six", "x = 1")
    report = export_notebook(project / "notebooks/n.ipynb", find_project(project))
    assert 'environment_version: "3"' in job.read_text("utf-8")
    assert "- six" in job.read_text("utf-8")
    assert report.notes == []  # dex does not want another version than last time: nothing to tell


def test_a_file_that_was_there_before_the_first_export_is_not_overwritten(project: Path) -> None:
    (project / "src/shop_etl").mkdir(parents=True)
    (project / "src/shop_etl/n.py").write_text("mine = 1\n")
    with pytest.raises(ExportError) as caught:
        export(project)
    assert caught.value.code == "DEX-EXPORT-03"


def test_newlines_that_git_changed_are_no_edit(project: Path) -> None:
    export(project)
    module = project / "src/shop_etl/n.py"
    module.write_bytes(module.read_bytes().replace(b"\n", b"\r\n"))
    assert export(project)["src/shop_etl/n.py"] == "unchanged"


def test_files_of_the_person_are_made_once_and_then_left_alone(project: Path) -> None:
    export(project)
    bundle = project / "databricks.yml"
    bundle.write_text("# mine\n" + bundle.read_text())
    assert export(project)["databricks.yml"] == "unchanged"
    assert bundle.read_text().startswith("# mine")


def test_a_second_notebook_adds_its_entry_point_to_the_persons_file(project: Path) -> None:
    export(project)
    file = project / "pyproject.toml"
    file.write_text(file.read_text().replace("[project.scripts]", "# keep me\n[project.scripts]"))
    export_notebook(write_notebook(project / "notebooks/m.ipynb", "x = 1"), find_project(project))
    content = file.read_text()
    assert "# keep me" in content
    assert tomllib.loads(content)["project"]["scripts"] == {"n": "shop_etl.n:run", "m": "shop_etl.m:run"}


def test_entry_points_stand_in_one_block_in_the_order_of_their_exports(project: Path) -> None:
    for name in ("m", "a"):
        export_notebook(write_notebook(project / f"notebooks/{name}.ipynb", "x = 1"), find_project(project))
    block = '[project.scripts]\nm = "shop_etl.m:run"\na = "shop_etl.a:run"\n\n[tool.'
    assert block in (project / "pyproject.toml").read_text()


def test_git_keeps_maps_and_leaves_tables_runs_and_wheels_on_the_machine(project: Path) -> None:
    export(project)
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    for name in (".dex/warehouse/local/t.parquet", ".dex/jobs/1/t.log", "dist/shop_etl-0.1.0-py3-none-any.whl"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    command = ["git", "ls-files", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True).stdout.splitlines()
    assert ".dex/map/n.json" in listed
    assert [name for name in listed if name.startswith((".dex", "dist")) and not name.startswith(".dex/map/")] == []


def test_a_gitignore_and_an_empty_init_of_a_person_stay_as_they_are(project: Path) -> None:
    for name in (".gitignore", "src/shop_etl/__init__.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    export(project)
    assert (project / ".gitignore").read_bytes() == (project / "src/shop_etl/__init__.py").read_bytes() == b""


@pytest.mark.parametrize(
    "content",
    [
        "not toml [",
        "[project]\nname='x'\nscripts = {n = 'other:main'}\n",
        "[project]\nname='x'\nscripts = {a = 'b:c'}\n",
    ],
)
def test_a_pyproject_that_cannot_take_the_entry_point_is_told_and_nothing_is_written(
    content: str, project: Path
) -> None:
    (project / "pyproject.toml").write_text(content)
    before = contents(project)
    with pytest.raises(ExportError) as caught:
        export(project)
    assert caught.value.code == "DEX-EXPORT-06"
    assert contents(project) == before


def test_a_pyproject_without_scripts_gets_the_table(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project]\nname = 'mine'\nversion = '2'\n")
    export(project)
    found = tomllib.loads((project / "pyproject.toml").read_text())
    assert found["project"] == {"name": "mine", "version": "2", "scripts": {"n": "shop_etl.n:run"}}


def test_the_bundle_of_an_export_is_sound(project: Path) -> None:
    export(project)
    assert validate_bundle(project) == []
    job = yaml.safe_load((project / "resources/n.job.yml").read_text())["resources"]["jobs"]["n"]
    assert job["tasks"][0]["python_wheel_task"]["entry_point"] == "n"


def test_the_map_says_which_lines_come_from_which(project: Path) -> None:
    export(project)
    content = json.loads((project / ".dex/map/n.json").read_text())
    module = (project / "src/shop_etl/n.py").read_text().split("\n")
    first, second = content["blocks"]
    assert (first["cell"], first["kind"], first["notebook_lines"]) == ("c1", "definition", [1, 2])
    begin, end = first["module_lines"]
    assert module[begin - 1 : end] == ["def f(x):", "    return x + 1"]
    begin, end = second["module_lines"]
    assert [line.strip() for line in module[begin - 1 : end]] == [
        "rows = f(1)",
        "assert rows == 2",
        'assert f(2) == 3, "ü"',
    ]


def test_an_export_is_a_line_in_the_ledger_and_a_check_is_none(project: Path) -> None:
    export(project)
    export(project, check=True)
    runs = Ledger(find_project(project)).runs()
    assert [(run.kind, run.status, run.summary) for run in runs] == [("export", "written", "notebooks/n.ipynb")]


def test_the_display_of_a_report_is_the_same_whether_files_were_written_or_not(project: Path) -> None:
    notebook = find_project(project)
    path = project / "notebooks/n.ipynb"
    first, _ = export_notebook(path, notebook)._repr_mimebundle_()
    second, metadata = export_notebook(path, notebook)._repr_mimebundle_()
    assert first == second
    assert metadata["dex"]["files"][0]["status"] == "unchanged"
    assert "src/shop_etl/n.py" in first["text/plain"]


def test_what_is_generated_is_clean_for_ruff(project: Path) -> None:
    export(project)
    from ruff import find_ruff_bin

    for words in (["check", "--isolated", "--select=E4,E7,E9,F,I"], ["format", "--isolated", "--check"]):
        done = subprocess.run(
            [find_ruff_bin(), *words, "--no-cache", "--line-length=120", "src", "tests"]
            if words[0] == "format"
            else [find_ruff_bin(), *words, "--no-cache", "src", "tests"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_asserts_become_tests_that_pass_and_can_fail(project: Path) -> None:
    export(project)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", "-k", "c2"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    module = project / "src/shop_etl/n.py"
    module.write_text(module.read_text().replace("return x + 1", "return x + 2"))
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert "2 failed" in done.stdout


def test_no_room_of_the_checkout_is_named_in_an_export(project: Path) -> None:
    export(project)
    assert [name for name, content in contents(project).items() if str(ROOT).encode() in content] == []
