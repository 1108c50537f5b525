"""The files of a bundle: ``databricks.yml`` and what it includes, with the place of every value."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dex_dbutils import BundleError, ConfigError, Where
from dex_dbutils.config import parse_document, read_document

from dex.bundle.merging import merge
from dex.bundle.models import Finding
from dex.bundle.tree import At, tree_of

ROOT_FILE = "databricks.yml"
#: Names that the root file may have, as the platform's tool looks for them.
ROOT_FILES = (ROOT_FILE, "databricks.yaml", "bundle.yml", "bundle.yaml")


@dataclass
class BundleFiles:
    """Every file of a bundle that could be read.

    Attributes:
        root: folder of ``databricks.yml``.
        files: ``databricks.yml`` first, then the included files by name.
        findings: what is wrong with the files as such.
        main: ``databricks.yml``; None where it is not there, or cannot be read.
    """

    root: Path
    files: list[At]
    findings: list[Finding]
    main: At | None = None

    def resources(self, kind: str) -> Iterator[tuple[str, At]]:
        """Yield key and definition of every resource of a kind, such as ``jobs``, in the order of the files."""
        for file in self.files:
            resources = file.get("resources")
            of_kind = resources.get(kind) if resources else None
            if of_kind:
                yield from of_kind.entries()

    @property
    def unreadable(self) -> list[Finding]:
        """What is wrong with the files that could not be read: what stands in them seems not to be there."""
        return [finding for finding in self.findings if finding.code == "DEX-BUNDLE-02"]

    def must_be_there(self) -> None:
        """Raise where there is no root file that can be read.

        Raises:
            BundleError: DEX-BUNDLE-01, there is none; -02, it cannot be read.
        """
        if self.main is None:
            first = self.findings[0]
            if first.code == "DEX-BUNDLE-01":
                remedy = "Go to the folder of a project, or name it: --project FOLDER."
                raise BundleError(first.code, first.message, Where(str(self.root)), remedy)
            raise _unreadable(first)

    def all_must_be_readable(self) -> None:
        """Raise where a file of the bundle cannot be read.

        Raises:
            BundleError: DEX-BUNDLE-02, one cannot.
        """
        for finding in self.unreadable:
            raise _unreadable(finding)

    def targets(self) -> Iterator[tuple[str, At]]:
        """Yield name and definition of every target; what several files say of one is put together."""
        found: dict[str, At] = {}
        for file in self.files:
            for key in ("targets", "environments"):  # the second is the old name of the first
                targets = file.get(key)
                for name, target in targets.entries() if targets is not None else ():
                    found[name] = merge(found[name], target) if name in found else target
        yield from found.items()


def _unreadable(finding: Finding) -> BundleError:
    place = Where(finding.file, line=finding.line, column=finding.column)
    return BundleError(finding.code, finding.message, place, "Mend the file.")


def root_file(root: Path) -> str | None:
    """Return the name of the root file of the bundle in a folder; None where there is none."""
    return next((name for name in ROOT_FILES if (root / name).is_file()), None)


def bundle_folder(start: Path) -> Path | None:
    """Return the nearest folder with a bundle, from one upward; None where there is none."""
    return next((folder for folder in (start, *start.parents) if root_file(folder)), None)


def read_bundle(root: Path, instead: Mapping[str, str | None] | None = None) -> BundleFiles:
    """Return the files of the bundle in a folder; what cannot be read is a finding.

    Args:
        root: the folder.
        instead: texts of files as they are going to be, by path below the folder; None for one that will be gone.
    """
    instead = instead or {}
    bundle = BundleFiles(root, [], [])
    name = root_file(root) or (ROOT_FILE if ROOT_FILE in instead else None)
    if name is None:
        bundle.findings.append(
            Finding(
                code="DEX-BUNDLE-01",
                message=f"There is no {ROOT_FILE} here, so there is no bundle. `dex export NOTEBOOK` makes one.",
                file=ROOT_FILE,
            )
        )
        return bundle
    bundle.main = _read(bundle, name, instead)
    for pattern in bundle.main.items("include") if bundle.main else ():
        _include(bundle, pattern, instead)
    return bundle


def _include(bundle: BundleFiles, pattern: At, instead: Mapping[str, str | None]) -> None:
    if not isinstance(pattern.value, str):
        bundle.findings.append(pattern.finding("DEX-BUNDLE-03", "An entry of `include` must be a path or a pattern."))
        return
    # the platform's tool knows no `**` in `include`: it is one folder there, as `*` is
    there = {Path(name).as_posix() for name in glob.glob(pattern.value, root_dir=bundle.root)}
    made = {name for name in instead if _matches(name, pattern.value)}
    found = sorted((there | made) - {name for name, text in instead.items() if text is None})
    if not found:
        exact = not glob.has_magic(pattern.value)
        said = f"`include` names '{pattern.value}', which {'is not there' if exact else 'matches no file'}."
        bundle.findings.append(pattern.finding("DEX-BUNDLE-04", said, "error" if exact else "warning"))
    read = {file.file for file in bundle.files}
    for name in found:
        if Path(name).suffix not in {".yml", ".yaml", ".json"}:
            said = f"'{name}' is neither YAML nor JSON, and `include` takes no other files."
            bundle.findings.append(pattern.finding("DEX-BUNDLE-04", said))
        elif name not in read:
            _read(bundle, name, instead)


def _matches(name: str, pattern: str) -> bool:
    """Return whether a path is meant by a pattern of as many folders."""
    path = PurePosixPath(pattern)
    return len(PurePosixPath(name).parts) == len(path.parts) and PurePosixPath(name).match(str(path))


def _read(bundle: BundleFiles, name: str, instead: Mapping[str, str | None]) -> At | None:
    text = instead.get(name)
    try:
        document = parse_document(text, name) if text is not None else read_document(bundle.root / name)
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
    read = tree_of(document, name)
    broken = next((at for at in read.walk() if isinstance(at.value, str) and "\0" in at.value), None)
    if broken is not None:
        said = "The text has a NUL character, which no path and no name may have. Take it out."
        bundle.findings.append(broken.finding("DEX-BUNDLE-02", said))
        return None
    bundle.files.append(read)
    return read
