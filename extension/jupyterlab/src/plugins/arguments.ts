/** What commands are called with. */

import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

export const NO_ARGUMENTS = { args: { type: 'object', properties: {}, additionalProperties: false } };

/** Return an argument that is a text; an empty one where it is missing or something else. */
export function textOf(args: ReadonlyPartialJSONObject, key: string): string {
  const value = args[key];
  return typeof value === 'string' ? value.trim() : '';
}
