"""A mutant is one small mistake in a function of the notebook, the same ones for the same seed."""

from __future__ import annotations

import ast

from dex.export.mutation.mutants import mutants_of

MODULE = '''
def clean(df: "DataFrame", least: float = 1.5) -> "DataFrame":
    """Positive amounts."""
    if not least:
        raise ValueError("none")
    return df.where(F.col("amount") > least).dropDuplicates(["id"]).join(other, "k", "left").orderBy(F.desc("n"))


def main(spark, params):
    assert 1 < 2
'''


def test_every_kind_of_mistake_is_made_once() -> None:
    changes = {m.change for m in mutants_of(MODULE)}
    assert "'left' -> 'inner'" in changes
    assert "'amount' -> 'amount_'" in changes
    assert "not least -> least" in changes
    assert "1.5 -> 2.5" in changes
    assert "F.desc('n') -> F.asc('n')" in changes
    assert any("> least" in c and ">= least" in c for c in changes)
    assert any(c.startswith("df.where(") and c.endswith("-> df") for c in changes)
    assert any(".dropDuplicates(['id'])" in c for c in changes)


def test_what_computes_nothing_and_what_export_generates_are_left_alone() -> None:
    mutants = mutants_of(MODULE)
    assert {m.function for m in mutants} == {"clean"}
    assert not [m for m in mutants if "Positive" in m.change or "DataFrame" in m.change or "none" in m.change]


def test_each_mutant_differs_from_the_module_and_compiles() -> None:
    mutants = mutants_of(MODULE)
    plain = ast.unparse(ast.parse(MODULE))
    assert len({m.source for m in mutants} | {plain}) == len(mutants) + 1
    for mutant in mutants:
        compile(mutant.source, "mutant", "exec")
        assert mutant.line in range(2, 8)


def test_a_seed_gives_the_same_mutants() -> None:
    assert mutants_of(MODULE, count=4, seed=3) == mutants_of(MODULE, count=4, seed=3)
    assert len(mutants_of(MODULE, count=4, seed=3)) == 4
    assert mutants_of(MODULE, count=4, seed=3) != mutants_of(MODULE, count=4, seed=4)


def test_a_module_without_functions_has_none() -> None:
    assert mutants_of("X = 1\n\n\ndef main(spark, params):\n    return 1\n") == []


METHODS = """
@dataclass
class Rate:
    value: float = 2.0

    @property
    def half(self):
        return self.value / 2


async def later(n):
    return n + 1


@dataclass
class Params:
    env: str = "local"

    def told(self):
        return 1
"""


def test_methods_and_asynchronous_functions_are_changed_too() -> None:
    assert {(m.function, m.change) for m in mutants_of(METHODS)} == {
        ("Rate.half", "self.value / 2 -> self.value * 2"),
        ("Rate.half", "2 -> 3"),
        ("later", "n + 1 -> n - 1"),
        ("later", "1 -> 2"),
    }
