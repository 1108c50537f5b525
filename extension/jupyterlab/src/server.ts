/** The server's half of dex, over authenticated requests. */

import type {
  CellsReply,
  EmitReply,
  EmitRequest,
  ErrorReply,
  ExportReply,
  ExportRequest,
  GraphReply,
  GraphRequest,
  JobReply,
  JobRequest,
  JobsReply,
  JobStarted,
  JobStartRequest,
  ServerVersion,
  SuiteReply,
  SyncReply,
  SyncRequest,
  TaskLog,
  TaskLogRequest
} from '@dexkit/client';
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** What the server refused, in its own words. */
export class RefusedError extends Error {
  constructor(readonly reply: ErrorReply) {
    super(reply.message);
  }
}

export class DexServer {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Return the version of dex on the server, or null where it has none. */
  async version(): Promise<ServerVersion | null> {
    const response = await this._request('version', { method: 'GET' });
    return response.status === 404 ? null : this._read<ServerVersion>(response);
  }

  /**
   * Export a saved notebook.
   * @throws RefusedError where dex says no.
   */
  async export(request: ExportRequest): Promise<ExportReply> {
    return this._read(await this._request('export', { method: 'POST', body: JSON.stringify(request) }));
  }

  /**
   * Return how the cells of a saved notebook stand to its exported module.
   * @throws RefusedError where the notebook cannot be read.
   */
  async cells(path: string): Promise<CellsReply> {
    return this._read(await this._request('cells', { method: 'POST', body: JSON.stringify({ path }) }));
  }

  /**
   * Bring what was changed in the exported module back to a saved notebook.
   * @throws RefusedError where dex says no.
   */
  async sync(request: SyncRequest): Promise<SyncReply> {
    return this._read(await this._request('sync', { method: 'POST', body: JSON.stringify(request) }));
  }

  /**
   * Run the tests of the module that a saved notebook was exported to.
   * @throws RefusedError where dex says no.
   */
  async test(path: string): Promise<SuiteReply> {
    return this._read(await this._request('test', { method: 'POST', body: JSON.stringify({ path }) }));
  }

  /** Return the jobs of the project around a notebook; this and what follows throw RefusedError where dex says no. */
  async jobs(path: string): Promise<JobsReply> {
    return this._post('jobs', { path });
  }

  /** Return the graph of a job, with a run of it. */
  async job(request: JobRequest): Promise<JobReply> {
    return this._post('jobs/show', request);
  }

  async startJob(request: JobStartRequest): Promise<JobStarted> {
    return this._post('jobs/run', request);
  }

  async repairJob(path: string, run: number): Promise<JobStarted> {
    return this._post('jobs/repair', { path, run });
  }

  /** Stop a run; returns when its tasks have ended. */
  async stopJob(path: string, run: number): Promise<JobStarted> {
    return this._post('jobs/stop', { path, run });
  }

  async taskLog(request: TaskLogRequest): Promise<TaskLog> {
    return this._post('jobs/log', request);
  }

  /** Return what depends on what among notebooks. */
  async graph(request: GraphRequest): Promise<GraphReply> {
    return this._post('graph', request);
  }

  /** Make one job of notebooks, or with `check` say what would change. */
  async emitJob(request: EmitRequest): Promise<EmitReply> {
    return this._post('graph/emit', request);
  }

  private async _post<T>(route: string, body: object): Promise<T> {
    return this._read(await this._request(route, { method: 'POST', body: JSON.stringify(body) }));
  }

  private _request(route: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this._settings.baseUrl, 'dex', route);
    return ServerConnection.makeRequest(url, init, this._settings);
  }

  private async _read<T>(response: Response): Promise<T> {
    if (response.ok) {
      return (await response.json()) as T;
    }
    let body: Partial<ErrorReply> | null = null;
    try {
      body = (await response.json()) as Partial<ErrorReply>;
    } catch {
      body = null; // not an answer of dex: a proxy's page, or a server that is going down
    }
    if (typeof body?.code === 'string' && typeof body.message === 'string') {
      throw new RefusedError({ where: null, remedy: null, places: [], ...body } as ErrorReply);
    }
    throw new ServerConnection.ResponseError(response, body?.message);
  }
}
