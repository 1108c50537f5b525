"""Whole notebooks for property tests: the kinds of cells that people write, in the formats they are stored in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

CODE = [
    "x = 1",
    "x = x + 1  # once more   ",
    "größe = 'naïve ☃'\nπ = 3.14",
    "df = spark.range(3)\ndf = df.where('id > 1')",
    "def double(n: int) -> int:\n    '''Twice n.'''\n    return 2 * n",
    "def reads_global():\n    return x",
    "class Reader:\n    limit = 2\n\n    def rows(self):\n        return double(self.limit)",
    "from functools import wraps, lru_cache\n\n@lru_cache\ndef cached(n):\n    return n",
    "@udf('long')\ndef plus(n):\n    return n + 1",
    "for i in range(3):\n    x = i\nelse:\n    x = 0",
    "with open('a.txt') as handle:\n    words = handle.read()",
    "try:\n    w = dbutils.widgets.get('w')\nexcept Exception as error:\n    w = 'd'\nfinally:\n    print(1)",
    "async def later():\n    return 1\n\nawait later()",
    "text = '''\n%sql select 1\n# COMMAND ----------\n# MAGIC %md\n'''",
    "a = 1\n\x0c\nb = 2   \n\n",
    "dbutils.widgets.text('day', '2024-01-01')\nday = dbutils.widgets.get('day')",
    "dbutils.widgets.dropdown('mode', 'a', ['a', 'b'])",
    "if x:\n    dbutils.notebook.exit('done')",
    "dbutils.jobs.taskValues.set('k', x)",
    "display(df)",
    "df.write.mode('overwrite').saveAsTable('main.silver.t')",
    "spark.sql('select * from main.bronze.t')",
    "del x",
    "del undefined",
    "print(undefined)",
    "# only a comment",
    "assert double(2) == 4, 'ü'",
    "import os, sys as s\nfrom math import *",
    "%pip install requests==2.31.0",
    "%time x = 2",
    "!ls -l",
    "%%time\nq = 1",
    "# dex: transform lifted\nz = df.limit(1)",
    "x: int = 3; y = 4",
    "x = (",
    "",
]
MAGICS = [
    "%sql\nselect * from t where a = '%md'",
    "%sql select 1; select 2",
    "%sql\n-- a comment\ncreate or replace table t as select 1 as a",
    "%sql\nCREATE OR REFRESH STREAMING TABLE t AS SELECT * FROM STREAM(main.bronze.s)",
    "%%sql\nselect 1",
    "%md\n# Título",
    "%md-sandbox <b>a</b>",
    '%run ./other $name="a value"',
    "%sh\nls '%run'",
    "%fs ls /tmp",
    "%python\nprint(1)",
    "%scala\nval a = 1",
    "%r\na <- 1",
]
SQL = ["select 1", "create table a as\nselect 'é' as b;\nselect 2", "-- words", "%python\nx = 1", *MAGICS]
MARKDOWN = ["# Title", "words\n\n```\n%run ./setup\n# MAGIC %run ./setup\n```", "", '## a "quoted" \\ heading']

_words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=25)
_python = st.one_of(st.lists(st.sampled_from(CODE), min_size=1, max_size=3).map("\n".join), st.sampled_from(MAGICS))


@dataclass(frozen=True)
class Generated:
    """The bytes of a notebook and the ending of its file."""

    content: bytes
    ending: str


@st.composite
def ipynb_notebooks(draw: st.DrawFn) -> Generated:
    """Generate an .ipynb of nbformat 4.0 to 4.5, some cells without an id."""
    minor = draw(st.integers(0, 5))
    cells: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 5))):
        is_code = draw(st.booleans())
        source = draw(st.one_of(_python if is_code else st.sampled_from(MARKDOWN), _words))
        cell: dict[str, Any] = {"cell_type": "code" if is_code else "markdown", "metadata": {}}
        cell["source"] = draw(st.sampled_from([source, source.splitlines(keepends=True)]))
        if is_code:
            cell |= {"execution_count": None, "outputs": []}
        if minor == 5 and draw(st.booleans()):
            cell["id"] = f"c{number}"
        cells.append(cell)
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}
    text = json.dumps(document, indent=draw(st.sampled_from([1, 2])), ensure_ascii=False) + "\n"
    return Generated(text.replace("\n", draw(_newline)).encode(), ".ipynb")


@st.composite
def source_notebooks(draw: st.DrawFn) -> Generated:
    """Generate a Databricks source file, .py or .sql."""
    ending, comment = draw(st.sampled_from([(".py", "#"), (".sql", "--")]))
    own = _python if ending == ".py" else st.sampled_from(SQL)
    cells: list[str] = []
    for source in draw(st.lists(st.one_of(own, _words), max_size=5)):
        written = source
        if source.startswith("%") and (ending == ".sql" or draw(st.booleans())):
            written = "\n".join(f"{comment} MAGIC {line}".rstrip() for line in source.split("\n"))
        title = f"{comment} DBTITLE 1,Título\n" if draw(st.booleans()) else ""
        cells.append(title + written)
    text = f"{comment} Databricks notebook source\n" + f"\n\n{comment} COMMAND ----------\n\n".join(cells)
    text += draw(st.sampled_from(["", "\n"]))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return Generated(mark + text.replace("\n", draw(_newline)).encode(), ending)


_newline = st.sampled_from(["\n", "\r\n"])
NOTEBOOKS = st.one_of(ipynb_notebooks(), source_notebooks())
