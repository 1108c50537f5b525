/** What the panel does to a notebook. The notebook is given by the caller: the person may turn to another meanwhile. */

import {
  agentSource,
  bindSource,
  proposalSources,
  type AgentCell,
  type PlaceView,
  type ProposalView
} from '@dexkit/client';
import type { Cell } from '@jupyterlab/cells';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { KernelMessage } from '@jupyterlab/services';

import { isProposalInserted, placeOf } from './place';

/** Insert code cells at an index as one undoable step, and turn to the first of them. */
export function insertCells(panel: NotebookPanel, index: number, sources: readonly string[]): Cell[] {
  const notebook = panel.content;
  const model = notebook.model;
  if (model === null) {
    return [];
  }
  model.sharedModel.transact(() => {
    model.sharedModel.insertCells(
      index,
      sources.map(source => ({ cell_type: 'code', source, metadata: {} }))
    );
  });
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  const cells = notebook.widgets.slice(index, index + sources.length);
  if (cells.length > 0) {
    void notebook.scrollToCell(cells[0]).catch(() => {
      // A notebook that is out of sight has nothing to scroll.
    });
  }
  return cells;
}

/** Turn to a cell, counted from 1, and to a line of it; a cell that is gone is the last one. */
export function goTo(panel: NotebookPanel, place: Pick<PlaceView, 'cell' | 'line'>): void {
  const notebook = panel.content;
  if (place.cell === null || notebook.widgets.length === 0) {
    return;
  }
  const index = Math.min(place.cell, notebook.widgets.length) - 1;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  const cell = notebook.widgets[index];
  void notebook
    .scrollToCell(cell, 'center')
    .then(() => {
      cell.editor?.setCursorPosition({ line: (place.line ?? 1) - 1, column: 0 });
      notebook.mode = 'edit';
      panel.activate();
    })
    .catch(() => {
      // A notebook that is out of sight has nothing to scroll.
    });
}

/** Insert a cell below the active one and run it. */
export async function insertAndRun(panel: NotebookPanel, source: string, index?: number): Promise<boolean> {
  const below = index ?? panel.content.activeCellIndex + 1;
  const cells = insertCells(panel, below, [source]);
  return cells.length > 0 && NotebookActions.runCells(panel.content, cells, panel.sessionContext);
}

/** Ask an agent in a cell of its own, below the active one. */
export async function ask(panel: NotebookPanel, request: AgentCell): Promise<boolean> {
  return insertAndRun(panel, agentSource(request));
}

/** Load dex: run the notebook's own cell that does so, or put one at the top. */
export async function loadDex(panel: NotebookPanel): Promise<boolean> {
  const own = panel.content.widgets.find(
    cell => cell.model.type === 'code' && /^\s*%load_ext\s+dex\s*$/m.test(cell.model.sharedModel.getSource())
  );
  if (own !== undefined) {
    return NotebookActions.runCells(panel.content, [own], panel.sessionContext);
  }
  return insertAndRun(panel, '%load_ext dex', 0);
}

/**
 * Bind an environment in the notebook's kernel, behind the cells that run.
 * @throws Error with what the kernel said, where it refused.
 */
export async function bind(panel: NotebookPanel, environment: string, confirm: boolean): Promise<void> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    throw new Error('The notebook has no kernel.');
  }
  const future = kernel.requestExecute({
    code: bindSource(environment, confirm),
    store_history: false,
    allow_stdin: false,
    stop_on_error: false
  });
  const content = ((await future.done) as KernelMessage.IExecuteReplyMsg).content;
  if (content.status === 'error') {
    throw new Error(content.evalue || content.ename);
  }
  if (content.status !== 'ok') {
    throw new Error('The kernel was interrupted.');
  }
}

/** Insert a proposal's cells below the cell that asked; run nothing. Returns false where they stand there already. */
export function insertProposal(
  panel: NotebookPanel,
  proposal: Pick<ProposalView, 'code' | 'assertions' | 'cell_id'>
): boolean {
  const index = placeOf(panel, proposal.cell_id);
  if (isProposalInserted(panel, proposal)) {
    panel.content.activeCellIndex = index;
    return false;
  }
  return insertCells(panel, index, proposalSources(proposal)).length > 0;
}

/** Interrupt the notebook's kernel: the engine's operation ends too. */
export async function interrupt(panel: NotebookPanel): Promise<void> {
  await panel.sessionContext.session?.kernel?.interrupt();
}
