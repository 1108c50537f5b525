"""Mergeable states of columns and tables. Needs numpy and pyarrow only, so that an engine's workers can run it."""

from __future__ import annotations

from .column import NUMERIC_KINDS, ORDERED_KINDS, State, kind_of, new_state
from .null_words import NULL_WORDS
from .numbers import NumberState
from .others import BooleanState, PresenceState
from .sample import SHOWN, cut
from .table import TableState, merge_parts
from .texts import TextState
from .wide import WideState

__all__ = [
    "NULL_WORDS",
    "NUMERIC_KINDS",
    "ORDERED_KINDS",
    "SHOWN",
    "BooleanState",
    "NumberState",
    "PresenceState",
    "State",
    "TableState",
    "TextState",
    "WideState",
    "cut",
    "kind_of",
    "merge_parts",
    "new_state",
]
