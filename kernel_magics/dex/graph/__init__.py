"""The graph of a job: tasks from notebooks, edges from the tables, values and notebooks that they exchange."""

from dex.graph.drawing import mermaid_ids, mermaid_text, stages_in, tree_text
from dex.graph.infer import infer_graph
from dex.graph.models import Edge, Input, JobGraph, Place, Question, Reason, Task
from dex.graph.sql import is_common_table
from dex.graph.stated import usual_paths
from dex.graph.surroundings import Surroundings
from dex.graph.touched import NamedTable, Statements, Touched, changed_tables, touched_tables
from dex.graph.volumes import volume_paths

__all__ = [
    "Edge",
    "Input",
    "JobGraph",
    "NamedTable",
    "Place",
    "Question",
    "Reason",
    "Statements",
    "Surroundings",
    "Task",
    "Touched",
    "changed_tables",
    "infer_graph",
    "is_common_table",
    "mermaid_ids",
    "mermaid_text",
    "stages_in",
    "touched_tables",
    "tree_text",
    "usual_paths",
    "volume_paths",
]
