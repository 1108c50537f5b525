"""A Databricks cell as IPython understands it, line for line."""

from __future__ import annotations

from collections.abc import Container

from dex.notebook.lexing import lex
from dex.notebook.segments import LANGUAGES, Segment, segments

#: In front of what is no Python in a source file; an editor sends such a cell to the kernel as it stands there.
_MARK = "# MAGIC"


def rewrite(lines: list[str], taken: Container[str]) -> list[str]:
    """Return the lines of a cell with its language magics as calls; every other line stays where it is.

    A cell that comes from a source file as it stands there loses its ``# MAGIC`` first.

    Args:
        lines: the cell, each line with its newline.
        taken: names of the magics that may be rewritten; those that somebody else owns are not among them.
    """
    lines = _without_marks(lines)
    text = "".join(lines)
    ending = "\n" if text.endswith("\n") else ""
    found = segments(text.removesuffix("\n"))
    if not any(_is_ours(s, taken) or _is_below_comments(s) for s in found):
        return lines
    if len(found) == 1 and _is_below_comments(found[0]):
        return text.removesuffix("\n").split("\n", found[0].line - 1)[-1].splitlines(keepends=True) + [ending] * bool(
            ending
        )
    written: list[str] = []
    for segment in found:
        written += [""] * (segment.line - 1 - len(written))
        height = segment.end_line - segment.line + 1
        written += _lines(segment, height) if _is_ours(segment, taken) else _as_it_was(segment)
    return ["\n".join(written) + ending]


def _without_marks(lines: list[str]) -> list[str]:
    if not any(line.startswith(_MARK) for line in lines):
        return lines
    plain = [
        line.text.removeprefix(_MARK).removeprefix(" ")
        if line.start != "string" and line.text.startswith(_MARK)
        else line.text
        for line in lex("".join(lines)).lines
    ]
    return "\n".join(plain).splitlines(keepends=True)


def _is_ours(segment: Segment, taken: Container[str]) -> bool:
    return segment.name in LANGUAGES and segment.name in taken


def _is_below_comments(segment: Segment) -> bool:
    return segment.sigil == "%%" and segment.name not in LANGUAGES and segment.line > 1


def _lines(segment: Segment, height: int) -> list[str]:
    if segment.name == "python":
        return [segment.arguments, *segment.body.split("\n")][:height]
    body = segment.text or "\n"  # IPython takes an empty one for a mistake
    call = f"get_ipython().run_cell_magic({segment.name!r}, '', {body!r})"
    return [call, *[""] * (height - 1)]


def _as_it_was(segment: Segment) -> list[str]:
    head = [f"{segment.sigil}{segment.name} {segment.arguments}".rstrip()] if segment.sigil else []
    return [*head, *(segment.body.split("\n") if segment.body or not head else [])]
