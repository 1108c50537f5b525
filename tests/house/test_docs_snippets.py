"""Every snippet of README and docs does what it shows, in the demo project."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from support import ROOT, run

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "dbutils_lib/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Words that begin a line which sets this very checkout up, or stays in the foreground: `dev.py test` runs this test.
SETUP = ("git clone", "python3 dev.py", "npm run watch", "uv pip compile")


def snippets(language: str, pages: list[Path] = PAGES) -> list[Any]:
    return [
        pytest.param(body, id=f"{page.relative_to(ROOT)}:{number}")
        for page in pages
        for number, (found, body) in enumerate(FENCE.findall(page.read_text("utf-8")), start=1)
        if found == language
    ]


def test_the_notebook_snippets_of_the_readme_run_in_order(summary: dict[str, Any]) -> None:
    cells = [
        body.rstrip()
        for language, body in FENCE.findall((ROOT / "README.md").read_text("utf-8"))
        if language == "python"
    ]
    assert len(cells) >= 4
    notebook = new_notebook(
        cells=[new_code_cell(cell.replace("%dex_export", "%dex_export notebooks/flights.ipynb")) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": summary["project"]}}).execute()
    texts = [output["data"]["text/plain"] for cell in notebook.cells for output in cell.outputs if "data" in output]
    assert any("336" in text for text in texts)
    assert any("passed" in text for text in texts)


@pytest.mark.parametrize("body", snippets("python", [page for page in PAGES if page != ROOT / "README.md"]))
def test_a_python_snippet_runs_in_the_demo_project(body: str, summary: dict[str, Any]) -> None:
    run([sys.executable, "-c", body], cwd=Path(summary["project"]))


@pytest.mark.parametrize("body", snippets("sh"))
def test_a_shell_snippet_runs_in_the_demo_project(body: str, summary: dict[str, Any]) -> None:
    lines = [line.split("  #")[0].strip() for line in body.replace("\\\n", " ").splitlines() if line.strip()]
    for line in lines:
        if line.startswith(SETUP):
            assert line.split()[-1] != "dev.py"
            continue
        words = shlex.split(line.split(" &&")[0])
        module = {"dex": "dex", "pytest": "pytest"}[words[0]]
        run([sys.executable, "-m", module, *words[1:]], cwd=Path(summary["project"]))


@pytest.mark.parametrize("body", snippets("yaml"))
def test_a_yaml_snippet_is_a_valid_configuration(body: str, summary: dict[str, Any], tmp_path: Path) -> None:
    from dex_dbutils import load_environment

    (tmp_path / "config").mkdir()
    base = (Path(summary["project"]) / "config/base.yaml").read_text()
    told = yaml.safe_load(body)
    assert isinstance(told, dict)
    (tmp_path / "config/base.yaml").write_text(body if "project" in told else base)
    (tmp_path / "config/lab.yaml").write_text("{}\n" if "project" in told else body)
    assert load_environment("lab", start=tmp_path).project.name == "flights"


def test_every_dev_command_that_the_pages_name_exists() -> None:
    named = {
        words[0]
        for page in PAGES
        for words in re.findall(r"dev\.py (\w+)", page.read_text("utf-8"))
        for words in [words.split()]
    }
    helped = subprocess.run(
        [sys.executable, ROOT / "dev.py", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert {name for name in named if name not in helped} == set()
