"""What a Databricks notebook imports and gets there alone: the session that is there already, and ``pyspark.dbutils``."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, MutableMapping
from types import ModuleType
from typing import Any

from dex.databricks.names import bound

_DBUTILS = "pyspark.dbutils"
_MARK = "dex_databricks"
#: What the shells of this process have put in place, the oldest first, above what was there.
_SESSIONS: list[Any] = []
_MODULES: list[Any] = []


def give_imports(namespace: MutableMapping[str, Any]) -> Callable[[], None]:
    """Make the imports of a Databricks notebook give what the notebook has; return how that is taken back.

    ``SparkSession.builder...getOrCreate()`` is ``spark`` of the notebook, unless it names a ``remote`` or there is no
    ``spark`` yet; its settings are set on it as far as a session takes them. ``DBUtils(spark)`` is ``dbutils``.
    Nothing is changed where PySpark is not installed, or has a ``dbutils`` of its own.
    """
    if importlib.util.find_spec("pyspark") is None:
        return lambda: None
    undo = [_give_session(namespace)]
    if hasattr(sys.modules.get(_DBUTILS), _MARK) or importlib.util.find_spec(_DBUTILS) is None:
        undo.append(_give_dbutils(namespace))

    def take_back() -> None:
        for each in undo:
            each()

    return take_back


def _give_session(namespace: MutableMapping[str, Any]) -> Callable[[], None]:
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.Builder
    before = builder.getOrCreate

    def get_or_create(self: Any) -> Any:
        options = dict(getattr(self, "_options", {}))
        if "spark" not in namespace or "spark.remote" in options:
            return before(self)
        spark = namespace["spark"]
        for key, value in options.items():
            if key not in ("spark.master", "spark.app.name", "spark.sql.catalogImplementation"):
                _set(spark, key, value)
        return spark

    def put(function: Any) -> None:
        builder.getOrCreate = function

    return _on_top(_SESSIONS, get_or_create, before, put)


def _set(spark: Any, key: str, value: Any) -> None:
    from dex_dbutils import DexError

    try:
        spark.conf.set(key, str(value).lower() if isinstance(value, bool) else value)
    except DexError:
        raise  # the guard's
    except Exception as error:  # noqa: BLE001  whatever the engine says: such a setting is for a session's beginning
        print(f"{key} is not set: {(str(error).splitlines() or [type(error).__name__])[0]}")


def _give_dbutils(namespace: MutableMapping[str, Any]) -> Callable[[], None]:
    module = ModuleType(_DBUTILS, "``dbutils`` of the notebook, under the name that it has on Databricks.")

    def dbutils(spark: Any = None) -> Any:
        """Return ``dbutils`` of the notebook."""
        return bound(namespace, "dbutils")

    module.__spec__ = importlib.util.spec_from_loader(_DBUTILS, None)
    vars(module).update({"DBUtils": dbutils, _MARK: True})

    def put(made: ModuleType | None) -> None:
        if made is None:
            sys.modules.pop(_DBUTILS, None)
        else:
            sys.modules[_DBUTILS] = made

    return _on_top(_MODULES, module, None, put)


def _on_top(layers: list[Any], made: Any, below: Any, put: Callable[[Any], None]) -> Callable[[], None]:
    """Put something in place, and return how it is taken back: of several shells' the latest that is still on counts.

    Args:
        layers: what is in place, the oldest first.
        made: what is put on top.
        below: what is in place where nothing of dex is.
        put: puts something in place.
    """
    layers += [below] if not layers else []
    layers.append(made)
    put(made)

    def take_back() -> None:
        if made in layers:
            layers.remove(made)
            put(layers[-1])
        if len(layers) == 1:
            layers.clear()

    return take_back
