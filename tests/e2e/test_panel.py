"""A person at the panel: from the demo notebook to an exported module, and what goes wrong on the way."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

from e2e.contrast import WEAK_TEXT
from e2e.driver import KERNEL, NOTEBOOK, Lab, LabPage
from notebook_factory import write_notebook
from playwright.sync_api import expect
from scripted_service import Reply, scripted_service
from support import run

REQUEST = "NA means null. Give every column its type. Drop exact duplicates. The key is origin and time_hour."
UP_TO_BRONZE = ("parameters", "ingest", "write-bronze", "read-bronze")


def switch_to(page: LabPage, name: str) -> None:
    page.panel.get_by_label("Switch to", exact=True).select_option(name)
    page.button("Switch").click()


def test_the_whole_path_from_the_panel(page: LabPage, lab: Lab, shots: Path) -> None:
    # The kernel knows nothing of dex yet, and the page says so.
    expect(page.badge).to_have_text("no environment")
    page.button("Load dex").click()
    expect(page.section("environment")).to_contain_text("No environment is bound")

    # Switch the environment: the badge and the panel follow the kernel.
    switch_to(page, "lab")
    expect(page.badge).to_have_text("lab", timeout=120_000)
    expect(page.section("environment")).to_contain_text("running")
    page.run_code("assert session.environment.name == 'lab'")
    assert page.cells()[-1]["errors"] == []
    page.command("notebook:delete-cell")

    # A request to silver, from the panel.
    page.run(*UP_TO_BRONZE, "profile-flights")
    expect(page.section("catalog")).to_contain_text("weather")
    expect(page.section("profile")).to_contain_text("336,776 rows")
    page.panel.get_by_label("weather_raw").check()
    page.panel.get_by_label("Request", exact=True).fill(REQUEST)
    page.panel.get_by_label("Name of the result").fill("weather_clean")
    page.button("Ask").click()
    proposal = page.panel.get_by_role("article", name="Proposal for weather_clean")
    expect(proposal).to_contain_text("passed", timeout=120_000)
    page.wait_idle()
    expect(page.section("runs").locator(".dex-Run").first).to_contain_text("passed")
    page.page.screenshot(path=shots / "verdict.png")

    # Insert: below the request, and nothing is run.
    page.button("Insert").click()
    expect(page.button("Inserted")).to_be_disabled()
    sources = [cell["source"] for cell in page.cells()]
    asked = next(i for i, source in enumerate(sources) if "--into weather_clean" in source)
    assert sources[asked].startswith("%%agent silver @weather_raw --into weather_clean\n")
    assert "# dex: transform clean_weather" in sources[asked + 1]
    assert "assert" in sources[asked + 2]
    assert [cell["count"] for cell in page.cells()[asked + 1 : asked + 3]] == [None, None]

    # Run all, export, and look at what was written.
    page.command("notebook:run-all-cells")
    page.wait_idle(180)
    cells = page.cells()
    assert [cell["errors"] for cell in cells if cell["errors"]] == []
    assert all(cell["count"] for cell in cells if cell["source"] and not cell["source"].startswith("#"))
    expect(page.badge).to_have_text("local")
    expect(page.section("catalog")).to_contain_text("delays_by_hour")
    page.button("Save and export").click()
    report = page.section("export")
    expect(report).to_contain_text("written", timeout=60_000)
    module = lab.project / "src/flights_etl/test_the_whole_path_from_the_panel.py"
    assert "def clean_weather" in module.read_text("utf-8")
    page.page.screenshot(path=shots / "exported.png")

    # Somebody edits the module by hand: refused, with the way out, until it is asked for.
    edited = module.read_text("utf-8") + "\n# by hand\n"
    module.write_text(edited, "utf-8")
    page.button("Save and export").click()
    expect(report.get_by_role("alert")).to_contain_text("DEX-EXPORT-")
    assert module.read_text("utf-8") == edited
    page.button("Overwrite the edited files").click()
    expect(report).to_contain_text("written", timeout=60_000)
    assert "# by hand" not in module.read_text("utf-8")


def test_an_export_leads_to_the_cells_that_it_speaks_of(page: LabPage, lab: Lab, shots: Path) -> None:
    name = "test_an_export_leads_to_the_cells_that_it_speaks_of"
    module = lab.project / f"src/flights_etl/{name}.py"
    report = page.section("export")
    page.button("What would change").click()
    expect(report).to_contain_text(re.compile(r"An export would change \d files"), timeout=60_000)
    report.get_by_text(f"src/flights_etl/{name}.py", exact=True).click()
    expect(report.locator(".dex-mod-added").first).to_be_visible()
    page.page.screenshot(path=shots / "would-change.png")
    assert not module.exists()

    page.button("Save and export").click()
    expect(report).to_contain_text("Exported", timeout=60_000)
    assert module.exists()
    clean = page.page.locator(".jp-Cell[data-dex-mark^='exported as clean_flights()']")
    expect(clean).to_have_count(1)
    clean.evaluate(f"node => {NOTEBOOK}.scrollToCell({NOTEBOOK}.widgets.find(cell => cell.node === node))")
    written = "node => getComputedStyle(node.querySelector('.jp-Cell-inputWrapper'), '::after').content"
    assert clean.evaluate(written) == '"exported as clean_flights()"'
    page.page.screenshot(path=shots / "marks.png")

    # A cell is edited and saved: it says so, and the panel leads to it.
    page.run_code("from . import helpers", wait=False)
    page.command("docmanager:save")
    expect(page.page.locator(".jp-Cell[data-dex-state='refused']")).to_have_count(1, timeout=30_000)
    page.button("Save and export").click()
    alert = report.get_by_role("alert")
    expect(alert).to_contain_text("DEX-EXPORT-02")
    page.select("load")
    alert.get_by_role("button", name=re.compile("Go to cell")).press("Enter")
    here = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    page.page.wait_for_function(f"() => ({here})() === 'from . import helpers'")
    page.page.screenshot(path=shots / "refused.png")
    page.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource('print(1)')"
    )
    page.command("docmanager:save")
    expect(page.page.locator(".jp-Cell[data-dex-state='changed']")).to_have_count(1, timeout=30_000)
    expect(report).to_contain_text("1 cell changed since the export.")
    page.page.screenshot(path=shots / "changed.png")


def test_an_edit_in_the_module_comes_back_to_the_open_notebook(page: LabPage, lab: Lab, shots: Path) -> None:
    module = lab.project / "src/flights_etl/test_an_edit_in_the_module_comes_back_to_the_open_notebook.py"
    report = page.section("export")
    page.button("Save and export").click()
    expect(report).to_contain_text("Exported", timeout=60_000)
    text = module.read_text("utf-8")
    edited = text.replace("def clean_flights(", "def clean_flights(  # by a reviewer\n    ", 1)
    assert edited != text
    module.write_text(edited, "utf-8")

    page.button("Sync").click()
    expect(report).to_contain_text("say the same again", timeout=60_000)
    report.get_by_role("button", name=re.compile("Go to cell")).first.press("Enter")
    here = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    page.page.wait_for_function(f"() => ({here})().includes('# by a reviewer')")
    page.page.screenshot(path=shots / "synced.png")

    # Both sides change one line: both texts are in the cell, and the panel leads there.
    line = "# by a reviewer"
    module.write_text(module.read_text("utf-8").replace(line, "# by the reviewer"), "utf-8")
    page.page.evaluate(
        "() => { const model = window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel;"
        " model.setSource(model.getSource().replace('# by a reviewer', '# by its author')); }"
    )
    page.button("Sync").click()
    expect(report).to_contain_text("were changed at the same place", timeout=60_000)
    report.get_by_role("button", name=re.compile("Go to cell")).first.press("Enter")
    page.page.wait_for_function(f"() => ({here})().includes('<<<<<<< notebook')")
    page.page.screenshot(path=shots / "conflict.png")


def test_a_test_that_fails_leads_to_the_cell_that_it_comes_from(page: LabPage, lab: Lab, shots: Path) -> None:
    cells = [
        "def ratio(a, b):\n    return a / b",
        "half = ratio(1, 2)\nassert half == 0.5\nassert ratio(4, 2) == 2",
        'who = getArgument("who")\nassert who',  # no default: main is not run, and no engine
    ]
    write_notebook(lab.project / "notebooks/ratios.ipynb", *cells)
    page.command("docmanager:open", {"path": "notebooks/ratios.ipynb", "kernel": {"name": "python3"}})
    report = page.section("export")
    expect(page.panel).to_contain_text("ratios.ipynb")
    page.button("Test").click()
    expect(report.get_by_role("alert")).to_contain_text("has not been exported", timeout=60_000)
    page.button("Save and export").click()
    expect(report).to_contain_text("Exported", timeout=60_000)
    page.button("Test").click()
    expect(report).to_contain_text("The tests run…")
    expect(report).to_contain_text("2 passed, 0 failed, 2 skipped", timeout=120_000)
    module = lab.project / "src/flights_etl/ratios.py"
    module.write_text(module.read_text("utf-8").replace("return a / b", "return a // b"), "utf-8")
    page.button("Test").click()
    expect(report).to_contain_text("1 passed, 1 failed, 2 skipped", timeout=120_000)
    expect(report).to_contain_text("test_c2_1: assert 0 == 0.5")
    report.get_by_text("Skipped (2)").click()
    page.select("c1")
    report.get_by_role("button", name="Go to cell 2, line 2").press("Enter")
    here = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.id"
    page.page.wait_for_function(f"() => ({here})() === 'c2'")
    report.scroll_into_view_if_needed()
    narrow = page.panel.evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert narrow[0] <= narrow[1]  # nothing sticks out
    for theme in ("Dark", "Light"):
        page.theme(f"JupyterLab {theme}")
        page.page.screenshot(path=shots / f"tested-{theme.lower()}.png")
        assert page.panel.evaluate(WEAK_TEXT) == []


def test_a_reload_while_a_cell_runs_leaves_the_panel_right(page: LabPage) -> None:
    page.run("load", "bind", *UP_TO_BRONZE)
    expect(page.badge).to_have_text("local")
    page.command("docmanager:save")
    page.run_code("import time\nfor _ in range(1200):\n    time.sleep(0.1)", wait=False)
    page.command("docmanager:save")
    page.open()
    expect(page.badge).to_have_text("local", timeout=20_000)
    expect(page.section("environment")).to_contain_text("running")
    expect(page.section("catalog")).to_contain_text("flights")
    expect(page.panel.get_by_label("flights_raw")).to_be_visible()
    assert page.page.evaluate(f"() => {KERNEL}.status") != "idle"  # it runs still, and nobody made it look idle
    page.interrupt()
    page.run_code("answer = spark.range(3)")
    expect(page.panel.get_by_label("answer")).to_be_visible()


def test_a_restarted_kernel_is_bound_to_nothing(page: LabPage) -> None:
    page.run("load", "bind")
    expect(page.badge).to_have_text("local")
    page.page.evaluate(f"() => {KERNEL}.restart()")
    expect(page.badge).to_have_text("no environment")
    expect(page.button("Load dex")).to_be_visible(timeout=30_000)
    page.button("Load dex").click()
    expect(page.section("environment")).to_contain_text("No environment is bound")
    page.run_code("%unload_ext dex")
    expect(page.button("Load dex")).to_be_visible()


def test_an_engine_that_dies_is_shown_and_bound_again_with_its_tables(page: LabPage, lab: Lab) -> None:
    page.run("load", "bind", *UP_TO_BRONZE)
    expect(page.section("environment")).to_contain_text("running")
    told = run([sys.executable, "-m", "dex", "engine", "status", "--json", "--project", lab.project])
    os.kill(json.loads(told)["pid"], signal.SIGKILL)
    alert = page.section("environment").get_by_role("alert")
    expect(alert).to_contain_text("The engine does not run any more", timeout=30_000)
    page.button("Bind again").click()
    expect(alert).to_be_hidden(timeout=60_000)
    expect(page.section("environment")).to_contain_text("running")
    page.wait_idle()
    page.run_code("assert session.read('bronze', 'airlines').count() == 16")
    assert page.cells()[-1]["errors"] == []


def test_production_asks_for_its_name_and_a_failure_keeps_what_was_bound(page: LabPage, shots: Path) -> None:
    page.run("load", "bind")
    expect(page.badge).to_have_text("local")
    page.panel.get_by_label("Switch to", exact=True).select_option("prod")
    bind = page.button("Bind production")
    expect(bind).to_be_disabled()
    page.panel.get_by_label("Type “prod” to bind it").fill("prod")
    expect(page.panel.get_by_label("Allow writes; without this it is read-only")).not_to_be_checked()
    page.page.screenshot(path=shots / "production.png")
    bind.click()
    alert = page.section("environment").get_by_role("alert")
    expect(alert).to_contain_text("DEX-", timeout=60_000)  # no workspace can be reached from here
    expect(alert).to_contain_text("Next:")
    page.page.screenshot(path=shots / "production-refused.png")
    expect(page.badge).to_have_text("local")
    page.run_code("assert session.environment.name == 'local'")
    assert page.cells()[-1]["errors"] == []


def test_the_output_below_a_cell_inserts_its_proposal_too(page: LabPage) -> None:
    page.run("load", "bind", *UP_TO_BRONZE)
    page.run_code(f"%%agent silver @weather_raw --into tidy\n{REQUEST}")
    output = page.page.locator(".jp-CodeCell").filter(has_text="--into tidy").locator(".dex-AgentOutput")
    output.get_by_role("button", name="Insert").click()
    expect(output).to_contain_text("Inserted below.")
    assert page.cells()[-1]["source"].startswith("assert")
    assert page.cells()[-1]["count"] is None
    count = len(page.cells())
    output.get_by_role("button", name="Insert").click()
    expect(output).to_contain_text("It stands below already.")
    assert len(page.cells()) == count
    page.command("notebook:undo-cell-action")  # one step takes both cells back
    assert len(page.cells()) == count - 2


def test_what_a_model_writes_is_seen_while_it_writes_and_can_be_stopped(page: LabPage, lab: Lab, shots: Path) -> None:
    config = lab.project / "config/lab.yaml"
    before = config.read_text("utf-8")
    with scripted_service() as service:
        agents = f"agents: {{provider: openai, base_url: '{service.url}', model: scripted}}\n"
        config.write_text(before + agents, "utf-8")
        try:
            page.run("load")
            page.run_code("%dex_env lab")
            page.run_code("people = spark.createDataFrame([('1', 'NA')], 'id string, name string')")
            service.say(Reply("The missing words become null, and then I go on for a long time. " * 40, delay=0.2))
            page.panel.get_by_label("people").check()
            page.panel.get_by_label("Request", exact=True).fill("NA means null.")
            page.button("Ask").click()
            written = page.panel.get_by_label("What the model has written so far")
            expect(written).to_contain_text("The missing words become null", timeout=60_000)
            page.page.screenshot(path=shots / "streaming.png")
            page.button("Stop").click()
            expect(written).to_be_hidden(timeout=30_000)
            page.wait_idle()
            expect(page.section("runs").locator(".dex-Run").first).to_contain_text("interrupted")
            assert service.gone.wait(10)  # the model's service is told too
            assert service.requests[0]["headers"]["authorization"] == f"Bearer {lab.secret}"
        finally:
            config.write_text(before, "utf-8")


def test_every_control_of_the_panel_is_reached_by_tab_with_a_visible_focus(page: LabPage) -> None:
    page.run("load", "bind")
    expect(page.badge).to_have_text("local")
    page.button("Look again").focus()
    reached: list[str] = []
    for _ in range(60):
        name = page.page.evaluate(
            """() => { const on = document.activeElement;
                if (!on?.closest('#dex-panel')) { return null; }
                const outline = getComputedStyle(on);
                return `${outline.outlineStyle} ${outline.outlineWidth} ` +
                    (on.getAttribute('aria-label') || on.labels?.[0]?.textContent || on.textContent).trim(); }"""
        )
        if name is None:
            break
        reached.append(name)
        page.page.keyboard.press("Tab")
    words = " | ".join(reached)
    for control in ("Look again", "Switch to", "Request", "Ask", "Save and export"):
        assert control in words
    assert [each for each in reached[1:] if not each.startswith("solid 2px")] == []


def test_a_server_without_dex_and_a_closed_notebook_are_told_in_words(page: LabPage, shots: Path) -> None:
    page.page.route("**/dex/version*", lambda route: route.fulfill(status=404, body="{}"))
    page.open()
    expect(page.panel).to_contain_text("This Jupyter server has no dex")
    expect(page.button("Save and export")).to_be_disabled()
    page.page.screenshot(path=shots / "no-server.png")
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")
    expect(page.panel).to_contain_text("Open a notebook")


def test_it_looks_right_in_light_dark_and_narrow(page: LabPage, shots: Path) -> None:
    page.run("load", "bind", *UP_TO_BRONZE, "profile-flights", "ask-weather")
    expect(page.panel.get_by_role("article", name="Proposal for weather")).to_contain_text("passed")
    page.page.set_viewport_size({"width": 1400, "height": 1900})
    page.page.screenshot(path=shots / "narrow.png")
    narrow = page.panel.evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert narrow[0] <= narrow[1]  # nothing sticks out
    handle = page.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle").first
    box = handle.bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + 1, box["y"] + 300)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 180, box["y"] + 300, steps=8)
    page.page.mouse.up()
    for theme, file in (("JupyterLab Light", "light.png"), ("JupyterLab Dark", "dark.png")):
        page.theme(theme)
        page.page.wait_for_timeout(500)  # fonts and icons of the theme
        page.page.screenshot(path=shots / file)
        weak = page.panel.evaluate(WEAK_TEXT)
        assert weak == []
    print(f"\nscreenshots: {shots}")
