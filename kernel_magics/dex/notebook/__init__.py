"""Notebooks: reading them as cells and statements, following names through them, running them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.notebook.converting import convert, left_behind
from dex.notebook.dataflow import Flow, flow_of
from dex.notebook.ipynb import RESOLVE, merge_conflict
from dex.notebook.lexing import lex
from dex.notebook.models import Cell, Magic, Notebook, Statement
from dex.notebook.parameters import parameter_texts, parse_parameters
from dex.notebook.plain import is_plain, read_plain
from dex.notebook.reading import notebook_bytes, parse_notebook, read_notebook
from dex.notebook.references import RunReference, parse_run, resolve_run
from dex.notebook.source import is_source
from dex.notebook.sql_text import WIDGET_FIELD, marker_places, markers_of, split_sql, widget_of

if TYPE_CHECKING:
    from dex.notebook.running import RunReport, run_notebook

__all__ = [
    "RESOLVE",
    "WIDGET_FIELD",
    "Cell",
    "Flow",
    "Magic",
    "Notebook",
    "RunReference",
    "RunReport",
    "Statement",
    "convert",
    "flow_of",
    "is_plain",
    "is_source",
    "left_behind",
    "lex",
    "marker_places",
    "markers_of",
    "merge_conflict",
    "notebook_bytes",
    "parameter_texts",
    "parse_notebook",
    "parse_parameters",
    "parse_run",
    "read_notebook",
    "read_plain",
    "resolve_run",
    "run_notebook",
    "split_sql",
    "widget_of",
]


def __getattr__(name: str) -> Any:
    """Load nbclient only for those who run a notebook."""
    if name in ("RunReport", "run_notebook"):
        from dex.notebook import running

        return getattr(running, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
