/** Places in the notebook, each with a way to it. */

import type { PlaceView } from '@dexkit/client';

import { useTrans } from './parts';

/** Turns to a place in the notebook. */
export type GoTo = (place: PlaceView) => void;

/** A list of places under a title that folds. */
export function Listed(props: { title: string; places: readonly PlaceView[]; goTo: GoTo; open?: boolean }): JSX.Element | null {
  if (props.places.length === 0) {
    return null;
  }
  return (
    <details open={props.open}>
      <summary>{`${props.title} (${props.places.length})`}</summary>
      <Places places={props.places} goTo={props.goTo} />
    </details>
  );
}

/** The places, one below the other. */
export function Places(props: { places: readonly PlaceView[]; goTo: GoTo; linksOnly?: boolean }): JSX.Element | null {
  const trans = useTrans();
  if (props.places.length === 0) {
    return null;
  }
  return (
    <ul className="dex-List dex-Places">
      {props.places.map((place, index) => (
        <li key={index}>
          {place.cell !== null && (
            <button
              type="button"
              className="dex-Link"
              aria-label={trans.__('Go to cell %1, line %2', place.cell, place.line ?? 1)}
              onClick={() => {
                props.goTo(place);
              }}
            >
              {place.line === null
                ? trans.__('Cell %1', place.cell)
                : trans.__('Cell %1, line %2', place.cell, place.line)}
            </button>
          )}
          {!props.linksOnly && <span>{place.text}</span>}
        </li>
      ))}
    </ul>
  );
}
