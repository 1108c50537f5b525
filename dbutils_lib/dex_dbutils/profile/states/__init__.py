"""Mergeable states of columns and tables. Needs numpy and pyarrow only, so that an engine's workers can run it."""

from __future__ import annotations

from dex_dbutils.profile.states.column import NUMERIC_KINDS, ORDERED_KINDS, State
from dex_dbutils.profile.states.numbers import NumberState
from dex_dbutils.profile.states.others import BooleanState, PresenceState
from dex_dbutils.profile.states.table import TableState
from dex_dbutils.profile.states.texts import TextState

__all__ = [
    "NUMERIC_KINDS",
    "ORDERED_KINDS",
    "BooleanState",
    "NumberState",
    "PresenceState",
    "State",
    "TableState",
    "TextState",
]
