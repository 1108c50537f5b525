// @vitest-environment jsdom
import type { JobReply, JobTaskView } from '@dexkit/client';
import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { ChangeListener } from '../changes';
import { Jobs, type JobMemory } from '../jobs';
import { DexServer } from '../server';
import { JobsSection } from './jobs';
import { Translation } from './parts';

const A_RUN = { run: 7, status: 'RUNNING', environment: 'local', started: '2026-01-01T00:00:00Z', seconds: 2, ours: true, repairable: false };

function aTask(key: string, more: Partial<JobTaskView> = {}): JobTaskView {
  const nothing = { status: null, attempt: 0, seconds: null, value: null, error: null, run_if: null };
  return { ...nothing, key, what: 'python: jobs/say.py', needs: [], after: [], items: [], item_count: 0, ...more };
}

const IDLE: JobReply = {
  key: 'every',
  parameters: [{ name: 'day', default: 'monday' }],
  stages: [[aTask('load')], [aTask('report', { needs: ['load'], after: ['load'] })]],
  run: null,
  starting: null,
  stopped: false,
  problem: null
};
const FAILED: JobReply = {
  ...IDLE,
  run: { ...A_RUN, status: 'FAILED', ours: false, repairable: true },
  stages: [
    [aTask('load', { status: 'FAILED', attempt: 2, seconds: 1.25, error: 'ValueError: no' })],
    [aTask('report', { status: 'UPSTREAM_FAILED', needs: ['load'], after: ['load'] })]
  ]
};
const LOG = { task: 'load', text: 'Traceback\n', cut: false, places: [{ path: 'notebooks/a.ipynb', notebook: 'notebooks/a.ipynb', cell: 3, line: 2 }] };

let node: HTMLElement;
let root: Root;
let asked: [string, Record<string, unknown>][];
let answers: Record<string, unknown>;
let jobs: Jobs;
let server: DexServer;
let memory: JobMemory;
let listeners: Set<ChangeListener>;
const opened = vi.fn(() => Promise.resolve());

beforeEach(async () => {
  asked = [];
  answers = { jobs: { project: 'p', unreadable: [], jobs: [{ key: 'every', name: 'every', tasks: 2, runs: [], problem: null }] }, show: IDLE, log: LOG };
  opened.mockClear();
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://host/',
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init);
      const route = new URL(request.url).pathname.split('/').pop() ?? '';
      const body = (await request.json()) as Record<string, unknown>;
      asked.push([route, body]);
      const known = answers[route];
      const answer = typeof known === 'function' ? (known as (body: Record<string, unknown>) => unknown)(body) : known;
      return answer instanceof Response ? answer.clone() : Response.json(answer);
    }
  });
  listeners = new Set();
  server = new DexServer(settings);
  memory = new Map();
  jobs = new Jobs(server, () => 'notebooks/a.ipynb', opened, {
    subscribe: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    }
  }, memory);
  node = document.createElement('div');
  document.body.append(node);
  root = createRoot(node);
  act(() => {
    root.render(
      <Translation.Provider value={nullTranslator.load('dex')}>
        <JobsSection jobs={jobs} />
      </Translation.Provider>
    );
  });
  await until(() => node.querySelector('.dex-Job') !== null);
});

afterEach(() => {
  act(() => {
    root.unmount();
  });
  node.remove();
});

async function until(met: () => boolean): Promise<void> {
  await vi.waitFor(
    async () => {
      await act(() => Promise.resolve());
      if (!met()) {
        throw new Error(`not yet: ${node.textContent}`);
      }
    },
    { timeout: 3_000, interval: 20 }
  );
}

/** What the server says; null where the page may have missed something. */
function tell(runs: number[] | null, project = 'p'): void {
  act(() => {
    listeners.forEach(listener => {
      listener(runs === null ? null : { project, runs });
    });
  });
}

function button(name: string): HTMLButtonElement {
  const found = [...node.querySelectorAll('button')].find(each => each.textContent === name || each.dataset.task === name);
  if (found === undefined) {
    throw new Error(`no button ${name} in: ${node.textContent}`);
  }
  return found;
}

function press(name: string): void {
  act(() => {
    button(name).click();
  });
}

it('lists the jobs with their last result, and draws the one that is chosen', async () => {
  expect(node.querySelector('.dex-Job')?.textContent).toContain('not run');
  press('every○not run');
  await until(() => node.querySelector('[data-task=report]') !== null);
  expect([...node.querySelectorAll('.dex-Graph-stage')].map(each => each.textContent)).toEqual(['Stage 1', 'Stage 2']);
  expect(node.querySelectorAll('.dex-Graph-edges path')).toHaveLength(1);
  expect(button('report').getAttribute('aria-label')).toBe('report, not run, python: jobs/say.py, after load');
  expect([button('Run').disabled, button('Stop').disabled, button('Repair').disabled]).toEqual([false, true, true]);
});

it('says which files cannot be read, and that there are no jobs only where all files were read', async () => {
  answers.jobs = { project: 'p', unreadable: ['resources/daily.job.yml, line 3: The key `tasks` stands here twice.'], jobs: [] };
  await act(() => jobs.list());
  expect(node.querySelector('[role=alert]')?.textContent).toContain('resources/daily.job.yml, line 3');
  expect(node.textContent).not.toContain('No jobs yet');
  answers.jobs = { project: 'p', unreadable: [], jobs: [] };
  await act(() => jobs.list());
  expect(node.textContent).toContain('No jobs yet');
});

it('runs the job, follows the run to its end and repairs it', async () => {
  press('every○not run');
  await until(() => node.querySelector('[data-task=load]') !== null);
  answers = { ...answers, run: { run: 7 }, show: { ...IDLE, starting: 'starting the engine' } };
  press('Run');
  await until(() => (node.textContent ?? '').includes('Starting… starting the engine'));
  expect(asked.find(([route]) => route === 'run')?.[1]).toEqual({ path: 'notebooks/a.ipynb', job: 'every', parameters: {} });
  expect([button('Run').disabled, button('Stop').disabled]).toEqual([true, false]);
  answers.show = FAILED;
  tell([7]);
  await until(() => (node.textContent ?? '').includes('2 of 2 tasks ended · 1 failed'));
  expect(button('load').textContent).toContain('✗failed');
  expect(button('load').textContent).toContain('×2 1.3 s');
  answers.repair = { run: 7 };
  answers.show = { ...FAILED, run: A_RUN };
  press('Repair');
  await until(() => !button('Stop').disabled);
  answers.stop = { run: 7 };
  answers.show = FAILED;
  press('Stop');
  await until(() => !button('Repair').disabled);
  expect(asked.find(([route]) => route === 'stop')?.[1]).toEqual({ path: 'notebooks/a.ipynb', run: 7 });
});

it('stays at a job that somebody turns to while another one is started', async () => {
  answers.jobs = { project: 'p', unreadable: [], jobs: ['every', 'other'].map(key => ({ key, name: key, tasks: 2, runs: [], problem: null })) };
  await act(() => jobs.list());
  press('every○not run');
  await until(() => node.querySelector('[data-task=load]') !== null);
  answers.run = () => {
    void jobs.choose('other');
    return { run: 7 };
  };
  press('Run');
  await until(() => jobs.store.get().acting === null && jobs.store.get().chosen === 'other');
  expect(jobs.store.get().run).toBe(null);
  expect(asked.filter(([route, body]) => route === 'show' && body.job === 'other').map(([, body]) => body.run)).not.toContain(7);
});

it('asks nothing while nothing changes, and only about what is shown when something does', async () => {
  vi.useFakeTimers();
  try {
    press('every○not run');
    await act(() => vi.advanceTimersByTimeAsync(100));
    const before = asked.length;
    await act(() => vi.advanceTimersByTimeAsync(600_000));
    tell([9], 'of another project');
    await act(() => vi.advanceTimersByTimeAsync(60_000));
    expect(asked.length).toBe(before);
    tell([9]);
    await act(() => vi.advanceTimersByTimeAsync(3_000));
    expect(asked.slice(before).map(([route]) => route)).toEqual(['jobs']);
  } finally {
    vi.useRealTimers();
  }
});

it('turns to a run of the chosen job that somebody has started in a terminal', async () => {
  press('every○not run');
  await until(() => node.querySelector('[data-task=load]') !== null);
  answers.jobs = { project: 'p', unreadable: [], jobs: [{ key: 'every', name: 'every', tasks: 2, runs: [{ ...A_RUN, run: 8, ours: false }], problem: null }] };
  const stages = [[aTask('load', { status: 'SUCCESS' })], [aTask('report', { status: 'RUNNING', needs: ['load'] })]];
  answers.show = { ...IDLE, stages, run: { ...A_RUN, run: 8, ours: false } };
  tell([8]);
  await until(() => !button('Stop').disabled);
  expect(node.querySelector('.dex-Progress')?.textContent).toContain('1 of 2 tasks ended · 2.0 s · local');
  expect(button('Stop').title).toContain('where it was started');
});

it('says that a run was stopped before its first task, and shows the job again', async () => {
  press('every○not run');
  await until(() => node.querySelector('[data-task=load]') !== null);
  const starting = { ...IDLE, starting: '' };
  const show = (body: Record<string, unknown>): JobReply =>
    body.run !== 7 ? IDLE : asked.some(([route]) => route === 'stop') ? { ...IDLE, stopped: true } : starting;
  answers = { ...answers, run: { run: 7 }, stop: { run: 7 }, show };
  press('Run');
  await until(() => !button('Stop').disabled);
  press('Stop');
  await until(() => (node.textContent ?? '').includes('Stopped before its first task.'));
  expect(node.querySelector('[role=alert]')).toBeNull();
  expect([button('Run').disabled, button('Stop').disabled]).toEqual([false, true]);
});

it('says that the server is lost, and catches up when it is there again', async () => {
  press('every○not run');
  await until(() => node.querySelector('[data-task=load]') !== null);
  answers.show = new Response('', { status: 502 });
  tell(null);
  await until(() => (node.textContent ?? '').includes('cannot be reached'));
  answers.show = FAILED;
  tell(null);
  await until(() => !(node.textContent ?? '').includes('cannot be reached'));
});

it('lets arrow keys go from task to task, with one stop of the Tab key', async () => {
  press('every○not run');
  await until(() => node.querySelector('[data-task=report]') !== null);
  expect([button('load').tabIndex, button('report').tabIndex]).toEqual([0, -1]);
  button('load').focus();
  for (const [key, on] of [['ArrowDown', 'report'], ['ArrowDown', 'report'], ['ArrowLeft', 'load'], ['ArrowRight', 'report'], ['Home', 'load'], ['End', 'report']]) {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    expect((document.activeElement as HTMLElement).dataset.task, key).toBe(on);
  }
});

it('gives the row of a job the focus when a command turns to it', async () => {
  await act(() => jobs.goTo('every'));
  await until(() => node.querySelector('[data-task=load]') !== null);
  expect((document.activeElement as HTMLElement).dataset.job).toBe('every');
});

it('keeps what is looked at when a notebook of the same project comes to the front', async () => {
  press('every○not run');
  await until(() => node.querySelector('[data-task=load]') !== null);
  answers = { ...answers, run: { run: 7 }, show: FAILED };
  press('Run');
  await until(() => (node.textContent ?? '').includes('2 of 2 tasks ended'));
  press('load');
  answers.jobs = { project: 'p', unreadable: [], jobs: [{ key: 'every', name: 'every', tasks: 2, runs: [A_RUN], problem: null }] };
  const other = new Jobs(server, () => 'notebooks/b.ipynb', opened, { subscribe: () => () => undefined }, memory);
  act(() => {
    root.render(
      <Translation.Provider value={nullTranslator.load('dex')}>
        <JobsSection key="b" jobs={other} />
      </Translation.Provider>
    );
  });
  await until(() => node.querySelector('[data-task=load]')?.getAttribute('aria-expanded') === 'true');
  expect(asked.at(-1)?.[1].path).toBe('notebooks/b.ipynb');
  expect(node.querySelector('.dex-Job')?.textContent).toBe('every✗failed'); // the list says what the run says
});

it('shows what a failed task printed, and leads to its cell', async () => {
  press('every○not run');
  await until(() => node.querySelector('[data-task=load]') !== null);
  answers = { ...answers, run: { run: 7 }, show: FAILED };
  press('Run');
  await until(() => (node.textContent ?? '').includes('ValueError: no'));
  press('load');
  await until(() => node.querySelector('.dex-TaskLog')?.textContent === 'Traceback\n');
  expect(button('load').getAttribute('aria-expanded')).toBe('true');
  press('notebooks/a.ipynb, cell 3, line 2');
  expect(opened).toHaveBeenCalledWith('notebooks/a.ipynb', LOG.places[0]);
});

it('says why a run was refused', async () => {
  press('every○not run');
  await until(() => node.querySelector('[data-task=load]') !== null);
  answers.run = Response.json({ code: 'DEX-JOB-01', message: 'Not sound.', remedy: 'Mend it.' }, { status: 400 });
  press('Run');
  await until(() => node.querySelector('[role=alert]') !== null);
  expect(node.querySelector('[role=alert]')?.textContent).toContain('Mend it.');
  expect(button('Run').disabled).toBe(false);
});
