// @vitest-environment jsdom
import { JOBS_EVENT } from '@dexkit/client';
import type { ServiceManager } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { JobChanges } from './changes';

const owner = {};
const stream = new Signal<object, { schema_id: string }>(owner);
const failure = new Signal<object, Error>(owner);
const probe = vi.fn<() => Promise<unknown>>();
const told = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  const manager = { events: { stream }, connectionFailure: failure } as unknown as ServiceManager.IManager;
  new JobChanges(manager, probe).subscribe(told);
});

afterEach(() => {
  Signal.clearData(owner);
  vi.useRealTimers();
});

it('hands on what is about runs, and nothing else', () => {
  const event = { schema_id: JOBS_EVENT, project: 'p', runs: [1] };
  stream.emit({ schema_id: 'https://events.jupyter.org/jupyter_server/contents_service/v1' });
  stream.emit(event);
  expect(told.mock.calls).toEqual([[event]]);
});

it('waits for a server that was lost, and looks again when it and its events are there', async () => {
  probe.mockRejectedValueOnce(new Error('refused')).mockResolvedValue(null);
  failure.emit(new Error('lost'));
  failure.emit(new Error('lost again'));
  await vi.advanceTimersByTimeAsync(3_500);
  expect([probe.mock.calls.length, told.mock.calls.length]).toEqual([1, 0]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect([probe.mock.calls.length, told.mock.calls]).toEqual([2, [[null]]]);
  await vi.advanceTimersByTimeAsync(600_000);
  expect([probe.mock.calls.length, told.mock.calls.length]).toEqual([2, 3]);
});

it('looks again when a page that was hidden is seen', () => {
  document.dispatchEvent(new Event('visibilitychange'));
  expect(told).toHaveBeenCalledWith(null);
});
