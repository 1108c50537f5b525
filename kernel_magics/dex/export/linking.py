"""The notebooks of one export: the one asked for and those that it runs with `%run`, and what they want of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dex_dbutils import NotebookError

from dex.export.conflicts import refuse_conflicts
from dex.export.handing_in import hand_in
from dex.export.pieces import Piece
from dex.export.understanding import Understood, understand
from dex.notebook import Notebook, parse_run, read_notebook, resolve_run


@dataclass
class Link:
    """One `%run`.

    Attributes:
        piece: the statement.
        target: the notebook that it runs.
        arguments: values of the target's widgets.
    """

    piece: Piece
    target: Unit
    arguments: Mapping[str, str]


@dataclass
class Unit:
    """One notebook of an export.

    Attributes:
        path: its file.
        name: name of its module.
        known: its statements.
        links: what it runs, in order.
        offers: names that it leaves bound, those of the notebooks that it runs included.
        users: notebooks that run it -> the names that they use of it.
        gives: notebooks that run it -> the names that they give to it, each with the import that makes it, if one does.
    """

    path: Path
    name: str
    known: Understood
    links: list[Link] = field(default_factory=list)
    offers: set[str] = field(default_factory=set)
    users: dict[str, set[str]] = field(default_factory=dict)
    gives: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def wanted(self) -> set[str]:
        """Names that the notebooks that run it use of it."""
        return {name for names in self.users.values() for name in names}


class Linker:
    """Loads a notebook and those that it runs.

    Args:
        root: folder that all of them have to be in.
        shown: path of a notebook as messages have it.
        name: name of a notebook's module; may raise ExportError.
        users: known users of a module, from earlier exports.
        gives: what they give to it.
        allowed: constructs that may be left behind as stubs that raise.
    """

    def __init__(
        self,
        root: Path,
        shown: Callable[[Path], str],
        name: Callable[[Path], str],
        users: Callable[[str], Mapping[str, set[str]]],
        gives: Callable[[str], Mapping[str, dict[str, str]]],
        allowed: frozenset[str],
    ) -> None:
        self._root, self._shown, self._name = root, shown, name
        self._users, self._gives, self._allowed = users, gives, allowed
        self._units: dict[Path, Unit] = {}

    def load(self, path: Path, notebook: Notebook | None = None, *, apart: bool = True) -> list[Unit]:
        """Return the notebook and those that it runs: each once, after those that it runs itself.

        Args:
            path: where the notebook is.
            notebook: what it holds, where that is not what its file holds.
            apart: each becomes a module of its own, and is told what the others need of it and give to it.

        Raises:
            NotebookError: the notebook itself cannot be read; one that it runs is a refusal of the `%run`.
            ExportError: it has no place in the project.
        """
        self._load(path, (), notebook)
        units = list(self._units.values())
        if not apart:
            return units
        for unit in units:
            unit.offers |= {n for p in unit.known.pieces if p.place != "drop" for n in p.flow.binds}
            unit.offers |= {name for link in unit.links for name in link.target.offers}
        hand_in(units)
        for unit in reversed(units):
            for link in unit.links:
                used = link.target.users.setdefault(unit.known.shown, set())
                used |= _needed(unit, link) & link.target.offers
        return units

    def _load(self, path: Path, above: tuple[Path, ...], notebook: Notebook | None = None) -> Unit:
        file = path.resolve()
        if file in self._units:
            return self._units[file]
        shown, name = self._shown(path), self._name(path)
        notebook = notebook or read_notebook(path)
        refuse_conflicts(notebook, shown)
        known = understand(notebook, shown, self._allowed)
        users = {user: set(names) for user, names in self._users(name).items()}
        unit = Unit(path, name, known, users=users, gives=dict(self._gives(name)))
        for piece in known.pieces:
            magic = piece.statement.magic
            if magic is None or magic.name != "run" or magic.sigil != "%" or magic.target or piece.place == "drop":
                continue
            try:
                reference = parse_run(magic)
                target = resolve_run(reference, path, self._root)
                if target.resolve() in (*above, file):
                    chain = [self._shown(p) for p in (*above, file, target)]
                    begin = chain.index(chain[-1])
                    known.log.refuse(
                        piece,
                        "%run",
                        f"`%run` goes round in a circle: {' -> '.join(chain[begin:])}.",
                        "Move what both need into a notebook of its own.",
                    )
                    continue
                unit.links.append(Link(piece, self._load(target, (*above, file)), reference.arguments))
            except NotebookError as error:
                where = f" ({error.where})" if error.where and error.code.startswith("DEX-NOTEBOOK") else ""
                known.log.refuse(piece, "%run", f"{error.what}{where}", error.remedy or "Look at that notebook.")
        self._units[file] = unit
        return unit


def _needed(unit: Unit, link: Link) -> set[str]:
    """Return the names that a notebook needs of what a `%run` brings: below it, in functions above it, or to hand on."""
    pieces = [p for p in unit.known.pieces if p.place != "drop"]
    at = next((i for i, piece in enumerate(pieces) if piece is link.piece), 0)
    below = {name for piece in pieces[at:] for name in piece.flow.needs}
    shown = unit.known.shown
    given = {name for each in unit.links for name, text in each.target.gives.get(shown, {}).items() if not text}
    return below | given | {name for piece in pieces[:at] for name in piece.flow.later} | unit.wanted
