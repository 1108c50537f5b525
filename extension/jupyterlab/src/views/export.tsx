/** The notebook as a module: the action, what it would change, what it wrote, and what stands in its way. */

import type { CellsReply, ExportReply, SyncReply } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';

import type { Actions } from '../actions';
import { markOf } from '../marks';
import { FileChange } from './files';
import { Button, NoticeBox, Section, useStore, useTrans } from './parts';
import { Listed, Places, type GoTo } from './places';
import { Tested } from './tested';

export function ExportSection(props: { actions: Actions; panel: NotebookPanel; available: boolean }): JSX.Element {
  const trans = useTrans();
  const { actions, panel } = props;
  const { exporting, testing, exported, synced, tested, exportProblem, cells } = useStore(actions.draft(panel));
  const editedByHand = exportProblem?.remedy?.includes('--force') ?? false;
  const places = exportProblem?.places ?? [];
  const goTo: GoTo = place => {
    actions.goTo(panel, place);
  };
  return (
    <Section title={trans.__('Export')} name="export">
      <p className="dex-Hint">{trans.__('Module, tests and job task from the saved notebook.')}</p>
      <div className="dex-Row">
        <Button
          disabled={exporting || !props.available}
          onClick={() => {
            void actions.export(panel, {});
          }}
        >
          {exporting && !testing ? trans.__('Working…') : trans.__('Save and export')}
        </Button>
        <Button
          disabled={exporting || !props.available}
          title={trans.__('Save the notebook and show what an export would change; no file of the project is written')}
          onClick={() => {
            void actions.export(panel, { check: true });
          }}
        >
          {trans.__('What would change')}
        </Button>
        <Button
          disabled={exporting || !props.available}
          title={trans.__('Save the notebook and bring what was changed in its exported module back to its cells')}
          onClick={() => {
            void actions.sync(panel);
          }}
        >
          {trans.__('Sync')}
        </Button>
        <Button
          disabled={exporting || !props.available}
          title={trans.__('Run the tests of the exported module')}
          onClick={() => {
            void actions.test(panel);
          }}
        >
          {trans.__('Test')}
        </Button>
      </div>
      <Changed cells={cells} goTo={goTo} />
      <div aria-live="polite">
        {exported !== null && <Report reply={exported} goTo={goTo} />}
        {synced !== null && <Synced reply={synced} goTo={goTo} />}
        {testing && <p>{trans.__('The tests run…')}</p>}
        {tested !== null && <Tested reply={tested} goTo={goTo} />}
      </div>
      {exportProblem !== null && (
        <NoticeBox notice={places.length > 1 ? { ...exportProblem, message: refused(places.length), where: null, remedy: null } : exportProblem}>
          <Places places={places} goTo={goTo} linksOnly={places.length === 1} />
          {editedByHand && (
            <Button
              onClick={() => {
                void actions.export(panel, { force: true });
              }}
            >
              {trans.__('Overwrite the edited files')}
            </Button>
          )}
        </NoticeBox>
      )}
    </Section>
  );

  function refused(count: number): string {
    return trans._n('%1 place stands in the way of the export.', '%1 places stand in the way of the export.', count, count);
  }
}

/** The cells that changed since the last export, as the saved notebook and its source map tell. */
function Changed(props: { cells: CellsReply | null; goTo: GoTo }): JSX.Element | null {
  const trans = useTrans();
  const changed = props.cells?.cells.filter(cell => cell.state === 'changed') ?? [];
  if (props.cells === null || props.cells.module === null || changed.length === 0) {
    return null;
  }
  const places = changed.map(cell => ({ text: markOf(trans, cell) ?? '', cell: cell.cell, line: null }));
  return (
    <details className="dex-Changed">
      <summary>
        {trans._n('%1 cell changed since the export.', '%1 cells changed since the export.', changed.length, changed.length)}
      </summary>
      <Places places={places} goTo={props.goTo} />
    </details>
  );
}

function Report(props: { reply: ExportReply; goTo: GoTo }): JSX.Element {
  const trans = useTrans();
  const { reply, goTo } = props;
  const changed = reply.files.filter(file => file.status === 'differs');
  return (
    <>
      <p>{headline()}</p>
      <ul className="dex-List dex-Files">
        {(reply.checked ? changed : reply.files).map(file => (
          <li key={file.path}>
            <FileChange file={file} />
          </li>
        ))}
      </ul>
      <Listed title={trans.__('To look at')} places={reply.notes} goTo={goTo} open />
      <Listed title={trans.__('No test made')} places={reply.not_derived} goTo={goTo} />
      <Listed title={trans.__('Left out')} places={reply.left_out} goTo={goTo} />
      <details>
        <summary>{trans.__('Report')}</summary>
        <pre className="dex-Code" tabIndex={0} aria-label={trans.__('Report of the export')}>
          {reply.text}
        </pre>
      </details>
    </>
  );

  function headline(): string {
    if (reply.files.length === 0) {
      return trans.__('Nothing to export: the notebook holds no code for a job.');
    }
    if (!reply.checked) {
      return trans.__('Exported %1.', reply.notebook);
    }
    return reply.drift
      ? trans._n('An export would change %1 file.', 'An export would change %1 files.', changed.length, changed.length)
      : trans.__('The exported files are what the notebook says.');
  }
}

function Synced(props: { reply: SyncReply; goTo: GoTo }): JSX.Element {
  const trans = useTrans();
  const { reply, goTo } = props;
  return (
    <>
      <p>{headline()}</p>
      <Listed title={trans.__('Both texts in the cell')} places={reply.conflicts} goTo={goTo} open />
      <Listed title={trans.__('Taken from the module')} places={reply.taken} goTo={goTo} open />
      <ul className="dex-List dex-Files">
        {reply.files.map(path => (
          <li key={path}>
            <code>{path}</code>
          </li>
        ))}
      </ul>
    </>
  );

  function headline(): string {
    if (reply.files.length === 0) {
      return trans.__('The notebook and %1 say the same.', reply.module);
    }
    return reply.conflicts.length === 0
      ? trans.__('The notebook and %1 say the same again.', reply.module)
      : trans.__('The notebook and %1 were changed at the same place.', reply.module);
  }
}
