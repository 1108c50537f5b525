"""Statements that several tables of a notebook begin with: one function that all of them call."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dex.export.declarative.reading import Declaration, Read
from dex.notebook import flow_of


@dataclass(frozen=True)
class Shared:
    """What several tables begin with.

    Attributes:
        function: name of the function that makes it.
        name: name that the notebook gives it.
        at: number of the statement that sets the name.
        steps: numbers of the statements that it takes, that one last.
    """

    function: str
    name: str
    at: int
    steps: tuple[int, ...]


def shared_frames(read: Read, taken: set[str]) -> dict[int, Shared]:
    """Return what tables of a notebook have in common, by the number of the statement that writes each.

    Args:
        read: the notebook.
        taken: names that are not free for functions; those that are given are added.
    """
    found: dict[int, Shared] = {}
    users: dict[int, list[Declaration]] = {}
    for made in read.declarations:
        for at in made.steps:
            users.setdefault(at, []).append(made)
    common = {at: _steps_of(read, at) for at, several in users.items() if len(several) > 1}
    for at, steps in sorted(common.items(), key=lambda each: (-len(each[1]), -each[0])):
        fitting = [made for made in users[at] if made.at not in found and _fits(read, made, at, steps)]
        if len(steps) < 2 or len(fitting) < 2:
            continue
        (name,) = read.stepped.steps[at].flow.binds
        shared = Shared(_free(f"make_{name}", taken), name, at, steps)
        found |= {made.at: shared for made in fitting}
    return found


def _steps_of(read: Read, at: int) -> tuple[int, ...]:
    """Return the statements that make what one of them sets; none where it sets more than a name."""
    node = read.stepped.steps[at].node
    plain = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    return (*read.slices.needed(read.stepped.steps[at].flow.needs, at), at) if plain else ()


def _fits(read: Read, made: Declaration, at: int, steps: Sequence[int]) -> bool:
    """Return whether a table needs nothing of some statements but what the last one sets."""
    all_steps = read.stepped.steps
    if not set(steps) <= set(made.steps):
        return False
    needs: Mapping[int, Sequence[str]] = {
        **{each: all_steps[each].flow.needs for each in made.steps if each not in steps},
        made.at: flow_of(ast.parse(made.write.frame)).needs,
    }
    (name,) = all_steps[at].flow.binds
    makers = {(read.slices.maker(each, below), each) for below, names in needs.items() for each in names}
    return all(maker not in steps or (maker, each) == (at, name) for maker, each in makers)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
