"""What a sync does: three-way per block, between the notebook, the module and the texts of the last export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dex_dbutils import DexError, ExportError, Where

from dex.export.conflicts import both
from dex.export.drafting import Draft
from dex.export.module_parts import ModuleBlock, ModuleParts, parse_module
from dex.export.sync.text import carried_over, same_code
from dex.notebook import Cell, Notebook


@dataclass
class SyncPlan:
    """What becomes of the notebook.

    Attributes:
        texts: new texts of cells, by number.
        conflicts: numbers of the cells that now hold both texts.
        taken: numbers of the cells that took a change of the module.
    """

    texts: dict[int, str] = field(default_factory=dict)
    conflicts: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    @property
    def settled(self) -> dict[int, str]:
        """The new texts that can be exported: those without a conflict."""
        return {number: text for number, text in self.texts.items() if number not in self.conflicts}


def with_sources(notebook: Notebook, texts: Mapping[int, str]) -> Notebook:
    """Return a notebook with other texts in some cells; ids stay."""
    cells = tuple(replace(c, source=texts[c.number]) if c.number in texts else c for c in notebook.cells)
    return replace(notebook, cells=cells)


class Sync:
    """One sync of one notebook.

    Args:
        notebook: as it is now.
        known: the source map of the last export.
        module: the module as it is now, formatted.
        draft_of: what an export makes of a notebook.
        module_path: path of the module, below the project.
        unsure: ids of cells of which a merge left two last exports, so that nothing tells which side changed them.
    """

    def __init__(
        self,
        notebook: Notebook,
        known: Mapping[str, Any],
        module: str,
        draft_of: Callable[[Notebook], Draft],
        module_path: str,
        unsure: frozenset[str] = frozenset(),
    ) -> None:
        self._notebook, self._known, self._draft_of, self._path = notebook, known, draft_of, module_path
        self._unsure = unsure
        self._headings = set(known["glue"].get("headings", []))
        self._theirs = parse_module(module, self._headings)
        self._base: dict[tuple[str, int], dict[str, Any]] = {
            (entry["cell"], entry["segment"]): entry for entry in known["blocks"]
        }

    def plan(self) -> SyncPlan:
        """Return what becomes of the notebook.

        Raises:
            ExportError: DEX-SYNC-05 to -08, a change of the module has no place in the notebook.
        """
        theirs = self._by_key()
        changed: dict[str, list[tuple[str, int]]] = {}
        for key, entry in self._base.items():
            if key[0] in self._unsure or theirs[key].text != "\n".join(entry["text"]):
                changed.setdefault(key[0], []).append(key)
        plan = SyncPlan()
        for cell_id, keys in changed.items():
            self._take(cell_id, {k: theirs[k].text for k in keys}, plan)
        self._check_glue(plan)
        return plan

    def _by_key(self) -> dict[tuple[str, int], ModuleBlock]:
        found: dict[tuple[str, int], ModuleBlock] = {}
        for block in self._theirs.blocks:
            key = (block.cell, block.segment)
            if key not in self._base or key in found:
                raise self._refusal(
                    "DEX-SYNC-05",
                    f"The marker of cell {block.cell}, block {block.segment}, "
                    + ("stands twice" if key in found else "is not one of the last export"),
                    block.line - 1,
                    "Take the marker out, or put it back as the last export wrote it.",
                )
            found[key] = block
        order = [key for key in self._base if key in found]
        if order != list(found):
            key = next(b for a, b in zip(order, found, strict=True) if a != b)
            raise self._refusal(
                "DEX-SYNC-05", "Blocks of the module were moved", found[key].line, "Move the cells in the notebook."
            )
        missing = [key for key in self._base if key not in found]
        if missing:
            raise ExportError(
                "DEX-SYNC-05",
                f"The marker of cell {missing[0][0]}, block {missing[0][1]}, is gone from the module.",
                Where(self._path),
                "Put the marker back; to delete its code, keep the marker and delete the lines below it, or delete the "
                "code in the notebook.",
            )
        return found

    def _take(self, cell_id: str, edited: dict[tuple[str, int], str], plan: SyncPlan) -> None:
        """Carry the changes of one cell's blocks over."""
        base_text = "\n".join(self._known["cells"][cell_id])
        cell = self._find(cell_id, base_text, edited)
        unsure = cell_id in self._unsure
        layout_only = not unsure and all(
            same_code(text, "\n".join(self._base[k]["text"])) for k, text in edited.items()
        )
        group = self._group(cell_id, edited)
        there = self._made_of(self._notebook, cell.id)
        if there is not None and all(same_code(text, there.get(place, "")) for place, text in group.items()):
            return  # the notebook says the same already
        context = with_sources(self._notebook, plan.settled)
        taken = self._carried(context, cell, base_text, edited, group)
        if taken is None and layout_only:
            return  # how the module is laid out is the export's
        if not unsure and cell.source.strip("\n") == base_text.strip("\n"):
            if taken is None:
                key = next(iter(edited))
                raise self._refusal(
                    "DEX-SYNC-07",
                    f"The change of cell {cell.number} in the module has no counterpart in the notebook: the export "
                    f"writes this block otherwise than the notebook (lines {self._base[key]['notebook_lines']})",
                    self._line(key),
                    "Make the change in the notebook, and put the module's lines back.",
                    cell.number,
                )
            plan.texts[cell.number] = taken
            plan.taken.append(cell.number)
            return
        if layout_only:
            return
        theirs = taken if taken is not None else "\n".join(text for text in edited.values())
        if theirs.strip("\n") == cell.source.strip("\n"):
            return
        plan.texts[cell.number] = both(cell.source, theirs)
        plan.conflicts.append(cell.number)

    def _find(self, cell_id: str, base_text: str, edited: Mapping[tuple[str, int], str]) -> Cell:
        """Return the cell that a block comes from: by its id, else by its text, if there is one such cell."""
        code = [cell for cell in self._notebook.cells if cell.type == "code"]
        same_text = [cell for cell in code if cell.source == base_text]
        by_id = [cell for cell in code if cell.id == cell_id and self._given(cell)]
        ids = [known for known, lines in self._known["cells"].items() if "\n".join(lines) == base_text]
        if len(by_id) == 1:
            return by_id[0]
        if len(same_text) == 1 and len(ids) == 1 and same_text[0].id not in set(self._known["cells"]) - {cell_id}:
            return same_text[0]
        raise self._refusal(
            "DEX-SYNC-06",
            f"The module changed code of the cell {cell_id}, and the notebook has "
            + ("more than one cell" if len(same_text) > 1 else "no cell")
            + " that it could be",
            self._line(next(iter(edited))),
            "Put the cell back as it was, or make the change in the notebook and put the module's lines back.",
        )

    def _given(self, cell: Cell) -> bool:
        """Return whether a cell's id is its own: written in the file, and by no other cell."""
        document = self._notebook.document.get("json")
        if not isinstance(document, dict):
            return False
        given = [c.get("id") for c in document["cells"]]
        return given[cell.number - 1] == cell.id and given.count(cell.id) == 1

    def _group(self, cell_id: str, edited: Mapping[tuple[str, int], str]) -> dict[str, str]:
        """Return what the module should hold of a cell, by place."""
        found: dict[str, list[str]] = {}
        for key, entry in self._base.items():
            if key[0] == cell_id:
                text = edited.get(key, "\n".join(entry["text"]))
                found.setdefault("main" if entry["kind"] == "main" else "module", []).append(text)
        return {place: "\n".join(texts) for place, texts in found.items()}

    def _made_of(self, notebook: Notebook, cell_id: str) -> dict[str, str] | None:
        """Return what the export makes of a cell, by place; None where it refuses the notebook."""
        parts = self._parts(notebook)
        if parts is None:
            return None
        found: dict[str, list[str]] = {}
        for block in parts.blocks:
            if block.cell == cell_id:
                found.setdefault(block.place, []).append(block.text)
        return {place: "\n".join(texts) for place, texts in found.items()}

    def _parts(self, notebook: Notebook) -> ModuleParts | None:
        try:
            draft = self._draft_of(notebook)
        except DexError:
            return None
        if draft.empty:
            return ModuleParts((), {})
        return parse_module(draft.generated[self._path], draft.headings)

    def _carried(
        self,
        context: Notebook,
        cell: Cell,
        base_text: str,
        edited: Mapping[tuple[str, int], str],
        group: Mapping[str, str],
    ) -> str | None:
        """Return the cell's text with the module's changes, of which the export makes what the module says."""
        texts = [base_text]
        for key in sorted(edited, key=lambda k: -self._base[k]["notebook_lines"][0]):
            base = "\n".join(self._base[key]["text"])
            texts = [new for text in texts for new in carried_over(text, base, edited[key])][:8]
        close: str | None = None
        for text in texts:
            made = self._made_of(with_sources(context, {cell.number: text}), cell.id)
            if made is None or set(made) - set(group) and any(made[p].strip() for p in set(made) - set(group)):
                continue
            pairs = [(wanted, made.get(place, "")) for place, wanted in group.items()]
            if all(_tight(a) == _tight(b) for a, b in pairs):
                return text
            if close is None and all(same_code(a, b) for a, b in pairs):
                close = text
        return close

    def _check_glue(self, plan: SyncPlan) -> None:
        """Raise where a generated part was changed, unless the notebook comes to the same."""
        made = self._parts(with_sources(self._notebook, plan.settled))
        for name, lines in self._theirs.glue.items():
            theirs = "\n".join(lines)
            base = "\n".join(self._known["glue"].get(name, []))
            wanted = "\n".join(made.glue.get(name, ())) if made is not None else base
            if not any(_same_part(theirs, other) for other in (base, wanted)):
                raise ExportError(
                    "DEX-SYNC-08",
                    f"The module's part `{name}` was changed by hand, and it is made from the notebook: "
                    f"{_first_difference(base, theirs)}",
                    Where(self._path),
                    _WAYS[name],
                )

    def _line(self, key: tuple[str, int]) -> int:
        return next((b.line for b in self._theirs.blocks if (b.cell, b.segment) == key), 1)

    def _refusal(self, code: str, what: str, line: int, remedy: str, cell: int | None = None) -> ExportError:
        return ExportError(code, f"{what}.", Where(self._path, line, cell=cell), remedy)


_WAYS = {
    "top": "Put the import into a cell of the notebook (or the words into its first Markdown cell), and sync again.",
    "Params": "Change the notebook's widgets or its cell tagged `parameters`, and put these lines back.",
    "main": "main's signature and first lines follow from the notebook: put them back.",
    "headings": "These comments are the notebook's headings: change its Markdown cells, and put them back.",
    "run": "The entry point follows from the parameters: put it back; code of your own goes into a cell or a module.",
}


def _same_part(one: str, other: str) -> bool:
    return _tight(one) == _tight(other) or same_code(one, other)


def _tight(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _first_difference(base: str, theirs: str) -> str:
    old, new = _tight(base), _tight(theirs)
    added = [line for line in new if line not in old]
    gone = [line for line in old if line not in new]
    return f"`{added[0].strip()}`" if added else f"`{gone[0].strip()}` is gone" if gone else "its order"
