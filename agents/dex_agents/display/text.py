"""A run as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dex_agents.display.wording import changed_columns, headline, row_lines

if TYPE_CHECKING:
    from dex_agents.models import Run


def run_text(run: Run) -> str:
    """Return the run: the verdict first, then the code, then what was seen."""
    parts = [headline(run)]
    if run.problem:
        parts.append(run.problem)
    if run.outcome == "dry run":
        parts += [f"--- {message.role}\n{message.content.rstrip()}" for message in run.prompt]
        if not run.prompt:
            parts.append(f"The provider {run.provider} sends nothing anywhere.")
    proposal, verdict = run.proposal, run.verdict
    if proposal is not None:
        parts.append(proposal.code.rstrip())
    if verdict is not None:
        width = max(len(check.name) for check in verdict.checks)
        parts.append("\n".join(f"{c.status:<7}  {c.name:<{width}}  {c.detail}".rstrip() for c in verdict.checks))
        if verdict.rows:
            parts.append("rows\n" + "\n".join(f"  {line}" for line in row_lines(verdict)))
        if verdict.columns:
            parts.append("columns\n" + "\n".join(f"  {line}" for line in changed_columns(verdict)))
    if proposal is not None and proposal.not_followed:
        parts.append("not followed\n" + "\n".join(f"  {phrase}" for phrase in proposal.not_followed))
    if proposal is not None and proposal.assertions:
        parts.append(f"assertions\n{proposal.assertions.rstrip()}")
    return "\n\n".join(parts)
