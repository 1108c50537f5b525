"""The tree below ``/Workspace``: folders, files, and notebooks, whose names have no ending."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from dex.notebook import convert, is_source, parse_notebook
from dex.workspace.clock import now
from dex.workspace.refusal import Refusal, exists, invalid, missing
from dex.workspace.storage import StoredFiles, clean_path

Kind = Literal["DIRECTORY", "FILE", "NOTEBOOK"]

#: Language of a notebook by the ending of its source file, and what comments begin with there.
LANGUAGES = {".py": ("PYTHON", "#"), ".sql": ("SQL", "--"), ".scala": ("SCALA", "//"), ".r": ("R", "#")}
_ROOT = "/Workspace"


@dataclass(frozen=True)
class Entry:
    """One object of the tree.

    Attributes:
        path: below ``/Workspace``.
        number: its id, by which permissions name it.
        suffix: ending that a notebook has on disk, which tells its form; empty for others.
        language: of a notebook.
    """

    path: str
    kind: Kind
    number: int
    created: int
    modified: int
    suffix: str = ""
    language: str | None = None

    @property
    def stored(self) -> str:
        """Its path on disk."""
        return f"{self.path}{self.suffix}" + ("/" if self.kind == "DIRECTORY" else "")


def whole_path(path: str) -> str:
    """Return a path with the ``/Workspace`` that clients may leave out.

    Raises:
        Refusal: it is not absolute, or leads upward.
    """
    clean = clean_path(path)
    return clean if clean == _ROOT or clean.startswith(f"{_ROOT}/") else f"{_ROOT}{clean.rstrip('/')}"


def notebook_form(path: str, content: bytes) -> tuple[str, str] | None:
    """Return ending and language of the notebook that a file is, by name and content; None where it is none."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".ipynb" and not path.endswith(".designer.ipynb"):
        return (suffix, "PYTHON") if _is_ipynb(content) else None
    if suffix in LANGUAGES and is_source(Path(path), content[:64].decode("utf-8", "replace")):
        return suffix, LANGUAGES[suffix][0]
    return None


def _is_ipynb(content: bytes) -> bool:
    try:
        document = json.loads(content)
    except ValueError:
        return False
    return isinstance(document, dict) and {"cells", "metadata"} <= document.keys() and document.get("nbformat", 0) >= 4


class Objects:
    """The tree.

    Args:
        files: where contents are kept.
        new_id: gives the ids of what is made.
    """

    def __init__(self, files: StoredFiles, new_id: Callable[[], int]) -> None:
        self._files = files
        self._new_id = new_id
        self._entries: dict[str, Entry] = {}
        self.make_folder(_ROOT)

    def find(self, path: str) -> Entry | None:
        """Return what is at a path."""
        return self._entries.get(whole_path(path))

    def get(self, path: str) -> Entry:
        """Return what is at a path; refuse where there is nothing."""
        found = self.find(path)
        if found is None:
            raise Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"Path ({path}) doesn't exist.")
        return found

    def by_number(self, number: int) -> Entry:
        """Return the object of an id; refuse where there is none."""
        found = next((entry for entry in self._entries.values() if entry.number == number), None)
        if found is None:
            raise missing(f"Node ID {number}")
        return found

    def children(self, entry: Entry) -> list[Entry]:
        """Return what lies right in a folder; a file or notebook itself."""
        if entry.kind != "DIRECTORY":
            return [entry]
        return sorted(
            (each for each in self._inside(entry) if each.path.rpartition("/")[0] == entry.path), key=lambda e: e.path
        )

    def _inside(self, entry: Entry) -> Iterator[Entry]:
        return (each for path, each in self._entries.items() if path.startswith(f"{entry.path}/"))

    def content(self, entry: Entry) -> bytes:
        """Return the bytes of a file or notebook, as they were given."""
        if entry.kind == "DIRECTORY":
            raise Refusal(400, "BAD_REQUEST", f"{entry.path} is a directory; it cannot be exported.")
        return self._files[entry.stored]

    def size(self, entry: Entry) -> int:
        """Return the bytes of a file or notebook."""
        return self._files.size(entry.stored)

    def exported(self, entry: Entry, form: str) -> bytes:
        """Return the bytes of a file or notebook in the form asked for: SOURCE, JUPYTER, or AUTO for what it has."""
        content = self.content(entry)
        if entry.kind == "FILE" or form in ("AUTO", "RAW") or (form == "JUPYTER") == (entry.suffix == ".ipynb"):
            return content
        if form not in ("SOURCE", "JUPYTER"):
            raise invalid(f"Format {form} is not supported here.")
        return convert(parse_notebook(Path(f"notebook{entry.suffix}"), content))[0]

    def make_folder(self, path: str) -> Entry:
        """Make a folder and those above it; return it also where it was there."""
        path = whole_path(path)
        there = self._entries.get(path)
        if there is not None:
            if there.kind != "DIRECTORY":
                raise exists(f"Path ({path})")
            return there
        if path != _ROOT:
            self.make_folder(path.rpartition("/")[0])
        made = Entry(path, "DIRECTORY", self._new_id(), now(), now())
        self._files[made.stored] = b""
        self._entries[path] = made
        return made

    def put_detected(self, path: str, content: bytes, *, overwrite: bool, status: int = 400) -> Entry:
        """Store a file; where it is a notebook, as one, its name without the ending.

        Args:
            path: where, with the ending that it has on disk.
            content: its bytes.
            overwrite: whether there may be one.
            status: of the refusal where it is there already.
        """
        form = notebook_form(path, content)
        if form is None:
            return self._put(path, content, "FILE", "", None, overwrite, status)
        return self._put(path[: -len(form[0])], content, "NOTEBOOK", form[0], form[1], overwrite, status)

    def put_file(self, path: str, content: bytes, *, overwrite: bool) -> Entry:
        """Store a file as it is."""
        return self._put(path, content, "FILE", "", None, overwrite)

    def put_notebook(self, path: str, content: bytes, language: str | None, *, overwrite: bool) -> Entry:
        """Store a notebook under the very name given.

        Args:
            path: where.
            content: its bytes.
            language: of a source file; None for an ``.ipynb``.
            overwrite: whether there may be one.
        """
        if language is None:
            if not _is_ipynb(content):
                raise invalid("The content is no Jupyter notebook.")
            return self._put(path, content, "NOTEBOOK", ".ipynb", "PYTHON", overwrite)
        found = next(((end, comment) for end, (name, comment) in LANGUAGES.items() if name == language), None)
        if found is None:
            raise invalid(f"Language {language} is not known.")
        suffix, comment = found
        if not is_source(Path(f"notebook{suffix}"), content[:64].decode("utf-8", "replace")):
            content = f"{comment} Databricks notebook source\n".encode() + content
        return self._put(path, content, "NOTEBOOK", suffix, language, overwrite)

    def _put(
        self,
        path: str,
        content: bytes,
        kind: Kind,
        suffix: str,
        language: str | None,
        overwrite: bool,
        status: int = 400,
    ) -> Entry:
        path = whole_path(path)
        parent = self._entries.get(path.rpartition("/")[0])
        if parent is None or parent.kind != "DIRECTORY":
            raise missing(f"The parent folder ({path.rpartition('/')[0]})")
        there = self._entries.get(path)
        if there is not None and (not overwrite or there.kind == "DIRECTORY"):
            raise exists(f"Path ({path})", status)
        if there is not None and there.stored != f"{path}{suffix}":
            del self._files[there.stored]
        number, created = (there.number, there.created) if there else (self._new_id(), now())
        made = Entry(path, kind, number, created, now(), suffix, language)
        self._files[made.stored] = content
        self._entries[path] = made
        return made

    def delete(self, path: str, *, recursive: bool) -> list[Entry]:
        """Delete an object and all inside it; return what was deleted."""
        entry = self.get(path)
        if entry.path == _ROOT:
            raise invalid("The root folder cannot be deleted.")
        inside = list(self._inside(entry))
        if inside and not recursive:
            raise Refusal(400, "DIRECTORY_NOT_EMPTY", f"Folder ({entry.path}) is not empty.")
        gone = sorted([entry, *inside], key=lambda e: e.path, reverse=True)
        for each in gone:
            del self._files[each.stored]
            del self._entries[each.path]
        return gone
