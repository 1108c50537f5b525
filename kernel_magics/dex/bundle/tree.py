"""The values of a bundle, each with the place it comes from, also after files were put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dex_dbutils.config import Document

from dex.bundle.models import Finding, Severity

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class At:
    """A value of a bundle and where it stands.

    Attributes:
        value: a mapping of `At` by key, a list of `At`, or a text, number, boolean or None.
        path: keys from the root of its file to the value.
        file: name of its file, relative to the bundle's folder, with forward slashes.
        line: counted from 1; of a mapping's entry, the key's.
        column: counted from 1.
    """

    value: Any
    path: KeyPath
    file: str
    line: int
    column: int

    def get(self, key: str) -> At | None:
        """Return the entry of a mapping, or None where there is none."""
        found: At | None = self.value.get(key) if isinstance(self.value, dict) else None
        return found

    def at(self, *keys: str) -> At | None:
        """Return the value below several keys, or None where there is none."""
        found: At | None = self
        for key in keys:
            found = found.get(key) if found is not None else None
        return found

    def text(self, key: str) -> str | None:
        """Return the text under a key, also a number, as the platform's tool reads it; None where it is missing or no text."""
        value = found.value if (found := self.get(key)) is not None else None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number else value if isinstance(value, str) else None

    def entries(self) -> Iterator[tuple[str, At]]:
        """Yield the entries of a mapping; nothing for other values."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def items(self, key: str) -> list[At]:
        """Return the items of the list under a key; none where it is missing or no list."""
        found = self.get(key)
        return list(found.value) if found is not None and isinstance(found.value, list) else []

    def walk(self) -> Iterator[At]:
        """Yield this value and every value below it, in the order of the file."""
        waiting = [self]
        while waiting:
            at = waiting.pop()
            yield at
            if isinstance(at.value, dict):
                waiting.extend(reversed(at.value.values()))
            elif isinstance(at.value, list):
                waiting.extend(reversed(at.value))

    def plain(self) -> Any:
        """Return the values alone: dictionaries, lists, texts, numbers, booleans and None."""
        if isinstance(self.value, dict):
            return {key: entry.plain() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def map(self, change: Callable[[At], At]) -> At:
        """Return the value with every scalar below it, itself included, changed."""
        if isinstance(self.value, dict):
            return replace(self, value={key: entry.map(change) for key, entry in self.value.items()})
        if isinstance(self.value, list):
            return replace(self, value=[item.map(change) for item in self.value])
        return change(self)

    def finding(self, code: str, message: str, severity: Severity = "error") -> Finding:
        """Return a finding at this value's place."""
        return Finding(
            severity=severity, code=code, message=message, file=self.file, line=self.line, column=self.column
        )


def tree_of(document: Document, file: str) -> At:
    """Return a file's values with their places.

    Args:
        document: the file as it was read.
        file: its name, relative to the bundle's folder.
    """

    def build(value: Any, path: KeyPath, around: tuple[int, int]) -> At:
        place = document.positions.get(path)
        line, column = (place.line, place.column) if place is not None else around
        if isinstance(value, Mapping):
            made: Any = {key: build(entry, (*path, key), (line, column)) for key, entry in value.items()}
        elif isinstance(value, list):
            made = [build(item, (*path, i), (line, column)) for i, item in enumerate(value)]
        else:
            made = value
        return At(made, path, file, line, column)

    return build(document.values, (), (1, 1))
