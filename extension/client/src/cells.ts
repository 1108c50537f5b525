/** The cells that the panel writes into a notebook: plain text that a person could have typed. */

import type { ProposalView } from './generated/messages';

const ENVIRONMENT = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const NAME = /^[A-Za-z_]\w*$/;

export interface AgentCell {
  role: string;
  frames: readonly string[];
  text: string;
  into?: string;
}

/**
 * Return the source of a cell that asks an agent.
 * @throws Error where a name could not stand on a magic's line.
 */
export function agentSource({ role, frames, text, into }: AgentCell): string {
  for (const name of [role, ...frames, ...(into ? [into] : [])]) {
    if (!NAME.test(name)) {
      throw new Error(`"${name}" is not a name`);
    }
  }
  const words = ['%%agent', role, ...frames.map(name => `@${name}`), ...(into ? ['--into', into] : [])];
  return `${words.join(' ')}\n${text.trim()}`;
}

/**
 * Return the line that binds an environment.
 * @param confirm - allow the writes that the environment's guard asks for.
 * @throws Error where the name could not stand on a magic's line.
 */
export function bindSource(environment: string, confirm = false): string {
  if (!ENVIRONMENT.test(environment)) {
    throw new Error(`"${environment}" is not the name of an environment`);
  }
  return confirm ? `%dex_env ${environment} --confirm ${environment}` : `%dex_env ${environment}`;
}

/** Return the line that profiles a table, or null where its name cannot stand on a magic's line. */
export function profileSource(layer: string, table: string): string | null {
  return NAME.test(layer) && NAME.test(table) ? `%dex_profile ${layer}.${table}` : null;
}

/** Return the sources of the cells that a proposal becomes: the code, and what must hold for its result. */
export function proposalSources(proposal: Pick<ProposalView, 'code' | 'assertions'>): string[] {
  return [proposal.code, proposal.assertions].map(source => source.trim()).filter(source => source !== '');
}

/** True where a proposal may be put into a notebook: what failed its checks, or was never checked, is only shown. */
export function isInsertable(status: string | null): boolean {
  return status === 'passed' || status === 'incomplete';
}

/** True where the cells below an index are just these: nothing to insert. */
export function isInserted(below: readonly string[], sources: readonly string[]): boolean {
  return sources.length > 0 && sources.every((source, i) => below[i]?.trim() === source);
}
