"""A person at the panel runs the job of fourteen tasks, looks at what became of it, and is led to the cell that failed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from e2e.contrast import WEAK_TEXT
from e2e.driver import NOTEBOOK, Lab, LabPage
from engine_fixture import make_project
from job_project import RESULTS, add_jobs
from playwright.sync_api import Browser, expect

BROKEN = """\
resources:
  jobs:
    broken:
      tasks: [{task_key: fails, notebook_task: {notebook_path: ../notebooks/broken.ipynb}}]
"""
#: What the panel says of a task, by what it comes to.
WORDS = {
    "SUCCESS": "succeeded",
    "TIMEDOUT": "timed out",
    "UPSTREAM_FAILED": "upstream failed",
    "FAILED": "failed",
    "EXCLUDED": "excluded",
    "DISABLED": "disabled",
}


@pytest.fixture
def shop(lab: Lab) -> Iterator[Path]:
    """A project with jobs below the server's root; its engine ends with the test."""
    project = add_jobs(make_project(lab.project / "trial"))
    (project / "resources/broken.job.yml").write_text(BROKEN)
    for name, sources in (("start", ["print('here')"]), ("broken", ["x = 1", "print(x)\nx / 0"])):
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in sources],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(made, project / f"notebooks/{name}.ipynb")
    yield project
    stop = [sys.executable, "-m", "dex", "engine", "stop", "--env", "local", "--project", str(project)]
    subprocess.run(stop, check=False, capture_output=True)
    shutil.rmtree(project)


def test_the_job_of_fourteen_tasks_is_run_from_the_panel(browser: Browser, lab: Lab, shop: Path, shots: Path) -> None:
    page = LabPage(browser, lab.url, lab.token, "trial/notebooks/start.ipynb")
    jobs = page.section("jobs")
    jobs.get_by_role("button", name=re.compile("^every")).click()
    expect(jobs.locator(".dex-Task")).to_have_count(14)
    page.button("Run").press("Enter")
    expect(jobs.locator("[data-task=check]")).to_contain_text("running", timeout=60_000)
    page.page.set_viewport_size({"width": 1400, "height": 1900})
    page.page.screenshot(path=shots / "job-running.png")
    expect(jobs.locator(".dex-Progress")).to_contain_text("14 of 14 tasks ended", timeout=60_000)
    expect(page.button("Repair")).to_be_enabled()
    for key, result in RESULTS.items():
        expect(jobs.locator(f"[data-task='{key}']")).to_contain_text(WORDS[result])

    jobs.locator("[data-task=check]").press("Enter")
    expect(jobs.locator(".dex-TaskLog")).to_contain_text("cell 4 of 4")
    for theme, file in (("JupyterLab Dark", "job-dark.png"), ("JupyterLab Light", "job-light.png")):
        page.theme(theme)
        page.page.wait_for_timeout(500)  # fonts and icons of the theme
        page.page.screenshot(path=shots / file)
        assert page.panel.evaluate(WEAK_TEXT) == []
        wide = page.panel.evaluate("node => [node.scrollWidth, node.clientWidth]")
        assert wide[0] <= wide[1]  # nothing sticks out

    # A job that fails leads to the cell.
    jobs.get_by_role("button", name=re.compile("^broken")).click()
    page.button("Run").click()
    expect(jobs.locator("[data-task=fails]")).to_contain_text("failed", timeout=60_000)
    jobs.locator("[data-task=fails]").click()
    page.button("notebooks/broken.ipynb, cell 2, line 2").click()
    page.page.wait_for_function(
        f"() => {NOTEBOOK}?.activeCellIndex === 1 && {NOTEBOOK}.activeCell.model.sharedModel.getSource().includes('x / 0')"
    )
    page.page.screenshot(path=shots / "job-cell.png")
    page.shut_down()
    assert page.errors == []
