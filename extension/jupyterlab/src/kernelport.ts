/** JupyterLab's side of the link to a kernel. */

import { CLOSED, COMM_ID, COMM_TARGET, type KernelPort, type PageMessage } from '@dexkit/client';
import { Kernel, KernelMessage } from '@jupyterlab/services';

/**
 * One kernel as the link sees it.
 *
 * A message goes inside of a `comm_info_request` on the control channel: the kernel answers it past a running cell, and
 * neither the kernel's status nor its culling takes notice. A comm's own messages would wait for the cell, or go over a
 * subshell whose "idle" JupyterLab takes for the kernel's.
 */
export class LabKernelPort implements KernelPort {
  constructor(private readonly _kernel: Kernel.IKernelConnection) {}

  listen(handler: (data: unknown) => void): void {
    this._handler = handler;
    // Read from the stream and not from a comm object: the kernel's comm is there before this page is, and a comm made
    // here for it would cost the kernel a subshell with every reload.
    this._kernel.iopubMessage.connect(this._onMessage, this);
    this._kernel.registerCommTarget(COMM_TARGET, accept); // else JupyterLab closes the comm that nobody expects
  }

  async send(message: PageMessage): Promise<boolean> {
    const request = KernelMessage.createMessage<KernelMessage.ICommInfoRequestMsg>({
      msgType: 'comm_info_request',
      channel: 'control' as 'shell', // the control channel takes all that the shell takes; the types do not know
      username: this._kernel.username,
      session: this._kernel.clientId,
      content: { target_name: COMM_TARGET, [COMM_TARGET]: { ...message } } as KernelMessage.ICommInfoRequestMsg['content']
    });
    const future = this._kernel.sendControlMessage(request as unknown as KernelMessage.IControlMessage, true, true);
    const content = (await future.done).content as unknown as KernelMessage.ICommInfoReplyMsg['content'];
    return content.status === 'ok' && COMM_ID in content.comms;
  }

  dispose(): void {
    if (!this._kernel.isDisposed) {
      this._kernel.iopubMessage.disconnect(this._onMessage, this);
      this._kernel.removeCommTarget(COMM_TARGET, accept);
    }
  }

  private _onMessage(_: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    const kind = message.header.msg_type;
    if (kind === 'comm_open' || kind === 'comm_msg' || kind === 'comm_close') {
      const { comm_id, data } = message.content as KernelMessage.ICommMsgMsg['content'];
      if (comm_id === COMM_ID) {
        this._handler?.(kind === 'comm_close' ? CLOSED : data);
      }
    }
  }

  private _handler: ((data: unknown) => void) | null = null;
}

function accept(): void {
  // What it carries comes by `iopubMessage`.
}
