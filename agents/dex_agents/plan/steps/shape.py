"""Steps that change which columns there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from dex_dbutils.errors import PlanError
from pydantic import Field

from dex_agents.plan.columns import Columns, literal, need, reference
from dex_agents.plan.steps.base import Fragment, Step
from dex_agents.plan.steps.values import column_list, words


class Rename(Step):
    """A column under another name."""

    describe: ClassVar[str] = "give a column another name"
    op: Literal["rename"] = "rename"
    column: str
    to: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, [self.column], self.op)
        if self.to in columns and self.to != self.column:
            raise PlanError(
                "DEX-AGENT-12",
                f"Step `{self.op}` would make a second column '{self.to}'.",
                remedy="Choose a name that is free, or drop the other column first.",
            )
        return {self.to if name == self.column else name: kind for name, kind in columns.items()}

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        return Fragment((f".withColumnRenamed({literal(self.column)}, {literal(self.to)})",))

    def comment(self) -> str:
        """Return why the step is there."""
        return f"{self.column} is called {self.to} from here on."


class DropColumns(Step):
    """Columns that nobody needs go."""

    describe: ClassVar[str] = "remove columns"
    op: Literal["drop_columns"] = "drop_columns"
    columns: list[str] = Field(min_length=1)

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, self.columns, self.op)
        if len(self.columns) == len(columns):
            raise PlanError("DEX-AGENT-12", f"Step `{self.op}` removes every column.", remedy="Keep at least one.")
        return {name: kind for name, kind in columns.items() if name not in self.columns}

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        return Fragment((f".drop({', '.join(map(literal, self.columns))})",))

    def comment(self) -> str:
        """Return why the step is there."""
        return f"Not needed: {words(self.columns)}."

    def removes_columns(self, columns: Columns) -> list[str]:
        """Return the columns whose content the step throws away."""
        return list(self.columns)


class Select(Step):
    """Only some columns, in this order."""

    describe: ClassVar[str] = "keep only these columns, in this order"
    op: Literal["select"] = "select"
    columns: list[str] = Field(min_length=1)

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, self.columns, self.op)
        return {name: columns[name] for name in self.columns}

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        return Fragment((f".select({', '.join(map(reference, self.columns))})",))

    def comment(self) -> str:
        """Return why the step is there."""
        return f"Only {words(self.columns)}."

    def removes_columns(self, columns: Columns) -> list[str]:
        """Return the columns whose content the step throws away."""
        return [name for name in columns if name not in self.columns]


class Join(Step):
    """Columns of another frame where its key matches; rows without a match stay."""

    changes_rows: ClassVar[bool] = True
    describe: ClassVar[str] = "bring columns from another frame; rows without a match stay"
    op: Literal["join"] = "join"
    frame: str
    on: list[str] = Field(min_length=1)
    bring: list[str] = Field(min_length=1)

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        if self.frame not in others:
            known = ", ".join(others) or "none"
            raise PlanError(
                "DEX-AGENT-11",
                f"Step `{self.op}` names a frame '{self.frame}' that the request does not have.",
                remedy=f"Frames to join: {known}. Name more with @ behind the role.",
            )
        other = others[self.frame]
        need(columns, self.on, self.op)
        need(other, [*self.on, *self.bring], f"{self.op} {self.frame}")
        taken = [name for name in self.bring if name in columns]
        if taken:
            raise PlanError(
                "DEX-AGENT-12",
                f"Step `{self.op}` would make a second column '{taken[0]}'.",
                remedy="Rename or drop the column first, or do not bring it.",
            )
        unlike = [name for name in self.on if columns[name] != other[name]]
        if unlike:
            name = unlike[0]
            raise PlanError(
                "DEX-AGENT-12",
                f"Step `{self.op}` compares '{name}', {columns[name]} here and {other[name]} in {self.frame}.",
                remedy="Cast one side first: Spark would compare them after a guess.",
            )
        rest = {name: kind for name, kind in columns.items() if name not in self.on}
        return {**{name: columns[name] for name in self.on}, **rest, **{name: other[name] for name in self.bring}}

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        picked = ", ".join(map(reference, [*self.on, *self.bring]))
        return Fragment((f'.join({self.frame}.select({picked}), {column_list(self.on)}, "left")',))

    def comment(self) -> str:
        """Return why the step is there."""
        return f"{words(self.bring)} from {self.frame}; rows without a match stay."
