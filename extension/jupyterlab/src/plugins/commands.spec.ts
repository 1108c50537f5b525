// @vitest-environment jsdom
import { NO_KERNEL, receive, Store } from '@dexkit/client';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { aMessage } from '../../../client/src/testing';
import { CommandIDs, type IDex } from '../tokens';
import { commandsPlugin } from './commands';

let commands: CommandRegistry;
let dex: IDex;
const opened = vi.fn();
const bind = vi.fn(() => Promise.resolve(true));
const ask = vi.fn(() => Promise.resolve(true));
const update = vi.fn();

beforeEach(() => {
  vi.clearAllMocks();
  commands = new CommandRegistry();
  commands.addCommand(CommandIDs.open, {
    label: 'open',
    describedBy: { args: { type: 'object' } },
    execute: opened
  });
  const state = new Store(receive(NO_KERNEL, aMessage()));
  dex = {
    actions: { sessions: { of: () => ({ store: state }) }, draft: () => ({ update }), bind, ask },
    front: new Store({ panel: { id: 'nb' } as NotebookPanel, server: null }),
    trans: nullTranslator.load('dex')
  } as unknown as IDex;
  void commandsPlugin.activate({ commands } as unknown as JupyterFrontEnd, dex, null);
});

describe('every command', () => {
  it('has a label and says what arguments it takes', async () => {
    for (const id of Object.values(CommandIDs)) {
      expect(commands.label(id), id).toBeTruthy();
      const described = (await commands.describedBy(id)) as { args: { type?: string } | null };
      expect(described.args?.type, id).toBe('object');
    }
  });
});

describe('binding by command', () => {
  it('binds an environment', async () => {
    await commands.execute(CommandIDs.bind, { environment: 'local' });
    expect(bind).toHaveBeenCalledWith(expect.anything(), 'local', false);
  });

  it('does not bind production unless its name is given twice: the panel asks for it', async () => {
    await commands.execute(CommandIDs.bind, { environment: 'prod' });
    await commands.execute(CommandIDs.bind, { environment: 'prod', confirm: 'yes', writes: true });
    expect(bind).not.toHaveBeenCalled();
    expect(update).toHaveBeenCalledWith({ chosen: 'prod' });
    expect(opened).toHaveBeenCalledTimes(2);
    await commands.execute(CommandIDs.bind, { environment: 'prod', confirm: 'prod' });
    expect(bind).toHaveBeenCalledWith(expect.anything(), 'prod', false);
  });

  it('without a name opens the panel', async () => {
    await commands.execute(CommandIDs.bind, {});
    expect(opened).toHaveBeenCalledOnce();
  });
});

describe('asking by command', () => {
  it('sends a whole request and opens the panel for half of one', async () => {
    await commands.execute(CommandIDs.ask, { role: 'silver', frames: ['a'], text: 'clean' });
    expect(ask).toHaveBeenCalledWith(expect.anything(), { role: 'silver', frames: ['a'], text: 'clean', into: undefined });
    await commands.execute(CommandIDs.ask, { role: 'silver', frames: [], text: 'clean' });
    expect(opened).toHaveBeenCalledOnce();
  });
});
