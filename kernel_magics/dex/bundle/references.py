"""``${...}`` references: the variables, settings and resources that they name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from dex.bundle.effective import Bundle
from dex.bundle.files import BundleFiles
from dex.bundle.models import Finding
from dex.bundle.own_fields import CLASSES
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

#: Any reference, also one that is not well formed.
_ANY = re.compile(r"\$\{([A-Za-z_][^{}]*)\}")
#: What only a workspace or a deployment gives, as the bundle reference names it.
_LATER = {
    "workspace": frozenset(CLASSES["bundle.Workspace"]) | {"current_user"},
    "bundle": frozenset(CLASSES["bundle.Bundle"]) | {"target", "environment", "mode"},
}


def check_references(bundle: Bundle) -> Iterator[Finding]:
    """Yield every reference to something that neither the files nor a workspace gives."""
    for key, part in bundle.tree.entries():
        if key in ("targets", "environments", "scripts"):
            continue  # the chosen target is merged into the rest; in scripts nothing is filled in
        for at in part.walk():
            for reference in _ANY.findall(at.value) if isinstance(at.value, str) and "${" in at.value else ():
                yield from _reference(bundle, at, reference)


def check_variables(bundle: Bundle) -> Iterator[Finding]:
    """Yield variables that nothing uses, that have no value, or whose settings are not known."""
    used = set()
    for file in bundle.files.files:
        for at in file.walk():
            if isinstance(at.value, str) and "${var." in at.value:
                used.update(re.findall(r"\$\{var\.([\w-]+)", at.value))
    variables = bundle.tree.get("variables")
    known = _variables(bundle.files)
    for name, variable in variables.entries() if variables else ():
        if name not in known:
            continue  # a target's, see `check_target_variables`
        if name not in used:
            yield variable.finding("DEX-BUNDLE-19", f"Nothing uses the variable '{name}'.", "warning")
        elif f"BUNDLE_VAR_{name}" not in os.environ and not any(map(variable.get, ("default", "lookup"))):
            said = f"The variable '{name}' has no value: give it with `--var {name}=...` or BUNDLE_VAR_{name}."
            yield variable.finding("DEX-BUNDLE-20", said, "warning")


def check_target_variables(bundle: Bundle) -> Iterator[Finding]:
    """Yield values that a target gives to variables which are not there."""
    known = _variables(bundle.files)
    for target, definition in bundle.files.targets():
        variables = definition.get("variables")
        for name, value in variables.entries() if variables else ():
            if name not in known:
                said = f"Target '{target}' sets the variable '{name}', which the bundle does not have.{nearest(name, known)}"
                yield value.finding("DEX-BUNDLE-17", said)


def _variables(files: BundleFiles) -> set[str]:
    """Return the names of the variables that the files define outside of targets."""
    return {name for file in files.files if (variables := file.get("variables")) for name, _ in variables.entries()}


def _reference(bundle: Bundle, at: At, reference: str) -> Iterator[Finding]:
    words = reference.split(".")
    if words[0] == "var" and len(words) > 1:
        variables = bundle.tree.get("variables")
        known = {name for name, _ in variables.entries()} if variables else set()
        name = words[1].partition("[")[0]
        if name not in known:
            yield at.finding("DEX-BUNDLE-17", f"There is no variable '{name}'.{nearest(name, known)}")
        elif (
            len(words) > 2
            and (variable := bundle.tree.at("variables", name, "default"))
            and isinstance(variable.value, dict)
        ):
            inside = words[2].partition("[")[0]
            if inside not in variable.value:
                said = f"The variable '{name}' has no `{inside}`.{nearest(inside, variable.value)}"
                yield at.finding("DEX-BUNDLE-17", said)
        return
    if words[0] == "resources" and len(words) > 2:
        if any(bundle.tree.at(*where) is not None for where in _PYTHON):
            return  # Python code adds resources, which are known when it runs
        of_kind = bundle.tree.at("resources", words[1])
        known = set(of_kind.value) if of_kind is not None and isinstance(of_kind.value, dict) else set()
        if words[2] not in known:
            said = f"There is no resource `{words[1]}.{words[2]}`.{nearest(words[2], known)}"
            yield at.finding("DEX-BUNDLE-17", said)
        return
    later = _LATER.get(words[0])
    if later is not None:
        if len(words) > 1 and words[1] not in later:
            yield at.finding("DEX-BUNDLE-17", f"`{words[0]}` has no `{words[1]}`.{nearest(words[1], later)}")
        return
    if words[0] not in ("artifacts", "presets", "sync", "permissions"):
        yield at.finding("DEX-BUNDLE-17", f"`${{{reference}}}` names nothing.{nearest(words[0], _ROOTS)}")


#: Where a bundle says that Python code defines resources.
_PYTHON = (("python", "resources"), ("experimental", "python", "resources"), ("experimental", "pydabs"))
_ROOTS = frozenset({"var", "resources", "workspace", "bundle", "artifacts"})
