/** JupyterLab's side of the link to a kernel. */

import { COMM_ID, COMM_TARGET, type KernelPort, type PageMessage } from '@dexkit/client';
import { Kernel, KernelMessage } from '@jupyterlab/services';

/** How long a busy kernel may take to open a subshell, in milliseconds: it answers on its own thread or never. */
const SUBSHELL_TIMEOUT = 5000;

/**
 * One kernel as the link sees it.
 *
 * A message to a kernel that runs a cell goes over a subshell made for it. `kernel.requestCreateSubshell` cannot be
 * used: after a reload the page does not know what a busy kernel supports, because that answer waits for the cell too.
 */
export class LabKernelPort implements KernelPort {
  constructor(private readonly _kernel: Kernel.IKernelConnection) {}

  listen(handler: (data: unknown) => void): void {
    this._onOpen = (comm: Kernel.IComm, msg: KernelMessage.ICommOpenMsg): void => {
      if (comm.commId === COMM_ID) {
        use(comm);
        handler(msg.content.data);
      }
    };
    const use = (comm: Kernel.IComm): void => {
      comm.onMsg = msg => {
        handler(msg.content.data);
      };
    };
    this._kernel.registerCommTarget(COMM_TARGET, this._onOpen);
    if (!this._kernel.hasComm(COMM_ID)) {
      use(this._kernel.createComm(COMM_TARGET, COMM_ID));
    }
  }

  async send(message: PageMessage): Promise<boolean> {
    const subshell = this._kernel.status === 'idle' ? null : await this._createSubshell();
    try {
      if (!(await this._hasBridge(subshell))) {
        return false;
      }
      this._kernel.sendShellMessage(
        KernelMessage.createMessage<KernelMessage.ICommMsgMsg<'shell'>>({
          msgType: 'comm_msg',
          channel: 'shell',
          username: this._kernel.username,
          session: this._kernel.clientId,
          subshellId: subshell,
          content: { comm_id: COMM_ID, data: { ...message } }
        }),
        false,
        true
      );
      if (subshell !== null) {
        await this._hasBridge(subshell); // answered behind the message: then the subshell has done its work
      }
      return true;
    } finally {
      if (subshell !== null) {
        this._deleteSubshell(subshell);
      }
    }
  }

  dispose(): void {
    if (this._onOpen !== null && !this._kernel.isDisposed) {
      this._kernel.removeCommTarget(COMM_TARGET, this._onOpen);
    }
  }

  private async _hasBridge(subshellId: string | null): Promise<boolean> {
    const future = this._kernel.sendShellMessage(
      KernelMessage.createMessage<KernelMessage.ICommInfoRequestMsg>({
        msgType: 'comm_info_request',
        channel: 'shell',
        username: this._kernel.username,
        session: this._kernel.clientId,
        subshellId,
        content: { target_name: COMM_TARGET }
      }),
      true,
      true
    );
    const content = (await future.done).content as KernelMessage.ICommInfoReplyMsg['content'];
    return content.status === 'ok' && COMM_ID in content.comms;
  }

  /** Return a subshell, or null where the kernel has none: then the message waits its turn behind the cell. */
  private async _createSubshell(): Promise<string | null> {
    const future = this._kernel.sendControlMessage(
      KernelMessage.createMessage<KernelMessage.ICreateSubshellRequestMsg>({
        msgType: 'create_subshell_request',
        channel: 'control',
        username: this._kernel.username,
        session: this._kernel.clientId,
        content: {}
      }),
      true,
      true
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<null>(resolve => {
      timer = setTimeout(() => {
        resolve(null);
      }, SUBSHELL_TIMEOUT);
    });
    const reply = await Promise.race([future.done, silence]);
    clearTimeout(timer);
    if (reply === null) {
      future.dispose();
      return null;
    }
    const content = reply.content as Partial<KernelMessage.ICreateSubshellReplyMsg['content']>;
    return content.subshell_id ?? null; // a refusal carries none
  }

  private _deleteSubshell(subshellId: string): void {
    if (this._kernel.isDisposed || this._kernel.status === 'dead') {
      return;
    }
    this._kernel.sendControlMessage(
      KernelMessage.createMessage<KernelMessage.IDeleteSubshellRequestMsg>({
        msgType: 'delete_subshell_request',
        channel: 'control',
        username: this._kernel.username,
        session: this._kernel.clientId,
        content: { subshell_id: subshellId }
      }),
      true,
      true
    );
  }

  private _onOpen: ((comm: Kernel.IComm, msg: KernelMessage.ICommOpenMsg) => void) | null = null;
}
