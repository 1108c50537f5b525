"""SQL with values that only the run knows: a word stands in for each, so that the text around can be taken apart."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from dex.export.pieces import literal
from dex.export.sql_cells import quoted
from dex.notebook import WIDGET_FIELD, markers_of

_CALLS = frozenset({"spark.sql", "sql", "session.spark.sql", "sqlContext.sql"})
_WORD = re.compile(r"dexvalue(\d+)x")


@dataclass(frozen=True)
class SqlText:
    """SQL text.

    Attributes:
        text: with a word for each value.
        values: source of each value: of an f-string's field without its braces, or a pipeline's ``${name}``.
        more: what else the call of `spark.sql` is given, as source: its arguments and frames.
    """

    text: str
    values: tuple[str, ...] = ()
    more: str = ""

    def part(self, text: str) -> SqlText:
        """Return a part of it, with the same values."""
        return SqlText(text, self.values, self.more)

    @property
    def has_values(self) -> bool:
        """Whether some of it is only known when it runs."""
        return _WORD.search(self.text) is not None

    def to_python(self) -> str:
        """Return the source of a Python text."""
        if not self.has_values:
            return quoted(self.text)
        parts: list[str] = []
        done = 0
        for found in _WORD.finditer(self.text):
            parts += [_escaped(self.text[done : found.start()]), "{" + self.values[int(found.group(1))] + "}"]
            done = found.end()
        text = "".join([*parts, _escaped(self.text[done:])])
        if "\n" not in text and '"' not in text:
            return f'f"{text}"'
        return f'f"""{text[:-1]}\\""""' if text.endswith('"') else f'f"""{text}"""'

    def call(self) -> str:
        """Return the call of `spark.sql`."""
        return f"spark.sql({self.to_python()}{self.more})"

    def to_sql(self) -> str:
        """Return SQL, with the values as a pipeline's SQL has them."""
        return _WORD.sub(lambda found: self.values[int(found.group(1))], self.text)


def sql_of_call(node: ast.expr) -> SqlText | None:
    """Return the SQL of a call ``spark.sql(...)``; None where it is no such call, or its text is not there."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in _CALLS:
        return None
    query = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "sqlQuery"), None)
    rest = [ast.unparse(argument) for argument in node.args[1:]]
    rest += [f"{k.arg}={ast.unparse(k.value)}" if k.arg else f"**{ast.unparse(k.value)}" for k in node.keywords]
    more = "".join(f", {each}" for each in rest if not each.startswith("sqlQuery="))
    if isinstance(query, ast.Constant) and isinstance(query.value, str):
        return SqlText(query.value.strip().rstrip(";").rstrip(), (), more)
    if not isinstance(query, ast.JoinedStr):
        return None
    parts: list[str] = []
    values: list[str] = []
    for part in query.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            parts.append(f"dexvalue{len(values)}x")
            values.append(_field(part))
    return SqlText("".join(parts).strip().rstrip(";").rstrip(), tuple(values), more)


def sql_of_cell(statement: str) -> SqlText:
    """Return a statement of a SQL cell, whose widgets and markers are a pipeline's ``${name}``."""
    values: list[str] = []

    def word(value: str) -> str:
        values.append(value)
        return f"dexvalue{len(values) - 1}x"

    text = WIDGET_FIELD.sub(lambda found: word("${" + found.group(1) + "}"), statement)
    for name in markers_of(text):
        text = re.sub(rf":{name}\b", lambda _, name=name: word("'${" + name + "}'"), text)  # type: ignore[misc]
    return SqlText(text, tuple(values))


def _field(part: ast.expr) -> str:
    """Return the field of an f-string as it is written between its braces."""
    text = ast.unparse(ast.JoinedStr([part]))
    inner = text[text.index("{") + 1 : text.rindex("}")]
    return f" {inner}" if inner.startswith("{") else inner


def _escaped(text: str) -> str:
    plain = literal(text)[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t")
    return plain.replace('""', '"\\"').replace("{", "{{").replace("}", "}}")
