"""Who may do what: permissions of the bundle and of its resources, and who a job runs as."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dex.bundle.effective import Bundle
from dex.bundle.fields import api, shown
from dex.bundle.models import Finding
from dex.bundle.own_fields import LEVELS
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

#: Kinds that may run as somebody.
_RUN_AS = ("alerts", "jobs", "pipelines")
_WHO = ("user_name", "group_name", "service_principal_name")
#: Levels of a bundle's own permissions, which the tool turns into those of each resource.
_OF_ALL = frozenset({"CAN_MANAGE", "CAN_VIEW", "CAN_RUN"})


def check_permissions(bundle: Bundle) -> Iterator[Finding]:
    """Yield permissions that give a level that is none, or to nobody, or to several at once."""
    yield from _permissions(bundle.tree, _OF_ALL)
    yield from _somebody_manages(bundle.tree)
    yield from _run_as(bundle.tree.get("run_as"))
    for kind, words in LEVELS.items():
        for _, resource in bundle.resources(kind):
            yield from _permissions(resource, api()["enums"][words])
            if kind in _RUN_AS:
                yield from _run_as(resource.get("run_as"))


def _permissions(owner: At, levels: Collection[str]) -> Iterator[Finding]:
    at = owner.get("permissions")
    if at is not None and not isinstance(at.value, list | None) and "${" not in str(at.value):
        yield at.finding("DEX-BUNDLE-03", "`permissions` must be a list: its entries begin with `- `.")
    for each in owner.items("permissions"):
        level = each.get("level")
        if not isinstance(each.value, dict):
            if "${" not in str(each.value):
                said = (
                    f"An entry of `permissions` must hold keys and values: `{{level: ..., group_name: {each.value}}}`."
                )
                yield each.finding("DEX-BUNDLE-03", said)
            continue
        if level is not None and isinstance(level.value, list | dict):
            yield level.finding("DEX-BUNDLE-03", f"`level` must be text, not {shown(level)}.")
        if level is None:
            yield each.finding("DEX-BUNDLE-23", f"A permission needs `level`: {', '.join(sorted(levels))}.")
        elif isinstance(level.value, str) and "${" not in level.value and level.value not in levels:
            yield level.finding("DEX-BUNDLE-07", f"`level` cannot be {level.value!r}.{nearest(level.value, levels)}")
        given = [who for who in _WHO if each.get(who) is not None]
        unknown = [(key, entry) for key, entry in each.entries() if key not in (*_WHO, "level")]
        if len(given) != 1 and not (unknown and not given):  # else one of them is there, misspelt
            said = "nobody" if not given else " and ".join(given)
            yield each.finding("DEX-BUNDLE-23", f"A permission is given to one of {', '.join(_WHO)}; here to {said}.")
        for key, entry in unknown:
            yield entry.finding(
                "DEX-BUNDLE-06", f"`{key}` is not a key of a permission.{nearest(key, (*_WHO, 'level'))}"
            )


def _somebody_manages(tree: At) -> Iterator[Finding]:
    """Yield a warning where the bundle's permissions leave out whoever deploys.

    Source: the vendor's tool warns of it, and its strict mode fails then.
    """
    at = tree.get("permissions")
    levels = [each.text("level") for each in tree.items("permissions")]
    if at is not None and levels and not any(level is None or "MANAGE" in level or "${" in level for level in levels):
        yield at.finding(
            "DEX-BUNDLE-23",
            "`permissions` gives nobody CAN_MANAGE: only whoever deploys first may change what is deployed. Give it to a user or a group.",
            "warning",
        )


def _run_as(at: At | None) -> Iterator[Finding]:
    if at is None:
        return
    given = [who for who in _WHO if at.get(who) is not None]
    if len(given) != 1 and all(key in _WHO for key, _ in at.entries()):
        said = "nobody" if not given else " and ".join(given)
        yield at.finding("DEX-BUNDLE-23", f"`run_as` names one user or service principal; here {said}.")
