"""What a SQL query reads, with the places of the names in its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dex.graph import is_common_table

_DIALECT = "databricks"
#: What stands between a table's name and its alias: none can be put before it.
_BEFORE_AN_ALIAS = frozenset({"VERSION", "TIMESTAMP", "FOR", "TABLESAMPLE"})
_FILE_FUNCTIONS = ("read_files", "cloud_files")


@dataclass(frozen=True)
class Source:
    """One thing that stands behind FROM or JOIN.

    Attributes:
        start: position of its first character in the text, ``STREAM`` included.
        end: position behind its last one.
        name: the table's name as it is written; of a function that reads files, empty.
        streaming: it is read as a stream; a name without ``STREAM`` may still be that of a view which is one.
        aliased: the query gives it a name of its own, or it can get none here.
        path: of a function that reads files.
        options: its further arguments.
        keeps_state: why a stream here would need what came before; empty if it would not.
    """

    start: int
    end: int
    name: str
    streaming: bool
    aliased: bool
    path: str = ""
    options: dict[str, str] = field(default_factory=dict)
    keeps_state: str = ""


def sources_of(text: str) -> list[Source] | None:
    """Return what a query reads, in the order of its text; None for a statement that is no query.

    Raises:
        ValueError: the text cannot be read.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tokens = sqlglot.tokenize(text, read=_DIALECT)
        tree = sqlglot.parse_one(text, read=_DIALECT)
    except (SqlglotError, RecursionError) as error:
        details = getattr(error, "errors", None)
        said = details[0].get("description") if details else str(error).splitlines()[0]
        raise ValueError(str(said)) from error
    if not isinstance(tree, exp.Query | exp.Values):
        return None
    aliases = {
        node.this.meta["start"]
        for node in tree.find_all(exp.TableAlias)
        if isinstance(node.this, exp.Identifier) and "start" in node.this.meta
    }
    at = {token.start: index for index, token in enumerate(tokens)}
    found: list[Source] = []
    for table in tree.find_all(exp.Table):
        identifiers = [part for part in table.parts if isinstance(part, exp.Identifier) and "start" in part.meta]
        if not identifiers or is_common_table(table):
            continue
        first = at[min(part.meta["start"] for part in identifiers)]
        last = next(i for i, t in enumerate(tokens) if t.end == max(part.meta["end"] for part in identifiers))
        name = text[tokens[first].start : tokens[last].end + 1]
        start, end, streaming, aliased = _around(tokens, first, last, aliases)
        found.append(Source(start, end, name, streaming, aliased, keeps_state=_state(table)))
    for index, token in enumerate(tokens[:-1]):
        if token.text.lower() in _FILE_FUNCTIONS and tokens[index + 1].text == "(" and text[token.start] != "`":
            last = _closing(tokens, index + 1)
            path, options = _arguments(text[token.start : tokens[last].end + 1])
            start, end, streaming, aliased = _around(tokens, index, last, aliases)
            streaming = streaming or token.text.lower() == "cloud_files"
            node = _function_node(tree, path)
            state = _state(node) if streaming and node is not None else ""
            found.append(Source(start, end, "", streaming, aliased, path, options, state))
    return sorted(found, key=lambda source: source.start)


def replaced(text: str, changes: list[tuple[Source, str]]) -> str:
    """Return a query with other text in place of some of its sources."""
    parts, done = [], 0
    for source, new in sorted(changes, key=lambda change: change[0].start):
        parts += [text[done : source.start], new]
        done = source.end
    return "".join([*parts, text[done:]])


def joins(text: str) -> bool:
    """Return whether a query joins, with or without the word: a comma between two tables is a join as well."""
    import sqlglot
    from sqlglot import exp

    return sqlglot.parse_one(text, read=_DIALECT).find(exp.Join) is not None


def _around(tokens: list[Any], first: int, last: int, aliases: set[int]) -> tuple[int, int, bool, bool]:
    """Return where a source begins and ends with ``STREAM`` and its parentheses, whether it is one, whether it has an alias."""
    before = tokens[first - 1].text.upper() if first else ""
    streaming = True
    if before == "(" and first > 1 and tokens[first - 2].text.upper() == "STREAM":
        first, last = first - 2, _closing(tokens, first - 1)
    elif before == "STREAM":
        first -= 1
    else:
        streaming = False
    behind = tokens[last + 1] if last + 1 < len(tokens) else None
    aliased = behind is not None and (
        behind.token_type.name == "ALIAS" or behind.start in aliases or behind.text.upper() in _BEFORE_AN_ALIAS
    )
    return tokens[first].start, tokens[last].end + 1, streaming, aliased


def _closing(tokens: list[Any], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if not depth:
            return index
    return len(tokens) - 1


def _arguments(call: str) -> tuple[str, dict[str, str]]:
    """Return path and options of ``read_files('/p', format => 'csv')`` or ``cloud_files('/p', 'csv', map(...))``."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(call, read=_DIALECT)
    words = list(tree.expressions)
    options: dict[str, str] = {}
    plain: list[str] = []
    for word in words:
        if isinstance(word, exp.Kwarg | exp.PropertyEQ):
            options[word.this.name] = _value(word.expression)
        elif isinstance(word, exp.Literal):
            plain.append(word.this)
        elif isinstance(word, exp.Map | exp.VarMap):
            keys, values = word.args["keys"].expressions, word.args["values"].expressions
            options.update({key.name: _value(value) for key, value in zip(keys, values, strict=True)})
    if len(plain) > 1:
        options["format"] = plain[1]
    return (plain[0] if plain else ""), options


def _value(node: Any) -> str:
    from sqlglot import exp

    return str(node.this) if isinstance(node, exp.Literal) else str(node.sql(dialect=_DIALECT)).lower()


def _function_node(tree: Any, path: str) -> Any:
    from sqlglot import exp

    for node in tree.find_all(exp.Anonymous):
        if str(node.this).lower() in _FILE_FUNCTIONS and node.expressions and node.expressions[0].name == path:
            return node
    return None


def _state(node: Any) -> str:
    """Return why a stream at this place of a query needs rows that came earlier; empty if it does not."""
    from sqlglot import exp

    above = node.parent
    while above is not None:
        if isinstance(above, exp.Select):
            words = {"group": "GROUP BY", "distinct": "DISTINCT", "having": "HAVING", "order": "ORDER BY",
                     "limit": "LIMIT", "qualify": "QUALIFY"}  # fmt: skip
            said = next((word for key, word in words.items() if above.args.get(key)), "")
            inside = [part for each in above.expressions for part in each.find_all(exp.AggFunc, exp.Window)]
            sides = [str(join.args.get("side") or "").upper() for join in above.args.get("joins") or ()]
            waits = next((side for side in sides if side in ("RIGHT", "FULL")), "") if _is_first(node, above) else ""
            if said or inside or waits:
                return said or (f"a {waits} JOIN" if waits else "an aggregate")
        elif isinstance(above, exp.SetOperation):
            if not isinstance(above, exp.Union) or above.args.get("distinct"):
                return type(above).__name__.upper()
        elif isinstance(above, exp.Join):
            side, kind = str(above.args.get("side") or "").upper(), str(above.args.get("kind") or "").upper()
            if side in ("LEFT", "FULL") or kind in ("SEMI", "ANTI"):
                return f"a {side or kind} JOIN with the stream on its right"
        elif isinstance(above, exp.In | exp.Exists):
            return "a subquery"
        above = above.parent
    return ""


def _is_first(node: Any, select: Any) -> bool:
    """Return whether a node stands behind FROM, not behind JOIN."""
    clause = select.args.get("from_") or select.args.get("from")
    while node is not None and node is not select:
        if node is clause:
            return True
        node = node.parent
    return False
