"""What emitting a job says it did."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dex.bundle import Finding
from dex.graph import Question

Status = Literal["written", "unchanged", "differs", "removed"]


class EmitReport(BaseModel):
    """What became of a job.

    Attributes:
        job: key of the job.
        path: its file, below the project.
        status: written, unchanged, removed, or differs where nothing was to be written.
        diff: what differs.
        files: its files with what became of each: the job, what targets change of it, and, at the first job, those that
            every project has and this one had not, such as ``databricks.yml``.
        tasks: keys of its tasks, in order.
        exported: modules that were exported.
        as_notebooks: notebooks that run as they are, because they cannot be exported, with the reason.
        kept: values that a person changed in the files.
        questions: what the graph could not tell.
        remarks: what is still to be done for the bundle to be sound.
        notes: what a person should look at in notebooks, by notebook, each with its cell.
        left_behind: notebooks that were exported and are not there any more, with the files that were made of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    job: str
    path: str
    status: Status
    diff: str = ""
    files: dict[str, Status] = Field(default_factory=dict)
    tasks: list[str]
    exported: list[str]
    as_notebooks: dict[str, str] = Field(default_factory=dict)
    kept: list[str] = Field(default_factory=list)
    questions: list[Question] = Field(default_factory=list)
    remarks: list[Finding] = Field(default_factory=list)
    notes: dict[str, list[str]] = Field(default_factory=dict)
    left_behind: dict[str, list[str]] = Field(default_factory=dict)

    def to_text(self) -> str:
        """Return it for logs and terminals."""
        count = f", {len(self.tasks)} task{'s' * (len(self.tasks) != 1)}: {', '.join(self.tasks)}"
        lines = [f"{self.path}: {self.status}{count if self.tasks else ''}"]
        lines += [f"{file}: {status}" for file, status in self.files.items() if file != self.path]
        if self.exported and self.status == "written":
            lines.append(f"  exported: {', '.join(self.exported)}")
        lines += [f"  {notebook} runs as a notebook: {why}" for notebook, why in self.as_notebooks.items()]
        lines += [f"  `{path}` stays as it was changed there" for path in self.kept]
        lines += [f"  {finding}" for finding in self.remarks]
        lines += [f"  {notebook}, {note}" for notebook, notes in self.notes.items() for note in notes]
        lines += [f"  {gone} is gone; still there: {', '.join(files)}" for gone, files in self.left_behind.items()]
        lines += [question.to_text() for question in self.questions]
        return "\n".join([*lines, *([self.diff] if self.diff else [])])
