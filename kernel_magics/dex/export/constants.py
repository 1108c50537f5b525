"""Which computed values are the same wherever they are made: schemas, patterns, loggers, texts made of constants."""

from __future__ import annotations

import ast

from dex.export.names import known_imports
from dex.export.pieces import Piece

#: What makes a value of its arguments alone, and keeps nothing of the session or the clock.
_MAKERS = frozenset(
    """
    re.compile datetime.date datetime.datetime datetime.time datetime.timedelta decimal.Decimal fractions.Fraction
    pathlib.Path pathlib.PurePath uuid.UUID
    """.split()
)
_TYPES = "pyspark.sql.types"
#: What ``from pyspark.sql.types import *`` brings, as far as schemas are made of it.
_TYPE_NAMES = """
    StructType StructField StringType IntegerType LongType ShortType ByteType DoubleType FloatType DecimalType BooleanType
    DateType TimestampType BinaryType ArrayType MapType NullType
    """.split()
_BUILTINS = ("frozenset", "tuple", "set", "list", "dict", "range")
_PLAIN = (
    *(ast.Call, ast.keyword, ast.Name, ast.Attribute, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set),
    *(ast.UnaryOp, ast.BinOp, ast.JoinedStr, ast.FormattedValue, ast.operator, ast.unaryop, ast.expr_context),
)


def makers_of(pieces: list[Piece]) -> dict[str, str]:
    """Return what the names stand for that a notebook imports, those of the star of Spark's types included."""
    found = known_imports(pieces)
    bound = {name for piece in pieces for name in piece.flow.binds}
    found |= {name: f"own.{name}" for name in _BUILTINS if name in bound}
    if any(_TYPES in piece.flow.star for piece in pieces):
        found |= {name: f"{_TYPES}.{name}" for name in _TYPE_NAMES if name not in bound}
    return found


def is_made(value: ast.expr, makers: dict[str, str]) -> bool:
    """Return whether an expression gives the same value whenever it is computed, if its names hold constants.

    Args:
        value: the expression.
        makers: imported names and what they stand for.
    """
    calls = {part.func for part in ast.walk(value) if isinstance(part, ast.Call)}
    within = {part for call in calls for part in ast.walk(call) if isinstance(call, ast.Attribute)}
    for part in ast.walk(value):
        if not isinstance(part, _PLAIN) or (isinstance(part, ast.Attribute) and part not in within):
            return False
    return all(_makes(function, makers) for function in calls)


def is_logger(value: ast.expr, makers: dict[str, str]) -> bool:
    """Return whether an expression is a logger of a fixed name, which is the same object whoever asks for it."""
    return (
        isinstance(value, ast.Call)
        and _stands_for(value.func, makers) == "logging.getLogger"
        and all(isinstance(argument, ast.Constant) for argument in value.args)
        and not value.keywords
    )


def _makes(function: ast.expr, makers: dict[str, str]) -> bool:
    name = _stands_for(function, makers)
    return name in _MAKERS or name in _BUILTINS or (name.startswith(f"{_TYPES}.") and name.count(".") == 3)


def _stands_for(function: ast.expr, makers: dict[str, str]) -> str:
    root, _, rest = ast.unparse(function).partition(".")
    known = makers.get(root, root)
    return f"{known}.{rest}" if rest else known
