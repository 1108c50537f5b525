"""Statements of a pipeline's SQL, taken apart word by word: what is defined, with which clauses, by which query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dex.pipelines.elements import Action, Kind

_VIOLATIONS: dict[tuple[str, ...], Action] = {("FAIL", "UPDATE"): "fail", ("DROP", "ROW"): "drop"}
_COLUMN_ENDS = frozenset("COMMENT NOT NULL PRIMARY CONSTRAINT MASK GENERATED DEFAULT COLLATE UNIQUE".split())


_PART = re.compile(r"\S+")


class NotOfPipeline(ValueError):
    """A statement cannot be taken apart; says why."""


@dataclass
class Definition:
    """What one statement defines.

    Attributes:
        kind: of the dataset; None for a flow.
        name: of the dataset or flow.
        target: of a flow: the table it goes into.
        query: the query; empty for none.
        once: of a flow: ``INSERT INTO ONCE``.
        cdc: words of a change feed; None for none.
        columns: declared columns with their types; an empty type is not declared.
        expectations: name, constraint and action.
        partitioned_by: columns.
        properties: table properties.
        refused: a clause that cannot be done here; empty for none.
    """

    kind: Kind | None
    name: str
    target: str = ""
    query: str = ""
    once: bool = False
    cdc: Cdc | None = None
    columns: list[tuple[str, str]] = field(default_factory=list)
    expectations: list[tuple[str, str, Action]] = field(default_factory=list)
    partitioned_by: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)
    refused: str = ""


@dataclass
class Cdc:
    """A change feed."""

    source: str
    keys: list[str] = field(default_factory=list)
    sequence_by: str = ""
    deletes: str = ""
    columns: list[str] | None = None
    left_out: list[str] = field(default_factory=list)
    refused: str = ""


@dataclass(frozen=True)
class _Word:
    """One word of a statement: what it means, where it stands, whether it is a text or a quoted name."""

    text: str
    start: int
    end: int
    quoted: bool


class Words:
    """The words of a statement, read from the first to the last."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_words(text))
        self.text, self.at = text, 0

    def next(self, ahead: int = 0) -> str:
        """Return a word in capitals, empty at the end; a text or a quoted name has none."""
        if self.at + ahead >= len(self._tokens):
            return ""
        word = self._tokens[self.at + ahead]
        return "" if word.quoted else word.text.upper()

    @property
    def ended(self) -> bool:
        """Whether there are no more words."""
        return self.at >= len(self._tokens)

    def take(self, *words: str) -> bool:
        """Go behind the words, if they come next."""
        if all(self.next(index) == word for index, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def want(self, *words: str) -> None:
        """Go behind the words, which have to come next."""
        if not self.take(*words):
            raise NotOfPipeline(f"{' '.join(words)} is expected{self._before()}")

    def _before(self) -> str:
        return " at the end" if self.ended else f" before '{self._tokens[self.at].text}'"

    def literal(self) -> str:
        """Return the next word as it is meant, without quotes."""
        if self.ended:
            raise NotOfPipeline("it ends too early")
        self.at += 1
        return self._tokens[self.at - 1].text

    def name(self) -> str:
        """Return a name of one or more parts, as it is written."""
        first = self.at
        self.literal()
        while self.take("."):
            self.literal()
        return self.between(first, self.at)

    def between(self, first: int, last: int) -> str:
        """Return the text of some words."""
        if first >= last:
            return ""
        return self.text[self._tokens[first].start : self._tokens[last - 1].end + 1]

    def rest(self) -> str:
        """Return the text of all words that are left."""
        first, self.at = self.at, len(self._tokens)
        return self.between(first, self.at)

    def group(self) -> tuple[int, int]:
        """Go behind a pair of parentheses, and return where its inside begins and ends."""
        self.want("(")
        first, depth = self.at, 1
        while depth:
            if self.ended:
                raise NotOfPipeline("a parenthesis is not closed")
            depth += {"(": 1, ")": -1}.get(self.next(), 0)
            self.at += 1
        return first, self.at - 1

    def items(self) -> Iterator[tuple[int, int]]:
        """Go behind a list in parentheses, and yield where each of its items begins and ends."""
        first, last = self.group()
        end, depth, begin = self.at, 0, first
        for index in range(first, last):
            word = self._tokens[index].text
            depth += (word in "([<") - (word in ")]>") if len(word) == 1 else 0
            if word == "," and not depth:
                yield begin, index
                begin = index + 1
        if begin < last:
            yield begin, last
        self.at = end

    def until(self, *stops: tuple[str, ...]) -> str:
        """Return the text up to one of some words that stands outside of parentheses."""
        first, depth = self.at, 0
        while not self.ended:
            if not depth and any(all(self.next(i) == w for i, w in enumerate(stop)) for stop in stops):
                break
            depth += {"(": 1, ")": -1}.get(self.next(), 0)
            self.at += 1
        return self.between(first, self.at)


def _words(text: str) -> Iterator[_Word]:
    from sqlglot import tokenize
    from sqlglot.errors import TokenError

    try:
        tokens = tokenize(text, dialect="databricks")
    except TokenError as error:
        raise NotOfPipeline(str(error).splitlines()[0]) from error
    for token in tokens:
        if token.token_type.name in ("STRING", "IDENTIFIER"):
            yield _Word(token.text, token.start, token.end, True)
            continue
        for word in _PART.finditer(text, token.start, token.end + 1):  # the parser has PARTITIONED BY as one
            yield _Word(word[0], word.start(), word.end() - 1, False)


def take_apart(text: str) -> Definition:
    """Return what a statement defines.

    Raises:
        NotOfPipeline: a pipeline's source cannot hold it, or it cannot be understood.
    """
    words = Words(text)
    if words.take("APPLY", "CHANGES", "INTO") or words.take("AUTO", "CDC", "INTO"):
        target = words.name()
        return Definition(None, target, target, cdc=_cdc(words))
    if words.next() == "USE":
        raise NotOfPipeline("USE is not followed on this machine; write catalog and schema in front of the names")
    if not words.take("CREATE"):
        raise NotOfPipeline("a pipeline's source holds statements that define datasets and flows")
    words.take("OR", "REFRESH") or words.take("OR", "REPLACE")
    if words.take("FLOW"):
        return _flow(words)
    temporary = words.take("TEMPORARY") or words.take("TEMP")
    words.take("PRIVATE")
    lasting = not temporary and words.next() == "VIEW"
    kind: Kind = "temporary view" if lasting and words.take("VIEW") else _kind(words, temporary)
    words.take("IF", "NOT", "EXISTS")
    made = Definition(kind, words.name())
    if words.next() == "(":
        for first, last in words.items():
            _column(made, words, first, last)
    made.refused = made.refused or ("CREATE VIEW" if lasting else "")
    _clauses(made, words)
    return made


def _kind(words: Words, temporary: bool) -> Kind:
    if words.take("MATERIALIZED", "VIEW") or words.take("LIVE", "TABLE"):
        return "materialized view"
    if words.take("STREAMING", "TABLE") or words.take("STREAMING", "LIVE", "TABLE"):
        return "streaming table"
    if words.take("LIVE", "VIEW") or words.take("STREAMING", "LIVE", "VIEW") or (temporary and words.take("VIEW")):
        return "temporary view"
    raise NotOfPipeline(f"CREATE {words.next()} is nothing that a pipeline fills")


def _column(made: Definition, words: Words, first: int, last: int) -> None:
    """Take one item of the list behind a dataset's name: a column, an expectation or a key."""
    words.at = first
    if words.take("CONSTRAINT"):
        name = words.literal()
        if words.take("EXPECT"):
            inside = words.group()
            action: Action = "warn"
            if words.take("ON", "VIOLATION"):
                said = (words.next(), words.next(1))
                if said not in _VIOLATIONS:
                    raise NotOfPipeline(f"ON VIOLATION {' '.join(said).strip()} is not known")
                action = _VIOLATIONS[said]
            made.expectations.append((name, words.between(*inside), action))
        return
    if words.next() in ("PRIMARY", "FOREIGN", "UNIQUE"):
        return
    column = words.literal()
    begin = words.at
    while words.at < last and words.next() not in _COLUMN_ENDS:
        words.at += 1
    made.columns.append((column, words.between(begin, words.at)))
    while words.at < last:
        if words.next() in ("MASK", "GENERATED", "DEFAULT"):
            made.refused = f"{words.next()} of the column {column}"
        words.at += 1


def _clauses(made: Definition, words: Words) -> None:
    while not words.ended:
        if words.take("AS"):
            made.query = words.rest()
        elif words.take("FLOW", "AUTO", "CDC") or words.take("FLOW", "APPLY", "CHANGES"):
            made.cdc = _cdc(words)
        elif words.take("COMMENT") or words.take("USING") or words.take("LOCATION"):
            words.literal()
        elif words.take("PARTITIONED", "BY"):
            made.partitioned_by = tuple(words.between(*each).strip("`") for each in words.items())
        elif words.take("CLUSTER", "BY"):
            if words.next() == "(":
                words.group()
            else:
                words.literal()
        elif words.take("TBLPROPERTIES"):
            for first, last in words.items():
                key, _, value = words.between(first, last).partition("=")
                made.properties[key.strip().strip("'\"")] = value.strip().strip("'\"")
        elif words.take("WITH", "ROW", "FILTER"):
            made.refused = "ROW FILTER"
            words.until(("AS",), ("FLOW",))
        elif words.next() in ("SCHEDULE", "TRIGGER", "DEFAULT", "REFRESH"):
            words.until(("AS",), ("COMMENT",), ("TBLPROPERTIES",), ("FLOW",))
        else:
            raise NotOfPipeline(f"the clause {words.next() or words.literal()} is not known")


def _flow(words: Words) -> Definition:
    name = words.name()
    if words.take("COMMENT"):
        words.literal()
    words.want("AS")
    if words.take("AUTO", "CDC", "INTO") or words.take("APPLY", "CHANGES", "INTO"):
        target = words.name()
        return Definition(None, name, target, cdc=_cdc(words))
    words.want("INSERT", "INTO")
    once = words.take("ONCE")
    target = words.name()
    once = words.take("ONCE") or once
    words.take("BY", "NAME")
    return Definition(None, name, target, words.rest(), once)


def _cdc(words: Words) -> Cdc:
    words.want("FROM")
    if words.take("STREAM", "("):
        source = words.name()
        words.want(")")
    else:
        words.take("STREAM")
        source = words.name()
    made = Cdc(source)
    clauses = (("APPLY",), ("SEQUENCE",), ("COLUMNS",), ("STORED",), ("TRACK",), ("IGNORE",), ("KEYS",))
    while not words.ended:
        if words.take("KEYS"):
            made.keys = [words.between(*each).strip("`") for each in words.items()]
        elif words.take("APPLY", "AS", "DELETE", "WHEN"):
            made.deletes = words.until(*clauses)
        elif words.take("SEQUENCE", "BY"):
            made.sequence_by = words.until(*clauses)
        elif words.take("COLUMNS", "*", "EXCEPT"):
            made.left_out = [words.between(*each).strip("`") for each in words.items()]
        elif words.take("COLUMNS"):
            inside = words.until(*clauses).strip().removeprefix("(").removesuffix(")")
            made.columns = [each.strip().strip("`") for each in inside.split(",")]
        elif words.take("STORED", "AS", "SCD", "TYPE", "1"):
            continue
        elif words.next() in ("STORED", "TRACK", "IGNORE", "APPLY", "SYSTEM"):
            first = words.at
            words.at += 1
            words.until(*clauses)
            made.refused = words.between(first, words.at)
        else:
            raise NotOfPipeline(f"the clause {words.next() or words.literal()} of a change feed is not known")
    if not made.keys or not made.sequence_by:
        raise NotOfPipeline("a change feed needs KEYS (...) and SEQUENCE BY")
    return made
