/** The request to an agent, what it is doing, and what it proposes. */

import { isInsertable, type Activity, type ProposalView, type Snapshot } from '@dexkit/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { useEffect, useId, useReducer, useRef, useState, type FormEvent } from 'react';

import type { Actions } from '../actions';
import { isProposalInserted } from '../place';
import { stageWord } from '../words';
import { Button, Empty, Section, useStore, useTrans, Verdict } from './parts';

export function RequestSection(props: {
  actions: Actions;
  panel: NotebookPanel;
  snapshot: Snapshot;
  activity: Activity | null;
}): JSX.Element {
  const trans = useTrans();
  const { actions, panel, snapshot, activity } = props;
  return (
    <Section title={trans.__('Ask an agent')} name="request">
      <RequestForm actions={actions} panel={panel} snapshot={snapshot} />
      {activity !== null && (
        <Working
          activity={activity}
          onStop={() => {
            void actions.interrupt(panel);
          }}
        />
      )}
      {activity === null && snapshot.proposal !== null && (
        <Proposal
          panel={panel}
          proposal={snapshot.proposal}
          onInsert={proposal => {
            actions.insert(panel, proposal);
          }}
        />
      )}
    </Section>
  );
}

function RequestForm(props: { actions: Actions; panel: NotebookPanel; snapshot: Snapshot }): JSX.Element {
  const trans = useTrans();
  const { actions, panel, snapshot } = props;
  const store = actions.draft(panel);
  const draft = useStore(store);
  const [problem, setProblem] = useState<string | null>(null);
  const ids = { role: useId(), text: useId(), into: useId(), problem: useId() };
  const roles = snapshot.roles.length > 0 ? snapshot.roles : ['silver'];
  const names = snapshot.frames.map(frame => frame.name);
  const chosen = draft.frames.filter(name => names.includes(name));
  const bound = snapshot.environment !== null;

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const wrong = !bound
      ? trans.__('Bind an environment first: a proposal is tried on its engine.')
      : chosen.length === 0
        ? trans.__('Choose the frame that the request is about.')
        : draft.text.trim() === ''
          ? trans.__('Say what you want.')
          : draft.into !== '' && !/^[A-Za-z_]\w*$/.test(draft.into)
            ? trans.__('“%1” cannot be a variable’s name.', draft.into)
            : null;
    setProblem(wrong);
    if (wrong === null) {
      const role = roles.includes(draft.role) ? draft.role : roles[0];
      void actions.ask(panel, { role, frames: chosen, text: draft.text, into: draft.into || undefined });
      store.update({ text: '', into: '' });
    }
  };

  return (
    <form className="dex-Request" onSubmit={submit} aria-label={trans.__('Request to an agent')}>
      <label className="dex-Label" htmlFor={ids.role}>
        {trans.__('Role')}
      </label>
      <select
        id={ids.role}
        className="dex-Input"
        value={draft.role}
        onChange={event => {
          store.update({ role: event.target.value });
        }}
      >
        {roles.map(role => (
          <option key={role}>{role}</option>
        ))}
      </select>
      <fieldset className="dex-Frames">
        <legend className="dex-Label">{trans.__('Frames')}</legend>
        {names.length === 0 && <Empty>{trans.__('None yet. Run a cell that makes a DataFrame.')}</Empty>}
        {names.map(name => (
          <label key={name} className="dex-Check">
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              onChange={event => {
                store.update({
                  frames: event.target.checked ? [...chosen, name] : chosen.filter(each => each !== name)
                });
              }}
            />
            <code>{name}</code>
          </label>
        ))}
      </fieldset>
      <label className="dex-Label" htmlFor={ids.text}>
        {trans.__('Request')}
      </label>
      <textarea
        id={ids.text}
        className="dex-Input"
        rows={4}
        value={draft.text}
        placeholder={trans.__('NA means null. Give every column its type. Drop exact duplicates.')}
        aria-invalid={problem !== null}
        aria-describedby={problem !== null ? ids.problem : undefined}
        onChange={event => {
          store.update({ text: event.target.value });
        }}
        onKeyDown={event => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            submit(event);
          }
        }}
      />
      <label className="dex-Label" htmlFor={ids.into}>
        {trans.__('Name of the result (optional)')}
      </label>
      <div className="dex-Row">
        <input
          id={ids.into}
          className="dex-Input"
          value={draft.into}
          autoComplete="off"
          spellCheck={false}
          onChange={event => {
            store.update({ into: event.target.value });
          }}
        />
        <Button submit primary title={trans.__('Insert the request as a cell below the active one and run it (Ctrl Enter)')}>
          {trans.__('Ask')}
        </Button>
      </div>
      {problem !== null && (
        <p id={ids.problem} className="dex-FieldProblem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

export function Working(props: { activity: Activity; onStop: () => void }): JSX.Element {
  const trans = useTrans();
  const { activity } = props;
  const text = useRef<HTMLPreElement>(null);
  useEffect(() => {
    text.current?.scrollTo?.({ top: text.current.scrollHeight }); // the newest words are at the end
  }, [activity.text]);
  return (
    <div className="dex-Working">
      <div className="dex-Row dex-mod-between">
        <div className="dex-Working-stage" role="status">
          <span className="dex-Spinner" aria-hidden="true" />
          <p className="dex-Working-note">{activity.note || stageWord(trans, activity.stage)}</p>
        </div>
        <Button onClick={props.onStop} title={trans.__('Interrupt the kernel; the engine’s operation ends too')}>
          {trans.__('Stop')}
        </Button>
      </div>
      {activity.text !== '' && (
        <pre ref={text} className="dex-Code dex-mod-prose" tabIndex={0} aria-label={trans.__('What the model has written so far')}>
          {activity.text}
        </pre>
      )}
    </div>
  );
}

export function Proposal(props: {
  panel: NotebookPanel;
  proposal: ProposalView;
  onInsert: (proposal: ProposalView) => void;
}): JSX.Element {
  const trans = useTrans();
  const { panel, proposal } = props;
  useContentVersion(panel);
  const inserted = isProposalInserted(panel, proposal);
  return (
    <article className="dex-Proposal" aria-label={trans.__('Proposal for %1', proposal.into)}>
      <div className="dex-Row dex-mod-between">
        <h4 className="dex-Proposal-title">
          {trans.__('Proposal')}: <code>{proposal.into}</code>
        </h4>
        <Verdict status={proposal.status} />
      </div>
      {proposal.not_followed.length > 0 && (
        <div className="dex-Notice dex-mod-warning">
          <p>{trans.__('Not followed:')}</p>
          <ul>
            {proposal.not_followed.map(phrase => (
              <li key={phrase}>{phrase}</li>
            ))}
          </ul>
        </div>
      )}
      {proposal.checks.length > 0 && (
        <details className="dex-Checks">
          <summary>{trans._n('%1 check', '%1 checks', proposal.checks.length)}</summary>
          <ul>
            {proposal.checks.map(check => (
              <li key={check.name}>
                <Verdict status={check.status} /> {check.name}
                {check.detail !== '' && <span className="dex-Detail">{check.detail}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
      <pre className="dex-Code" tabIndex={0} aria-label={trans.__('Proposed code')}>
        {proposal.code.trim()}
      </pre>
      {isInsertable(proposal.status) ? (
        <div className="dex-Row">
          <Button
            primary
            disabled={inserted}
            title={trans.__('Insert the code and its assertions below the request; nothing is run')}
            onClick={() => {
              props.onInsert(proposal);
            }}
          >
            {inserted ? trans.__('Inserted') : trans.__('Insert')}
          </Button>
        </div>
      ) : (
        <p className="dex-Hint">{trans.__('It did not pass its checks, so it is shown and not inserted.')}</p>
      )}
    </article>
  );
}

/** Render again when the notebook's cells change. */
function useContentVersion(panel: NotebookPanel): void {
  const [, bump] = useReducer((version: number) => version + 1, 0);
  useEffect(() => {
    const model = panel.content.model;
    model?.contentChanged.connect(bump);
    return () => {
      model?.contentChanged.disconnect(bump);
    };
  }, [panel]);
}
