/** The page's end of the bridge: listen first, then say hello. */

import { PROTOCOL, type PageMessage } from './generated/messages';
import { CLOSED, NO_KERNEL, receive, Store, type PanelState } from './store';

/** Fixed on both sides, so that a page can listen before a busy kernel answers anything. */
export const COMM_TARGET = 'dex';
export const COMM_ID = 'dex-bridge';

/** What an editor must be able to do with a kernel; the one thing that differs between editors. */
export interface KernelPort {
  /** Hand every message of dex's comm to `handler`, from now on and after the kernel opens it again; `CLOSED` at its end. */
  listen(handler: (data: unknown) => void): void;
  /**
   * Send a message, past a running cell.
   * Resolves to false where the kernel has no dex.
   */
  send(message: PageMessage): Promise<boolean>;
  dispose(): void;
}

/** Keeps a store in step with one kernel. */
export class KernelLink {
  constructor(
    private readonly _store: Store<PanelState>,
    private readonly _port: KernelPort
  ) {}

  /** Listen, and ask for the state. Resolves when the kernel has the question or has no dex. */
  async start(): Promise<void> {
    this._store.update({ ...NO_KERNEL, busy: this._store.get().busy, connection: 'connecting' });
    this._port.listen(data => {
      this._receive(data);
    });
    await this._say('hello');
  }

  /** Ask for the state, as after a connection that was lost. */
  async hello(): Promise<void> {
    await this._say('hello');
  }

  /** Ask the kernel to look again. */
  async refresh(): Promise<void> {
    await this._say('refresh');
  }

  /** Forget the kernel. */
  dispose(): void {
    this._disposed = true;
    this._port.dispose();
  }

  private _receive(data: unknown): void {
    if (this._disposed) {
      return;
    }
    this._heard += 1;
    this._store.update(receive(this._store.get(), data));
    if ((data as { type?: unknown } | null)?.type === 'opened') {
      void this._say('hello');
    }
  }

  private async _say(type: PageMessage['type']): Promise<void> {
    const heard = this._heard;
    let reached: boolean;
    try {
      reached = await this._port.send({ type, protocol: PROTOCOL });
    } catch (error) {
      if (!this._disposed) {
        console.warn('dex: the kernel could not be asked', error);
      }
      return;
    }
    // A message that came meanwhile is stronger evidence than an answer that was given before it.
    if (!this._disposed && !reached && heard === this._heard) {
      this._store.update(receive(this._store.get(), CLOSED));
    }
  }

  private _disposed = false;
  private _heard = 0;
}
