"""Puts the built labextension into standard wheels; an editable install needs no Node."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DESTINATION = "share/jupyter/labextensions/@dexkit/jupyterlab"
SOURCES = ("src", "style", "schema")


class LabextensionHook(BuildHookInterface):  # type: ignore[misc]
    """Build the front end when its sources are newer than what was built, then ship it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the labextension to a wheel; do nothing for an editable install."""
        if version == "editable":
            return
        here = Path(self.root, "extension/jupyterlab")
        from_sdist = Path(self.root, "PKG-INFO").exists()  # an sdist ships what was built: no Node on that way
        if not from_sdist and self._is_stale(here):
            if not Path(self.root, "node_modules").exists():
                subprocess.run(["npm", "ci"], cwd=self.root, check=True)
            subprocess.run(["npm", "run", "build", "-w", "extension/jupyterlab"], cwd=self.root, check=True)
        if self.target_name == "wheel":
            build_data["shared_data"][str(here / "labextension")] = DESTINATION
            build_data["shared_data"][str(here / "install.json")] = f"{DESTINATION}/install.json"

    def _is_stale(self, here: Path) -> bool:
        built = here / "labextension/package.json"
        if not built.exists():
            return True
        folders = [*(here / name for name in SOURCES), here.parent / "client"]
        newest = max(p.stat().st_mtime for folder in folders for p in folder.rglob("*") if p.is_file())
        return newest > built.stat().st_mtime
