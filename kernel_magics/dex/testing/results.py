"""A pytest plugin that writes what became of each test to a file, a JSON document a line: for `dex test` and the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dex.export import CaseOutcome, Place
from dex.testing.places import PLACE, place_of_item


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file."""
    parser.addoption("--dex-results", type=Path, help="write the outcome of each test to this file, as JSON lines")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to write, where a file is named."""
    if (path := config.getoption("dex_results")) is not None:
        config.pluginmanager.register(Results(path, config.rootpath), "dex-results-file")


class Results:
    """Writes outcomes to a file as they come.

    Args:
        path: the file.
        root: folder of the project; files in it are named from there.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self._path, self._root = path, root
        self._made_from: dict[str, Place] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Keep what a generated test was made from."""
        if (place := place_of_item(item)) is not None:
            self._made_from[item.nodeid] = place

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the outcome of a test: of its call, or of what failed or was skipped before or after."""
        if report.when == "call" or report.outcome != "passed":
            self._write(report, report.nodeid.rpartition("::")[2], report.duration)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Write of a file that cannot be imported."""
        if report.failed:
            self._write(report, report.nodeid, 0.0)

    def _write(self, report: Any, name: str, seconds: float) -> None:
        crash = getattr(report.longrepr, "reprcrash", None)
        told = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(crash, "message", "")
        case = CaseOutcome(
            name=name,
            outcome=report.outcome,
            message=told.partition("\n")[0].partition("  # ")[0].removeprefix("Skipped: "),
            where=f"{self._shown(crash.path)}:{crash.lineno}" if crash is not None else "",
            place=getattr(report, PLACE, None) or self._made_from.get(report.nodeid),
            seconds=seconds,
        )
        with self._path.open("a", encoding="utf-8") as file:
            file.write(case.model_dump_json() + "\n")

    def _shown(self, file: str) -> str:
        path = self._root / file
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else file
