/** The bound environment in every notebook's toolbar. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { CommandIDs, IDex, PLUGIN } from '../tokens';
import { EnvironmentBadge } from '../views/badge';

export const badgePlugin: JupyterFrontEndPlugin<void> = {
  id: `${PLUGIN}:badge`,
  description: 'Shows the environment a notebook is bound to in its toolbar.',
  autoStart: true,
  requires: [IDex, IToolbarWidgetRegistry],
  activate: (app: JupyterFrontEnd, dex: IDex, toolbars: IToolbarWidgetRegistry): void => {
    toolbars.addFactory<NotebookPanel>('Notebook', 'dex-environment', notebook => {
      const open = () => {
        void app.commands.execute(CommandIDs.open);
      };
      return new EnvironmentBadge(dex.actions.sessions.of(notebook).store, open, dex.trans);
    });
  }
};
