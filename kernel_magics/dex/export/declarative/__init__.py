"""Layered notebooks, which read tables, transform and write tables, as one declarative pipeline."""

from dex.export.declarative.emitting import PipelineReport, PipelineTable, emit_pipeline
from dex.export.declarative.models import PipelineRefused

__all__ = ["PipelineRefused", "PipelineReport", "PipelineTable", "emit_pipeline"]
