"""``dex doctor --fix``: the settings of code tools written into the project's files, shown as a diff that git can take back."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import ClassVar

from dex_dbutils import DexError, Where
from dex_dbutils.config import Project
from pydantic import BaseModel, ConfigDict

from dex import toml
from dex.doctor.linters import Amend, Unfit, amendments, hints
from dex.files import write_atomically


class DoctorError(DexError):
    """A settings file that cannot be amended."""

    exit_code: ClassVar[int] = 2


class SettingsChange(BaseModel):
    """One file whose settings lack something.

    Attributes:
        file: its path below the project.
        diff: what changes, as ``git apply`` reads it; ``git apply -R`` takes it back.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    diff: str


class FixReport(BaseModel):
    """What `dex doctor --fix` wrote, or would write.

    Attributes:
        changes: files that lack something.
        hints: what no settings file of the project can hold.
        written: whether the changes were written.
    """

    model_config = ConfigDict(frozen=True)

    changes: list[SettingsChange]
    hints: list[str]
    written: bool

    def to_text(self) -> str:
        """Return the report for a person; the diffs can be given to ``git apply -R`` as they are."""
        if not self.changes:
            said = "The settings of ruff, nbqa and jupytext are complete; nothing was written."
        else:
            files = ", ".join(change.file for change in self.changes)
            said = f"{'Wrote' if self.written else 'Would write'} {files}." + (
                " To undo, give this diff to `git apply -R`." if self.written else ""
            )
        return "\n".join([*(change.diff for change in self.changes), said, *(f"hint: {hint}" for hint in self.hints)])


def fix_settings(project: Project, *, check: bool = False) -> FixReport:
    """Return what the settings of ruff, nbqa and jupytext lacked, written unless ``check``.

    Args:
        project: the project whose files are amended; all of them are read before one is written.
        check: write nothing.

    Raises:
        DoctorError: DEX-DOCTOR-01, a file is no TOML or holds something else than it should; DEX-DOCTOR-02, there is no
            ``pyproject.toml``. Nothing was written.
        FileError: DEX-FILE-01, the disk refuses.
    """
    root = project.root
    if not (root / "pyproject.toml").is_file():
        raise DoctorError(
            "DEX-DOCTOR-02",
            "There is no pyproject.toml to write settings to.",
            root / "pyproject.toml",
            "`dex export` makes one, and so does `uv init --bare`.",
        )
    texts = {name: (_read(root / name), amends) for name, amends in amendments(root).items()}
    amended = {name: (text, _amend(root / name, text, amends)) for name, (text, amends) in texts.items()}
    changed = {name: (before, after) for name, (before, after) in amended.items() if before != after}
    if not check:
        for name, (_, after) in changed.items():
            write_atomically(root / name, after)
    return FixReport(
        changes=[SettingsChange(file=name, diff=_diff(name, *texts)) for name, texts in changed.items()],
        hints=list(hints(root)),
        written=bool(changed) and not check,
    )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unfit(path, f"It cannot be read: {error}") from error


def _amend(path: Path, text: str, amends: list[Amend]) -> str:
    """Return a file's text with what it lacks; the same text where it lacks nothing."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        expected = toml.loads(text)
        document = tomlkit.parse(text)
        for amend in amends:
            amend(expected)
            amend(document)
        if expected == toml.loads(text):
            return text
        after = tomlkit.dumps(document)
        if "\r\n" in text:
            after = after.replace("\r\n", "\n").replace("\n", "\r\n")
        if toml.loads(after) == expected:
            return after
        problem = "its tables are written in a way that cannot be added to"
    except (toml.TOMLDecodeError, TOMLKitError, Unfit) as error:
        raise _unfit(path, str(error)) from error
    raise _unfit(path, problem)


def _unfit(path: Path, problem: str) -> DoctorError:
    return DoctorError(
        "DEX-DOCTOR-01",
        f"{path.name} cannot take the settings: {problem.rstrip('.')}.",
        Where(str(path)),
        "Mend it, then run `dex doctor --fix` again; nothing was written.",
    )


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    whole = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return "".join(whole).rstrip("\n") + "\n"
