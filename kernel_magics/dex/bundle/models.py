"""What a check of a bundle finds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["error", "warning"]


class Finding(BaseModel):
    """One thing in a bundle that will not work, and where it stands.

    Attributes:
        code: ``DEX-BUNDLE-<NN>``, listed in ``docs/errors/bundle.md``.
        message: what is wrong and what to do.
        file: path relative to the bundle's folder, with forward slashes.
        line: counted from 1.
        column: counted from 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: Severity = "error"
    code: str
    message: str
    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """Return it in one line, its place first."""
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message}"
