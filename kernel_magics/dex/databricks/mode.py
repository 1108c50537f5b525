"""``%dex_databricks on`` and ``off``: whose magics are taken, and given back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils import NotebookError

from dex.databricks.commands import run_fs, run_pip, run_shell
from dex.databricks.imports import give_imports
from dex.databricks.names import platform_names
from dex.databricks.rewriting import rewrite
from dex.databricks.sql import run_sql
from dex.databricks.targets import Targets

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_MARK = "dex_databricks"


@dataclass
class SwitchReport:
    """What `switch_on` did.

    Attributes:
        taken: names of the magics that work as on Databricks now.
        left: names that somebody else owns, each with the module that owns it.
        names: names put into the notebook.
    """

    taken: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


class _Mode:
    """What is changed in one shell, so that it can be changed back."""

    def __init__(self, shell: InteractiveShell, targets: Targets) -> None:
        self.shell = shell
        self.targets = targets
        self.before: dict[tuple[str, str], Any] = {}
        self.names: dict[str, Any] = {}
        self.take_imports_back: Callable[[], None] = give_imports(shell.user_ns)

    def transform(self, lines: list[str]) -> list[str]:
        table = self.shell.magics_manager.magics["cell"]
        ours = {name for name, function in table.items() if getattr(function, _MARK, None) is self}
        return rewrite(lines, {*ours, "python"} if not _owner(table.get("python")) else ours)


def switch_on(shell: InteractiveShell) -> SwitchReport:
    """Make the magics and names of Databricks work in a shell; those that somebody else owns stay as they are."""
    from dex_dbutils.config import find_project

    switch_off(shell)
    told = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    here = Path(told) if told and Path(told).exists() else Path.cwd() / "notebook.ipynb"
    project = find_project(here.parent)
    mode = _Mode(shell, Targets(shell, project.root if project.exists else None, here))
    report = SwitchReport()
    for name, kinds, function in _magics(mode):
        owner = next((o for kind in kinds if (o := _owner(shell.magics_manager.magics[kind].get(name)))), "")
        if owner:
            report.left[name] = owner
            continue
        for kind in kinds:
            mode.before[kind, name] = shell.magics_manager.magics[kind].get(name)
            shell.magics_manager.magics[kind][name] = _marked(function, mode)
        report.taken.append(name)
    for name, value in platform_names(shell.user_ns).items():
        if name not in shell.user_ns:
            shell.user_ns[name] = mode.names[name] = value
            report.names.append(name)
    shell.input_transformers_cleanup.insert(0, mode.transform)
    setattr(shell, f"_{_MARK}", mode)
    return report


def switch_off(shell: InteractiveShell) -> bool:
    """Give back what `switch_on` took; return whether it had been on."""
    mode: Any = getattr(shell, f"_{_MARK}", None)
    if not isinstance(mode, _Mode):
        return False
    for (kind, name), before in mode.before.items():
        table = shell.magics_manager.magics[kind]
        if getattr(table.get(name), _MARK, None) is not mode:
            continue  # somebody else has it by now
        if before is None:
            del table[name]
        else:
            table[name] = before
    for name, value in mode.names.items():
        if shell.user_ns.get(name) is value:
            del shell.user_ns[name]
    mode.take_imports_back()
    shell.input_transformers_cleanup.remove(mode.transform)
    setattr(shell, f"_{_MARK}", None)
    return True


def _owner(function: Any) -> str:
    """Return the module that owns a magic; empty for none, and for those that belong to IPython itself."""
    if function is None or hasattr(function, _MARK):
        return ""
    holder = getattr(function, "__self__", None)
    module = type(holder).__module__ if holder is not None else getattr(function, "__module__", "") or "a function"
    return "" if module.split(".")[0] in ("IPython", "ipykernel") else module


def _marked(function: Callable[[str, str | None], None], mode: _Mode) -> Any:
    from IPython.core.magic import no_var_expand

    def magic(line: str, cell: str | None = None) -> None:
        function(line, cell)

    setattr(magic, _MARK, mode)
    return magic if function.__name__ == "pip" else no_var_expand(magic)


def _magics(mode: _Mode) -> list[tuple[str, tuple[str, ...], Callable[[str, str | None], None]]]:
    names = mode.shell.user_ns
    from IPython.core.magics.execution import ExecutionMagics

    ipythons_run = ExecutionMagics(mode.shell).run

    def sql(line: str, cell: str | None) -> None:
        run_sql(cell or line, names)

    def fs(line: str, cell: str | None) -> None:
        run_fs(cell or line, names)

    def sh(line: str, cell: str | None) -> None:
        run_shell(cell or line)

    def pip(line: str, cell: str | None) -> None:
        run_pip(line)

    def md(line: str, cell: str | None) -> None:
        from IPython.display import Markdown, display

        display(Markdown(cell or line))

    def other(line: str, cell: str | None) -> None:
        raise NotebookError("DEX-NOTEBOOK-10", "Scala and R run in no kernel here.", remedy="Write it in Python.")

    def run(line: str, cell: str | None) -> None:
        from dex.notebook import Magic, parse_run
        from dex.notebook.source import is_source

        words = line.split()
        script = Path(words[0]) if words else Path()
        plain = script.suffix == ".py" and script.is_file()
        if plain and not is_source(script, script.read_text("utf-8", "replace")):
            ipythons_run(line)
            return
        reference = parse_run(Magic("%", "run", line, 1, 1))
        mode.targets.run(mode.targets.find(reference), reference.arguments)

    def restart_python(line: str, cell: str | None) -> None:
        print("Python is not restarted here: a package that was imported before keeps its version.")

    both = ("line", "cell")
    return [
        ("sql", both, sql),
        ("fs", both, fs),
        ("sh", both, sh),
        ("md", both, md),
        ("md-sandbox", both, md),
        ("scala", both, other),
        ("r", both, other),
        ("run", ("line",), run),
        ("pip", ("line",), pip),
        ("restart_python", ("line",), restart_python),
    ]
