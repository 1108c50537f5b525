"""Logs and tracebacks of jobs, with the notebook, cell and line added beside each frame of an exported module."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from dex_dbutils import ExportError
from dex_dbutils.config import Project
from pydantic import Field

from dex.export.models import Model
from dex.export.places.finding import NotebookPlaces, Place

_COLOURS = re.compile(r"(?:\x1b|\\u001b)\[[0-9;:?]*[A-Za-z]")  # as they are, or escaped in JSON
#: ``File "x.py", line 3`` of Python, quotes escaped where the log is JSON; ``x.py:3`` of IPython, pytest and PySpark;
#: ``x.py in f(a)`` of older IPython, whose number stands in a line below.
_FRAME = re.compile(
    r"""File\s\\*["'](?P<quoted>[^"'\n]+?\.py)\\*["'],\sline\s(?P<number>\d+)"""
    r"""|(?P<path>[^\s"'()<>|]+\.py)(?::(?P<after>\d+)\b|(?P<older>\sin\s)(?=[\w<]))"""
)
_ARROW = re.compile(r"^[\s|]*-+>\s*(?P<number>\d+)\s(?P<text>.*)$")
#: Lines that IPython and pytest show around the failing one, at most.
_AROUND = 15


class TracedFrame(Model):
    """A frame of a traceback in an exported module.

    Attributes:
        log_line: line of the log that names it, counted from 1.
        file: path of the module, as the log has it.
        module_line: line of the module.
        place: where in the notebook it comes from.
    """

    log_line: int
    file: str
    module_line: int
    place: Place


class Trace(Model):
    """A log and the places in notebooks that its frames come from.

    Attributes:
        source: what was read.
        frames: frames of exported modules, in the order of the log.
    """

    source: str
    frames: list[TracedFrame] = Field(default_factory=list)

    def beside(self, text: str) -> str:
        """Return the log's text with each frame's place at the end of its line, once; every other byte stays."""
        places: dict[int, list[str]] = {}
        for frame in self.frames:
            places.setdefault(frame.log_line, []).append(str(frame.place))
        lines = text.split("\n")
        for number, shown in places.items():
            line = lines[number - 1]
            end = "\r" if line.endswith("\r") else ""
            beside = f"  # {'; '.join(dict.fromkeys(shown))}{end}"
            lines[number - 1] = line if line.endswith(beside) else line.removesuffix(end) + beside
        return "\n".join(lines)


def trace(text: str, project: Project, source: str = "the log") -> Trace:
    """Return the frames of a log that lie in modules exported from a project's notebooks.

    Args:
        text: a log or a traceback of a job, as it was printed or saved: colours, prefixes and CRLF may stay.
        project: where the notebooks were exported.
        source: what a person calls the log.

    Raises:
        ExportError: DEX-TRACE-01, no notebook of the project was exported; DEX-TRACE-02, no frame is in a module of them.
    """
    places = NotebookPlaces(project)
    if not places.modules:
        raise ExportError(
            "DEX-TRACE-01",
            "No notebook was exported here, so no source map tells where a module's lines come from.",
            str(project.root / ".dex/map"),
            "Run it in the project that the job was built from (--project DIR), with its .dex/map.",
        )
    found = Trace(source=source, frames=_traced(text, places))
    if not found.frames:
        seen = list(dict.fromkeys(file for _, file, _, _ in _frames(text)))
        named = f"it names {', '.join(seen[-3:])}" if seen else "it holds no traceback of Python"
        raise ExportError(
            "DEX-TRACE-02",
            f"No line of {source} is in a module that was exported from a notebook here: {named}.",
            remedy=f"The exported modules are {', '.join(places.modules[:5])}: see that project and log belong together.",
        )
    return found


def with_places(text: str, places: NotebookPlaces) -> str:
    """Return a traceback with the places of its frames, as `Trace.beside`; as it is where there are none."""
    return Trace(source="", frames=_traced(text, places)).beside(text)


def _traced(text: str, places: NotebookPlaces) -> list[TracedFrame]:
    find = functools.cache(places.find)  # a job that retries says the same many times
    return [
        TracedFrame(log_line=log_line, file=file, module_line=line, place=place)
        for log_line, file, line, said in _frames(text)
        if (place := find(file, line, said)) is not None
    ]


def _frames(text: str) -> Iterator[tuple[int, str, int, frozenset[str]]]:
    """Yield line of the log, file, line of the file, and texts of which one may stand there."""
    lines = text.split("\n")
    plain: dict[int, str] = {}

    def at(number: int) -> str:
        if number not in plain:
            plain[number] = _COLOURS.sub("", lines[number]).rstrip("\r") if number < len(lines) else ""
        return plain[number]

    for number, raw in enumerate(lines):
        if ".py" not in raw:
            continue
        for match in _FRAME.finditer(at(number)):
            around = [at(n) for n in range(number + 1, number + 1 + _AROUND)]
            said, arrow = _below(around, match)
            file = match["quoted"] or match["path"]
            line = match["number"] or match["after"] or arrow
            if line is None:
                continue
            if match["after"]:
                said |= _above([at(n) for n in range(max(0, number - _AROUND), number)])
            yield number + 1, file.replace("\\\\", "\\"), int(line), frozenset(said)


def _below(lines: list[str], match: re.Match[str]) -> tuple[set[str], str | None]:
    """Return what the lines below a frame say of it: its text, and the number that an arrow points out."""
    column = match.start()
    if match["quoted"]:  # Python's own: the text stands below, two further to the right
        told = lines[0][column : column + 2] == "  " and not _FRAME.search(lines[0])
        return ({lines[0][column:].strip()} if told else set()), None
    for line in lines:
        if arrow := _ARROW.match(line):
            return {arrow["text"].strip()}, arrow["number"]
        if not line.strip() or _FRAME.search(line):
            break
    return set(), None


def _above(lines: list[str]) -> set[str]:
    """Return the text that pytest shows above a frame, behind its ``>``."""
    for line in reversed(lines):
        if line.startswith(">"):
            return {line[1:].strip()}
    return set()
