"""The module that Python sources import as ``pyspark.pipelines`` and as ``dlt``.

Apache Spark's own ``pyspark.pipelines`` has a registry that others may fill in, but its functions are fewer and take
less: no expectations, no views of `dlt`, and refuse the arguments that only Databricks has. So the names are made here,
with the parameters that the vendor's reference of the Python interface gives them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

from dex_dbutils import PipelineError, Where

from dex.pipelines.elements import Action, Changes, Dataset, Expectation, Flow, Kind, Registry, ticked
from dex.pipelines.sql_words import NotOfPipeline, take_apart

F = TypeVar("F", bound=Callable[..., Any])
_MODULES = ("pyspark.pipelines", "dlt")
_EXPECTATIONS = "__dex_expectations__"
_DATASET = "__dex_dataset__"
#: Parameters that change nothing in the rows of a table.
_HARMLESS = frozenset(
    "comment cluster_by cluster_by_auto path format private temporary spark_conf table_properties".split()
)
_ACTIONS: tuple[tuple[str, Action], ...] = (("", "warn"), ("_or_drop", "drop"), ("_or_fail", "fail"))


@contextmanager
def pipeline_modules(registry: Registry, here: Callable[[], Where], read: Callable[[str, bool], Any]) -> Iterator[None]:
    """Let ``from pyspark import pipelines`` and ``import dlt`` give functions that fill a registry.

    Args:
        registry: takes what is defined.
        here: returns the place in the sources that is being run.
        read: returns the frame of a table that is read by name; the second argument says whether as a stream.
    """
    import pyspark

    functions = _Functions(registry, here, read)
    before = {name: sys.modules.get(name) for name in _MODULES}
    attribute = getattr(pyspark, "pipelines", None)
    for name in _MODULES:
        module = ModuleType(name, "The pipelines module, as dex makes it for a run on this machine.")
        module.__dict__.update(functions.named())
        sys.modules[name] = module
    pyspark.pipelines = sys.modules["pyspark.pipelines"]
    try:
        yield
    finally:
        for name, module_before in before.items():
            if module_before is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module_before
        if attribute is None:
            del pyspark.pipelines
        else:
            pyspark.pipelines = attribute


class _Functions:
    def __init__(self, registry: Registry, here: Callable[[], Where], read: Callable[[str, bool], Any]) -> None:
        self._registry, self._here, self._read = registry, here, read

    def named(self) -> dict[str, Any]:
        """Return the functions of the module by name."""
        found: dict[str, Any] = {
            "table": self._dataset("table"),
            "create_table": self._dataset("table"),
            "materialized_view": self._dataset("materialized view"),
            "temporary_view": self._dataset("temporary view"),
            "view": self._dataset("temporary view"),
            "append_flow": self.append_flow,
            "create_streaming_table": self.create_streaming_table,
            "create_streaming_live_table": self.create_streaming_table,
            "create_auto_cdc_flow": self.create_auto_cdc_flow,
            "apply_changes": self.create_auto_cdc_flow,
            "read": lambda name: self._read(name, False),
            "read_stream": lambda name: self._read(name, True),
        }
        for ending, action in _ACTIONS:
            found[f"expect{ending}"] = self._expect(action)
            found[f"expect_all{ending}"] = self._expect_all(action)
        for name in ("create_auto_cdc_from_snapshot_flow", "apply_changes_from_snapshot"):
            found[name] = self.create_auto_cdc_from_snapshot_flow
        found["create_sink"], found["foreach_batch_sink"] = self.create_sink, self.foreach_batch_sink
        return found

    # -- what is not made here -----------------------------------------------------------------------------------------

    def create_sink(self, name: str, *_: Any, **__: Any) -> None:
        """Take a sink, which is not filled on this machine."""
        place = self._here()
        refused = needs_workspace(f"The sink '{name}'", place)
        self._registry.add(Dataset(self._registry.name(name, place), "sink", place, refused=refused))

    def foreach_batch_sink(self, name: str | None = None, **_: Any) -> Callable[[F], F]:
        """Return a decorator of a function that is a sink."""

        def take(function: F) -> F:
            self.create_sink(name or function.__name__)
            return function

        return take

    def create_auto_cdc_from_snapshot_flow(self, target: str, *_: Any, **__: Any) -> None:
        """Take that a table is made of snapshots, which is not done on this machine."""
        place = self._here()
        self._registry.refuse(
            self._registry.name(target, place), needs_workspace(f"The change feed of snapshots into '{target}'", place)
        )

    # -- datasets ------------------------------------------------------------------------------------------------------

    def _dataset(self, kind: Kind) -> Callable[..., Any]:
        def decorator(query_function: Callable[[], Any] | None = None, **given: Any) -> Any:
            place = self._here()

            def take(function: Callable[[], Any]) -> Callable[[], Any]:
                if not callable(function):
                    raise self._wrong(f"The decorator of a {kind} stands above a function.", place)
                self._define(kind, function, given, place)
                return function

            return take if query_function is None else take(query_function)

        return decorator

    def _define(self, kind: Kind, function: Callable[[], Any], given: dict[str, Any], place: Where) -> None:
        name = str(given.pop("name", None) or function.__name__)
        full = self._registry.name(name, place)
        if given.get("temporary"):
            kind = "temporary view"
        options = self._options(given, name, place)
        flow = Flow(name, function, place, settings=_texts(given.get("spark_conf")))
        expectations = tuple(getattr(function, _EXPECTATIONS, ()))
        self._registry.add(Dataset(full, kind, place, (flow,), expectations, **options))
        setattr(function, _DATASET, full)

    def _options(self, given: Mapping[str, Any], name: str, place: Where) -> dict[str, Any]:
        """Return what the parameters of a table say of its rows and files."""
        unknown = sorted(set(given) - _HARMLESS - {"schema", "partition_cols", "row_filter"})
        if unknown:
            raise self._wrong(f"'{name}' is given '{unknown[0]}', which no dataset has.", place)
        columns = given.get("schema")
        return {
            "columns": None if columns is None else declared_columns(columns, place),
            "partitioned_by": tuple(given.get("partition_cols") or ()),
            "properties": _texts(given.get("table_properties")),
            "refused": needs_workspace(f"The row filter of '{name}'", place) if given.get("row_filter") else None,
        }

    def create_streaming_table(self, name: str, **given: Any) -> None:
        """Take a streaming table that flows fill."""
        place = self._here()
        expectations = [
            Expectation(str(key), str(constraint), action)
            for ending, action in _ACTIONS
            for key, constraint in (given.pop(f"expect_all{ending}", None) or {}).items()
        ]
        full = self._registry.name(name, place)
        options = self._options(given, name, place)
        self._registry.add(Dataset(full, "streaming table", place, (), tuple(expectations), **options))

    # -- flows ---------------------------------------------------------------------------------------------------------

    def append_flow(self, *, target: str, name: str | None = None, once: bool = False, **given: Any) -> Any:
        """Return a decorator of a query whose rows are added to a streaming table."""
        place = self._here()
        unknown = sorted(set(given) - {"spark_conf", "comment"})
        if unknown:
            raise self._wrong(f"A flow into '{target}' is given '{unknown[0]}', which no flow has.", place)
        full = self._registry.name(target, place)

        def take(function: Callable[[], Any]) -> Callable[[], Any]:
            settings = _texts(given.get("spark_conf"))
            self._registry.add_flow(full, Flow(name or function.__name__, function, place, once, settings))
            return function

        return take

    def create_auto_cdc_flow(
        self,
        target: str,
        source: str,
        keys: Any,
        sequence_by: Any,
        ignore_null_updates: bool = False,
        apply_as_deletes: Any = None,
        apply_as_truncates: Any = None,
        column_list: Any = None,
        except_column_list: Any = None,
        stored_as_scd_type: Any = 1,
        track_history_column_list: Any = None,
        track_history_except_column_list: Any = None,
        name: str | None = None,
        once: bool = False,
        **given: Any,
    ) -> None:
        """Take a flow that applies changes; what cannot be done exactly on this machine is refused."""
        place = self._here()
        asked = {
            "SCD type 2": str(stored_as_scd_type or 1) != "1",
            "ignore_null_updates": ignore_null_updates,
            "apply_as_truncates": apply_as_truncates is not None,
            "track_history_column_list": track_history_column_list or track_history_except_column_list,
            "once": once,
            **given,
        }
        refused = next((what for what, wanted in asked.items() if wanted), None)
        if refused is not None:
            error = needs_workspace(f"The change feed into '{target}' with {refused}", place)
            self._registry.refuse(self._registry.name(target, place), error)
            return
        changes = Changes(
            name or target,
            source,
            [_column(each) for each in keys],
            sequence_by,
            apply_as_deletes,
            [_column(each) for each in column_list] if column_list else None,
            [_column(each) for each in except_column_list or ()],
            place,
        )
        self._registry.add_flow(self._registry.name(target, place), changes)

    # -- expectations --------------------------------------------------------------------------------------------------

    def _expect(self, action: Action) -> Callable[[str, str], Callable[[F], F]]:
        def expect(description: str, constraint: str) -> Callable[[F], F]:
            return self._with_expectations([Expectation(str(description), str(constraint), action)])

        return expect

    def _expect_all(self, action: Action) -> Callable[[Mapping[str, str]], Callable[[F], F]]:
        def expect_all(expectations: Mapping[str, str]) -> Callable[[F], F]:
            return self._with_expectations([Expectation(str(k), str(v), action) for k, v in expectations.items()])

        return expect_all

    def _with_expectations(self, more: list[Expectation]) -> Callable[[F], F]:
        place = self._here()

        def take(function: F) -> F:
            if hasattr(function, _DATASET):
                raise self._wrong("An expectation stands above the decorator of its dataset.", place)
            setattr(function, _EXPECTATIONS, [*more, *getattr(function, _EXPECTATIONS, [])])
            return function

        return take

    def _wrong(self, what: str, place: Where) -> PipelineError:
        return PipelineError(
            "DEX-PIPELINE-04", what, place, "See the reference of pyspark.pipelines for what stands where."
        )


def needs_workspace(what: str, place: Where | None) -> PipelineError:
    """Return the refusal of what this machine cannot do exactly."""
    return PipelineError(
        "DEX-PIPELINE-08",
        f"{what} cannot be done on this machine as the platform does it.",
        place,
        "Leave it out of the local run with --select, or run the pipeline in a workspace: dex bundle run.",
    )


def declared_columns(schema: Any, place: Where) -> tuple[tuple[str, Any], ...]:
    """Return name and type of the columns that a schema declares.

    Args:
        schema: a ``StructType``, or DDL such as ``a INT, b STRING``.
        place: where it is declared.

    Raises:
        PipelineError: DEX-PIPELINE-04, it cannot be read.
    """
    if not isinstance(schema, str):
        return tuple((each.name, each.dataType) for each in schema.fields)
    try:
        made = take_apart(f"CREATE MATERIALIZED VIEW x ({schema}\n) AS SELECT 1")
    except NotOfPipeline as error:
        raise _unreadable(str(error), place) from error
    if made.refused:
        raise needs_workspace(made.refused, place)
    return typed_columns(made.columns, place)


def typed_columns(columns: Sequence[tuple[str, str]], place: Where) -> tuple[tuple[str, Any], ...]:
    """Return columns with their types; None for one whose type is not declared.

    Raises:
        PipelineError: DEX-PIPELINE-04, a type cannot be read.
    """
    from pyspark.sql.types import StructType

    ddl = ", ".join(f"{ticked(name)} {kind}" for name, kind in columns if kind)
    try:
        types = {field.name: field.dataType for field in StructType.fromDDL(ddl).fields} if ddl else {}
    except Exception as error:
        raise _unreadable(first_line(error), place) from error
    return tuple((name, types.get(name)) for name, _ in columns)


def _unreadable(why: str, place: Where) -> PipelineError:
    return PipelineError(
        "DEX-PIPELINE-04",
        f"The schema cannot be read: {why}",
        place,
        "Declare names and types alone, such as 'id INT, day DATE'.",
    )


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _column(given: Any) -> str:
    """Return the name of a column that is given as a text or as a column."""
    if isinstance(given, str):
        return given
    return str(given._expr.name()) if hasattr(given, "_expr") else str(given)


def _texts(given: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (given or {}).items()}
