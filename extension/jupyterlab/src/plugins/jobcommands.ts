/** The commands about jobs: run, repair, stop, show; each asks which job where it is not said and there are several. */

import type { JobView } from '@dexkit/client';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';

import type { Jobs } from '../jobs';
import { CommandIDs, type IDex } from '../tokens';
import { isGoing, runWord } from '../words';
import { NO_ARGUMENTS, textOf } from './arguments';

/** How a command talks with a person. */
export interface Talk {
  /** Ask for one of several, the first unless told otherwise; null where that is refused. */
  readonly ask: (title: string, items: string[], current: number, okLabel: string) => Promise<string | null>;
  readonly tell: (message: string) => void;
}

const TALK: Talk = {
  ask: async (title, items, current, okLabel) => (await InputDialog.getItem({ title, items, current, okLabel })).value,
  tell: message => {
    Notification.info(message, { autoClose: 5_000 });
  }
};

/** What a command is about. */
interface Aim {
  readonly title: string;
  readonly accept: string;
  /** The jobs that it can be about. */
  readonly fits: (job: JobView) => boolean;
  /** Said where there is none. */
  readonly none: string;
  /** The job that the panel shows is meant, where it fits. */
  readonly shownFirst: boolean;
}

/** Add the commands. */
export function addJobCommands(
  app: Pick<JupyterFrontEnd, 'commands'>,
  dex: IDex,
  panel: () => NotebookPanel,
  talk: Talk = TALK
): void {
  const { actions, front, trans } = dex;
  const { commands } = app;
  const isEnabled = (): boolean => front.get().panel !== null && front.get().server?.kind !== 'missing';
  const describedBy = {
    args: {
      type: 'object',
      properties: { job: { type: 'string', description: trans.__('Key of the job; asked for if not given') } },
      additionalProperties: false
    }
  };
  const said = (each: JobView): string => `${each.key} (${runWord(trans, each.runs[0]?.status ?? null)})`;

  /** Open the panel at the job that a command is about; null where there is none, or a person does not say. */
  const turnTo = async (given: string, aim: Aim): Promise<Jobs | null> => {
    const jobs = actions.jobs(panel());
    await commands.execute(CommandIDs.open);
    await jobs.list();
    const all = jobs.store.get().jobs ?? [];
    const fitting = all.filter(aim.fits);
    const shown = fitting.find(each => each.key === jobs.store.get().chosen);
    let meant = given !== '' ? all.find(each => each.key === given) : fitting.length === 1 ? fitting[0] : undefined;
    if (given !== '' && meant === undefined) {
      talk.tell(trans.__('The bundle has no job %1.', given));
    } else if (given === '' && fitting.length === 0) {
      talk.tell(aim.none);
    } else if (meant === undefined) {
      const at = shown === undefined ? 0 : fitting.indexOf(shown);
      const answer = aim.shownFirst && shown !== undefined ? said(shown) : await talk.ask(aim.title, fitting.map(said), at, aim.accept);
      meant = fitting.find(each => said(each) === answer);
    }
    if (meant === undefined) {
      return null;
    }
    await jobs.goTo(meant.key);
    return jobs;
  };

  /** Turn to the last run of the chosen job, where another one is shown. */
  const turnToLast = async (jobs: Jobs | null, fits: (run: JobView['runs'][number]) => boolean): Promise<void> => {
    const { jobs: all, chosen, run } = jobs?.store.get() ?? { jobs: null, chosen: null, run: null };
    const last = all?.find(each => each.key === chosen)?.runs[0];
    if (last !== undefined && last.run !== run && fits(last)) {
      await jobs?.turnTo(last.run);
    }
  };

  commands.addCommand(CommandIDs.runJob, {
    label: trans.__('Run Job…'),
    caption: trans.__('Run a job of the bundle on this machine'),
    describedBy,
    isEnabled,
    execute: async args => {
      const jobs = await turnTo(textOf(args, 'job'), {
        title: trans.__('Run Job'),
        accept: trans.__('Run'),
        fits: each => each.problem === null,
        none: trans.__('There is no job that can be run.'),
        shownFirst: false
      });
      await jobs?.start();
    }
  });

  commands.addCommand(CommandIDs.stopRun, {
    label: trans.__('Stop Run'),
    caption: trans.__('End a run of a job that goes on, wherever on this machine it was started'),
    describedBy,
    isEnabled,
    execute: async args => {
      const shown = actions.jobs(panel());
      const starting = shown.going ? shown.store.get().chosen : null;
      const jobs = await turnTo(textOf(args, 'job'), {
        title: trans.__('Stop Run'),
        accept: trans.__('Stop'),
        fits: each => isGoing(each.runs[0]) || each.key === starting,
        none: trans.__('No run goes on.'),
        shownFirst: true
      });
      await turnToLast(jobs, isGoing);
      await jobs?.stop();
    }
  });

  commands.addCommand(CommandIDs.repairRun, {
    label: trans.__('Repair Run'),
    caption: trans.__('Run again what the last run of a job did not finish'),
    describedBy,
    isEnabled,
    execute: async args => {
      const jobs = await turnTo(textOf(args, 'job'), {
        title: trans.__('Repair Run'),
        accept: trans.__('Repair'),
        fits: each => each.runs[0]?.repairable === true,
        none: trans.__('No last run of a job has anything left to repair.'),
        shownFirst: true
      });
      await turnToLast(jobs, run => run.repairable);
      await jobs?.repair();
    }
  });

  commands.addCommand(CommandIDs.showJob, {
    label: trans.__('Show Job Graph…'),
    caption: trans.__('Show the tasks of a job and what each waits for'),
    describedBy,
    isEnabled,
    execute: async args => {
      await turnTo(textOf(args, 'job'), {
        title: trans.__('Show Job Graph'),
        accept: trans.__('Show'),
        fits: () => true,
        none: trans.__('The project has no jobs yet.'),
        shownFirst: false
      });
    }
  });

  commands.addCommand(CommandIDs.inferGraph, {
    label: trans.__('Infer a Job Graph from Notebooks'),
    caption: trans.__('Read what depends on what among the notebooks of the project; nothing is run'),
    describedBy: NO_ARGUMENTS,
    isEnabled,
    execute: async () => {
      const graphs = actions.graphs(panel());
      await commands.execute(CommandIDs.open);
      await graphs.look();
    }
  });
}
