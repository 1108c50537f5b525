"""Notebooks that define a pipeline: a source of transformations without `main`, and the pipeline that takes it in."""

from __future__ import annotations

import ast

from dex.bundle import scalar
from dex.export.configuration import configuration, configured, needs_json
from dex.export.formatting import format_python
from dex.export.imports import render_imports
from dex.export.module import Block
from dex.export.names import imported
from dex.export.parameters import Parameters
from dex.export.pieces import Log, Piece

_MODULES = ("dlt", "pyspark.pipelines", "databricks.pipelines")


def is_pipeline(pieces: list[Piece]) -> bool:
    """Return whether a notebook defines tables of a pipeline: functions decorated by the pipelines' module."""
    known: dict[str, str] = {}
    for piece in pieces:
        if piece.node is not None and piece.place != "drop":
            known.update(imported(piece.node))
    roots = {name for name, stands_for in known.items() if stands_for.startswith(_MODULES)}
    decorators = [
        part
        for piece in pieces
        if piece.node is not None and piece.place != "drop"
        for node in ast.walk(piece.node)
        if isinstance(node, ast.FunctionDef)
        for part in node.decorator_list
    ]
    return any(isinstance(n, ast.Name) and n.id in roots for d in decorators for n in ast.walk(d))


def to_the_top(pieces: list[Piece]) -> None:
    """Place every statement of a pipeline at the top of its module, in notebook order."""
    for piece in pieces:
        if piece.place == "main":
            piece.place = "module"


def render_source(
    shown: str,
    pieces: list[Piece],
    blocks: list[Block],
    parameters: Parameters,
    before: set[str],
    package: str,
    log: Log,
) -> str:
    """Return the source file of the pipeline; its parameters are the pipeline's configuration.

    Args:
        shown: path of the notebook, below the project.
        pieces: its statements.
        blocks: what of them stands in the source.
        parameters: its parameters.
        before: names that it needed before anything was left out.
        package: the project's package.
        log: told of imports.
    """
    needed = {name for block in blocks for piece in block.pieces for name in piece.flow.needs}
    head: list[str] = []
    if "spark" in needed or parameters.found:
        needed.add("SparkSession")
        head.append("spark = SparkSession.active()")
    if parameters.found:
        log.imports.add("SimpleNamespace")
        needed |= {"json"} if needs_json(parameters) else set()
        head.append(configured(parameters))
    imports, free = render_imports([p for p in pieces if p.place == "import"], before, needed, package, log)
    doc = f'"""Transformations of a pipeline.\n\nMade from {shown} by `dex export`: change the notebook and export again.\n"""'
    parts = [f"{doc}\n\n{imports}", "\n".join(head), *(block.render() for block in blocks)]
    return format_python("\n\n\n".join(part for part in parts if part.strip()) + "\n", package, sort_imports=free)


def render_resource(shown: str, package: str, file: str, parameters: Parameters) -> str:
    """Return ``resources/<module>.pipeline.yml``.

    Args:
        shown: path of the notebook, below the project.
        package: the project's package.
        file: name of the pipeline's source in it.
        parameters: the pipeline's configuration.
    """
    module = file.rpartition(".")[0]
    lines = [
        f"# Made from {shown} by `dex export`: change the notebook and export again.",
        "resources:",
        "  pipelines:",
        f"    {module}:",
        f"      name: {scalar(module)}",
        "      serverless: true",
        "      libraries:",
        "        - file:",
        f"            path: ../src/{package}/{file}",
    ]
    if parameters.found:
        lines.append("      configuration:")
        lines += [f"        {scalar(key)}: {scalar(text)}" for key, text in configuration(parameters).items()]
    return "\n".join(lines) + "\n"
