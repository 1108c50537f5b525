/** What became of the tests of the exported module. */

import type { SuiteReply } from '@dexkit/client';

import { useTrans, Verdict } from './parts';
import { Listed, type GoTo } from './places';

export function Tested(props: { reply: SuiteReply; goTo: GoTo }): JSX.Element {
  const trans = useTrans();
  const { reply, goTo } = props;
  const { passed, failed, skipped } = reply;
  return (
    <>
      <p>
        <Verdict status={failed.length > 0 ? 'failed' : passed > 0 ? 'passed' : 'not run'} />
        {': '}
        {counts()}
      </p>
      <Listed title={trans.__('Failed')} places={failed} goTo={goTo} open />
      <Listed title={trans.__('Skipped')} places={skipped} goTo={goTo} />
      {failed.length > 0 && (
        <p className="dex-Hint">
          {trans.__('The whole tracebacks:')} <code>pytest {reply.tests}</code>
        </p>
      )}
    </>
  );

  function counts(): string {
    return trans.__(
      '%1 passed, %2 failed, %3 skipped in %4 s.',
      passed,
      failed.length,
      skipped.length,
      reply.seconds.toFixed(reply.seconds < 10 ? 1 : 0)
    );
  }
}
