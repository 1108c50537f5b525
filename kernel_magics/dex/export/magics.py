"""What becomes of the magics of a notebook."""

from __future__ import annotations

import ast

from dex.export.pieces import Log, Piece, literal, short
from dex.notebook import Magic

#: Magics that serve the person at the notebook; a job needs none of them.
DROPPED = frozenset(
    """
    load_ext reload_ext unload_ext autoreload matplotlib config pylab precision xmode colors logstart
    dex_env dex_status dex_profile dex_export dex_databricks agent
    who whos who_ls history hist lsmagic magic quickref pinfo pinfo2 doctest_mode restart_python md md-sandbox
    """.split()
)
#: Magics in front of Python of this notebook.
_TIMING = ("time", "timeit", "prun", "capture")
_REFUSED = {
    "run": ("runs another notebook", "Copy what it defines, or import it from a module of the project."),
    "dex_run": ("runs another notebook", "Make it a task of its own in the bundle's job."),
    "scala": ("is Scala", "Keep it as a notebook task, or write it in Python."),
    "r": ("is R", "Keep it as a notebook task, or write it in Python."),
    "sh": ("runs a shell", "Use Python: pathlib, shutil, subprocess."),
    "fs": ("works on files", "Use dbutils.fs, which a job has as well."),
}


def take_magic(piece: Piece, magic: Magic, log: Log, requirements: list[str]) -> None:
    """Drop, convert or refuse a statement that is a magic."""
    name = magic.name
    if magic.sigil in ("%", "%%") and name in DROPPED:
        log.drop(piece, f"`{short(_shown(magic))}` serves the notebook")
    elif magic.sigil == "?":
        log.drop(piece, f"`{magic.name}?` shows help")
    elif magic.sigil == "%%" and name in _TIMING:
        log.drop(piece, f"`{_shown(magic)}` measures; the cell's code stays")
    elif magic.sigil == "%" and name in ("time", "timeit") and not magic.target:
        _timed(piece, magic, log)
    elif magic.sigil == "%" and name in ("pip", "conda", "uv"):
        _pip(piece, magic, log, requirements)
    elif magic.sigil in ("%", "%%") and name == "sql":
        _sql(piece, magic, log)
    else:
        refuse_magic(piece, magic, log)


def refuse_magic(piece: Piece, magic: Magic, log: Log) -> None:
    """Say why a magic cannot become code of a module."""
    what, remedy = _REFUSED.get(magic.name, ("", ""))
    if magic.sigil.startswith("!"):
        what, remedy = "runs a shell", _REFUSED["sh"][1]
    elif not what:
        what, remedy = "is a magic that a job does not have", "Write it in Python, or take the cell out."
    log.refuse(piece, magic.title, f"`{short(_shown(magic))}` {what}.", remedy, magic.line)


def take_inner(piece: Piece, log: Log) -> None:
    """Take the magics out of a compound statement, or refuse it."""
    text = piece.text
    for index, magic in _numbered(piece):
        if magic.sigil in ("%", "%%") and magic.name in DROPPED and not magic.target:
            text = text.replace(f"__dex_magic_{index}__", "pass", 1)
            log.note(piece, f"`{short(_shown(magic))}` inside the statement serves the notebook and was left out")
        elif magic.sigil == "%" and magic.name == "time" and not magic.target and _is_python(magic.arguments):
            text = text.replace(f"__dex_magic_{index}__", magic.arguments.strip(), 1)
        else:
            refuse_magic(piece, magic, log)
            text = text.replace(f"__dex_magic_{index}__", "None", 1)
    piece.retext(text)


def _numbered(piece: Piece) -> list[tuple[int, Magic]]:
    import re

    numbers = [int(n) for n in re.findall(r"__dex_magic_(\d+)__", piece.text)]
    return list(zip(numbers, piece.statement.inner, strict=False))


def _timed(piece: Piece, magic: Magic, log: Log) -> None:
    code = magic.arguments.strip()
    if magic.name == "timeit" or not code:
        log.drop(piece, f"`{short(_shown(magic))}` measures")
    elif _is_python(code):
        piece.retext(code)
    else:
        refuse_magic(piece, magic, log)


def _pip(piece: Piece, magic: Magic, log: Log, requirements: list[str]) -> None:
    words = magic.arguments.split()
    if magic.name in ("pip", "uv") and "install" in words:
        names = words[words.index("install") + 1 :]
        if not any(w.startswith("-") and w not in ("-q", "-U", "--quiet", "--upgrade") for w in names) and not any(
            c in w for w in names for c in "{}$`"
        ):
            plain = [w.strip("\"'") for w in names if not w.startswith("-")]
            requirements.extend(w for w in plain if w not in requirements)
            log.drop(piece, f"`{short(_shown(magic))}`: now in the job's environment")
            return
    log.drop(piece, f"`{short(_shown(magic))}`: add what it installs to the job's environment by hand")
    log.note(piece, f"`{short(_shown(magic))}` could not be turned into requirements of the job")


def _sql(piece: Piece, magic: Magic, log: Log) -> None:
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    text = "\n".join(part for part in (magic.arguments, magic.body) if part.strip()).strip()
    try:
        tokens = tokenize(text, dialect="databricks")
    except SqlglotError:
        log.refuse(piece, "%sql", "The SQL cannot be read.", "Use spark.sql in Python.", magic.line)
        return
    statements: list[str] = []
    begin = 0
    for token in tokens:
        if token.token_type.name == "SEMICOLON":
            statements.append(text[begin : token.start])
            begin = token.end + 1
    statements.append(text[begin:])
    kept = [s.strip() for s in statements if s.strip() and tokenize(s, dialect="databricks")]
    if not kept:
        log.drop(piece, "a SQL cell that holds only comments")
        return
    if any("${" in s for s in kept):
        log.refuse(
            piece, "%sql", "The SQL holds `${...}`, which only a notebook fills in.", "Use spark.sql with arguments."
        )
        return
    piece.retext("\n".join(f"_sqldf = spark.sql({_quoted(s)})" for s in kept))


def _quoted(sql: str) -> str:
    if "\\" not in sql and '"""' not in sql and not sql.endswith('"'):
        return f'"""{sql}"""' if "\n" in sql else literal(sql)
    if "\n" in sql and '"""' not in sql and not sql.endswith(('"', "\\")):
        return f'r"""{sql}"""'
    return literal(sql)


def _is_python(code: str) -> bool:
    try:
        ast.parse(code.strip())
    except (SyntaxError, ValueError):
        return False
    return True


def _shown(magic: Magic) -> str:
    target = f"{magic.target} = " if magic.target else ""
    return f"{target}{magic.title} {magic.arguments.strip()}".strip()
