/** The jobs of the bundle: their graphs and their runs on this machine. */

import type { JobReply, JobTaskView, JobView, TaskLog, TaskPlace } from '@dexkit/client';
import { useEffect } from 'react';

import type { Jobs, JobsState } from '../jobs';
import { runWord } from '../words';
import { JobGraph, RunState } from './graph';
import { Button, Empty, NoticeBox, Section, useStore, useTrans } from './parts';

export function JobsSection(props: { jobs: Jobs }): JSX.Element {
  const trans = useTrans();
  const { jobs } = props;
  const state = useStore(jobs.store);
  useEffect(() => jobs.watch(), [jobs]);
  return (
    <Section title={trans.__('Jobs')} count={state.jobs?.length} name="jobs">
      {state.jobs?.length === 0 && (
        <Empty>{trans.__('The project has no jobs. Exporting a notebook writes one below resources.')}</Empty>
      )}
      <ul className="dex-List">
        {state.jobs?.map(job => (
          <li key={job.key}>
            <JobRow job={job} chosen={job.key === state.chosen} onChoose={() => void jobs.choose(job.key)} />
            {job.key === state.chosen && <ChosenJob jobs={jobs} job={job} state={state} />}
          </li>
        ))}
      </ul>
      {state.problem !== null && <NoticeBox notice={state.problem} />}
    </Section>
  );
}

function JobRow(props: { job: JobView; chosen: boolean; onChoose: () => void }): JSX.Element {
  const { job, chosen, onChoose } = props;
  const trans = useTrans();
  return (
    <button type="button" className="dex-Job" aria-expanded={chosen} onClick={onChoose} title={job.name}>
      <span className="dex-Job-name">{job.key}</span>
      {job.problem !== null ? <RunState status="FAILED" word={trans.__('not sound')} /> : <RunState status={job.runs[0]?.status ?? null} />}
    </button>
  );
}

function ChosenJob(props: { jobs: Jobs; job: JobView; state: JobsState }): JSX.Element {
  const trans = useTrans();
  const { jobs, job, state } = props;
  const { reply, run, task, busy } = state;
  if (job.problem !== null) {
    return <NoticeBox notice={{ message: job.problem, remedy: trans.__('dex bundle validate shows file and line.') }} />;
  }
  const going = jobs.going;
  const shown = reply?.stages.flat().find(each => each.key === task || each.items.some(item => item.key === task));
  return (
    <div className="dex-ChosenJob" role="group" aria-label={trans.__('Job %1', job.key)}>
      <div className="dex-Row">
        <Button primary disabled={busy || going} onClick={() => void jobs.start()}>
          {trans.__('Run')}
        </Button>
        <Button
          disabled={busy || !(reply?.run?.ours || (going && reply?.starting != null))}
          onClick={() => void jobs.stop()}
          title={trans.__('Interrupt the run; its tasks end, and it can be repaired')}
        >
          {trans.__('Stop')}
        </Button>
        <Button
          disabled={busy || going || !reply?.run?.repairable}
          onClick={() => void jobs.repair()}
          title={trans.__('Run again what did not end well; what ended well is not repeated')}
        >
          {trans.__('Repair')}
        </Button>
      </div>
      {!going && reply !== null && <Parameters jobs={jobs} reply={reply} given={state.parameters} />}
      {job.runs.length > 0 && <RunChoice jobs={jobs} job={job} run={run} />}
      <Progress reply={reply} going={going} />
      {reply?.problem != null && <NoticeBox notice={{ message: reply.problem }} />}
      {reply !== null && <JobGraph stages={reply.stages} chosen={task} onChoose={key => void jobs.show(key)} />}
      {shown !== undefined && task !== null && (
        <TaskDetails key={task} task={shown} name={task} log={state.log} ran={run !== null} onOpen={place => void jobs.open(place)} />
      )}
    </div>
  );
}

function Parameters(props: { jobs: Jobs; reply: JobReply; given: Readonly<Record<string, string>> }): JSX.Element | null {
  const trans = useTrans();
  const { jobs, reply, given } = props;
  if (reply.parameters.length === 0) {
    return null;
  }
  return (
    <details>
      <summary>{trans._n('%1 parameter', '%1 parameters', reply.parameters.length, reply.parameters.length)}</summary>
      {reply.parameters.map(parameter => (
        <label key={parameter.name} className="dex-Label">
          {parameter.name}
          <input
            className="dex-Input"
            value={given[parameter.name] ?? parameter.default}
            onChange={event => {
              jobs.setParameter(parameter.name, event.target.value);
            }}
          />
        </label>
      ))}
    </details>
  );
}

function RunChoice(props: { jobs: Jobs; job: JobView; run: number | null }): JSX.Element {
  const trans = useTrans();
  const { jobs, job, run } = props;
  const known = run === null || job.runs.some(each => each.run === run);
  return (
    <label className="dex-Label">
      {trans.__('Run shown')}
      <select
        className="dex-Input"
        value={run ?? ''}
        onChange={event => {
          void jobs.turnTo(event.target.value === '' ? null : Number(event.target.value));
        }}
      >
        <option value="">{trans.__('none: the job as it is now')}</option>
        {!known && <option value={run ?? ''}>{trans.__('the run that was started')}</option>}
        {job.runs.map(each => (
          <option key={each.run} value={each.run}>
            {`${new Date(each.started).toLocaleString()} · ${runWord(trans, each.status)}`}
          </option>
        ))}
      </select>
    </label>
  );
}

function Progress(props: { reply: JobReply | null; going: boolean }): JSX.Element {
  const trans = useTrans();
  const { reply, going } = props;
  const tasks = reply?.stages.flat() ?? [];
  const open = new Set(['RUNNING', 'QUEUED', 'WAITING', 'BLOCKED']);
  const ended = tasks.filter(task => task.status !== null && !open.has(task.status)).length;
  const told =
    reply?.run != null ? (
      <>
        <RunState status={reply.run.status} />
        {' · '}
        {trans.__('%1 of %2 tasks ended · %3 s', ended, tasks.length, (reply.run.seconds ?? 0).toFixed(1))}
      </>
    ) : going ? (
      trans.__('Starting… %1', reply?.starting ?? '')
    ) : (
      trans._n('%1 task, not run yet', '%1 tasks, not run yet', tasks.length, tasks.length)
    );
  return (
    <p className="dex-Progress" role="status">
      {told}
    </p>
  );
}

function TaskDetails(props: {
  task: JobTaskView;
  name: string;
  log: TaskLog | null;
  ran: boolean;
  onOpen: (place: TaskPlace) => void;
}): JSX.Element {
  const trans = useTrans();
  const { task, name, log, ran, onOpen } = props;
  const shown = task.items.find(item => item.key === name) ?? task;
  return (
    <section className="dex-TaskDetails" aria-label={trans.__('Task %1', name)}>
      <h4 className="dex-TaskDetails-title">{name}</h4>
      <p className="dex-Detail">{task.what}</p>
      {task.after.length > 0 && (
        <p className="dex-Detail">
          {trans.__('After %1', task.after.join(', '))}
          {task.run_if !== null && ` · ${task.run_if}`}
        </p>
      )}
      <p>
        <RunState status={shown.status} />
        {shown.seconds !== null && ` · ${shown.seconds.toFixed(1)} s`}
        {shown.attempt > 1 && ` · ${trans.__('attempt %1', shown.attempt)}`}
      </p>
      {shown.value !== null && (
        <p>
          <code>{shown.value}</code>
        </p>
      )}
      {shown.error !== null && <p className="dex-TaskDetails-error">{shown.error}</p>}
      {log?.places.map((place, index) => (
        <button
          key={index}
          type="button"
          className="dex-Link"
          disabled={place.path === null}
          onClick={() => {
            onOpen(place);
          }}
        >
          {place.line === null
            ? trans.__('%1, cell %2', place.notebook, place.cell)
            : trans.__('%1, cell %2, line %3', place.notebook, place.cell, place.line)}
        </button>
      ))}
      {log !== null && log.text !== '' && (
        <pre className="dex-Code dex-TaskLog" tabIndex={0} aria-label={trans.__('Log of %1', name)}>
          {(log.cut ? '…' : '') + log.text}
        </pre>
      )}
      {ran && log !== null && log.text === '' && <p className="dex-Hint">{trans.__('It has printed nothing.')}</p>}
    </section>
  );
}
