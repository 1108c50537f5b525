"""Export: a notebook as a module, its parameters, tests, job and source map."""

from dex.export.exporting import export_notebook
from dex.export.models import ExportedFile, ExportReport, Refusal, ReportLine

__all__ = ["ExportReport", "ExportedFile", "Refusal", "ReportLine", "export_notebook"]
