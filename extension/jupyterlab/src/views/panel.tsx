/** The sidebar: everything about the notebook in front. */

import type { Mismatch, Store } from '@dexkit/client';
import { PathExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, refreshIcon } from '@jupyterlab/ui-components';

import type { Actions } from '../actions';
import { mismatchWords } from '../words';
import { EnvironmentSection } from './environment';
import { ExportSection } from './export';
import { InferredSection } from './inferred';
import { JobsSection } from './jobs';
import { CatalogSection, ProfileSection, RunsSection } from './lists';
import { Button, Empty, NoticeBox, Translation, useStore, useTrans } from './parts';
import { RequestSection } from './request';

/** What the sidebar is about. */
export interface Front {
  readonly panel: NotebookPanel | null;
  readonly server: Mismatch | null;
}

export class DexPanel extends ReactWidget {
  constructor(
    private readonly _front: Store<Front>,
    private readonly _actions: Actions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('dex-Panel');
    this.addClass('jp-ThemedContainer');
  }

  protected override render(): JSX.Element {
    return (
      <Translation.Provider value={this._trans}>
        <Contents front={this._front} actions={this._actions} />
      </Translation.Provider>
    );
  }
}

export function Contents(props: { front: Store<Front>; actions: Actions }): JSX.Element {
  const trans = useTrans();
  const { panel, server } = useStore(props.front);
  if (panel === null) {
    return (
      <div className="dex-Welcome">
        <Empty>{trans.__('Open a notebook to see its environment, its engine and its tables.')}</Empty>
      </div>
    );
  }
  return <OfNotebook key={panel.id} panel={panel} server={server} actions={props.actions} />;
}

function OfNotebook(props: { panel: NotebookPanel; server: Mismatch | null; actions: Actions }): JSX.Element {
  const trans = useTrans();
  const { panel, server, actions } = props;
  const state = useStore(actions.sessions.of(panel).store);
  const { snapshot } = state;
  const available = server?.kind !== 'missing';
  const exporting = (
    <>
      <ExportSection actions={actions} panel={panel} available={available} />
      {available && <JobsSection jobs={actions.jobs(panel)} />}
      {available && <InferredSection graphs={actions.graphs(panel)} jobs={actions.jobs(panel)} />}
    </>
  );
  return (
    <>
      <header className="dex-Header">
        <h2 className="dex-Header-title" title={panel.context.path}>
          {PathExt.basename(panel.context.path)}
        </h2>
        <button
          type="button"
          className="dex-IconButton"
          title={trans.__('Look again')}
          aria-label={trans.__('Look again')}
          onClick={() => {
            void actions.refresh(panel);
          }}
        >
          <refreshIcon.react tag="span" />
        </button>
      </header>
      {state.mismatch !== null && (
        <NoticeBox
          level={state.mismatch.kind === 'apart' ? 'error' : 'warning'}
          notice={{ message: mismatchWords(trans, state.mismatch) }}
        />
      )}
      {server !== null && (
        <NoticeBox level={server.kind === 'differs' ? 'warning' : 'error'} notice={{ message: mismatchWords(trans, server) }} />
      )}
      {snapshot === null || state.connection !== 'ready' ? (
        <>
          <NotReady connection={state.connection} busy={state.busy} onLoad={() => void actions.load(panel)} />
          {exporting}
        </>
      ) : (
        <>
          {snapshot.problems.map(problem => (
            <NoticeBox
              key={problem.part}
              level="warning"
              notice={{
                message: trans.__('%1 cannot be shown: %2', problem.part, problem.message),
                code: problem.code ?? undefined
              }}
            />
          ))}
          <EnvironmentSection actions={actions} panel={panel} state={state} snapshot={snapshot} />
          <RequestSection actions={actions} panel={panel} snapshot={snapshot} activity={state.activity} />
          {exporting}
          <RunsSection snapshot={snapshot} />
          <CatalogSection
            snapshot={snapshot}
            onProfile={line => {
              void actions.runLine(panel, line);
            }}
          />
          <ProfileSection profile={snapshot.profile} />
        </>
      )}
    </>
  );
}

function NotReady(props: { connection: string; busy: boolean; onLoad: () => void }): JSX.Element {
  const trans = useTrans();
  switch (props.connection) {
    case 'none':
      return (
        <div className="dex-Welcome">
          <Empty>{trans.__('This notebook has no kernel. Choose one in its toolbar.')}</Empty>
        </div>
      );
    case 'not-loaded':
      return (
        <div className="dex-Welcome">
          <Empty>{trans.__('This kernel has not loaded dex.')}</Empty>
          <Button primary onClick={props.onLoad} title={trans.__('Run the notebook’s cell with %load_ext dex, or add one')}>
            {trans.__('Load dex')}
          </Button>
        </div>
      );
    default:
      return (
        <div className="dex-Welcome" role="status">
          <Empty>
            {props.busy
              ? trans.__('The kernel is busy; its state comes with its next message.')
              : trans.__('Asking the kernel…')}
          </Empty>
        </div>
      );
  }
}
