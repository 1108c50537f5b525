"""The sources of a pipeline, run in this process: what they define goes to a registry."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from dex_dbutils import DexError, NotebookError, PipelineError, Where

from dex.notebook import Cell, is_source, read_notebook, split_sql
from dex.pipelines.decorators import first_line, needs_workspace, typed_columns
from dex.pipelines.elements import Changes, Dataset, Expectation, Flow, Registry
from dex.pipelines.parameters import with_configuration, with_parameters
from dex.pipelines.sql_words import Cdc, Definition, NotOfPipeline, take_apart
from dex.pipelines.surroundings import SessionSettings

#: Magics that a pipeline's notebook may hold: packages are not made here, text is only for people.
_PASSED_OVER = frozenset({"pip", "md", "restart_python"})
_SETTING = re.compile(
    r"SET\s+(?:`(?P<quoted>[^`]+)`|(?P<plain>[^\s=]+))\s*=\s*(?P<value>.*)\Z", re.IGNORECASE | re.DOTALL
)
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)


class Sources:
    """Runs sources, and knows which line of them is being run.

    Args:
        root: folder that places are told from.
        registry: takes what they define.
        given: names that Python finds without an import.
        sql: returns the frame of a SQL query, at the turn of its flow.
        settings: have the values of ``${key}``, and take what ``SET key = value`` says.
        parameters: values of ``:name`` in SQL.
    """

    def __init__(
        self,
        root: Path,
        registry: Registry,
        given: Mapping[str, Any],
        sql: Callable[[str], Any],
        settings: SessionSettings,
        parameters: Mapping[str, str],
    ) -> None:
        self._root, self._registry, self._given = root, registry, dict(given)
        self._sql, self._settings, self._parameters = sql, settings, parameters
        self._known: dict[str, Where] = {}

    def run(self, files: Sequence[Path]) -> None:
        """Run files one after the other.

        Raises:
            PipelineError: DEX-PIPELINE-03, one cannot be run; -04, a statement is nothing that a pipeline can hold.
        """
        for path in files:
            text = "" if path.suffix == ".ipynb" else path.read_text("utf-8-sig")
            if path.suffix == ".ipynb" or is_source(path, text):
                self._run_notebook(path, text)
            elif path.suffix == ".sql":
                self._run_sql(text, Where(self._shown(path)))
            else:
                self._run_python(text, str(path), Where(self._shown(path)))

    # -- places --------------------------------------------------------------------------------------------------------

    def here(self) -> Where:
        """Return the place in the sources that is being run."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            known = self._known.get(frame.f_code.co_filename)
            if known is not None:
                return Where(known.file, frame.f_lineno, cell=known.cell)
            frame = frame.f_back
        return Where(str(self._root))

    def place_of(self, error: BaseException, otherwise: Where) -> Where:
        """Return the place in the sources that an error comes from, the innermost one."""
        for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
            known = self._known.get(frame.f_code.co_filename)
            if known is not None:
                return Where(known.file, line, cell=known.cell)
        return otherwise

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self._root)) if path.is_relative_to(self._root) else str(path)

    # -- Python --------------------------------------------------------------------------------------------------------

    def _run_python(self, text: str, name: str, where: Where, globals_: dict[str, Any] | None = None) -> None:
        self._known[name] = where
        # a module's name that is nobody's, so that functions for Spark are sent with their code
        space = globals_ if globals_ is not None else {**self._given, "__name__": f"__pipeline_{Path(name).stem}__"}
        space.setdefault("__file__", name)
        try:
            with _as_module(space):
                exec(compile(text, name, "exec", dont_inherit=True), space)  # noqa: S102  the person's own sources
        except DexError:
            raise
        except SyntaxError as error:
            raise self._cannot_run(error, Where(where.file, error.lineno, cell=where.cell)) from error
        except (Exception, SystemExit) as error:
            raise self._cannot_run(error, self.place_of(error, where)) from error

    @staticmethod
    def _cannot_run(error: BaseException, where: Where) -> PipelineError:
        said = f"{type(error).__name__}: {first_line(error)}"
        return PipelineError("DEX-PIPELINE-03", f"The source cannot be run: {said}", where, "Mend the source.")

    def _run_notebook(self, path: Path, text: str) -> None:
        """Run a notebook; cells of a language that is not its own would not be run by a pipeline, and are refused."""
        try:
            notebook = read_notebook(path)
            cells = [cell for cell in notebook.cells if cell.type == "code" and cell.source.strip()]
            for cell in cells:
                self._check_cell(cell, notebook.language, path)
        except NotebookError as error:
            raise PipelineError("DEX-PIPELINE-03", error.what, error.where, error.remedy) from error
        if notebook.language == "python" and text:  # its magics are comments, and its lines those of the file
            self._run_python(text, str(path), Where(self._shown(path)))
            return
        space: dict[str, Any] = {**self._given, "__name__": f"__pipeline_{path.stem}__"}
        for cell in cells:
            where = Where(self._shown(path), cell=None if text else cell.number)
            if cell.language == "sql":
                self._run_sql(cell.source, where, max(cell.first_line, 1))
                continue
            lines = cell.source.split("\n")
            for statement in cell.statements:
                if statement.magic is not None:
                    for line in range(statement.magic.line, statement.magic.end_line + 1):
                        lines[line - 1] = ""
            self._run_python("\n".join(lines), f"{path}, cell {cell.number}", where, space)

    def _check_cell(self, cell: Cell, language: str, path: Path) -> None:
        if cell.language != language:
            raise self._other_language(f"in {cell.language}", path, cell.number)
        for statement in cell.statements if language == "python" else ():
            if statement.magic is not None and statement.magic.name not in _PASSED_OVER:
                raise self._other_language(f"with {statement.magic.title}", path, cell.number)

    def _other_language(self, what: str, path: Path, cell: int) -> PipelineError:
        return PipelineError(
            "DEX-PIPELINE-04",
            f"A pipeline does not run the cell {what}.",
            Where(self._shown(path), cell=cell),
            "Keep one language in each source; put SQL into a file or notebook of its own.",
        )

    # -- SQL -----------------------------------------------------------------------------------------------------------

    def _run_sql(self, text: str, where: Where, first_line: int = 1) -> None:
        done = 0
        for statement in split_sql(text):
            begin = text.find(statement, done)
            done = begin + len(statement)
            head = _FIRST_WORD.match(text, begin)
            line = first_line + text.count("\n", 0, head.end() if head else begin)
            place = Where(where.file, line, cell=where.cell)
            try:
                self._define(statement[(head.end() - begin) if head else 0 :], place)
            except NotOfPipeline as error:
                raise PipelineError(
                    "DEX-PIPELINE-04", f"The statement cannot be part of a pipeline: {error}.", place, "Mend the SQL."
                ) from error

    def _define(self, statement: str, place: Where) -> None:
        setting = _SETTING.match(statement)
        if setting is not None:
            key = setting["quoted"] or setting["plain"]
            self._settings.set(key, setting["value"].strip().strip("'\""))
            return
        statement = with_configuration(statement, self._settings.values)
        made = take_apart(with_parameters(statement, self._parameters))
        refused = needs_workspace(f"{made.refused} of '{made.name}'", place) if made.refused else None
        if made.cdc is not None and made.cdc.refused:
            refused = needs_workspace(f"The change feed '{made.name}' with {made.cdc.refused}", place)
        if made.kind is None:
            target = self._registry.name(made.target, place)
            if refused is None:
                self._registry.add_flow(target, self._flow(made, place))
            else:
                self._registry.refuse(target, refused)
            return
        flows = (self._flow(made, place),) if made.query or made.cdc else ()
        if not flows and made.kind != "streaming table":
            raise NotOfPipeline(f"the {made.kind} {made.name} has no query")
        self._registry.add(
            Dataset(
                self._registry.name(made.name, place),
                made.kind,
                place,
                flows,
                tuple(Expectation(*each) for each in made.expectations),
                typed_columns(made.columns, place) if made.columns else None,
                positional=True,
                partitioned_by=made.partitioned_by,
                properties=made.properties,
                refused=refused,
            )
        )

    def _flow(self, made: Definition, place: Where) -> Flow | Changes:
        if made.cdc is not None:
            return _changes(made.name, made.cdc, place)
        query = made.query
        return Flow(made.name, lambda: self._sql(query), place, made.once)


class _Module:
    """Has the names of a source that is being run."""


@contextmanager
def _as_module(space: dict[str, Any]) -> Iterator[None]:
    """Let a source be a module while it is run, as `dataclasses` looks for; afterwards it is none again."""
    module: Any = _Module()
    module.__dict__ = space
    sys.modules[space["__name__"]] = module
    try:
        yield
    finally:
        del sys.modules[space["__name__"]]


def _changes(name: str, cdc: Cdc, place: Where) -> Changes:
    return Changes(name, cdc.source, cdc.keys, cdc.sequence_by, cdc.deletes or None, cdc.columns, cdc.left_out, place)
