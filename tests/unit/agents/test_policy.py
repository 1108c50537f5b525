"""Proposed code may transform frames and nothing else; tricks included."""

from __future__ import annotations

import ast
import textwrap

import pytest
from dex_agents.gate import check_policy
from dex_agents.gate.sandbox import run_code

HEAD = "from pyspark.sql import DataFrame, Window\nfrom pyspark.sql import functions as F\n"


def breaches(body: str, *, head: str = HEAD, last: str = "out = clean(raw)") -> list[str]:
    code = f"{head}\n\ndef clean(raw):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n\n\n{last}\n"
    return [str(breach) for breach in check_policy(ast.parse(code), ["raw", "shops"], "out")[0]]


@pytest.mark.parametrize(
    "body",
    [
        "return raw.dropDuplicates()",
        "return raw.filter((F.col('a') > 1) & F.col('b').isNotNull())",
        "return raw.filter('a > 1 and b is not null')",
        "return raw.filter(\"cast(a as int) > 1 and lower(b) in ('x', 'y')\")",
        "keep = F.col('a') > 1\nreturn raw.where(keep)",
        "return raw.selectExpr('a', 'upper(b) as b', 'case when c > 1 then 1 else 0 end as d')",
        "return raw.withColumn('n', F.expr('date_add(day, 1)'))",
        (
            "newest = Window.partitionBy('a').orderBy(F.desc('b'))\n"
            "return raw.withColumn('_n', F.row_number().over(newest)).filter(F.col('_n') == 1).drop('_n')"
        ),
        "frame = raw\nfor name in frame.columns:\n    frame = frame.withColumn(name, F.trim(F.col(name)))\nreturn frame",
        "return raw.join(shops.select('a', 'b'), ['a'], 'left')",
        "return raw.groupBy('a').agg(F.sum('b').alias('b'), F.count('*').alias('n'))",
        "return raw.withColumns({name: F.col(name).cast('int') for name in ['a', 'b']})",
        "return raw.withColumn('a', F.col('a') * 1000000).withColumn('b', F.lit('-') * 2)",
        "names = raw.columns\nfor i in range(len(names)):\n    raw = raw.withColumnRenamed(names[i], f'c{i}')\nreturn raw",
        "return raw.select([F.col(n).alias(n.lower()) for n in raw.columns])",
    ],
)
def test_what_cleans_a_frame_is_allowed(body: str) -> None:
    assert breaches(body) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("raw.write.saveAsTable('t')\nreturn raw", ".write"),
        ("for i in range(10**12):\n    pass\nreturn raw", "Pow is not allowed"),
        ("for i in range(1000000000000):\n    pass\nreturn raw", "`range` takes numbers up to 1,000"),
        ("for i in range(0, int('9' * 9)):\n    pass\nreturn raw", "`range` takes numbers up to 1,000"),
        ("far = range\nfor i in far(1000000000000):\n    pass\nreturn raw", "`range` may only be called"),
        ("x = 9**9**9**2\nreturn raw", "Pow is not allowed"),
        ("x = 1 << 9999999999\nreturn raw", "LShift is not allowed"),
        ("x = 'a' * 99999999999\nreturn raw", "repeated 1,000 times at most"),
        ("x = [0] * 99999999999\nreturn raw", "repeated 1,000 times at most"),
        ("raw.writeTo('t').append()\nreturn raw", ".writeTo"),
        ("raw.createOrReplaceTempView('t')\nreturn raw", ".createOrReplaceTempView"),
        ("raw.sparkSession.sql('drop table t')\nreturn raw", ".sparkSession"),
        ("return spark.table('t')", "`spark` is not known"),
        ("raw.collect()\nreturn raw", ".collect"),
        ("raw.foreach(print)\nreturn raw", ".foreach"),
        ("return raw.mapInPandas(f, 'a int')", ".mapInPandas"),
        ("raw.rdd.saveAsTextFile('x')\nreturn raw", ".rdd"),
        ("open('/etc/passwd')\nreturn raw", "`open` is not known"),
        ("eval('1')\nreturn raw", "`eval` is not known"),
        ("__import__('os').system('id')\nreturn raw", "`__import__`"),
        ("getattr(raw, 'wri' + 'te')\nreturn raw", "`getattr` is not known"),
        ("return raw.__class__.__mro__[1]", ".__class__"),
        ("'{0.__class__}'.format(raw)\nreturn raw", ".format"),
        ("f'{raw.__dict__}'\nreturn raw", ".__dict__"),
        ("return raw.withColumn('a', F.udf(lambda x: x)('a'))", "F.udf"),
        ("return raw.withColumn('a', F.pandas_udf('int')('a'))", "F.pandas_udf"),
        ("return raw.withColumn('a', F.reflect(F.lit('java.lang.Runtime'), F.lit('exit')))", "F.reflect"),
        ("return raw.withColumn('a', F.call_function('java_method', F.lit('x')))", "F.call_function"),
        ("return raw.withColumn('a', F.sys.modules['os'])", "F.sys"),
        ("g = F\nreturn g.udf", "may only be used as"),
        ("return raw.withColumn('a', F.expr(\"java_method('java.lang.Runtime', 'exit')\"))", "SQL text"),
        ("return raw.selectExpr(\"reflect('java.lang.Runtime', 'exit')\")", "SQL text"),
        ("return raw.filter(\"secret('scope', 'key') = 'x'\")", "SQL text"),
        ("return raw.filter(\"ai_query('model', a) = 'x'\")", "SQL text"),
        ('return raw.filter("a in (select a from prod.silver.customers)")', "SQL text"),
        ("return raw.filter('exists (select 1 from t)')", "SQL text"),
        ("return raw.filter('a > 1; drop table t')", "SQL text"),
        ("return raw.filter('this is ( no sql')", "SQL text"),
        ("text = 'java_' + 'method(1)'\nreturn raw.filter(text)", "SQL must be written out"),
        ("return raw.filter(''.join(['a', '>1']))", "SQL must be written out"),
        ("return raw.withColumn('a', F.expr('a' + 'b'))", "SQL must be written out"),
        ("build = F.expr\nreturn raw", "SQL must be written out"),
        ("pick = raw.filter\nreturn pick('x')", "SQL must be written out"),
        ("return raw.transform(F.expr)", "SQL must be written out"),
        ("while True:\n    pass\nreturn raw", "While is not allowed"),
        ("import os\nreturn raw", "`import os` is not allowed"),
        ("try:\n    pass\nfinally:\n    pass\nreturn raw", "Try is not allowed"),
        ("class A: pass\nreturn raw", "ClassDef is not allowed"),
        ("global out\nreturn raw", "Global is not allowed"),
        ("del raw\nreturn raw", "Delete is not allowed"),
        ("raw.columns = []\nreturn raw", "setting `.columns`"),
        ("list = 3\nreturn raw", "another meaning"),
        ("return shop", "did you mean `shops`"),
        ("return raw.agg({'a': 'java_method'})", "agg"),
    ],
)
def test_what_does_anything_else_is_refused_with_its_line(body: str, named: str) -> None:
    found = breaches(body)
    assert any(named in text for text in found), found
    assert all(text.startswith("line ") for text in found)


@pytest.mark.parametrize(
    "head",
    [
        "import os\n",
        "from os import path\n",
        "import pyspark\n",
        "from pyspark.sql import SparkSession\n",
        "from pyspark.sql.functions import udf\n",
        "from pyspark.sql.functions import expr\n",
        "from pyspark.sql import functions as __builtins__\n",
        "from . import x\n",
        "from pyspark.sql import functions as list\n",
        "x = 3\n",
    ],
)
def test_only_the_named_imports_are_allowed(head: str) -> None:
    assert breaches("return raw", head=head) != []


@pytest.mark.parametrize(
    "last",
    [
        "out = clean(raw.limit(1))",
        "other = clean(raw)",
        "clean(raw)",
        "out = clean(prod)",
        "out = raw",
        "out: int = clean(raw)",
    ],
)
def test_the_last_line_binds_the_functions_result_and_nothing_else(last: str) -> None:
    assert breaches("return raw", last=last) != []


@pytest.mark.parametrize(
    "body",
    [
        "names = [0]\nfor name in names:\n    names.append(name)\nreturn raw",
        "for a in range(999):\n    for b in range(999):\n        for c in range(999):\n            pass\nreturn raw",
        "n = [0 for a in range(999) for b in range(999) for c in range(999)]\nreturn raw",
        "n = sum(1 for a in range(999) for b in range(999) for c in range(999))\nreturn raw",
    ],
)
def test_code_that_goes_round_and_round_is_ended(body: str) -> None:
    assert breaches(body) == []
    code = f"def clean(raw):\n{textwrap.indent(body, '    ')}\n\n\nout = clean(raw)\n"
    with pytest.raises(TimeoutError):
        run_code(code, {"raw": object()}, "out")
