/** The bound environment in the notebook's toolbar, as the kernel tells it. */

import type { PanelState, Store } from '@dexkit/client';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';

import { kindWord } from '../words';
import { useStore } from './parts';

export class EnvironmentBadge extends ReactWidget {
  constructor(
    private readonly _store: Store<PanelState>,
    private readonly _open: () => void,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('dex-BadgeItem');
  }

  protected override render(): JSX.Element {
    return <Badge store={this._store} onOpen={this._open} trans={this._trans} />;
  }
}

export function Badge(props: { store: Store<PanelState>; onOpen: () => void; trans: TranslationBundle }): JSX.Element {
  const { trans } = props;
  const { connection, snapshot } = useStore(props.store);
  const ready = connection === 'ready' && snapshot !== null;
  const bound = ready ? snapshot.environment : null;
  const state = ready ? snapshot.session.state : 'none';
  const text = bound !== null ? bound.name : state === 'starting' ? trans.__('binding…') : trans.__('no environment');
  const title =
    bound !== null
      ? trans.__('Environment %1 (%2); open the dex panel', bound.name, kindWord(trans, bound.kind))
      : trans.__('No environment is bound; open the dex panel');
  return (
    <button
      type="button"
      className={`dex-Badge dex-mod-${bound?.kind ?? 'unbound'}`}
      title={title}
      aria-label={title}
      onClick={props.onOpen}
    >
      <span className="dex-Badge-mark" aria-hidden="true" />
      {text}
      {bound?.kind === 'production' && <strong className="dex-Badge-kind">{kindWord(trans, bound.kind)}</strong>}
    </button>
  );
}
