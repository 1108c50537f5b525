"""``%dex_status``: session, engine, guard, catalog and the last runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dex.magics.arguments import MagicParser
from dex.magics.env import writes_shown
from dex.magics.show import facts, show

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PARSER = MagicParser("%dex_status", "Show the session, its engine, the guard, the catalog and the last runs.")


def run(shell: InteractiveShell, line: str) -> None:
    """Show what the panel shows, as a table."""
    PARSER.parse_line(line)
    from dex import session
    from dex.guard import guard_status
    from dex.status import snapshot

    bound = session.current()
    scan = guard_status(bound.environment).scan if bound is not None else None
    now = snapshot(shell.user_ns)
    runs = [f"{r.role or r.kind}: {r.status}" for r in now.runs[:5]]
    engine, lost = now.engine, now.session.state == "lost"
    show(
        facts(
            "status",
            {
                "environment": now.environment.name if now.environment else "none bound: %dex_env NAME",
                "session": f"{now.session.state}: {now.session.message}" if lost else now.session.state,
                "engine": f"{engine.type}, {engine.state}" if engine else "none",
                "writes": writes_shown(now.guard) if now.guard else "-",
                **({"largest scan": scan} if scan else {}),
                "tables": str(sum(len(layer.tables) for layer in now.catalog)),
                "last runs": "; ".join(runs) or "none",
                **{f"no {problem.part}": problem.message for problem in now.problems},
            },
            {
                "environment": now.environment.name if now.environment else None,
                "session": now.session.state,
                "catalog": [layer.model_dump() for layer in now.catalog],
            },
        )
    )
