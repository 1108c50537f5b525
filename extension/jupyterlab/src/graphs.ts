/** The graph that the project's notebooks make, and the job that is made of it. */

import { Store, type EmitReply, type GraphReply, type TaskPlace } from '@dexkit/client';

import type { JobChanges } from './changes';
import { noticeOf, type Notice } from './notice';
import type { DexServer } from './server';

/** The notebook alone, or all notebooks of its project. */
export type Scope = 'notebook' | 'project';

export interface GraphState {
  readonly scope: Scope;
  readonly reply: GraphReply | null;
  readonly task: string | null;
  /** Key of the job to be made. */
  readonly job: string;
  /** What making the job would change: of this scope and key, so that nothing is written that was not shown. */
  readonly checked: EmitReply | null;
  readonly made: EmitReply | null;
  readonly doing: 'look' | 'check' | 'make' | null;
  /** How far that is, such as `3 of 14`. */
  readonly progress: string;
  readonly problem: Notice | null;
}

const EMPTY: GraphState = {
  scope: 'project',
  reply: null,
  task: null,
  job: '',
  checked: null,
  made: null,
  doing: null,
  progress: '',
  problem: null
};

/** The graphs of whole projects, which are the same for all of their notebooks. */
export type GraphMemory = Map<string, GraphState>;

export class Graphs {
  readonly store = new Store<GraphState>(EMPTY);

  /**
   * @param _saved saves the notebook and returns its path on the server.
   * @param _open opens a notebook at a place.
   * @param _made told when a job was written.
   * @param _memory what was looked at from other notebooks.
   */
  constructor(
    private readonly _server: DexServer,
    private readonly _saved: () => Promise<string>,
    private readonly _open: (path: string, place: TaskPlace) => Promise<void>,
    private readonly _changes: Pick<JobChanges, 'onProgress'>,
    private readonly _made: () => void,
    private readonly _memory: GraphMemory = new Map()
  ) {}

  /** Follow the graph of a project as long as the returned function is not called, from where another notebook has left it. */
  follow(project: string): () => void {
    const kept = this._memory.get(project);
    if (kept !== undefined && this.store.get().scope === 'project') {
      this.store.update({ ...kept, doing: this.store.get().doing, progress: '' });
    }
    return this.store.subscribe(() => {
      if (this.store.get().scope === 'project') {
        this._memory.set(project, this.store.get());
      }
    });
  }

  async turnTo(scope: Scope): Promise<void> {
    this.store.update({ scope, reply: null, task: null, checked: null, made: null });
    await this.look();
  }

  setJob(job: string): void {
    this.store.update({ job, checked: null, made: null, problem: null });
  }

  /** Show what is said of a task; the same one again hides it. */
  choose(task: string): void {
    this.store.update({ task: task === this.store.get().task ? null : task });
  }

  async look(): Promise<void> {
    await this._do('look', async (path, work) => {
      const { scope, job } = this.store.get();
      const reply = await this._server.graph({ path, scope, work });
      this.store.update({ reply, job: job === '' ? (reply.job ?? '') : job, checked: null, made: null });
    });
  }

  /** Ask what making the job would change; nothing is written. */
  async check(): Promise<void> {
    await this._do('check', async (path, work) => {
      const { scope, job } = this.store.get();
      this.store.update({ checked: null, made: null });
      const checked = await this._server.emitJob({ path, scope, work, job: job.trim(), check: true });
      this.store.update({ checked });
    });
  }

  /** Write the job; over what a person changed in generated files only with `force`. */
  async make(force = false): Promise<void> {
    await this._do('make', async (path, work) => {
      const { scope, job } = this.store.get();
      const made = await this._server.emitJob({ path, scope, work, job: job.trim(), check: false, force });
      this.store.update({ made, checked: null });
      this._made();
    });
  }

  async open(place: TaskPlace): Promise<void> {
    if (place.path !== null) {
      try {
        await this._open(place.path, place);
      } catch (error) {
        this.store.update({ problem: noticeOf(error) });
      }
    }
  }

  private async _do(doing: 'look' | 'check' | 'make', request: (path: string, work: string) => Promise<void>): Promise<void> {
    const work = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    this.store.update({ doing, progress: '', problem: null });
    const end = this._changes.onProgress(told => {
      if (told.work === work) {
        this.store.update({ progress: told.text });
      }
    });
    try {
      await request(await this._saved(), work);
    } catch (error) {
      this.store.update({ problem: noticeOf(error) });
    } finally {
      end();
      this.store.update({ doing: null, progress: '' });
    }
  }
}
