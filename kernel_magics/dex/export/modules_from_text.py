"""A module that is imported from a text or a syntax tree in place of its file."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
from pathlib import Path
from types import ModuleType


class ModuleFromText(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module by its name and makes it from a syntax tree or text instead of its file.

    Args:
        name: dotted name of the module.
        path: its file, for tracebacks.
        code: what to run in its place.
    """

    def __init__(self, name: str, path: Path, code: ast.Module | str) -> None:
        self._name = name
        self._path = path
        self._code = code

    def find_spec(self, fullname: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """Return the module's spec, or None for any other."""
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self._path))

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Leave it to Python."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the text in the module."""
        module.__file__ = str(self._path)
        exec(compile(self._code, str(self._path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102
