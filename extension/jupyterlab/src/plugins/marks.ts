/** Marks on the cells: what is exported as a function, what changed since, what cannot be exported. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { DocumentRegistry } from '@jupyterlab/docregistry';

import { mark } from '../marks';
import { IDex, PLUGIN } from '../tokens';

export const marksPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PLUGIN}:marks`,
  description: 'Shows on the cells of an exported notebook what became a function and what changed since.',
  autoStart: true,
  requires: [IDex, INotebookTracker],
  activate: (_: JupyterFrontEnd, dex: IDex, tracker: INotebookTracker): void => {
    const watch = (panel: NotebookPanel) => {
      const draft = dex.actions.draft(panel);
      let shown = draft.get().cells;
      const show = () => {
        mark(panel, draft.get().cells, dex.trans);
      };
      const unsubscribe = draft.subscribe(() => {
        if (draft.get().cells !== shown) {
          shown = draft.get().cells;
          show();
        }
      });
      const onSave = (_: DocumentRegistry.Context, state: DocumentRegistry.SaveState) => {
        if (state === 'completed') {
          void dex.actions.look(panel);
        }
      };
      panel.context.saveState.connect(onSave);
      panel.disposed.connect(() => {
        unsubscribe();
        panel.context.saveState.disconnect(onSave);
      });
      void panel.revealed.then(() => dex.actions.look(panel));
    };
    tracker.forEach(watch);
    tracker.widgetAdded.connect((_, panel) => {
      watch(panel);
    });
  }
};
