"""The pipeline files of `dex bundle ci`: every shell line runs in a clean clone, on a machine that has uv and Python alone.

Of a deployment, what asks the workspace needs the vendor's tool: where there is one, it deploys to the stand-in workspace;
where there is none, the step has to fail and say that.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from ci_files import Runner, parts
from dex.bundle.ci import write_ci
from dex.bundle.ci_lines import Platform
from dex.bundle.vendor import CLI_VARIABLE, find_cli
from dex.export import export_notebook
from dex.jobs import emit_job
from dex_dbutils import BundleError
from dex_dbutils.config import find_project
from notebook_factory import project_folder, write_notebook
from stand_in_workspace import client_of, rest_workspace
from support import ROOT, run

BRONZE = (
    "dbutils.widgets.text('day', '2013-01-01')\nday = dbutils.widgets.get('day')",
    "spark.range(3).write.mode('overwrite').saveAsTable(session.table('bronze', 'orders'))",
)
SILVER = (
    "%pip install six",
    "import six\norders = spark.table(session.table('bronze', 'orders')).where('id > 0')\nassert six.PY3",
    "orders.write.mode('overwrite').saveAsTable(session.table('silver', 'orders'))",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as a person would push it: two notebooks, one job, the files of all platforms."""
    root = project_folder(tmp_path_factory.mktemp("made") / "shop")
    (root / ".gitignore").write_text((ROOT / "notebook_templates/dex_templates/flights/.gitignore").read_text())
    (root / "config/dev.yaml").write_text("kind: development\n")
    (root / "config/prod.yaml").write_text("kind: production\n")
    write_notebook(root / "notebooks/to_bronze.ipynb", *BRONZE)
    write_notebook(root / "notebooks/to_silver.ipynb", *SILVER)
    project = find_project(root)
    emit_job(project, "daily", [root / "notebooks"])
    for platform in get_args(Platform):
        write_ci(project, platform)
    git = ("git", "-c", "user.name=tester", "-c", "user.email=tester@example.org")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "A shop.")):
        run([*git, *words], cwd=root)
    return root


@pytest.mark.parametrize("platform", get_args(Platform))
def test_every_line_of_a_pull_request_is_green_in_a_clean_clone(
    platform: Platform, repository: Path, wheels: dict[str, Path], tmp_path: Path
) -> None:
    runner, clone = _clone(repository, wheels, tmp_path)
    part = parts(platform, clone)["check"]
    try:
        for line in part.lines:
            _must_be_green(runner.run(line, part), line)
    finally:
        runner.run(".venv/bin/dex engine stop", part)
    assert 'failures="0"' in (report := (clone / "junit.xml").read_text("utf-8"))
    assert "test_main_runs_to_its_end" in report
    changed = run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=clone)
    assert changed == ""


def test_a_pull_request_whose_export_was_forgotten_is_red(
    repository: Path, wheels: dict[str, Path], tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    run(["git", "clone", "-q", repository, clone])
    write_notebook(clone / "notebooks/to_bronze.ipynb", BRONZE[0], BRONZE[1].replace("range(3)", "range(4)"))
    assert _dex(clone, "export", "--check") == 1
    export_notebook(clone / "notebooks/to_bronze.ipynb", find_project(clone))
    assert _dex(clone, "export", "--check") == 0
    (clone / "resources/daily.job.yml").unlink()
    assert _dex(clone, "bundle", "emit", "--check") == 1


@pytest.mark.parametrize("platform", get_args(Platform))
def test_a_deployment_goes_to_the_workspace_or_says_that_the_tool_is_missing(
    platform: Platform, repository: Path, wheels: dict[str, Path], tmp_path: Path
) -> None:
    try:
        tool = find_cli().path
    except BundleError:
        tool = None
    with rest_workspace() as workspace:
        values = {"DATABRICKS_HOST": workspace.url, "DATABRICKS_CLIENT_ID": "tester"}
        runner, clone = _clone(repository, wheels, tmp_path, values)
        for name in ("deploy-dev", "deploy-prod"):
            part = parts(platform, clone)[name]
            # The platforms' own sign-in is not here: a token stands for it.
            signed_in = {
                "DATABRICKS_AUTH_TYPE": "pat",
                "DATABRICKS_HOST": workspace.url,
                "DATABRICKS_TOKEN": workspace.token,
            }
            *set_up, plan, deploy = part.lines
            for line in set_up if name == "deploy-dev" else ():
                _must_be_green(runner.run(line, part), line)
            if tool is not None:
                for line in (plan, deploy):
                    _must_be_green(runner.run(line, part, {**signed_in, CLI_VARIABLE: tool}), line)
                continue
            for line in (plan, deploy):
                done = runner.run(line, part, signed_in)
                assert done.returncode == 2, done.stdout + done.stderr
                assert "DEX-BUNDLE-40: There is no databricks command-line tool at /tmp/" in done.stderr
        deployed = sorted(job.settings.name for job in client_of(workspace).jobs.list())
        assert deployed == ([] if tool is None else ["[dev tester] daily", "daily"])


def _clone(
    repository: Path, wheels: dict[str, Path], folder: Path, values: dict[str, str] | None = None
) -> tuple[Runner, Path]:
    clone = folder / "clone"
    run(["git", "clone", "-q", repository, clone])
    return Runner(folder / "runner", clone, wheels["dexkit"].parent, values), clone


def _must_be_green(done: subprocess.CompletedProcess[str], line: str) -> None:
    assert done.returncode == 0, f"{line}: exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def _dex(clone: Path, *words: str) -> int:
    return subprocess.run([sys.executable, "-m", "dex", *words], cwd=clone, capture_output=True, check=False).returncode
