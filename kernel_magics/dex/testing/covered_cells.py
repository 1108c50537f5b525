"""What tests have run of each notebook cell, as a section of pytest's report."""

from __future__ import annotations

import pytest
from dex_dbutils import DexError
from dex_dbutils.config import find_project

from dex.cli.output import table
from dex.export import cell_coverage
from dex.export.places.covering import COLUMNS


def show(terminal: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the section; nothing where no notebook was exported or the tests have run none of the modules."""
    try:
        report = cell_coverage(find_project(config.rootpath), config=config.getoption("cov_config", None) or True)
    except DexError as error:
        if error.code != "DEX-COVERAGE-02" and not error.code.startswith("DEX-CONFIG"):
            terminal.write_line(str(error), yellow=True)
        return
    if report.cells:
        terminal.section("coverage of notebook cells")
        terminal.write_line(table(COLUMNS, report.rows()))
