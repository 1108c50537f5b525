// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { proposalOf } from './output';

describe('the output of a run', () => {
  const proposal = { code: 'a = 1', assertions: 'assert a' };

  it('can be inserted where it passed', () => {
    expect(proposalOf({ proposal, verdict: { status: 'passed' } })).toEqual({ ...proposal, status: 'passed' });
    expect(proposalOf({ proposal, verdict: { status: 'incomplete' } })).not.toBeNull();
  });

  it('is only shown where it failed, was not verified, or proposes nothing', () => {
    expect(proposalOf({ proposal, verdict: { status: 'failed' } })).toBeNull();
    expect(proposalOf({ proposal, verdict: null })).toBeNull();
    expect(proposalOf({ proposal: null, verdict: null })).toBeNull();
    expect(proposalOf({ proposal: { code: ' ' }, verdict: { status: 'passed' } })).toBeNull();
    expect(proposalOf('text')).toBeNull();
    expect(proposalOf(undefined)).toBeNull();
  });
});
