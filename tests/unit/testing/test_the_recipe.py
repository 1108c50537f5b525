"""The recipe for CI in docs/testing-notebooks.md: the workflow runs the line that a house test runs in the demo project."""

from __future__ import annotations

import re

import yaml
from dex.cli.app import app
from support import ROOT
from typer.main import get_command

PAGE = (ROOT / "docs/testing-notebooks.md").read_text("utf-8")


def fence(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1].strip()


def test_the_workflow_runs_the_line_that_is_tested_and_installs_what_it_needs() -> None:
    (job,) = yaml.safe_load(fence("yml"))["jobs"].values()
    lines = [step["run"] for step in job["steps"] if "run" in step]
    install, engine, tests = lines
    assert tests == fence("sh")
    assert {"nbval", "pytest-xdist"} <= set(install.split())
    command = get_command(app)
    for word in engine.split()[1:]:
        command = command.commands[word]  # type: ignore[attr-defined]  # each is a group, but the last
