"""A pipeline's settings, as the Pipelines API takes them and a bundle holds them; what an update came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dex_dbutils import PipelineError
from pydantic import BaseModel, ConfigDict, Field

from dex.bundle import Text
from dex.pipelines.elements import Action, Kind

#: How an update stands, and how it stands with one of its datasets; the words are the platform's.
UpdateState = Literal["COMPLETED", "FAILED", "CANCELED"]
DatasetState = Literal["COMPLETED", "FAILED", "SKIPPED", "EXCLUDED"]


class PipelineSettings(BaseModel):
    """A pipeline; fields that a run on this machine does not need are kept.

    Attributes:
        schema_name: schema of datasets that name none; ``target`` in older pipelines.
        configuration: given to the sources as settings of Spark, and to SQL as ``${key}``.
        parameters: given to SQL as ``:name``.
        root_path: folder that the sources import from.
        libraries: notebooks, files and patterns of files, in order.
    """

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True, populate_by_name=True)

    name: str = "Untitled"
    catalog: str | None = None
    schema_name: str | None = Field(default=None, alias="schema")
    target: str | None = None
    configuration: dict[str, Text] = Field(default_factory=dict)
    parameters: dict[str, Text] = Field(default_factory=dict)
    libraries: list[dict[str, Any]] = Field(default_factory=list)
    root_path: str | None = None
    continuous: bool = False


@dataclass(frozen=True)
class Pipeline:
    """A pipeline with its sources as they lie on disk.

    Attributes:
        key: stands for it, as in ``resources.pipelines.KEY``; its checkpoints are kept under it.
        settings: as they are declared.
        sources: its files, in order.
        root: folder that places in messages are told from.
        imports: folders that the sources import from.
    """

    key: str
    settings: PipelineSettings
    sources: tuple[Path, ...]
    root: Path
    imports: tuple[Path, ...] = ()


class ExpectationReport(BaseModel):
    """How many rows met an expectation, and how many did not."""

    name: str
    action: Action
    passed: int
    failed: int


class DatasetReport(BaseModel):
    """One dataset of an update.

    Attributes:
        name: full name; of a temporary view, the name that its readers use.
        kind: what it is.
        reads: full names of what its queries read.
        place: file and line that define it.
        state: None while it was only planned.
        rows: written by the update; None where that is not known.
        dropped: rows that expectations took away.
        error: what went wrong.
    """

    name: str
    kind: Kind
    reads: list[str] = Field(default_factory=list)
    place: str = ""
    state: DatasetState | None = None
    rows: int | None = None
    dropped: int = 0
    expectations: list[ExpectationReport] = Field(default_factory=list)
    seconds: float = 0.0
    error: str | None = None


class Update(BaseModel):
    """One update of a pipeline on this machine.

    Attributes:
        pipeline: its key.
        environment: environment that it works in.
        state: what it came to; None where it was only planned.
        full_refresh: streaming tables were made anew.
        datasets: in an order in which they can be made.
    """

    pipeline: str
    environment: str
    state: UpdateState | None = None
    full_refresh: bool = False
    datasets: list[DatasetReport] = Field(default_factory=list)
    seconds: float = 0.0


def check_made(update: Update) -> None:
    """Stop where an update did not make all that it was to make.

    Raises:
        PipelineError: DEX-PIPELINE-16, with the first dataset that failed.
    """
    bad = [each for each in update.datasets if each.state in ("FAILED", "SKIPPED")]
    if not bad:
        return
    first = next(each for each in bad if each.state == "FAILED")
    others = f" Not made: {', '.join(each.name for each in bad)}." if len(bad) > 1 else ""
    raise PipelineError(
        "DEX-PIPELINE-16",
        f"The update of the pipeline '{update.pipeline}' failed: {(first.error or '').splitlines()[0]}{others}",
        first.place,
        "Mend it and run the pipeline again; tables that were made stay.",
    )
