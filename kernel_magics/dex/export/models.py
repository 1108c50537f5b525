"""What an export says it did."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from dex_dbutils import ExportError, Where
from pydantic import BaseModel, ConfigDict

FileStatus = Literal["written", "unchanged", "differs"]


class Model(BaseModel):
    """Base of the messages here: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExportedFile(Model):
    """One file of an export.

    Attributes:
        path: relative to the project.
        status: ``differs`` where a check found a difference.
        diff: what an export would change, as a unified diff, where a check found a difference.
    """

    path: str
    status: FileStatus
    diff: str = ""


class ReportLine(Model):
    """One thing worth knowing, and the place in the notebook it is about."""

    text: str
    cell: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Return it as a person reads it."""
        if self.cell is None:
            return self.text
        return f"cell {self.cell}, line {self.line}: {self.text}" if self.line else f"cell {self.cell}: {self.text}"


def note_kept(notes: list[ReportLine], file: str, kept: list[str]) -> None:
    """Tell of values in a generated file that a person changed, once."""
    said = {note.text for note in notes}
    for path in kept:
        text = f"{file}: `{path}` stays as it was changed there"
        if text not in said:
            notes.append(ReportLine(text=text))


class ExportReport(Model):
    """What became of a notebook.

    Attributes:
        notebook: its path, relative to the project.
        module: dotted name of the module; None where there was nothing to export.
        files: every file of the export.
        drift: a check found that the files are not what the notebook says now.
        dropped: what a job does not need and was left out.
        notes: what a person should look at.
        linked: dotted names of the modules of the notebooks that it runs with `%run`.
        tests: names of the tests that were derived.
        not_derived: asserts that no test was made of, with the reason.
    """

    notebook: str
    module: str | None
    files: list[ExportedFile]
    drift: bool = False
    dropped: list[ReportLine] = []
    notes: list[ReportLine] = []
    linked: list[str] = []
    tests: list[str] = []
    not_derived: list[ReportLine] = []

    def to_text(self) -> str:
        """Return the report for logs and terminals."""
        head = f"{self.notebook} -> {self.module}" if self.module else f"{self.notebook}: nothing to export"
        lines = [head, *(f"  {file.status:<9}  {file.path}" for file in self.files)]
        for title, entries in (
            ("left out", self.dropped),
            ("to look at", self.notes),
            ("no test made", self.not_derived),
        ):
            if entries:
                lines += [title, *(f"  {entry}" for entry in entries)]
        if self.tests:
            lines.append(f"{len(self.tests)} test{'s' * (len(self.tests) > 1)} derived")
        return "\n".join(lines)

    def to_html(self) -> str:
        """Return the report for a notebook."""
        files = "".join(
            f"<tr><td style='text-align:left'>{escape(file.path)}</td><td>{file.status}</td></tr>"
            for file in self.files
        )
        lists = ""
        for title, entries in (
            ("Left out", self.dropped),
            ("To look at", self.notes),
            ("No test made", self.not_derived),
        ):
            if entries:
                items = "".join(f"<li>{escape(str(entry))}</li>" for entry in entries)
                lists += f"<details><summary>{title} ({len(entries)})</summary><ul>{items}</ul></details>"
        head = escape(self.module or "nothing to export")
        return f"<p><b>{escape(self.notebook)}</b> &rarr; <code>{head}</code></p><table>{files}</table>{lists}"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the displays; whether a file had to be written again is not content, as a second run shows."""
        shown = self.model_copy(
            update={
                "files": [
                    f.model_copy(update={"status": "unchanged"}) if f.status == "written" else f for f in self.files
                ]
            }
        )
        shown_files = [{"path": file.path} for file in self.files]
        return {
            "text/plain": shown.to_text().replace("  unchanged  ", "  "),
            "text/html": shown.to_html().replace("<td>unchanged</td>", ""),
            "application/vnd.dex.export.v1+json": {**shown.model_dump(mode="json"), "files": shown_files},
        }, {"dex": {"files": [file.model_dump() for file in self.files]}}


@dataclass(frozen=True)
class Refusal:
    """Something in a notebook that cannot become a module."""

    cell: int
    line: int
    construct: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"cell {self.cell}, line {self.line}: {self.message} {self.remedy}"


class ExportRefused(ExportError):
    """A notebook that cannot become a module.

    Args:
        shown: its path below the project.
        refusals: every place that cannot be carried over.
    """

    def __init__(self, shown: str, refusals: list[Refusal]) -> None:
        self.refusals = tuple(sorted(refusals, key=lambda r: (r.cell, r.line)))
        first = self.refusals[0]
        more = "".join(f"\n  {refusal}" for refusal in self.refusals[1:])
        super().__init__(
            "DEX-EXPORT-02",
            f"{first.message}{f' And {len(self.refusals) - 1} more:{more}' if more else ''}",
            Where(shown, first.line, cell=first.cell),
            first.remedy,
        )
