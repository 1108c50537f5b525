"""What a person types behind a magic is read as meant, or refused with its usage."""

from __future__ import annotations

import pytest
from dex.magics import MAGICS
from dex.magics.arguments import MagicParser
from dex_dbutils import DexError


def parser() -> MagicParser:
    made = MagicParser("%dex_profile EXPRESSION", "Profile.")
    made.add_argument("--columns")
    made.add_argument("--save")
    return made


@pytest.mark.parametrize(
    ("line", "expression", "columns"),
    [
        ("flights", "flights", None),
        ("flights --columns a,b", "flights", "a,b"),
        ("flights --columns=a,b", "flights", "a,b"),
        ('flights.where("a > 1 --columns x") --columns a', 'flights.where("a > 1 --columns x")', "a"),
        ("flights.where('it''s')  ", "flights.where('it''s')", None),
        ("a --columnsx", "a --columnsx", None),
        ("", "", None),
    ],
)
def test_an_expression_may_hold_blanks_quotes_and_words_like_options(
    line: str, expression: str, columns: str | None
) -> None:
    got, options = parser().parse_expression(line)
    assert got == expression
    assert options.columns == columns


@pytest.mark.parametrize("line", ["--colums a", "--columns", "'open"])
def test_a_line_that_cannot_be_read_is_an_error_with_the_usage_and_never_an_exit(line: str) -> None:
    with pytest.raises(DexError) as caught:
        parser().parse_line(line)
    assert caught.value.code == "DEX-MAGIC-01"
    assert "--columns" in (caught.value.remedy or "")


@pytest.mark.parametrize(("name", "kind", "module"), MAGICS, ids=[name for name, _, _ in MAGICS])
def test_every_magic_explains_itself(name: str, kind: str, module: object) -> None:
    text = module.PARSER.format_help()  # type: ignore[attr-defined]
    assert name in text
    assert len(text.splitlines()) > 2
