"""Settings that tools for code need so that they leave notebooks whole: what they are, and where a project keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

Values = MutableMapping[str, Any]
Amend = Callable[[Values], None]

#: Names that a notebook has without binding them; ruff knows `display` in .ipynb alone.
NAMES = ("spark", "dbutils", "display", "displayHTML", "getArgument", "sc", "sql", "sqlContext", "table")
#: Imports below the top, a last expression, and imports that only a magic uses: ruff would delete those.
IGNORED = ("E402", "B018", "F401")
#: nbqa hands ruff a .py, which settings for "*.ipynb" do not meet.
NBQA_OPTION = f"--extend-ignore={','.join(IGNORED)}"
AGENT = "agent"
_JUPYTEXT_TOML = ("jupytext.toml", ".jupytext.toml", ".jupytext")
_JUPYTEXT_OTHER = ("jupytext.yml", "jupytext.yaml", "jupytext.json", "jupytext.py")


class Unfit(ValueError):
    """A setting that holds something else than it should; the message names its key."""


def ruff_file(root: Path) -> str:
    """Return the file that ruff reads in a project: it looks at no other one."""
    return next((name for name in (".ruff.toml", "ruff.toml") if (root / name).is_file()), "pyproject.toml")


def inherited_ruff(root: Path) -> str | None:
    """Return, relative to the project, the file above it whose ruff settings hold as long as the project has none."""
    for steps, folder in enumerate(root.resolve().parents, start=1):
        file = folder / ruff_file(folder)
        if file.is_file() and (
            file.name != "pyproject.toml" or re.search(r"^\[tool\.ruff\b", _text(file), re.MULTILINE)
        ):
            return "../" * steps + file.name
    return None


def ruff(root: Path, prefix: tuple[str, ...]) -> Amend:
    """Return what writes ruff's settings below a prefix such as ``tool, ruff``."""

    def amend(values: Values) -> None:
        if prefix and not _held(values, *prefix) and (above := inherited_ruff(root)):
            _table(values, *prefix)["extend"] = above
        own = _table(values, *prefix)
        _add(own, "builtins", NAMES)
        old_style = "per-file-ignores" in own  # deprecated, and still read
        ignores = _table(values, *prefix, *([] if old_style else ["lint"]), "per-file-ignores")
        _add(ignores, "*.ipynb", IGNORED)

    return amend


def nbqa(values: Values) -> None:
    """Write nbqa's settings: it takes a cell of %%agent for Python only where it is told to."""
    for command in ("ruff", "ruff check"):
        _add(_table(values, "tool", "nbqa", "addopts"), command, (NBQA_OPTION,))
    for command, magics in list(_held(values, "tool", "nbqa", "process_cells").items()):
        _leave_out(_table(values, "tool", "nbqa", "process_cells"), command, magics)
    if magics := _held(values, "tool", "black").get("python-cell-magics"):
        _leave_out(_table(values, "tool", "black"), "python-cell-magics", magics)


def jupytext(prefix: tuple[str, ...]) -> Amend:
    """Return what tells jupytext that the body of %%agent is no Python."""

    def amend(values: Values) -> None:
        own = _table(values, *prefix)
        told = own.get("custom_language_magics", "")
        if not isinstance(told, str):
            raise Unfit("custom_language_magics is no text")
        if AGENT not in (magic.strip() for magic in told.split(",")):
            own["custom_language_magics"] = f"{told},{AGENT}" if told.strip() else AGENT

    return amend


def amendments(root: Path) -> dict[str, list[Amend]]:
    """Return, by file of the project, what has to be written there."""
    name = ruff_file(root)
    found: dict[str, list[Amend]] = {"pyproject.toml": [nbqa]}
    found.setdefault(name, []).insert(0, ruff(root, ("tool", "ruff") if name == "pyproject.toml" else ()))
    if uses_jupytext(root) and not any((root / name).is_file() for name in _JUPYTEXT_OTHER):
        own = next((name for name in _JUPYTEXT_TOML if (root / name).is_file()), "pyproject.toml")
        found.setdefault(own, []).append(jupytext(("tool", "jupytext") if own == "pyproject.toml" else ()))
    return found


def hints(root: Path) -> Iterator[str]:
    """Yield what the project's files show to be needed and no settings file of the project can hold."""
    for name in _JUPYTEXT_OTHER:
        if (root / name).is_file() and "custom_language_magics" not in _text(root / name):
            yield f'{name}: set custom_language_magics to "{AGENT}", or jupytext writes the text of %%agent cells as Python.'
    places = [
        root / name for name in (".gitattributes", ".pre-commit-config.yaml", ".git/config", ".git/info/attributes")
    ]
    texts = [_text(place) for place in places]
    using = [place.relative_to(root) for place, text in zip(places, texts, strict=True) if "nbstripout" in text]
    if using and "keep-id" not in "".join(texts):
        yield (
            f"{using[0].as_posix()} runs nbstripout: give it --keep-id, "
            "or it numbers the cells anew and `dex sync` has only their text to find them by."
        )
    if using and "keep-output" not in "".join(texts):
        yield (
            f"{using[0].as_posix()} runs nbstripout, which takes the outputs away: "
            "test with --nbval-lax, or tag cells whose outputs shall be compared keep_output."
        )


def uses_jupytext(root: Path) -> bool:
    """Return whether a file of the project names jupytext."""
    if any((root / name).is_file() for name in (*_JUPYTEXT_TOML, *_JUPYTEXT_OTHER)):
        return True
    files = [root / "pyproject.toml", root / ".pre-commit-config.yaml", *(root / "notebooks").glob("*.ipynb")]
    return any("jupytext" in _text(file) for file in files)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _held(values: Values, *keys: str) -> Values:
    """Return a table that is there, or an empty one."""
    for key in keys:
        values = values.get(key, {})
        if not isinstance(values, MutableMapping):
            raise Unfit(f"{'.'.join(keys)} is no table")
    return values


def _table(values: Values, *keys: str) -> Values:
    """Return a table, made where it is missing."""
    for key in keys:
        values.setdefault(key, {})
        values = values[key]
        if not isinstance(values, MutableMapping):
            raise Unfit(f"{'.'.join(keys)} is no table")
    return values


def _add(table: Values, key: str, wanted: tuple[str, ...]) -> None:
    """Add to a list what it lacks; its order and its comments stay."""
    there = table.get(key)
    if there is None:
        table[key] = list(wanted)
    elif isinstance(there, list):
        there.extend(one for one in wanted if one not in there)
    else:
        raise Unfit(f"{key} is no list")


def _leave_out(table: Values, key: str, magics: Any) -> None:
    if not isinstance(magics, list):
        raise Unfit(f"{key} is no list")
    if AGENT in magics:
        table[key] = [magic for magic in magics if magic != AGENT]
