"""The pytest plugin of dex: beside ``--nbval`` it closes two holes in how notebooks are tested.

A cell whose reply is an error fails, also where the kernel published none: an unknown magic, for one. Display updates and
``clear_output`` are applied before outputs are compared, as the editor that saved the notebook has done.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """Watch one notebook cell; leave every other test alone."""
    if not _is_notebook_cell(item):
        yield
        return
    from dex.testing.messages import CellMessages

    kernel: Any = item.parent.kernel  # type: ignore[union-attr]  # an nbval cell stands in an nbval file
    messages = CellMessages(kernel.get_message)
    kernel.get_message = messages.get
    try:
        outcome = yield
    finally:
        del kernel.get_message  # the class's own again
    problem = messages.unshown_error()
    if problem and outcome.excinfo is None and not item.options["check_exception"]:  # type: ignore[attr-defined]
        from nbval.plugin import NbCellError

        said = f"The kernel answered with an error that it did not show: {problem}"
        outcome.force_exception(NbCellError(item.cell_num, said, item.cell.source))  # type: ignore[attr-defined]


def _is_notebook_cell(item: pytest.Item) -> bool:
    """Return whether nbval made the item; nbval is imported only where it already is."""
    return type(item).__module__ == "nbval.plugin"
