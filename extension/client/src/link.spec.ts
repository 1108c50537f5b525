import { describe, expect, it, vi } from 'vitest';

import type { PageMessage } from './generated/messages';
import { KernelLink, type KernelPort } from './link';
import { CLOSED, NO_KERNEL, receive, Store, type PanelState } from './store';
import { aMessage } from './testing';

class FakePort implements KernelPort {
  said: PageMessage[] = [];
  answer: Promise<boolean> = Promise.resolve(true);
  emit: (data: unknown) => void = () => {
    throw new Error('nobody listens');
  };
  dispose = vi.fn();

  listen(handler: (data: unknown) => void): void {
    this.emit = handler;
  }

  send(message: PageMessage): Promise<boolean> {
    this.said.push(message);
    return this.answer;
  }
}

function linked(): { store: Store<PanelState>; port: FakePort; link: KernelLink } {
  const store = new Store<PanelState>(NO_KERNEL);
  const port = new FakePort();
  return { store, port, link: new KernelLink(store, port) };
}

describe('a link', () => {
  it('listens before it says hello', async () => {
    const { port, link } = linked();
    port.send = () => {
      port.emit(aMessage());
      return Promise.resolve(true);
    };
    await link.start();
  });

  it('shows what the kernel tells', async () => {
    const { store, port, link } = linked();
    await link.start();
    expect(store.get().connection).toBe('connecting');
    port.emit(aMessage({ project: 'flights' }));
    expect(store.get()).toMatchObject({ connection: 'ready', snapshot: { project: 'flights' }, mismatch: null });
  });

  it('says that dex is not loaded where the kernel has no bridge', async () => {
    const { store, port, link } = linked();
    port.answer = Promise.resolve(false);
    await link.start();
    expect(store.get().connection).toBe('not-loaded');
  });

  it('says hello again when the kernel opens its bridge, so that loading dex fills the panel', async () => {
    const { store, port, link } = linked();
    port.answer = Promise.resolve(false);
    await link.start();
    port.answer = Promise.resolve(true);
    port.emit({ type: 'opened', protocol: 1, version: '0.1.0' });
    expect(port.said.map(each => each.type)).toEqual(['hello', 'hello']);
    port.emit(aMessage());
    expect(store.get().connection).toBe('ready');
  });

  it('is right again after a reload while a cell runs: the kernel tells before it answers', async () => {
    const { store, port, link } = linked();
    let answer: (has: boolean) => void = () => {};
    port.answer = new Promise(resolve => {
      answer = resolve;
    });
    const started = link.start();
    port.emit(aMessage());
    answer(false); // an older answer must not take back what a snapshot has shown
    await started;
    expect(store.get().connection).toBe('ready');
  });

  it('knows after a lost connection that the kernel was restarted meanwhile', async () => {
    const { store, port, link } = linked();
    await link.start();
    port.emit(aMessage({ project: 'flights' }));
    port.answer = Promise.resolve(false);
    await link.hello();
    expect(store.get()).toMatchObject({ connection: 'not-loaded', snapshot: null });
  });

  it('shows nothing of a bridge that the kernel has closed', async () => {
    const { store, port, link } = linked();
    await link.start();
    port.emit(aMessage());
    port.emit(CLOSED);
    expect(store.get()).toMatchObject({ connection: 'not-loaded', snapshot: null, activity: null });
  });

  it('survives a kernel that cannot be asked', async () => {
    const { store, port, link } = linked();
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
    port.answer = Promise.reject(new Error('the socket is closed'));
    await link.start();
    expect(warned).toHaveBeenCalledOnce();
    port.emit(aMessage());
    expect(store.get().connection).toBe('ready');
    warned.mockRestore();
  });

  it('shows nothing of a kernel it was taken from', async () => {
    const { store, port, link } = linked();
    await link.start();
    link.dispose();
    port.emit(aMessage());
    expect(store.get().snapshot).toBeNull();
    expect(port.dispose).toHaveBeenCalledOnce();
  });

  it('asks the kernel to look again', async () => {
    const { port, link } = linked();
    await link.start();
    await link.refresh();
    expect(port.said.at(-1)).toEqual({ type: 'refresh', protocol: 1 });
  });
});

describe('a message', () => {
  it.each([null, 3, 'snapshot', {}, { type: 'update' }, []])('%j changes nothing', message => {
    expect(receive(NO_KERNEL, message)).toBe(NO_KERNEL);
  });

  it('replaces everything: what the last snapshot had and this one lacks is gone', () => {
    const first = receive(NO_KERNEL, aMessage({ frames: [{ name: 'a' }] }));
    expect(receive(first, aMessage()).snapshot?.frames).toEqual([]);
  });

  it('carries what an agent does, and takes it away', () => {
    const activity = { run_id: 'r', stage: 'text', note: '', text: 'half' };
    const working = receive(NO_KERNEL, { type: 'activity', activity });
    expect(working.activity).toEqual(activity);
    expect(receive(working, { type: 'activity', activity: null }).activity).toBeNull();
  });

  it('of another protocol is shown as a mismatch', () => {
    const state = receive(NO_KERNEL, { ...aMessage({ version: '9.0.0' }), protocol: 9 });
    expect(state.mismatch).toMatchObject({ other: 'kernel', kind: 'apart', found: '9.0.0' });
  });
});

describe('a store', () => {
  it('tells listeners until they leave', () => {
    const store = new Store({ n: 0 });
    const listener = vi.fn();
    const leave = store.subscribe(listener);
    store.update({ n: 1 });
    leave();
    store.update({ n: 2 });
    expect(listener).toHaveBeenCalledOnce();
    expect(store.get()).toEqual({ n: 2 });
  });
});
