/** The words for what the kernel tells as codes; one place, so that every string can be translated. */

import type { JobRunView, Mismatch, TaskPlace } from '@dexkit/client';
import type { TranslationBundle } from '@jupyterlab/translation';

export function kindWord(trans: TranslationBundle, kind: string | null): string {
  switch (kind) {
    case 'local':
      return trans.__('local');
    case 'development':
      return trans.__('development');
    case 'production':
      return trans.__('production');
    default:
      return kind ?? trans.__('unknown');
  }
}

export function sessionWord(trans: TranslationBundle, state: string): string {
  switch (state) {
    case 'ready':
      return trans.__('ready');
    case 'starting':
      return trans.__('starting');
    case 'failed':
      return trans.__('failed');
    case 'lost':
      return trans.__('lost: its engine was stopped');
    default:
      return trans.__('none');
  }
}

export function engineWord(trans: TranslationBundle, state: string): string {
  switch (state) {
    case 'running':
      return trans.__('running');
    case 'stopped':
      return trans.__('stopped');
    case 'not answering':
      return trans.__('not answering');
    case 'not checked':
      return trans.__('not looked at');
    default:
      return state;
  }
}

export function writesWord(trans: TranslationBundle, writes: string): string {
  switch (writes) {
    case 'allow':
      return trans.__('allowed');
    case 'confirm':
      return trans.__('only after confirming');
    case 'deny':
      return trans.__('refused');
    default:
      return writes;
  }
}

export function verdictWord(trans: TranslationBundle, status: string | null): string {
  switch (status) {
    case null:
      return trans.__('not verified');
    case 'passed':
      return trans.__('passed');
    case 'failed':
      return trans.__('failed');
    case 'incomplete':
      return trans.__('incomplete');
    case 'not run':
      return trans.__('not run');
    case 'interrupted':
      return trans.__('interrupted');
    case 'error':
      return trans.__('error');
    case 'done':
      return trans.__('done');
    case 'written':
      return trans.__('written');
    case 'unchanged':
      return trans.__('unchanged');
    case 'unfinished':
      return trans.__('unfinished');
    case 'dry run':
      return trans.__('dry run');
    default:
      return status;
  }
}

/** How far a run of a job or a task of it is. */
export function runWord(trans: TranslationBundle, status: string | null): string {
  switch (status) {
    case null:
      return trans.__('not run');
    case 'SUCCESS':
      return trans.__('succeeded');
    case 'SUCCESS_WITH_FAILURES':
      return trans.__('succeeded with failures');
    case 'FAILED':
      return trans.__('failed');
    case 'TIMEDOUT':
      return trans.__('timed out');
    case 'CANCELED':
      return trans.__('canceled');
    case 'EXCLUDED':
      return trans.__('excluded');
    case 'DISABLED':
      return trans.__('disabled');
    case 'UPSTREAM_FAILED':
      return trans.__('upstream failed');
    case 'UPSTREAM_CANCELED':
      return trans.__('upstream canceled');
    case 'PENDING':
      return trans.__('pending');
    case 'RUNNING':
      return trans.__('running');
    case 'QUEUED':
      return trans.__('queued');
    case 'WAITING':
      return trans.__('waiting for retry');
    case 'BLOCKED':
      return trans.__('blocked');
    case 'UNFINISHED':
      return trans.__('unfinished');
    default:
      return status;
  }
}

/** Whether a run goes on, or is about to begin. */
export function isGoing(run: Pick<JobRunView, 'status'> | undefined): boolean {
  return run?.status === 'RUNNING' || run?.status === 'PENDING';
}

/** How long something took: tenths of seconds as long as they tell something. */
export function tookWord(trans: TranslationBundle, seconds: number): string {
  if (seconds < 60) {
    return trans.__('%1 s', seconds.toFixed(1));
  }
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? trans.__('%1 h %2 min', hours, minutes) : trans.__('%1 min %2 s', minutes, whole % 60);
}

/** When something began: the time alone where it was today. */
export function momentWord(moment: string): string {
  const when = new Date(moment);
  const today = when.toDateString() === new Date().toDateString();
  return today ? when.toLocaleTimeString() : when.toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}

/** A place in a notebook or another file. */
export function placeWord(trans: TranslationBundle, place: TaskPlace): string {
  const { notebook, cell, line } = place;
  if (cell === null) {
    return line === null ? notebook : trans.__('%1, line %2', notebook, line);
  }
  return line === null ? trans.__('%1, cell %2', notebook, cell) : trans.__('%1, cell %2, line %3', notebook, cell, line);
}

/** What became of a file of an export. */
export function statusWord(trans: TranslationBundle, status: string): string {
  switch (status) {
    case 'differs':
      return trans.__('would change');
    case 'removed':
      return trans.__('removed');
    default:
      return verdictWord(trans, status);
  }
}

export function stageWord(trans: TranslationBundle, stage: string): string {
  switch (stage) {
    case 'context':
      return trans.__('Looking at the frames');
    case 'ask':
      return trans.__('Asking');
    case 'text':
      return trans.__('The model writes');
    case 'wait':
      return trans.__('Waiting for the model’s service');
    case 'repair':
      return trans.__('Mending the answer');
    case 'compile':
      return trans.__('Making code of the plan');
    case 'gate':
      return trans.__('Trying it on a sample');
    default:
      return trans.__('Working');
  }
}

export function mismatchWords(trans: TranslationBundle, mismatch: Mismatch): string {
  const found = mismatch.found ?? '';
  if (mismatch.kind === 'missing') {
    return trans.__(
      'This Jupyter server has no dex %1: exporting from here does not work. Install dexkit[lab] where Jupyter runs and start it again.',
      mismatch.page
    );
  }
  if (mismatch.other === 'server') {
    return mismatch.kind === 'apart'
      ? trans.__(
          'The panel is dex %1, the Jupyter server has dex %2, and they do not understand each other. Install one version and reload the page.',
          mismatch.page,
          found
        )
      : trans.__('The panel is dex %1, the Jupyter server has dex %2. Reload the page after an update.', mismatch.page, found);
  }
  return mismatch.kind === 'apart'
    ? trans.__(
        'The panel is dex %1, the kernel has dex %2, and they do not understand each other. Install one version in both and restart the kernel.',
        mismatch.page,
        found
      )
    : trans.__(
        'The panel is dex %1, the kernel has dex %2. Install one version in both to be sure that everything shown is right.',
        mismatch.page,
        found
      );
}
