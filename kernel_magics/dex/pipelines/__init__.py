"""Declarative pipelines on this machine: their sources run, their datasets ordered and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.pipelines.libraries import pipeline_of
from dex.pipelines.models import DatasetReport, ExpectationReport, Pipeline, PipelineSettings, Update, check_made

if TYPE_CHECKING:
    from dex.pipelines.running import run_pipeline

__all__ = [
    "DatasetReport",
    "ExpectationReport",
    "Pipeline",
    "PipelineSettings",
    "Update",
    "check_made",
    "pipeline_of",
    "run_pipeline",
]


def __getattr__(name: str) -> Any:
    """Load what runs pipelines only for those who run one."""
    if name == "run_pipeline":
        from dex.pipelines.running import run_pipeline

        return run_pipeline
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
