/** Small pieces that every section uses. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext, useSyncExternalStore, type ReactNode } from 'react';
import type { Store } from '@dexkit/client';

import type { Notice } from '../notice';
import { verdictWord } from '../words';

/** The panel's translations. */
export const Translation = createContext<TranslationBundle | null>(null);

export function useTrans(): TranslationBundle {
  const trans = useContext(Translation);
  if (trans === null) {
    throw new Error('A view of dex stands outside of its translations');
  }
  return trans;
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** A part of the panel that can be folded away. */
export function Section(props: { title: string; count?: number; name: string; children: ReactNode }): JSX.Element {
  return (
    <details className="dex-Section" open data-section={props.name}>
      <summary className="dex-Section-summary">
        <h3 className="dex-Section-title">{props.title}</h3>
        {props.count !== undefined && <span className="dex-Section-count">{props.count}</span>}
      </summary>
      <div className="dex-Section-body">{props.children}</div>
    </details>
  );
}

/** Said where there is nothing to show, with the way to something. */
export function Empty(props: { children: ReactNode }): JSX.Element {
  return <p className="dex-Empty">{props.children}</p>;
}

/** An error or a warning: what happened, where, what to do next. */
export function NoticeBox(props: { notice: Notice; level?: 'error' | 'warning'; children?: ReactNode }): JSX.Element {
  const trans = useTrans();
  const { message, code, where, remedy } = props.notice;
  const level = props.level ?? 'error';
  return (
    <div className={`dex-Notice dex-mod-${level}`} role={level === 'error' ? 'alert' : 'status'}>
      <p className="dex-Notice-message">{message}</p>
      {where && <p>{trans.__('Where: %1', where)}</p>}
      {remedy && <p>{trans.__('Next: %1', remedy)}</p>}
      {code && <p className="dex-Notice-code">{code}</p>}
      {props.children}
    </div>
  );
}

const MARKS: Record<string, [string, string]> = {
  passed: ['✓', 'good'],
  done: ['✓', 'good'],
  written: ['✓', 'good'],
  unchanged: ['✓', 'good'],
  failed: ['✗', 'bad'],
  error: ['✗', 'bad'],
  incomplete: ['◐', 'unsure'],
  'not run': ['○', 'unsure'],
  interrupted: ['■', 'unsure']
};

/** A verdict as a mark and a word: never told by colour alone. */
export function Verdict(props: { status: string | null }): JSX.Element {
  const trans = useTrans();
  const [mark, tone] = MARKS[props.status ?? ''] ?? ['○', 'unsure'];
  return (
    <span className="dex-Verdict">
      <span aria-hidden="true" className={`dex-Verdict-mark dex-mod-${tone}`}>
        {mark}
      </span>
      {verdictWord(trans, props.status)}
    </span>
  );
}

/** A button as the panel's sections use it. */
export function Button(props: {
  children: ReactNode;
  onClick?: () => void;
  disabled?: boolean;
  primary?: boolean;
  submit?: boolean;
  title?: string;
  label?: string;
}): JSX.Element {
  return (
    <button
      type={props.submit ? 'submit' : 'button'}
      className={`dex-Button${props.primary ? ' dex-mod-primary' : ''}`}
      onClick={props.onClick}
      disabled={props.disabled}
      title={props.title}
      aria-label={props.label}
    >
      {props.children}
    </button>
  );
}
