"""Every check of a proposal, in order; one that could not be made is ``not run``, never passed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dex_agents.answers import Answer
from dex_agents.context import Context
from dex_agents.evidence import count_keys
from dex_agents.gate.assertions import assertions_for
from dex_agents.gate.excess import unasked
from dex_agents.gate.intent import unmet
from dex_agents.gate.policy import check_policy
from dex_agents.gate.sample import Sample, take_sample
from dex_agents.gate.sandbox import holds, run_code
from dex_agents.gate.values import values_changed
from dex_agents.models import Check, CheckStatus, ColumnChange, StepRows, Verdict
from dex_agents.plan import Columns, Join, Plan, compile_plan
from dex_agents.plan.steps import DropDuplicates, Rename

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Most breaches, examples and columns that one detail names.
MOST = 3


@dataclass
class Judged:
    """A verdict, and what the gate made on its way.

    Args:
        verdict: the verdict.
        assertions: code of a second cell; empty where nothing ran.
        hints: what failed, in words without any value of the data, for a model that may try again.
    """

    verdict: Verdict
    assertions: str = ""
    hints: list[str] = field(default_factory=list)


def judge(
    code: str,
    answer: Answer,
    context: Context,
    sample: Callable[[], Sample] | None = None,
    secrets_in: Callable[[str], list[str]] = lambda code: [],
) -> Judged:
    """Return the verdict on proposed code.

    Args:
        code: the code of a cell.
        answer: the plan it was compiled from, or what its author declared.
        context: request and frames.
        sample: gives the sample; taken anew if not given.
        secrets_in: gives the names of the secrets whose values stand in a text.
    """
    gate = _Gate(code, answer, context, sample or (lambda: sample_of(context)), secrets_in)
    gate.run()
    verdict = Verdict.of(gate.checks, gate.words, gate.rows, gate.columns)
    return Judged(verdict, gate.assertions, gate.hints)


def sample_of(context: Context) -> Sample:
    """Return the sample of a request's first frame."""
    return take_sample(context.frames[context.frame], context.columns, context.evidence.rows, context.key)


class _Stop(Exception):
    """A check failed that every later one needs."""


class _Gate:
    def __init__(
        self,
        code: str,
        answer: Answer,
        context: Context,
        sample: Callable[[], Sample],
        secrets_in: Callable[[str], list[str]],
    ) -> None:
        self.code, self.answer, self.context, self._sample = code, answer, context, sample
        self._secrets_in = secrets_in
        self.checks: list[Check] = []
        self.rows: list[StepRows] = []
        self.columns: list[ColumnChange] = []
        self.hints: list[str] = []
        self.words = ""
        self.assertions = ""

    def run(self) -> None:
        """Make every check; what could not be made stays in the list as not run."""
        made: list[tuple[str, Callable[[], None]]] = [
            ("parse", self._parse),
            ("policy", self._policy),
            ("sample", self._run),
            ("columns", self._columns),
            ("values", self._values),
            ("rows", self._rows),
            ("key", self._key),
            ("assertions", self._assertions),
            ("request", self._request),
        ]
        stopped = False
        for name, check in made:
            if stopped:
                self._add(name, "not run", "an earlier check failed", required=name != "key" or bool(self.context.key))
                continue
            try:
                check()
            except _Stop:
                stopped = True
            except Exception as error:
                if not _answers(self.context):
                    raise  # the engine is gone: that says nothing of the code
                self._add(name, "failed", _first_line(error))
                self.hints.append(_hint(name, error))
                stopped = name == "sample"

    def _add(self, name: str, status: CheckStatus, detail: str, *, required: bool = True) -> None:
        self.checks.append(Check(name=name, status=status, required=required, detail=detail))

    # -- the checks, in order ------------------------------------------------------------------------------------------

    def _parse(self) -> None:
        try:
            self.tree = ast.parse(self.code)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            place = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
            self._add("parse", "failed", place)
            self.hints.append(f"The code cannot be parsed: {place}.")
            raise _Stop from error
        self._add("parse", "passed", "the code is Python")

    def _policy(self) -> None:
        secrets = self._secrets_in(self.code)
        if secrets:
            # what is shown and kept has the name in its place, so it is no longer the code that was judged
            self._add("policy", "failed", f"it holds the value of {', '.join(secrets)}, which is a secret")
            self.hints.append(f"The code holds the value of {', '.join(secrets)}, which is a secret.")
            raise _Stop
        breaches, shape = check_policy(self.tree, self.context.request.frames, self.context.into)
        if breaches or shape is None:
            shown = [str(breach) for breach in breaches[:MOST]]
            more = f"; {len(breaches) - MOST} more" if len(breaches) > MOST else ""
            self._add("policy", "failed", "; ".join(shown) + more)
            self.hints += [f"Not allowed: {breach}." for breach in breaches[:MOST]]
            raise _Stop
        self._add("policy", "passed", "it transforms frames, and does nothing else")

    def _run(self) -> None:
        self.sample = self._sample()
        self.words = self.sample.words
        self.frames: dict[str, DataFrame] = {**self.context.frames, self.context.frame: self.sample.frame}
        self.result = self._result_of(self.code, self.frames)
        self.after: Columns = {field.name: field.dataType.simpleString() for field in self.result.schema.fields}
        self.columns = _changes(self.context.columns, self.after)
        if self.sample.rows == 0:
            self.rows_out = 0
            self._add("sample", "not run", "the frame has no rows")
            return
        self.rows_out = self.result.count()
        self._add("sample", "passed", f"ran on {self.sample.words}")

    def _result_of(self, code: str, frames: Mapping[str, DataFrame]) -> DataFrame:
        result: DataFrame = run_code(code, frames, self.context.into)
        if not hasattr(result, "schema") or not hasattr(result, "groupBy"):
            raise TypeError(f"the function returns a {type(result).__name__}, no frame")
        return result

    def _columns(self) -> None:
        plan = self.answer.plan
        declared = plan.result(self.context.columns, self.context.others) if plan else self.answer.types
        if declared is None:
            self._add("columns", "not run", "the code does not declare the columns of its result")
            return
        wrong = [
            f"{name} is {self.after.get(name, 'missing')}, declared {kind}"
            for name, kind in declared.items()
            if self.after.get(name) != kind
        ] + [f"{name} is not declared" for name in self.after if name not in declared]
        if wrong:
            self._add("columns", "failed", "; ".join(wrong[:MOST]))
            self.hints += [f"Columns: {text}." for text in wrong[:MOST]]
        else:
            self._add(
                "columns",
                "passed",
                f"{len(declared)} columns have the declared names and types"
                if len(declared) > 1
                else "the column has the declared name and type",
            )

    def _values(self) -> None:
        plan = self.answer.plan
        if plan is None or self.sample.rows == 0:
            self._add(
                "values", "not run", "what the code does to single values is not known" if plan is None else "no rows"
            )
            return
        found = values_changed(plan, self.context, self.sample, self._before)
        self.hints += found.hints
        if found.lost:
            more = f"; {len(found.lost) - MOST} more" if len(found.lost) > MOST else ""
            self._add("values", "failed", "; ".join(found.lost[:MOST]) + more)
        else:
            kept = "no value is lost or changed by a step that should not"
            self._add("values", "passed", "; ".join([kept, *(f"{n:,} {what}" for what, n in found.told.items())]))

    def _rows(self) -> None:
        plan, rows = self.answer.plan, self.sample.rows
        if rows == 0:
            self._add("rows", "not run", "no rows")
            return
        if plan is None:
            self.rows.append(StepRows(step=self.context.into, rows_in=rows, rows_out=self.rows_out))
            if rows == self.rows_out:
                self._add("rows", "passed", f"{rows:,} rows in and out")
            else:
                self._add(
                    "rows", "not run", f"{rows:,} rows in, {self.rows_out:,} out; which line does it is not known"
                )
            return
        problems: list[str] = []
        count = rows
        for number, step in enumerate(plan.steps):
            if not step.changes_rows:
                continue
            out = self._before(plan, number + 1).count()
            self.rows.append(StepRows(step=step.title, rows_in=count, rows_out=out))
            if out > count:
                again = f" more than one row of {step.frame} has the same key" if isinstance(step, Join) else ""
                problems.append(f"{step.title} makes {count:,} rows {out:,}:{again}")
            count = out
        if count != self.rows_out:
            problems.append(f"the steps leave {count:,} rows, the code {self.rows_out:,}")
        if self.rows_out == 0:
            problems.append("no row is left")
        if problems:
            self._add("rows", "failed", "; ".join(problems))
            self.hints += [f"Rows: {problem}." for problem in problems]
        else:
            steps = "; ".join(f"{step.step} {_difference(step)}" for step in self.rows)
            self._add("rows", "passed", f"{rows:,} rows in, {count:,} out" + (f": {steps}" if steps else ""))

    def _key(self) -> None:
        key = self.context.key
        if not key:
            self._add("key", "not run", "the request names no key", required=False)
            return
        after = _renamed(key, self.answer.plan)
        gone = [name for name in after if name not in self.after]
        if gone:
            self._add("key", "failed", f"the result has no column {gone[0]}")
            self.hints.append(f"Key: the result has no column {gone[0]}.")
            return
        if self.sample.rows == 0:
            self._add("key", "not run", "no rows")
            return
        # one key in a million rows is in no sample: this alone looks at all of them, in one aggregation
        result = self.result if self.sample.complete else self._result_of(self.code, self.context.frames)
        twice, missing = count_keys(result, after)
        shown = ", ".join(after)
        if twice or missing:
            problems = [f"{twice:,} {'keys occur' if twice > 1 else 'key occurs'} more than once"] * bool(twice) + [
                f"{missing:,} {'rows lack' if missing > 1 else 'row lacks'} a part of it"
            ] * bool(missing)
            self._add("key", "failed", f"{shown}: {'; '.join(problems)}")
            self.hints.append(f"Key {shown}: {'; '.join(problems)}.")
        else:
            self._add("key", "passed", f"{shown}: unique and never null in all {self.sample.total:,} rows")

    def _assertions(self) -> None:
        plan = self.answer.plan
        unique = plan is not None and any(isinstance(step, DropDuplicates) for step in plan.steps)
        key = _renamed(self.context.key, plan) if self.context.key else None
        self.assertions = assertions_for(self.context.into, self.after, key, unique_rows=unique)
        if self.sample.rows == 0:
            self._add("assertions", "not run", "no rows")
            return
        if holds(self.assertions, self.context.into, self.result):
            count = self.assertions.count("assert ")
            self._add("assertions", "passed", f"{count} generated, and the sample keeps to all of them")
        else:
            self._add("assertions", "failed", "the code of the second cell does not hold for the sample")

    def _request(self) -> None:
        wishes = self.context.wishes
        broken = unmet(wishes, self.context, self.result, self.after, self.rows_out)
        extra = unasked(wishes, self.context, self.answer.plan, self.after)
        refused = self.answer.not_followed if self.answer.judged else tuple(wishes.not_followed)
        if not wishes.not_followed:
            broken += [f"{text}, which was not asked for" for text in extra]
        if broken:
            self._add("request", "failed", "; ".join(broken[:MOST]))
            self.hints += [f"The request is not followed: {text}." for text in broken[:MOST]]
        elif refused and self.answer.judged:
            self._add("request", "not run", f"{len(refused)} phrase{'s' * (len(refused) > 1)} not followed")
        elif refused:
            shown = "; ".join(f"“{text}”" for text in refused)
            detail = f"whether it does what these ask is for you to judge: {shown}"
            detail += f"; it does more than the rest asks: {'; '.join(extra[:MOST])}" if extra else ""
            self._add("request", "not run", detail, required=bool(extra))
        else:
            self._add("request", "passed", "every phrase was followed")

    def _before(self, plan: Plan, number: int, whole: bool = False) -> DataFrame:
        """Return the sample, or the whole frame, after the first steps, by the very code that they are compiled to."""
        frames = self.context.frames if whole else self.frames
        if number == 0:
            return frames[self.context.frame]
        if number == len(plan.steps):
            return self._result_of(self.code, frames) if whole else self.result
        part = plan.model_copy(update={"steps": plan.steps[:number]})
        context = self.context
        compiled = compile_plan(part, context.frame, context.columns, context.others, context.into)
        return self._result_of(compiled.code, frames)


def _answers(context: Context) -> bool:
    """Return whether the engine still answers."""
    try:
        return bool(context.frames[context.frame].sparkSession.range(1).count() == 1)
    except Exception:  # noqa: BLE001  whatever it is: the engine did not answer
        return False


def _changes(before: Columns, after: Columns) -> list[ColumnChange]:
    changed = [
        ColumnChange(name=name, before=before.get(name), after=kind)
        for name, kind in after.items()
        if before.get(name) != kind
    ]
    return changed + [
        ColumnChange(name=name, before=kind, after=None) for name, kind in before.items() if name not in after
    ]


def _renamed(key: tuple[str, ...], plan: Plan | None) -> tuple[str, ...]:
    for step in plan.steps if plan else []:
        if isinstance(step, Rename):
            key = tuple(step.to if name == step.column else name for name in key)
    return key


def _difference(step: StepRows) -> str:
    gone = step.rows_in - step.rows_out
    return f"removes {gone:,}" if gone else "removes none"


def _first_line(error: Exception) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text if len(text) <= 300 else f"{text[:299]}…"


def _hint(name: str, error: Exception) -> str:
    """Return what a model may know of a failure: an engine's message may hold values, unless it is about names only."""
    kind = type(error).__name__
    if kind == "AnalysisException" or isinstance(error, TypeError | AttributeError | NameError | TimeoutError):
        return f"Check {name} failed with {kind}: {_first_line(error)}"
    return f"Check {name} failed with {kind}."
