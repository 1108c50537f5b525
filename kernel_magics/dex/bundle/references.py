"""``${...}`` references: the variables, settings and resources that they name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from dex.bundle.effective import Bundle
from dex.bundle.fields import shown
from dex.bundle.files import BundleFiles
from dex.bundle.models import Finding
from dex.bundle.own_fields import CLASSES, KINDS
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

#: Any reference, also one that is not well formed; ``$${...}`` is none.
_ANY = re.compile(r"(?<!\$)\$\{([A-Za-z_][^{}]*)\}")
#: Keys below the top whose texts a shell or a person reads too.
_OF_OTHERS = {"artifacts": "build", "variables": "description", "scripts": "content"}
#: How variables of a shell are written.
_OF_SHELL = re.compile(r"[A-Z][A-Z0-9_]*")
#: The platform's tool has put ``/Workspace`` before these since 0.230, takes it away here, and warns.
_TWICE = re.compile(r"/Workspace/?\$\{workspace\.(?:root|file|artifact|state)_path\}")
#: What only a workspace or a deployment gives, as the bundle reference names it.
_LATER = {
    "workspace": frozenset(CLASSES["bundle.Workspace"]) | {"current_user"},
    "bundle": frozenset(CLASSES["bundle.Bundle"]) | {"target", "environment", "mode"},
}


#: A reference with blanks, which is none.
_SPACED = re.compile(r"(?<!\$)\$\{(?:\s+([\w.-]+)\s*|([\w.-]+)\s+)\}")
#: What is known of whoever deploys; source: the platform's page on substitutions.
_OF_USER = ("displayName", "domain_friendly_name", "id", "short_name", "userName")


def check_references(bundle: Bundle) -> Iterator[Finding]:
    """Yield every reference to something that neither the files nor a workspace gives."""
    said: set[str] = set()
    for key, part in sorted(bundle.tree.entries(), key=lambda entry: entry[0] != "variables"):
        if key in ("targets", "environments"):
            continue  # the chosen target is merged into the rest
        for at, of_others in _texts(key, part):
            for reference in _ANY.findall(at.value):
                if reference in said or (of_others and reference.partition(".")[0] not in _ALL_ROOTS):
                    continue  # said where a variable has it; of a shell, or of whoever reads a description
                for finding in _reference(bundle, at, reference):
                    yield finding
                    if key == "variables":
                        said.add(reference)
            for spaced in () if of_others else _SPACED.finditer(at.value):
                inside = spaced[1] or spaced[2]
                if inside.partition(".")[0] in _ALL_ROOTS:
                    said_of = f"`{spaced[0]}` is not filled in: a reference has no blanks. Write `${{{inside}}}`."
                    yield at.finding("DEX-BUNDLE-17", said_of)
            for twice in _TWICE.findall(at.value):
                text = f"`{twice}` begins with /Workspace twice: the path has it already. Write `{twice[twice.index('$') :]}`."
                yield at.finding("DEX-BUNDLE-17", text, "warning")


def _texts(key: str, part: At) -> Iterator[tuple[At, bool]]:
    """Yield the texts with references of a top-level part, and whether others than the platform's tool read them too."""
    for at in part.walk():
        if isinstance(at.value, str) and "${" in at.value:
            word = _OF_OTHERS.get(key)
            yield at, word is not None and any(each.get(word) is at for _, each in part.entries())


def check_variables(bundle: Bundle) -> Iterator[Finding]:
    """Yield variables that nothing uses, that have no value, or whose settings are not known."""
    used = set()
    for file in bundle.files.files:
        for at in file.walk():
            if isinstance(at.value, str) and "${var" in at.value:
                used.update(re.findall(r"\$\{var(?:iables)?\.([\w-]+)", at.value))
    variables = bundle.tree.get("variables")
    known = variable_names(bundle.files)
    for name, variable in variables.entries() if variables else ():
        if name not in known:
            continue  # a target's, see `check_target_variables`
        yield from _variable(name, variable)
        if name not in used:
            yield variable.finding("DEX-BUNDLE-19", f"Nothing uses the variable '{name}'.", "warning")
        elif f"BUNDLE_VAR_{name}" not in os.environ and not _has_value(variable):
            said = f"The variable '{name}' has no value: give it with `--var {name}=...` or BUNDLE_VAR_{name}."
            yield variable.finding("DEX-BUNDLE-20", said, "warning")


def _variable(name: str, variable: At) -> Iterator[Finding]:
    """Yield where a variable is not what it says; source: the platform's page on variables."""
    default, lookup, kind = variable.get("default"), variable.get("lookup"), variable.text("type")
    if lookup is not None and isinstance(lookup.value, dict) and len(lookup.value) > 1:
        yield lookup.finding("DEX-BUNDLE-21", f"`lookup` looks for one thing; here for {' and '.join(lookup.value)}.")
    if default is None or default.value is None or "${" in str(default.value):
        return
    if isinstance(default.value, dict | list) and kind is None:
        said = f"The variable '{name}' is {shown(default)}, and a text unless it says otherwise: add `type: complex`."
        yield default.finding("DEX-BUNDLE-03", said, "warning")
    elif kind == "complex" and not isinstance(default.value, dict | list):
        said = f"The variable '{name}' is of `type: complex`, a list or keys and values; its value is {shown(default)}."
        yield default.finding("DEX-BUNDLE-03", f"{said} Take `type` away.")


def _has_value(variable: At) -> bool:
    """Return whether a variable has a value, or could have been meant to: `catalog: dev` is told elsewhere."""
    return not isinstance(variable.value, dict | None) or any(map(variable.get, ("default", "lookup")))


def check_target_variables(bundle: Bundle) -> Iterator[Finding]:
    """Yield values that a target gives to variables which are not there."""
    known = variable_names(bundle.files)
    for target, definition in bundle.files.targets():
        variables = definition.get("variables")
        for name, value in variables.entries() if variables else ():
            if name not in known:
                said = f"Target '{target}' sets the variable '{name}', which the bundle does not have.{nearest(name, known)}"
                yield value.finding("DEX-BUNDLE-17", said)


def variable_names(files: BundleFiles) -> set[str]:
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
            len(words) == 2
            and name == words[1]
            and at.value != f"${{{reference}}}"
            and (default := bundle.tree.at("variables", name, "default"))
            and isinstance(default.value, dict | list)
        ):
            said = f"`${{{reference}}}` is {shown(default)}, which cannot be a part of a text. Name a part of it, or write it alone."
            yield at.finding("DEX-BUNDLE-17", said)
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
        if words[1] not in KINDS:
            yield at.finding("DEX-BUNDLE-17", f"`{words[1]}` is no kind of resource.{nearest(words[1], KINDS)}")
        elif words[2] not in known:
            said = f"There is no resource `{words[1]}.{words[2]}`.{nearest(words[2], known)}"
            yield at.finding("DEX-BUNDLE-17", said)
        elif len(words) == 3:
            said = f"`${{{reference}}}` is a resource with all its fields. Name one of them, such as `${{{reference}.id}}`."
            yield at.finding("DEX-BUNDLE-17", said)
        return
    later = _LATER.get(words[0])
    if later is not None:
        if len(words) > 1 and words[1] not in later:
            yield at.finding("DEX-BUNDLE-17", f"`{words[0]}` has no `{words[1]}`.{nearest(words[1], later)}")
        elif words[:2] == ["workspace", "current_user"] and len(words) == 3 and words[2] not in _OF_USER:
            meant = [each for each in _OF_USER if _bare(each) == _bare(words[2])]
            if meant:
                said = f"`{words[2]}` is no name of whoever deploys. Did you mean '{meant[0]}'?"
                yield at.finding("DEX-BUNDLE-17", said)
        return
    if words[0] not in _ALL_ROOTS:
        said = f"`${{{reference}}}` names nothing."
        if words[0] == "env" or _OF_SHELL.fullmatch(reference):
            name = words[-1].lower()
            said += f" Values of the environment come in by variables: `${{var.{name}}}`, given as BUNDLE_VAR_{name}."
        elif bundle.tree.at("variables", words[0]) is not None:
            said += f" Write `${{var.{reference}}}`."
        else:
            said += nearest(words[0], _ROOTS)
        yield at.finding("DEX-BUNDLE-17", said)


def _bare(word: str) -> str:
    return word.replace("_", "").lower()


#: Where a bundle says that Python code defines resources.
_PYTHON = (("python", "resources"), ("experimental", "python", "resources"), ("experimental", "pydabs"))
_ROOTS = frozenset({"var", "resources", "workspace", "bundle", "artifacts"})
_ALL_ROOTS = _ROOTS | {"variables", "presets", "sync", "permissions"}
