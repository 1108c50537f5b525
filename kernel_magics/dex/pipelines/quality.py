"""Expectations: rows counted, dropped, or a reason to stop.

A row meets an expectation where its constraint is true; false and NULL do not. Every expectation counts all rows that
the query gives, also those that another one drops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dex_dbutils import PipelineError

from dex.pipelines.elements import Dataset, Expectation
from dex.pipelines.models import DatasetReport, ExpectationReport


def count(frame: Any, expectations: Sequence[Expectation]) -> tuple[int, int, list[ExpectationReport]]:
    """Return how many rows a frame has, how many are dropped, and what each expectation counts; one scan."""
    from pyspark.sql import functions as F

    dropping = [f"({each.constraint})" for each in expectations if each.action == "drop"]
    sums = [F.expr(f"sum(case when ({each.constraint}) then 0 else 1 end)") for each in expectations]
    lost = F.expr(f"sum(case when {' and '.join(dropping)} then 0 else 1 end)") if dropping else F.lit(0)
    row = frame.agg(F.count(F.lit(1)), lost, *sums).collect()[0]
    rows = int(row[0])
    failed = [int(value or 0) for value in row[2:]]
    counted = [
        ExpectationReport(name=each.name, action=each.action, passed=rows - bad, failed=bad)
        for each, bad in zip(expectations, failed, strict=True)
    ]
    return rows, int(row[1] or 0), counted


def kept(frame: Any, expectations: Sequence[Expectation]) -> Any:
    """Return a frame without the rows that expectations drop."""
    for each in expectations:
        if each.action == "drop":
            frame = frame.where(f"({each.constraint})")
    return frame


def check(dataset: Dataset, counted: Sequence[ExpectationReport]) -> None:
    """Stop where rows do not meet an expectation that says so.

    Raises:
        PipelineError: DEX-PIPELINE-11.
    """
    for each in counted:
        if each.action == "fail" and each.failed:
            rows = "1 row does" if each.failed == 1 else f"{each.failed} rows do"
            raise PipelineError(
                "DEX-PIPELINE-11",
                f"{rows} not meet the expectation '{each.name}' of {dataset.name}; nothing was written.",
                dataset.place,
                "Look at the rows that the query gives; drop them or warn of them where they may come.",
            )


def add_counts(report: DatasetReport, dropped: int, counted: Sequence[ExpectationReport]) -> None:
    """Add what the rows of one flow counted to what those of the others did."""
    report.dropped += dropped
    known = {each.name: each for each in report.expectations}
    for each in counted:
        if each.name in known:
            known[each.name].passed += each.passed
            known[each.name].failed += each.failed
        else:
            report.expectations.append(each)
