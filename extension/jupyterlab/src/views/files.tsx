/** A file and what becomes of it. */

import type { ExportedFile } from '@dexkit/client';

import { statusWord } from '../words';
import { useTrans } from './parts';

/** A file that was written or would change; where it would, the difference can be unfolded. */
export function FileChange(props: { file: ExportedFile; open?: boolean }): JSX.Element {
  const trans = useTrans();
  const { path, status, diff } = props.file;
  const name = (
    <>
      <code>{path}</code> <span className="dex-Detail">{statusWord(trans, status)}</span>
    </>
  );
  if (!diff) {
    return <div className="dex-File">{name}</div>;
  }
  return (
    <details open={props.open}>
      <summary className="dex-File">{name}</summary>
      <pre className="dex-Code dex-Diff" tabIndex={0} aria-label={trans.__('What would change in %1', path)}>
        {diff.split('\n').map((line, index) => (
          <span key={index} className={lineClass(line)}>
            {`${line}\n`}
          </span>
        ))}
      </pre>
    </details>
  );
}

function lineClass(line: string): string | undefined {
  if (line.startsWith('+++ ') || line.startsWith('--- ')) {
    return undefined;
  }
  if (line.startsWith('+')) {
    return 'dex-mod-added';
  }
  return line.startsWith('-') ? 'dex-mod-removed' : undefined;
}
