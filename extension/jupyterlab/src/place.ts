/** Where a proposal's cells belong in a notebook, and whether they stand there. */

import { isInserted, proposalSources, type ProposalView } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';

/** Return where a proposal's cells belong: below the cell that asked, or below the active one. */
export function placeOf(panel: NotebookPanel, cellId: string | null): number {
  const cells = panel.content.widgets;
  const asked = cells.findIndex(cell => cell.model.id === cellId);
  return (asked >= 0 ? asked : panel.content.activeCellIndex) + 1;
}

/** True where a proposal's cells stand below the cell that asked for it. */
export function isProposalInserted(
  panel: NotebookPanel,
  proposal: Pick<ProposalView, 'code' | 'assertions' | 'cell_id'>
): boolean {
  const below = panel.content.widgets
    .slice(placeOf(panel, proposal.cell_id))
    .map(cell => cell.model.sharedModel.getSource());
  return isInserted(below, proposalSources(proposal));
}
