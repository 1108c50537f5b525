"""Names are bound and needed as Python's scopes have it."""

from __future__ import annotations

import ast

import pytest
from dex.notebook import flow_of


@pytest.mark.parametrize(
    ("source", "binds", "uses", "later"),
    [
        ("x = y", ["x"], ["y"], []),
        ("x = x + 1", ["x"], ["x"], []),
        ("x += y", ["x"], ["x", "y"], []),
        ("x: int = y", ["x"], ["int", "y"], []),
        ("x.a = y", [], ["y", "x"], []),
        ("x[i] = y", [], ["y", "x", "i"], []),
        ("a, (b, *c) = d", ["a", "b", "c"], ["d"], []),
        ("for i in x:\n    y = i + z", ["i", "y"], ["x", "z"], []),
        ("with open(p) as f:\n    t = f.read()", ["f", "t"], ["open", "p"], []),
        ("[a + b for a in c if a > d]", [], ["c", "d", "b"], []),
        ("[(y := a) for a in c]", ["y"], ["c"], []),
        ("{k: v for k, v in z.items()}", [], ["z"], []),
        ("f = lambda a: a + b", ["f"], [], ["b"]),
        ("def f(a, b=c):\n    d = a + e\n    return d", ["f"], ["c"], ["e"]),
        ("def f():\n    return f()", ["f"], [], ["f"]),
        ("@dec\nclass A(B):\n    x = y\n    def m(self):\n        return x + z", ["A"], ["dec", "B", "y"], ["x", "z"]),
        ("import a.b", ["a"], [], []),
        ("import a.b as c", ["c"], [], []),
        ("from a import b, c as d", ["b", "d"], [], []),
        ("try:\n    x = f()\nexcept E as e:\n    x = e", ["x", "e"], ["f", "E"], []),
        ("if a:\n    b = 1\nelse:\n    c = b", ["b", "c"], ["a", "b"], []),
        ("del x", ["x"], [], []),
        ("def f():\n    def g():\n        return h\n    return g", ["f"], [], ["h"]),
        (
            "match x:\n    case {'a': b, **rest}:\n        c = b\n    case [d, *e]:\n        pass",
            ["b", "rest", "c", "d", "e"],
            ["x"],
            [],
        ),
    ],
)
def test_names_of_a_statement(source: str, binds: list[str], uses: list[str], later: list[str]) -> None:
    flow = flow_of(ast.parse(source).body[0])
    assert (sorted(flow.binds), list(flow.uses), list(flow.later)) == (sorted(binds), uses, later)


def test_a_function_that_sets_a_global_says_so() -> None:
    flow = flow_of(ast.parse("def f():\n    global n\n    n += 1").body[0])
    assert flow.writes_global == ("n",)
    assert "n" in flow.later


def test_a_star_import_is_named() -> None:
    assert flow_of(ast.parse("from a.b import *").body[0]).star == ("a.b",)
