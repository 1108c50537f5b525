/** Runs, catalog and the last profile. */

import { profileSource, type ProfileView, type RunView, type Snapshot } from '@dexkit/client';

import { Button, Empty, Section, useTrans, Verdict } from './parts';

/** Runs that are shown before the older ones are folded away. */
const NEWEST = 5;

export function RunsSection(props: { snapshot: Snapshot }): JSX.Element {
  const trans = useTrans();
  const { runs } = props.snapshot;
  const older = runs.slice(NEWEST);
  return (
    <Section title={trans.__('Runs')} count={runs.length} name="runs">
      {runs.length === 0 && <Empty>{trans.__('No runs yet. Ask an agent, or export the notebook.')}</Empty>}
      <RunList runs={runs.slice(0, NEWEST)} />
      {older.length > 0 && (
        <details>
          <summary>{trans._n('%1 older', '%1 older', older.length)}</summary>
          <RunList runs={older} />
        </details>
      )}
    </Section>
  );
}

function RunList(props: { runs: readonly RunView[] }): JSX.Element {
  return (
    <ul className="dex-List">
      {props.runs.map(run => (
        <li key={run.id} className="dex-Run">
          <div className="dex-Row dex-mod-between">
            <span className="dex-Run-role">{run.role ?? run.kind}</span>
            <Verdict status={run.status} />
          </div>
          {run.summary !== '' && (
            <p className="dex-Run-summary" title={run.summary}>
              {run.summary}
            </p>
          )}
          <p className="dex-Detail">
            {[run.environment, shortTime(run.started)].filter(part => part !== null && part !== '').join(' · ')}
          </p>
        </li>
      ))}
    </ul>
  );
}

export function CatalogSection(props: { snapshot: Snapshot; onProfile: (line: string) => void }): JSX.Element {
  const trans = useTrans();
  const { catalog } = props.snapshot;
  return (
    <Section
      title={trans.__('Catalog')}
      count={catalog.reduce((sum, layer) => sum + layer.tables.length, 0)}
      name="catalog"
    >
      {catalog.length === 0 && <Empty>{trans.__('Bind an environment to see its tables.')}</Empty>}
      {catalog.map(layer => (
        <details key={layer.name} className="dex-Layer" open>
          <summary title={layer.schema_name}>
            <span className="dex-Layer-name">{layer.name}</span>
            <span className="dex-Section-count">{layer.tables.length}</span>
          </summary>
          {!layer.listed && (
            <Empty>{trans.__('Not listed: looking would start compute in the workspace.')}</Empty>
          )}
          {layer.listed && layer.tables.length === 0 && <Empty>{trans.__('No tables.')}</Empty>}
          <ul className="dex-List">
            {layer.tables.map(table => {
              const line = profileSource(layer.name, table.name);
              return (
                <li key={table.full_name} className="dex-Table dex-Row dex-mod-between">
                  <code title={table.full_name}>{table.name}</code>
                  {line !== null && (
                    <Button
                      title={trans.__('Run %1 in a cell below the active one', line)}
                      label={trans.__('Profile %1', table.full_name)}
                      onClick={() => {
                        props.onProfile(line);
                      }}
                    >
                      {trans.__('Profile')}
                    </Button>
                  )}
                </li>
              );
            })}
          </ul>
        </details>
      ))}
    </Section>
  );
}

export function ProfileSection(props: { profile: ProfileView | null }): JSX.Element {
  const trans = useTrans();
  const { profile } = props;
  return (
    <Section title={trans.__('Last profile')} name="profile">
      {profile === null ? (
        <Empty>{trans.__('Nothing profiled yet. Run %dex_profile with a frame or a table.')}</Empty>
      ) : (
        <>
          <p className="dex-Profile-name">
            {profile.name !== null && <code>{profile.name}</code>}{' '}
            {trans._n('%1 row', '%1 rows', profile.rows).replace(String(profile.rows), profile.rows.toLocaleString())}
          </p>
          <div className="dex-Scroll" tabIndex={0} role="region" aria-label={trans.__('Columns of the last profile')}>
            <table className="dex-Columns">
              <thead>
                <tr>
                  <th scope="col">{trans.__('Column')}</th>
                  <th scope="col">{trans.__('Type')}</th>
                  <th scope="col" className="dex-mod-number">
                    {trans.__('Nulls')}
                  </th>
                  <th scope="col" className="dex-mod-number">
                    {trans.__('Distinct')}
                  </th>
                  <th scope="col">{trans.__('Least')}</th>
                  <th scope="col">{trans.__('Most')}</th>
                </tr>
              </thead>
              <tbody>
                {profile.columns.map(column => (
                  <tr key={column.name}>
                    <th scope="row">{column.name}</th>
                    <td>{column.type}</td>
                    <td className="dex-mod-number">{share(column.nulls, profile.rows)}</td>
                    <td className="dex-mod-number">{column.distinct ?? '–'}</td>
                    <td>{column.minimum ?? '–'}</td>
                    <td>{column.maximum ?? '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {profile.more_columns > 0 && (
            <Empty>{trans._n('and %1 more column', 'and %1 more columns', profile.more_columns)}</Empty>
          )}
        </>
      )}
    </Section>
  );
}

/** A part of the rows in per cent; any null at all is more than 0 %. */
export function share(part: number | null, rows: number): string {
  if (part === null || rows === 0) {
    return '–';
  }
  const percent = (100 * part) / rows;
  return part > 0 && percent < 0.1 ? '<0.1 %' : `${percent.toFixed(percent > 0 && percent < 10 ? 1 : 0)} %`;
}

/** A moment in the reader's own words, or the text itself where it is no moment. */
export function shortTime(text: string): string {
  const moment = new Date(text);
  return Number.isNaN(moment.getTime())
    ? text
    : moment.toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}
