/** The jobs of the bundle: their graphs and their runs on this machine. */

import type { JobReply, JobTaskView, JobView, TaskLog, TaskPlace } from '@dexkit/client';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';

import type { Jobs, JobsState } from '../jobs';
import { momentWord, placeWord, runWord, tookWord } from '../words';
import { JobGraph, RunState, type GraphTask } from './graph';
import { Button, Empty, NoticeBox, Section, useStore, useTrans } from './parts';

export function JobsSection(props: { jobs: Jobs }): JSX.Element {
  const trans = useTrans();
  const { jobs } = props;
  const state = useStore(jobs.store);
  useEffect(() => jobs.watch(), [jobs]);
  return (
    <Section title={trans.__('Jobs')} count={state.jobs?.length} name="jobs">
      {state.jobs === null && state.problem === null && state.lost === null && (
        <p className="dex-Hint" role="status">
          {trans.__('Looking for jobs…')}
        </p>
      )}
      {state.unreadable.map(message => (
        <NoticeBox key={message} notice={{ message, remedy: trans.__('Mend the file: no job runs until it can be read, and its own are missing here.') }} />
      ))}
      {state.jobs?.length === 0 && state.unreadable.length === 0 && (
        <Empty>
          {trans.__('No jobs yet. Export this notebook to make one, or make one job of several notebooks below.')}
        </Empty>
      )}
      <ul className="dex-List">
        {state.jobs?.map(job => (
          <li key={job.key}>
            <JobRow
              job={job}
              chosen={job.key === state.chosen}
              wanted={job.key === state.wanted}
              onFocus={() => {
                jobs.focused();
              }}
              onChoose={() => void jobs.choose(job.key === state.chosen ? null : job.key)}
            />
            {job.key === state.chosen && <ChosenJob jobs={jobs} job={job} state={state} />}
          </li>
        ))}
      </ul>
      {state.problem !== null && <NoticeBox notice={state.problem} />}
      {state.lost !== null && (
        <NoticeBox
          level="warning"
          notice={{
            message: trans.__('The Jupyter server cannot be reached: what is shown may be old.'),
            remedy: trans.__('It is asked again by itself. (%1)', state.lost.message)
          }}
        />
      )}
    </Section>
  );
}

function JobRow(props: {
  job: JobView;
  chosen: boolean;
  wanted: boolean;
  onFocus: () => void;
  onChoose: () => void;
}): JSX.Element {
  const { job, chosen, wanted, onFocus, onChoose } = props;
  const trans = useTrans();
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const section = row.current?.closest('details');
    if (wanted && row.current !== null) {
      section?.setAttribute('open', '');
      row.current.focus();
      onFocus();
    }
  }, [wanted, onFocus]);
  return (
    <button
      ref={row}
      type="button"
      className="dex-Job"
      data-job={job.key}
      aria-expanded={chosen}
      onClick={onChoose}
      title={job.name}
    >
      <span className="dex-Job-name">{job.key}</span>
      {job.problem !== null ? (
        <RunState status="FAILED" word={trans.__('cannot run')} />
      ) : (
        <RunState status={job.runs[0]?.status ?? null} />
      )}
    </button>
  );
}

function ChosenJob(props: { jobs: Jobs; job: JobView; state: JobsState }): JSX.Element {
  const trans = useTrans();
  const { jobs, job, state } = props;
  const { reply, run, task, acting } = state;
  const going = jobs.going;
  const since = useSince(state.at, going);
  if (job.problem !== null) {
    return <NoticeBox notice={{ message: job.problem, remedy: trans.__('dex bundle validate shows file, line and column.') }} />;
  }
  const shown = reply?.stages.flat().find(each => each.key === task || each.items.some(item => item.key === task));
  return (
    <div className="dex-ChosenJob" role="group" aria-label={trans.__('Job %1', job.key)}>
      <div className="dex-Row">
        <Button
          primary
          disabled={acting !== null || going}
          onClick={() => void jobs.start()}
          title={trans.__('Run the job on this machine, with the parameters below')}
        >
          {acting === 'run' ? trans.__('Starting…') : trans.__('Run')}
        </Button>
        <Button disabled={acting !== null || !going} onClick={() => void jobs.stop()} title={stopTitle()}>
          {acting === 'stop' ? trans.__('Stopping…') : trans.__('Stop')}
        </Button>
        <Button
          disabled={acting !== null || going || !reply?.run?.repairable}
          onClick={() => void jobs.repair()}
          title={trans.__('Run again what did not end well; what ended well is not repeated')}
        >
          {acting === 'repair' ? trans.__('Repairing…') : trans.__('Repair')}
        </Button>
      </div>
      {!going && reply !== null && <Parameters jobs={jobs} reply={reply} given={state.parameters} />}
      {job.runs.length > 0 && <RunChoice jobs={jobs} job={job} run={run} />}
      <Progress reply={reply} going={going} stopped={state.stopped} since={since} />
      {reply?.problem != null && <NoticeBox notice={{ message: reply.problem }} />}
      {reply !== null && (
        <JobGraph
          stages={reply.stages.map(stage => stage.map(inGraph))}
          since={since}
          chosen={task}
          onChoose={key => void jobs.show(key)}
          details={
            shown !== undefined &&
            task !== null && (
              <TaskDetails
                key={task}
                task={shown}
                name={task}
                log={state.log}
                ran={run !== null}
                since={since}
                onOpen={place => void jobs.open(place)}
              />
            )
          }
        />
      )}
    </div>
  );

  function inGraph(each: JobTaskView): GraphTask {
    const items = each.item_count > 0 ? trans._n('%1 item', '%1 items', each.item_count) : null;
    return { ...each, what: each.error ?? items ?? each.value ?? each.what, state: each };
  }

  function stopTitle(): string {
    return reply?.run != null && !reply.run.ours
      ? trans.__('End the run where it was started, such as in a terminal; its tasks end, and it can be repaired')
      : trans.__('End the run; its tasks end, and it can be repaired');
  }
}

/** Return the seconds since a moment, counted on while something goes on. */
function useSince(at: number, going: boolean): number {
  const [now, setNow] = useState(at);
  useEffect(() => {
    setNow(Date.now());
    if (!going) {
      return;
    }
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 1_000);
    return () => {
      clearInterval(timer);
    };
  }, [at, going]);
  return going ? Math.max(0, (now - at) / 1_000) : 0;
}

function Parameters(props: { jobs: Jobs; reply: JobReply; given: Readonly<Record<string, string>> }): JSX.Element | null {
  const trans = useTrans();
  const { jobs, reply, given } = props;
  if (reply.parameters.length === 0) {
    return null;
  }
  return (
    <details>
      <summary>{trans._n('%1 parameter', '%1 parameters', reply.parameters.length)}</summary>
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
            {`${momentWord(each.started)} · ${runWord(trans, each.status)}`}
          </option>
        ))}
      </select>
    </label>
  );
}

function Progress(props: { reply: JobReply | null; going: boolean; stopped: boolean; since: number }): JSX.Element {
  const trans = useTrans();
  const { reply, going, stopped, since } = props;
  const tasks = reply?.stages.flat() ?? [];
  return (
    <div className="dex-Progress">
      <p role="status">{told()}</p>
      {reply?.run != null && <p className="dex-Detail">{counts(reply.run.status === 'RUNNING')}</p>}
    </div>
  );

  function told(): JSX.Element | string {
    if (reply?.run != null) {
      return <RunState status={reply.run.status} />;
    }
    if (going) {
      return trans.__('Starting… %1', reply?.starting ?? '');
    }
    if (stopped) {
      return trans.__('Stopped before its first task.');
    }
    return reply === null
      ? trans.__('Looking…')
      : trans._n('%1 task, not run yet', '%1 tasks, not run yet', tasks.length);
  }

  function counts(running: boolean): string {
    const ended = tasks.filter(task => task.status !== null && !OPEN.has(task.status)).length;
    const failed = tasks.filter(task => task.status === 'FAILED' || task.status === 'TIMEDOUT').length;
    const seconds = (reply?.run?.seconds ?? 0) + (running ? since : 0);
    const parts = [trans._n('%2 of %1 task ended', '%2 of %1 tasks ended', tasks.length, ended)];
    if (failed > 0) {
      parts.push(trans._n('%1 failed', '%1 failed', failed));
    }
    return [...parts, tookWord(trans, seconds), reply?.run?.environment ?? ''].join(' · ');
  }
}

/** States of a task that has not ended. */
const OPEN = new Set(['RUNNING', 'QUEUED', 'WAITING', 'BLOCKED']);

function TaskDetails(props: {
  task: JobTaskView;
  name: string;
  log: TaskLog | null;
  ran: boolean;
  since: number;
  onOpen: (place: TaskPlace) => void;
}): JSX.Element {
  const trans = useTrans();
  const { task, name, log, ran, since, onOpen } = props;
  const shown = task.items.find(item => item.key === name) ?? task;
  return (
    <section className="dex-TaskDetails" aria-label={trans.__('Task %1', name)}>
      <p className="dex-Detail">{task.what}</p>
      {task.after.length > 0 && (
        <p className="dex-Detail">
          {trans.__('After %1', task.after.join(', '))}
          {task.run_if !== null && ` · ${task.run_if}`}
        </p>
      )}
      <p>
        <RunState status={shown.status} />
        {shown.seconds !== null && ` · ${tookWord(trans, shown.seconds + (shown.status === 'RUNNING' ? since : 0))}`}
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
          {placeWord(trans, place)}
        </button>
      ))}
      {log !== null && log.text !== '' && <Log text={(log.cut ? '…' : '') + log.text} label={trans.__('Log of %1', name)} />}
      {ran && log !== null && log.text === '' && <p className="dex-Hint">{trans.__('It has printed nothing.')}</p>}
    </section>
  );
}

/** What a task printed, at its end; it stays there while more comes, unless a person has scrolled up. */
function Log(props: { text: string; label: string }): JSX.Element {
  const node = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (isAtEnd.current && node.current !== null) {
      node.current.scrollTop = node.current.scrollHeight;
    }
  }, [props.text]);
  return (
    <pre
      ref={node}
      className="dex-Code dex-TaskLog"
      tabIndex={0}
      aria-label={props.label}
      onScroll={event => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 4;
      }}
    >
      {props.text}
    </pre>
  );
}
