"""What every step of a plan can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from dex_agents.plan.columns import Columns


@dataclass(frozen=True)
class Fragment:
    """Code of one step: calls chained onto the frame, and what they need around them.

    Args:
        calls: method calls, each beginning with a dot.
        names: lists of column names that the calls use as local variables, by variable.
        helpers: functions defined inside the transform before the chain, by name.
        imports: import lines besides ``DataFrame`` and ``F``.
    """

    calls: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    helpers: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Probe:
    """A question to the sample before a step runs: how many rows does a condition hold for?

    Args:
        what: what it means where the count is not zero, such as ``values of dep_time are no int``.
        condition: SQL expression over the frame before the step.
        lossy: True where one such row means that the step loses data.
        example: SQL expression of which the smallest value is shown as example.
    """

    what: str
    condition: str
    lossy: bool = True
    example: str | None = None


class Step(BaseModel, ABC):
    """One small operation. Frozen; an unknown key is an error.

    Attributes:
        note: why the step is there; becomes a comment in the code. Models are not asked for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Whether the step may change the number of rows.
    changes_rows: ClassVar[bool] = False
    #: One line for a prompt: what the step does.
    describe: ClassVar[str]

    op: str
    note: str | None = Field(default=None, exclude_if=lambda value: value is None)

    @abstractmethod
    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step.

        Raises:
            PlanError: DEX-AGENT-11 or -12, the step does not fit the columns.
        """

    @abstractmethod
    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""

    @abstractmethod
    def comment(self) -> str:
        """Return why the step is there, for people who read the code."""

    def probes(self, columns: Columns) -> list[Probe]:
        """Return what to count on the sample before the step runs."""
        return []

    def removes_columns(self, columns: Columns) -> list[str]:
        """Return the columns whose content the step throws away."""
        return []

    @property
    def title(self) -> str:
        """The step in a few words."""
        return self.op.replace("_", " ")
