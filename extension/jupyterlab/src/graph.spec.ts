import { describe, expect, it } from 'vitest';

import { railsOf } from './graph';

describe('the lines of a graph', () => {
  it('go down from a task to the last that waits for it', () => {
    const nodes = [
      { key: 'load', needs: [] },
      { key: 'left', needs: ['load'] },
      { key: 'right', needs: ['load'] },
      { key: 'end', needs: ['left', 'right'] }
    ];
    expect(railsOf(nodes)).toEqual([
      { from: 'load', lane: 0, to: ['left', 'right'] },
      { from: 'left', lane: 1, to: ['end'] },
      { from: 'right', lane: 0, to: ['end'] }
    ]);
  });

  it('use a column again where the line above has ended', () => {
    const chain = ['a', 'b', 'c', 'd'].map((key, index, all) => ({ key, needs: index > 0 ? [all[index - 1]] : [] }));
    expect(railsOf(chain).map(rail => rail.lane)).toEqual([0, 0, 0]);
  });

  it('are none where nobody waits', () => {
    expect(railsOf([{ key: 'a', needs: [] }, { key: 'b', needs: ['gone'] }])).toEqual([]);
  });
});
