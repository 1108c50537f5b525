"""How much of each notebook cell the tests have run: coverage of exported modules, told in the lines of the cells."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from dex_dbutils import ExportError
from dex_dbutils.config import Project

from dex.export.models import Model
from dex.export.places.finding import NotebookPlaces, Place

if TYPE_CHECKING:
    from coverage import Coverage


class CellCoverage(Model):
    """What tests have run of one cell.

    Attributes:
        notebook: its path, below the project.
        cell_id: id of the cell; None for what the export makes around the cells.
        cell: its number, counted from 1 over all cells; None where the notebook has it no more.
        statements: statements of the module that come from it.
        missed: how many of them were not run.
        lines: lines of the cell that they stand in, counted from 1.
    """

    notebook: str
    cell_id: str | None
    cell: int | None
    statements: int
    missed: int
    lines: list[int]


class CoverageReport(Model):
    """Coverage by notebook and cell, in the order of the notebooks.

    Attributes:
        cells: cells that gave statements to a module.
        not_measured: exported modules that coverage knows nothing of; none of their cells is among ``cells``.
    """

    cells: list[CellCoverage]
    not_measured: list[str]

    def rows(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Yield for each cell what a table shows: notebook, cell, statements, missed ones, their lines."""
        for one in self.cells:
            made = "made by the export" if one.cell_id is None else "gone"
            cell = made if one.cell is None else str(one.cell)
            yield one.notebook, cell, str(one.statements), str(one.missed), _ranges(one.lines)
        statements, missed = (sum(getattr(one, field) for one in self.cells) for field in ("statements", "missed"))
        share = f"{1 - missed / statements:.0%} run" if statements else ""
        yield "all", "", str(statements), str(missed), share


#: Headers of `CoverageReport.rows`.
COLUMNS = ("notebook", "cell", "statements", "missed", "lines in the cell")


def cell_coverage(project: Project, *, data: Path | None = None, config: str | bool = True) -> CoverageReport:
    """Return what tests have run of the cells of a project's exported notebooks.

    Args:
        project: where the notebooks were exported.
        data: coverage's data file; the one that its settings name if not given.
        config: coverage's settings file, or True for the one that it finds itself.

    Raises:
        ExportError: DEX-COVERAGE-01, there is no data that can be read; DEX-COVERAGE-02, no notebook was exported here;
            DEX-COVERAGE-03, coverage is not installed.
    """
    places = NotebookPlaces(project)
    if not places.modules:
        raise ExportError(
            "DEX-COVERAGE-02",
            "No notebook was exported here, so no source map tells which cells the lines of a module come from.",
            str(project.root / ".dex/map"),
            "`dex export NOTEBOOK` makes module and map; then run the tests again.",
        )
    measured = _measured(data, config)
    cells: list[CellCoverage] = []
    not_measured: list[str] = []
    for module in places.modules:
        tail = "/" + "/".join(module.split("/")[-2:])
        files = [file for file in measured.get_data().measured_files() if _slashes(file).endswith(tail)]
        file = next((file for file in files if Path(file).is_file()), None)
        if file is None:
            not_measured.append(module)
        else:
            cells += _cells(places, file, measured)
    return CoverageReport(cells=cells, not_measured=not_measured)


def _measured(data: Path | None, config: str | bool) -> Coverage:
    try:
        from coverage import Coverage
        from coverage.exceptions import CoverageException
    except ImportError as error:
        raise ExportError(
            "DEX-COVERAGE-03", "coverage is not installed in this Python.", remedy="pip install coverage pytest-cov"
        ) from error
    try:
        measured = Coverage(config_file=config) if data is None else Coverage(data_file=data, config_file=config)
        measured.load()
        found = bool(measured.get_data().measured_files())
        problem = "it names no file"
    except (CoverageException, OSError) as error:
        found, problem = False, str(error)
    if not found:
        raise ExportError(
            "DEX-COVERAGE-01",
            f"There is no coverage data: {problem}.",
            str(data or ".coverage"),
            "Run the tests with `pytest --cov=src`, or with `coverage run -m pytest`; after runs in parallel, `coverage combine`.",
        )
    return measured


def _cells(places: NotebookPlaces, file: str, measured: Coverage) -> Iterator[CellCoverage]:
    """Yield the cells of one module, in the order of the notebook; what the export makes comes last."""
    _, statements, _, missing, _ = measured.analysis2(file)
    text = Path(file).read_text("utf-8").split("\n")
    by_cell: dict[tuple[str, int | None, str | None], list[tuple[bool, Place]]] = {}
    for line in statements:
        place = places.find(file, line, frozenset({text[line - 1]} if line <= len(text) else ()))
        if place is not None:
            key = (place.notebook, place.cell, place.cell_id)
            by_cell.setdefault(key, []).append((line in missing, place))
    for (notebook, cell, cell_id), found in sorted(
        by_cell.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0][1] or 0, item[0][2] or "~")
    ):
        missed = [place.line for not_run, place in found if not_run]
        yield CellCoverage(
            notebook=notebook,
            cell_id=cell_id,
            cell=cell,
            statements=len(found),
            missed=len(missed),
            lines=sorted({line for line in missed if line is not None}),
        )


def _ranges(lines: Iterable[int]) -> str:
    """Return ascending numbers as a person writes them: ``1-3, 7``."""
    groups = [[line for _, line in group] for _, group in groupby(enumerate(lines), lambda pair: pair[1] - pair[0])]
    return ", ".join(str(group[0]) if len(group) == 1 else f"{group[0]}-{group[-1]}" for group in groups)


def _slashes(path: str) -> str:
    return "/" + path.replace(os.sep, "/")
