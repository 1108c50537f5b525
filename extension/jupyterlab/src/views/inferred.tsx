/** The graph that notebooks make: tasks, reasons, open questions; and the job made of it, shown before it is written. */

import type { EmitReply, GraphReply, GraphTaskView, QuestionView, ReasonView, TaskPlace } from '@dexkit/client';
import { Clipboard } from '@jupyterlab/apputils';
import { Fragment, useEffect } from 'react';

import type { Graphs, GraphState, Scope } from '../graphs';
import type { Jobs } from '../jobs';
import { placeWord } from '../words';
import { FileChange } from './files';
import { JobGraph } from './graph';
import { Button, NoticeBox, Section, useStore, useTrans } from './parts';

type Open = (place: TaskPlace) => void;

export function InferredSection(props: { graphs: Graphs; jobs: Jobs }): JSX.Element {
  const trans = useTrans();
  const { graphs } = props;
  const { project } = useStore(props.jobs.store);
  const state = useStore(graphs.store);
  useEffect(() => (project === null ? undefined : graphs.follow(project)), [graphs, project]);
  const { scope, reply, doing, progress, problem } = state;
  const open: Open = place => void graphs.open(place);
  return (
    <Section title={trans.__('Graph of the notebooks')} name="graph">
      <p className="dex-Hint">{trans.__('What depends on what, read from tables, files and task values. Nothing is run.')}</p>
      <div className="dex-Row">
        <select
          className="dex-Input dex-Graph-scope"
          aria-label={trans.__('Notebooks')}
          value={scope}
          disabled={doing !== null}
          onChange={event => void graphs.turnTo(event.target.value as Scope)}
        >
          <option value="project">{trans.__('All notebooks')}</option>
          <option value="notebook">{trans.__('This notebook')}</option>
        </select>
        <Button disabled={doing !== null} onClick={() => void graphs.look()} title={trans.__('Save this notebook and read the graph')}>
          {doing === 'look' ? trans.__('Reading…') : reply === null ? trans.__('Show graph') : trans.__('Read again')}
        </Button>
      </div>
      <p className="dex-Detail" role="status">
        {doing !== null && progress !== '' ? trans.__('Reading notebook %1…', progress) : ''}
      </p>
      {reply !== null && <Inferred graphs={graphs} state={state} reply={reply} open={open} />}
      {problem !== null && (
        <NoticeBox notice={problem}>
          {problem.remedy?.includes('--force') === true && state.job !== '' && (
            <Button onClick={() => void graphs.make(true)}>{trans.__('Overwrite the edited files')}</Button>
          )}
        </NoticeBox>
      )}
    </Section>
  );
}

function Inferred(props: { graphs: Graphs; state: GraphState; reply: GraphReply; open: Open }): JSX.Element {
  const trans = useTrans();
  const { graphs, state, reply, open } = props;
  const tasks = reply.stages.flat();
  const chosen = tasks.find(task => task.key === state.task);
  if (tasks.length === 0) {
    return <p className="dex-Empty">{trans.__('No task here: these notebooks have no code, or are run by others.')}</p>;
  }
  return (
    <>
      <p>
        {trans._n('%1 task', '%1 tasks', tasks.length)}
        {reply.questions.length > 0 &&
          ` · ${trans._n('%1 open question', '%1 open questions', reply.questions.length)}`}
      </p>
      <Questions questions={reply.questions} open={open} />
      <JobGraph
        stages={reply.stages.map(stage =>
          stage.map(task => {
            const needs = task.edges.map(edge => edge.before);
            return { key: task.key, needs, after: needs, what: task.section ?? task.place.notebook, state: null, items: [] };
          })
        )}
        chosen={state.task}
        onChoose={key => {
          graphs.choose(key);
        }}
        details={chosen !== undefined && <InferredTask task={chosen} open={open} />}
      />
      <Folded title={trans._n('%1 input', '%1 inputs', reply.inputs.length)}>
        {reply.inputs.map(input => trans.__('%1, read by %2', input.name, input.readers.join(', ')))}
      </Folded>
      <Folded title={trans._n('%1 assumption', '%1 assumptions', reply.assumptions.length)}>
        {reply.assumptions}
      </Folded>
      <MakeJob graphs={graphs} state={state} cyclic={reply.cyclic} />
    </>
  );
}

function InferredTask(props: { task: GraphTaskView; open: Open }): JSX.Element {
  const trans = useTrans();
  const { task, open } = props;
  const named: [string, readonly string[]][] = [
    [trans.__('Reads'), task.reads],
    [trans.__('Writes'), task.writes],
    [trans.__('Runs'), task.runs]
  ];
  return (
    <section className="dex-TaskDetails" aria-label={trans.__('Task %1', task.key)}>
      <PlaceLink place={task.place} open={open} />
      {task.pipeline && <p>{trans.__('A pipeline')}</p>}
      {task.edges.map(edge => (
        <Fragment key={edge.before}>
          <p>{trans.__('After %1, because of:', edge.before)}</p>
          <ul className="dex-List dex-Reasons">
            {edge.reasons.map((reason, index) => (
              <li key={index}>
                <Reason reason={reason} open={open} />
              </li>
            ))}
          </ul>
        </Fragment>
      ))}
      {named.map(
        ([word, names]) =>
          names.length > 0 && (
            <p key={word} className="dex-Detail">
              {word} <code>{names.join(', ')}</code>
            </p>
          )
      )}
    </section>
  );
}

function Reason(props: { reason: ReasonView; open: Open }): JSX.Element {
  const trans = useTrans();
  const { reason, open } = props;
  return (
    <>
      {reason.kind} <code>{reason.name}</code>
      {reason.before !== null && (
        <div className="dex-Reason-place">
          <span className="dex-Reason-way">{trans.__('from')}</span>
          <PlaceLink place={reason.before} open={open} />
        </div>
      )}
      {reason.after !== null && (
        <div className="dex-Reason-place">
          <span className="dex-Reason-way">{trans.__('to')}</span>
          <PlaceLink place={reason.after} open={open} />
        </div>
      )}
    </>
  );
}

function Questions(props: { questions: readonly QuestionView[]; open: Open }): JSX.Element | null {
  const trans = useTrans();
  if (props.questions.length === 0) {
    return null;
  }
  return (
    <ul className="dex-List" aria-label={trans.__('Open questions')}>
      {props.questions.map((question, index) => (
        <li key={index} className="dex-Notice dex-mod-warning">
          <p className="dex-Notice-message">
            <Coded text={question.text} />
          </p>
          {question.places.map((place, at) => (
            <div key={at}>
              <PlaceLink place={place} open={props.open} />
            </div>
          ))}
          <p>
            {trans.__('Answer:')} <Coded text={question.remedy} />
          </p>
          {answerOf(question.remedy) !== null && (
            <Button
              label={trans.__('Copy the answer %1', answerOf(question.remedy))}
              onClick={() => {
                Clipboard.copyToSystem(answerOf(question.remedy) ?? '');
              }}
            >
              {trans.__('Copy the answer')}
            </Button>
          )}
          <p className="dex-Notice-code">{question.code}</p>
        </li>
      ))}
    </ul>
  );
}

function MakeJob(props: { graphs: Graphs; state: GraphState; cyclic: boolean }): JSX.Element {
  const trans = useTrans();
  const { graphs, state, cyclic } = props;
  const { job, checked, made, doing } = state;
  return (
    <form
      className="dex-MakeJob"
      onSubmit={event => {
        event.preventDefault();
        void graphs.check();
      }}
    >
      <label className="dex-Label">
        {trans.__('Make a job of them, with the key')}
        <input
          className="dex-Input"
          value={job}
          spellCheck={false}
          placeholder={trans.__('such as orders')}
          onChange={event => {
            graphs.setJob(event.target.value);
          }}
        />
      </label>
      <div className="dex-Row">
        <Button submit disabled={doing !== null || cyclic || job.trim() === ''}>
          {doing === 'check' ? trans.__('Looking…') : trans.__('What would change')}
        </Button>
        <Button
          primary
          disabled={doing !== null || checked === null}
          title={
            checked === null
              ? trans.__('See first what would change')
              : trans.__('Export the notebooks and write the job; what you changed in its file stays')
          }
          onClick={() => void graphs.make()}
        >
          {doing === 'make' ? trans.__('Writing…') : trans.__('Make the job')}
        </Button>
      </div>
      {cyclic && <p>{trans.__('Tasks wait for each other: answer that first.')}</p>}
      <div aria-live="polite">
        {checked !== null && <Emitted reply={checked} />}
        {made !== null && <Emitted reply={made} />}
      </div>
    </form>
  );
}

function Emitted(props: { reply: EmitReply }): JSX.Element {
  const trans = useTrans();
  const { reply } = props;
  const notebooks = Object.entries(reply.as_notebooks);
  return (
    <>
      <FileChange file={{ path: reply.path, status: reply.status, diff: reply.diff }} open />
      {Object.entries(reply.files).map(([path, status]) => (
        <FileChange key={path} file={{ path, status, diff: '' }} />
      ))}
      {reply.remarks.length > 0 && (
        <NoticeBox level="warning" notice={{ message: trans.__('Still to do, for the bundle to be sound:') }}>
          <ul className="dex-List">
            {reply.remarks.map((remark, index) => (
              <li key={index}>{remark}</li>
            ))}
          </ul>
        </NoticeBox>
      )}
      <Folded title={trans._n('%1 module', '%1 modules', reply.exported.length)}>{reply.exported}</Folded>
      <Folded title={trans._n('%1 runs as a notebook', '%1 run as notebooks', notebooks.length)}>
        {notebooks.map(([name, why]) => `${name}: ${why}`)}
      </Folded>
      <Folded title={trans._n('%1 value of yours stays', '%1 values of yours stay', reply.kept.length)}>
        {reply.kept}
      </Folded>
    </>
  );
}

/** Texts that most people need not read. */
function Folded(props: { title: string; children: readonly string[] }): JSX.Element | null {
  if (props.children.length === 0) {
    return null;
  }
  return (
    <details>
      <summary>{props.title}</summary>
      <ul className="dex-List dex-Detail">
        {props.children.map((text, index) => (
          <li key={index}>{text}</li>
        ))}
      </ul>
    </details>
  );
}

function PlaceLink(props: { place: TaskPlace; open: Open }): JSX.Element {
  const trans = useTrans();
  const { place, open } = props;
  return (
    <button
      type="button"
      className="dex-Link"
      disabled={place.path === null}
      title={place.path === null ? trans.__('Outside of what this Jupyter server shows') : undefined}
      onClick={() => {
        open(place);
      }}
    >
      {placeWord(trans, place)}
    </button>
  );
}

/** Return what a remedy says to write in a notebook: its first part in backticks that is a setting of dex. */
function answerOf(remedy: string): string | null {
  return remedy.split('`').find((part, index) => index % 2 === 1 && part.startsWith('dex:')) ?? null;
}

/** A text whose parts in backticks are code. */
function Coded(props: { text: string }): JSX.Element {
  return (
    <>
      {props.text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
    </>
  );
}
