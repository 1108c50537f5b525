/** What a person can do from the panel, for one notebook each; commands and buttons call the same. */

import type { AgentCell, ExportReply, ProposalView } from '@dexkit/client';
import { isInsertable, Store } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';

import * as notebook from './notebook';
import { noticeOf, type Notice } from './notice';
import type { DexServer } from './server';
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
  readonly exportProblem: Notice | null;
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
  exportProblem: null
};

export class Actions {
  constructor(
    readonly sessions: Sessions,
    private readonly _server: DexServer,
    private readonly _contents: Contents.IManager
  ) {}

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

  /** Save a notebook and export it; the outcome is kept with the drafts, for the panel to show. */
  async export(panel: NotebookPanel, force: boolean): Promise<ExportReply | null> {
    const draft = this.draft(panel);
    draft.update({ exporting: true, exported: null, exportProblem: null });
    try {
      if (panel.context.model.dirty) {
        await panel.context.save();
      }
      const path = this._contents.localPath(panel.context.path);
      const exported = await this._server.export({ path, force });
      draft.update({ exported });
      return exported;
    } catch (error) {
      draft.update({ exportProblem: noticeOf(error) });
      return null;
    } finally {
      draft.update({ exporting: false });
    }
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

  private _drafts = new WeakMap<NotebookPanel, Store<Draft>>();
}
