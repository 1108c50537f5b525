"""The layout that people rely on, and texts that speak of the project alone."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import tomllib
from support import ROOT

TOP = {
    "extension",
    "kernel_magics",
    "notebook_templates",
    "dbutils_lib",
    "agents",
    "tests",
    "package.json",
    "pyproject.toml",
}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|tmp/[a-z]+-)/")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines()]


def test_the_top_level_is_what_the_design_fixes() -> None:
    assert {name for name in TOP if (ROOT / name).exists()} == TOP


def test_no_file_holds_a_path_of_a_machine_or_a_registry_address() -> None:
    texts = [
        p
        for p in tracked()
        if p.suffix in {".py", ".md", ".toml", ".ts", ".tsx", ".json", ".ipynb", ".txt", ".yaml", ".yml"}
    ]
    here = Path(__file__)
    bad = [
        str(p.relative_to(ROOT))
        for p in texts
        if p != here and p.exists() and MACHINE_PATH.search(p.read_text("utf-8"))
    ]
    assert bad == []
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert [name for name, package in lock["packages"].items() if "://" in package.get("resolved", "")] == []
    assert "://" not in (ROOT / "constraints.txt").read_text("utf-8")


def test_both_wheels_carry_the_same_minor_version() -> None:
    versions = [
        tomllib.loads((ROOT / p / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        for p in ("", "dbutils_lib")
    ]
    assert versions[0].split(".")[:2] == versions[1].split(".")[:2]
