"""A person at the panel runs the job of fourteen tasks, looks at what became of it, and is led to the cell that failed."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from e2e.conftest import free_port, lab_over
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
#: A job that prints and waits, until it is stopped.
WAITS = """\
resources:
  jobs:
    waits:
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      tasks: [{task_key: long, environment_key: default, spark_python_task: {python_file: ../jobs/ticks.py}}]
"""
TICKS = "import time\nfor n in range(1500):\n    print('tick', n, flush=True)\n    time.sleep(0.2)\n"
#: Notebooks that make a graph, one of them with a table that only the run knows.
GRAPH = {
    "silver": ["import dex_dbutils\nsession = dex_dbutils.get_session()\nspark = session.spark"]
    + ["orders = spark.read.csv('raw/orders.csv')\norders.write.saveAsTable(session.table('silver', 'orders'))"],
    "gold": ["import dex_dbutils\nsession = dex_dbutils.get_session()\nspark = session.spark"]
    + [
        "orders = spark.table(session.table('silver', 'orders'))\norders.write.saveAsTable(session.table('gold', 'orders'))"
    ],
    "tables": ["for each in spark.catalog.listTables():\n    spark.table(each.name).show()"],
}
#: What moves in the panel by itself.
MOVING = "panel => panel.getAnimations({ subtree: true }).map(each => each.animationName ?? each.transitionProperty)"
#: What the panel says of a task, by what it comes to.
WORDS = {
    "SUCCESS": "succeeded",
    "TIMEDOUT": "timed out",
    "UPSTREAM_FAILED": "upstream failed",
    "FAILED": "failed",
    "EXCLUDED": "excluded",
    "DISABLED": "disabled",
}


def write_notebook(path: Path, sources: list[str]) -> None:
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(made, path)


@pytest.fixture
def shop(lab: Lab) -> Iterator[Path]:
    """A project with jobs below the server's root; its engine ends with the test."""
    project = add_jobs(make_project(lab.project / "trial"))
    (project / "resources/broken.job.yml").write_text(BROKEN)
    (project / "resources/waits.job.yml").write_text(WAITS)
    (project / "jobs/ticks.py").write_text(TICKS)
    for name, sources in {"start": ["print('here')"], "broken": ["x = 1", "print(x)\nx / 0"], **GRAPH}.items():
        write_notebook(project / f"notebooks/{name}.ipynb", sources)
    yield project
    stop = [sys.executable, "-m", "dex", "engine", "stop", "--env", "local", "--project", str(project)]
    subprocess.run(stop, check=False, capture_output=True)
    shutil.rmtree(project)


def test_a_file_of_the_bundle_that_cannot_be_read_is_told_with_its_line(
    browser: Browser, lab: Lab, shop: Path, shots: Path
) -> None:
    sound = (shop / "resources/waits.job.yml").read_text()
    (shop / "resources/waits.job.yml").write_text(sound.replace("tasks: [", "tasks: [{["))
    page = LabPage(browser, lab.url, lab.token, "trial/notebooks/start.ipynb")
    jobs = page.section("jobs")
    expect(jobs.get_by_role("alert")).to_contain_text("resources/waits.job.yml, line 6: ")
    expect(jobs.get_by_role("button", name=re.compile("^every"))).to_contain_text("cannot run")
    for theme in ("Dark", "Light"):
        page.theme(f"JupyterLab {theme}")
        assert page.panel.evaluate(WEAK_TEXT) == []
        page.page.screenshot(path=shots / f"job-unreadable-{theme.lower()}.png")
    page.page.close()
    (shop / "resources/waits.job.yml").write_text(sound)
    jobs = LabPage(browser, lab.url, lab.token, "trial/notebooks/start.ipynb").section("jobs")
    expect(jobs.get_by_role("button", name=re.compile("^every"))).to_contain_text("not run")
    expect(jobs.get_by_role("alert")).to_have_count(0)
    jobs.page.close()


def test_the_job_of_fourteen_tasks_is_run_from_the_panel(browser: Browser, lab: Lab, shop: Path, shots: Path) -> None:
    page = LabPage(browser, lab.url, lab.token, "trial/notebooks/start.ipynb")
    page.page.emulate_media(reduced_motion="reduce")
    jobs = page.section("jobs")
    jobs.get_by_role("button", name=re.compile("^every")).press("Enter")
    expect(jobs.locator(".dex-Task")).to_have_count(14)
    page.button("Run").press("Enter")
    expect(jobs.locator("[data-task=check]")).to_contain_text("running", timeout=60_000)
    expect(jobs.locator(".dex-Progress")).to_contain_text(re.compile(r"running\d of 14 tasks ended"))
    page.page.set_viewport_size({"width": 1400, "height": 1900})
    page.page.screenshot(path=shots / "job-running.png")
    assert page.panel.evaluate(MOVING) == []
    expect(jobs.locator(".dex-Progress")).to_contain_text("14 of 14 tasks ended", timeout=60_000)
    expect(page.button("Repair")).to_be_enabled()
    for key, result in RESULTS.items():
        expect(jobs.locator(f"[data-task='{key}']")).to_contain_text(WORDS[result])

    # Keys alone lead to what a task printed, which stands below it.
    jobs.locator("[data-task=load]").focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Enter")
    expect(jobs.locator("[data-task=check]")).to_be_focused()
    expect(jobs.locator(".dex-TaskLog")).to_contain_text("cell 4 of 4")
    below = "node => node.querySelector('.dex-TaskDetails').getBoundingClientRect().top"
    top = "node => node.querySelector('[data-task=check]').getBoundingClientRect().bottom"
    assert 0 <= jobs.evaluate(below) - jobs.evaluate(top) < 12
    for theme in ("Dark", "Light"):
        page.theme(f"JupyterLab {theme}")
        page.page.wait_for_timeout(500)  # fonts and icons of the theme
        for width in (260, 300, 600):
            resize(page, width)
            page.page.screenshot(path=shots / f"job-{theme.lower()}-{width}.png")
            assert page.panel.evaluate(WEAK_TEXT) == []
            wide = page.panel.evaluate("node => [node.scrollWidth, node.clientWidth]")
            assert wide[0] <= wide[1]  # nothing sticks out

    # The palette asks which job, by keys alone; a job that fails leads to the cell.
    page.command("apputils:activate-command-palette")
    page.page.keyboard.type("Run Job")
    page.page.keyboard.press("Enter")
    expect(page.page.locator(".jp-Dialog select")).to_be_focused()
    page.page.screenshot(path=shots / "job-dialog.png")
    page.page.keyboard.type("b")
    page.page.keyboard.press("Enter")
    expect(jobs.locator("[data-job=broken]")).to_be_focused()
    expect(jobs.locator("[data-task=fails]")).to_contain_text("failed", timeout=60_000)
    jobs.locator("[data-task=fails]").click()
    page.button("notebooks/broken.ipynb, cell 2, line 2").click()
    page.page.wait_for_function(
        f"() => {NOTEBOOK}?.activeCellIndex === 1 && {NOTEBOOK}.activeCell.model.sharedModel.getSource().includes('x / 0')"
    )
    expect(jobs.locator(".dex-TaskLog")).to_contain_text("ZeroDivisionError")  # the run is still in view
    page.page.screenshot(path=shots / "job-cell.png")
    page.shut_down()
    assert page.errors == []


def test_every_page_follows_the_run_of_a_terminal_and_asks_nothing_while_nothing_runs(
    browser: Browser, lab: Lab, shop: Path, shots: Path
) -> None:
    first = LabPage(browser, lab.url, lab.token, "trial/notebooks/start.ipynb")
    second = LabPage(browser, lab.url, lab.token, "trial/notebooks/broken.ipynb")
    for page in (first, second):
        page.section("jobs").locator("[data-job=waits]").click()
        expect(page.section("jobs").locator("[data-task=long]")).to_contain_text("not run")
    asked: list[str] = []
    first.page.on("request", lambda request: asked.append(request.url) if "/dex/" in request.url else None)
    first.page.wait_for_timeout(3_000)
    assert asked == []

    command = [sys.executable, "-m", "dex", "job", "run", "waits", "--project", str(shop)]
    terminal = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for page in (first, second):
        expect(page.section("jobs").locator("[data-task=long]")).to_contain_text("running", timeout=60_000)
    first.open()  # a page that is loaded anew shows the run that goes on
    expect(first.section("jobs").locator("[data-task=long]")).to_contain_text("running")
    first.section("jobs").locator("[data-task=long]").click()
    expect(first.section("jobs").locator(".dex-TaskLog")).to_contain_text(
        "tick 5", timeout=20_000
    )  # the log is followed
    first.page.screenshot(path=shots / "job-log.png")
    second.command("dex:stop-run")
    assert terminal.wait(60) == 1
    for page in (first, second):
        expect(page.section("jobs").locator("[data-task=long]")).to_contain_text("canceled")
        expect(page.section("jobs").locator("[data-job=waits]")).to_contain_text("canceled")
        assert page.section("jobs").get_by_role("alert").count() == 0

    # Stopped from its first moment on, without an error.
    first.button("Run").click()
    first.button("Stop").click()
    expect(first.section("jobs").locator(".dex-Progress")).to_contain_text("Stopped before its first task")
    assert first.section("jobs").get_by_role("alert").count() == 0
    for page in (first, second):
        page.shut_down()
        assert page.errors == []


def test_a_page_catches_up_when_its_server_was_gone(browser: Browser, tmp_path: Path) -> None:
    project = add_jobs(make_project(tmp_path / "trial"), {"resources/waits.job.yml": WAITS, "jobs/ticks.py": TICKS})
    (project / "databricks.yml").write_text("bundle: {name: trial}\ninclude: [resources/*.yml]\n")
    (project / "notebooks").mkdir()
    write_notebook(project / "notebooks/start.ipynb", ["print('here')"])
    port, token = free_port(), secrets.token_hex(16)
    with lab_over(project, tmp_path, port, token) as lab:
        page = LabPage(browser, lab.url, token, "notebooks/start.ipynb")
        page.section("jobs").locator("[data-job=waits]").click()
        expect(page.section("jobs").locator("[data-task=long]")).to_contain_text("not run")
    # JupyterLab asks by itself every few seconds, and so learns that the server is gone.
    page.page.evaluate("() => window.jupyterapp.serviceManager.sessions.refreshRunning().catch(() => null)")
    command = [sys.executable, "-m", "dex", "job", "run", "waits", "--project", str(project)]
    terminal = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with lab_over(project, tmp_path, port, token):
            expect(page.section("jobs").locator("[data-task=long]")).to_contain_text("running", timeout=60_000)
            page.page.evaluate("() => window.jupyterapp.commands.execute('dex:stop-run').then(() => null)")
            expect(page.section("jobs").locator("[data-task=long]")).to_contain_text("canceled", timeout=30_000)
            assert terminal.wait(30) == 1
    finally:
        terminal.kill()
        stop = [sys.executable, "-m", "dex", "engine", "stop", "--env", "local", "--project", str(project)]
        subprocess.run(stop, check=False, capture_output=True)
        page.page.close()


def test_the_graph_of_the_notebooks_is_shown_answered_and_made_a_job(
    browser: Browser, lab: Lab, shop: Path, shots: Path
) -> None:
    page = LabPage(browser, lab.url, lab.token, "trial/notebooks/start.ipynb")
    page.page.set_viewport_size({"width": 1400, "height": 1900})
    graph = page.section("graph")
    page.command("dex:infer-graph")
    expect(graph.locator("[data-task=gold]")).to_be_visible()
    expect(graph).to_contain_text("1 open question")
    graph.locator("[data-task=gold]").press("Enter")
    expect(graph.locator(".dex-TaskDetails")).to_contain_text("silver.orders")
    for theme in ("Dark", "Light"):
        page.theme(f"JupyterLab {theme}")
        page.page.wait_for_timeout(500)
        page.page.screenshot(path=shots / f"graph-{theme.lower()}.png")
        assert page.panel.evaluate(WEAK_TEXT) == []
        wide = page.panel.evaluate("node => [node.scrollWidth, node.clientWidth]")
        assert wide[0] <= wide[1]
    graph.get_by_label("Make a job of them").fill("orders")
    graph.get_by_role("button", name="What would change").click()
    expect(graph.locator(".dex-Diff")).to_contain_text("task_key: gold", timeout=60_000)
    assert not (shop / "resources/orders.job.yml").exists()
    page.page.screenshot(path=shots / "graph-job.png")
    graph.get_by_role("button", name="Make the job").click()
    expect(page.section("jobs").locator("[data-job=orders]")).to_be_visible(timeout=60_000)
    assert (shop / "resources/orders.job.yml").is_file()
    graph.locator(".dex-mod-warning .dex-Link").first.click()
    page.page.wait_for_function(f"() => {NOTEBOOK}.model.sharedModel.getCell(0).getSource().includes('listTables')")
    expect(graph.locator("[data-task=gold]")).to_be_visible()  # the graph is still in view
    page.shut_down()
    assert page.errors == []


def resize(page: LabPage, width: int) -> None:
    """Make the sidebar so many pixels wide."""
    page.page.evaluate(
        """width => { const shell = window.jupyterapp.shell;
            const split = shell._hsplitPanel ?? shell.layout.widgets.find(w => w.id === 'main-split-panel');
            const all = split.node.getBoundingClientRect().width;
            split.setRelativeSizes([width, all - width, 0]); }""",
        width,
    )
    page.page.wait_for_timeout(200)
