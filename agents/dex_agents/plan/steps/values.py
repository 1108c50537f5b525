"""Steps that change values in place: missing words, blanks, case, types, defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from dex_dbutils.errors import PlanError
from pydantic import Field

from dex_agents.plan.columns import (
    Columns,
    is_number,
    is_text,
    literal,
    need,
    need_type,
    reference,
    sql_name,
    sql_text,
    text_columns,
)
from dex_agents.plan.steps.base import Fragment, Probe, Step

CastType = str
#: What a cast may turn a column into; decimals are written ``decimal(10,2)``.
CAST_TYPES = ("string", "int", "bigint", "double", "boolean", "date", "timestamp")
_CAST_PATTERN = rf"^({'|'.join(CAST_TYPES)}|decimal\((?:[1-9]|[12]\d|3[0-8]),\s?\d{{1,2}}\))$"


def column_list(names: list[str]) -> str:
    """Return names as a Python list."""
    return f"[{', '.join(literal(name) for name in names)}]"


def words(names: list[str], most: int = 4) -> str:
    """Return names for a comment, shortened where there are many."""
    shown = ", ".join(names[:most])
    return ", ".join(names) if len(names) <= most + 1 else f"{shown} and {len(names) - most} more"


#: Type -> what its values are called in a comment.
_LABELS = {
    "string": "Text",
    "int": "Whole numbers",
    "bigint": "Long whole numbers",
    "double": "Decimal numbers",
    "boolean": "Yes or no",
    "date": "Dates",
    "timestamp": "Points in time",
}


class NullTokens(Step):
    """Words that stand for a missing value become null; in every text column unless some are named."""

    describe: ClassVar[str] = "words such as NA that stand for a missing value become null"
    op: Literal["null_tokens"] = "null_tokens"
    tokens: list[str] = Field(min_length=1)
    columns: list[str] | None = None

    def targets(self, columns: Columns) -> list[str]:
        """Return the columns the step works on."""
        return text_columns(columns) if self.columns is None else self.columns

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, self.columns or [], self.op)
        for name in self.columns or []:
            need_type(columns, name, ["text"], self.op)
        if not self.targets(columns):
            raise PlanError(
                "DEX-AGENT-12",
                f"Step `{self.op}` finds no text column at that point.",
                remedy="Put it before the casts: words such as NA are in text columns only.",
            )
        return dict(columns)

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        tokens = literal(self.tokens[0]) if len(self.tokens) == 1 else column_list(self.tokens)
        subset = "" if self.columns is None else f", subset=[{', '.join(map(reference, self.columns))}]"
        return Fragment((f".replace({tokens}, None{subset})",))

    def comment(self) -> str:
        """Return why the step is there."""
        shown = ", ".join(f'"{token}"' if token else "an empty text" for token in self.tokens)
        return f"{shown} stand{'s' if len(self.tokens) == 1 else ''} for a missing value."

    def probes(self, columns: Columns) -> list[Probe]:
        """Count the values that become null."""
        tokens = ", ".join(map(sql_text, self.tokens))
        return [
            Probe(f"values of {name} become null", f"{sql_name(name)} in ({tokens})", lossy=False)
            for name in self.targets(columns)
        ]


class Trim(Step):
    """Spaces around text go."""

    describe: ClassVar[str] = "remove spaces around text"
    op: Literal["trim"] = "trim"
    columns: list[str] = Field(min_length=1)

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, self.columns, self.op)
        for name in self.columns:
            need_type(columns, name, ["text"], self.op)
        return dict(columns)

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        return each(self.columns, "texts", "F.trim({})")

    def comment(self) -> str:
        """Return why the step is there."""
        return f"Spaces around {words(self.columns)} carry no meaning."

    def probes(self, columns: Columns) -> list[Probe]:
        """Count the values that change."""
        return [
            Probe(f"values of {name} lose spaces", f"{sql_name(name)} != trim({sql_name(name)})", lossy=False)
            for name in self.columns
        ]


class StandardCase(Step):
    """Text in one case."""

    describe: ClassVar[str] = "write text in upper, lower or title case"
    op: Literal["standard_case"] = "standard_case"
    columns: list[str] = Field(min_length=1)
    to: Literal["upper", "lower", "title"]

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, self.columns, self.op)
        for name in self.columns:
            need_type(columns, name, ["text"], self.op)
        return dict(columns)

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        function = {"upper": "upper", "lower": "lower", "title": "initcap"}[self.to]
        return each(self.columns, f"{self.to}_case", f"F.{function}({{}})")

    def comment(self) -> str:
        """Return why the step is there."""
        return f"One spelling: {words(self.columns)} in {self.to} case."


class Cast(Step):
    """Columns of another type. A value that does not fit stops the query instead of becoming null unseen."""

    describe: ClassVar[str] = "give columns a type"
    op: Literal["cast"] = "cast"
    columns: list[str] = Field(min_length=1)
    to: CastType = Field(pattern=_CAST_PATTERN)
    format: str | None = None

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, self.columns, self.op)
        for name in self.columns:
            if self.format is not None:
                need_type(columns, name, ["text"], self.op)
            elif self.to in ("date", "timestamp"):
                need_type(columns, name, ["text", "time"], self.op)
        if self.format is not None and self.to not in ("date", "timestamp"):
            raise PlanError(
                "DEX-AGENT-12",
                f"Step `{self.op}` has a format for {self.to}; only date and timestamp take one.",
                remedy="Leave the format out.",
            )
        after = self.to.replace(" ", "")
        return {name: after if name in self.columns else kind for name, kind in columns.items()}

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        after = self.to.replace(" ", "")
        if self.format is not None:
            function = f"F.to_{after}({{}}, {literal(self.format)})"
            return each(self.columns, f"{after}s", function)
        variable = {"int": "integers", "bigint": "long_integers", "double": "decimals", "boolean": "flags"}.get(
            after, "dates" if after == "date" else "timestamps" if after == "timestamp" else "texts"
        )
        if after.startswith("decimal"):
            variable = "amounts"
        return each(self.columns, variable, f"F.col({{}}).cast({literal(after)})")

    def comment(self) -> str:
        """Return why the step is there."""
        label = "Amounts" if self.to.startswith("decimal") else _LABELS[self.to]
        return f"{label}{f' written as {self.format}' if self.format else ''}: {words(self.columns)}."

    def probes(self, columns: Columns) -> list[Probe]:
        """Count the values that the new type cannot hold as they are."""
        return [
            Probe(
                f"values of {name} are no {self.to}",
                _does_not_fit(sql_name(name), columns[name], self.to, self.format),
                example=f"cast({sql_name(name)} as string)",
            )
            for name in self.columns
        ]


def _does_not_fit(value: str, before: str, after: str, form: str | None) -> str:
    """Return a condition for values that a cast would lose or change."""
    if form is not None:
        return f"{value} is not null and try_to_timestamp({value}, {sql_text(form)}) is null"
    cast = f"try_cast({value} as {after})"
    lost = f"{value} is not null and {cast} is null"
    if after in ("int", "bigint") and (is_number(before) or is_text(before)):
        return f"({lost}) or try_cast({value} as double) != cast({cast} as double)"
    if after == "double" and (is_text(before) or before == "bigint"):
        # from 2**53 on two whole numbers become the same double, and what is too large becomes infinite
        whole = f"{value} rlike '^ *[+-]?[0-9]+ *$' and " if is_text(before) else ""
        infinite = f"{value} rlike '[0-9]' and abs({cast}) = cast('Infinity' as double)" if whole else "false"
        return f"({lost}) or ({whole}abs({cast}) >= 9007199254740992) or ({infinite})"
    if after.startswith("decimal"):
        return f"({lost}) or try_cast({value} as decimal(38,18)) != cast({cast} as decimal(38,18))"
    if after == "date":
        return f"({lost}) or try_cast({value} as timestamp) != cast({cast} as timestamp)"
    return lost


class Fill(Step):
    """A default where a value is missing."""

    describe: ClassVar[str] = "put a value where one is missing"
    op: Literal["fill"] = "fill"
    columns: list[str] = Field(min_length=1)
    value: bool | int | float | str

    def apply(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the step."""
        need(columns, self.columns, self.op)
        wanted = "text" if isinstance(self.value, str) else "boolean" if isinstance(self.value, bool) else "number"
        for name in self.columns:
            need_type(columns, name, [wanted], self.op)
        return dict(columns)

    def code(self, columns: Columns) -> Fragment:
        """Return the step as PySpark."""
        return Fragment((f".fillna({literal(self.value)}, subset=[{', '.join(map(reference, self.columns))}])",))

    def comment(self) -> str:
        """Return why the step is there."""
        return f"Where {words(self.columns)} is missing, {literal(self.value)} holds."

    def probes(self, columns: Columns) -> list[Probe]:
        """Count the values that are filled."""
        return [
            Probe(f"values of {name} are filled", f"{sql_name(name)} is null", lossy=False) for name in self.columns
        ]


def each(names: list[str], variable: str, expression: str) -> Fragment:
    """Return a ``withColumns`` call that rewrites every named column by one expression.

    Args:
        names: the columns.
        variable: name of the local list where there are more than three of them.
        expression: Python source with ``{}`` where the column's name stands.
    """
    if len(names) > 3 and not any("." in name for name in names):
        call = ".withColumns({name: " + expression.replace("{}", "name") + f" for name in {variable}}})"
        return Fragment((call,), {variable: tuple(names)})
    pairs = ", ".join(f"{literal(name)}: {expression.replace('{}', reference(name))}" for name in names)
    if len(names) == 1:
        return Fragment((f".withColumn({literal(names[0])}, {expression.replace('{}', reference(names[0]))})",))
    return Fragment((f".withColumns({{{pairs}}})",))
