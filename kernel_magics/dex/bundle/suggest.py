"""Names that are not known, and the nearest one that is."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from dex.bundle.models import Finding
from dex.bundle.tree import At


def unknown_keys(
    at: At, known: Collection[str], what: str, inside: Mapping[str, Collection[str]] | None = None
) -> Iterator[Finding]:
    """Yield a finding for every key of a mapping that is not known there; an empty value is an empty mapping.

    Args:
        at: the mapping.
        known: the keys that it may have.
        what: what it is, to be shown.
        inside: keys that belong one level deeper, by the key that holds them.
    """
    if not isinstance(at.value, dict | type(None)):
        yield at.finding("DEX-BUNDLE-03", f"{what[0].upper()}{what[1:]} must hold keys and values.")
        return
    for key, entry in at.entries():
        if key not in known:
            holder = next((name for name, keys in (inside or {}).items() if key in keys), None)
            there = f": it belongs into `{holder}`." if holder else f".{nearest(key, known)}"
            yield entry.finding("DEX-BUNDLE-06", f"`{key}` is not a key of {what}{there}")


def close(word: str, known: Collection[str]) -> str | None:
    """Return the nearest known word, or None where none is near.

    Near is also the only one that says more, as `notebook_path` does for `path`, or less, as `name` for `space_name`.
    """
    near = difflib.get_close_matches(word, sorted(known), n=1)
    if not near:
        near = [each for each in known if each.endswith(f"_{word}") or word.endswith(f"_{each}")]
    return near[0] if len(near) == 1 else None


def nearest(word: str, known: Collection[str]) -> str:
    """Return a sentence with the nearest known word, or with all of them where none is near."""
    near = close(word, known)
    if near:
        return f" Did you mean '{near}'?"
    if not known:
        return " There are none at all."
    return f" Known: {', '.join(sorted(known))}." if len(known) <= 12 else ""
