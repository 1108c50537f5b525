/** What a person can do from the panel, for one notebook each; commands and buttons call the same. */

import type { AgentCell, CellsReply, ExportReply, PlaceView, ProposalView, SuiteReply, SyncReply } from '@dexkit/client';
import { isInsertable, Store } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';

import type { JobChanges } from './changes';
import { Graphs, type GraphMemory } from './graphs';
import { Jobs, type JobMemory } from './jobs';
import * as notebook from './notebook';
import { noticeOf, type Notice } from './notice';
import { RefusedError, type DexServer } from './server';
import type { Sessions } from './session';

/** What the panel keeps of a notebook beside the kernel's state: drafts and the outcome of the last actions. */
export interface Draft {
  readonly role: string;
  readonly frames: readonly string[];
  readonly text: string;
  readonly into: string;
  /** The environment chosen in the switch, before it is bound. */
  readonly chosen: string | null;
  readonly binding: string | null;
  readonly bindProblem: Notice | null;
  readonly exporting: boolean;
  readonly exported: ExportReply | null;
  /** The outcome of the last sync; exports, syncs and runs of tests take each other's place. */
  readonly synced: SyncReply | null;
  /** What is done with the file is a run of the tests, which takes longer than the others. */
  readonly testing: boolean;
  readonly tested: SuiteReply | null;
  readonly exportProblem: Notice | null;
  /** How the cells of the saved notebook stand to its module; null where nobody knows. */
  readonly cells: CellsReply | null;
}

const EMPTY_DRAFT: Draft = {
  role: 'silver',
  frames: [],
  text: '',
  into: '',
  chosen: null,
  binding: null,
  bindProblem: null,
  exporting: false,
  exported: null,
  synced: null,
  testing: false,
  tested: null,
  exportProblem: null,
  cells: null
};

export class Actions {
  constructor(
    readonly sessions: Sessions,
    private readonly _server: DexServer,
    private readonly _contents: Contents.IManager,
    private readonly _open: (path: string) => Promise<NotebookPanel | null>,
    private readonly _changes: Pick<JobChanges, 'subscribe' | 'onProgress'>
  ) {}

  /** The jobs of the project around a notebook. */
  jobs(panel: NotebookPanel): Jobs {
    let jobs = this._jobs.get(panel);
    if (jobs === undefined) {
      jobs = new Jobs(this._server, () => this._pathOf(panel), this._goToFile, this._changes, this._memory);
      this._jobs.set(panel, jobs);
    }
    return jobs;
  }

  /** The graph that a notebook makes, alone and with the others of its project. */
  graphs(panel: NotebookPanel): Graphs {
    let graphs = this._graphs.get(panel);
    if (graphs === undefined) {
      const saved = async (): Promise<string> => {
        await save(panel);
        return this._pathOf(panel);
      };
      graphs = new Graphs(this._server, saved, this._goToFile, this._changes, () => void this.jobs(panel).list(), this._graphMemory);
      this._graphs.set(panel, graphs);
    }
    return graphs;
  }

  /** The drafts of a notebook. */
  draft(panel: NotebookPanel): Store<Draft> {
    let store = this._drafts.get(panel);
    if (store === undefined) {
      store = new Store(EMPTY_DRAFT);
      this._drafts.set(panel, store);
    }
    return store;
  }

  /** Bind an environment; what goes wrong is kept with the drafts, for the panel to show. */
  async bind(panel: NotebookPanel, environment: string, confirm: boolean): Promise<boolean> {
    const draft = this.draft(panel);
    draft.update({ binding: environment, bindProblem: null });
    try {
      await notebook.bind(panel, environment, confirm);
      draft.update({ chosen: null });
      return true;
    } catch (error) {
      draft.update({ bindProblem: noticeOf(error) });
      return false;
    } finally {
      draft.update({ binding: null });
    }
  }

  /** Put a request into a cell below the active one and run it. */
  async ask(panel: NotebookPanel, request: AgentCell): Promise<boolean> {
    return notebook.ask(panel, request);
  }

  /** Insert a proposal's cells; run nothing. Returns false for one that did not pass, and for one that is there. */
  insert(panel: NotebookPanel, proposal: Pick<ProposalView, 'code' | 'assertions' | 'cell_id' | 'status'>): boolean {
    return isInsertable(proposal.status) && notebook.insertProposal(panel, proposal);
  }

  /** Save a notebook and export it, or only say what that would change; the outcome is kept with the drafts, for the panel to show. */
  async export(
    panel: NotebookPanel,
    options: { readonly force?: boolean; readonly check?: boolean }
  ): Promise<ExportReply | null> {
    return this._withFile(panel, async path => {
      const exported = await this._server.export({ path, ...options });
      this.draft(panel).update({ exported });
      return exported;
    });
  }

  /** Save a notebook and bring what was changed in its module back to it; the notebook shows the file as it is then. */
  async sync(panel: NotebookPanel): Promise<SyncReply | null> {
    return this._withFile(panel, async path => {
      const synced = await this._server.sync({ path });
      if (synced.taken.length + synced.conflicts.length > 0) {
        await panel.context.revert();
      }
      this.draft(panel).update({ synced });
      return synced;
    });
  }

  /** Run the tests of the module that a notebook was exported to; the outcome is kept with the drafts. */
  async test(panel: NotebookPanel): Promise<SuiteReply | null> {
    const draft = this.draft(panel);
    draft.update({ testing: true });
    try {
      return await this._withFile(panel, async path => {
        const tested = await this._server.test(path);
        draft.update({ tested });
        return tested;
      });
    } finally {
      draft.update({ testing: false });
    }
  }

  private async _withFile<T>(panel: NotebookPanel, work: (path: string) => Promise<T>): Promise<T | null> {
    const draft = this.draft(panel);
    draft.update({ exporting: true, exported: null, synced: null, tested: null, exportProblem: null });
    try {
      await save(panel);
      return await work(this._pathOf(panel));
    } catch (error) {
      draft.update({ exportProblem: noticeOf(error) });
      return null;
    } finally {
      draft.update({ exporting: false });
      void this.look(panel);
    }
  }

  /** See how the cells of a saved notebook stand to its module; a notebook that cannot be read has none. */
  async look(panel: NotebookPanel): Promise<void> {
    let cells: CellsReply | null = null;
    try {
      cells = await this._server.cells(this._pathOf(panel));
    } catch (error) {
      if (!(error instanceof RefusedError)) {
        console.warn('dex: the server did not tell how the cells are exported', error);
      }
    }
    if (!panel.isDisposed) {
      this.draft(panel).update({ cells });
    }
  }

  /** Turn to a place in a notebook. */
  goTo(panel: NotebookPanel, place: Pick<PlaceView, 'cell' | 'line'>): void {
    notebook.goTo(panel, place);
  }

  /** Run a line in a new cell below the active one. */
  async runLine(panel: NotebookPanel, line: string): Promise<boolean> {
    return notebook.insertAndRun(panel, line);
  }

  async load(panel: NotebookPanel): Promise<boolean> {
    return notebook.loadDex(panel);
  }

  async interrupt(panel: NotebookPanel): Promise<void> {
    await notebook.interrupt(panel);
  }

  async refresh(panel: NotebookPanel): Promise<void> {
    await this.sessions.of(panel).refresh();
  }

  private _pathOf(panel: NotebookPanel): string {
    return this._contents.localPath(panel.context.path);
  }

  private readonly _goToFile = async (path: string, place: Pick<PlaceView, 'cell' | 'line'>): Promise<void> => {
    const opened = await this._open(path);
    if (opened !== null) {
      await opened.context.ready;
      notebook.goTo(opened, place);
    }
  };

  private _jobs = new WeakMap<NotebookPanel, Jobs>();
  private readonly _memory: JobMemory = new Map();
  private readonly _graphMemory: GraphMemory = new Map();
  private _graphs = new WeakMap<NotebookPanel, Graphs>();
  private _drafts = new WeakMap<NotebookPanel, Store<Draft>>();
}

async function save(panel: NotebookPanel): Promise<void> {
  if (panel.context.model.dirty) {
    await panel.context.save();
  }
}
