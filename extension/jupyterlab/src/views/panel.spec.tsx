// @vitest-environment jsdom
import { NO_KERNEL, receive, Store, type PanelState, type ProposalView, type Snapshot } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { aMessage, aSnapshot } from '../../../client/src/testing';
import type { Actions, Draft } from '../actions';
import { Graphs } from '../graphs';
import { Jobs } from '../jobs';
import { parseNotice } from '../notice';
import type { DexServer } from '../server';
import { Badge } from './badge';
import { share } from './lists';
import { Contents, type Front } from './panel';
import { Translation } from './parts';

const trans = nullTranslator.load('dex');
const EMPTY: Draft = {
  role: 'silver',
  frames: [],
  text: '',
  into: '',
  chosen: null,
  binding: null,
  bindProblem: null,
  exporting: false,
  exported: null,
  synced: null,
  testing: false,
  tested: null,
  exportProblem: null,
  cells: null
};
const BOUND: Partial<Snapshot> = {
  environment: { name: 'local', kind: 'local', engine: 'sail', catalog: 'local', writes: 'allow', problem: null },
  session: { state: 'ready', message: '' },
  engine: { type: 'sail', state: 'running', version: '0.7.2', address: 'sc://127.0.0.1:1', log: null },
  guard: { writes: 'allow', confirmed: false, catalogs: [] },
  frames: [{ name: 'flights_raw' }, { name: 'planes' }]
};

let node: HTMLElement;
let root: Root;
let state: Store<PanelState>;
let draft: Store<Draft>;
let front: Store<Front>;
const actions = {
  bind: vi.fn(() => Promise.resolve(true)),
  ask: vi.fn(() => Promise.resolve(true)),
  insert: vi.fn(() => true),
  export: vi.fn(() => Promise.resolve(null)),
  sync: vi.fn(() => Promise.resolve(null)),
  test: vi.fn(() => Promise.resolve(null)),
  goTo: vi.fn(),
  load: vi.fn(() => Promise.resolve(true)),
  refresh: vi.fn(() => Promise.resolve()),
  interrupt: vi.fn(() => Promise.resolve()),
  runLine: vi.fn(() => Promise.resolve(true))
};
const cells: string[] = [];
const panel = {
  id: 'nb-1',
  context: { path: 'notebooks/flights.ipynb' },
  content: {
    activeCellIndex: 0,
    model: { contentChanged: new Signal({}) },
    get widgets() {
      return cells.map((source, i) => ({ model: { id: `cell-${i}`, sharedModel: { getSource: () => source } } }));
    }
  }
} as unknown as NotebookPanel;

beforeEach(() => {
  for (const action of Object.values(actions)) {
    action.mockClear();
  }
  cells.length = 0;
  state = new Store<PanelState>(NO_KERNEL);
  draft = new Store<Draft>(EMPTY);
  front = new Store<Front>({ panel, server: null });
  node = document.createElement('div');
  document.body.append(node);
  root = createRoot(node);
  const server = { jobs: () => Promise.resolve({ project: 'p', unreadable: [], jobs: [] }) } as unknown as DexServer;
  const jobs = new Jobs(server, () => 'notebooks/flights.ipynb', () => Promise.resolve(), { subscribe: () => () => undefined });
  const quiet = { onProgress: () => () => undefined };
  const graphs = new Graphs(server, () => Promise.resolve('notebooks/flights.ipynb'), () => Promise.resolve(), quiet, () => undefined);
  const all = { ...actions, jobs: () => jobs, graphs: () => graphs, draft: () => draft, sessions: { of: () => ({ store: state }) } } as unknown as Actions;
  act(() => {
    root.render(
      <Translation.Provider value={trans}>
        <Contents front={front} actions={all} />
      </Translation.Provider>
    );
  });
});

afterEach(() => {
  act(() => {
    root.unmount();
  });
  node.remove();
});

function told(snapshot: Partial<Snapshot> = {}): void {
  act(() => {
    state.update(receive(state.get(), aMessage(snapshot)));
  });
}

function button(name: string): HTMLButtonElement {
  const found = [...node.querySelectorAll('button')].find(
    each => (each.getAttribute('aria-label') ?? each.textContent) === name
  );
  if (found === undefined) {
    throw new Error(`no button ${name} in: ${node.textContent}`);
  }
  return found;
}

function labelled(name: string): HTMLInputElement {
  const label = [...node.querySelectorAll('label')].find(each => each.textContent?.trim() === name);
  const id = label?.getAttribute('for');
  const found = id ? node.querySelector(`[id="${id}"]`) : label?.querySelector('input');
  if (!found) {
    throw new Error(`nothing is labelled ${name}`);
  }
  return found as HTMLInputElement;
}

function click(element: HTMLElement): void {
  act(() => {
    element.click();
  });
}

function type(element: HTMLElement, value: string): void {
  const proto = Object.getPrototypeOf(element) as object;
  act(() => {
    Object.getOwnPropertyDescriptor(proto, 'value')?.set?.call(element, value);
    element.dispatchEvent(new Event(element.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
  });
}

describe('without a kernel that knows dex', () => {
  it('says what to do without a notebook', () => {
    act(() => {
      front.update({ panel: null });
    });
    expect(node.textContent).toContain('Open a notebook');
  });

  it('says that there is no kernel', () => {
    expect(node.textContent).toContain('This notebook has no kernel');
  });

  it('offers to load dex', () => {
    act(() => {
      state.update({ connection: 'not-loaded' });
    });
    click(button('Load dex'));
    expect(actions.load).toHaveBeenCalledWith(panel);
  });

  it('says why a busy kernel has told nothing yet', () => {
    act(() => {
      state.update({ connection: 'connecting', busy: true });
    });
    expect(node.textContent).toContain('The kernel is busy');
  });
});

describe('the environment', () => {
  it('is what the kernel says, with its engine and its guard', () => {
    told(BOUND);
    const section = node.querySelector('[data-section=environment]')?.textContent ?? '';
    expect(section).toContain('local');
    expect(section).toContain('sail 0.7.2, running');
    expect(section).toContain('allowed');
  });

  it('is bound by the switch, and only where that is another one', () => {
    told(BOUND);
    expect(button('Switch').disabled).toBe(true);
    told({ ...BOUND, environment: null, session: { state: 'none', message: '' } });
    click(button('Switch'));
    expect(actions.bind).toHaveBeenCalledWith(panel, 'local', false);
  });

  it('whose engine has died says so and can be bound again', () => {
    const engine = { type: 'sail', state: 'stopped', version: '0.7.2', address: null, log: '.dex/logs/sail.log' };
    told({ ...BOUND, engine });
    expect(node.querySelector('[role=alert]')?.textContent).toContain('The engine does not run any more.');
    expect(node.querySelector('[role=alert]')?.textContent).toContain('.dex/logs/sail.log');
    click(button('Bind again'));
    expect(actions.bind).toHaveBeenCalledWith(panel, 'local', false);
  });

  it('of production is bound only when its name is typed, and read-only unless writes are asked for', () => {
    told(BOUND);
    type(labelled('Switch to'), 'prod');
    expect(button('Bind production').disabled).toBe(true);
    type(labelled('Type “prod” to bind it'), 'pro');
    expect(button('Bind production').disabled).toBe(true);
    type(labelled('Type “prod” to bind it'), 'prod');
    click(button('Bind production'));
    expect(actions.bind).toHaveBeenLastCalledWith(panel, 'prod', false);
    type(labelled('Type “prod” to bind it'), 'prod');
    click(labelled('Allow writes; without this it is read-only'));
    click(button('Bind production'));
    expect(actions.bind).toHaveBeenLastCalledWith(panel, 'prod', true);
  });

  it('that could not be bound says what happened and what to do', () => {
    told(BOUND);
    act(() => {
      draft.update({
        bindProblem: parseNotice('DEX-ENGINE-04: Port 1 is taken.\n  where: config/local.yaml\n  next:  Free it.')
      });
    });
    const alert = node.querySelector('[role=alert]')?.textContent;
    expect(alert).toContain('Port 1 is taken.');
    expect(alert).toContain('Where: config/local.yaml');
    expect(alert).toContain('Next: Free it.');
    expect(alert).toContain('DEX-ENGINE-04');
  });

  it('whose files are broken is listed with the reason and cannot be bound', () => {
    told({
      environments: [
        { name: 'dev', kind: null, engine: null, catalog: null, writes: null, problem: 'DEX-CONFIG-04: unknown key' }
      ]
    });
    expect(node.textContent).toContain('dev (cannot be used)');
    expect(node.textContent).toContain('DEX-CONFIG-04: unknown key');
    expect(button('Switch').disabled).toBe(true);
  });
});

describe('a request', () => {
  it('goes to the notebook with its frames in the order they were chosen', () => {
    told(BOUND);
    click(labelled('planes'));
    click(labelled('flights_raw'));
    type(labelled('Request'), 'NA means null.');
    type(labelled('Name of the result (optional)'), 'flights');
    click(button('Ask'));
    expect(actions.ask).toHaveBeenCalledWith(panel, {
      role: 'silver',
      frames: ['planes', 'flights_raw'],
      text: 'NA means null.',
      into: 'flights'
    });
    expect(labelled('Request').value).toBe('');
  });

  it('without a frame, a text or an environment says what is missing and sends nothing', () => {
    told(BOUND);
    click(button('Ask'));
    expect(node.querySelector('[role=alert]')?.textContent).toContain('Choose the frame');
    click(labelled('planes'));
    click(button('Ask'));
    expect(node.querySelector('[role=alert]')?.textContent).toContain('Say what you want');
    told({ ...BOUND, environment: null });
    click(button('Ask'));
    expect(node.querySelector('[role=alert]')?.textContent).toContain('Bind an environment first');
    expect(actions.ask).not.toHaveBeenCalled();
  });

  it('is not lost when the kernel tells something new', () => {
    told(BOUND);
    type(labelled('Request'), 'half a sentence');
    told({ ...BOUND, frames: [] });
    expect(labelled('Request').value).toBe('half a sentence');
  });

  it('that an agent works on shows how far it is, and can be stopped', () => {
    told(BOUND);
    act(() => {
      state.update({ activity: { run_id: 'r', stage: 'gate', note: '', text: 'def clean' } });
    });
    expect(node.querySelector('.dex-Working')?.textContent).toContain('Trying it on a sample');
    expect(node.querySelector('.dex-Working')?.textContent).toContain('def clean');
    click(button('Stop'));
    expect(actions.interrupt).toHaveBeenCalledWith(panel);
  });
});

describe('a proposal', () => {
  const proposal: ProposalView = {
    run_id: 'r',
    cell_id: 'cell-0',
    role: 'silver',
    into: 'flights',
    code: 'flights = clean(flights_raw)',
    assertions: 'assert flights',
    status: 'incomplete',
    checks: [
      { name: 'parses', status: 'passed', detail: '' },
      { name: 'keys', status: 'not run', detail: 'no key was named' }
    ],
    not_followed: ['make it pretty']
  };

  it('shows its verdict, every check and what was not followed', () => {
    told({ ...BOUND, proposal });
    const shown = node.querySelector('.dex-Proposal')?.textContent ?? '';
    expect(shown).toContain('incomplete');
    expect(shown).toContain('not run keys');
    expect(shown).toContain('make it pretty');
  });

  it('that nobody verified does not read as passed', () => {
    told({ ...BOUND, proposal: { ...proposal, status: null, checks: [] } });
    expect(node.querySelector('.dex-Proposal')?.textContent).toContain('not verified');
  });

  it('that failed is shown, with no way to insert it', () => {
    told({ ...BOUND, proposal: { ...proposal, status: 'failed' } });
    expect(node.querySelector('.dex-Proposal')?.textContent).toContain('shown and not inserted');
    expect(() => button('Insert')).toThrow('no button');
  });

  it('is inserted once', () => {
    told({ ...BOUND, proposal });
    click(button('Insert'));
    expect(actions.insert).toHaveBeenCalledWith(panel, proposal);
    cells.push('%%agent silver @flights_raw', 'flights = clean(flights_raw)', 'assert flights');
    told({ ...BOUND, proposal });
    expect(button('Inserted').disabled).toBe(true);
  });
});

describe('lists', () => {
  it('show runs with their verdicts and tables by layer', () => {
    told({
      ...BOUND,
      runs: [
        { id: '1', kind: 'agent', role: 'silver', environment: 'local', status: 'failed', started: 'x', summary: 'clean' },
        { id: '2', kind: 'export', role: null, environment: 'local', status: 'done', started: 'x', summary: 'a.ipynb' }
      ],
      catalog: [
        { name: 'bronze', schema_name: 'local.bronze', listed: true, tables: [{ name: 'flights', full_name: 'local.bronze.flights' }] },
        { name: 'gold', schema_name: 'local.gold', listed: false, tables: [] }
      ]
    });
    const runs = [...node.querySelectorAll('.dex-Run')].map(each => each.textContent);
    expect(runs[0]).toContain('failed');
    expect(runs[1]).toContain('export');
    expect(node.querySelector('[data-section=catalog]')?.textContent).toContain('looking would start compute');
    click(button('Profile local.bronze.flights'));
    expect(actions.runLine).toHaveBeenCalledWith(panel, '%dex_profile bronze.flights');
  });

  it('show nulls as a share, and never as none where there are some', () => {
    expect([share(0, 10), share(1, 100000), share(5, 100), share(50, 100), share(null, 9), share(0, 0)]).toEqual([
      '0 %',
      '<0.1 %',
      '5.0 %',
      '50 %',
      '–',
      '–'
    ]);
  });

  it('show what could not be had', () => {
    told({ ...BOUND, problems: [{ part: 'runs', code: 'DEX-LEDGER-01', message: 'The ledger cannot be read.' }] });
    expect(node.textContent).toContain('runs cannot be shown: The ledger cannot be read.');
  });
});

describe('versions that do not fit', () => {
  it('are told in words', () => {
    act(() => {
      state.update(receive(state.get(), { ...aMessage({ version: '9.9.9' }), protocol: 9 }));
    });
    expect(node.textContent).toContain('the kernel has dex 9.9.9, and they do not understand each other');
    act(() => {
      front.update({ server: { other: 'server', kind: 'missing', page: '0.1.0', found: null } });
    });
    expect(node.textContent).toContain('This Jupyter server has no dex 0.1.0');
    expect(button('Save and export').disabled).toBe(true);
  });
});

describe('an export', () => {
  const FILES = [
    { path: 'src/etl/a.py', status: 'differs', diff: '--- now\n+++ then\n-x = 1\n+x = 2' },
    { path: 'pyproject.toml', status: 'unchanged', diff: '' }
  ];
  const REPLY = {
    notebook: 'notebooks/a.ipynb',
    checked: true,
    drift: true,
    files: FILES,
    notes: [{ text: '`limit` is never set', cell: 3, line: 2 }],
    left_out: [],
    not_derived: [{ text: 'no asserts', cell: null, line: null }],
    text: 'the report'
  };

  function exported(update: Partial<Draft>): void {
    told(BOUND);
    act(() => {
      draft.update(update);
    });
  }

  it('is tried without writing', () => {
    told(BOUND);
    click(button('What would change'));
    expect(actions.export).toHaveBeenCalledWith(panel, { check: true });
  });

  it('says what would change, line by line', () => {
    exported({ exported: REPLY });
    const section = node.querySelector('[data-section=export]') as HTMLElement;
    expect(section.textContent).toContain('An export would change 1 file.');
    expect(section.textContent).not.toContain('pyproject.toml');
    expect([...section.querySelectorAll('.dex-mod-added')].map(line => line.textContent)).toContain('+x = 2\n');
  });

  it('leads from a note to its cell', () => {
    exported({ exported: REPLY });
    click(button('Go to cell 3, line 2'));
    expect(actions.goTo).toHaveBeenCalledWith(panel, REPLY.notes[0]);
    expect(node.textContent).toContain('no asserts');
  });

  it('that is refused lists every place, each with a way to it', () => {
    const places = [
      { text: '`%scala` is Scala. Keep it as a notebook task.', cell: 2, line: 1 },
      { text: '`import x` is relative.', cell: 5, line: 4 }
    ];
    exported({ exportProblem: { code: 'DEX-EXPORT-02', message: 'All of it.', where: 'a', remedy: 'b', places } });
    const alert = node.querySelector('[data-section=export] [role=alert]') as HTMLElement;
    expect(alert.textContent).toContain('2 places stand in the way of the export.');
    expect(alert.textContent).toContain('Keep it as a notebook task.');
    click(button('Go to cell 5, line 4'));
    expect(actions.goTo).toHaveBeenCalledWith(panel, places[1]);
  });

  it('says which cells changed since, with a way to each', () => {
    const state = { cell_id: 'c', cell: 4, state: 'changed' as const, functions: ['clean'] };
    exported({ cells: { module: 'src/etl/a.py', cells: [state, { ...state, cell: 5, state: 'exported' }] } });
    const section = node.querySelector('[data-section=export]') as HTMLElement;
    expect(section.textContent).toContain('1 cell changed since the export.');
    click(button('Go to cell 4, line 1'));
    expect(actions.goTo).toHaveBeenCalledWith(panel, { cell: 4, line: null, text: 'clean(): changed since the export' });
  });

  it('is tested by a button of its own, and what failed leads to its cell', () => {
    const failed = [
      { text: 'test_totals_1: assert 2 == 3', cell: 4, line: 2 },
      { text: 'notebooks/setup.ipynb, cell 1, line 1: test_setup: NameError', cell: null, line: null }
    ];
    const skipped = [{ text: 'test_who_1: main needs a value for who', cell: 5, line: null }];
    told(BOUND);
    click(button('Test'));
    expect(actions.test).toHaveBeenCalledWith(panel);
    exported({ exporting: true, testing: true });
    expect(node.textContent).toContain('The tests run…');
    expect(button('Test').disabled).toBe(true);
    expect(button('Save and export').disabled).toBe(true);
    exported({
      exporting: false,
      testing: false,
      tested: { notebook: 'a.ipynb', tests: 'tests/test_a.py', passed: 3, failed, skipped, seconds: 12.3 }
    });
    expect(node.textContent).toContain('3 passed, 2 failed, 1 skipped in 12 s.');
    expect(node.textContent).toContain('pytest tests/test_a.py');
    expect(node.textContent).toContain('notebooks/setup.ipynb, cell 1');
    click(button('Go to cell 4, line 2'));
    expect(actions.goTo).toHaveBeenCalledWith(panel, failed[0]);
    exported({ tested: { notebook: 'a.ipynb', tests: 'tests/test_a.py', passed: 2, failed: [], skipped: [], seconds: 1 } });
    expect(node.textContent).toContain('2 passed, 0 failed, 0 skipped in 1.0 s.');
    expect(node.textContent).not.toContain('tracebacks');
  });

  it('is synced by a button of its own, and the cells that took an edit are listed', () => {
    const taken = [{ text: 'changed as the module was', cell: 3, line: null }];
    exported({
      synced: { notebook: 'a.ipynb', module: 'src/etl/a.py', checked: false, taken, conflicts: [], files: ['a.ipynb'] }
    });
    expect(node.textContent).toContain('The notebook and src/etl/a.py say the same again.');
    click(button('Go to cell 3, line 1'));
    expect(actions.goTo).toHaveBeenCalledWith(panel, taken[0]);
    click(button('Sync'));
    expect(actions.sync).toHaveBeenCalledWith(panel);
  });

  it('that was changed on both sides says which cell holds both texts', () => {
    const conflicts = [{ text: 'holds both texts: keep one, then sync again', cell: 7, line: null }];
    exported({
      synced: { notebook: 'a.ipynb', module: 'src/etl/a.py', checked: false, taken: [], conflicts, files: ['a.ipynb'] }
    });
    expect(node.textContent).toContain('were changed at the same place');
    expect(button('Go to cell 7, line 1')).toBeTruthy();
  });

  it('of a notebook without code says so', () => {
    exported({ exported: { ...REPLY, checked: false, drift: false, files: [], notes: [], not_derived: [] } });
    expect(node.textContent).toContain('Nothing to export');
  });
});

describe('the badge', () => {
  function badge(snapshot: Snapshot | null): HTMLElement {
    const store = new Store<PanelState>({ ...NO_KERNEL, connection: snapshot ? 'ready' : 'none', snapshot });
    act(() => {
      root.render(<Badge store={store} onOpen={() => actions.refresh()} trans={trans} />);
    });
    return node.querySelector('button') as HTMLElement;
  }

  it('says nothing is bound when the kernel is gone, whatever was bound before', () => {
    expect(badge(null).textContent).toBe('no environment');
  });

  it('names production in a word', () => {
    const environment = { ...aSnapshot().environments[1] };
    const shown = badge(aSnapshot({ environment, session: { state: 'ready', message: '' } }));
    expect(shown.textContent).toBe('prodproduction');
    expect(shown.getAttribute('aria-label')).toContain('Environment prod (production)');
  });
});

describe('every control', () => {
  it('can be reached by the keyboard and has a name', () => {
    told({ ...BOUND, proposal: null });
    const controls = [...node.querySelectorAll<HTMLElement>('button, input, select, textarea, summary')];
    expect(controls.length).toBeGreaterThan(10);
    for (const control of controls) {
      expect(control.tabIndex, control.outerHTML).toBe(0);
      const label = control.id ? node.querySelector(`label[for="${control.id}"]`) : control.closest('label');
      const name = control.getAttribute('aria-label') ?? (control.textContent || label?.textContent);
      expect(name, control.outerHTML).toBeTruthy();
    }
  });
});
