"""Writes in SQL: what a statement declares, and where its query begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dex.export.declarative.models import Options, Write
from dex.export.declarative.sql_texts import SqlText
from dex.export.declarative.writers import ONE_PART, WHOLE, NoWrite
from dex.export.sql_cells import words_of
from dex.pipelines import NotOfPipeline, Words

_QUERY = ("SELECT", "WITH", "FROM", "VALUES", "TABLE", "(")
#: Statements that look, or look after a table that somebody else makes.
_LOOKING = frozenset({"SELECT", "WITH", "FROM", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "LIST"})
_CARE = frozenset({"OPTIMIZE", "VACUUM", "ANALYZE", "REFRESH", "REORG", "FSCK", "MSCK", "CACHE", "UNCACHE", "CLEAR"})
_CDC = (
    "Use AUTO CDC: `dp.create_streaming_table(...)` and `dp.create_auto_cdc_flow(target=..., source=..., keys=[...], "
    "sequence_by=...)`; or compute the whole table in one query and overwrite it."
)
_REFUSED = {
    "MERGE": ("`MERGE` changes rows where they stand.", _CDC),
    "UPDATE": ("`UPDATE` changes rows where they stand.", "Compute the new values in the query that makes the table."),
    "DELETE": ("`DELETE` takes rows out of a table.", "Filter them out in the query that makes the table."),
    "TRUNCATE": ("`TRUNCATE` empties a table.", "Take it out: a pipeline's table is made anew by its query."),
    "COPY": (
        "`COPY INTO` loads files once each.",
        'Read them as a stream: `spark.readStream.format("cloudFiles")`, or STREAM read_files(...) in SQL.',
    ),
    "USE": (
        "`USE` changes what names stand for, which a pipeline's source cannot.",
        "Write the schema before each table's name; the catalog is the pipeline's.",
    ),
    "GRANT": (
        "`GRANT` gives rights.",
        "Say them in the bundle: `grants` of the schema, `permissions` of the pipeline.",
    ),
    "REVOKE": ("`REVOKE` takes rights.", "Say them in the bundle: `grants` of the schema."),
}
_NO_COUNTERPART = "Keep it in a notebook that runs as a task beside the pipeline."


@dataclass(frozen=True)
class Declared:
    """Something said of a table whose rows come from another statement.

    Attributes:
        name: the table.
        options: what it is declared with.
        anew: the table begins empty here.
    """

    name: str
    options: Options
    anew: bool = False


@dataclass(frozen=True)
class Gone:
    """A table that is dropped."""

    name: str


@dataclass(frozen=True)
class Setting:
    """A setting of the session, as Python source."""

    key: str
    value: str


@dataclass(frozen=True)
class LeftOut:
    """A statement that a pipeline does not need.

    Attributes:
        why: what it is.
        looks: it is a query, by its first word.
    """

    why: str
    looks: bool = False


SqlMeaning = Write | Declared | Gone | Setting | LeftOut | NoWrite


def meaning_of(sql: SqlText, python: bool) -> SqlMeaning:
    """Return what a SQL statement means in a pipeline.

    Args:
        sql: one statement.
        python: names and queries are wanted as Python source, else as SQL.
    """
    try:
        return _meaning(_Cursor(sql), python)
    except NotOfPipeline as error:
        return NoWrite(f"The SQL cannot be read: {error}.", "Mend it.")


def _meaning(cursor: _Cursor, python: bool) -> SqlMeaning:
    first = cursor.word
    if first in _LOOKING or first == "(":
        return LeftOut("it shows something", looks=True)
    if first in _CARE:
        return LeftOut("the platform looks after the tables of a pipeline")
    if first == "CREATE":
        return _create(cursor, python)
    if first == "INSERT":
        return _insert(cursor, python)
    if first == "COMMENT":
        return _comment(cursor, python)
    if first == "ALTER":
        return _alter(cursor, python)
    if first == "DROP":
        return _drop(cursor, python)
    if first == "SET":
        return _set(cursor)
    message, remedy = _REFUSED.get(first, (f"`{first}` has no counterpart in a pipeline.", _NO_COUNTERPART))
    return NoWrite(message, remedy)


class _Cursor(Words):
    """The words of a statement that may hold values which only the run knows."""

    def __init__(self, sql: SqlText) -> None:
        super().__init__(sql.text)
        self.sql = sql

    @property
    def word(self) -> str:
        """The next word in capitals; nothing for a text, a quoted name, and at the end."""
        return self.next()

    def query(self) -> SqlText:
        """Return the text from here on."""
        return self.sql.part(self.rest())

    def table(self) -> SqlText:
        """Step over the name of a table."""
        return self.sql.part(self.name())

    def ahead(self) -> str:
        """Return the text from here on, without going on."""
        here = self.at
        text, self.at = self.rest(), here
        return text

    def parentheses(self) -> str:
        """Step over a pair of parentheses; return what stands in it."""
        return self.between(*self.group())

    def texts(self) -> str:
        """Step over a literal text; texts that follow each other are one."""
        found = self.literal()
        while not self.ended and not self.next():
            found += self.literal()
        return found


def _named(name: SqlText, python: bool) -> str:
    return name.to_python() if python else name.to_sql()


def _create(cursor: _Cursor, python: bool) -> SqlMeaning:
    cursor.literal()
    anew = cursor.take("OR", "REPLACE")
    if cursor.take("OR", "REFRESH"):
        return NoWrite("The notebook defines a pipeline itself.", "Export it with `dex export`.")
    if cursor.word in ("SCHEMA", "DATABASE"):
        return LeftOut("the schema is there before the pipeline runs: make it a resource of the bundle")
    if cursor.word == "WIDGET":
        return LeftOut("a widget, now the pipeline's configuration")
    if cursor.take("GLOBAL"):
        return NoWrite("A global temporary view outlives the notebook.", "Make it a temporary view or a table.")
    if cursor.take("TEMPORARY") or cursor.take("TEMP"):
        if cursor.take("VIEW"):
            return _view(cursor, python)
        return NoWrite("A temporary table or function lives in one session.", "Make it a temporary view.")
    if cursor.word == "VIEW":
        return NoWrite(
            "A view of the catalog is no table of a pipeline.",
            "Make it a table, which becomes a materialized view: CREATE OR REPLACE TABLE ... AS; or a temporary view.",
        )
    if not cursor.take("TABLE"):
        return NoWrite(f"`CREATE {cursor.word}` has no counterpart in a pipeline.", _NO_COUNTERPART)
    kept = cursor.take("IF", "NOT", "EXISTS")
    return _table(cursor, python, anew, kept)


def _table(cursor: _Cursor, python: bool, anew: bool, kept: bool) -> SqlMeaning:
    name = cursor.table()
    options = Options()
    left: list[str] = []
    if cursor.word == "(":
        options.schema = repr(cursor.parentheses())
    problem = _clauses(cursor, options, left)
    if problem is not None:
        return problem
    begins = cursor.word in _QUERY
    if not cursor.take("AS") and not begins:
        if not cursor.ended:
            return NoWrite(f"`{cursor.literal()}` of a table has no counterpart in a pipeline.", "Take it out.")
        return Declared(_named(name, python), options, anew=not kept)
    if options.schema:
        return NoWrite("A table made of a query names its columns there.", "Take the list of columns out.")
    if kept:
        return NoWrite("It fills the table only where there is none yet.", "Write CREATE OR REPLACE TABLE ... AS.")
    if not anew:
        left.append("that there must be no table yet: the pipeline makes it anew")
    made = _made("overwrite", name, cursor.query(), options, python, left)
    made.replaces = True
    return made


def _clauses(cursor: _Cursor, options: Options, left: list[str]) -> NoWrite | None:
    """Take in what stands between a table's name and its query."""
    values = cursor.sql.part(cursor.ahead().partition(" AS ")[0]).has_values
    while True:
        if cursor.take("USING"):
            if cursor.literal().upper() != "DELTA":
                left.append("its format: tables of a pipeline are Delta")
        elif cursor.take("PARTITIONED", "BY"):
            options.partitions += [repr(part.strip(" `")) for part in cursor.parentheses().split(",")]
            if any(" " in part or "(" in part for part in options.partitions):
                return NoWrite("The table is partitioned by more than names of columns.", "Partition it by columns.")
        elif cursor.take("CLUSTER", "BY"):
            if cursor.word != "(":
                return NoWrite("`CLUSTER BY` without columns.", "Name the columns.")
            options.clusters += [repr(part.strip(" `")) for part in cursor.parentheses().split(",")]
        elif cursor.word == "COMMENT":
            cursor.literal()
            options.comment = repr(cursor.texts())
        elif cursor.take("TBLPROPERTIES"):
            options.properties |= _properties(cursor.parentheses())
        elif cursor.word in ("LOCATION", "OPTIONS", "CLUSTERED", "STORED", "ROW"):
            return NoWrite(
                f"`{cursor.word}` of a table has no counterpart in a pipeline.",
                "Leave it out: the catalog has a place for the table.",
            )
        else:
            return (
                NoWrite("What the table is declared with is only known when it runs.", "Say it with literal words.")
                if values and options != Options()
                else None
            )


def _properties(text: str) -> dict[str, str]:
    """Return table properties as Python source of their values."""
    words = _Cursor(SqlText(text))
    found: dict[str, str] = {}
    key = ""
    while not words.ended:
        if words.take("="):
            found[key] = repr(words.literal().lower() if words.next() else words.texts())
            key = ""
        elif not words.take(","):
            key += words.literal().lower() if words.next() else words.literal()
    return found


def _view(cursor: _Cursor, python: bool) -> SqlMeaning:
    cursor.take("IF", "NOT", "EXISTS")
    name = cursor.table()
    options = Options()
    if cursor.word == "(":
        return NoWrite("A temporary view renames its columns.", "Name them in its query.")
    if cursor.word == "COMMENT":
        cursor.literal()
        options.comment = repr(cursor.texts())
    if not cursor.take("AS"):
        return NoWrite("A temporary view over files.", "Read the files in a query: SELECT * FROM read_files(...).")
    if name.has_values or "." in name.text:
        return NoWrite("The name of a temporary view is only known when it runs.", "Name it with one plain word.")
    return _made("view", name, cursor.query(), options, python, [])


def _insert(cursor: _Cursor, python: bool) -> SqlMeaning:
    cursor.literal()
    over = cursor.take("OVERWRITE")
    if not over:
        cursor.take("INTO")
    if cursor.word == "DIRECTORY":
        return NoWrite("It writes files.", _NO_COUNTERPART)
    cursor.take("TABLE")
    name = cursor.table()
    if cursor.word in ("PARTITION", "REPLACE"):
        return NoWrite(ONE_PART, WHOLE)
    by_name = cursor.take("BY", "NAME")
    if cursor.word == "(" and not _query_in_parentheses(cursor):
        return NoWrite(
            "`INSERT` names the columns that it fills.", "Name the columns in the query instead: INSERT ... BY NAME."
        )
    if cursor.word not in _QUERY:
        return NoWrite("`INSERT` without a query that can be found.", "Write INSERT INTO table SELECT ...")
    made = _made("overwrite" if over else "append", name, cursor.query(), Options(), python, [])
    made.by_position = not by_name
    return made


def _query_in_parentheses(cursor: _Cursor) -> bool:
    here = cursor.at
    inner = words_of(cursor.parentheses())
    cursor.at = here
    return inner[:1] != () and inner[0] in _QUERY


def _comment(cursor: _Cursor, python: bool) -> SqlMeaning:
    if not cursor.take("COMMENT", "ON", "TABLE"):
        return NoWrite("Only a table's own comment can be declared.", "Say it where the column is made.")
    name = cursor.table()
    if not cursor.take("IS") or cursor.ended or cursor.next():
        return NoWrite("The comment is only known when it runs.", "Write it as a literal text.")
    return Declared(_named(name, python), Options(comment=repr(cursor.texts())))


def _alter(cursor: _Cursor, python: bool) -> SqlMeaning:
    if cursor.take("ALTER", "TABLE"):
        name = cursor.table()
        if cursor.take("SET", "TBLPROPERTIES"):
            return Declared(_named(name, python), Options(properties=_properties(cursor.parentheses())))
        if cursor.take("CLUSTER", "BY") and cursor.word == "(":
            clusters = [repr(part.strip(" `")) for part in cursor.parentheses().split(",")]
            return Declared(_named(name, python), Options(clusters=clusters))
    return NoWrite(
        "`ALTER` changes a table where it stands.", "Say it where the table is made; tests of rows are expectations."
    )


def _drop(cursor: _Cursor, python: bool) -> SqlMeaning:
    cursor.literal()
    if cursor.take("VIEW"):
        return LeftOut("temporary views live as long as an update of the pipeline")
    if not cursor.take("TABLE"):
        return NoWrite(f"`DROP {cursor.word}` has no counterpart in a pipeline.", _NO_COUNTERPART)
    cursor.take("IF", "EXISTS")
    return Gone(_named(cursor.table(), python))


def _set(cursor: _Cursor) -> SqlMeaning:
    text = cursor.sql.text.strip()[3:].strip()
    key, equals, value = text.partition("=")
    if not equals or cursor.sql.has_values or " " in key.strip():
        return NoWrite("`SET` of something that a pipeline does not have.", "Write SET key = value.")
    return Setting(repr(key.strip()), repr(value.strip()))


def _made(how: Any, name: SqlText, query: SqlText, options: Options, python: bool, left: list[str]) -> Write:
    return Write(
        how,
        _named(name, python),
        query.call() if python else "",
        options=options,
        query="" if python else query.to_sql(),
        left_out=left,
    )
