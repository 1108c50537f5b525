"""Writes in SQL: what a statement declares, and where its query begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dex.export.declarative.models import Options, Write
from dex.export.declarative.sql_texts import SqlText
from dex.export.declarative.writers import ONE_PART, WHOLE, NoWrite
from dex.export.sql_cells import words_of

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
    """Something said of a table whose rows come from another statement."""

    name: str
    options: Options


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
    """A statement that a pipeline does not need."""

    why: str


SqlMeaning = Write | Declared | Gone | Setting | LeftOut | NoWrite


def meaning_of(sql: SqlText, python: bool) -> SqlMeaning:
    """Return what a SQL statement means in a pipeline.

    Args:
        sql: one statement.
        python: names and queries are wanted as Python source, else as SQL.
    """
    cursor = _Cursor(sql)
    first = cursor.word
    if first in _LOOKING or first == "(":
        return LeftOut("it shows something")
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


class _Cursor:
    """Goes through the words of a statement; a word that sqlglot takes together with the next is two."""

    def __init__(self, sql: SqlText) -> None:
        from sqlglot import tokenize
        from sqlglot.errors import SqlglotError

        self.sql = sql
        try:
            tokens: list[Any] = list(tokenize(sql.text, dialect="databricks"))
        except SqlglotError:
            tokens = []
        self._words = [(word, token) for token in tokens for word in (token.text.split() or [""])]
        self._words = [
            (token.text if token.token_type.name == "STRING" else word.upper(), token)
            for i, (word, token) in enumerate(self._words)
            if token.token_type.name not in ("STRING", "IDENTIFIER") or i == 0 or self._words[i - 1][1] is not token
        ]
        self.at = 0

    @property
    def word(self) -> str:
        return self._words[self.at][0] if self.at < len(self._words) else ""

    @property
    def is_text(self) -> bool:
        return self.at < len(self._words) and self._words[self.at][1].token_type.name == "STRING"

    def texts(self) -> str:
        """Step over a literal text; texts that follow each other are one."""
        found = self.step()
        while self.is_text:
            found += self.step()
        return found

    def take(self, *words: str) -> bool:
        """Step over words if they are next."""
        there = [word for word, _ in self._words[self.at : self.at + len(words)]]
        if there != list(words):
            return False
        self.at += len(words)
        return True

    def step(self) -> str:
        word = self.word
        self.at += 1
        return word

    @property
    def start(self) -> int:
        return int(self._words[self.at][1].start) if self.at < len(self._words) else len(self.sql.text)

    def rest(self) -> SqlText:
        """Return the text from here on."""
        return self.sql.part(self.sql.text[self.start :].strip())

    def name(self) -> SqlText:
        """Step over a dotted name."""
        begin = self.start
        end = begin
        while self.at < len(self._words):
            end = int(self._words[self.at][1].end) + 1
            self.at += 1
            if self.word != ".":
                break
            self.at += 1
        return self.sql.part(self.sql.text[begin:end])

    def parentheses(self) -> str:
        """Step over a pair of parentheses; return what stands in it."""
        begin = self.start + 1
        depth = 0
        while self.at < len(self._words):
            word, token = self._words[self.at]
            self.at += 1
            depth += {"(": 1, ")": -1}.get(word if token.token_type.name != "STRING" else "", 0)
            if not depth:
                return self.sql.text[begin : int(token.start)].strip()
        return self.sql.text[begin:].strip()


def _named(name: SqlText, python: bool) -> str:
    return name.to_python() if python else name.to_sql()


def _create(cursor: _Cursor, python: bool) -> SqlMeaning:
    cursor.step()
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
    name = cursor.name()
    options = Options()
    left: list[str] = []
    if cursor.word == "(":
        options.schema = repr(cursor.parentheses())
    problem = _clauses(cursor, options, left)
    if problem is not None:
        return problem
    begins = cursor.word in _QUERY
    if not cursor.take("AS") and not begins:
        if cursor.word:
            return NoWrite(f"`{cursor.word}` of a table has no counterpart in a pipeline.", "Take it out.")
        return Declared(_named(name, python), options)
    if options.schema:
        return NoWrite("A table made of a query names its columns there.", "Take the list of columns out.")
    if kept:
        return NoWrite("It fills the table only where there is none yet.", "Write CREATE OR REPLACE TABLE ... AS.")
    if not anew:
        left.append("that there must be no table yet: the pipeline makes it anew")
    made = _made("overwrite", name, cursor.rest(), options, python, left)
    made.replaces = True
    return made


def _clauses(cursor: _Cursor, options: Options, left: list[str]) -> NoWrite | None:
    """Take in what stands between a table's name and its query."""
    values = any(cursor.sql.part(text).has_values for text in (cursor.sql.text[cursor.start :].partition(" AS ")[0],))
    while True:
        if cursor.take("USING"):
            if cursor.step() != "DELTA":
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
            cursor.step()
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
    key: list[str] = []
    while words.word:
        if words.take("="):
            found["".join(key)] = repr(words.texts() if words.is_text else words.step().lower())
            key = []
        elif not words.take(","):
            key.append(words.step() if words.is_text else words.step().lower())
    return found


def _view(cursor: _Cursor, python: bool) -> SqlMeaning:
    cursor.take("IF", "NOT", "EXISTS")
    name = cursor.name()
    options = Options()
    if cursor.word == "(":
        return NoWrite("A temporary view renames its columns.", "Name them in its query.")
    if cursor.word == "COMMENT":
        cursor.step()
        options.comment = repr(cursor.texts())
    if not cursor.take("AS"):
        return NoWrite("A temporary view over files.", "Read the files in a query: SELECT * FROM read_files(...).")
    if name.has_values or "." in name.text:
        return NoWrite("The name of a temporary view is only known when it runs.", "Name it with one plain word.")
    return _made("view", name, cursor.rest(), options, python, [])


def _insert(cursor: _Cursor, python: bool) -> SqlMeaning:
    cursor.step()
    over = cursor.take("OVERWRITE")
    if not over:
        cursor.take("INTO")
    if cursor.word == "DIRECTORY":
        return NoWrite("It writes files.", _NO_COUNTERPART)
    cursor.take("TABLE")
    name = cursor.name()
    if cursor.word in ("PARTITION", "REPLACE"):
        return NoWrite(ONE_PART, WHOLE)
    by_name = cursor.take("BY", "NAME")
    if cursor.word == "(" and not _query_in_parentheses(cursor):
        return NoWrite(
            "`INSERT` names the columns that it fills.", "Name the columns in the query instead: INSERT ... BY NAME."
        )
    if cursor.word not in _QUERY:
        return NoWrite("`INSERT` without a query that can be found.", "Write INSERT INTO table SELECT ...")
    made = _made("overwrite" if over else "append", name, cursor.rest(), Options(), python, [])
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
    name = cursor.name()
    if not cursor.take("IS") or not cursor.is_text:
        return NoWrite("The comment is only known when it runs.", "Write it as a literal text.")
    return Declared(_named(name, python), Options(comment=repr(cursor.texts())))


def _alter(cursor: _Cursor, python: bool) -> SqlMeaning:
    if cursor.take("ALTER", "TABLE"):
        name = cursor.name()
        if cursor.take("SET", "TBLPROPERTIES"):
            return Declared(_named(name, python), Options(properties=_properties(cursor.parentheses())))
        if cursor.take("CLUSTER", "BY") and cursor.word == "(":
            clusters = [repr(part.strip(" `")) for part in cursor.parentheses().split(",")]
            return Declared(_named(name, python), Options(clusters=clusters))
    return NoWrite(
        "`ALTER` changes a table where it stands.", "Say it where the table is made; tests of rows are expectations."
    )


def _drop(cursor: _Cursor, python: bool) -> SqlMeaning:
    cursor.step()
    if cursor.take("VIEW"):
        return LeftOut("temporary views live as long as an update of the pipeline")
    if not cursor.take("TABLE"):
        return NoWrite(f"`DROP {cursor.word}` has no counterpart in a pipeline.", _NO_COUNTERPART)
    cursor.take("IF", "EXISTS")
    return Gone(_named(cursor.name(), python))


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
