/** A job's graph: a row for each task from top to bottom, lines beside them from a task to those that wait for it. */

import type { TaskRunView } from '@dexkit/client';
import { Fragment, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

import { railsOf } from '../graph';
import { runWord, tookWord } from '../words';
import { useTrans } from './parts';

/** A task as the graph shows it. */
export interface GraphTask {
  readonly key: string;
  readonly needs: readonly string[];
  /** What it waits for, in words. */
  readonly after: readonly string[];
  /** What it does, or what came of it. */
  readonly what: string;
  /** How far it is; null in a graph that is not run. */
  readonly state: TaskRunView | null;
  readonly items: readonly TaskRunView[];
}

/** Heights of rows and the distance of lines, in pixels; the style sheet has the same. */
const ROW = 42;
const HEAD = 22;
const LANE = 9;
const NODE = 9;

const MARKS: Record<string, [string, string]> = {
  SUCCESS: ['✓', 'good'],
  SUCCESS_WITH_FAILURES: ['✓', 'unsure'],
  FAILED: ['✗', 'bad'],
  TIMEDOUT: ['✗', 'bad'],
  UPSTREAM_FAILED: ['✗', 'bad'],
  CANCELED: ['■', 'unsure'],
  UPSTREAM_CANCELED: ['■', 'unsure'],
  UNFINISHED: ['■', 'unsure'],
  EXCLUDED: ['−', 'none'],
  DISABLED: ['−', 'none'],
  PENDING: ['…', 'going'],
  RUNNING: ['▶', 'going'],
  QUEUED: ['…', 'going'],
  WAITING: ['↻', 'going'],
  BLOCKED: ['·', 'none']
};

/** A state as a mark and a word: never told by colour alone. */
export function RunState(props: { status: string | null; word?: string }): JSX.Element {
  const trans = useTrans();
  const [mark, tone] = MARKS[props.status ?? ''] ?? ['○', 'none'];
  return (
    <span className="dex-RunState">
      <span aria-hidden="true" className={`dex-RunState-mark dex-mod-${tone}`}>
        {mark}
      </span>
      {props.word ?? runWord(trans, props.status)}
    </span>
  );
}

export function JobGraph(props: {
  stages: readonly (readonly GraphTask[])[];
  /** Seconds since the stages were told: what runs has run on. */
  since?: number;
  chosen: string | null;
  onChoose: (key: string) => void;
  /** What is said of the chosen task, below its row. */
  details?: ReactNode;
}): JSX.Element {
  const trans = useTrans();
  const { stages, since = 0, chosen, onChoose, details } = props;
  const [said, setSaid] = useState(0);
  const tasks = stages.flat();
  const top = new Map<string, number>();
  let height = 0;
  for (const stage of stages) {
    height += HEAD;
    for (const task of stage) {
      top.set(task.key, height);
      for (const key of [task.key, ...task.items.map(item => item.key)]) {
        height += ROW + (key === chosen ? said : 0);
      }
    }
  }
  const rails = railsOf(tasks);
  const lanes = Math.max(0, ...rails.map(rail => rail.lane + 1));
  const left = NODE + lanes * LANE + 8;
  const x = (lane: number): number => left - NODE - 4 - lane * LANE - LANE;
  const middle = (key: string): number => (top.get(key) ?? 0) + ROW / 2;
  const keys = tasks.flatMap(task => [task.key, ...task.items.map(item => item.key)]);
  const stop = chosen !== null && keys.includes(chosen) ? chosen : keys[0];
  const box = (task: GraphTask | null, key: string, state: TaskRunView | null, what: string): JSX.Element => (
    <>
      <TaskBox
        name={key}
        state={state}
        after={task?.after ?? []}
        what={what}
        chosen={chosen === key}
        stop={stop === key}
        since={since}
        onChoose={onChoose}
      />
      {chosen === key && details !== undefined && <Details onHeight={setSaid}>{details}</Details>}
    </>
  );
  return (
    <div className="dex-Graph" style={{ paddingLeft: left }} onKeyDown={move}>
      <svg className="dex-Graph-edges" width={left} height={height} aria-hidden="true">
        {rails.map(rail => (
          <path
            key={rail.from}
            className={chosen === rail.from || rail.to.includes(chosen ?? '') ? 'dex-mod-chosen' : undefined}
            d={[
              `M ${left - 6} ${middle(rail.from) + 5} H ${x(rail.lane)} V ${Math.max(...rail.to.map(middle)) - 5}`,
              ...rail.to.map(key => `M ${x(rail.lane)} ${middle(key) - 5} H ${left - 6} m -4 -3 l 4 3 l -4 3`)
            ].join(' ')}
          />
        ))}
      </svg>
      {stages.map((stage, index) => (
        <Fragment key={index}>
          <h4 className="dex-Graph-stage">{trans.__('Stage %1', index + 1)}</h4>
          <ul className="dex-List" aria-label={trans.__('Stage %1', index + 1)}>
            {stage.map(task => (
              <li key={task.key}>
                {box(task, task.key, task.state, task.what)}
                {task.items.length > 0 && (
                  <ul className="dex-List dex-Graph-items" aria-label={trans.__('Items of %1', task.key)}>
                    {task.items.map(item => (
                      <li key={item.key}>{box(null, item.key, item, item.error ?? item.value ?? '')}</li>
                    ))}
                  </ul>
                )}
              </li>
            ))}
          </ul>
        </Fragment>
      ))}
    </div>
  );

  /** Arrow keys go from task to task: up and down by row, left and right along the edges. */
  function move(event: KeyboardEvent): void {
    const on = (event.target as HTMLElement).dataset.task;
    if (on === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const at = keys.indexOf(on);
    const wanted: Record<string, string | undefined> = {
      ArrowDown: keys[at + 1],
      ArrowUp: keys[at - 1],
      Home: keys[0],
      End: keys[keys.length - 1],
      ArrowLeft: tasks.find(task => task.key === on)?.needs[0],
      ArrowRight: tasks.find(task => task.needs.includes(on))?.key
    };
    if (event.key in wanted) {
      event.preventDefault();
      const boxes = event.currentTarget.querySelectorAll<HTMLElement>('[data-task]');
      [...boxes].find(box => box.dataset.task === wanted[event.key])?.focus();
    }
  }
}

/** What is said of a task; the lines of the graph make room for it. */
function Details(props: { children: ReactNode; onHeight: (height: number) => void }): JSX.Element {
  const { children, onHeight } = props;
  const node = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const on = node.current;
    if (on === null || typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(() => {
      onHeight(on.offsetHeight);
    });
    observer.observe(on);
    return () => {
      observer.disconnect();
      onHeight(0);
    };
  }, [onHeight]);
  return <div ref={node}>{children}</div>;
}

function TaskBox(props: {
  name: string;
  state: TaskRunView | null;
  after: readonly string[];
  what: string;
  chosen: boolean;
  /** It is where the Tab key stops. */
  stop: boolean;
  since: number;
  onChoose: (key: string) => void;
}): JSX.Element {
  const trans = useTrans();
  const { name, state, after, what, chosen, stop, since, onChoose } = props;
  const facts = [
    name,
    state !== null ? runWord(trans, state.status) : '',
    state !== null && state.attempt > 1 ? trans.__('attempt %1', state.attempt) : '',
    what,
    after.length > 0 ? trans.__('after %1', after.join(', ')) : ''
  ];
  return (
    <button
      type="button"
      className={`dex-Task dex-mod-${(MARKS[state?.status ?? ''] ?? ['', 'none'])[1]}`}
      data-task={name}
      tabIndex={stop ? 0 : -1}
      aria-expanded={chosen}
      aria-label={facts.filter(fact => fact !== '').join(', ')}
      title={what}
      onClick={() => {
        onChoose(name);
      }}
    >
      <span className="dex-Task-line">
        <span className="dex-Task-name">{name}</span>
        {state !== null && (
          <span className="dex-Task-time">
            {state.attempt > 1 && `×${state.attempt} `}
            {state.seconds !== null && tookWord(trans, state.seconds + (state.status === 'RUNNING' ? since : 0))}
          </span>
        )}
      </span>
      <span className="dex-Task-line">
        {state !== null && <RunState status={state.status} />}
        <span className="dex-Task-what">{what}</span>
      </span>
    </button>
  );
}
