/** States for tests, as a kernel would tell them. */

import { PROTOCOL, VERSION, type Snapshot, type SnapshotMessage } from './generated/messages';

export function aSnapshot(change: Partial<Snapshot> = {}): Snapshot {
  return {
    version: VERSION,
    project: 'flights',
    environments: [
      { name: 'local', kind: 'local', engine: 'sail', catalog: 'local', writes: 'allow', problem: null },
      { name: 'prod', kind: 'production', engine: 'databricks', catalog: 'main', writes: 'confirm', problem: null }
    ],
    environment: null,
    session: { state: 'none', message: '' },
    engine: null,
    guard: null,
    catalog: [],
    roles: ['silver'],
    runs: [],
    profile: null,
    frames: [],
    proposal: null,
    problems: [],
    ...change
  };
}

export function aMessage(change: Partial<Snapshot> = {}): SnapshotMessage {
  return { type: 'snapshot', protocol: PROTOCOL, snapshot: aSnapshot(change), activity: null };
}
