/** The state of one notebook's panel, and the one place that changes it. */

import type { Activity, Snapshot } from './generated/messages';
import { kernelMismatch, type Mismatch } from './handshake';

/**
 * How far the page and the kernel have come.
 * `none`: no kernel; `connecting`: asked, no answer yet; `not-loaded`: the kernel runs without dex; `ready`: told.
 */
export type Connection = 'none' | 'connecting' | 'not-loaded' | 'ready';

export interface PanelState {
  readonly connection: Connection;
  readonly busy: boolean;
  readonly snapshot: Snapshot | null;
  readonly activity: Activity | null;
  readonly mismatch: Mismatch | null;
}

export const NO_KERNEL: PanelState = {
  connection: 'none',
  busy: false,
  snapshot: null,
  activity: null,
  mismatch: null
};

/** What a port hands on when the kernel has closed its bridge. */
export const CLOSED = { type: 'closed' } as const;

/** Holds a value and tells listeners when it is another one; fits React's `useSyncExternalStore`. */
export class Store<T> {
  constructor(private _value: T) {}

  /** The value as of now; the same object until it changes. */
  readonly get = (): T => this._value;

  /** Replace some of the value. */
  update(change: Partial<T>): void {
    this._value = { ...this._value, ...change };
    for (const listener of [...this._listeners]) {
      listener();
    }
  }

  /** Call `listener` after every change; returns a function that ends this. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => {
      this._listeners.delete(listener);
    };
  };

  private _listeners = new Set<() => void>();
}

/**
 * Return the state after a message of the kernel; what is no message of dex changes nothing.
 *
 * Every message is whole, so the state is right after any one of them.
 */
export function receive(state: PanelState, message: unknown): PanelState {
  if (!isRecord(message)) {
    return state;
  }
  switch (message.type) {
    case 'snapshot': {
      const snapshot = message.snapshot as Snapshot;
      return {
        ...state,
        connection: 'ready',
        snapshot,
        activity: (message.activity as Activity | null) ?? null,
        mismatch: kernelMismatch(message.protocol, snapshot.version)
      };
    }
    case 'activity':
      return { ...state, activity: (message.activity as Activity | null) ?? null };
    case 'opened':
      return {
        ...state,
        connection: state.connection === 'ready' ? 'ready' : 'connecting',
        mismatch: kernelMismatch(message.protocol, String(message.version))
      };
    case 'closed':
      return { ...NO_KERNEL, busy: state.busy, connection: 'not-loaded' };
    default:
      return state;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
