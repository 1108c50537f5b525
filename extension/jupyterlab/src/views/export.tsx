/** The notebook as a module: the action and what it wrote. */

import type { NotebookPanel } from '@jupyterlab/notebook';

import type { Actions } from '../actions';
import { Button, NoticeBox, Section, useStore, useTrans } from './parts';

export function ExportSection(props: { actions: Actions; panel: NotebookPanel; available: boolean }): JSX.Element {
  const trans = useTrans();
  const { actions, panel } = props;
  const { exporting, exported, exportProblem } = useStore(actions.draft(panel));
  const editedByHand = exportProblem?.remedy?.includes('--force') ?? false;
  return (
    <Section title={trans.__('Export')} name="export">
      <p className="dex-Hint">{trans.__('Module, tests and job task from the saved notebook.')}</p>
      <div className="dex-Row">
        <Button
          disabled={exporting || !props.available}
          onClick={() => {
            void actions.export(panel, false);
          }}
        >
          {exporting ? trans.__('Exporting…') : trans.__('Save and export')}
        </Button>
      </div>
      <div aria-live="polite">
        {exported !== null && (
          <>
            <p>{trans.__('Exported %1.', exported.notebook)}</p>
            <ul className="dex-List dex-Files">
              {exported.files.map(file => (
                <li key={file.path}>
                  <code>{file.path}</code> <span className="dex-Detail">{file.status}</span>
                </li>
              ))}
            </ul>
            <details>
              <summary>{trans.__('Report')}</summary>
              <pre className="dex-Code" tabIndex={0} aria-label={trans.__('Report of the export')}>
                {exported.text}
              </pre>
            </details>
          </>
        )}
      </div>
      {exportProblem !== null && (
        <NoticeBox notice={exportProblem}>
          {editedByHand && (
            <Button
              onClick={() => {
                void actions.export(panel, true);
              }}
            >
              {trans.__('Overwrite the edited files')}
            </Button>
          )}
        </NoticeBox>
      )}
    </Section>
  );
}
