import { describe, expect, it } from 'vitest';

import { PROTOCOL, VERSION } from './generated/messages';
import { kernelMismatch, serverMismatch } from './handshake';

describe('the handshake', () => {
  it('is silent where all fits', () => {
    expect(kernelMismatch(PROTOCOL, VERSION)).toBeNull();
    expect(serverMismatch({ version: VERSION, protocol: PROTOCOL })).toBeNull();
  });

  it('tells another version from another language', () => {
    expect(kernelMismatch(PROTOCOL, '0.0.1')).toMatchObject({ kind: 'differs', found: '0.0.1' });
    expect(kernelMismatch(PROTOCOL + 1, '9.0.0')).toMatchObject({ kind: 'apart' });
    expect(kernelMismatch(undefined, '0.0.1')).toMatchObject({ kind: 'apart' });
  });

  it('knows a server without dex', () => {
    expect(serverMismatch(null)).toMatchObject({ other: 'server', kind: 'missing', page: VERSION });
  });
});
