"""What becomes of the magics of a notebook: code of the module, a line of the job, nothing, or a refusal."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from dex.export.file_magics import file_call, file_written, setting
from dex.export.parameters import Parameters
from dex.export.pieces import Log, Piece, short
from dex.export.requirements import is_install, requirements_of
from dex.export.shell import command, shell_call
from dex.export.sql_cells import sql_calls
from dex.notebook import Magic

#: Magics that serve the person at the notebook; a job needs none of them.
DROPPED = frozenset(
    """
    load_ext reload_ext unload_ext autoreload matplotlib config pylab precision xmode colors logstart
    dex_env dex_status dex_profile dex_export dex_sync dex_databricks agent
    who whos who_ls history hist lsmagic magic quickref pinfo pinfo2 doctest_mode restart_python md md-sandbox
    html HTML javascript js latex svg SVG markdown ls ll pwd cat less more head tail psource pdoc pfile page notebook
    tensorboard sparkui configure info reset reset_selective debug pdb prun_off warnings skip help
    """.split()
)
#: Magics in front of Python of this notebook.
_TIMING = ("time", "timeit", "prun", "capture")
_SHELLS = ("sh", "bash", "system", "sx", "script")
#: Aliases of shell commands that IPython has as magics.
_ALIASES = ("mkdir", "rm", "rmdir", "cp", "mv", "touch", "chmod", "ln", "unzip", "wget", "curl", "git")
_SQL = ("sql", "sparksql")
#: Cell magics of other kernels whose body is Python.
_PYTHON = ("local", "spark", "pyspark", "python", "python3")
_REFUSED = {
    "dex_run": ("runs another notebook", "Make it a task of its own in the bundle's job."),
    "scala": ("is Scala", "Keep it as a notebook task, or write it in Python."),
    "r": ("is R", "Keep it as a notebook task, or write it in Python."),
    "run": ("runs another notebook", "Write it alone on the top level of a cell."),
}


@dataclass
class Carried:
    """What a magic becomes.

    Attributes:
        code: statements of the module; the value of the magic is that of the last one.
        dropped: why nothing is left of it.
        note: what a person should look at.
        refused: construct, message and remedy, where it cannot be carried over.
    """

    code: list[str] = field(default_factory=list)
    dropped: str = ""
    note: str = ""
    refused: tuple[str, str, str] | None = None


class Carrier:
    """Carries the magics of one notebook over.

    Args:
        pieces: all statements of the notebook.
        parameters: where the widgets that SQL names are noted.
        requirements: where installed packages are noted.
        log: where drops, notes and refusals go.
    """

    def __init__(self, pieces: list[Piece], parameters: Parameters, requirements: list[str], log: Log) -> None:
        self._pieces = pieces
        self._parameters = parameters
        self._requirements = requirements
        self._log = log
        self._bound = {name for piece in pieces for name in piece.flow.binds}

    def take(self) -> None:
        """Carry every magic over, except for ``%run``, whose notebook must be known first."""
        for piece in self._pieces:
            magic = piece.statement.magic
            if magic is None:
                if piece.statement.inner:
                    self._inner(piece)
            elif magic.name != "run" or magic.sigil != "%" or magic.target:
                self._whole(piece, magic)

    def _whole(self, piece: Piece, magic: Magic) -> None:
        carried = self._carry(piece, magic)
        if carried.refused:
            self._log.refuse(piece, *carried.refused, magic.line)
        elif not carried.code:
            self._log.drop(piece, carried.dropped)
        else:
            target = magic.target
            if not target and magic.name in _SQL and self._reads_result(piece):
                target = "_sqldf"
            last = f"{target} = {carried.code[-1]}" if target else carried.code[-1]
            piece.retext("\n".join([*carried.code[:-1], last]))
            piece.kind = "sql" if magic.name in _SQL else piece.kind
        if carried.note:
            self._log.note(piece, carried.note)

    def _inner(self, piece: Piece) -> None:
        """Take the magics out of a compound statement."""
        text = piece.text
        numbers = [int(n) for n in re.findall(r"__dex_magic_(\d+)__", text)]
        for number, magic in zip(numbers, piece.statement.inner, strict=False):
            run = magic.name == "run" and magic.sigil == "%"
            carried = Carried(refused=_refusal(magic)) if run else self._carry(piece, magic)
            code = "; ".join(carried.code) or "pass"
            if carried.refused:
                self._log.refuse(piece, *carried.refused, magic.line)
                code = "None"
            elif magic.target and (len(carried.code) != 1 or not _is_python(carried.code[0], "eval")):
                code = "None"
            if carried.dropped or carried.note:
                why = carried.note or f"{carried.dropped}; it stood inside the statement and was left out"
                self._log.note(piece, why)
            text = text.replace(f"__dex_magic_{number}__", code, 1)
        piece.retext(text)

    def _carry(self, piece: Piece, magic: Magic) -> Carried:
        name, sigil, shown = magic.name, magic.sigil, short(_shown(magic))
        if sigil == "?":
            return Carried(dropped=f"`{name}?` shows help")
        if sigil.startswith("!"):
            return self._shell(magic, command(magic.arguments, self._bound))
        if sigil not in ("%", "%%"):
            return Carried(refused=_refusal(magic))
        if name in ("pip", "conda", "uv", "mamba"):
            return self._install(f"{name} {magic.arguments}", shown)
        if sigil == "%%" and name in _TIMING:
            return Carried(dropped=f"`{_shown(magic)}` measures; the cell's code stays")
        if name in ("time", "timeit", "prun", "memit"):
            return self._timed(magic, shown)
        if name in _SQL:
            return self._sql(piece, magic)
        if name in _SHELLS:
            return self._script(magic)
        if name in _PYTHON and not magic.target:
            code = "\n".join(part for part in (magic.arguments, magic.body) if part.strip())
            if code.strip() and _is_python(code):
                return Carried([code.strip()])
        return self._files(magic, shown)

    def _files(self, magic: Magic, shown: str) -> Carried:
        name = magic.name
        if name == "fs":
            calls = [file_call(line) for line in [magic.arguments, *magic.body.split("\n")] if line.strip()]
            if any(call is None for call in calls):
                return Carried(refused=("%fs", f"`{shown}` is no command of `%fs`.", "Use dbutils.fs."))
            code = [call for call in calls if call]
            return Carried(code) if code else Carried(dropped=f"`{shown}` shows something")
        if name in ("writefile", "file"):
            self._log.imports.add("Path")
            return Carried([file_written(magic.arguments, magic.body)])
        if name in ("env", "set_env", "cd"):
            code_ = setting(name, magic.arguments)
            if code_ is None:
                return Carried(dropped=f"`{shown}` shows something")
            self._log.imports.add("os")
            return Carried([code_])
        if name in _ALIASES:
            return self._shell(magic, command(f"{name} {magic.arguments}", self._bound))
        if name in DROPPED and not (magic.target and name not in ("pwd", "ls", "ll", "cat")):
            if magic.target:
                return self._shell(magic, command(f"{name} {magic.arguments}", self._bound))
            return Carried(dropped=f"`{shown}` serves the notebook")
        return Carried(refused=_refusal(magic))

    def _install(self, text: str, shown: str) -> Carried:
        found = requirements_of(text)
        if found is None:
            return Carried(
                dropped=f"`{shown}`: add what it installs to the job's environment by hand",
                note=f"`{shown}` could not be turned into requirements of the job",
            )
        self._requirements.extend(w for w in found if w not in self._requirements)
        said = "now in the job's environment" if found else "installs nothing"
        return Carried(dropped=f"`{shown}`: {said}")

    def _shell(self, magic: Magic, source: str) -> Carried:
        shown = short(_shown(magic))
        if is_install(magic.arguments) and not magic.target:
            return self._install(magic.arguments, shown)
        self._log.imports.add("subprocess")
        if magic.target:
            return Carried([f"{shell_call(source, lines=True)}"], note=f"`{shown}` still runs in a shell of the driver")
        return Carried([shell_call(source)], note=f"`{shown}` still runs in a shell of the driver")

    def _script(self, magic: Magic) -> Carried:
        """Carry a cell over whose body is a script; ``-e`` makes it fail with its first command that does."""
        words = magic.arguments.split()
        first = "" if magic.name == "script" or words[:1] == ["-e"] else magic.arguments
        script = "\n".join(part for part in (first, magic.body) if part.strip())
        lines = [x.strip() for x in script.split("\n") if x.strip() and not x.strip().startswith("#")]
        shown = short(_shown(magic))
        if not lines:
            return Carried(dropped=f"`{shown}` runs nothing")
        if all(is_install(line) for line in lines):
            found = [self._install(line, short(line)) for line in lines]
            return Carried(dropped="; ".join(c.dropped for c in found), note="; ".join(c.note for c in found if c.note))
        self._log.imports.add("subprocess")
        call = shell_call(command(script, set()), strict="-e" in words)
        return Carried([call], note=f"`{short(_shown(magic))}` still runs in a shell of the driver")

    def _timed(self, magic: Magic, shown: str) -> Carried:
        code = magic.arguments.strip()
        if magic.name != "time" or not code:
            return Carried(dropped=f"`{shown}` measures")
        return Carried([code]) if _is_python(code) else Carried(refused=_refusal(magic))

    def _sql(self, piece: Piece, magic: Magic) -> Carried:
        text = "\n".join(part for part in (magic.arguments, magic.body) if part.strip()).strip()
        calls = sql_calls(text, self._parameters, piece.cell.id)
        if calls is None:
            return Carried(refused=("%sql", "The SQL cannot be read.", "Use spark.sql in Python."))
        if not calls:
            return Carried(dropped="a SQL cell that holds no statement of its own")
        return Carried(calls)

    def _reads_result(self, piece: Piece) -> bool:
        """Return whether somebody reads `_sqldf` before the next SQL cell sets it anew."""
        at = next(i for i, other in enumerate(self._pieces) if other is piece)
        for other in self._pieces[at + 1 :]:
            magic = other.statement.magic
            if magic is not None and magic.name in _SQL and not magic.target:
                return False
            if "_sqldf" in other.flow.needs:
                return True
        return False


def _refusal(magic: Magic) -> tuple[str, str, str]:
    """Return construct, message and remedy of a magic that cannot become code of a module."""
    what, remedy = _REFUSED.get(
        magic.name, ("is a magic that a job does not have", "Write it in Python, or take the cell out.")
    )
    return magic.title, f"`{short(_shown(magic))}` {what}.", remedy


def _is_python(code: str, mode: str = "exec") -> bool:
    try:
        ast.parse(code.strip(), mode=mode)
    except (SyntaxError, ValueError):
        return False
    return True


def _shown(magic: Magic) -> str:
    target = f"{magic.target} = " if magic.target else ""
    return f"{target}{magic.title} {magic.arguments.strip()}".strip()
