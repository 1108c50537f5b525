import { Signal } from '@lumino/signaling';
import { describe, expect, it, vi } from 'vitest';

import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { LabKernelPort } from './kernelport';

/** A kernel connection that answers as ipykernel does, and keeps what it was sent. */
function kernelWith(comms: Record<string, object>) {
  const sent: KernelMessage.IMessage[] = [];
  const kernel = {
    username: 'me',
    clientId: 'page',
    isDisposed: false,
    registerCommTarget: vi.fn(),
    removeCommTarget: vi.fn(),
    sendControlMessage: (message: KernelMessage.IMessage) => {
      sent.push(message);
      return { done: Promise.resolve({ content: { status: 'ok', comms } }) };
    }
  };
  const iopubMessage = new Signal<typeof kernel, unknown>(kernel);
  const connection = Object.assign(kernel, { iopubMessage });
  return { kernel: connection, sent, port: new LabKernelPort(connection as unknown as Kernel.IKernelConnection) };
}

const hello = { type: 'hello' as const, protocol: 1 };

function message(msg_type: string, content: object): object {
  return { header: { msg_type }, content };
}

describe('a message to a kernel', () => {
  it('goes past a running cell, inside of a request that nobody takes for work', async () => {
    const { port, sent } = kernelWith({ 'dex-bridge': { target_name: 'dex' } });
    expect(await port.send(hello)).toBe(true);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      channel: 'control',
      header: { msg_type: 'comm_info_request' },
      content: { target_name: 'dex', dex: hello }
    });
  });

  it('that has not loaded dex is known by its answer', async () => {
    expect(await kernelWith({ other: {} }).port.send(hello)).toBe(false);
  });
});

describe('listening', () => {
  it('hears what dex sends, and nothing else', () => {
    const { port, kernel } = kernelWith({});
    const heard: unknown[] = [];
    port.listen(data => heard.push(data));
    kernel.iopubMessage.emit(message('comm_open', { comm_id: 'dex-bridge', target_name: 'dex', data: { type: 'opened' } }));
    kernel.iopubMessage.emit(message('comm_msg', { comm_id: 'a-widget', data: { type: 'snapshot' } }));
    kernel.iopubMessage.emit(message('stream', { name: 'stdout', text: 'comm_msg' }));
    kernel.iopubMessage.emit(message('comm_msg', { comm_id: 'dex-bridge', data: { type: 'snapshot' } }));
    kernel.iopubMessage.emit(message('comm_close', { comm_id: 'dex-bridge', data: {} }));
    expect(heard).toEqual([{ type: 'opened' }, { type: 'snapshot' }, { type: 'closed' }]);
  });

  it('expects the kernel to open its comm, and ends with the port', () => {
    const { port, kernel } = kernelWith({});
    const heard: unknown[] = [];
    port.listen(data => heard.push(data));
    expect(kernel.registerCommTarget).toHaveBeenCalledWith('dex', expect.any(Function));
    port.dispose();
    expect(kernel.removeCommTarget).toHaveBeenCalledOnce();
    kernel.iopubMessage.emit(message('comm_msg', { comm_id: 'dex-bridge', data: { type: 'snapshot' } }));
    expect(heard).toEqual([]);
  });
});
