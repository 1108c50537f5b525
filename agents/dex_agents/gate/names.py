"""The names that proposed code may use: what transforms a frame, and nothing that acts, reads, writes or calls out."""

from __future__ import annotations

import inspect
from functools import cache

#: Modules that code may import from, and what of each.
IMPORTS: dict[str, frozenset[str] | None] = {
    "pyspark.sql": frozenset({"Column", "DataFrame", "Window", "functions", "types"}),
    "pyspark.sql.functions": None,
    "pyspark.sql.types": None,
    "pyspark.sql.window": frozenset({"Window"}),
    "__future__": frozenset({"annotations"}),
}

BUILTINS = frozenset(
    "abs all any bool dict enumerate float int len list max min range reversed round set sorted str sum tuple zip".split()
)

#: Methods and attributes of frames, groups, columns and windows.
_FRAME = """
    agg alias avg colRegex columns count crossJoin cube describe distinct drop dropDuplicates drop_duplicates
    dropDuplicatesWithinWatermark dropna dtypes except_ exceptAll fillna filter groupBy groupby hint intersect intersectAll
    join limit max mean min na orderBy pivot repartition replace rollup sample schema select selectExpr sort subtract sum
    summary tail toDF transform union unionAll unionByName unpivot melt where withColumn withColumns withColumnRenamed
    withColumnsRenamed withWatermark fill
""".split()
_COLUMN = """
    alias asc asc_nulls_first asc_nulls_last astype between bitwiseAND bitwiseOR bitwiseXOR cast contains desc
    desc_nulls_first desc_nulls_last dropFields endswith eqNullSafe getField getItem ilike isNaN isNotNull isNull isin
    like name otherwise outer over rlike startswith substr try_cast when withField
""".split()
_WINDOW = "currentRow orderBy partitionBy rangeBetween rowsBetween unboundedFollowing unboundedPreceding".split()
_PYTHON = """
    append endswith extend get index items join keys lower lstrip rstrip split startswith strip title upper values
    removeprefix removesuffix fields fieldNames dataType simpleString
""".split()
METHODS = frozenset([*_FRAME, *_COLUMN, *_WINDOW, *_PYTHON]) - {"tail", "describe", "summary"}

#: Functions of pyspark.sql.functions that run other code or tell of the machine, the user or the files.
REFUSED_FUNCTIONS = frozenset(
    """
    arrow_udf arrow_udtf call_function call_udf current_catalog current_database current_schema current_user
    input_file_block_length input_file_block_start input_file_name java_method pandas_udf raise_error assert_true reflect
    session_user try_reflect udf udtf unwrap_udt user version vector_search ai_query http_request read_files secret
    """.split()
)
#: Functions whose first argument is SQL.
SQL_FUNCTIONS = frozenset({"expr"})
#: Methods of which every text argument is SQL.
SQL_METHODS = frozenset({"selectExpr", "filter", "where"})


@cache
def functions() -> frozenset[str]:
    """Return the names of pyspark.sql.functions that code may use."""
    from pyspark.sql import functions as module

    names = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and inspect.isfunction(value)
        and (value.__module__ or "").startswith("pyspark.sql")
        and name not in ("overload", "try_remote_functions")
    }
    return frozenset(names - REFUSED_FUNCTIONS)


@cache
def types() -> frozenset[str]:
    """Return the names of pyspark.sql.types that code may use: the types, and nothing else of that module."""
    from pyspark.sql import types as module

    return frozenset(
        name
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, (module.DataType, module.StructField))
        and not issubclass(value, module.UserDefinedType)
    )


@cache
def sql_functions() -> frozenset[str]:
    """Return the names of functions that SQL text may use."""
    return frozenset(name.lower() for name in functions()) | frozenset(
        "cast try_cast if ifnull int bigint double string date timestamp decimal boolean substring char_length".split()
    )
