"""SQL of a cell runs statement by statement, cut where Databricks cuts it."""

from __future__ import annotations

import pytest
from dex.notebook import markers_of, split_sql, widget_of
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        ("  \n ; ;\n", []),
        ("-- only\n/* comments; */ ;", []),
        ("select 1", ["select 1"]),
        ("select 1;", ["select 1"]),
        ("select 1;\n\nselect 2;\n", ["select 1", "select 2"]),
        ("-- first; really\nselect 1; -- the end", ["-- first; really\nselect 1"]),
        ("select ';' as a, \"x;y\", `b;c`; select 2", ["select ';' as a, \"x;y\", `b;c`", "select 2"]),
        (r"select 'it\'s; x'; select r'\d;'", [r"select 'it\'s; x'", r"select r'\d;'"]),
        (r"select '\\'; select 2", [r"select '\\'", "select 2"]),
        ("select 'a''b;c'; select 2", ["select 'a''b;c'", "select 2"]),
        ("select 'ü;ü'; select 'é'", ["select 'ü;ü'", "select 'é'"]),
        ("call p('a;b'); vacuum t", ["call p('a;b')", "vacuum t"]),
        ("use ${catalog}; select :day", ["use ${catalog}", "select :day"]),
        ("select 'open; x", ["select 'open; x"]),
        ("begin declare x int; set x = 1; end; select 1", ["begin declare x int; set x = 1; end", "select 1"]),
        (
            "begin if a then select 1; end if; case when b then select 2; end case; select 3; end; select 4",
            ["begin if a then select 1; end if; case when b then select 2; end case; select 3; end", "select 4"],
        ),
        ("begin select case when a then 1 end; end; x", ["begin select case when a then 1 end; end", "x"]),
        ("begin begin select 1; end; select 2; end; x", ["begin begin select 1; end; select 2; end", "x"]),
        ("begin transaction; select 1; commit", ["begin transaction", "select 1", "commit"]),
        ("select case when a then 1 end; select 2", ["select case when a then 1 end", "select 2"]),
        (
            "create function f() returns string language python as $$ x = 1; return x $$; select f()",
            ["create function f() returns string language python as $$ x = 1; return x $$", "select f()"],
        ),
    ],
)
def test_text_is_cut_between_statements_only(text: str, statements: list[str]) -> None:
    assert split_sql(text) == statements


PIECES = st.lists(
    st.sampled_from(
        ["select 1", "select ';'", "-- a; b\nselect 2", "select `a;b` from t", "select /* ; */ 3", r"select '\';'"]
    ),
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(PIECES, st.sampled_from([";", ";\n", "\n;\n\n"]))
def test_any_statements_come_back_as_they_were(pieces: list[str], between: str) -> None:
    assert split_sql(between.join(pieces)) == pieces
    assert split_sql(between.join([*pieces, ""])) == pieces


@pytest.mark.parametrize(
    ("statement", "widget"),
    [
        ("CREATE WIDGET TEXT day DEFAULT '2013-01-01'", (True, "text", "day", "2013-01-01", "")),
        (
            '-- above\ncreate widget dropdown `a b` default "x" choices select 1',
            (True, "dropdown", "a b", "x", "select 1"),
        ),
        ("CREATE WIDGET COMBOBOX default", (True, "combobox", "default", "", "")),
        ("REMOVE WIDGET day", (False, "", "day", "", "")),
        ("CREATE TABLE widget (x INT)", None),
        ("SELECT 'CREATE WIDGET TEXT a'", None),
    ],
)
def test_a_widget_made_in_sql_is_found(statement: str, widget: tuple[object, ...] | None) -> None:
    found = widget_of(statement)
    assert (found and (found.made, found.kind, found.name, found.default, found.choices)) == widget


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("select :a, x from t where y = :b_1 and z in (:a)", ["a", "b_1"]),
        ("select ':a', `:b` -- :c", []),
        ("select doc:field, doc:other.name from t where k = :k", ["k"]),
        ("select cast(x as int)::string, :n::int", ["n"]),
    ],
)
def test_markers_are_told_from_paths_and_casts(statement: str, names: list[str]) -> None:
    assert markers_of(statement) == names
