/** The output below a `%%agent` cell, with a button that inserts the proposal. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { AgentOutput, RUN_MIME_TYPE } from '../output';
import { IDex, PLUGIN } from '../tokens';

export const outputPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PLUGIN}:output`,
  description: 'Offers to insert what an agent proposed, in the output below its cell.',
  autoStart: true,
  requires: [IDex, INotebookTracker, IRenderMimeRegistry],
  activate: (_: JupyterFrontEnd, dex: IDex, tracker: INotebookTracker, rendermime: IRenderMimeRegistry): void => {
    const locate = (node: HTMLElement) => {
      const panel = tracker.find(each => each.content.node.contains(node));
      const cell = panel?.content.widgets.find(each => each.node.contains(node));
      return panel && cell ? { panel, cellId: cell.model.id } : null;
    };
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [RUN_MIME_TYPE],
        defaultRank: 40, // before text/html, which is what other editors show
        createRenderer: options => new AgentOutput(options, rendermime, dex, locate)
      }
    );
  }
};
