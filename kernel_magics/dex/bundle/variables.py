"""``${...}``: the values that variables, the bundle itself and other settings give to a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from dex.bundle.tree import At

#: What the tool fills in; ``$${...}`` is the text ``${...}``.
REFERENCE = re.compile(r"(?<!\$)\$\{([A-Za-z_][\w-]*(?:(?:\.[A-Za-z0-9_][\w-]*)|(?:\[\d+\]))*)\}")
_DEEPEST = 16


class Resolver:
    """Fills in references.

    Args:
        root: the bundle, merged with its target.
        variables: values given from outside, by name; they win over every default.
        facts: values of what only a workspace or a deployment knows, by reference, such as
            ``workspace.current_user.userName``.
    """

    def __init__(self, root: At, variables: Mapping[str, str], facts: Mapping[str, str]) -> None:
        self._root, self._variables, self._facts = root, variables, facts

    def resolve(self, at: At) -> At:
        """Return a value with every reference below it filled in; what nothing here gives stays as it is written."""
        return at.map(lambda scalar: self._scalar(scalar, ()))

    def _scalar(self, at: At, within: tuple[str, ...]) -> At:
        """Return a scalar filled in.

        Args:
            at: the scalar.
            within: references that are being filled in: one that comes back to itself stays as it is written.
        """
        if not isinstance(at.value, str) or "${" not in at.value or len(within) > _DEEPEST:
            return at
        whole = REFERENCE.fullmatch(at.value)
        if whole:
            found = self._value(whole[1], within)
            if found is None or _is_around(found, at):
                return at
            filled = found.map(lambda scalar: self._scalar(scalar, (*within, whole[1])))
            return replace(filled, path=at.path, file=at.file, line=at.line, column=at.column)

        def text(match: re.Match[str]) -> str:
            found = self._value(match[1], within)
            if found is None or isinstance(found.value, dict | list):
                return match[0]
            value = self._scalar(found, (*within, match[1])).value
            return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)

        return replace(at, value=REFERENCE.sub(text, at.value))

    def value(self, reference: str) -> At | None:
        """Return what a reference names, as it is written there; None where only a workspace knows or nothing does."""
        return self._value(reference, ())

    def _value(self, reference: str, within: tuple[str, ...]) -> At | None:
        if reference in within:
            return None
        if reference in self._facts:
            return replace(self._root, value=self._facts[reference])
        steps = [part for part in re.split(r"[.\[\]]", reference) if part]
        if steps[0] == "resources" and len(steps) == 3:
            return None  # a resource with all its fields is no value
        if steps[0] == "var" and len(steps) > 1:
            if steps[1] in self._variables:
                return replace(self._root, value=self._variables[steps[1]])
            found = self._root.at("variables", steps[1], "default")
            return self._below(found, steps[2:], (*within, reference))
        return self._below(self._root, steps, (*within, reference))

    def _below(self, at: At | None, steps: list[str], within: tuple[str, ...]) -> At | None:
        for step in steps:
            if at is not None and isinstance(at.value, str):  # a variable that names another one
                at = self._scalar(at, within)
            if at is None:
                return None
            if isinstance(at.value, list) and step.isdigit():
                at = at.value[int(step)] if int(step) < len(at.value) else None
            else:
                at = at.get(step)
        return at


def _is_around(found: At, at: At) -> bool:
    """Return whether a value holds the reference to it."""
    return bool(found.path) and at.path[: len(found.path)] == found.path
