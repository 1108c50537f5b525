"""Tell the ledger of runs what was done; work that is done is not lost to a ledger that cannot be written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dex_dbutils.config import Project


def record(project: Project, **facts: Any) -> str | None:
    """Write a run that is no agent's, and return its id; where the ledger refuses, say so on stderr and return None.

    Args:
        project: the project; outside of one there is no ledger.
        facts: the arguments of ``Ledger.record``: kind, environment, status, summary, details, seconds.
    """
    if not project.exists:
        return None
    from dex_agents import Ledger
    from dex_dbutils import LedgerError

    try:
        return Ledger(project).record(**facts)
    except LedgerError as error:
        print(f"This run is not in the ledger, all else is done.\n{error}", file=sys.stderr)
        return None
