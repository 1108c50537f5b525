/** One notebook and its kernel: keeps the panel's state in step as kernels start, restart, die and change. */

import { KernelLink, NO_KERNEL, Store, type PanelState } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, Session } from '@jupyterlab/services';
import type { ISessionContext } from '@jupyterlab/apputils';

import { LabKernelPort } from './kernelport';

export class NotebookSession {
  readonly store = new Store<PanelState>(NO_KERNEL);

  constructor(readonly panel: NotebookPanel) {
    const context = panel.sessionContext;
    context.kernelChanged.connect(this._onKernelChanged, this);
    context.statusChanged.connect(this._onStatusChanged, this);
    context.connectionStatusChanged.connect(this._onConnectionChanged, this);
    panel.disposed.connect(this.dispose, this);
    this._attach(context.session?.kernel ?? null);
  }

  /** Ask the kernel to look again. */
  async refresh(): Promise<void> {
    if (this._link === null) {
      return;
    }
    await (this.store.get().connection === 'not-loaded' ? this._link.start() : this._link.refresh());
  }

  dispose(): void {
    const context = this.panel.sessionContext;
    context.kernelChanged.disconnect(this._onKernelChanged, this);
    context.statusChanged.disconnect(this._onStatusChanged, this);
    context.connectionStatusChanged.disconnect(this._onConnectionChanged, this);
    this.panel.disposed.disconnect(this.dispose, this);
    this._link?.dispose();
    this._link = null;
  }

  private _onKernelChanged(
    _: ISessionContext,
    change: Session.ISessionConnection.IKernelChangedArgs
  ): void {
    this._attach(change.newValue);
  }

  private _onStatusChanged(_: ISessionContext, status: Kernel.Status): void {
    this.store.update({ busy: status === 'busy' });
    if (status === 'restarting' || status === 'autorestarting') {
      this._restarted = true;
      this.store.update({ ...NO_KERNEL, connection: 'connecting' });
    } else if (status === 'dead' || status === 'terminating') {
      this._attach(null);
    }
  }

  /**
   * Ask a kernel that is there again. Not told by its status: after a restart that stays "unknown" until something runs,
   * because the first answers of a kernel are not tracked.
   */
  private _onConnectionChanged(_: ISessionContext, status: Kernel.ConnectionStatus): void {
    if (status !== 'connected') {
      return;
    }
    if (this._restarted) {
      this._restarted = false;
      this._attach(this.panel.sessionContext.session?.kernel ?? null);
    } else {
      void this._link?.hello(); // whatever was told while the connection was lost
    }
  }

  private _attach(kernel: Kernel.IKernelConnection | null): void {
    this._link?.dispose();
    this._link = null;
    if (kernel === null) {
      this.store.update(NO_KERNEL);
      return;
    }
    this.store.update({ busy: kernel.status === 'busy' });
    this._link = new KernelLink(this.store, new LabKernelPort(kernel));
    void this._link.start();
  }

  private _link: KernelLink | null = null;
  private _restarted = false;
}

/** The sessions of all open notebooks, made when first asked for. */
export class Sessions {
  of(panel: NotebookPanel): NotebookSession {
    let session = this._sessions.get(panel);
    if (session === undefined) {
      session = new NotebookSession(panel);
      this._sessions.set(panel, session);
      panel.disposed.connect(() => {
        this._sessions.delete(panel);
      });
    }
    return session;
  }

  private _sessions = new Map<NotebookPanel, NotebookSession>();
}
