/** What the server says of itself: changes of runs, progress of requests; and the moments at which a page may have missed something. */

import { JOBS_EVENT, PROGRESS_EVENT, type JobsChanged, type Progress } from '@dexkit/client';
import type { ServiceManager } from '@jupyterlab/services';

/** Told of a change; null where nobody knows what has changed meanwhile. */
export type ChangeListener = (change: JobsChanged | null) => void;

/** Milliseconds between looks for a server that was lost. */
const RETRY = 3_000;
/** Milliseconds after which the events' own connection stands again too, as JupyterLab tries at most so rarely. */
const SETTLED = [5_000, 30_000];

/** Hands on the server's events about runs. While all is well, it asks nothing. */
export class JobChanges {
  /**
   * @param manager JupyterLab's connection to the server.
   * @param probe asks the server something small; fails where it cannot be reached.
   */
  constructor(
    manager: Pick<ServiceManager.IManager, 'events' | 'connectionFailure'>,
    private readonly _probe: () => Promise<unknown>
  ) {
    manager.events.stream.connect((_, event) => {
      if (event.schema_id === JOBS_EVENT) {
        this._tell(event as unknown as JobsChanged);
      } else if (event.schema_id === PROGRESS_EVENT) {
        for (const listener of [...this._onProgress]) {
          listener(event as unknown as Progress);
        }
      }
    });
    manager.connectionFailure.connect(() => {
      this._wait();
    });
    window.addEventListener('online', () => {
      this._tell(null);
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') {
        this._tell(null);
      }
    });
  }

  /** Call `listener` from now on; returns a function that ends this. */
  subscribe(listener: ChangeListener): () => void {
    this._listeners.add(listener);
    return () => {
      this._listeners.delete(listener);
    };
  }

  /** Call `listener` when a request has come further; returns a function that ends this. */
  onProgress(listener: (progress: Progress) => void): () => void {
    this._onProgress.add(listener);
    return () => {
      this._onProgress.delete(listener);
    };
  }

  private _tell(change: JobsChanged | null): void {
    for (const listener of [...this._listeners]) {
      listener(change);
    }
  }

  /** Wait for the server, and say then that something may have been missed. */
  private _wait(): void {
    if (this._waiting) {
      return;
    }
    this._waiting = true;
    const again = (): void => {
      this._probe().then(
        () => {
          this._waiting = false;
          this._tell(null);
          for (const milliseconds of SETTLED) {
            setTimeout(() => {
              this._tell(null);
            }, milliseconds);
          }
        },
        () => {
          setTimeout(again, RETRY);
        }
      );
    };
    setTimeout(again, RETRY);
  }

  private readonly _listeners = new Set<ChangeListener>();
  private readonly _onProgress = new Set<(progress: Progress) => void>();
  private _waiting = false;
}
