/** Do page, kernel and server fit together? Each editor puts the answer into words. */

import { PROTOCOL, VERSION } from './generated/messages';

export interface Mismatch {
  readonly other: 'kernel' | 'server';
  /** `apart`: they cannot understand each other. `differs`: they can, but are not of one version. `missing`: no answer. */
  readonly kind: 'apart' | 'differs' | 'missing';
  readonly page: string;
  readonly found: string | null;
}

/** Return what is wrong between this page and a kernel, or null. */
export function kernelMismatch(protocol: unknown, version: string): Mismatch | null {
  return compare('kernel', protocol, version);
}

/** Return what is wrong between this page and its server, or null. */
export function serverMismatch(answer: { version: string; protocol: number } | null): Mismatch | null {
  if (answer === null) {
    return { other: 'server', kind: 'missing', page: VERSION, found: null };
  }
  return compare('server', answer.protocol, answer.version);
}

function compare(other: Mismatch['other'], protocol: unknown, version: string): Mismatch | null {
  if (protocol !== PROTOCOL) {
    return { other, kind: 'apart', page: VERSION, found: version };
  }
  return version === VERSION ? null : { other, kind: 'differs', page: VERSION, found: version };
}
