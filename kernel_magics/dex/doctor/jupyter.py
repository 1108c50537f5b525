"""Checks of Jupyter: are both of dex's extensions where it looks? Nothing of Jupyter is imported."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from dex_dbutils.config import Project

from dex import __version__
from dex.doctor.machine import version_of
from dex.doctor.model import DoctorCheck

PANEL = "@dexkit/jupyterlab"
SERVER = "dex_server"


def jupyter(_: Project) -> Iterator[DoctorCheck]:
    """Is JupyterLab there, with the panel and the server extension switched on?"""
    lab = version_of("jupyterlab")
    if lab is None:
        yield DoctorCheck(
            name="JupyterLab",
            status="not run",
            detail="not installed in this Python; the panel needs it, notebooks elsewhere do not",
            remedy="pip install 'dexkit[lab]'",
        )
        return
    yield DoctorCheck(name="JupyterLab", status="passed", detail=lab)
    yield _panel()
    yield _server()
    if find_spec("ipykernel") is None:
        yield DoctorCheck(
            name="kernel", status="failed", detail="ipykernel is not installed", remedy="pip install 'dexkit[lab]'"
        )


def _panel() -> DoctorCheck:
    for folder in _paths("share/jupyter", "JUPYTER_PATH", "JUPYTER_DATA_DIR"):
        package = folder / "labextensions" / PANEL / "package.json"
        if not package.is_file():
            continue
        try:
            version = json.loads(package.read_text("utf-8")).get("version")
        except (OSError, ValueError) as error:
            return DoctorCheck(
                name="panel",
                status="failed",
                detail=f"{package} cannot be read: {error}",
                remedy="Install dexkit again.",
            )
        if version != __version__:
            return DoctorCheck(
                name="panel",
                status="warning",
                detail=f"the panel is {version}, dex is {__version__}",
                remedy="Install dexkit[lab] again, and reload the page.",
            )
        return DoctorCheck(name="panel", status="passed", detail=f"{version} in {package.parent}")
    if _in_a_checkout():
        return DoctorCheck(
            name="panel",
            status="warning",
            detail=f"JupyterLab finds no {PANEL}; dex runs from a checkout, where it is built first",
            remedy="python3 dev.py lab",
        )
    return DoctorCheck(
        name="panel",
        status="failed",
        detail=f"JupyterLab finds no {PANEL}",
        remedy="pip install --force-reinstall --no-deps dexkit",
    )


def _in_a_checkout() -> bool:
    """Return whether dex was installed as editable, from its own sources."""
    try:
        told = metadata.distribution("dexkit").read_text("direct_url.json")
        return told is not None and json.loads(told).get("dir_info", {}).get("editable") is True
    except (metadata.PackageNotFoundError, ValueError):
        return False


def _server() -> DoctorCheck:
    if find_spec(SERVER) is None:
        return DoctorCheck(
            name="server extension",
            status="failed",
            detail=f"{SERVER} is not installed in this Python",
            remedy="pip install --force-reinstall --no-deps dexkit",
        )
    for folder in _paths("etc/jupyter", "JUPYTER_CONFIG_PATH", "JUPYTER_CONFIG_DIR"):
        for file in (*sorted(folder.glob("jupyter_server_config.d/*.json")), folder / "jupyter_server_config.json"):
            try:
                enabled = json.loads(file.read_text("utf-8"))["ServerApp"]["jpserver_extensions"][SERVER]
            except (OSError, ValueError, KeyError, TypeError):
                continue  # not this file
            return DoctorCheck(
                name="server extension",
                status="passed" if enabled else "failed",
                detail=f"{'on' if enabled else 'switched off'} by {file}",
                remedy=None if enabled else f"jupyter server extension enable {SERVER}",
            )
    return DoctorCheck(
        name="server extension",
        status="failed",
        detail="no configuration switches it on",
        remedy=f"jupyter server extension enable {SERVER}",
    )


def _paths(inside: str, listed: str, own: str) -> Iterator[Path]:
    """Yield the folders that Jupyter looks through, most specific first; its own rules for the common cases."""
    for text in os.environ.get(listed, "").split(os.pathsep):
        if text:
            yield Path(text)
    told = os.environ.get(own)
    if told:
        yield Path(told)
    elif own == "JUPYTER_CONFIG_DIR":
        yield Path.home() / ".jupyter"
    else:
        yield Path.home() / ".local/share/jupyter"
    yield Path(sys.prefix) / inside
    yield Path("/usr/local") / inside
    yield Path("/") / inside if inside.startswith("etc") else Path("/usr") / inside
