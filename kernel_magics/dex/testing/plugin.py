"""The pytest plugin of dex: beside ``--nbval`` it closes the holes in how notebooks are tested.

A cell whose reply is an error fails, also where the kernel published none: an unknown magic, for one. So does a cell whose
last ``!command`` or ``%pip`` ended with another code than 0, and one beside which a thread or a streaming query died. Display updates and ``clear_output`` are applied before outputs
are compared, as the editor that saved the notebook has done; sanitising reaches into JSON; ``%%agent`` cells are skipped.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ("dex.testing.fixtures",)

#: Distributions of pytest-xdist that leave the cells of a notebook together, on one kernel.
_WHOLE_FILES = frozenset({"no", "loadfile", "loadscope"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what may be chosen about notebooks."""
    parser.getgroup("dex", "notebooks tested with dex").addoption(
        "--dex-agent",
        choices=("skip", "run"),
        default="skip",
        help="%%%%agent cells under --nbval: skip them, which keeps models out of the tests (default), or run them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Stop a run that would tear the cells of one notebook apart.

    Raises:
        pytest.UsageError: pytest-xdist would hand the cells of one notebook to several kernels.
    """
    notebooks = config.getoption("nbval", False) or config.getoption("nbval_lax", False)
    dist = config.getoption("dist", "no")
    if notebooks and dist not in _WHOLE_FILES and not hasattr(config, "workerinput"):
        raise pytest.UsageError(
            f"--dist {dist} would run the cells of one notebook on several kernels. Add --dist loadfile."
        )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a notebook cell its line in the file, sanitising inside JSON, and skip it if it asks an agent."""
    if not _is_notebook_cell(item):
        return
    cell: Any = item
    cell.sanitize = functools.partial(_sanitize, cell.sanitize)
    cell.reportinfo = functools.partial(_place, cell.reportinfo, cell)
    words = cell.cell.source.split(maxsplit=1)
    if words and words[0] == "%%agent" and item.config.getoption("dex_agent") == "skip":
        item.add_marker(pytest.mark.skip(reason="%%agent asks a model; --dex-agent=run runs it"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """Watch one notebook cell; leave every other test alone."""
    if not _is_notebook_cell(item):
        yield
        return
    from dex.testing import background, shell_calls
    from dex.testing.messages import CellMessages

    cell: Any = item
    kernel: Any = cell.parent.kernel
    python = background.runs_python(cell)
    if python and not hasattr(cell.parent, "dex_told") and kernel.is_alive():
        cell.parent.dex_told = set()
        background.watch(kernel)
    messages = CellMessages(kernel.get_message)
    kernel.get_message = messages.get
    shell = python and shell_calls.calls_shell(cell.cell.source)
    asked = {**(background.EXPRESSIONS if python else {}), **(shell_calls.EXPRESSIONS if shell else {})}
    kernel.execute_cell_input = functools.partial(  # as nbval does it, and asks
        kernel.kc.execute, store_history=False, stop_on_error=False, user_expressions=asked
    )
    try:
        outcome = yield
    finally:
        del kernel.get_message, kernel.execute_cell_input  # the class's own again
    if outcome.excinfo is not None or cell.options["check_exception"]:
        return
    said = None
    if problem := messages.unshown_error():
        said = f"The kernel answered with an error that it did not show: {problem}"
    elif shell and (code := shell_calls.exit_code(messages.reply)):
        said = f"The cell's last shell command ended with code {code}."
    elif python and (failed := background.failures(messages.reply, cell.parent.dex_told)):
        said = "\n".join([*failed, "It was started in this cell or in one above."])
    if said:
        from nbval.plugin import NbCellError

        outcome.force_exception(NbCellError(cell.cell_num, said, cell.cell.source))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Say of a failure in exported code which cell of which notebook it was written in."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and not _is_notebook_cell(item) and _in_an_exported_project(item.path.parent):
        from dex.testing.places import mark_failure

        mark_failure(item, call, report)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, None]:
    """Say the same of a test file that cannot be imported."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and _in_an_exported_project(collector.path.parent):
        from dex.testing.places import mark_collection

        mark_collection(collector, report)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show below pytest-cov's own table how much of each notebook cell was run."""
    if config.pluginmanager.hasplugin("_cov") and not config.getoption("no_cov", False):
        from dex.testing.covered_cells import show

        show(terminalreporter, config)


@functools.cache
def _in_an_exported_project(folder: Path) -> bool:
    """Return whether there are source maps above a folder: what reads them is not imported for nothing."""
    return any((each / ".dex/map").is_dir() for each in (folder, *folder.parents))


def _is_notebook_cell(item: pytest.Item) -> bool:
    """Return whether nbval made the item; nbval is imported only where it already is."""
    return type(item).__module__ == "nbval.plugin"


def _sanitize(sanitize: Callable[[Any], Any], value: Any) -> Any:
    """Sanitise strings wherever they stand in a JSON value; numbers as they are written."""
    if isinstance(value, dict):
        return {key: _sanitize(sanitize, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sanitize(sanitize, inner) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        replaced = sanitize(str(value))
        return value if replaced == str(value) else replaced
    return sanitize(value)


def _place(reportinfo: Callable[[], tuple[Any, int, str]], cell: Any) -> tuple[Any, int, str]:
    from dex.testing.cell_lines import code_cell_lines

    path, line, description = reportinfo()
    if not hasattr(cell.parent, "dex_cell_lines"):
        cell.parent.dex_cell_lines = code_cell_lines(cell.parent.path.read_text("utf-8"))
    lines = cell.parent.dex_cell_lines
    return path, lines[cell.cell_num] if cell.cell_num < len(lines) else line, description
