"""What an agent knows before it answers: the request, the frames' columns, and what was counted in the first one."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dex_dbutils.errors import FrameError, PlanError

from dex_agents.evidence import NULL_WORDS, Evidence, collect_evidence
from dex_agents.models import AgentRequest
from dex_agents.plan import Columns
from dex_agents.request import named_key
from dex_agents.wishes import Wishes, read_wishes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Names that generated code uses itself.
RESERVED = frozenset({"F", "T", "Window", "DataFrame", "Column", "spark", "session", "dbutils"})


@dataclass(frozen=True)
class Context:
    """Everything that a provider may look at.

    Args:
        request: what a person asked.
        frame: name of the frame to transform.
        into: name that the proposed code binds.
        columns: columns of that frame.
        others: columns of the other frames.
        key: key columns that the request names; None where it names none.
        evidence: what was counted in the frame's values.
        frames: the frames themselves, by name.
    """

    request: AgentRequest
    frame: str
    into: str
    columns: Columns
    others: Mapping[str, Columns]
    key: tuple[str, ...] | None
    evidence: Evidence
    frames: Mapping[str, DataFrame]

    @cached_property
    def wishes(self) -> Wishes:
        """What the request asks for, as far as it is understood; a word for missing is a usual one or in the frame."""
        seen = {word for values in self.evidence.texts.values() for word in values.words}
        return read_wishes(self.request.text, self.columns, {*NULL_WORDS, *seen})


def make_context(request: AgentRequest, frames: Mapping[str, DataFrame]) -> Context:
    """Return what an agent knows, from one scan of the first frame.

    Raises:
        PlanError: DEX-AGENT-02, the request says nothing; DEX-AGENT-03, a name cannot be bound.
        FrameError: DEX-AGENT-04, a value is no Spark frame; DEX-AGENT-05, its columns cannot be told apart;
            DEX-AGENT-06, it cannot be read.
    """
    if not request.text.strip():
        raise PlanError(
            "DEX-AGENT-02",
            "The request is empty.",
            remedy="Write what you want below the first line, in prose: NA means null. Drop exact duplicates.",
        )
    name = request.frames[0]
    into = request.into or _into(name)
    for bound in (into, *request.frames):
        if not bound.isidentifier() or keyword.iskeyword(bound) or bound in RESERVED:
            raise PlanError(
                "DEX-AGENT-03",
                f"`{bound}` cannot be the name of a frame in the proposed code.",
                remedy="Give another name: a Python identifier that is no keyword, and none of "
                f"{', '.join(sorted(RESERVED))}.",
            )
    columns = {frame: columns_of(frame, frames[frame]) for frame in request.frames}
    others = {frame: found for frame, found in columns.items() if frame != name}
    evidence = collect_evidence(frames[name], columns[name], read_wishes(request.text, columns[name]).missing)
    key = named_key(request.text, columns[name])
    return Context(request, name, into, columns[name], others, key, evidence, frames)


def columns_of(name: str, frame: Any) -> Columns:
    """Return a frame's columns.

    Raises:
        FrameError: DEX-AGENT-04, the value is no Spark frame; DEX-AGENT-05, two columns have one name, or none is there;
            DEX-AGENT-06, what it reads is not there, or its steps do not fit each other.
    """
    from pyspark.errors import AnalysisException

    if not all(hasattr(type(frame), word) for word in ("schema", "select", "sparkSession")):
        raise FrameError(
            "DEX-AGENT-04",
            f"`{name}` is no Spark frame; it is of type {type(frame).__name__}.",
            remedy="Name a Spark DataFrame, such as session.read('bronze', 'flights').",
        )
    try:
        schema = frame.schema  # a Connect frame asks the engine here, for the first time
    except AnalysisException as error:
        raise FrameError(
            "DEX-AGENT-06",
            f"`{name}` cannot be read: {str(error).splitlines()[0]}",
            remedy=f"Run the cell that makes it, with `{name}.show()` below: it fails in the same way.",
        ) from error
    fields = [(field.name, field.dataType.simpleString()) for field in schema.fields]
    columns: Columns = {}
    spelled: dict[str, str] = {}
    for column, kind in fields:
        if column.lower() in spelled:
            raise FrameError(
                "DEX-AGENT-05",
                f"`{name}` has two columns that Spark cannot tell apart: '{spelled[column.lower()]}' and '{column}'.",
                remedy="Rename one of them: frame.toDF(*names) gives every column a name of its own.",
            )
        if "`" in column or not column:
            raise FrameError(
                "DEX-AGENT-05",
                f"`{name}` has a column named {column!r}, which SQL cannot quote.",
                remedy="Rename it: frame.toDF(*names) gives every column a name of its own.",
            )
        spelled[column.lower()] = column
        columns[column] = kind
    if not columns:
        raise FrameError("DEX-AGENT-05", f"`{name}` has no columns.", remedy="Read it again, with its header.")
    return columns


def _into(frame: str) -> str:
    """Return a name for the result: ``flights_raw`` gives ``flights``, ``flights`` gives ``flights_clean``."""
    for ending in ("_raw", "_bronze", "_df"):
        if frame.endswith(ending) and len(frame) > len(ending):
            return frame.removesuffix(ending)
    return f"{frame}_clean"
