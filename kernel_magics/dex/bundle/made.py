"""A file that dex makes and a person changes: made anew beside those changes, with what was made last kept beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from dex_dbutils import BundleError, Where
from pydantic import BaseModel, ConfigDict, ValidationError

from dex.bundle.regenerating import regenerate
from dex.files import read_text, same_text, unified_diff, write_all

#: Where it is kept what files were when they were made last, below the project.
FOLDER = ".dex/map"


class _Record(BaseModel):
    """What a file was when it was made last."""

    model_config = ConfigDict(extra="ignore")

    path: str
    generated: list[str]
    made_of: list[str] = []


class MadeFile(BaseModel):
    """A file that was made anew, in memory: nothing is written before `carry_out`.

    Attributes:
        path: below the project.
        record: where it is kept what was made, below the project; None for a file that dex did not make.
        generated: what dex makes of it now.
        text: what the file becomes; None where it goes.
        there: what it is.
        kept: dotted paths of values that a person changed and dex would write otherwise.
        made_of: what was named for it, below the project.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    record: str | None
    generated: str
    text: str | None
    there: str | None
    kept: list[str]
    made_of: tuple[str, ...] = ()

    def carry_out(self, root: Path, *, check: bool) -> tuple[Literal["written", "unchanged", "differs"], str]:
        """Write the file, or take it away; return what became of it, and what differs where nothing was to be written.

        What was made is kept last: the other way round, a kill in between would lose the change.

        Args:
            root: folder of the project.
            check: write nothing.

        Raises:
            FileError: DEX-FILE-01, the disk refuses; the file and what is kept of it are what they were.
        """
        changes = not same_text(self.text, self.there)
        if check:
            return ("differs", unified_diff(self.path, self.there, self.text)) if changes else ("unchanged", "")
        files = {self.path: self.text} if changes else {}
        if self.record is not None:
            goes = self.text is None
            files[self.record] = None if goes else memory_of(self.path, self.generated, self.made_of)
        write_all(root, files)
        return ("written" if changes else "unchanged"), ""


def memory_of(path: str, generated: str, made_of: Sequence[str] = ()) -> str:
    """Return the text that is kept of what dex made of a file."""
    record = _Record(path=path, generated=generated.split("\n"), made_of=list(made_of))
    return record.model_dump_json(indent=1, exclude_defaults=True) + "\n"


def last_made(root: Path, path: str, record: str) -> str | None:
    """Return what dex made of a file last; None where it made none there, or that is not known.

    Args:
        root: folder of the project.
        path: the file, below it.
        record: where it is kept what was made, below it.
    """
    known = _read(root / record)
    return "\n".join(known.generated) if known is not None and known.path == path else None


def last_made_of(root: Path, record: str) -> list[str] | None:
    """Return what was named for a file when dex made it last; None where it made none.

    Args:
        root: folder of the project.
        record: where it is kept what was made, below it.
    """
    known = _read(root / record)
    return known.made_of if known is not None else None


def _read(record: Path) -> _Record | None:
    try:
        return _Record.model_validate_json(record.read_bytes())
    except (OSError, ValidationError):
        return None  # none yet, or torn by a merge


def make_anew(
    root: Path, path: str, record: str, text: str, *, force: bool = False, made_of: Sequence[str] = ()
) -> MadeFile:
    """Return a file made anew; what a person changed in it stays.

    Args:
        root: folder of the project.
        path: the file, below it.
        record: where it is kept what was made, below it.
        text: what dex makes of it now.
        force: without what a person changed, and also where dex did not make the file.
        made_of: what was named for it, below the project.

    Raises:
        BundleError: DEX-BUNDLE-50, the file is not YAML; -51, dex did not make it.
    """
    there, before = read_text(root / path), last_made(root, path, record)
    new, kept = text, list[str]()
    if there is not None and there != text and not force:
        if before is None:
            raise BundleError(
                "DEX-BUNDLE-51",
                f"{path} is there already, and dex did not make it.",
                Where(path),
                "Move it away and put what is yours into the new file; or write over it with --force.",
            )
        made = regenerate(there, before, text, path)
        new, kept = made.text, made.kept
    return MadeFile(path=path, record=record, generated=text, text=new, there=there, kept=kept, made_of=tuple(made_of))
