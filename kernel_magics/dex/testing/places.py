"""Failures of exported code with the notebook, cell and line that it was written in, beside module and line."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from traceback import walk_tb
from typing import Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ExceptionRepr, ReprEntry, ReprEntryNative, ReprFileLocation
from _pytest.reports import CollectErrorRepr
from dex_dbutils import DexError
from dex_dbutils.config import find_project

from dex.export import NotebookPlaces, Place, with_places

#: Attribute of a report: the innermost place of its failure in a notebook, as plain values, which xdist can send.
PLACE = "dex_place"


def mark_failure(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Write the places into the report of a failed test, and the innermost one into its properties."""
    places = _places_around(item.path)
    if places is None or call.excinfo is None:
        return
    _mark_report(report.longrepr, places, item.config.invocation_params.dir)
    inner = next((place for place in _places_of_error(call.excinfo.value, places) if place.cell is not None), None)
    if inner is None:
        return
    if isinstance(report.longrepr, ExceptionRepr) and report.longrepr.reprcrash is not None:
        _mark(report.longrepr.reprcrash, inner)  # the line of the summary
    told = [("notebook", inner.notebook), ("cell", inner.cell), ("line", inner.line)]
    item.user_properties += told  # for the reports to come: junit reads the last one
    report.user_properties += told
    setattr(report, PLACE, inner.model_dump())


def mark_collection(collector: pytest.Collector, report: pytest.CollectReport) -> None:
    """Write the places into the report of a test file that cannot be imported."""
    if (places := _places_around(collector.path)) is not None:
        found = _mark_report(report.longrepr, places, collector.config.invocation_params.dir)
        inner = next((place for place in reversed(found) if place.cell is not None), None)
        setattr(report, PLACE, inner and inner.model_dump())


def place_of_item(item: pytest.Item) -> Place | None:
    """Return what a generated test was made from; None for other tests."""
    places = _places_around(item.path)
    line = item.location[1]
    return None if places is None or line is None else places.find(str(item.path), line + 1)


def _places_of_error(error: BaseException | None, places: NotebookPlaces) -> Iterator[Place]:
    """Yield the places of an exception's frames, the innermost first; then those of what led to it, or is in it."""
    while error is not None:
        for frame, line in reversed(list(walk_tb(error.__traceback__))):
            if (place := _place_of(frame.f_code.co_filename, line, places)) is not None:
                yield place
        for inner in getattr(error, "exceptions", ()):
            yield from _places_of_error(inner, places)
        error = error.__cause__ or error.__context__


def _mark_report(shown: Any, places: NotebookPlaces, folder: Path) -> list[Place]:
    """Write the places of a failure's frames into what is shown of it, and return them."""
    found: list[Place] = []
    if isinstance(shown, CollectErrorRepr):
        shown.longrepr = with_places(shown.longrepr, places)
    if not isinstance(shown, ExceptionRepr):
        return found
    chain = [traceback for traceback, _, _ in shown.chain] if isinstance(shown, ExceptionChainRepr) else []
    for traceback in chain or [shown.reprtraceback]:
        for entry in traceback.reprentries:
            if isinstance(entry, ReprEntryNative):
                entry.lines = [with_places("".join(entry.lines), places)]
                continue
            if not isinstance(entry, ReprEntry):
                continue
            entry.lines = with_places("\n".join(entry.lines), places).split("\n")  # of a Spark worker, in the message
            if entry.reprfileloc is not None:
                at = entry.reprfileloc
                if (place := _place_of(str(folder / at.path), at.lineno, places)) is not None:
                    _mark(at, place)
                    found.append(place)
    return found


def _place_of(file: str, line: int, places: NotebookPlaces) -> Place | None:
    return places.find(file, line, frozenset({linecache.getline(file, line).strip()} - {""}))


@cache
def _places_around(path: Path) -> NotebookPlaces | None:
    """Return the places of the project around a test file; None where nothing was exported."""
    try:
        project = find_project(path.parent)
    except DexError:  # a broken configuration is for the tests to tell
        return None
    return _places_of(project.root) if project.exists else None


@cache
def _places_of(root: Path) -> NotebookPlaces | None:
    places = NotebookPlaces(find_project(root))
    return places if places.modules else None


def _mark(location: ReprFileLocation, place: Place) -> None:
    """Put a place at the end of the first line, which is all that pytest shows behind file and line."""
    first, newline, rest = location.message.partition("\n")
    if not first.endswith(f"# {place}"):
        location.message = f"{first}  # {place}{newline}{rest}"
