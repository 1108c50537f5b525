"""Which columns of a frame are looked at, and what is wrong with a request for others."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from dex_dbutils.errors import FrameError


def chosen_columns(names: Sequence[str], wanted: Sequence[str] | None) -> list[str]:
    """Return the columns to profile, in the order of the frame.

    Args:
        names: the columns that the frame has.
        wanted: the columns asked for; None: all.

    Raises:
        FrameError: DEX-FRAME-02, the frame has no column; DEX-FRAME-03, two columns of one name;
            DEX-FRAME-04, a column asked for is not there.
    """
    if not names:
        raise FrameError(
            "DEX-FRAME-02", "The frame has no columns.", remedy="Select at least one column before profiling it."
        )
    chosen = list(names)
    if wanted is not None:
        for name in wanted:
            if name not in names:
                raise unknown_column(name, names)
        chosen = [name for name in names if name in set(wanted)]
        if not chosen:
            raise FrameError("DEX-FRAME-02", "No column was asked for.", remedy=f"Name some of: {_listed(names)}.")
    twice = [name for name, count in Counter(chosen).items() if count > 1]
    if twice:
        raise FrameError(
            "DEX-FRAME-03",
            f"The frame has more than one column named {_listed(twice)}.",
            remedy="Rename them, for example frame.toDF(*new_names), or drop one side's columns after the join.",
        )
    return chosen


def unknown_column(name: str, names: Sequence[str]) -> FrameError:
    """Return the error of a column that is not there, with the nearest name that is."""
    folded = {known.lower(): known for known in names}
    near = difflib.get_close_matches(name.lower(), list(folded), n=1)
    remedy = f"Did you mean `{folded[near[0]]}`? " if near else ""
    return FrameError(
        "DEX-FRAME-04", f"The frame has no column `{name}`.", remedy=f"{remedy}There are: {_listed(names)}."
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
