"""A generated YAML file made anew beside what a person has changed in it: what dex owns changes, nothing else does.

Three texts: what was generated last, what stands there now, what is generated now. Where a value is as it was generated,
it becomes the new one; where a person changed it, it stays. Comments, order, quotes, anchors and further keys are not
touched: the text is spliced at the places of single values, and the result is believed only if it reads as it should.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from dex_dbutils import BundleError, Where

#: The keys by which items of a list are known.
_KEYS = ("task_key", "environment_key", "job_cluster_key", "name", "stage", "job", "deployment", "displayName")
_NONE: Any = object()
_NOTHING = ("tag:yaml.org,2002:null", "")  # the value of a key that has none


@dataclass
class Regenerated:
    """What became of a file.

    Attributes:
        text: the file's new text.
        kept: dotted paths of values that a person changed and dex would write otherwise.
    """

    text: str
    kept: list[str] = field(default_factory=list)


def regenerate(there: str, before: str | None, new: str, file: str = "") -> Regenerated:
    """Return a file with what changed between two generations carried over, and nothing else.

    Args:
        there: the file's text.
        before: what was generated last; None where that is not known: then only what is missing is added.
        new: what is generated now.
        file: its name, for messages.

    Raises:
        BundleError: DEX-BUNDLE-50, the file is not YAML, or cannot take the change; it is untouched.
    """
    if there in (before, new):
        return Regenerated(new)
    old, wanted = (_compose(text, file) if text is not None else None for text in (before, new))
    now = _compose(there, file)
    merge = _Merge(there, new)
    expected = merge.values(_plain(old) if old is not None else _NONE, now, _plain(wanted), wanted, ())
    newline = "\r\n" if "\r\n" in there else "\n"
    text = merge.spliced(newline)
    try:
        read = _plain(_compose(text, file))
    except BundleError:
        read = _NONE
    if read != expected and not there.endswith("\n"):  # a block of text that ends the file gets its last newline
        return regenerate(there + newline, before, new, file)
    if read != expected:
        raise BundleError(
            "DEX-BUNDLE-50",
            f"What dex changes in {file or 'the file'} cannot be written between what stands there: "
            f"{', '.join(merge.changed) or 'its shape'}.",
            Where(file),
            "Make the change by hand, or take the file away and export again.",
        )
    return Regenerated(text, merge.kept)


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _only_text_keys(node, set())
        return node
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Where(file, line=mark.line + 1, column=mark.column + 1) if mark else Where(file)
        raise BundleError(
            "DEX-BUNDLE-50", f"{file or 'The file'} is not YAML: {getattr(error, 'problem', error)}.", place, "Mend it."
        ) from error


def _only_text_keys(node: yaml.Node | None, seen: set[int]) -> None:
    """Raise an error where a key is no text, as in ``{{ name }}`` without quotes; nodes that aliases share count once."""
    if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
        return
    seen.add(id(node))
    for item in node.value:
        if isinstance(item, tuple) and not isinstance(item[0], yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key must be text", problem_mark=item[0].start_mark)
        for each in item if isinstance(item, tuple) else (item,):
            _only_text_keys(each, seen)


def _plain(node: yaml.Node | None) -> Any:
    """Return a node's values: texts with their tags, so that ``"1"`` is not ``1``."""
    if isinstance(node, yaml.MappingNode):
        own: dict[Any, Any] = {}
        inherited: dict[Any, Any] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    inherited = {**_plain(source), **inherited}
            else:
                own[key.value] = _plain(value)
        return {**inherited, **own}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.ScalarNode):
        return (node.tag, node.value)
    return None


class _Merge:
    """Walks the three trees; collects splices of the text."""

    def __init__(self, there: str, new: str) -> None:
        self._there, self._new = there, new
        self._splices: list[tuple[int, int, Any]] = []  # from, to, text or lines to put in at an indentation
        self._filled: set[int] = set()  # flow collections that got an entry, by where they begin
        self.kept: list[str] = []
        self.changed: list[str] = []

    def values(
        self, before: Any, node: yaml.Node | None, new: Any, made: yaml.Node | None, path: tuple[str, ...]
    ) -> Any:
        """Return what a value becomes, and note the splices that make it so."""
        there = _plain(node)
        if there == new:
            return there
        if isinstance(node, yaml.MappingNode) and isinstance(new, dict):
            return self._mapping(before if isinstance(before, dict) else {}, node, new, made, path)
        if isinstance(node, yaml.SequenceNode) and isinstance(new, list):
            return self._sequence(before if isinstance(before, list) else [], node, new, made, path)
        if before is not _NONE and there == before and node is not None and made is not None:
            self._replace(node, made, path)
            return new
        if before is _NONE and isinstance(node, yaml.ScalarNode) and there == _NOTHING and made is not None:
            self._fill(node, made, path)
            return new
        if before is not _NONE and before != new or before is _NONE:
            self.kept.append(".".join(path))
        return there

    def _mapping(
        self,
        before: dict[str, Any],
        node: yaml.MappingNode,
        new: dict[str, Any],
        made: yaml.Node | None,
        path: tuple[str, ...],
    ) -> dict[str, Any]:
        found = _plain(node)
        done = len(self._splices)
        own = {key.value: (key, value) for key, value in node.value if key.tag != "tag:yaml.org,2002:merge"}
        sources = {key.value: (key, value) for key, value in made.value} if made is not None else {}
        added: list[str] = []
        for name, wanted in new.items():
            if name in own:
                found[name] = self.values(
                    before.get(name, _NONE), own[name][1], wanted, sources[name][1], (*path, name)
                )
            elif name in found:  # through a merge key: another value stands beside it
                if found[name] != wanted and found[name] == before.get(name, _NONE):
                    added.append(name)
            elif name not in before:
                added.append(name)
            elif before[name] != wanted:
                self.kept.append(".".join((*path, name)))
        for name in [name for name in before if name not in new and name in own]:
            if _holds(found[name], before[name]):
                self._delete_entry(node, *own[name])
                self.changed.append(".".join((*path, name)))
                del found[name]
        for name in added:
            found[name] = new[name]
            self._insert_entry(node, *sources[name])
            self.changed.append(".".join((*path, name)))
        if not found:
            self._empty(node, done, "{}")
        return dict(found)

    def _sequence(
        self, before: list[Any], node: yaml.SequenceNode, new: list[Any], made: yaml.Node | None, path: tuple[str, ...]
    ) -> list[Any]:
        sources = made.value if made is not None else []
        old = {_name(item): item for item in before}
        wanted = {_name(item): (item, source) for item, source in zip(new, sources, strict=True)}
        found: list[Any] = []
        done = len(self._splices)
        seen = set()
        for item in node.value:
            plain = _plain(item)
            name = _name(plain)
            seen.add(name)
            if name in wanted:
                found.append(self.values(old.get(name, _NONE), item, *wanted[name], (*path, str(name[-1]))))
            elif name in old and _holds(plain, old[name]):
                self._delete_item(node, item)
                self.changed.append(".".join((*path, str(name[-1]))))
            else:
                found.append(plain)
        for name, (value, source) in wanted.items():
            if name not in seen and name not in old:
                found.append(value)
                self._insert_item(node, source)
                self.changed.append(".".join((*path, str(name[-1]))))
        if not found:
            self._empty(node, done, "[]")
        return found

    def _empty(self, node: yaml.CollectionNode, done: int, text: str) -> None:
        """Write a collection that lost its last entry as an empty one: a block without entries would be nothing."""
        if node.value and not node.flow_style:
            del self._splices[done:]
            end = _end(node)
            newline = "\n" if self._there[end - 1 : end] == "\n" else ""
            self._splices.append((node.start_mark.index, end, text + newline))

    def _replace(self, node: yaml.Node, made: yaml.Node, path: tuple[str, ...]) -> None:
        self.changed.append(".".join(path))
        if isinstance(node, yaml.ScalarNode) and isinstance(made, yaml.ScalarNode) and made.style not in ("|", ">"):
            text = self._new[made.start_mark.index : made.end_mark.index]
            end = node.end_mark.index
            if node.style in ("|", ">"):
                text += "\n"
            self._splices.append((node.start_mark.index, end, text))
        else:
            self._splices.append((node.start_mark.index, _end(node), _flow(made)))

    def _fill(self, node: yaml.ScalarNode, made: yaml.Node, path: tuple[str, ...]) -> None:
        """Write a value behind a key that has none."""
        self.changed.append(".".join(path))
        begin = node.start_mark.index
        if isinstance(made, yaml.CollectionNode) and not made.flow_style:
            line = self._there[self._there.rfind("\n", 0, begin) + 1 : begin]
            column = len(line) - len(line.lstrip(" -")) + 2
            self._insert_lines(begin, column, self._lines(made.start_mark.index, _end(made)))
        else:
            self._splices.append((begin, begin, f" {_flow(made)}"))

    def _delete_entry(self, node: yaml.MappingNode, key: yaml.Node, value: yaml.Node) -> None:
        self._delete(
            node,
            key.start_mark.index,
            max(_end(value), key.end_mark.index),
            [k.start_mark.index for k, _ in node.value],
        )

    def _delete_item(self, node: yaml.SequenceNode, item: yaml.Node) -> None:
        begin = item.start_mark.index
        if not node.flow_style:
            begin = self._there.rfind("-", 0, begin)
        self._delete(node, begin, _end(item), [i.start_mark.index for i in node.value])

    def _delete(self, node: Any, begin: int, end: int, starts: list[int]) -> None:
        text = self._there
        if node.flow_style:
            after = re.compile(r"\s*,[ \t]*").match(text, end)
            comma = re.compile(r",\s*$").search(text[:begin])
            if after:
                end = after.end()
            elif comma:
                begin = comma.start()
        else:
            line = text.rfind("\n", 0, begin) + 1
            if text[line:begin].strip(" "):  # the first key of a list's item: the dash stays for the next one
                following = [start for start in starts if start > begin]
                end = min(following) if following else end
            else:
                begin = line
                stop = text.find("\n", max(begin, end - 1 if text[end - 1 : end] == "\n" else end))
                end = len(text) if stop < 0 else stop + 1
        self._splices.append((begin, end, ""))

    def _insert_entry(self, node: yaml.MappingNode, key: yaml.Node, value: yaml.Node) -> None:
        if node.flow_style:
            self._insert_in_flow(node, f"{self._new[key.start_mark.index : key.end_mark.index]}: {_flow(value)}")
            return
        first = node.value[0][0]
        self._insert_lines(_end(node), first.start_mark.column, self._lines(key.start_mark.index, _end(value)))

    def _insert_item(self, node: yaml.SequenceNode, item: yaml.Node) -> None:
        if node.flow_style:
            self._insert_in_flow(node, _flow(item))
            return
        begin = self._new.rfind("-", 0, item.start_mark.index)
        dash = self._there.rfind("-", 0, node.value[0].start_mark.index)
        column = dash - (self._there.rfind("\n", 0, dash) + 1)
        self._insert_lines(_end(node), column, self._lines(begin, _end(item)))

    def _insert_in_flow(self, node: Any, text: str) -> None:
        again = node.start_mark.index in self._filled
        self._filled.add(node.start_mark.index)
        if not node.value:
            end = node.end_mark.index - 1
            self._splices.append((end, end, f", {text}" if again else text))
            return
        end = _last_end(node, self._there)
        comma = re.compile(r"\s*,").match(self._there, end)
        if comma:  # one behind the last entry stays one behind the last entry
            self._splices.append((comma.end(), comma.end(), f" {text},"))
        else:
            self._splices.append((end, end, f", {text}"))

    def _lines(self, begin: int, end: int) -> list[str]:
        """Return lines of the new text, without their indentation."""
        column = begin - (self._new.rfind("\n", 0, begin) + 1)
        lines = self._new[begin:end].rstrip("\n").split("\n")
        return [lines[0], *(line[column:] for line in lines[1:])]

    def _insert_lines(self, end: int, column: int, lines: list[str]) -> None:
        text = self._there
        stop = end if text[end - 1 : end] == "\n" else text.find("\n", end)
        stop = len(text) if stop < 0 else stop if text[stop - 1 : stop] == "\n" and stop == end else stop + 1
        self._splices.append((stop, stop, [" " * column + line if line else "" for line in lines]))

    def spliced(self, newline: str) -> str:
        """Return the text with every splice done."""
        text = self._there
        in_order = sorted(enumerate(self._splices), key=lambda each: (each[1][0], each[0]))
        for _, (begin, end, made) in reversed(in_order):  # from the end, so that places hold
            if isinstance(made, list):
                lead = "" if begin == 0 or text[begin - 1] == "\n" else newline
                made = lead + newline.join(made) + newline
            text = text[:begin] + made + text[end:]
        return text


def _end(node: yaml.Node) -> int:
    """Return where a value's text ends: a block's ends with its last value, not with the comments behind it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        if not isinstance(last, tuple):
            return _end(last)
        key, value = last
        inside = value.start_mark.index >= key.end_mark.index  # else an alias
        return max(_end(value), key.end_mark.index) if inside else int(key.end_mark.index)
    return int(node.end_mark.index)


def _last_end(node: Any, text: str) -> int:
    """Return where the last entry of a flow collection ends; an alias stands where its anchor does not."""
    last = node.value[-1]
    begin = last[0].end_mark.index if isinstance(last, tuple) else node.start_mark.index
    value = last[1] if isinstance(last, tuple) else last
    if begin <= value.start_mark.index < node.end_mark.index:
        return _end(value)
    return len(text[: node.end_mark.index - 1].rstrip().removesuffix(","))


def _name(item: Any) -> tuple[Any, ...]:
    """Return by what an item of a list is known: its key, or itself."""
    if isinstance(item, dict):
        for key in _KEYS:
            if key in item and isinstance(item[key], tuple):
                return (key, item[key][1])
    return ("", repr(item))


def _holds(there: Any, before: Any) -> bool:
    """Return whether all that was generated stands as it was, whatever a person has added."""
    if isinstance(there, dict) and isinstance(before, dict):
        return all(key in there and _holds(there[key], value) for key, value in before.items())
    if isinstance(there, list) and isinstance(before, list):
        named = {_name(item): item for item in there}
        return all(_name(item) in named and _holds(named[_name(item)], item) for item in before)
    return bool(there == before)


def _flow(node: yaml.Node) -> str:
    """Return a value on one line."""
    return str(yaml.serialize(_in_flow(node), width=10_000).replace("\n...", "").strip())


def _in_flow(node: yaml.Node) -> yaml.Node:
    if isinstance(node, yaml.MappingNode):
        pairs = [(_in_flow(key), _in_flow(value)) for key, value in node.value]
        return yaml.MappingNode(node.tag, pairs, flow_style=True)
    if isinstance(node, yaml.SequenceNode):
        return yaml.SequenceNode(node.tag, [_in_flow(item) for item in node.value], flow_style=True)
    assert isinstance(node, yaml.ScalarNode)
    style = node.style if node.style in ("'", '"') else '"' if node.style in ("|", ">") else None
    return yaml.ScalarNode(node.tag, node.value, style=style)
