"""Tables that SQL reads and writes, by its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dex.export import parse_sql
from dex.graph.facts import SAY_BOTH
from dex.graph.models import How, Place
from dex.graph.names import Name, split_name
from dex.graph.sql_text import first_word, readable, setting, without_unknown_words
from dex.graph.utilities import make_widget
from dex.graph.values import Unknown, Value, has_hole, known
from dex.notebook import split_sql

if TYPE_CHECKING:
    from dex.graph.run import Run

#: ``${name}`` and ``$name`` stand for a widget, ``${name.of.setting}`` for a setting of the session.
_WIDGET = re.compile(r"\$\{\s*([\w.]+)\s*\}|\$(\w+)\b")
_FORMATS = frozenset("delta parquet csv json orc text avro binaryfile xml".split())
_FILE_FUNCTIONS = frozenset({"read_files", "cloud_files"})
#: Opaque statements that look after a table which somebody else fills.
_CARE = ("OPTIMIZE", "VACUUM", "ANALYZE", "REORG", "FSCK", "MSCK")
#: What is said about a table that is there already: who owns and sees it, tags, comments. Its rows and columns stay.
_LABEL = re.compile(
    r"ALTER\s+(?:TABLE|VIEW|MATERIALIZED\s+VIEW|STREAMING\s+TABLE)\s+(?:`[^`]*`|[^\s`])+\s+"
    r"(?:ALTER\s+(?:COLUMN\s+)?(?:`[^`]*`|[^\s`])+\s+)?"
    r"(?:(?:UN)?SET\s+TAGS|(?:SET\s+)?OWNER\s+TO|(?:SET|DROP)\s+(?:ROW\s+FILTER|MASK)|COMMENT"
    r"|(?:ENABLE|DISABLE|INHERIT)\s+PREDICTIVE)\b",
    re.IGNORECASE,
)


def read_sql(
    run: Run,
    text: str,
    place: Place,
    arguments: Mapping[str, Value] | None = None,
    assumed: frozenset[str] = frozenset(),
    lines: bool = False,
) -> None:
    """Note the tables of SQL text.

    Args:
        run: told of them.
        text: statements; names stand in for what only the run knows.
        place: where the text begins.
        arguments: values of ``:name``; widgets are taken where there is none.
        assumed: what was taken for granted for the text, such as a widget's default.
        lines: the lines of the text are lines of the cell, so that a statement's place is its own line.
    """
    done = 0
    for statement in split_sql(text):
        begin = text.find(statement, done)
        done = max(done, begin + len(statement))
        line = (place.line or 1) + (text.count("\n", 0, first_word(text, begin)) if lines else 0)
        run.step()
        _Statement(run, place.model_copy(update={"line": line}), arguments or {}, assumed).read(statement)


def _harmless() -> tuple[type[Any], ...]:
    from sqlglot import exp

    return (exp.Describe, exp.Show, exp.Grant, exp.Revoke, exp.Comment, exp.Refresh, exp.Uncache, exp.Semicolon)


class _Statement:
    def __init__(self, run: Run, place: Place, arguments: Mapping[str, Value], assumed: frozenset[str]) -> None:
        self.run = run
        self.place = place
        self.arguments = arguments
        self.assumed = assumed
        self.labels = False

    def read(self, text: str) -> None:
        """Note what one statement reads and writes."""
        text = _WIDGET.sub(lambda found: self._widget(found.group(1) or found.group(2), found.group()), text)
        text = self._with_identifiers(text)
        words = text.split(None, 3)
        first = words[0].upper() if words else ""
        self.labels = _LABEL.match(text, first_word(text, 0)) is not None
        plain = readable(text)
        self.run.facts.pipeline |= plain != text and " LIVE " in text.upper()
        trees = _trees(plain)
        if trees is None and has_hole(plain):
            trees = _trees(without_unknown_words(plain))
            if trees is not None:
                self._ask(text, "What else")
        if trees is None:
            self._opaque(text, first)
            return
        if (given := setting(text)) is not None:
            self.run.settings[given[0]] = Value((given[1],), self.assumed)
        for tree in trees:
            self._tree(tree)

    def _widget(self, name: str, written: str) -> str:
        value = self.run.given.get(name) or self.run.widgets.get(name) or self.run.settings.get(name)
        self.run.takes("widget", name)
        if value is None:
            return self.run.holes.text(Unknown(written, name))
        self.assumed |= value.assumed
        return self.run.holes.text(value.one)

    def _with_identifiers(self, text: str) -> str:
        """Return a statement with the names that ``IDENTIFIER(...)`` makes written out."""
        from sqlglot import parse_one, tokenize
        from sqlglot.errors import SqlglotError

        if "IDENTIFIER" not in text.upper():
            return text
        parts, done = [], 0
        try:
            words = tokenize(text, dialect="databricks")
            for index, word in enumerate(words):
                if word.text.upper() != "IDENTIFIER" or word.start < done or words[index + 1].text != "(":
                    continue
                depth, end = 0, index + 1
                while end < len(words):
                    depth += {"(": 1, ")": -1}.get(words[end].text, 0)
                    if not depth:
                        break
                    end += 1
                inside = parse_one(text[words[index + 1].end + 1 : words[end].start], dialect="databricks")
                value = self._text(inside)
                self.assumed |= value.assumed
                name = ".".join(f"`{part}`" for part in split_name(self.run.holes.text(value.one)))
                parts += [text[done : word.start], name]
                done = words[end].end + 1
        except (SqlglotError, IndexError):
            return text
        return "".join([*parts, text[done:]])

    # -- one tree ------------------------------------------------------------------------------------------------------

    def _tree(self, tree: Any) -> None:
        from sqlglot import exp

        if isinstance(tree, exp.Use):
            self._use(tree)
        elif isinstance(tree, exp.MultitableInserts):
            self._read_below(tree, ())
            for insert in tree.expressions:
                self._tree(insert)
        elif isinstance(tree, exp.Create):
            self._create(tree)
        elif isinstance(tree, exp.Insert):
            source = tree.args.get("source")
            self._read_below(tree, (tree.this,))
            if isinstance(source, exp.Table):
                self._table("read", source)
            how: How = "overwrite" if tree.args.get("overwrite") else "change" if tree.args.get("where") else "append"
            self._target(how, tree.this)
        elif isinstance(tree, exp.Merge | exp.Update | exp.Delete):
            self._read_below(tree, (tree.this,))
            self._target("change", tree.this)
        elif isinstance(tree, exp.Copy):
            for file in tree.args.get("files") or ():
                if isinstance(file, exp.Literal):
                    self._path("read", file.this)
            self._read_below(tree, (tree.this,))
            self._target("append", tree.this)
        elif isinstance(tree, exp.TruncateTable | exp.Drop | exp.Alter):
            if str(tree.args.get("kind") or "TABLE").upper() in ("TABLE", "VIEW"):
                for table in tree.find_all(exp.Table):
                    self._table("read" if self.labels else "change", table)
        elif isinstance(tree, exp.Cache):
            self._read_below(tree, (tree.this,))
            if tree.args.get("expression") is not None:
                self._view(tree.this)
            else:
                self._table("read", tree.this)
        elif isinstance(tree, exp.Refresh) and str(tree.args.get("kind") or "").upper() not in ("TABLE", "FUNCTION"):
            self._target("overwrite", tree.this)
        elif isinstance(tree, exp.Query | exp.Set | exp.Declare | exp.Analyze):
            self._read_below(tree, ())
        elif not isinstance(tree, _harmless()):
            self._ask(tree.sql(dialect="databricks"))

    def _create(self, tree: Any) -> None:
        from sqlglot import exp

        kind = str(tree.args.get("kind") or "").upper()
        properties = {type(p).__name__: p for p in (tree.args.get("properties") or exp.Properties()).expressions}
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if kind in ("SCHEMA", "DATABASE") and isinstance(target, exp.Table):
            parts = [target.args.get("db"), target.args.get("catalog"), target.this]
            schema = next((part.name for part in parts if part is not None and part.name), "")
            lost = self.run.holes.unknown(schema) if has_hole(schema) else ""
            self.run.name("create", Name("schema", "", schema.lower(), None, lost), self.place, self.assumed)
            return
        if kind not in ("TABLE", "VIEW"):
            return
        if tree.args.get("refresh"):
            self.run.facts.pipeline = True
        self._read_below(tree, (target,))
        fills = tree.args.get("expression") is not None or tree.args.get("clone") is not None
        how: How = "overwrite" if fills and not tree.args.get("exists") else "create"
        if kind == "VIEW" and "TemporaryProperty" in properties:
            self._view(target)
        else:
            self._target(how, tree.this)
        for path in _locations(properties):
            self._path(how if fills else "read", path)

    def _use(self, tree: Any) -> None:
        from sqlglot import exp

        kind = str(tree.args.get("kind") or "").upper()
        parts = self._parts(tree.this) if isinstance(tree.this, exp.Table) else None
        self.run.gives("setting", "the current schema")
        if not parts:
            return
        current = self.run.current
        if kind == "CATALOG":
            current.catalog = parts[-1].lower()
        else:
            current.schema = parts[-1].lower()
            current.catalog = parts[-2].lower() if len(parts) > 1 else current.catalog

    # -- names ---------------------------------------------------------------------------------------------------------

    def _read_below(self, tree: Any, targets: tuple[Any, ...]) -> None:
        """Note the tables that a tree reads."""
        from sqlglot import exp

        left_out = {id(part) for target in targets if target is not None for part in _target_nodes(target)}
        for table in tree.find_all(exp.Table):
            if id(table) in left_out or is_common_table(table):
                continue
            self._table("read", table)
        for stream in tree.find_all(exp.Stream):
            if isinstance(stream.this, exp.Anonymous):
                self._function("read", stream.this)

    def _target(self, how: How, node: Any) -> None:
        from sqlglot import exp

        node = node.this if isinstance(node, exp.Schema) else node
        if isinstance(node, exp.Table):
            self._table(how, node)
        elif isinstance(node, exp.Directory):
            self._path(how, node.this.name)

    def _table(self, how: How, table: Any) -> None:
        from sqlglot import exp

        inner = table.this
        if isinstance(inner, exp.Anonymous | exp.Func):
            self._function(how, inner)
            return
        parts = self._parts(table)
        if not parts:
            return
        name, above = parts[-1], parts[-2].lower() if len(parts) > 1 else ""
        if name.startswith(("/", "dbfs:", "s3://", "abfss://", "gs://")) or (above in _FORMATS and "/" in name):
            self._path(how, name)
            return
        self.run.parts(how, parts, self.place, self.assumed)

    def _function(self, how: How, function: Any) -> None:
        from sqlglot import exp

        name = str(function.this if isinstance(function.this, str) else function.key).lower()
        first = next(iter(function.expressions), None)
        if name in _FILE_FUNCTIONS and first is not None:
            self._path("read", first.name)
        elif name == "stream" and isinstance(first, exp.Column):  # as older versions of the parser have it
            self.run.parts(how, [part.name for part in first.parts], self.place, self.assumed)
        elif name == "table_changes" and first is not None:
            self.run.use("read", known(first.name), self.place)

    def _text(self, node: Any) -> Value:
        from sqlglot import exp

        if isinstance(node, exp.Literal):
            return known(node.this)
        if isinstance(node, exp.Placeholder):
            name = str(node.this)
            found = self.arguments.get(name) or self.run.given.get(name) or self.run.widgets.get(name)
            self.run.takes("widget", name)
            return found or Value((Unknown(f":{name}", name),))
        if isinstance(node, exp.DPipe):
            left, right = self._text(node.left), self._text(node.right)
            text = self.run.holes.text(left.one) + self.run.holes.text(right.one)
            return Value((text,), left.assumed | right.assumed)
        return Value((Unknown(str(node.sql(dialect="databricks"))),))

    def _parts(self, table: Any) -> list[str]:
        from sqlglot import exp

        found: list[str] = []
        for part in (table.args.get("catalog"), table.args.get("db"), table.this):
            nodes = part.flatten() if isinstance(part, exp.Dot) else [part] if part is not None else []
            found += [node.name for node in nodes if node.name]
        return found

    def _path(self, how: How, text: str) -> None:
        self.run.files(how, text, self.place, self.assumed)

    def _view(self, table: Any) -> None:
        self.run.view(known(table.name), self.place)

    # -- what the parser does not take apart ---------------------------------------------------------------------------

    def _opaque(self, text: str, first: str) -> None:
        from sqlglot import tokenize
        from sqlglot.errors import SqlglotError

        from dex.guard import classify_sql

        try:
            words = tokenize(text, dialect="databricks")
        except SqlglotError:
            words = []  # an open string; the guard says that it is not understood
        upper = [word.text.upper() for word in words]
        if upper[1:2] == ["WIDGET"]:
            if first == "CREATE" and len(words) > 3:
                default = words[upper.index("DEFAULT") + 1].text if "DEFAULT" in upper[:-1] else ""
                make_widget(self.run, words[3].text, known(default))
            return
        asks = not self.labels and ("SELECT" in upper or "USING" in upper)
        if asks or (first == "CREATE" and upper[1:2] != ["VOLUME"]):
            self._ask(text)
            return
        for effect in classify_sql(text):
            level, names = getattr(effect, "level", ""), getattr(effect, "name", ())
            if level == "table" and names:
                how: How = "read" if first in _CARE or self.labels else "change"
                self.run.parts(how, list(names), self.place, self.assumed)
            elif upper[:2] == ["CREATE", "VOLUME"] and len(names) == 3:
                self._path("create", "/Volumes/" + "/".join(names))
            elif level == "unknown":
                self._ask(text)

    def _ask(self, text: str, what: str = "What") -> None:
        hidden = self.run.holes.unknown(text)
        sql = f"SQL that only the run knows: `{hidden}`" if hidden else f"`{_short(text)}`"
        self.run.ask(
            "DEX-GRAPH-16",
            f"{what} this reads and writes cannot be read: {sql}.",
            self.place,
            SAY_BOTH,
        )


def _trees(text: str) -> list[Any] | None:
    """Return the syntax trees of SQL; None where the parser does not take it apart."""
    trees = parse_sql(text)
    if trees is None or any(type(tree).__name__ == "Command" for tree in trees):
        return None
    return [tree for tree in trees if tree is not None]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


def _locations(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths where the files of a table lie."""
    location, options = properties.get("LocationProperty"), properties.get("OptionsProperty")
    if location is not None:
        yield location.this.name
    for option in options.expressions if options is not None else ():
        if option.name.lower() == "path":
            yield option.args["value"].name


def _target_nodes(node: Any) -> Iterator[Any]:
    """Yield the nodes that name what a statement writes."""
    from sqlglot import exp

    yield node
    if isinstance(node, exp.Schema):
        yield node.this


def is_common_table(table: Any) -> bool:
    """Return whether a name is one of a ``WITH`` that reaches to it: only tables above it do, and those behind it."""
    from sqlglot import exp

    if table.args.get("db") is not None or not isinstance(table.this, exp.Identifier):
        return False
    below, node = table, table.parent
    while node is not None:
        clause = node.args.get("with_") or node.args.get("with")
        if clause is not None:
            visible = clause.expressions
            if below is clause:
                inside = next((i for i, each in enumerate(visible) if _holds(each, table)), 0)
                visible = visible[: inside + 1] if clause.args.get("recursive") else visible[:inside]
            if any(each.alias.lower() == table.name.lower() for each in visible):
                return True
        below, node = node, node.parent
    return False


def _holds(tree: Any, node: Any) -> bool:
    while node is not None:
        if node is tree:
            return True
        node = node.parent
    return False
