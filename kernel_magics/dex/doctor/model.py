"""The doctor's findings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["passed", "failed", "warning", "not run"]


class DoctorCheck(BaseModel):
    """One thing that was looked at.

    Attributes:
        name: what it is about.
        status: passed; failed, which must be mended; warning, which may hurt; not run, where nobody could tell.
        detail: what was found.
        remedy: what to do next, where there is something to do.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    status: Status
    detail: str
    remedy: str | None = None


class DoctorReport(BaseModel):
    """Everything that was looked at, in a fixed order."""

    model_config = ConfigDict(frozen=True)

    checks: list[DoctorCheck]

    @property
    def ok(self) -> bool:
        """Whether nothing has to be mended."""
        return not any(check.status == "failed" for check in self.checks)
