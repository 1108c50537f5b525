"""A real JupyterLab with a token over the demo project, and a page in the system's Chromium."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e.driver import Lab, LabPage
from playwright.sync_api import Browser, sync_playwright
from support import demo_project


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium() -> str:
    """Return the system's Chromium; skip where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("there is no Chromium on this machine")


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the screenshots; it is printed, to be looked at."""
    folder = Path(os.environ.get("DEX_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab over a new demo project; ends with its engine."""
    folder = tmp_path_factory.mktemp("lab")
    project = demo_project(folder)
    try:
        with lab_over(project, folder, free_port(), secrets.token_hex(16)) as running:
            yield running
    finally:
        for name in ("local", "lab"):
            stop = [sys.executable, "-m", "dex", "engine", "stop", "--env", name, "--project", str(project)]
            subprocess.run(stop, check=False, capture_output=True)


@contextmanager
def lab_over(project: Path, folder: Path, port: int, token: str) -> Iterator[Lab]:
    """Run JupyterLab over a project, with settings of its own; ends with the block.

    Args:
        project: the folder that it shows.
        folder: takes its settings and its log.
        port: of the server.
        token: that lets a page in.
    """
    settings = folder / "settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    log = folder / "lab.log"
    secret = "sk-never-in-a-browser-" + secrets.token_hex(8)
    env = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "OPENAI_API_KEY": secret,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={project}"]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with log.open("a") as output:
        server = subprocess.Popen(command, cwd=project, env=env, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(f"{url}/api/status?token={token}", server, log)
        yield Lab(url, token, project, log, secret)
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=10)


def wait_until_up(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=2)  # this fixture's own server
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not come up:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    """The demo notebook in a new page, with a kernel of its own; no script may fail and no secret may arrive."""
    name = request.node.name.split("[")[0]
    path = lab.project / f"notebooks/{name}.ipynb"
    shutil.copyfile(lab.project / "notebooks/flights.ipynb", path)
    view = LabPage(browser, lab.url, lab.token, f"notebooks/{name}.ipynb")
    yield view
    view.shut_down()
    assert view.errors == []
    assert [text for text in view.received if lab.secret in text] == []
