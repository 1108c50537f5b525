/** Which environment is bound, how it does, and the switch to another. */

import type { EngineView, EnvironmentView, PanelState, Snapshot } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { useId, useState, type FormEvent } from 'react';

import type { Actions } from '../actions';
import { engineWord, kindWord, sessionWord, writesWord } from '../words';
import { Button, NoticeBox, Section, useStore, useTrans } from './parts';

export function EnvironmentSection(props: {
  actions: Actions;
  panel: NotebookPanel;
  state: PanelState;
  snapshot: Snapshot;
}): JSX.Element {
  const trans = useTrans();
  const { snapshot } = props;
  const bound = snapshot.environment;
  return (
    <Section title={trans.__('Environment')} name="environment">
      <p className="dex-Bound" aria-live="polite">
        {bound === null ? (
          <span className="dex-Bound-name">{trans.__('No environment is bound')}</span>
        ) : (
          <>
            <span className="dex-Bound-name">{bound.name}</span>
            {bound.kind !== bound.name && <Kind environment={bound} />}
          </>
        )}
      </p>
      {snapshot.session.state === 'failed' && (
        <NoticeBox notice={{ message: snapshot.session.message || trans.__('The session could not be started.') }} />
      )}
      <Facts snapshot={snapshot} />
      {isDown(snapshot.engine) && (
        <NoticeBox
          notice={{
            message: trans.__('The engine does not run any more.'),
            where: snapshot.engine?.log,
            remedy: trans.__('Bind the environment again: its tables are still there.')
          }}
        />
      )}
      <Switch {...props} />
    </Section>
  );
}

function isDown(engine: EngineView | null): boolean {
  return engine?.state === 'stopped' || engine?.state === 'not answering';
}

export function Kind(props: { environment: EnvironmentView }): JSX.Element {
  const trans = useTrans();
  const { kind } = props.environment;
  return <span className={`dex-Kind dex-mod-${kind ?? 'unknown'}`}>{kindWord(trans, kind)}</span>;
}

function Facts(props: { snapshot: Snapshot }): JSX.Element {
  const trans = useTrans();
  const { session, engine, guard, environment } = props.snapshot;
  const rows: [string, string, string?][] = [[trans.__('Session'), sessionWord(trans, session.state)]];
  if (engine !== null) {
    const name = engine.version ? `${engine.type} ${engine.version}` : engine.type;
    rows.push([trans.__('Engine'), trans.__('%1, %2', name, engineWord(trans, engine.state)), engine.log ?? undefined]);
    if (engine.address) {
      rows.push([trans.__('Address'), engine.address]);
    }
  }
  if (environment?.catalog) {
    rows.push([trans.__('Catalog'), environment.catalog]);
  }
  if (guard !== null) {
    const word = writesWord(trans, guard.writes);
    const writes = guard.confirmed ? trans.__('%1, confirmed in this notebook', word) : word;
    rows.push([trans.__('Writes'), writes, guard.catalogs.join(', ') || undefined]);
  }
  return (
    <dl className="dex-Facts">
      {rows.map(([label, value, title]) => (
        <div key={label} className="dex-Facts-row">
          <dt>{label}</dt>
          <dd title={title}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Switch(props: {
  actions: Actions;
  panel: NotebookPanel;
  state: PanelState;
  snapshot: Snapshot;
}): JSX.Element {
  const trans = useTrans();
  const { actions, panel, snapshot } = props;
  const draft = useStore(actions.draft(panel));
  const [typed, setTyped] = useState('');
  const [writes, setWrites] = useState(false);
  const ids = { select: useId(), typed: useId(), writes: useId() };
  const bound = snapshot.environment?.name ?? null;
  const chosen = snapshot.environments.find(each => each.name === (draft.chosen ?? bound)) ?? snapshot.environments[0];
  const starting = draft.binding !== null || snapshot.session.state === 'starting';
  const again = snapshot.session.state === 'failed' || isDown(snapshot.engine);
  const production = chosen?.kind === 'production' && chosen.name !== bound;
  const ready =
    chosen !== undefined &&
    !starting &&
    chosen.problem === null &&
    (chosen.name !== bound || again) &&
    (!production || typed === chosen.name);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ready) {
      setTyped('');
      setWrites(false);
      void actions.bind(panel, chosen.name, production && writes);
    }
  };

  return (
    <form className="dex-Switch" onSubmit={submit} aria-label={trans.__('Switch the environment')}>
      <label className="dex-Label" htmlFor={ids.select}>
        {trans.__('Switch to')}
      </label>
      <div className="dex-Row">
        <select
          id={ids.select}
          className="dex-Input"
          value={chosen?.name ?? ''}
          disabled={starting || chosen === undefined}
          onChange={event => {
            setTyped('');
            actions.draft(panel).update({ chosen: event.target.value, bindProblem: null });
          }}
        >
          {snapshot.environments.map(each => (
            <option key={each.name} value={each.name}>
              {each.problem !== null
                ? trans.__('%1 (cannot be used)', each.name)
                : each.kind === each.name
                  ? trans.__('%1 (%2)', each.name, each.engine ?? '')
                  : trans.__('%1 (%2, %3)', each.name, kindWord(trans, each.kind), each.engine ?? '')}
            </option>
          ))}
        </select>
        {!production && (
          <Button submit primary disabled={!ready}>
            {starting
              ? trans.__('Binding…')
              : again && chosen?.name === bound
                ? trans.__('Bind again')
                : trans.__('Switch')}
          </Button>
        )}
      </div>
      {production && (
        <fieldset className="dex-Production">
          <legend>{trans.__('This is production')}</legend>
          <label className="dex-Label" htmlFor={ids.typed}>
            {trans.__('Type “%1” to bind it', chosen.name)}
          </label>
          <input
            id={ids.typed}
            className="dex-Input"
            value={typed}
            autoComplete="off"
            spellCheck={false}
            onChange={event => {
              setTyped(event.target.value);
            }}
          />
          {chosen.writes === 'confirm' && (
            <label className="dex-Check" htmlFor={ids.writes}>
              <input
                id={ids.writes}
                type="checkbox"
                checked={writes}
                onChange={event => {
                  setWrites(event.target.checked);
                }}
              />
              {trans.__('Allow writes; without this it is read-only')}
            </label>
          )}
          <div className="dex-Row">
            <Button submit primary disabled={!ready}>
              {starting ? trans.__('Binding…') : trans.__('Bind production')}
            </Button>
            <Button
              onClick={() => {
                actions.draft(panel).update({ chosen: null });
              }}
            >
              {trans.__('Cancel')}
            </Button>
          </div>
        </fieldset>
      )}
      {starting && props.state.busy && draft.binding !== null && (
        <p className="dex-Hint" role="status">
          {trans.__('The kernel binds it when it has ended what it runs.')}
        </p>
      )}
      {chosen?.problem && <NoticeBox level="warning" notice={{ message: chosen.problem }} />}
      {draft.bindProblem !== null && <NoticeBox notice={draft.bindProblem} />}
    </form>
  );
}
