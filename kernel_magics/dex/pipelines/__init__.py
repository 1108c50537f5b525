"""Declarative pipelines on this machine: their sources run, their datasets ordered and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.pipelines.libraries import pipeline_of
from dex.pipelines.models import DatasetReport, ExpectationReport, Pipeline, PipelineSettings, Update, check_made
from dex.pipelines.sql_words import NotOfPipeline, Words

if TYPE_CHECKING:
    from dex.pipelines.local import bundle_pipeline as bundle_pipeline
    from dex.pipelines.local import update_pipeline as update_pipeline
    from dex.pipelines.running import run_pipeline as run_pipeline

_HOMES = {"bundle_pipeline": "local", "update_pipeline": "local", "run_pipeline": "running"}

__all__ = [
    "DatasetReport",
    "ExpectationReport",
    "NotOfPipeline",
    "Pipeline",
    "PipelineSettings",
    "Update",
    "Words",
    "bundle_pipeline",
    "check_made",
    "pipeline_of",
    "run_pipeline",
    "update_pipeline",
]


def __getattr__(name: str) -> Any:
    """Load what runs pipelines only for those who run one."""
    from importlib import import_module

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{home}"), name)
