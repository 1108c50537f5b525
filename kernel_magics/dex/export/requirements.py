"""What a notebook installs, as requirements of its job."""

from __future__ import annotations

import re
import shlex

_INSTALLERS = re.compile(r"(?:sudo\s+)?(?:\S*/)?(?:python3?\s+-m\s+)?(?:pip3?|conda|uv|mamba)(?:\s|$)")
#: Options that change nothing in what is needed.
_SILENT = ("-q", "-qq", "-qqq", "-U", "-y", "--quiet", "--upgrade", "--yes", "--no-cache-dir", "--force-reinstall")
_LOOKING = ("list", "freeze", "show", "check", "--version", "-V", "config", "cache", "uninstall", "env", "info")


def is_install(line: str) -> bool:
    """Return whether a line of a shell calls an installer of packages, and nothing else."""
    return bool(_INSTALLERS.match(line.strip())) and not re.search(r"&&|\|\||;|\||>|<\s", line)


def requirements_of(line: str) -> list[str] | None:
    """Return the requirements that an installer's line names, or None where they cannot be told from it.

    Args:
        line: such as ``pip install -q requests==2.31``.
    """
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return None
    verb = next((w for w in words if w == "install" or w in _LOOKING), None)
    if verb != "install":
        return [] if verb is not None else None
    names = words[words.index("install") + 1 :]
    if words[0].endswith("conda") or any(c in w for w in names for c in "{}$`"):
        return None
    if any(w.startswith("-") and w not in _SILENT for w in names):
        return None
    return [w for w in names if not w.startswith("-")]
