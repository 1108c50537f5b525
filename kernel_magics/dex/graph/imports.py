"""Imports: modules of the project are read too, for what their functions do."""

from __future__ import annotations

import ast
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from dex.graph.values import Module, Origin, Scope, known, unknown

if TYPE_CHECKING:
    from dex.graph.run import Run

_log = logging.getLogger(__name__)


def bind_imports(run: Run, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    """Bind the names of an import."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            scope.set(alias.asname or name, known(Module(name, _scope_of(run, name))))
        return
    module = _absolute(run, node)
    inside = _scope_of(run, module)
    for alias in node.names:
        if alias.name == "*":
            run.stars.update([] if inside is not None else [module])
            for name, value in inside.names.items() if inside is not None else ():
                scope.set(name, value)
            continue
        found = inside.get(alias.name) if inside is not None else None
        if found is None:
            full = f"{module}.{alias.name}"
            below = _scope_of(run, full)
            if inside is None or below is not None:
                found = known(Module(full, below))
        if module.startswith(("databricks.sdk.runtime", "pyspark.dbutils")) or alias.name in ("spark", "dbutils", "sc"):
            found = unknown(alias.name)
        scope.set(alias.asname or alias.name, found or unknown(alias.name))


def _absolute(run: Run, node: ast.ImportFrom) -> str:
    """Return the module of an import; one that is relative begins at the package of the module being read."""
    package = run.package[: len(run.package) + 1 - node.level] if node.level else []
    return ".".join([*package, *([node.module] if node.module else [])])


def _scope_of(run: Run, module: str) -> Scope | None:
    """Return the names of a module of the project; None for any other."""
    if module in run.modules:
        return run.modules[module]
    run.modules[module] = None  # also while it is read: modules may import each other
    file = _file_of(run, module)
    if file is None:
        return None
    try:
        tree = ast.parse(file.read_text("utf-8"))
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        _log.debug("the module %s is not read: %s", module, error)
        return None
    from dex.graph.statements import execute

    scope = Scope()
    scope.set("__file__", known(file.resolve().as_posix()))
    run.modules[module] = scope
    shown = file.relative_to(run.root).as_posix() if file.is_relative_to(run.root) else str(file)
    around = run.package
    run.package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    try:
        with run.inside(Origin(shown)):
            execute(run, tree.body, scope)
    finally:
        run.package = around
    return scope


def _file_of(run: Run, module: str) -> Path | None:
    below = Path(*module.split("."))
    for folder in dict.fromkeys((run.path.parent, run.root, run.root / "src")):
        for file in (folder / below.with_suffix(".py"), folder / below / "__init__.py"):
            if file.is_file() and file.resolve().is_relative_to(run.root.resolve()):
                return file
    return None
