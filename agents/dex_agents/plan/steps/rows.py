"""Steps that change which rows there are. Each one's rows are counted by the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from dex_dbutils.errors import PlanError
from pydantic import Field, model_validator

from dex_agents.plan.columns import Columns, is_number, is_text, literal, need, need_type, reference, sql_name
from dex_agents.plan.steps.base import Fragment, Probe, Step
from dex_agents.plan.steps.values import words

Compare = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"]
Scalar = bool | int | float | str


class Condition(Step):
    """A comparison of one column; base of the steps that keep or reject rows by it."""

    changes_rows: ClassVar[bool] = True
    column: str
    compare: Compare
    value: Scalar | list[Scalar] | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> Condition:
        if self.compare in ("is null", "is not null"):
            fits = self.value is None
        elif self.compare in ("in", "not in"):
            fits = isinstance(self.value, list) and bool(self.value)
        else:
            fits = self.value is not None and not isinstance(self.value, list)
        if not fits:
            raise ValueError(f"`{self.compare}` does not take the value {self.value!r}")
        return self

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, [self.column], self.op)
        kind = columns[self.column]
        for value in self.value if isinstance(self.value, list) else [self.value]:
            if is_number(kind) and not (isinstance(value, int | float) or value is None):
                need_type(columns, self.column, ["text"], self.op)
            if is_text(kind) and not (isinstance(value, str) or value is None):
                need_type(columns, self.column, ["number"], self.op)
        return dict(columns)

    def expression(self) -> str:
        """Return the condition as PySpark."""
        column = f"F.col({reference(self.column)})"
        if self.compare in ("is null", "is not null"):
            return f"{column}.{'isNull' if self.compare == 'is null' else 'isNotNull'}()"
        if isinstance(self.value, list):
            inner = f"{column}.isin({', '.join(literal(value) for value in self.value)})"
            return inner if self.compare == "in" else f"~{inner}"
        return f"{column} {self.compare} {literal(self.value)}"

    def words(self) -> str:
        """Return the condition in words."""
        if self.compare in ("is null", "is not null"):
            return f"{self.column} {self.compare}"
        value: Any = self.value
        shown = ", ".join(literal(v) for v in value) if isinstance(value, list) else literal(value)
        return f"{self.column} {self.compare} {shown}"


class Filter(Condition):
    """Only rows for which a condition holds; a missing value does not hold."""

    describe: ClassVar[str] = "keep only the rows for which a condition holds"
    op: Literal["filter"] = "filter"

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        return Fragment((f".filter({self.expression()})",))

    def comment(self) -> str:
        """Return why the step is there."""
        missing = "" if self.compare in ("is null", "is not null") else "; rows without a value go too"
        return f"Keeps rows where {self.words()}{missing}."


class Reject(Condition):
    """No rows for which a condition holds; rows with a missing value stay."""

    describe: ClassVar[str] = "remove the rows for which a condition holds"
    op: Literal["reject"] = "reject"

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        if self.compare in ("is null", "is not null"):
            opposite = "isNotNull" if self.compare == "is null" else "isNull"
            return Fragment((f".filter(F.col({reference(self.column)}).{opposite}())",))
        return Fragment((f".filter(~F.coalesce({self.expression()}, F.lit(False)))",))

    def comment(self) -> str:
        """Return why the step is there."""
        return f"Removes rows where {self.words()}."


class DropNulls(Step):
    """No rows in which one of the columns is missing."""

    changes_rows: ClassVar[bool] = True
    describe: ClassVar[str] = "remove the rows in which a column is missing"
    op: Literal["drop_nulls"] = "drop_nulls"
    columns: list[str] = Field(min_length=1)

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, self.columns, self.op)
        return dict(columns)

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        return Fragment((f".dropna(subset=[{', '.join(map(reference, self.columns))}])",))

    def comment(self) -> str:
        """Return why the step is there."""
        return f"Removes rows without {words(self.columns)}."


class DropDuplicates(Step):
    """One of each set of rows that are the same in every column."""

    changes_rows: ClassVar[bool] = True
    describe: ClassVar[str] = "remove rows that are the same in every column"
    op: Literal["drop_duplicates"] = "drop_duplicates"

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        unfit = [name for name, kind in columns.items() if kind.startswith(("map<", "variant"))]
        if unfit:
            raise PlanError(
                "DEX-AGENT-12",
                f"Step `{self.op}` cannot compare column '{unfit[0]}', which is {columns[unfit[0]]}.",
                remedy="Use keep_latest with a key, or drop the column first.",
            )
        return dict(columns)

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        return Fragment((".dropDuplicates()",))

    def comment(self) -> str:
        """Return why the step is there."""
        return "Rows that are the same in every column count once."


class KeepLatest(Step):
    """Of the rows with the same key, the one with the greatest value of a column."""

    changes_rows: ClassVar[bool] = True
    describe: ClassVar[str] = "of the rows with the same key keep the latest"
    op: Literal["keep_latest"] = "keep_latest"
    key: list[str] = Field(min_length=1)
    by: str

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, [*self.key, self.by], self.op)
        need_type(columns, self.by, ["number", "time"], self.op)
        return dict(columns)

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        window = f"Window.partitionBy({', '.join(map(reference, self.key))}).orderBy(F.col({reference(self.by)}).desc_nulls_last())"
        return Fragment(
            (
                f'.withColumn("_newest", F.row_number().over({window}))',
                '.filter(F.col("_newest") == 1)',
                '.drop("_newest")',
            ),
            imports=("from pyspark.sql import Window",),
        )

    def comment(self) -> str:
        """Return why the step is there."""
        return f"Of the rows with the same {words(self.key)}, the one with the latest {self.by}."

    def probes(self, columns: Columns) -> list[Probe]:
        """Count the rows that are as late as another of the same key: which one stays would be chance."""
        rest = [name for name in columns if name not in {*self.key, self.by}]
        if not rest:
            return []
        part = f"partition by {', '.join(map(sql_name, self.key))}"
        newest = f"{sql_name(self.by)} <=> max({sql_name(self.by)}) over ({part})"
        tied = f"count(*) over ({part}, {sql_name(self.by)}) > 1"
        unlike = f"size(collect_set(xxhash64({', '.join(map(sql_name, rest))})) over ({part}, {sql_name(self.by)})) > 1"
        return [
            Probe(f"rows are as late as another with the same {words(self.key)}", f"{newest} and {tied} and {unlike}")
        ]
