"""The names that schemas get when they are deployed: a target for development puts its user before them."""

from __future__ import annotations

import re

from dex.bundle.effective import Bundle

_SIGNS = re.compile(r"[\W_]+")


def schema_prefix(bundle: Bundle, short_name: str) -> str:
    """Return what the platform's tool puts before the name of every schema of a target; nothing where it puts nothing.

    Source: what the tool does in ``apply_target_mode`` and ``apply_presets``. ``mode: development`` has the prefix
    ``[dev <short name>] `` unless ``presets.name_prefix`` says another. Before a schema it stands in lower case, with
    one underscore for whatever is neither letter nor digit, and none at its ends except for a closing bracket.

    Args:
        bundle: the bundle, as the target makes it.
        short_name: short name of whoever deploys.
    """
    skipped = bundle.tree.at("experimental", "skip_name_prefix_for_schema")
    if skipped is not None and str(skipped.value).lower() == "true":
        return ""
    given = bundle.tree.at("presets", "name_prefix")
    prefix = str(given.value) if given is not None and given.value else ""
    if not prefix and bundle.mode == "development":
        prefix = f"[dev {short_name}] "
    prefix = prefix.strip(" ")
    return _SIGNS.sub("_", prefix.lower()).strip("_") + ("_" if prefix.endswith("]") else "")
