"""The operations that a plan is made of, each small enough to be checked by itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dex_agents.plan.steps.base import Fragment, Probe, Step
from dex_agents.plan.steps.rows import Condition, DropDuplicates, DropNulls, Filter, KeepLatest, Reject
from dex_agents.plan.steps.shape import DropColumns, Join, Rename, Select
from dex_agents.plan.steps.times import DeriveTimestamp
from dex_agents.plan.steps.values import CAST_TYPES, Cast, Fill, NullTokens, StandardCase, Trim

AnyStep = Annotated[
    NullTokens
    | Trim
    | StandardCase
    | Cast
    | Fill
    | DeriveTimestamp
    | Rename
    | DropColumns
    | Select
    | Join
    | Filter
    | Reject
    | DropNulls
    | DropDuplicates
    | KeepLatest,
    Field(discriminator="op"),
]

__all__ = [
    "CAST_TYPES",
    "AnyStep",
    "Cast",
    "Condition",
    "DeriveTimestamp",
    "DropColumns",
    "DropDuplicates",
    "DropNulls",
    "Fill",
    "Filter",
    "Fragment",
    "Join",
    "KeepLatest",
    "NullTokens",
    "Probe",
    "Reject",
    "Rename",
    "Select",
    "StandardCase",
    "Step",
    "Trim",
]
