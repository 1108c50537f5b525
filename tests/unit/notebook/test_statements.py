"""A cell is told apart as IPython does it: magics by their place, never by what a line looks like."""

from __future__ import annotations

from itertools import pairwise

import pytest
from dex.notebook import Cell, Statement
from dex_dbutils import NotebookError
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager


def split(source: str, language: str = "python") -> tuple[Statement, ...]:
    return Cell("c", 1, "code", source, language=language).statements


def kinds(source: str) -> list[str]:
    return [s.magic.title if s.magic else "python" if s.node else "comment" for s in split(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\n%time f(x)\n!ls\ny = 2", ["python", "%time", "!", "python"]),
        ("names = %sql select 1\nfiles = !ls", ["%sql", "!"]),
        ("x = (1\n% 2)", ["python"]),
        ("x = '%s' \\\n% 2", ["python"]),
        ("s = '''\n%magic\n!ls\n'''", ["python"]),
        ("x?\n?y\nz.a??", ["?x", "?y", "?z.a"]),
        ("\n\n%%agent silver @x\nNA means null. Don't care", ["%%agent"]),
        ("%%time\nx = 1", ["%%time", "python"]),
        ("# a note\n%sql\nselect 1", ["%sql"]),
        ("%sql select 1\nfrom x", ["%sql"]),
        ("%python\nx = 1", ["python"]),
        ("%pip install a\nx = 1", ["%pip", "python"]),
        ("  x = 1\n  y = 2", ["python", "python"]),
        ("a = 1; b = 2", ["python", "python"]),
        ("# only\n# comments", ["comment"]),
        ("x = 1\n# left over", ["python", "comment"]),
        ("", []),
        ("x = {'a': '%d' % 3}", ["python"]),
        ("x %= 3", ["python"]),
        ("f(a != x)", ["python"]),
        ("x = 5 if a else '?'", ["python"]),
        ("!pip install \\\n  foo\nx = 1", ["!", "python"]),
        ("s = 'it\\'s'\n%time x", ["python", "%time"]),
        ("f\"{x['a']}\"\n%time x", ["python", "%time"]),
        ("for i in x:\n    %time f(i)\n    !ls", ["python"]),
    ],
)
def test_statements_and_magics_are_told_apart(source: str, expected: list[str]) -> None:
    assert kinds(source) == expected


def test_a_magic_keeps_name_arguments_body_and_lines() -> None:
    (statement,) = split("\n%%agent silver @x --into y\nNA means null.\nDrop it.")
    magic = statement.magic
    assert magic is not None
    assert (magic.name, magic.arguments, magic.body) == ("agent", "silver @x --into y", "NA means null.\nDrop it.")
    assert (magic.line, magic.end_line) == (2, 4)


def test_a_continued_magic_is_one() -> None:
    first, second = split("!pip install \\\n   foo\nx = 1")
    assert first.magic is not None
    assert first.magic.arguments == "pip install foo"
    assert (second.line, second.end_line) == (3, 3)


def test_a_magic_inside_a_loop_belongs_to_the_loop() -> None:
    (statement,) = split("for i in x:\n    %time f(i)")
    assert [magic.name for magic in statement.inner] == ["time"]


def test_comments_go_with_the_statement_below() -> None:
    first, second = split("# one\n# two\nx = 1  # behind\n\n# three\ny = 2")
    assert [text for _, text in first.comments] == ["# one", "# two"]
    assert first.text == "x = 1  # behind"
    assert [text for _, text in second.comments] == ["# three"]


def test_a_hash_inside_a_string_is_no_comment() -> None:
    (statement,) = split("x = '''\n# not a comment\n'''")
    assert statement.comments == ()


def test_statements_on_one_line_are_cut_at_the_right_column() -> None:
    assert [s.text for s in split("ä = 'ü'; b = 2; c = 3  # end")] == ["ä = 'ü'", "b = 2", "c = 3  # end"]


def test_a_decorated_function_begins_at_its_decorator() -> None:
    (statement,) = split("@a\n@b\ndef f():\n    pass")
    assert (statement.line, statement.end_line) == (1, 4)


@pytest.mark.parametrize(
    ("source", "name", "arguments"),
    [("ls -lh $DIR", "ls", "-lh $DIR"), ("\n  pip freeze | grep x\n", "pip", "freeze | grep x")],
)
def test_a_cell_of_one_bare_shell_line_is_the_magic_that_ipython_makes_of_it(
    source: str, name: str, arguments: str
) -> None:
    (statement,) = split(source)
    assert statement.magic is not None
    assert (statement.magic.name, statement.magic.arguments.strip()) == (name, arguments)


def test_comments_above_a_sql_cell_are_kept() -> None:
    (statement,) = split("# the orders\n\n# of today\n%sql\nselect 1")
    assert statement.comments == ((1, "# the orders"), (3, "# of today"))


@pytest.mark.parametrize(("source", "line"), [("x = 1\ny = (", 2), ("def f(:\n    pass", 1), ("load the orders", 1)])
def test_a_cell_that_is_no_python_says_cell_and_line(source: str, line: int) -> None:
    with pytest.raises(NotebookError) as caught:
        split(source)
    assert caught.value.code == "DEX-NOTEBOOK-05"
    assert caught.value.where is not None
    assert (caught.value.where.cell, caught.value.where.line) == (1, line)


@pytest.mark.parametrize("source", ["x = 1\nprint x", "x = 1\nexec 'y = 1'"])
def test_a_cell_of_python_2_is_called_so(source: str) -> None:
    with pytest.raises(NotebookError, match="is Python 2: ") as caught:
        split(source)
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.remedy) == (2, "Translate the notebook to Python 3.")


def test_another_language_is_one_statement() -> None:
    (statement,) = split("select 1;\nselect 2", language="sql")
    assert statement.magic is not None
    assert statement.magic.name == "sql"


PIECES = st.lists(
    st.sampled_from(
        [
            "x = 1",
            "%time f(x)",
            "!ls -l",
            "y = %sql select 1",
            "z = !ls",
            "s = '''\n%no\n!no\n'''",
            "t = (1,\n     2)",
            "# a comment",
            "",
            "def f(a):\n    return a",
            "for i in (1, 2):\n    %time f(i)",
            "u = 'it\\'s' + \"#\"",
            "v = 1 if x else 2; w = 3",
        ]
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(PIECES)
def test_magics_are_where_ipython_finds_them(pieces: list[str]) -> None:
    source = "x = 0\n" + "\n".join(pieces)
    transformed = TransformerManager().transform_cell(source)
    found = sum(len([s.magic] if s.magic else []) + len(s.inner) for s in split(source))
    assert found == transformed.count("get_ipython()")


@settings(max_examples=200, deadline=None)
@given(PIECES)
def test_every_line_of_code_belongs_to_one_statement(pieces: list[str]) -> None:
    statements = split("\n".join(pieces))
    for before, after in pairwise(statements):
        assert before.end_line <= after.line
