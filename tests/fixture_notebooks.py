"""The fixture notebooks: small notebooks as people write them, each with what is to become of it.

Every folder below ``tests/notebooks/fixtures`` holds notebooks of one construct and an ``expected.yaml``. Its entries say,
by file name:

    has, lacks    texts that stand, or do not stand, in the module
    empty         there is nothing to export
    refused       cell, line and construct of the first refusal
    linked        modules of the notebooks that it runs
    module        name of the module, where it is not that of the file
    requirements  packages of the job's environment
    tests         tests are derived
    runs          it runs on a local engine, and writes these tables
    as            bytes of the file: crlf, bom, latin1
    file          name of the file, where no repository should hold it
    only          the one form (source, ipynb) that the notebook is about
    skips         why none of its generated tests runs on a local engine; `pipeline`, where there are none
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from dex.notebook import read_notebook
from notebook_factory import code, text

FIXTURES = Path(__file__).parent / "notebooks/fixtures"
FORMS = ("source", "ipynb")
_KNOWN = frozenset("has lacks empty refused linked module requirements tests runs as file only skips".split())


@dataclass(frozen=True)
class Fixture:
    """One fixture notebook.

    Attributes:
        folder: its construct.
        file: its path below the folder.
        expected: what becomes of it.
    """

    folder: str
    file: str
    expected: dict[str, Any] = field(hash=False)

    @property
    def path(self) -> Path:
        """Its file in the repository."""
        return FIXTURES / self.folder / self.file

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms in which it is tried."""
        only = self.expected.get("only") or ("ipynb" if self.path.suffix == ".ipynb" else None)
        return (only,) if only else FORMS

    def name(self, form: str) -> str:
        """Return the path of the notebook in a form, below its folder."""
        name = self.expected.get("file", self.file)
        return name if form == "source" or name.endswith(".ipynb") else f"{name.rpartition('.')[0]}.ipynb"

    def __str__(self) -> str:
        """Return its name as tests show it."""
        return f"{self.folder}/{self.file}"


def fixtures() -> list[Fixture]:
    """Return every fixture, in order."""
    found = [
        Fixture(page.parent.name, file, expected or {})
        for page in sorted(FIXTURES.glob("*/expected.yaml"))
        for file, expected in yaml.safe_load(page.read_text("utf-8")).items()
    ]
    for fixture in found:
        assert fixture.path.is_file(), fixture
        assert not set(fixture.expected) - _KNOWN, fixture
    return found


def put(fixture: Fixture, folder: Path, form: str) -> Path:
    """Write a fixture into a folder, in one of the two forms, and return its path."""
    target = folder / fixture.name(form)
    target.parent.mkdir(parents=True, exist_ok=True)
    if form == "source" or fixture.path.suffix == ".ipynb":
        target.write_bytes(_bytes(fixture))
    else:
        target.write_text(as_ipynb(fixture.path), encoding="utf-8", errors="surrogateescape")
        if fixture.expected.get("as") == "latin1":
            target.write_bytes(target.read_text("utf-8").encode("latin-1"))
    return target


def as_ipynb(path: Path) -> str:
    """Return a source notebook as the JSON that the platform would export it as."""
    notebook = read_notebook(path)
    cells: list[dict[str, Any]] = []
    for number, cell in enumerate(notebook.cells, start=1):
        make = text if cell.type == "markdown" else code
        node = make(cell.source, id=f"c{number}")
        if cell.title:
            node["metadata"]["application/vnd.databricks.v1+cell"] = {"title": cell.title, "showTitle": True}
        cells.append(node)
    vendor = {"application/vnd.databricks.v1+notebook": {"language": notebook.language}}
    document = {"cells": cells, "metadata": vendor, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _bytes(fixture: Fixture) -> bytes:
    content = fixture.path.read_bytes()
    form = fixture.expected.get("as")
    if form == "crlf":
        return content.replace(b"\n", b"\r\n")
    if form == "bom":
        return b"\xef\xbb\xbf" + content
    if form == "latin1":
        return content.decode("utf-8").encode("latin-1")
    return content
