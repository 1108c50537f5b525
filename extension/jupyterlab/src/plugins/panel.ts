/** The sidebar. */

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';

import { dexIcon } from '../icons';
import { CommandIDs, IDex, PLUGIN } from '../tokens';
import { DexPanel } from '../views/panel';

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PLUGIN}:panel`,
  description: 'The dex sidebar: environment, agents, runs, catalog, profile and export of the notebook in front.',
  autoStart: true,
  requires: [IDex],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, dex: IDex, restorer: ILayoutRestorer | null): void => {
    const { actions, front, trans } = dex;
    const panel = new DexPanel(front, actions, trans);
    panel.id = 'dex-panel';
    panel.title.icon = dexIcon;
    panel.title.caption = trans.__('dex: environment, agents, catalog');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('dex'));
    app.shell.add(panel, 'left', { rank: 700 });
    restorer?.add(panel, panel.id);

    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Show the dex Panel'),
      icon: dexIcon,
      describedBy: { args: { type: 'object', properties: {}, additionalProperties: false } },
      execute: () => {
        app.shell.activateById(panel.id);
      }
    });
  }
};
