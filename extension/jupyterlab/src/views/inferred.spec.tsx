// @vitest-environment jsdom
import { Store, type EmitReply, type GraphReply, type Progress, type TaskPlace } from '@dexkit/client';
import { Clipboard } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Graphs } from '../graphs';
import type { Jobs } from '../jobs';
import { RefusedError, type DexServer } from '../server';
import { InferredSection } from './inferred';
import { Translation } from './parts';

const at = (notebook: string, cell: number | null, line: number | null = null): TaskPlace => ({ path: `trial/${notebook}`, notebook, cell, line });
const NOTHING = { section: null, pipeline: false, edges: [], reads: [], writes: [], runs: [] };
const GRAPH: GraphReply = {
  stages: [
    [{ ...NOTHING, key: 'bronze', place: at('bronze.py', null), writes: ['bronze.orders'] }],
    [
      {
        ...NOTHING,
        key: 'silver',
        place: at('silver.py', null),
        edges: [{ before: 'bronze', reasons: [{ kind: 'table', name: 'bronze.orders', before: at('bronze.py', 3, 2), after: at('silver.py', 4, 1) }] }]
      }
    ]
  ],
  inputs: [{ name: 'raw/orders.csv', readers: ['bronze'] }],
  questions: [{ code: 'DEX-GRAPH-21', text: 'silver reads a table that only the run knows.', places: [at('silver.py', 5)], remedy: 'Say `dex: task {reads: [...]}` in silver.' }],
  assumptions: [],
  cyclic: false,
  job: null
};
const DIFFERS: EmitReply = {
  job: 'orders',
  path: 'resources/orders.job.yml',
  status: 'differs',
  diff: '--- a\n+++ b\n+resources:',
  tasks: ['bronze', 'silver'],
  exported: ['etl.bronze'],
  as_notebooks: { 'silver.py': 'a magic' },
  kept: [],
  questions: [],
  files: { 'resources/orders.targets.yml': 'differs' },
  remarks: ['databricks.yml, line 3: Say who runs it.']
};

const server = { graph: vi.fn<DexServer['graph']>(), emitJob: vi.fn<DexServer['emitJob']>() };
const opened = vi.fn(() => Promise.resolve());
const made = vi.fn();
let listeners: ((progress: Progress) => void)[];
const jobs = { store: new Store({ project: 'p' }) } as unknown as Jobs;
let show: (path: string) => void;
let node: HTMLElement;
let root: Root;

beforeEach(() => {
  vi.resetAllMocks();
  listeners = [];
  server.graph.mockResolvedValue(GRAPH);
  const changes = {
    onProgress: (listener: (progress: Progress) => void) => {
      listeners.push(listener);
      return () => undefined;
    }
  };
  const memory = new Map();
  show = path => {
    const graphs = new Graphs(server as unknown as DexServer, () => Promise.resolve(path), opened, changes, made, memory);
    act(() => {
      root.render(
        <Translation.Provider value={nullTranslator.load('dex')}>
          <InferredSection key={path} graphs={graphs} jobs={jobs} />
        </Translation.Provider>
      );
    });
  };
  node = document.createElement('div');
  document.body.append(node);
  root = createRoot(node);
  show('trial/silver.py');
});

afterEach(() => {
  act(() => {
    root.unmount();
  });
  node.remove();
});

function button(name: string): HTMLButtonElement {
  const found = [...node.querySelectorAll('button')].find(each => each.textContent === name || each.dataset.task === name);
  if (found === undefined) {
    throw new Error(`no button ${name} in: ${node.textContent}`);
  }
  return found;
}

async function press(name: string): Promise<void> {
  await act(async () => {
    button(name).click();
    await Promise.resolve();
  });
}

function type(text: string): void {
  const input = node.querySelector<HTMLInputElement>('.dex-MakeJob input');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
  act(() => {
    set?.call(input, text);
    input?.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

it('shows the graph with questions first, their places and the answer to write', async () => {
  await press('Show graph');
  expect(server.graph.mock.calls[0][0]).toMatchObject({ path: 'trial/silver.py', scope: 'project' });
  expect(node.textContent).toContain('2 tasks · 1 open question');
  expect(node.querySelector('.dex-mod-warning code')?.textContent).toBe('dex: task {reads: [...]}');
  const copied = vi.spyOn(Clipboard, 'copyToSystem').mockReturnValue();
  await press('Copy the answer');
  expect(copied).toHaveBeenCalledWith('dex: task {reads: [...]}');
  await press('silver.py, cell 5');
  expect(opened).toHaveBeenCalledWith('trial/silver.py', at('silver.py', 5));
});

it('keeps the graph when a place leads to another notebook of the project', async () => {
  await press('Show graph');
  await press('silver');
  show('trial/bronze.py');
  expect(button('silver').getAttribute('aria-expanded')).toBe('true');
  expect(server.graph).toHaveBeenCalledTimes(1);
});

it('tells of a task why it comes after another, with the way to both places', async () => {
  await press('Show graph');
  await press('silver');
  expect(node.querySelector('.dex-TaskDetails')?.textContent).toContain('After bronze, because of:table bronze.orders');
  await press('bronze.py, cell 3, line 2');
  expect(opened).toHaveBeenCalledWith('trial/bronze.py', at('bronze.py', 3, 2));
  await press('silver');
  expect(node.querySelector('.dex-TaskDetails')).toBeNull();
});

it('writes a job only after it has shown what would change, of the same key', async () => {
  await press('Show graph');
  expect([button('What would change').disabled, button('Make the job').disabled]).toEqual([true, true]);
  type('orders');
  server.emitJob.mockResolvedValueOnce(DIFFERS);
  await press('What would change');
  expect(server.emitJob.mock.calls[0][0]).toMatchObject({ job: 'orders', check: true });
  expect(node.querySelector('.dex-Diff')?.textContent).toContain('+resources:');
  expect(node.textContent).toContain('1 runs as a notebook');
  expect(node.textContent).toContain('resources/orders.targets.yml would change');
  expect(node.textContent).toContain('databricks.yml, line 3: Say who runs it.');
  type('order');
  expect(button('Make the job').disabled).toBe(true);
  type('orders');
  server.emitJob.mockResolvedValue(DIFFERS);
  await press('What would change');
  server.emitJob.mockResolvedValue({ ...DIFFERS, status: 'written', diff: '' });
  await press('Make the job');
  expect(server.emitJob.mock.lastCall?.[0]).toMatchObject({ job: 'orders', check: false, force: false });
  expect(made).toHaveBeenCalledOnce();
  expect(node.textContent).toContain('resources/orders.job.yml written');
});

it('tells how far it is, and of its own request only', async () => {
  let answer: (reply: GraphReply) => void = () => undefined;
  server.graph.mockReturnValueOnce(new Promise(resolve => (answer = resolve)));
  await press('Show graph');
  const { work } = server.graph.mock.calls[0][0];
  act(() => {
    listeners[0]({ work: 'another', text: '9 of 9' });
  });
  expect(node.querySelector('[role=status]')?.textContent).toBe('');
  act(() => {
    listeners[0]({ work: work ?? '', text: '3 of 14' });
  });
  expect(node.querySelector('[role=status]')?.textContent).toBe('Reading notebook 3 of 14…');
  await act(async () => {
    answer(GRAPH);
    await Promise.resolve();
  });
});

it('says why there is no graph, and makes no job of tasks that wait for each other', async () => {
  server.graph.mockRejectedValueOnce(
    new RefusedError({ code: 'DEX-GRAPH-02', message: 'It cannot be read.', where: 'a.py, cell 2', remedy: 'Mend it.', places: [] })
  );
  await press('Show graph');
  expect(node.querySelector('[role=alert]')?.textContent).toContain('Mend it.');
  server.graph.mockResolvedValueOnce({ ...GRAPH, cyclic: true, job: 'orders' });
  await press('Show graph');
  expect(button('What would change').disabled).toBe(true);
  expect(node.textContent).toContain('Tasks wait for each other');
});
