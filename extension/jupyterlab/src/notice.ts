/** Errors as the panel shows them. */

import type { PlaceView } from '@dexkit/client';

import { RefusedError } from './server';

export interface Notice {
  readonly message: string;
  readonly code?: string;
  readonly where?: string | null;
  readonly remedy?: string | null;
  readonly places?: readonly PlaceView[];
}

/** Return an error as the panel shows it: what happened, where, what to do next. */
export function noticeOf(error: unknown): Notice {
  if (error instanceof RefusedError) {
    const { message, code, where, remedy, places } = error.reply;
    return { message, code, where, remedy, places };
  }
  return parseNotice(error instanceof Error ? error.message : String(error));
}

/** Return the parts of an error that the kernel printed: `CODE: what`, then lines `where:` and `next:`. */
export function parseNotice(text: string): Notice {
  const [first = '', ...rest] = text.split('\n');
  const coded = /^(DEX-[A-Z]+-\d\d): (.*)$/.exec(first);
  const line = (label: string): string | null =>
    rest.find(each => each.trim().startsWith(`${label}:`))?.split(`${label}:`)[1]?.trim() ?? null;
  return coded === null
    ? { message: text }
    : { code: coded[1], message: coded[2], where: line('where'), remedy: line('next') };
}
