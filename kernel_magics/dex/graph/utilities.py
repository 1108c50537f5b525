"""`dbutils`, `spark.catalog` and `spark.conf`: widgets, other notebooks, task values, files."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dex.graph.files import file_info
from dex.graph.models import Place
from dex.graph.values import Entries, Items, Unknown, Value, known, shown, source, unknown

if TYPE_CHECKING:
    from dex.graph.run import Run
    from dex.graph.values import Arguments

_WIDGETS = ("text", "dropdown", "combobox", "multiselect")


def utilities_call(run: Run, owner: Unknown, name: str, given: Arguments, node: ast.Call) -> Value | None:
    """Return what a method of the platform's utilities gives; None for any other."""
    words = owner.text.split(".")
    if words[-1] == "widgets":
        return _widget(run, name, given)
    if words[-2:] == ["dbutils", "notebook"] and name == "run":
        _notebook(run, given, node)
        return unknown(source(node))
    if words[-1] == "taskValues":
        return _task_value(run, name, given, node)
    if words[-2:] == ["dbutils", "fs"]:
        files(run, name, given, run.at(node))
        folder = given.get(0, "path", "dir")
        return (
            known(Items([file_info(run, folder, node)]))
            if name == "ls" and folder is not None
            else unknown(source(node))
        )
    if words[-1] == "catalog":
        return _catalog(run, name, given, node)
    if words[-1] == "conf" and name in ("get", "set"):
        return _setting(run, name, given, node)
    return None


def _widget(run: Run, name: str, given: Arguments) -> Value | None:
    if name == "getAll":
        return known(Entries({**run.widgets, **run.given}))
    key = given.get(0, "name")
    if key is None or not isinstance(key.one, str):
        return None
    word = key.one
    if name in _WIDGETS:
        default = given.get(1, "defaultValue") or known("")
        make_widget(run, word, default)
        return known(None)
    if name in ("get", "getArgument"):
        run.takes("widget", word)
        found = run.given.get(word) or run.widgets.get(word)
        if found is None and name == "getArgument" and len(given.all) > 1:
            make_widget(run, word, given.all[1])
            found = run.widgets[word]
        return found or unknown(f"dbutils.widgets.get({word!r})", word, widget=True)
    return None


def make_widget(run: Run, word: str, default: Value) -> None:
    """Note a widget with its default, which is what holds where nobody says otherwise."""
    run.gives("widget", word)
    if default.one == "":  # nobody means a table without a name
        run.widgets[word] = unknown(f"dbutils.widgets.get({word!r})", word, widget=True)
        return
    assumed = default.assumed | {f"widget `{word}` is {shown(default)}, its default ({run.at(run.line)})"}
    run.widgets[word] = Value(default.alternatives, assumed)


def _notebook(run: Run, given: Arguments, node: ast.Call) -> None:
    from dex.graph.notebooks import run_other

    path, arguments = given.get(0, "path"), given.get(2, "arguments")
    if path is None:
        return
    values = arguments.one.values if arguments is not None and isinstance(arguments.one, Entries) else {}
    for each in path.alternatives:
        if isinstance(each, str):
            run_other(run, run.holes.text(each), {str(key): value for key, value in values.items()}, run.at(node))
        else:
            run_other(run, run.holes.text(each), {}, run.at(node))


def _task_value(run: Run, name: str, given: Arguments, node: ast.Call) -> Value | None:
    if name == "set":
        key = given.get(0, "key")
        if key is not None:
            run.task_value(key, None, run.at(node))
        return known(None)
    if name == "get":
        task, key = given.get(0, "taskKey"), given.get(1, "key")
        if task is not None and key is not None:
            run.task_value(key, task, run.at(node))
        default = given.get(2, "default") or given.get(3, "debugValue")
        if key is None or default is None or default.is_unknown:
            return unknown(source(node))
        note = f"task value `{run.holes.text(key.one)}` is {shown(default)}, its default ({run.at(node)})"
        return Value(default.alternatives, default.assumed | {note})
    return None


def files(run: Run, name: str, given: Arguments, place: Place) -> None:
    """Note the files that a command of `dbutils.fs` reads and writes."""
    first, second = given.get(0, "path", "from", "file", "dir"), given.get(1, "to")
    if first is not None and name in ("ls", "head", "cp", "mv"):
        run.use("read", first, place, "path")
    if first is not None and name in ("put", "mkdirs"):
        run.use("create" if name == "mkdirs" else "overwrite", first, place, "path")
    if second is not None and name in ("cp", "mv"):
        run.use("append", second, place, "path")


def _catalog(run: Run, name: str, given: Arguments, node: ast.Call) -> Value | None:
    first = given.get(0, "dbName", "catalogName", "tableName")
    if first is None:
        return None
    if name in ("setCurrentDatabase", "setCurrentCatalog"):
        run.gives("setting", "the current schema")
        text = run.holes.text(first.one).lower()
        if name == "setCurrentCatalog":
            run.current.catalog = text
        else:
            catalog, _, schema = text.rpartition(".")
            run.current.schema = schema
            run.current.catalog = catalog or run.current.catalog
    elif name in ("createTable", "createExternalTable"):
        run.use("create", first, run.at(node))
    else:
        return None
    return unknown(source(node))


def _setting(run: Run, name: str, given: Arguments, node: ast.Call) -> Value | None:
    key, default = given.get(0, "key"), given.get(1, "default")
    if key is None:
        return None
    text = run.holes.text(key.one)
    word = f"spark.conf `{text}`"
    if name == "set":
        run.gives("setting", word)
        run.settings[text] = given.get(1, "value") or unknown(source(node), text)
        return known(None)
    run.takes("setting", word)
    if text in run.settings:
        return run.settings[text]
    if default is not None and not default.is_unknown:
        return Value(
            default.alternatives, default.assumed | {f"{word} is {shown(default)}, its default ({run.at(node)})"}
        )
    return unknown(source(node), text)
