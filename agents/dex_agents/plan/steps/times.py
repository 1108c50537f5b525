"""Clock times written as a whole number, such as 517 for 05:17, become timestamps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from dex_dbutils.errors import PlanError
from pydantic import Field, model_validator

from dex_agents.plan.columns import Columns, literal, need, need_type, reference, sql_name
from dex_agents.plan.steps.base import Fragment, Probe, Step

_AT_CLOCK = '''
def at_clock(day: Column, hhmm: Column) -> Column:
    """Return a clock time such as 517 (05:17) on a day, in the session's time zone; 2400 is the midnight after."""
    day = F.date_add(day, F.when(hhmm == 2400, 1).otherwise(0))
    clock = F.lpad((hhmm % 2400).cast("string"), 4, "0")
    return F.to_timestamp(F.concat(day.cast("string"), F.lit(" "), clock), "yyyy-MM-dd HHmm")
'''
_AT_CLOCK_AFTER = '''
def at_clock_after(start: Column, hhmm: Column) -> Column:
    """Return the first such clock time at or after a start."""
    day = F.to_date(start)
    at = at_clock(day, hhmm)
    return F.when(at < start, at_clock(F.date_add(day, 1), hhmm)).otherwise(at)
'''
_AT_CLOCK_NEAR = '''
def at_clock_near(plan: Column, minutes: Column, hhmm: Column) -> Column:
    """Return such a clock time on the day that brings it nearest to a planned time plus so many minutes."""
    day = F.to_date(plan)
    days_off = (F.unix_timestamp(plan) + 60 * minutes - F.unix_timestamp(at_clock(day, hhmm))) / 86400
    return at_clock(F.date_add(day, F.round(days_off).cast("int")), hhmm)
'''


class DeriveTimestamp(Step):
    """A timestamp from a clock time such as 517 and the parts of a date.

    Attributes:
        column: the new column; may be the one that holds the clock time.
        time: whole number, hours times 100 plus minutes; 2400 is the midnight that ends the day.
        year: column of the year.
        month: column of the month.
        day: column of the day of the month.
        after: timestamp that the time cannot lie before; it is the first such time at or after it.
        near: timestamp that the time lies near, ``plus_minutes`` later: the day is chosen so.
        plus_minutes: column of minutes, such as a delay.
    """

    describe: ClassVar[str] = "make a timestamp of a clock time such as 517 and a date's parts"
    op: Literal["derive_timestamp"] = "derive_timestamp"
    column: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    time: str
    year: str
    month: str
    day: str
    after: str | None = None
    near: str | None = None
    plus_minutes: str | None = None

    @model_validator(mode="after")
    def _one_way_to_the_day(self) -> DeriveTimestamp:
        if self.after and self.near:
            raise ValueError("`after` and `near` exclude each other")
        if (self.near is None) != (self.plus_minutes is None):
            raise ValueError("`near` and `plus_minutes` go together")
        return self

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        parts = [self.time, self.year, self.month, self.day]
        need(columns, parts, self.op)
        for name in parts:
            need_type(columns, name, ["integer"], self.op)
        for other in (self.after, self.near):
            if other:
                need(columns, [other], self.op)
                need_type(columns, other, ["timestamp"], self.op)
        if self.plus_minutes:
            need(columns, [self.plus_minutes], self.op)
            need_type(columns, self.plus_minutes, ["integer"], self.op)
        if self.column in columns and self.column != self.time:
            raise PlanError(
                "DEX-AGENT-12",
                f"Step `{self.op}` would overwrite column '{self.column}'.",
                remedy="Choose a name that is free, or that of the clock time itself.",
            )
        return {**columns, self.column: "timestamp"}

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        date = f"F.make_date({', '.join(map(reference, (self.year, self.month, self.day)))})"
        time = f"F.col({reference(self.time)})"
        helpers = [_AT_CLOCK]
        call = f"at_clock({date}, {time})"
        if self.after:
            helpers.append(_AT_CLOCK_AFTER)
            call = f"at_clock_after(F.col({reference(self.after)}), {time})"
        elif self.near and self.plus_minutes:
            helpers.append(_AT_CLOCK_NEAR)
            call = f"at_clock_near(F.col({reference(self.near)}), F.col({reference(self.plus_minutes)}), {time})"
        return Fragment(
            (f".withColumn({literal(self.column)}, {call})",),
            helpers=tuple(helpers),
            imports=("from pyspark.sql import Column",),
        )

    def comment(self) -> str:
        """Return why the step is there."""
        text = f"{self.time} is a clock time, 517 for 05:17"
        if self.after:
            return f"{text}: the first one at or after {self.after}."
        if self.near:
            return f"{text}; its day is the one nearest to {self.near} plus {self.plus_minutes} minutes."
        return f"{text}, taken in the session's time zone: beside instants it is right only if it was written in that zone."

    def probes(self, columns: Columns) -> list[Probe]:
        """Count the numbers that are no clock time, the parts that are no date, and what would become null."""
        time = sql_name(self.time)
        date = f"make_date({', '.join(map(sql_name, (self.year, self.month, self.day)))})"
        found = [
            Probe(
                f"values of {self.time} are no clock time",
                f"{time} < 0 or {time} > 2400 or {time} % 100 > 59",
                example=f"cast({time} as string)",
            ),
            Probe(f"values of {self.time} have no date", f"{time} is not null and {date} is null"),
        ]
        if self.near:
            lost = (
                f"{time} is not null and ({sql_name(self.near)} is null or {sql_name(str(self.plus_minutes))} is null)"
            )
            found.append(Probe(f"values of {self.time} have no {self.near} or {self.plus_minutes}", lost))
        if self.after:
            lost = f"{time} is not null and {sql_name(self.after)} is null"
            found.append(Probe(f"values of {self.time} have no {self.after}, so their day is not sure", lost))
        return found

    @property
    def title(self) -> str:
        """The step in a few words."""
        return f"timestamp of {self.time}"
