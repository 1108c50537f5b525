/** Where the edges of a job's graph are drawn beside its rows: a line down from each task to the last that waits for it. */

/** A task of a graph, in the order of the rows. */
export interface GraphNode {
  readonly key: string;
  readonly needs: readonly string[];
}

/** The line below a task, to those that depend on it. */
export interface Rail {
  readonly from: string;
  /** Column of the line, counted from 0 at the tasks. */
  readonly lane: number;
  readonly to: readonly string[];
}

/**
 * Return the lines of a graph. Lines that stand beside each other have columns of their own.
 *
 * @param nodes the tasks from top to bottom; a task stands below those that it needs.
 */
export function railsOf(nodes: readonly GraphNode[]): Rail[] {
  const row = new Map(nodes.map((node, index) => [node.key, index]));
  const rails: (Rail & { readonly end: number })[] = [];
  nodes.forEach((node, start) => {
    const to = nodes.filter(other => other.needs.includes(node.key)).map(other => other.key);
    if (to.length === 0) {
      return;
    }
    const end = Math.max(...to.map(key => row.get(key) ?? start));
    const taken = new Set(rails.filter(rail => rail.end > start).map(rail => rail.lane));
    let lane = 0;
    while (taken.has(lane)) {
      lane += 1;
    }
    rails.push({ from: node.key, lane, to, end });
  });
  return rails.map(({ from, lane, to }) => ({ from, lane, to }));
}
