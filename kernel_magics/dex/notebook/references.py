"""``%run`` of another notebook: what the line says, and which file it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dex_dbutils import NotebookError, Where

from dex.notebook.models import Magic

#: Endings of notebooks, which a ``%run`` leaves out.
NOTEBOOK_ENDINGS = (".py", ".ipynb", ".sql", ".scala", ".r", ".R")
_ARGUMENT = re.compile(r"\$([A-Za-z_][\w.-]*)\s*=\s*")
#: Folders of a workspace that hold a person's or a team's own folders, and how many names deep a project lies in them.
_WORKSPACE = {"Repos": 2, "Users": 1, "Shared": 0}


@dataclass(frozen=True)
class RunReference:
    """What stands behind ``%run``.

    Attributes:
        path: the notebook, as it is written there, without its quotes.
        arguments: the ``$name="value"`` behind it: values of the target's widgets, all of them text.
    """

    path: str
    arguments: Mapping[str, str] = field(default_factory=dict)


def parse_run(magic: Magic) -> RunReference:
    """Return the notebook and the arguments that a ``%run`` names.

    The path may stand in quotes, and may hold blanks with and without them; it ends where the first ``$name=`` or a
    comment begins. In a value, ``\\"`` is a quote.

    Args:
        magic: a magic with the name ``run``.

    Raises:
        NotebookError: DEX-DATABRICKS-01, there is no path, or what stands behind it cannot be read.
    """
    text = magic.arguments.strip()
    if text[:1] in ("'", '"'):
        path, place = _quoted(text, 0, magic)
    else:
        place = _end_of_path(text)
        path = text[:place].strip()
    if not path:
        raise _unreadable("names no notebook", magic)
    return RunReference(path, dict(_arguments(text, place, magic)))


def resolve_run(reference: RunReference, notebook_path: Path, root: Path | None) -> Path:
    """Return the file that a ``%run`` means.

    A path that begins with ``/`` is one of the workspace: the folders above the project (``/Workspace``, ``/Repos/me/x``,
    ``/Users/me``) are left away, so that the rest is found in ``root``. All else is relative to the notebook's folder.
    The ending may be left out, as it is on Databricks; of several files the one in the notebook's own format is meant.

    Args:
        reference: what `parse_run` returned.
        notebook_path: file of the notebook in which the ``%run`` stands.
        root: folder of the project, which the target has to be in; None where there is no project.

    Raises:
        NotebookError: DEX-DATABRICKS-02, there is no such notebook; DEX-DATABRICKS-03, it is outside of the project.
    """
    outside: Path | None = None
    for place in _places(reference.path, notebook_path, root):
        for candidate in _candidates(place, notebook_path.suffix):
            if not candidate.is_file():
                continue
            if root is None or candidate.resolve().is_relative_to(root.resolve()):
                return candidate
            outside = outside or candidate
    if outside is not None:
        raise NotebookError(
            "DEX-DATABRICKS-03",
            f"`%run {reference.path}` leaves the project.",
            Where(str(notebook_path)),
            f"Move the notebook into {root}, or make what it holds a module of a package.",
        )
    raise NotebookError(
        "DEX-DATABRICKS-02",
        f"`%run {reference.path}`: there is no such notebook.",
        Where(str(notebook_path)),
        "Its path is relative to the folder of the notebook that has the %run; from the project's folder with a `/`.",
    )


def _arguments(text: str, place: int, magic: Magic) -> Iterator[tuple[str, str]]:
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        if text[place] == "#":
            return
        found = _ARGUMENT.match(text, place)
        if found is None:
            raise _unreadable(f'has `{text[place:]}` behind the notebook, which is no `$name="value"`', magic)
        place = found.end()
        if text[place : place + 1] in ("'", '"'):
            value, place = _quoted(text, place, magic)
        else:
            end = next((i for i in range(place, len(text)) if text[i].isspace()), len(text))
            value, place = text[place:end], end
        yield found.group(1), value


def _quoted(text: str, place: int, magic: Magic) -> tuple[str, int]:
    """Return the text in the quotes that begin at ``place``, and the position behind them."""
    quote, begin = text[place], place + 1
    end = begin
    while end < len(text) and text[end] != quote:
        end += 2 if text.startswith("\\" + quote, end) else 1
    if end >= len(text):
        raise _unreadable("has a quote that is not closed", magic)
    return text[begin:end].replace("\\" + quote, quote), end + 1


def _end_of_path(text: str) -> int:
    for place, char in enumerate(text):
        if place and text[place - 1].isspace() and (char == "#" or _ARGUMENT.match(text, place)):
            return place
    return len(text)


def _unreadable(what: str, magic: Magic) -> NotebookError:
    return NotebookError(
        "DEX-DATABRICKS-01",
        f"`%run {magic.arguments.strip()}` {what}.",
        Where(line=magic.line),
        'Write: %run ./folder/notebook $name="value"',
    )


def _places(path: str, notebook_path: Path, root: Path | None) -> Iterator[Path]:
    """Yield where a path may lead, without regard to its ending; the most likely place first."""
    written = PurePosixPath(path)
    if not written.is_absolute():
        yield notebook_path.parent / written
        return
    parts = written.parts[1:]
    if root is not None:
        yield root.joinpath(*parts)
        inner = parts[1:] if parts[:1] == ("Workspace",) else parts
        known = _WORKSPACE.get(inner[0]) if inner else None
        if known is not None:
            yield root.joinpath(*inner[1 + known :])
        # the folders above the project may have any names; what is left must be more than a file's name
        for start in range(1, len(parts) - 1):
            yield root.joinpath(*parts[start:])
        if known is not None and len(inner) > known + 1:
            yield root.joinpath(*inner[2 + known :])
    yield Path(path)


def _candidates(place: Path, own: str) -> Iterator[Path]:
    if place.suffix in NOTEBOOK_ENDINGS:
        yield place
    for ending in sorted(NOTEBOOK_ENDINGS, key=lambda ending: ending != own):
        yield place.with_name(place.name + ending)
