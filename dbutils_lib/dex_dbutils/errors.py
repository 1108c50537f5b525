"""The errors that dex raises: what happened, where, what to do next, and a stable code."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Where:
    """The place an error speaks of; every part is optional.

    Args:
        file: path of the file, as the person would type it.
        line: line in that file or cell, counted from 1.
        column: column in that line, counted from 1.
        key: dotted key in a configuration file, such as ``engine.type``.
        cell: number of the notebook cell, counted from 1 over all cells.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    key: str | None = None
    cell: int | None = None

    def __str__(self) -> str:
        """Return the place in one line, most general part first."""
        parts = [
            self.file,
            f"cell {self.cell}" if self.cell is not None else None,
            f"line {self.line}" if self.line is not None else None,
            f"column {self.column}" if self.column is not None else None,
            f"key {self.key}" if self.key is not None else None,
        ]
        return ", ".join(part for part in parts if part)


class DexError(Exception):
    """Anything dex refuses or cannot do.

    Args:
        code: stable identifier ``DEX-<AREA>-<NN>``, listed in ``docs/errors/``.
        what: one sentence: what happened.
        where: the file, cell, line or key concerned.
        remedy: what the person can do next.

    Example:
        >>> print(DexError("DEX-CONFIG-01", "There is no environment 'stage'.", "config", "Use: local, dev."))
        DEX-CONFIG-01: There is no environment 'stage'.
          where: config
          next:  Use: local, dev.
    """

    #: Exit code of a command that ends with this error: 2 wrong use or configuration, 3 outside failure.
    exit_code: ClassVar[int] = 2

    def __init__(
        self, code: str, what: str, where: Where | str | Path | None = None, remedy: str | None = None
    ) -> None:
        self.code = code
        self.what = what
        self.where = where if where is None or isinstance(where, Where) else Where(file=str(where))
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        """Return the message as a person reads it."""
        lines = [f"{self.code}: {self.what}"]
        if self.where and str(self.where):
            lines.append(f"  where: {self.where}")
        if self.remedy:
            lines.append(f"  next:  {self.remedy}")
        return "\n".join(lines)

    def _render_traceback_(self, *_: object) -> list[str]:
        """Return the lines that IPython prints: the message alone, without a traceback through dex's own files."""
        return str(self).splitlines()

    def to_dict(self) -> dict[str, Any]:
        """Return the parts for ``--json`` output and the panel."""
        where = {k: v for k, v in asdict(self.where).items() if v is not None} if self.where else {}
        return {"code": self.code, "what": self.what, "where": where, "remedy": self.remedy}


class ConfigError(DexError):
    """A project's configuration cannot be used."""


class EngineError(DexError):
    """The engine cannot be installed, started, reached or stopped."""

    exit_code = 3


class FrameError(DexError):
    """A value given as a frame or table cannot be used as one."""


class ProviderError(DexError):
    """A model's service failed or answered something that cannot be used."""

    exit_code = 3


class PlanError(DexError):
    """A proposed plan is not valid for the frames it speaks of."""


class GuardError(DexError):
    """The guard of the bound environment refuses an operation."""


class NotebookError(DexError):
    """A notebook cannot be read or run."""


class ExportError(DexError):
    """A notebook cannot be turned into a module; nothing was written."""


class BundleError(DexError):
    """A bundle's files cannot be used."""


class JobError(DexError):
    """A job cannot be run as it is."""


class PipelineError(DexError):
    """A declarative pipeline cannot be run as it is."""


class LedgerError(DexError):
    """The ledger of runs cannot be written or read."""

    exit_code = 3


class UtilitiesError(DexError):
    """A call of the local ``dbutils`` cannot be done."""


class WorkspaceError(DexError):
    """The workspace cannot be reached, or refuses what was asked."""

    exit_code = 3
