"""Databricks notebooks in this kernel: their magics and names, on request."""

from __future__ import annotations

from dex.databricks.checking import check_runnable, counts_on_databricks
from dex.databricks.mode import SwitchReport, switch_off, switch_on

__all__ = ["SwitchReport", "check_runnable", "counts_on_databricks", "switch_off", "switch_on"]
