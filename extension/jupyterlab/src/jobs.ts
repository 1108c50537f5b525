/** The jobs of the project around a notebook, and the run that is looked at: asked from the server while somebody looks. */

import { Store, type JobReply, type JobView, type TaskLog, type TaskPlace } from '@dexkit/client';

import { noticeOf, type Notice } from './notice';
import { RefusedError, type DexServer } from './server';

export interface JobsState {
  /** Null until the server has told. */
  readonly jobs: readonly JobView[] | null;
  readonly chosen: string | null;
  /** Number of the run that is looked at; null for the job as the bundle has it. */
  readonly run: number | null;
  readonly reply: JobReply | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly task: string | null;
  readonly log: TaskLog | null;
  /** Something was asked for and has not been answered. */
  readonly busy: boolean;
  readonly problem: Notice | null;
}

const EMPTY: JobsState = {
  jobs: null,
  chosen: null,
  run: null,
  reply: null,
  parameters: {},
  task: null,
  log: null,
  busy: false,
  problem: null
};

/** Milliseconds between looks at a run that goes on. */
const LOOK = 700;

export class Jobs {
  readonly store = new Store<JobsState>(EMPTY);

  /**
   * @param _path path of the notebook on the server.
   * @param _open opens a notebook at a place.
   */
  constructor(
    private readonly _server: DexServer,
    private readonly _path: () => string,
    private readonly _open: (path: string, place: TaskPlace) => Promise<void>
  ) {}

  /** Look at the jobs as long as the returned function is not called. */
  watch(): () => void {
    this._watched = true;
    void this.list();
    void this._look();
    return () => {
      this._watched = false;
      clearTimeout(this._timer);
    };
  }

  /** Whether the chosen run goes on, or is about to begin. */
  get going(): boolean {
    const { run, reply } = this.store.get();
    return run !== null && (reply === null || reply.starting !== null || reply.run?.status === 'RUNNING');
  }

  async list(): Promise<void> {
    await this._try(async () => {
      this.store.update({ jobs: (await this._server.jobs(this._path())).jobs });
    });
  }

  /** Turn to a job and its last run; the same one again leaves it. */
  async choose(key: string | null): Promise<void> {
    const chosen = key === this.store.get().chosen ? null : key;
    const run = this.store.get().jobs?.find(job => job.key === chosen)?.runs[0]?.run ?? null;
    this.store.update({ chosen, run, reply: null, parameters: {}, task: null, log: null, problem: null });
    await this._look();
  }

  /** Turn to a run of the chosen job, or to the job as the bundle has it. */
  async turnTo(run: number | null): Promise<void> {
    this.store.update({ run, reply: null, task: null, log: null, problem: null });
    await this._look();
  }

  setParameter(name: string, value: string): void {
    this.store.update({ parameters: { ...this.store.get().parameters, [name]: value } });
  }

  async start(): Promise<void> {
    const { chosen, parameters } = this.store.get();
    if (chosen !== null) {
      await this._act(() => this._server.startJob({ path: this._path(), job: chosen, parameters: { ...parameters } }));
    }
  }

  async stop(): Promise<void> {
    const { run } = this.store.get();
    if (run !== null) {
      await this._act(() => this._server.stopJob(this._path(), run));
    }
  }

  async repair(): Promise<void> {
    const { run } = this.store.get();
    if (run !== null) {
      await this._act(() => this._server.repairJob(this._path(), run));
    }
  }

  /** Show what a task printed; the same one again hides it. */
  async show(task: string): Promise<void> {
    const { run, task: shown } = this.store.get();
    this.store.update({ task: task === shown ? null : task, log: null });
    if (run !== null && task !== shown) {
      await this._log();
    }
  }

  async open(place: TaskPlace): Promise<void> {
    const { path } = place;
    if (path !== null) {
      await this._try(() => this._open(path, place));
    }
  }

  private async _act(work: () => Promise<{ run: number }>): Promise<void> {
    this.store.update({ busy: true, problem: null });
    await this._try(async () => {
      const { run } = await work();
      this.store.update({ run, task: null, log: null, ...(run === this.store.get().run ? {} : { reply: null }) });
    });
    this.store.update({ busy: false });
    await this._look();
    await this.list();
  }

  private async _log(): Promise<void> {
    const { run, task } = this.store.get();
    if (run === null || task === null) {
      return;
    }
    try {
      const log = await this._server.taskLog({ path: this._path(), run, task });
      if (this.store.get().task === task && this.store.get().run === run) {
        this.store.update({ log });
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) {
        this.store.update({ problem: noticeOf(error) }); // a task whose turn has not come has no log, which is no problem
      }
    }
  }

  private async _look(): Promise<void> {
    clearTimeout(this._timer);
    const { chosen, run } = this.store.get();
    if (chosen === null) {
      return;
    }
    const before = this.going;
    await this._try(async () => {
      const reply = await this._server.job({ path: this._path(), job: chosen, run });
      if (this.store.get().chosen === chosen && this.store.get().run === run) {
        this.store.update({ reply });
      }
    }, () => {
      this.store.update({ run: null }); // it ended before it began: the job is shown instead
    });
    const now = this.store.get();
    if (now.chosen !== chosen || now.run !== run) {
      if (now.chosen === chosen && now.run === null && run !== null) {
        await this._look();
      }
      return;
    }
    if (this.going) {
      if (now.task !== null) {
        void this._log();
      }
      if (this._watched) {
        this._timer = setTimeout(() => void this._look(), LOOK);
      }
    } else if (before && run !== null) {
      void this._log();
      void this.list();
    }
  }

  private async _try(work: () => Promise<void>, refused: () => void = () => undefined): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.store.update({ problem: noticeOf(error) });
      if (error instanceof RefusedError) {
        refused();
      }
    }
  }

  private _watched = false;
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
}
