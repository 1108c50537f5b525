"""Export: a notebook as a module, its parameters, tests, job and source map."""

from dex.export.batch import BatchReport, cores, export_notebooks, exported_in, left_behind
from dex.export.cell_states import CellState, CellStates, cell_states
from dex.export.drafting import Draft
from dex.export.emitted import EmittedJob, EmittedPipeline, read_emitted
from dex.export.exporting import Exporter, export_notebook, module_name, shown_path
from dex.export.models import ExportedFile, ExportRefused, ExportReport, Refusal, ReportLine
from dex.export.mutation.run import MutantOutcome, MutationReport, try_mutants
from dex.export.own_jobs import JobConfiguration
from dex.export.places.covering import CellCoverage, CoverageReport, cell_coverage
from dex.export.places.finding import NotebookPlaces, Place
from dex.export.places.tracing import Trace, trace, with_places
from dex.export.project_files import memory_of_bundle, shared_files
from dex.export.purity import parse_sql
from dex.export.slicing import changed_in_place
from dex.export.suggesting import Suggestion, Suggestions, suggest_regions
from dex.export.suite import CaseOutcome, SuiteReport, run_tests
from dex.export.survey import SurveyReport, find_notebooks, module_names, notebooks_in, survey
from dex.export.sync.files import SyncReport, sync_notebook

__all__ = [
    "BatchReport",
    "CaseOutcome",
    "CellCoverage",
    "CellState",
    "CellStates",
    "CoverageReport",
    "Draft",
    "EmittedJob",
    "EmittedPipeline",
    "ExportRefused",
    "ExportReport",
    "ExportedFile",
    "Exporter",
    "JobConfiguration",
    "MutantOutcome",
    "MutationReport",
    "NotebookPlaces",
    "Place",
    "Refusal",
    "ReportLine",
    "Suggestion",
    "Suggestions",
    "SuiteReport",
    "SurveyReport",
    "SyncReport",
    "Trace",
    "cell_coverage",
    "cell_states",
    "changed_in_place",
    "cores",
    "export_notebook",
    "export_notebooks",
    "exported_in",
    "find_notebooks",
    "left_behind",
    "memory_of_bundle",
    "module_name",
    "module_names",
    "notebooks_in",
    "parse_sql",
    "read_emitted",
    "run_tests",
    "shared_files",
    "shown_path",
    "suggest_regions",
    "survey",
    "sync_notebook",
    "trace",
    "try_mutants",
    "with_places",
]
