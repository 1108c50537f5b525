/** Renders an agent's run: its own HTML, and below it the button that inserts the proposal. */

import { isInsertable, type ProposalView } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Panel, Widget } from '@lumino/widgets';

import type { IDex } from './tokens';

export const RUN_MIME_TYPE = 'application/vnd.dex.run.v1+json';

type Insertable = Pick<ProposalView, 'code' | 'assertions' | 'status'>;

type Place = { panel: NotebookPanel; cellId: string };

export class AgentOutput extends Panel implements IRenderMime.IRenderer {
  constructor(
    options: IRenderMime.IRendererOptions,
    private readonly _rendermime: IRenderMimeRegistry,
    private readonly _dex: IDex,
    private readonly _locate: (node: HTMLElement) => Place | null
  ) {
    super();
    this._mimeType = options.mimeType;
    this.addClass('dex-AgentOutput');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    for (const widget of [...this.widgets]) {
      widget.dispose();
    }
    const kind = ['text/html', 'text/plain'].find(each => each in model.data);
    if (kind !== undefined) {
      const content = this._rendermime.createRenderer(kind);
      this.addWidget(content);
      await content.renderModel(model);
    }
    const proposal = proposalOf(model.data[this._mimeType]);
    if (proposal !== null) {
      this.addWidget(this._bar(proposal));
    }
  }

  private _bar(proposal: Insertable): Widget {
    const { trans, actions } = this._dex;
    const bar = new Widget();
    bar.addClass('dex-AgentOutput-bar');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'dex-Button dex-mod-primary';
    button.textContent = trans.__('Insert');
    button.title = trans.__('Insert the code and its assertions below this cell; nothing is run');
    const said = document.createElement('span');
    said.className = 'dex-Detail';
    said.setAttribute('role', 'status');
    button.addEventListener('click', () => {
      const place = this._locate(this.node);
      if (place === null) {
        said.textContent = trans.__('This output stands outside of its notebook: insert from the dex panel.');
        return;
      }
      const inserted = actions.insert(place.panel, { ...proposal, cell_id: place.cellId });
      said.textContent = inserted ? trans.__('Inserted below.') : trans.__('It stands below already.');
    });
    bar.node.append(button, said);
    return bar;
  }

  private readonly _mimeType: string;
}

/** Return what can be inserted of a run's JSON, or null: there is no proposal, or it did not pass. */
export function proposalOf(data: ReadonlyPartialJSONValue | undefined): Insertable | null {
  const run = data as
    | { proposal?: { code?: unknown; assertions?: unknown } | null; verdict?: { status?: unknown } | null }
    | undefined;
  const { code, assertions } = run?.proposal ?? {};
  const status = typeof run?.verdict?.status === 'string' ? run.verdict.status : null;
  if (typeof code !== 'string' || code.trim() === '' || !isInsertable(status)) {
    return null;
  }
  return { code, assertions: typeof assertions === 'string' ? assertions : '', status };
}
