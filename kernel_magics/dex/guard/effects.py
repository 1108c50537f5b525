"""What a request would do, as the guard sees it: what it changes, and which files it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["table", "schema", "catalog", "path", "unknown"]


@dataclass(frozen=True)
class Write:
    """Something that outlives the session would change.

    Attributes:
        operation: what a person calls it, such as ``INSERT`` or ``saveAsTable``.
        level: what the name stands for; ``unknown`` if nobody can tell what would be written.
        name: parts of the name of a table, view, function, volume or schema, outermost first; the catalog alone for
            ``catalog``; the path alone for ``path``.
        reason: why the target is not known, for ``unknown``.
        named: catalogs that three-part names in a text that is not understood begin with.
        hidden: whether there may be other names than those: computed ones, or in a part that was not read.
    """

    operation: str
    level: Level
    name: tuple[str, ...] = ()
    reason: str = ""
    named: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def target(self) -> str:
        """The name as people write it."""
        return ".".join(self.name)


@dataclass(frozen=True)
class Use:
    """The session's current catalog would change.

    Attributes:
        catalog: its new current catalog.
        sure: whether the statement names a catalog and nothing else that could be missing, so that it is current
            afterwards.
        perhaps_schema: whether the name may also be that of a schema, as in ``USE x``.
    """

    catalog: str
    sure: bool
    perhaps_schema: bool = False


@dataclass(frozen=True)
class Setting:
    """A setting of Spark or an option of a writer."""

    key: str
    value: str
    operation: str


@dataclass(frozen=True)
class Read:
    """Files would be read.

    Attributes:
        operation: what a person calls it, such as ``spark.read``.
        path: the path or pattern; empty if it names none where the engine looks for it.
    """

    operation: str
    path: str


@dataclass(frozen=True)
class Stream:
    """A streaming query would be started.

    Attributes:
        sink: where it would write, in a person's words; empty for the console and for nowhere.
    """

    sink: str


Effect = Write | Use | Setting | Read | Stream


def split_name(text: str) -> tuple[str, ...]:
    """Return the parts of a name as Spark reads it: dots separate, backticks quote, two backticks are one.

    >>> split_name("dev.`my-schema`.t")
    ('dev', 'my-schema', 't')
    """
    parts, part, quoted, index = [], "", False, 0
    while index < len(text):
        char = text[index]
        if char == "`":
            if quoted and text[index + 1 : index + 2] == "`":
                part += "`"
                index += 1
            else:
                quoted = not quoted
        elif char == "." and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += char
        index += 1
    return (*parts, part.strip())


def written_table(operation: str, text: str) -> Write:
    """Return the write to a table that a text names; ``delta.`/a/path``` is a path."""
    return written_name(operation, split_name(text))


def written_name(operation: str, parts: tuple[str, ...]) -> Write:
    """Return the write to a table of that name, or to the path that stands in its place."""
    if not parts or not all(parts):
        return Write(operation, "unknown", reason="it has no readable name")
    if len(parts) == 2 and "/" in parts[1]:
        return Write(operation, "path", (parts[1],))
    return Write(operation, "table", parts)
