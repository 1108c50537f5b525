"""One cell in several languages is told apart as Databricks does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from dex.notebook import Cell
from dex.notebook.segments import segments
from hypothesis import given, settings
from hypothesis import strategies as st


def shown(text: str) -> list[tuple[str, str]]:
    return [(s.name, s.text) for s in segments(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1", [("", "x = 1")]),
        ("", [("", "")]),
        ("# only\n# comments", [("", "# only\n# comments")]),
        ("%sql select 1", [("sql", "select 1")]),
        ("%sql\nselect 1\nfrom t", [("sql", "select 1\nfrom t")]),
        ("\n# a note\n-- another\n%sql\nselect 1", [("sql", "select 1")]),
        ("%%sql\nselect 1", [("sql", "select 1")]),
        ("%sql\n-- first\n%sql\nselect 1", [("sql", "-- first"), ("sql", "select 1")]),
        ("%fs ls /a\n%fs head /b", [("fs", "ls /a"), ("fs", "head /b")]),
        ("%sh ls\n%sql select 1\n%python x = 1", [("sh", "ls"), ("sql", "select 1"), ("python", "x = 1")]),
        ("%md\n```\n%run ./x\n%sql select 1\n```", [("md", "```\n%run ./x\n%sql select 1\n```")]),
        ("%python x = 1\ny = 2", [("python", "x = 1\ny = 2")]),
        ("%python\nx = 1\n%sql\nselect 1", [("python", "x = 1"), ("sql", "select 1")]),
        ("x = 1\n%sql\nselect 1", [("", "x = 1"), ("sql", "select 1")]),
        ("x = 1\n%sql select 1\ny = 2", [("", "x = 1\n%sql select 1\ny = 2")]),
        ("x = '''\n%sql\nselect 1'''", [("", "x = '''\n%sql\nselect 1'''")]),
        ("%pip install a\n%sqlx\nx = 1", [("", "%pip install a\n%sqlx\nx = 1")]),
        ("%%time\n%sql select 1", [("time", "%sql select 1")]),
        ("# a note\n%%writefile x.py\n%sql no", [("writefile", "x.py\n%sql no")]),
        ("%md-sandbox <b>x</b>", [("md-sandbox", "<b>x</b>")]),
    ],
)
def test_languages_of_a_cell(text: str, found: list[tuple[str, str]]) -> None:
    assert shown(text) == found


def test_python_behind_its_magic_is_code_with_the_lines_of_the_cell() -> None:
    statements = Cell("c", 1, "code", "# note\n%python x = 1\n\ny = 2\n%sql\nselect 1;\nselect 2").statements
    assert [(s.line, s.end_line, s.text if s.node else s.magic.title if s.magic else "") for s in statements] == [
        (2, 2, "x = 1"),
        (4, 4, "y = 2"),
        (5, 7, "%sql"),
    ]
    assert statements[-1].magic is not None
    assert statements[-1].magic.body == "select 1;\nselect 2"


PIECES = st.lists(
    st.sampled_from(["%sql select 1", "%sql", "select 1", "%python", "x = 1", "# note", "", "%sh ls", "%md", "%fs ls"]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(PIECES)
def test_every_line_below_the_first_magic_belongs_to_one_stretch(pieces: list[str]) -> None:
    found = segments("\n".join(pieces))
    assert found[-1].end_line == len(pieces)
    for before, after in pairwise(found):
        assert after.line == before.end_line + 1
    for segment in found:
        lines = segment.body.split("\n") if segment.body else []
        assert pieces[segment.end_line - len(lines) : segment.end_line] == lines or not any(lines)
