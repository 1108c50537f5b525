import { describe, expect, it, vi } from 'vitest';

import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { LabKernelPort } from './kernelport';

/** A kernel connection that answers as ipykernel does, and keeps what it was sent. */
function kernelThat(options: { status: Kernel.Status; subshells: boolean; comms?: Record<string, object> }) {
  const sent: KernelMessage.IMessage[] = [];
  const comms = options.comms ?? { 'dex-bridge': {} };
  const answer = (message: KernelMessage.IMessage): object => {
    switch (message.header.msg_type) {
      case 'comm_info_request':
        return { status: 'ok', comms };
      case 'create_subshell_request':
        return options.subshells ? { status: 'ok', subshell_id: 'sub-1' } : { status: 'error' };
      default:
        return { status: 'ok' };
    }
  };
  const send = (message: KernelMessage.IMessage) => {
    sent.push(message);
    return { done: Promise.resolve({ content: answer(message) }), dispose: vi.fn() };
  };
  const kernel = {
    status: options.status,
    username: 'me',
    clientId: 'page',
    isDisposed: false,
    hasComm: () => false,
    createComm: vi.fn(() => ({ commId: 'dex-bridge', onMsg: () => {} })),
    registerCommTarget: vi.fn(),
    removeCommTarget: vi.fn(),
    sendShellMessage: send,
    sendControlMessage: send
  };
  return { kernel, sent, port: new LabKernelPort(kernel as unknown as Kernel.IKernelConnection) };
}

const hello = { type: 'hello' as const, protocol: 1 };

function subshellOf(message: KernelMessage.IMessage): string | null | undefined {
  return (message.header as { subshell_id?: string | null }).subshell_id;
}

describe('a message to a kernel', () => {
  it('that is idle goes the plain way', async () => {
    const { port, sent } = kernelThat({ status: 'idle', subshells: true });
    expect(await port.send(hello)).toBe(true);
    expect(sent.map(each => each.header.msg_type)).toEqual(['comm_info_request', 'comm_msg']);
    expect(sent.map(subshellOf).filter(Boolean)).toEqual([]);
  });

  it('that runs a cell goes over a subshell, in the header, and the subshell is given back', async () => {
    const { port, sent } = kernelThat({ status: 'busy', subshells: true });
    expect(await port.send(hello)).toBe(true);
    expect(sent.map(each => each.header.msg_type)).toEqual([
      'create_subshell_request',
      'comm_info_request',
      'comm_msg',
      'comm_info_request',
      'delete_subshell_request'
    ]);
    const message = sent.find(each => each.header.msg_type === 'comm_msg');
    expect(message && subshellOf(message)).toBe('sub-1');
    expect(message?.content).toEqual({ comm_id: 'dex-bridge', data: hello });
    expect(sent.at(-1)?.content).toEqual({ subshell_id: 'sub-1' });
  });

  it('that has no subshells waits its turn', async () => {
    const { port, sent } = kernelThat({ status: 'busy', subshells: false });
    expect(await port.send(hello)).toBe(true);
    expect(sent.map(each => each.header.msg_type)).toEqual(['create_subshell_request', 'comm_info_request', 'comm_msg']);
  });

  it('that has not loaded dex is not sent', async () => {
    const { port, sent } = kernelThat({ status: 'busy', subshells: true, comms: {} });
    expect(await port.send(hello)).toBe(false);
    expect(sent.some(each => each.header.msg_type === 'comm_msg')).toBe(false);
    expect(sent.at(-1)?.header.msg_type).toBe('delete_subshell_request');
  });
});

describe('listening', () => {
  it('begins before the kernel is asked, and ends with the port', () => {
    const { port, kernel } = kernelThat({ status: 'busy', subshells: true });
    port.listen(() => {});
    expect(kernel.createComm).toHaveBeenCalledWith('dex', 'dex-bridge');
    expect(kernel.registerCommTarget).toHaveBeenCalledOnce();
    port.dispose();
    expect(kernel.removeCommTarget).toHaveBeenCalledOnce();
  });
});
