/** How a notebook's cells stand to its exported module, shown on the cells. */

import type { CellsReply, CellStateView } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

/** The words on a cell, or null where it says nothing: a cell that is exported as it stands, as most are. */
export function markOf(trans: TranslationBundle, cell: Pick<CellStateView, 'state' | 'functions'>): string | null {
  if (cell.state === 'refused') {
    return trans.__('cannot be exported');
  }
  const functions = cell.functions.map(name => `${name}()`).join(', ');
  if (cell.state === 'changed') {
    return functions ? trans.__('%1: changed since the export', functions) : trans.__('changed since the export');
  }
  return functions ? trans.__('exported as %1', functions) : null;
}

/** Put the marks on the cells of a notebook; cells that are not named lose theirs. */
export function mark(panel: NotebookPanel, reply: CellsReply | null, trans: TranslationBundle): void {
  const states = new Map((reply?.cells ?? []).map(cell => [cell.cell_id, cell]));
  for (const cell of panel.content.widgets) {
    const state = states.get(cell.model.id);
    const words = state === undefined ? null : markOf(trans, state);
    if (state === undefined || words === null) {
      delete cell.node.dataset.dexMark;
      delete cell.node.dataset.dexState;
      cell.node.style.removeProperty('--dex-mark');
    } else {
      cell.node.dataset.dexMark = words;
      cell.node.dataset.dexState = state.state;
      cell.node.style.setProperty('--dex-mark', JSON.stringify(words));
    }
  }
}
