/** The jobs of the project around a notebook, and the run that is looked at: asked when the server says that it changed. */

import { Store, type JobReply, type JobRunView, type JobsChanged, type JobView, type TaskLog, type TaskPlace } from '@dexkit/client';

import type { JobChanges } from './changes';
import { noticeOf, type Notice } from './notice';
import { RefusedError, type DexServer } from './server';
import { isGoing } from './words';

/** What was asked for and has not been answered. */
export type Acting = 'run' | 'stop' | 'repair';

export interface JobsState {
  /** Null until the server has told. */
  readonly jobs: readonly JobView[] | null;
  /** What is wrong with files of the bundle that cannot be read. */
  readonly unreadable: readonly string[];
  /** What events call the project. */
  readonly project: string | null;
  readonly chosen: string | null;
  /** Number of the run that is looked at; null for the job as the bundle has it. */
  readonly run: number | null;
  readonly reply: JobReply | null;
  /** When the reply came, in milliseconds: what runs has run on since. */
  readonly at: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly task: string | null;
  readonly log: TaskLog | null;
  readonly acting: Acting | null;
  /** The last run was stopped before its first task. */
  readonly stopped: boolean;
  readonly problem: Notice | null;
  /** The server could not be reached; what is shown may be old. */
  readonly lost: Notice | null;
  /** The job whose row is to take the focus. */
  readonly wanted: string | null;
}

const EMPTY: JobsState = {
  jobs: null,
  unreadable: [],
  project: null,
  chosen: null,
  run: null,
  reply: null,
  at: 0,
  parameters: {},
  task: null,
  log: null,
  acting: null,
  stopped: false,
  problem: null,
  lost: null,
  wanted: null
};

/** What is looked at in a project: the same for all of its notebooks. */
export type JobMemory = Map<string, Pick<JobsState, 'chosen' | 'run' | 'task'>>;

/** Milliseconds without an event after which a run that should go on is looked at nevertheless. */
const QUIET = 10_000;
/** Least milliseconds between two looks at the list: other runs change often. */
const LIST = 2_000;

export class Jobs {
  readonly store = new Store<JobsState>(EMPTY);

  /**
   * @param _path path of the notebook on the server.
   * @param _open opens a notebook at a place.
   * @param _changes says when to look again.
   * @param _memory what was looked at from other notebooks.
   */
  constructor(
    private readonly _server: DexServer,
    private readonly _path: () => string,
    private readonly _open: (path: string, place: TaskPlace) => Promise<void>,
    private readonly _changes: Pick<JobChanges, 'subscribe'>,
    private readonly _memory: JobMemory = new Map()
  ) {}

  /** Follow the jobs as long as the returned function is not called. */
  watch(): () => void {
    this._watched = true;
    this._resuming = true;
    const end = this._changes.subscribe(change => {
      this._changed(change);
    });
    void this.list();
    void this._look();
    return () => {
      this._watched = false;
      end();
      clearTimeout(this._quiet);
      clearTimeout(this._later);
      this._later = undefined;
    };
  }

  /** Whether the chosen run goes on, or is about to begin. */
  get going(): boolean {
    const { run, reply } = this.store.get();
    return run !== null && (reply === null || reply.starting !== null || reply.run?.status === 'RUNNING');
  }

  async list(): Promise<void> {
    this._listed = Date.now();
    await this._read(async () => {
      const { jobs, project, unreadable } = await this._server.jobs(this._path());
      const { chosen, reply } = this.store.get();
      this.store.update({ jobs: withRun(jobs, chosen, reply?.run ?? null), project, unreadable });
      if (this._resuming) {
        this._resuming = false;
        this._resume(jobs, project);
      }
    });
  }

  /** Turn to what was looked at from another notebook; where nothing was, to a job that runs. */
  private _resume(jobs: readonly JobView[], project: string): void {
    const kept = this._memory.get(project);
    const { chosen, run, wanted } = this.store.get();
    if (wanted !== null) {
      return; // a command turns to a job right now
    }
    if (kept !== undefined && (kept.chosen !== chosen || kept.run !== run)) {
      this.store.update({ ...kept, reply: null, log: null, parameters: {}, stopped: false, problem: null });
      void this._look();
    } else if (kept === undefined && chosen === null) {
      const running = jobs.find(job => isGoing(job.runs[0]));
      if (running !== undefined) {
        void this.choose(running.key); // after a reload, and where somebody has started it in a terminal
      }
    }
  }

  private _remember(): void {
    const { project, chosen, run, task } = this.store.get();
    if (project !== null) {
      this._memory.set(project, { chosen, run, task });
    }
  }

  /** Turn to a job and its last run; to none with null. */
  async choose(chosen: string | null): Promise<void> {
    const run = this.store.get().jobs?.find(job => job.key === chosen)?.runs[0]?.run ?? null;
    this.store.update({ chosen, parameters: {} });
    await this.turnTo(run);
  }

  /** Turn to a job, and let its row take the focus. */
  async goTo(key: string): Promise<void> {
    this.store.update({ wanted: key });
    if (this.store.get().chosen !== key) {
      await this.choose(key);
    }
  }

  /** The wanted row has the focus. */
  focused(): void {
    this.store.update({ wanted: null });
  }

  /** Turn to a run of the chosen job, or to the job as the bundle has it. */
  async turnTo(run: number | null): Promise<void> {
    this.store.update({ run, reply: null, task: null, log: null, stopped: false, problem: null });
    this._remember();
    await this._look();
  }

  setParameter(name: string, value: string): void {
    this.store.update({ parameters: { ...this.store.get().parameters, [name]: value } });
  }

  async start(): Promise<void> {
    const { chosen, parameters } = this.store.get();
    if (chosen !== null) {
      await this._act('run', () => this._server.startJob({ path: this._path(), job: chosen, parameters: { ...parameters } }));
    }
  }

  async stop(): Promise<void> {
    const { run } = this.store.get();
    if (run !== null) {
      await this._act('stop', () => this._server.stopJob(this._path(), run));
    }
  }

  async repair(): Promise<void> {
    const { run } = this.store.get();
    if (run !== null) {
      await this._act('repair', () => this._server.repairJob(this._path(), run));
    }
  }

  /** Show what a task printed; the same one again hides it. */
  async show(task: string): Promise<void> {
    const { task: shown } = this.store.get();
    this.store.update({ task: task === shown ? null : task, log: null });
    this._remember();
    await this._log();
  }

  async open(place: TaskPlace): Promise<void> {
    const { path } = place;
    if (path === null) {
      return;
    }
    try {
      await this._open(path, place);
    } catch (error) {
      this.store.update({ problem: noticeOf(error) });
    }
  }

  private async _act(acting: Acting, work: () => Promise<{ run: number }>): Promise<void> {
    this.store.update({ acting, problem: null, stopped: false });
    const { chosen } = this.store.get();
    try {
      const { run } = await work();
      if (this.store.get().chosen === chosen) {
        // else somebody has turned to another job meanwhile
        this.store.update({ run, task: null, log: null, ...(run === this.store.get().run ? {} : { reply: null }) });
        this._remember();
      }
    } catch (error) {
      this.store.update({ problem: noticeOf(error) });
    }
    await this._look();
    this.store.update({ acting: null });
    await this.list();
  }

  private _changed(change: JobsChanged | null): void {
    const { project, run } = this.store.get();
    if (change !== null && change.project !== project) {
      return;
    }
    if (change === null || (run !== null && change.runs.includes(run))) {
      void this._look();
    }
    if ((change === null || change.runs.some(each => each !== run)) && this._later === undefined) {
      this._later = setTimeout(
        () => {
          this._later = undefined;
          void this._turnToNewest();
        },
        Math.max(0, this._listed + LIST - Date.now())
      );
    }
  }

  /** Read the list; a run of the chosen job that somebody has started meanwhile takes the place of one that has ended. */
  private async _turnToNewest(): Promise<void> {
    await this.list();
    const { jobs, chosen, run, acting } = this.store.get();
    const newest = jobs?.find(job => job.key === chosen)?.runs[0];
    if (newest !== undefined && isGoing(newest) && newest.run > (run ?? 0) && !this.going && acting === null) {
      await this.turnTo(newest.run);
    }
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
        this.store.update({ lost: noticeOf(error) }); // a task whose turn has not come has no log, which is no problem
      }
    }
  }

  /** Look at the chosen job and run; asked again meanwhile, once more when the answer is there. */
  private _look(): Promise<void> {
    this._stale = true;
    this._looking ??= this._lookUntilFresh().finally(() => {
      this._looking = null;
    });
    return this._looking;
  }

  private async _lookUntilFresh(): Promise<void> {
    while (this._stale) {
      this._stale = false;
      await this._lookOnce();
    }
  }

  private async _lookOnce(): Promise<void> {
    clearTimeout(this._quiet);
    const { chosen, run } = this.store.get();
    if (chosen === null) {
      return;
    }
    const before = this.going;
    const still = (): boolean => this.store.get().chosen === chosen && this.store.get().run === run;
    await this._read(
      async () => {
        const reply = await this._server.job({ path: this._path(), job: chosen, run });
        if (still()) {
          this.store.update({ reply, at: Date.now(), jobs: withRun(this.store.get().jobs, chosen, reply.run) });
        }
      },
      notice => {
        this._stale = run !== null; // it ended before it began: the job is shown instead
        this.store.update({ run: null, problem: notice });
      }
    );
    if (!still()) {
      this._stale = true;
      return;
    }
    if (this.store.get().reply?.stopped === true) {
      this._stale = true;
      this.store.update({ run: null, reply: null, stopped: true });
      return;
    }
    await this._log();
    if (this.going && this._watched) {
      this._quiet = setTimeout(() => void this._look(), QUIET);
    } else if (before) {
      void this.list();
    }
  }

  private async _read(work: () => Promise<void>, refused?: (notice: Notice) => void): Promise<void> {
    try {
      await work();
      if (this.store.get().lost !== null) {
        this.store.update({ lost: null });
      }
    } catch (error) {
      if (error instanceof RefusedError) {
        (refused ?? (problem => this.store.update({ problem })))(noticeOf(error));
      } else {
        this.store.update({ lost: noticeOf(error) });
      }
    }
  }

  private _watched = false;
  private _resuming = false;
  private _stale = false;
  private _looking: Promise<void> | null = null;
  private _listed = 0;
  private _quiet: ReturnType<typeof setTimeout> | undefined = undefined;
  private _later: ReturnType<typeof setTimeout> | undefined = undefined;
}

/** Return jobs with what is known of a run by now, so that list and graph say the same of it. */
function withRun(jobs: readonly JobView[] | null, key: string | null, run: JobRunView | null): readonly JobView[] | null {
  const newer = (job: JobView): JobView => ({ ...job, runs: job.runs.map(each => (each.run === run?.run ? run : each)) });
  return jobs?.map(job => (job.key === key ? newer(job) : job)) ?? null;
}
