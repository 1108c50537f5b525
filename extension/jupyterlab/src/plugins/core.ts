/** The shared state: one session per notebook, the notebook in front, the handshake with the server. */

import { serverMismatch, Store, type Mismatch } from '@dexkit/client';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import { Actions } from '../actions';
import { JobChanges } from '../changes';
import { DexServer } from '../server';
import { Sessions } from '../session';
import { IDex, PLUGIN } from '../tokens';

export const corePlugin: JupyterFrontEndPlugin<IDex> = {
  id: `${PLUGIN}:core`,
  description: 'Keeps the state of dex per notebook, as its kernel tells it.',
  autoStart: true,
  requires: [INotebookTracker, ITranslator],
  provides: IDex,
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, translator: ITranslator): IDex => {
    const server = new DexServer(app.serviceManager.serverSettings);
    const open = async (path: string): Promise<NotebookPanel | null> => {
      const opened = (await app.commands.execute('docmanager:open', { path, factory: 'Notebook' })) as unknown;
      return opened instanceof NotebookPanel ? opened : null;
    };
    const changes = new JobChanges(app.serviceManager, () => server.version());
    const actions = new Actions(new Sessions(), server, app.serviceManager.contents, open, changes);
    const front = new Store<{ readonly panel: NotebookPanel | null; readonly server: Mismatch | null }>({
      panel: tracker.currentWidget,
      server: null
    });
    tracker.currentChanged.connect((_, panel) => {
      front.update({ panel });
    });
    void (async () => {
      try {
        front.update({ server: serverMismatch(await server.version()) });
      } catch (error) {
        console.warn('dex: the server did not tell its version', error);
        front.update({ server: serverMismatch(null) });
      }
    })();
    return { actions, front, trans: translator.load('dex') };
  }
};
