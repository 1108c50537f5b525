"""What holds for every level: in CI nothing is skipped, and no test sees the person's own settings."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

CI = os.environ.get("CI", "").lower() in {"1", "true"}
for _name in ("DEX_ENV", "DEX_PROJECT", "SPARK_REMOTE", "DATABRICKS_HOST", "DATABRICKS_TOKEN", "OPENAI_API_KEY"):
    os.environ.pop(_name, None)

# A shell that starts the tests in the background has them ignore Ctrl-C, and every kernel that they start as well.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Turn a skip into a failure under CI=true: a level that did not run has not passed."""
    outcome = yield
    report = outcome.get_result()
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI=true: {report.longrepr}"
