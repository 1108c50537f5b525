import { describe, expect, it } from 'vitest';

import { agentSource, bindSource, isInserted, profileSource, proposalSources } from './cells';

describe('a request', () => {
  it('becomes the cell that a person would type', () => {
    expect(agentSource({ role: 'silver', frames: ['flights_raw', 'planes'], text: ' NA means null.\nDrop {x}. ', into: 'flights' })).toBe(
      '%%agent silver @flights_raw @planes --into flights\nNA means null.\nDrop {x}.'
    );
  });

  it('goes without the name of the result', () => {
    expect(agentSource({ role: 'silver', frames: ['a'], text: 'x' })).toBe('%%agent silver @a\nx');
  });

  it.each(['a b', 'a\n%%bash', '--into', '', '1a', 'a;b'])('refuses %j as the name of a frame', name => {
    expect(() => agentSource({ role: 'silver', frames: [name], text: 'x' })).toThrow('is not a name');
  });
});

describe('a switch of the environment', () => {
  it('is the line that a person would type', () => {
    expect(bindSource('local')).toBe('%dex_env local');
    expect(bindSource('prod-eu', true)).toBe('%dex_env prod-eu --confirm prod-eu');
  });

  it.each(['a b', 'a\nimport os', '--confirm', '$HOME', ''])('refuses %j as a name', name => {
    expect(() => bindSource(name)).toThrow('is not the name of an environment');
  });
});

describe('a proposal', () => {
  it('becomes one cell for the code and one for what must hold', () => {
    expect(proposalSources({ code: 'a = 1\n', assertions: 'assert a\n' })).toEqual(['a = 1', 'assert a']);
    expect(proposalSources({ code: 'a = 1', assertions: ' \n' })).toEqual(['a = 1']);
  });

  it('is inserted only where all of its cells stand below', () => {
    expect(isInserted(['a = 1\n', 'assert a', 'more'], ['a = 1', 'assert a'])).toBe(true);
    expect(isInserted(['a = 1', 'assert b'], ['a = 1', 'assert a'])).toBe(false);
    expect(isInserted(['a = 1'], ['a = 1', 'assert a'])).toBe(false);
    expect(isInserted([], [])).toBe(false);
  });
});

describe('a profile of a table', () => {
  it('is offered where the name can stand on a line', () => {
    expect(profileSource('silver', 'flights')).toBe('%dex_profile silver.flights');
    expect(profileSource('silver', 'flights-2013')).toBeNull();
    expect(profileSource('silver', 'a\nb')).toBeNull();
  });
});
