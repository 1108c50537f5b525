"""Check a bundle's files without a workspace: everything that would fail at deployment or at the first run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dex.bundle.artifacts import check_artifacts
from dex.bundle.effective import Bundle, as_target
from dex.bundle.environments import check_environment
from dex.bundle.fields import check_fields
from dex.bundle.files import BundleFiles, read_bundle
from dex.bundle.frame import check_frame
from dex.bundle.jobs import check_job
from dex.bundle.kinds import check_kinds
from dex.bundle.libraries import check_libraries
from dex.bundle.models import Finding
from dex.bundle.modes import check_mode
from dex.bundle.overrides import check_overrides
from dex.bundle.paths import check_other_files, check_pipeline
from dex.bundle.permissions import check_permissions
from dex.bundle.references import check_references, check_target_variables, check_variables
from dex.bundle.run_jobs import check_run_jobs

#: What an incomplete part lacks is not said again where it is incomplete because nothing is there that it changes.
_INCOMPLETE = frozenset({"DEX-BUNDLE-10", "DEX-BUNDLE-11", "DEX-BUNDLE-13", "DEX-BUNDLE-21", "DEX-BUNDLE-32"})
_ANCHOR = re.compile(r"[^:]*:\s*&[^\s,\[\]{}]")


def validate_bundle(root: Path) -> list[Finding]:
    """Return what is wrong with the bundle in a folder, by file, line and column; nothing where it is sound.

    Reads ``databricks.yml``, what it includes, the project's ``pyproject.toml`` and ``config/``, as each of its targets makes them;
    runs nothing and asks no workspace.

    Args:
        root: folder of ``databricks.yml``.
    """
    files = read_bundle(root)
    findings = check_bundle(files)
    order = {file.file: i for i, file in enumerate(files.files)}
    kept = {
        f
        for f in findings
        if f.code != "DEX-BUNDLE-06" or not is_for_its_anchor((root / f.file).read_text("utf-8-sig"), f)
    }
    return sorted(kept, key=lambda f: (order.get(f.file, len(order)), f.line, f.column, f.code, f.message))


def check_bundle(files: BundleFiles) -> list[Finding]:
    """Return what is wrong with the files of a bundle, in no order; keys that are there for their anchor alone count.

    Args:
        files: as they are, or as they are going to be.
    """
    findings = list(files.findings)
    if files.main is not None:
        findings += check_frame(files)
    if files.main is not None and not files.unreadable:  # else much seems to be missing
        findings += check_overrides(files)
        targets: list[str | None] = [name for name, _ in files.targets()]
        for name in targets or [None]:
            bundle = as_target(files, name)
            before = {_place(f) for f in findings}
            for check in (
                check_fields,
                _resources,
                check_kinds,
                check_run_jobs,
                check_references,
                check_variables,
                check_other_files,
                check_artifacts,
                check_libraries,
                check_permissions,
                check_mode,
                check_environment,
            ):
                findings += [f for f in check(bundle) if _place(f) not in before]  # said of another target
        findings += check_target_variables(bundle)
    told = {(f.file, f.line, f.column) for f in findings if f.code == "DEX-BUNDLE-34"}
    return [f for f in findings if not (f.code in _INCOMPLETE and (f.file, f.line, f.column) in told)]


def _resources(bundle: Bundle) -> Iterator[Finding]:
    for key, job in bundle.resources("jobs"):
        yield from check_job(bundle, key, job)
    for _, pipeline in bundle.resources("pipelines"):
        yield from check_pipeline(bundle, pipeline)


def _place(finding: Finding) -> tuple[str, str, int, int]:
    return finding.code, finding.file, finding.line, finding.column


def is_for_its_anchor(text: str, finding: Finding) -> bool:
    """Return whether a key that is not known is there for its anchor alone; the platform's tool lets it be.

    Args:
        text: of the file that the finding is about.
        finding: what was found.
    """
    if finding.code != "DEX-BUNDLE-06":
        return False
    return _ANCHOR.match(text.splitlines()[finding.line - 1][finding.column - 1 :]) is not None
