"""``%sql``: the statements of a cell, one by one, with the values of widgets put in."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from dex_dbutils import NotebookError

from dex.databricks.names import bound, show
from dex.notebook import WIDGET_FIELD, markers_of, split_sql, widget_of


def run_sql(text: str, namespace: MutableMapping[str, Any]) -> None:
    """Run the statements of a SQL text; the last one's result is shown and named ``_sqldf``.

    ``${name}`` is the text of the widget of that name, ``:name`` its value as an argument. Where there is no such
    widget, the engine is given what stands there. ``CREATE WIDGET`` and ``REMOVE WIDGET`` are calls of
    ``dbutils.widgets``.

    Raises:
        NotebookError: DEX-DATABRICKS-05, no environment is bound; DEX-DATABRICKS-09, there is no such kind of widget.
    """
    frame = None
    for statement in split_sql(text):
        if _is_widget(statement, namespace):
            continue
        query = WIDGET_FIELD.sub(lambda found: _or(found.group(1), found.group(0), namespace), statement)
        arguments = {name: value for name in markers_of(query) if (value := _widget(name, namespace)) is not None}
        spark = bound(namespace, "spark")
        frame = spark.sql(query, args=arguments) if arguments else spark.sql(query)
    if frame is not None:
        namespace["_sqldf"] = frame
        if frame.columns:
            show(frame)


def _or(name: str, otherwise: str, namespace: MutableMapping[str, Any]) -> str:
    value = _widget(name, namespace)
    return otherwise if value is None else value


def _widget(name: str, namespace: MutableMapping[str, Any]) -> str | None:
    from dex_dbutils import UtilitiesError

    get: Callable[[str], Any] | None = getattr(getattr(namespace.get("dbutils"), "widgets", None), "get", None)
    try:
        return None if get is None else str(get(name))
    except UtilitiesError:
        return None


def _is_widget(statement: str, namespace: MutableMapping[str, Any]) -> bool:
    """Make or remove a widget if that is what a statement does; return whether it was."""
    widget = widget_of(statement)
    if widget is None:
        return False
    widgets = bound(namespace, "dbutils").widgets
    if not widget.made:
        widgets.remove(widget.name)
    elif widget.kind == "text":
        widgets.text(widget.name, widget.default)
    elif widget.kind in ("dropdown", "combobox", "multiselect"):
        rows = bound(namespace, "spark").sql(widget.choices).collect() if widget.choices else []
        getattr(widgets, widget.kind)(widget.name, widget.default, [str(row[0]) for row in rows])
    else:
        raise NotebookError(
            "DEX-DATABRICKS-09",
            f"There is no widget of the kind `{widget.kind}`.",
            remedy="Write: CREATE WIDGET TEXT name DEFAULT 'value'; or DROPDOWN, COMBOBOX, MULTISELECT.",
        )
    return True
