"""The names that a Databricks notebook finds without importing them."""

from __future__ import annotations

from collections.abc import MutableMapping
from html import escape
from typing import Any, NoReturn

from dex_dbutils import NotebookError

#: Rows of a frame that `display` shows.
SHOWN_ROWS = 100


class NoSparkContext(NotebookError, AttributeError):
    """What was asked of ``sc`` is not there; an AttributeError too, so that ``hasattr`` answers False."""


class SparkContextStandIn:
    """What stands for ``sc``: over Spark Connect there is no context, and each use says so."""

    def __getattr__(self, name: str) -> NoReturn:
        """Raise for whatever is asked for.

        Raises:
            AttributeError: a name with underscores in front, which only machinery asks for.
            NoSparkContext: DEX-DATABRICKS-08, any other.
        """
        if name.startswith("_"):
            raise AttributeError(name)
        raise NoSparkContext(
            "DEX-DATABRICKS-08",
            f"`sc.{name}` needs a SparkContext, which Spark Connect has not.",
            remedy="Use `spark`: spark.createDataFrame for parallelize, spark.read for textFile, spark.conf for settings.",
        )

    def __repr__(self) -> str:
        """Return what it is."""
        return "<sc: no SparkContext over Spark Connect; use spark>"


class SqlContextStandIn:
    """``sqlContext``: what ``spark`` has under the same names."""

    def __init__(self, namespace: MutableMapping[str, Any]) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        """Return what ``spark`` has of that name."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(bound(self._namespace, "spark"), name)


def platform_names(namespace: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return the functions and stand-ins by name; each looks ``spark`` and ``dbutils`` up when it is called."""

    def sql(query: str, *args: Any, **options: Any) -> Any:
        """Return the result of a SQL query."""
        return bound(namespace, "spark").sql(query, *args, **options)

    def table(name: str) -> Any:
        """Return a table."""
        return bound(namespace, "spark").table(name)

    def get_argument(name: str, default_value: str | None = None) -> str:
        """Return the value of a parameter."""
        return str(bound(namespace, "dbutils").widgets.getArgument(name, default_value))

    def udf(*args: Any, **options: Any) -> Any:
        """Return a function of columns; see ``pyspark.sql.functions.udf``."""
        from pyspark.sql import functions

        return functions.udf(*args, **options)

    return {
        "display": show,
        "displayHTML": show_html,
        "sql": sql,
        "table": table,
        "udf": udf,
        "getArgument": get_argument,
        "sc": SparkContextStandIn(),
        "sqlContext": SqlContextStandIn(namespace),
    }


def bound(namespace: MutableMapping[str, Any], name: str) -> Any:
    """Return ``spark`` or ``dbutils`` of a notebook.

    Raises:
        NotebookError: DEX-DATABRICKS-05, no environment is bound.
    """
    if name not in namespace:
        raise NotebookError("DEX-DATABRICKS-05", f"There is no `{name}` yet.", remedy="Bind an environment: %dex_env")
    return namespace[name]


def show(*values: Any, **_: Any) -> None:
    """Show values below the cell: frames and lists of rows as tables, all else as the notebook shows it."""
    from IPython.display import display, publish_display_data

    for value in values:
        found = _rows_of(value)
        if found is None:
            display(value)
            continue
        columns, rows, more = found
        note = f"first {SHOWN_ROWS} rows" if more else ""
        if getattr(value, "isStreaming", False):
            note = "a stream, of which the columns are shown; write it to a table to see rows"
        publish_display_data({"text/plain": _text(columns, rows, note), "text/html": _html(columns, rows, note)})


def show_html(html: str) -> None:
    """Show HTML below the cell."""
    from IPython.display import HTML, display

    display(HTML(html))


def _rows_of(value: Any) -> tuple[list[str], list[list[str]], bool] | None:
    if hasattr(value, "isStreaming") and hasattr(value, "limit"):
        if value.isStreaming:
            return [f"{name}: {kind}" for name, kind in value.dtypes], [], False
        rows = value.limit(SHOWN_ROWS + 1).collect()
        shown = [[_shown(cell) for cell in row] for row in rows[:SHOWN_ROWS]]
        return list(value.columns), shown, len(rows) > SHOWN_ROWS
    if (
        isinstance(value, list)
        and value
        and all(hasattr(row, "_fields") or hasattr(row, "__fields__") for row in value)
    ):
        columns = list(getattr(value[0], "_fields", None) or value[0].__fields__)
        return columns, [[_shown(cell) for cell in row] for row in value[:SHOWN_ROWS]], len(value) > SHOWN_ROWS
    return None


def _shown(value: Any) -> str:
    return "null" if value is None else str(value)


def _text(columns: list[str], rows: list[list[str]], note: str) -> str:
    table = [columns, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([*lines, *([note] if note else [])])


def _html(columns: list[str], rows: list[list[str]], note: str) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{escape(note)}"
