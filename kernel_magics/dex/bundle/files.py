"""The files of a bundle: ``databricks.yml`` and what it includes, with the place of every value."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dex_dbutils import ConfigError
from dex_dbutils.config import Document, read_document

from dex.bundle.models import Finding, Severity

ROOT_FILE = "databricks.yml"
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class At:
    """A value of a bundle and where it stands.

    Attributes:
        value: what the file says there: mapping, list, text, number, boolean or None.
        path: keys from the root of the file to the value.
        file: name of the file, relative to the bundle's folder.
        document: the file's values and positions.
    """

    value: Any
    path: KeyPath
    file: str
    document: Document = field(repr=False)

    def get(self, key: str) -> At | None:
        """Return the entry of a mapping, or None where there is none."""
        if isinstance(self.value, dict) and key in self.value:
            return At(self.value[key], (*self.path, key), self.file, self.document)
        return None

    def text(self, key: str) -> str | None:
        """Return the text under a key; None where it is missing or no text."""
        found = self.get(key)
        return found.value if found is not None and isinstance(found.value, str) else None

    def entries(self) -> Iterator[tuple[str, At]]:
        """Yield the entries of a mapping; nothing for other values."""
        for key in self.value if isinstance(self.value, dict) else ():
            yield key, At(self.value[key], (*self.path, key), self.file, self.document)

    def items(self, key: str) -> list[At]:
        """Return the items of the list under a key; none where it is missing or no list."""
        found = self.get(key)
        if found is None or not isinstance(found.value, list):
            return []
        return [At(item, (*found.path, i), self.file, self.document) for i, item in enumerate(found.value)]

    def walk(self) -> Iterator[At]:
        """Yield this value and every value below it."""
        yield self
        if isinstance(self.value, dict):
            for _, entry in self.entries():
                yield from entry.walk()
        elif isinstance(self.value, list):
            for i, item in enumerate(self.value):
                yield from At(item, (*self.path, i), self.file, self.document).walk()

    def finding(self, code: str, message: str, severity: Severity = "error") -> Finding:
        """Return a finding at this value's place, or at the nearest place around it that is known."""
        path = self.path
        while path and path not in self.document.positions:
            path = path[:-1]
        place = self.document.positions[path]
        return Finding(
            severity=severity, code=code, message=message, file=self.file, line=place.line, column=place.column
        )


@dataclass
class BundleFiles:
    """Every file of a bundle that could be read.

    Attributes:
        root: folder of ``databricks.yml``.
        files: ``databricks.yml`` first, then the included files by name.
        findings: what is wrong with the files as such.
    """

    root: Path
    files: list[At]
    findings: list[Finding]

    def resources(self, kind: str) -> Iterator[tuple[str, At]]:
        """Yield key and definition of every resource of a kind, such as ``jobs``, in the order of the files."""
        for file in self.files:
            resources = file.get("resources")
            of_kind = resources.get(kind) if resources else None
            if of_kind:
                yield from of_kind.entries()

    def targets(self) -> Iterator[tuple[str, At]]:
        """Yield name and definition of every target."""
        for file in self.files:
            targets = file.get("targets")
            if targets:
                yield from targets.entries()


def read_bundle(root: Path) -> BundleFiles:
    """Return the files of the bundle in a folder; what cannot be read is a finding."""
    bundle = BundleFiles(root, [], [])
    if not (root / ROOT_FILE).is_file():
        bundle.findings.append(
            Finding(
                code="DEX-BUNDLE-01",
                message=f"There is no {ROOT_FILE} here, so there is no bundle. `dex export NOTEBOOK` makes one.",
                file=ROOT_FILE,
            )
        )
        return bundle
    main = _read(bundle, ROOT_FILE)
    for pattern in main.items("include") if main else ():
        _include(bundle, pattern)
    return bundle


def _include(bundle: BundleFiles, pattern: At) -> None:
    if not isinstance(pattern.value, str):
        bundle.findings.append(pattern.finding("DEX-BUNDLE-03", "An entry of `include` must be a path or a pattern."))
        return
    found = sorted(Path(name).as_posix() for name in glob.glob(pattern.value, root_dir=bundle.root, recursive=True))
    if not found:
        exact = not glob.has_magic(pattern.value)
        said = f"`include` names '{pattern.value}', which {'is not there' if exact else 'matches no file'}."
        bundle.findings.append(pattern.finding("DEX-BUNDLE-04", said, "error" if exact else "warning"))
    read = {file.file for file in bundle.files}
    for name in found:
        if name not in read and Path(name).suffix in {".yml", ".yaml"}:
            _read(bundle, name)


def _read(bundle: BundleFiles, name: str) -> At | None:
    try:
        document = read_document(bundle.root / name)
    except ConfigError as error:
        where = error.where
        bundle.findings.append(
            Finding(
                code="DEX-BUNDLE-02",
                message=f"{error.what} {error.remedy or ''}".strip(),
                file=name,
                line=(where.line if where else None) or 1,
                column=(where.column if where else None) or 1,
            )
        )
        return None
    read = At(document.values, (), name, document)
    bundle.files.append(read)
    return read
