"""The pipeline files of `dex bundle ci`, as a person finds them; tests/house runs their lines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from ci_files import FILES, parts
from click.testing import CliRunner
from dex.bundle.ci import write_ci
from dex.bundle.ci_lines import PYTEST, UV, Platform
from dex.bundle.resources import write_resources
from dex.export import export_notebook
from dex_dbutils import BundleError
from dex_dbutils.config import find_project
from notebook_factory import project_folder, write_notebook
from support import ROOT

PLATFORMS = get_args(Platform)
DEV = """\
bundle: {name: shop}
targets:
  dev: {mode: development, default: true}
"""
PROD = """\
  live:
    mode: production
    workspace: {root_path: /Workspace/Users/me/.bundle/shop}
"""
JOB = """\
resources:
  jobs:
    daily:
      name: daily
      environments:
        - environment_key: default
          spec: {environment_version: "4", dependencies: [../dist/*.whl, "requests>=2,<3", "${var.more}"]}
"""
#: The schemas that check-jsonschema brings; that of Azure has an expression that only this way of reading takes.
SCHEMAS = {
    "github": ("--builtin-schema", "vendor.github-workflows"),
    "azure": (
        "--builtin-schema=vendor.azure-pipelines",
        "--data-transform=azure-pipelines",
        "--regex-variant=nonunicode",
    ),
    "gitlab": ("--builtin-schema=vendor.gitlab-ci", "--data-transform=gitlab-ci"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = project_folder(tmp_path / "shop")
    (folder / "databricks.yml").write_text(DEV + PROD)
    for name in ("src", "tests"):
        (folder / name).mkdir()
    return folder


def made(root: Path, platform: Platform) -> str:
    write_ci(find_project(root), platform)
    return (root / FILES[platform]).read_text("utf-8")


def obeys_its_schema(platform: str, path: Path) -> bool:
    done = CliRunner().invoke(check_jsonschema, [*SCHEMAS[platform], str(path)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_file_obeys_the_schema_of_its_platform(platform: Platform, root: Path) -> None:
    text = made(root, platform)
    assert obeys_its_schema(platform, root / FILES[platform])
    (root / FILES[platform]).write_text(text.replace("steps:", "stepps:").replace("script:", "skript:"))
    assert not obeys_its_schema(platform, root / FILES[platform])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_main_goes_to_development_and_production_has_to_be_named_again(platform: Platform, root: Path) -> None:
    made(root, platform)
    found = parts(platform, root)
    assert found["deploy-dev"].lines[-2:] == [
        ".venv/bin/dex bundle plan -t dev",
        ".venv/bin/dex bundle deploy -t dev",
    ]
    assert found["deploy-prod"].lines[-1] == ".venv/bin/dex bundle deploy -t live --confirm live"
    assert not [line for line in found["check"].lines if "deploy" in line]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_project_without_production_has_no_such_part_until_there_is_one_and_hand_edits_stay(
    platform: Platform, root: Path
) -> None:
    (root / "databricks.yml").write_text(DEV)
    text = made(root, platform)
    assert set(parts(platform, root)) == {"check", "deploy-dev"}
    mine = (
        text.replace("ubuntu-24.04", "my-runners")
        .replace("30 minutes", "90 minutes")
        .replace(".venv/bin/dex bundle plan -t dev", ".venv/bin/dex bundle plan -t dev --var days=3")
        + "# and a word of mine\n"
    )
    (root / FILES[platform]).write_text(mine)
    (root / "databricks.yml").write_text(DEV + PROD)
    assert write_ci(find_project(root), platform, check=True).status == "differs"
    again = made(root, platform)
    assert set(parts(platform, root)) == {"check", "deploy-dev", "deploy-prod"}
    assert [line for line in mine.splitlines() if line not in again.splitlines()] == []
    assert write_ci(find_project(root), platform, check=True).status == "unchanged"
    assert obeys_its_schema(platform, root / FILES[platform])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_that_dex_did_not_make_is_left_alone_unless_forced(platform: Platform, root: Path) -> None:
    (root / FILES[platform]).parent.mkdir(parents=True, exist_ok=True)
    (root / FILES[platform]).write_text("name: mine\n")
    with pytest.raises(BundleError, match="did not make it") as caught:
        write_ci(find_project(root), platform)
    assert caught.value.code == "DEX-BUNDLE-51"
    assert (root / FILES[platform]).read_text() == "name: mine\n"
    assert write_ci(find_project(root), platform, force=True).status == "written"


def test_two_deployments_never_overlap_and_a_pull_request_may_only_read(root: Path) -> None:
    github = yaml.safe_load(made(root, "github"))
    assert github["permissions"] == {"contents": "read"}
    assert "permissions" not in github["jobs"]["check"]
    for name, target in (("deploy-dev", "dev"), ("deploy-prod", "live")):
        job = github["jobs"][name]
        assert job["concurrency"] == {"group": f"shop-deploy-{target}", "cancel-in-progress": False}
        assert job["permissions"] == {"contents": "read", "id-token": "write"}
        assert job["environment"] == target
    assert "pull_request_target" not in github["on"]
    gitlab = yaml.safe_load(made(root, "gitlab"))
    assert [gitlab[name]["resource_group"] for name in ("deploy-dev", "deploy-prod")] == ["shop-dev", "shop-live"]
    azure = yaml.safe_load(made(root, "azure"))
    assert [stage.get("lockBehavior") for stage in azure["stages"]] == [None, "sequential", "sequential"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_file_holds_a_token_and_nothing_is_taken_in_a_version_that_moves(platform: Platform, root: Path) -> None:
    text = made(root, platform)
    assert not re.search(r"DATABRICKS_TOKEN|CLIENT_SECRET|secrets\.|latest|@main", text)
    uses = re.findall(r"uses: (\S+)(.*)", text)
    assert all(re.search(r"@[0-9a-f]{40}$", action) and re.match(r" # v\d+\.\d+\.\d+$", tag) for action, tag in uses)
    assert bool(uses) == (platform == "github")
    asked = {word for line in text.splitlines() if "pip install" in line for word in re.findall(r"[\w\[\]-]+==", line)}
    assert {"dexkit==", "dexkit[local]=="} <= asked


def test_what_is_pinned_is_what_this_repository_tests_with() -> None:
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    assert f"uv=={UV}" in pins
    assert f"pytest=={PYTEST}" in pins


def test_the_tests_have_what_the_jobs_install_and_what_the_project_asks_for(root: Path) -> None:
    (root / "databricks.yml").write_text(DEV + JOB)
    (root / "pyproject.toml").write_text(
        "[project.optional-dependencies]\ntest = ['pytest']\n[tool.ruff.lint]\nselect = ['E']\n"
    )
    made(root, "github")
    lines = parts("github", root)["check"].lines
    install = next(line for line in lines if line.startswith("uv pip install"))
    assert re.fullmatch(r"uv pip install '\.\[test\]' 'dexkit\[local\]==\S+' 'requests>=2,<3'", install)
    assert ".venv/bin/ruff check src tests" in lines
    assert parts("github", root)["check"].env == {"DEX_ENV": "local"}


def test_schemas_that_dex_made_are_checked_too(root: Path) -> None:
    line = ".venv/bin/dex bundle resources --check"
    assert line not in made(root, "gitlab")
    (root / "config/dev.yaml").write_text("kind: development\nschema_prefix: dev_${user}_\n")
    write_resources(find_project(root))
    assert line in made(root, "gitlab")


def test_a_target_with_a_profile_is_named_because_a_runner_has_none(root: Path) -> None:
    (root / "databricks.yml").write_text(DEV + "    workspace: {profile: WORK}\n".replace("    ", "  mine:\n    ", 1))
    report = write_ci(find_project(root), "gitlab")
    assert [note.partition(";")[0] for note in report.notes] == [
        "databricks.yml:5: target mine names the profile 'WORK', which a runner has not"
    ]
    assert report.prod is None
    assert "a tag is deployed to nothing" in report.to_text()


def dex(root: Path, *words: str) -> tuple[int, Any]:
    command = [sys.executable, "-m", "dex", *words, "--json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_a_check_without_a_name_is_of_all_that_was_exported(root: Path) -> None:
    assert dex(root, "export", "--check") == (0, {"exported": [], "refused": []})
    assert dex(root, "bundle", "emit", "--check") == (0, [])
    write_notebook(root / "notebooks/helpers.ipynb", "def double(x):\n    return x * 2")
    write_notebook(
        root / "notebooks/load.ipynb", "%run ./helpers", "spark.range(double(2)).createOrReplaceTempView('v')"
    )
    write_notebook(root / "notebooks/never.ipynb", "%scala\nval x = 1")
    export_notebook(root / "notebooks/load.ipynb", find_project(root))
    code, told = dex(root, "export", "--check")
    assert (code, [each["notebook"] for each in told["exported"]]) == (0, ["notebooks/load.ipynb"])
    write_notebook(root / "notebooks/helpers.ipynb", "def double(x):\n    return x + x")
    assert dex(root, "export", "--check")[0] == 1


def test_the_command_says_by_its_exit_code_whether_the_file_is_what_the_bundle_says(root: Path) -> None:
    code, told = dex(root, "bundle", "ci", "gitlab", "--check")
    assert (code, told["status"]) == (1, "differs")
    assert not (root / ".gitlab-ci.yml").exists()
    assert dex(root, "bundle", "ci", "gitlab")[0] == 0
    code, told = dex(root, "bundle", "ci", "gitlab", "--check")
    assert (code, told["status"], told["dev"], told["prod"]) == (0, "unchanged", "dev", "live")
    code, told = dex(root, "bundle", "ci", "jenkins")
    assert code == 2
    assert told["error"]["code"] == "DEX-CLI-02"
    assert "github, azure or gitlab" in told["error"]["what"]
