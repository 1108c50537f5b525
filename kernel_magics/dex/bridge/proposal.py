"""A run as the panel shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dex.bridge.kernel import CheckView, ProposalView

if TYPE_CHECKING:
    from dex_agents import Run


def proposal_view(run: Run, cell_id: str | None = None) -> ProposalView | None:
    """Return a run's proposal with its verdict, or None where nothing was proposed."""
    proposal, verdict = run.proposal, run.verdict
    if proposal is None:
        return None
    return ProposalView(
        run_id=run.id,
        cell_id=cell_id,
        role=run.role,
        into=proposal.into,
        code=proposal.code,
        assertions=proposal.assertions,
        status=verdict.status if verdict else None,
        checks=[CheckView(name=c.name, status=c.status, detail=c.detail) for c in verdict.checks] if verdict else [],
        not_followed=proposal.not_followed,
    )
