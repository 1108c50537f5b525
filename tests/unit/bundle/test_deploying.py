"""Deploying through the person's own tool: found, asked the right way, its traps kept away.

The tool here is a script that answers as the real one was seen to answer: what dex says to it and makes of its answers
is shown, not what the real one does.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.bundle import load_bundle
from dex.bundle.deploying import Deployment
from dex.bundle.vendor import VendorCli, check_host, configured_workspace, find_cli, words_of
from dex_dbutils import BundleError, WorkspaceError

BUNDLE = """\
bundle: {name: shop}
targets:
  dev: {mode: development, default: true}
  prod:
    mode: production
    workspace: {root_path: /Workspace/Users/me/.bundle/shop}
resources:
  jobs:
    daily:
      name: daily
      tasks: [{task_key: one, notebook_task: {notebook_path: ./one.py}}]
"""
TOOL = """\
import json, pathlib, sys, time
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
with (here / "asked.jsonl").open("a") as file:
    file.write(json.dumps(words) + chr(10))
answers = json.loads((here / "answers.json").read_text())
key = " ".join(word for word in words if not word.startswith("-") and word not in ("json", "dev", "prod"))
for start, answer in answers.items():
    if key.startswith(start):
        sys.stderr.write(answer.get("err", ""))
        sys.stdout.write(answer["out"] if isinstance(answer["out"], str) else json.dumps(answer["out"]))
        sys.stdout.flush()
        time.sleep(answer.get("sleep", 0))
        sys.exit(answer.get("code", 0))
sys.exit("not answered: " + key)
"""
PLAN = {
    "plan_version": 2,
    "plan": {"resources.jobs.daily": {"action": "create"}, "resources.schemas.s": {"action": "skip"}},
}
SUMMARY = {
    "resources": {
        "jobs": {"daily": {"id": 7, "name": "[dev me] daily", "url": "https://x/jobs/7"}, "new": {"name": "new"}}
    }
}


class Tool:
    """The script, what it answers and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        (folder / "tool.py").write_text(TOOL)
        self.program = folder / "databricks"
        self.program.write_text(f'#!/bin/sh\nexec {sys.executable} {folder / "tool.py"} "$@"\n')
        self.program.chmod(0o755)
        self.answer(
            {
                "bundle plan": {"out": PLAN},
                "bundle deploy": {"out": "", "err": "Uploading..."},
                "bundle summary": {"out": SUMMARY},
                "bundle destroy": {"out": ""},
            }
        )

    def answer(self, answers: dict[str, Any]) -> None:
        version = {"": {"out": "Databricks CLI v1.13.0"}}
        (self._folder / "answers.json").write_text(json.dumps({**answers, **version}))

    def version(self, text: str) -> None:
        (self._folder / "answers.json").write_text(json.dumps({"": {"out": text}}))

    @property
    def asked(self) -> list[list[str]]:
        lines = (self._folder / "asked.jsonl").read_text().splitlines()
        return [words for line in lines if (words := json.loads(line)) != ["--version"]]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    made = Tool(tmp_path / "bin")
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none.cfg"))
    monkeypatch.setenv("DEX_DATABRICKS_CLI", str(made.program))
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "databricks.yml").write_text(BUNDLE)
    (folder / "one.py").write_text("# Databricks notebook source\nprint(1)\n")
    return folder


@pytest.fixture
def door() -> Iterator[str]:
    """An address where somebody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_plan_names_what_changes_and_what_stays_is_left_out(tool: Tool, root: Path) -> None:
    plan = Deployment(root).plan()
    assert [(change.resource, change.action) for change in plan.changes] == [("jobs.daily", "create")]
    assert "+ jobs.daily (create)" in plan.to_text()
    assert tool.asked == [["bundle", "plan", "-t", "dev", "-o", "json"]]


def test_a_plan_brings_the_library_to_a_project_that_requires_it(tool: Tool, root: Path) -> None:
    (root / "pyproject.toml").write_text('[project]\nname = "shop"\ndependencies = ["dex-dbutils>=0.1"]\n')
    Deployment(root).plan()
    assert [path.name.split("-")[0] for path in (root / "dist").iterdir()] == ["dex_dbutils"]


def test_a_deployment_uses_no_plan_file_and_ends_with_what_is_there(tool: Tool, root: Path) -> None:
    made = Deployment(root, "dev", {"days": "1,2"}).deploy()
    assert [(each.resource, each.id) for each in made] == [("jobs.daily", "7"), ("jobs.new", None)]
    assert tool.asked[1] == ["bundle", "deploy", "-t", "dev", "--auto-approve", "--var", '"days=1,2"']


def test_production_is_deployed_only_when_its_name_is_said_again(tool: Tool, root: Path) -> None:
    with pytest.raises(BundleError, match="prod") as caught:
        Deployment(root, "prod").deploy()
    assert caught.value.code == "DEX-BUNDLE-46"
    Deployment(root, "prod").deploy("prod")
    assert [words[1] for words in tool.asked] == ["deploy", "summary"]


@pytest.mark.parametrize("action", ["delete", "recreate"])
def test_what_deletes_tables_is_deployed_only_when_the_target_is_said_again(
    tool: Tool, root: Path, action: str
) -> None:
    """The vendor's tool asks a person for such changes; `--auto-approve` would say yes."""
    plan = {"resources.schemas.old": {"action": action}, "resources.jobs.daily": {"action": "delete"}}
    tool.answer(
        {"bundle plan": {"out": {"plan": plan}}, "bundle deploy": {"out": ""}, "bundle summary": {"out": SUMMARY}}
    )
    with pytest.raises(BundleError, match=r"It deletes schemas\.old and all that is in there") as caught:
        Deployment(root, "dev").deploy()
    assert caught.value.code == "DEX-BUNDLE-46"
    assert [words[1] for words in tool.asked] == ["plan"]
    Deployment(root, "dev").deploy("dev")
    assert [words[1] for words in tool.asked] == ["plan", "plan", "deploy", "summary"]


def test_nothing_is_destroyed_unless_the_target_is_said_again(tool: Tool, root: Path) -> None:
    with pytest.raises(BundleError) as caught:
        Deployment(root).destroy(None)
    assert caught.value.code == "DEX-BUNDLE-46"
    assert [each.resource for each in Deployment(root).destroy("dev")] == ["jobs.daily"]


def test_a_run_gives_the_outputs_of_its_tasks_in_the_order_they_ended(tool: Tool, root: Path) -> None:
    outputs = [
        {"TaskKey": "two", "Output": {"logs": "hello"}, "EndTime": 2},
        {"TaskKey": "one", "Output": {"result": "1"}, "EndTime": 1},
    ]
    tool.answer({"bundle run": {"out": {"task_outputs": outputs}, "err": "Run URL: https://x/?o=1#job/7/run/70"}})
    ended = Deployment(root).run("daily", {"day": "1"})
    assert [(task.task, task.output) for task in ended.tasks] == [("one", "1"), ("two", "hello")]
    assert (ended.result, ended.run) == ("SUCCESS", 70)
    assert tool.asked == [["bundle", "run", "-t", "dev", "-o", "json", "daily", "--params", "day=1"]]


def test_a_failed_run_of_which_the_tool_says_little_is_asked_for_task_by_task(tool: Tool, root: Path) -> None:
    tool.answer(
        {
            "bundle run": {"out": "", "err": "Run URL: https://x/#job/7/run/70\nrun failed: one failed", "code": 1},
            "jobs get-run-output": {"out": {"error": "ValueError: no", "error_trace": "Traceback\nValueError: no"}},
            "jobs get-run": {
                "out": {"tasks": [{"task_key": "one", "run_id": 71, "state": {"result_state": "FAILED"}}]}
            },
        }
    )
    ended = Deployment(root).run("daily")
    assert ended.result == "FAILED"
    assert ended.to_text() == "daily: FAILED (run 70)\n  one  FAILED  ValueError: no\n    Traceback\n    ValueError: no"


def test_what_the_tool_fails_with_is_told(tool: Tool, root: Path) -> None:
    tool.answer({"bundle plan": {"out": "", "err": "Error: cannot create resources.schemas.s (403)", "code": 1}})
    with pytest.raises(WorkspaceError, match="403") as caught:
        Deployment(root).plan()
    assert caught.value.code == "DEX-BUNDLE-43"


def test_a_tool_that_hangs_is_ended(tool: Tool, root: Path) -> None:
    tool.answer({"bundle run": {"out": "", "sleep": 60}})
    started = time.monotonic()
    with pytest.raises(WorkspaceError) as caught:
        Deployment(root).run("daily", timeout=1)
    assert caught.value.code == "DEX-BUNDLE-42"
    assert time.monotonic() - started < 30


def test_a_bundle_with_errors_is_not_sent_anywhere(tool: Tool, root: Path) -> None:
    (root / "databricks.yml").write_text(BUNDLE.replace("./one.py", "./two.py"))
    with pytest.raises(BundleError, match="two.py") as caught:
        Deployment(root)
    assert caught.value.code == "DEX-BUNDLE-45"


def test_without_a_tool_it_is_said_what_works_without_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEX_DATABRICKS_CLI", str(root / "nothing"))
    with pytest.raises(BundleError) as caught:
        find_cli()
    assert caught.value.code == "DEX-BUNDLE-40"
    assert "dex job run" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    ("said", "why"), [("Version 0.18.0", "old Python tool"), ("Databricks CLI v0.230.0", "too old"), ("?", "unknown")]
)
def test_a_tool_that_is_too_old_is_refused(tool: Tool, said: str, why: str) -> None:
    tool.version(said)
    with pytest.raises(BundleError, match=why) as caught:
        find_cli()
    assert caught.value.code == "DEX-BUNDLE-41"


def test_a_token_does_not_go_to_another_workspace_than_the_one_it_is_for(tool: Tool, root: Path, door: str) -> None:
    (root / "databricks.yml").write_text(
        BUNDLE.replace("mode: development,", f"mode: development, workspace: {{host: '{door}'}},")
    )
    bundle = Deployment(root).bundle
    assert check_host(bundle, {}) == door
    with pytest.raises(BundleError) as caught:
        check_host(bundle, {"DATABRICKS_HOST": "https://other.example.org", "DATABRICKS_TOKEN": "dapi-secret"})
    assert caught.value.code == "DEX-BUNDLE-44"
    assert "dapi-secret" not in str(caught.value)


def test_a_workspace_that_does_not_answer_is_told_at_once(tool: Tool, root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    bundle = Deployment(root).bundle
    with pytest.raises(WorkspaceError, match=f"127.0.0.1:{port}") as caught:
        check_host(bundle, {"DATABRICKS_HOST": f"http://127.0.0.1:{port}"})
    assert caught.value.code == "DEX-BUNDLE-42"


def test_the_workspace_of_a_profile_is_the_one_that_is_asked(tool: Tool, root: Path, door: str, tmp_path: Path) -> None:
    config = tmp_path / "some.cfg"
    config.write_text(f"[DEFAULT]\nhost = https://nowhere.example.org\n[SHOP]\nhost = {door}\n")
    bundle = Deployment(root).bundle
    assert check_host(bundle, {"DATABRICKS_CONFIG_FILE": str(config), "DATABRICKS_CONFIG_PROFILE": "SHOP"}) == door


def test_the_workspace_is_that_of_the_environment_where_nothing_else_names_one(
    tool: Tool, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "config").mkdir()
    (root / "config/base.yaml").write_text("project: {name: shop, package: shop_etl}\n")
    (root / "config/dev.yaml").write_text("kind: development\nengine: {type: databricks, profile: SHOP}\n")
    (root / "config/prod.yaml").write_text("kind: production\nengine: {type: databricks, host: https://a.example}\n")
    dev, prod = load_bundle(root, "dev"), load_bundle(root, "prod")
    assert configured_workspace(dev, {}) == {"DATABRICKS_CONFIG_PROFILE": "SHOP"}
    assert configured_workspace(prod, {}) == {"DATABRICKS_HOST": "https://a.example"}
    for given in ("DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE"):
        assert configured_workspace(dev, {given: "other"}) == {}
    (root / "databricks.yml").write_text(BUNDLE.replace("default: true", "workspace: {profile: MINE}"))
    assert configured_workspace(load_bundle(root, "dev"), {}) == {}
    for given in ("DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE"):
        monkeypatch.delenv(given, raising=False)
    tool.program.write_text("#!/bin/sh\necho $DATABRICKS_CONFIG_PROFILE\n")
    assert VendorCli(str(tool.program), (1, 13, 0)).ask(dev, "bundle", "plan").stdout == "SHOP\n"


def test_a_comma_in_a_value_stays_in_the_value() -> None:
    assert words_of("--params", {"a": "1,2", "b": 'say "x"'}) == ["--params", '"a=1,2"', "--params", '"b=say ""x"""']


def test_the_command_line_shows_the_plan_before_it_deploys(tool: Tool, root: Path) -> None:
    (root / "config").mkdir()
    (root / "config/base.yaml").write_text("project: {name: shop, package: shop_etl}\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("dex"), "bundle", "deploy", "--project", root],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "+ jobs.daily (create)" in done.stderr
    assert "jobs.daily  [dev me] daily  7" in done.stdout
    assert [words[1] for words in tool.asked] == ["plan", "deploy", "summary"]
