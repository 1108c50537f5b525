import type { Mismatch, Store } from '@dexkit/client';
import { Token } from '@lumino/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Actions } from './actions';

/** What every plugin of dex shares. */
export interface IDex {
  readonly actions: Actions;
  /** The notebook in front and how the server fits. */
  readonly front: Store<{ readonly panel: NotebookPanel | null; readonly server: Mismatch | null }>;
  readonly trans: TranslationBundle;
}

export const IDex = new Token<IDex>('@dexkit/jupyterlab:IDex', 'The state of dex per notebook, and what can be done with it.');

export const PLUGIN = '@dexkit/jupyterlab';

export namespace CommandIDs {
  export const open = 'dex:open';
  export const load = 'dex:load';
  export const bind = 'dex:bind';
  export const ask = 'dex:ask';
  export const insert = 'dex:insert-proposal';
  export const exportNotebook = 'dex:export';
  export const sync = 'dex:sync';
  export const test = 'dex:test';
  export const refresh = 'dex:refresh';
  export const runJob = 'dex:run-job';
  export const repairRun = 'dex:repair-run';
  export const stopRun = 'dex:stop-run';
  export const showJob = 'dex:show-job-graph';
  export const inferGraph = 'dex:infer-graph';
}
