"""Which expressions only look: leaving them out, or computing them twice, changes nothing."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

#: Methods of frames, columns, readers and plain values that return something and change nothing.
_LOOKING = frozenset(
    """
    agg alias approxQuantile asc between cast coalesce collect colRegex columns corr count cov crossJoin crosstab cube
    desc describe distinct drop dropDuplicates drop_duplicates dropna dtypes endswith explain except exceptAll explode
    fillna filter first format freqItems getField getItem groupBy groupby head intersect isEmpty isNotNull isNull isin
    items join keys like limit load lower map melt na nunique option options orderBy over parquet partitionBy pivot
    printSchema rangeBetween read replace rlike rollup rowsBetween sample schema select selectExpr shape show sort split
    startswith stat strip subtract substr sum mean avg min max summary table tables tail take toDF toJSON toLocalIterator
    toPandas transform trim union unionAll unionByName unpivot upper values value_counts when where withColumn
    withColumnRenamed withColumns withColumnsRenamed withWatermark csv json orc text eqNullSafe otherwise
    range createDataFrame repartition hint getOrDefault
    tableExists listTables listColumns schemaOf isocalendar date today now isoformat
    """.split()
)
_BUILTINS = frozenset(
    """
    abs all any bool dict enumerate float frozenset int isinstance len list max min range repr reversed round set sorted
    str sum tuple type zip
    """.split()
)
#: Modules whose functions only compute.
_MODULES = (
    "pyspark.sql.functions",
    "pyspark.sql.types",
    "pyspark.sql.window",
    "pyspark.sql",
    "datetime",
    "math",
    "decimal",
    "re",
    "IPython.display",
)
_WRITING = frozenset(
    """
    write writeTo writeStream save saveAsTable insertInto overwrite append create createOrReplace createOrReplaceTempView
    createTempView createGlobalTempView createOrReplaceGlobalTempView execute merge delete update foreach foreachPartition
    start put rm cp mv mkdirs unlink write_text write_bytes to_csv to_parquet to_sql
    """.split()
)


class Purity:
    """Knows which names are harmless to call.

    Args:
        functions: functions of the notebook that only compute.
        imports: imported name -> module, or ``module.name`` for ``from module import name``.
        quiet: those of them that a notebook can do without, as `quiet_among` tells.
    """

    def __init__(self, functions: frozenset[str], imports: dict[str, str], quiet: frozenset[str] = frozenset()) -> None:
        self._functions = functions
        self._imports = imports
        self._quiet = quiet

    def looks_only(self, node: ast.AST) -> bool:
        """Return whether an expression changes nothing, as far as its calls are known."""
        for part in ast.walk(node):
            if isinstance(part, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
                return False
            if isinstance(part, ast.Call) and not self._call(part):
                return False
        return True

    def can_go(self, node: ast.AST) -> bool:
        """Return whether an expression can be left out: it changes nothing, says nothing, and stops nothing."""
        return Purity(self._quiet, self._imports).looks_only(node)

    def _call(self, call: ast.Call) -> bool:
        function = call.func
        if isinstance(function, ast.Name):
            if function.id in self._functions:
                return True
            if function.id in self._imports:
                return is_of(self._imports[function.id], _MODULES)
            return function.id in _BUILTINS
        if not isinstance(function, ast.Attribute) or _in_place(call, function.attr):
            return False
        if function.attr == "sql" and isinstance(function.value, ast.Name) and function.value.id == "spark":
            return bool(call.args) and is_query(call.args[0])
        root = root_name(function)
        if root in self._imports and is_of(self._imports[root], _MODULES):
            return True
        inner: ast.expr = function
        while isinstance(inner, ast.Attribute | ast.Call | ast.Subscript):
            if isinstance(inner, ast.Attribute) and inner.attr in _WRITING:
                return False
            inner = inner.func if isinstance(inner, ast.Call) else inner.value
        return function.attr in _LOOKING


def is_of(name: str, modules: Iterable[str]) -> bool:
    """Return whether a dotted name is one of some modules, or something in one: ``requests`` is nothing of ``re``."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def quiet_among(defined: Iterable[ast.FunctionDef], imports: dict[str, str]) -> frozenset[str]:
    """Return the functions all of whose calls look only, those of each other included, and that never raise."""
    loud = (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom, ast.With, ast.Global, ast.Nonlocal, ast.Delete)
    nodes = list(defined)
    out = {n.name for n in nodes if any(isinstance(part, loud) or _stores(part) for part in ast.walk(n))}
    while True:
        quiet = frozenset(n.name for n in nodes) - out
        known = Purity(quiet, imports)
        found = {n.name for n in nodes if n.name in quiet and not known.looks_only(n)}
        if not found:
            return quiet
        out |= found


def _stores(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load)


def _in_place(call: ast.Call, name: str) -> bool:
    """Return whether a call is what another type than a frame has under the same name, and what changes something."""
    if any(k.arg == "inplace" and not (isinstance(k.value, ast.Constant) and not k.value.value) for k in call.keywords):
        return True  # pandas: t.drop(columns="a", inplace=True)
    first = call.args[0] if call.args else None
    if name == "sort":  # of a list
        return first is None
    if name == "join":  # of a thread, which may be given seconds
        return first is None or (isinstance(first, ast.Constant) and not isinstance(first.value, str))
    return (
        name == "replace" and len(call.args) == 1 and not call.keywords and not isinstance(first, ast.Dict | ast.List)
    )


def root_name(node: ast.expr) -> str:
    """Return the name that a chain of attributes, calls and subscripts begins with, or nothing."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def is_query(node: ast.expr) -> bool:
    """Return whether an argument of ``spark.sql`` is a literal query: it changes nothing."""
    import sqlglot

    return _statements_are(node, sqlglot.exp.Query, sqlglot.exp.Describe, sqlglot.exp.Show)


def keeps_tables(node: ast.expr) -> bool:
    """Return whether an argument of ``spark.sql`` is literal SQL that changes the session at most, no table."""
    import sqlglot

    exp = sqlglot.exp
    return _statements_are(node, exp.Query, exp.Describe, exp.Show, exp.Set, exp.Use, exp.Cache, exp.Refresh)


def _statements_are(node: ast.expr, *kinds: type[Any]) -> bool:
    text = _sql_text(node)
    if text is None:
        return False
    import sqlglot

    statements = parse_sql(text)
    if statements is None:
        return False
    temporary = sqlglot.exp.Use in kinds
    return bool(statements) and all(
        isinstance(statement, kinds) or (temporary and _is_temporary_view(statement)) for statement in statements
    )


def _sql_text(node: ast.expr) -> str | None:
    """Return the SQL that an expression says: a text, or an f-string with a name for each of its values.

    `spark.sql` takes one statement, whose kind its first words say, so that no value makes another kind of it.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)


@lru_cache(maxsize=64)  # several questions are asked of the same text
def parse_sql(text: str) -> tuple[Any, ...] | None:
    """Return the syntax trees of SQL text, not to be changed, or None where it cannot be read."""
    import sqlglot

    logger = logging.getLogger("sqlglot")
    level = logger.level
    logger.setLevel(logging.ERROR)  # that it takes a statement as opaque words is foreseen here
    try:
        return tuple(sqlglot.parse(text, dialect="databricks"))
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    finally:
        logger.setLevel(level)


def _is_temporary_view(statement: Any) -> bool:
    import sqlglot

    return (
        isinstance(statement, sqlglot.exp.Create)
        and statement.kind == "VIEW"
        and statement.find(sqlglot.exp.TemporaryProperty) is not None
    )


def writes(node: ast.AST) -> bool:
    """Return whether a piece of code may change something outside of itself, judged by the names it calls."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and (part.attr in _WRITING or root_name(part) == "dbutils"):
            return True
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in ("open", "exec", "eval"):
            return True
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr == "sql"
            and not (part.args and is_query(part.args[0]))
        ):
            return True
        if isinstance(part, ast.Global | ast.Nonlocal):
            return True
    return False
