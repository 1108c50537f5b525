// @vitest-environment jsdom
import { Store, type JobView } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { beforeEach, expect, it, vi } from 'vitest';

import { Jobs } from '../jobs';
import type { DexServer } from '../server';
import { CommandIDs, type IDex } from '../tokens';
import { addJobCommands, type Talk } from './jobcommands';

const RUN = { run: 7, status: 'SUCCESS', environment: 'local', started: '2026-01-01T00:00:00Z', seconds: 2, ours: false, repairable: false };

function aJob(key: string, ...runs: Partial<typeof RUN>[]): JobView {
  return { key, name: key, tasks: 1, runs: runs.map(run => ({ ...RUN, ...run })), problem: null };
}

const server = {
  jobs: vi.fn<() => Promise<{ project: string; jobs: JobView[] }>>(),
  job: vi.fn(() => Promise.resolve({ key: '', parameters: [], stages: [], run: null, starting: null, stopped: false, problem: null })),
  startJob: vi.fn(() => Promise.resolve({ run: 9 })),
  stopJob: vi.fn(() => Promise.resolve({ run: 7 })),
  repairJob: vi.fn(() => Promise.resolve({ run: 7 }))
};
const talk = { ask: vi.fn<Talk['ask']>(), tell: vi.fn<Talk['tell']>() };
const opened = vi.fn();
let commands: CommandRegistry;
let jobs: Jobs;

function listed(...all: JobView[]): void {
  server.jobs.mockResolvedValue({ project: 'p', jobs: all });
}

beforeEach(() => {
  vi.clearAllMocks();
  commands = new CommandRegistry();
  commands.addCommand(CommandIDs.open, { execute: opened });
  jobs = new Jobs(server as unknown as DexServer, () => 'a.ipynb', () => Promise.resolve(), { subscribe: () => () => undefined });
  const dex = {
    actions: { jobs: () => jobs },
    front: new Store({ panel: {} as NotebookPanel, server: null }),
    trans: nullTranslator.load('dex')
  } as unknown as IDex;
  addJobCommands({ commands }, dex, () => ({}) as NotebookPanel, talk);
});

it('runs the only job without a question, and asks which of several', async () => {
  listed(aJob('a'));
  await commands.execute(CommandIDs.runJob);
  expect(server.startJob).toHaveBeenCalledWith({ path: 'a.ipynb', job: 'a', parameters: {} });
  expect([talk.ask.mock.calls.length, opened.mock.calls.length, jobs.store.get().wanted]).toEqual([0, 1, 'a']);
  listed(aJob('a', {}), aJob('b'), { ...aJob('c'), problem: 'not sound' });
  talk.ask.mockResolvedValueOnce('b (not run)');
  await commands.execute(CommandIDs.runJob);
  expect(talk.ask.mock.calls[0]).toEqual(['Run Job', ['a (succeeded)', 'b (not run)'], 0, 'Run']);
  expect(server.startJob).toHaveBeenLastCalledWith({ path: 'a.ipynb', job: 'b', parameters: {} });
  talk.ask.mockResolvedValueOnce(null);
  await commands.execute(CommandIDs.runJob);
  expect(server.startJob).toHaveBeenCalledTimes(2); // refused
});

it('runs the job that it is told, and says where there is none of that key', async () => {
  listed(aJob('a'), aJob('b'));
  await commands.execute(CommandIDs.runJob, { job: 'b' });
  expect(server.startJob).toHaveBeenCalledWith({ path: 'a.ipynb', job: 'b', parameters: {} });
  await commands.execute(CommandIDs.runJob, { job: 'no' });
  expect(talk.tell).toHaveBeenCalledWith('The bundle has no job no.');
});

it('stops the run that goes on, although an older one is shown', async () => {
  listed(aJob('a', { run: 8, status: 'RUNNING' }, { run: 7 }), aJob('b', {}));
  await jobs.list();
  await jobs.goTo('a');
  await jobs.turnTo(7);
  await commands.execute(CommandIDs.stopRun);
  expect(server.stopJob).toHaveBeenCalledWith('a.ipynb', 8);
  listed(aJob('a', {}));
  await jobs.turnTo(7);
  await commands.execute(CommandIDs.stopRun);
  expect(talk.tell).toHaveBeenCalledWith('No run goes on.');
});

it('repairs the job that is shown before it asks', async () => {
  listed(aJob('a', { repairable: true }), aJob('b', { repairable: true, run: 8 }));
  await jobs.list();
  await jobs.goTo('b');
  await commands.execute(CommandIDs.repairRun);
  expect(server.repairJob).toHaveBeenCalledWith('a.ipynb', 8);
  expect(talk.ask).not.toHaveBeenCalled();
});

it('shows a job, and lets its row take the focus', async () => {
  listed(aJob('a'), aJob('b'));
  talk.ask.mockResolvedValueOnce('b (not run)');
  await commands.execute(CommandIDs.showJob);
  expect([jobs.store.get().chosen, jobs.store.get().wanted]).toEqual(['b', 'b']);
});
