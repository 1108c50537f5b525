"""The process of one task: does the work it is told, and notes how it ended.

Run by its path with a file of JSON; imports nothing of dex before the work needs it. Standard input is held open by
whoever started it: when that ends, by whatever end, this process and all it started end too.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any


def main(asked: str) -> int:
    """Do what a file asks for; return the exit code."""
    with open(asked, encoding="utf-8") as file:
        work = json.load(file)
    alone = threading.Event()
    threading.Thread(target=_end_with_the_runner, args=(alone,), daemon=True).start()
    sys.path[:1] = work["sys_path"]
    if work["kind"] in ("entry_point", "python_file"):
        give = functools.partial(_give_the_session, work["environment"], work["project"])
        sys.meta_path.insert(0, _OnceRead("pyspark.sql.session", give))
    if work["kind"] in ("entry_point", "python_file", "sql") and work["guarded"]:
        sys.meta_path.insert(0, _OnceRead("dex_dbutils.session.interceptors", _guard_sessions))
        sys.meta_path.insert(0, _OnceRead("dex_dbutils.utilities.checks", _guard_files))
    try:
        told = _do(work)
        temporary = work["result"] + ".part"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(told, file)
        os.replace(temporary, work["result"])
    finally:
        if alone.is_set():
            os.killpg(os.getpgrp(), signal.SIGKILL)
    return 0 if told["ok"] else 1


def _do(work: dict[str, Any]) -> dict[str, Any]:
    try:
        value = _WORK[work["kind"]](work)
        sys.stdout.flush()
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            return {"ok": False, "error": f"exit code {leaving.code}"}
        value = None
    except BaseException as error:  # noqa: BLE001 - whatever ends a task is its result
        with contextlib.suppress(OSError):  # nobody reads it any more
            traceback.print_exc()
        return {"ok": False, "error": _last_line(error)}
    return {"ok": True, "value": value}


def _end_with_the_runner(alone: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    alone.set()
    # a notebook's kernel is no process of this group: it is ended by who started it, in the main thread
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(5)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _last_line(error: BaseException) -> str:
    code = getattr(error, "code", None)
    if isinstance(code, str) and code.startswith("DEX-"):
        return str(error)
    return traceback.format_exception_only(type(error), error)[-1].strip()


class _OnceRead:
    """A finder of modules that changes one once it has been read: nothing is imported before the work needs it."""

    def __init__(self, name: str, change: Callable[[Any], None]) -> None:
        self._name, self._change = name, change

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the specification of the module, which is changed once it has been read."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            read = spec.loader.exec_module

            def read_and_change(module: Any) -> None:
                read(module)
                self._change(module)

            spec.loader.exec_module = read_and_change  # type: ignore[method-assign]
        return spec


def _give_the_session(environment: str, project: str, module: Any) -> None:
    """Let ``SparkSession.builder.getOrCreate()`` give the environment's session, as on the platform it gives the job's."""
    builder = module.SparkSession.Builder
    before = builder.getOrCreate
    making = False

    def get_or_create(asked: Any) -> Any:
        nonlocal making
        options = dict(getattr(asked, "_options", {}))
        if making or "spark.remote" in options:
            return before(asked)
        making = True  # the session is made by a builder as well
        try:
            spark = _spark(environment, project)
        finally:
            making = False
        for key, value in options.items():
            with contextlib.suppress(Exception):  # settings of a session's beginning
                spark.conf.set(key, value)
        return spark

    builder.getOrCreate = get_or_create


def _guard_sessions(interceptors: Any) -> None:
    """Do the first half of `dex.guard.install_tap`: who registers sessions is only now being read."""
    from dex.guard import make_tap

    interceptors.add_interceptor(make_tap)


def _guard_files(checks: Any) -> None:
    """Do the other half, for what ``dbutils.fs`` changes."""
    from dex.guard import check_path

    checks.add_write_check(check_path)


def _spark(environment: str, project: str) -> Any:
    from pathlib import Path

    from dex_dbutils import get_spark, load_environment

    return get_spark(load_environment(environment, start=Path(project)))


def _entry_point(work: dict[str, Any]) -> None:
    from importlib import import_module

    sys.argv = [work["name"], *work["words"]]
    target: Any = import_module(work["module"])
    for name in work["function"].split("."):
        target = getattr(target, name)
    ended = target()
    if isinstance(ended, int) and not isinstance(ended, bool) and ended:
        raise SystemExit(ended)  # as the script that a wheel installs does it


def _python_file(work: dict[str, Any]) -> None:
    import runpy

    sys.argv = [work["path"], *work["words"]]
    sys.path.insert(0, os.path.dirname(work["path"]))
    runpy.run_path(work["path"], run_name="__main__")


def _notebook(work: dict[str, Any]) -> str | None:
    from pathlib import Path

    from dex.notebook import run_notebook

    report = run_notebook(
        Path(work["path"]),
        parameters=work["parameters"],
        texts=work["parameters"],
        out=Path(work["out"]),
        environment=work["environment"],
        progress=lambda line: print(line, flush=True),
    )
    return report.value


def _sql(work: dict[str, Any]) -> None:
    from pathlib import Path

    from dex.notebook import markers_of, split_sql

    spark = _spark(work["environment"], work["project"])
    for statement in split_sql(Path(work["path"]).read_text(encoding="utf-8")):
        print(statement.strip(), flush=True)
        given = {name: work["parameters"][name] for name in markers_of(statement) if name in work["parameters"]}
        spark.sql(statement, args=given or None).show()


def _pipeline(work: dict[str, Any]) -> None:
    from pathlib import Path

    from dex_agents.redaction import redaction_for
    from dex_dbutils import load_environment

    from dex.files import write_atomically
    from dex.guard import install_tap
    from dex.pipelines import Pipeline, PipelineSettings, check_made, run_pipeline

    install_tap()
    pipeline = Pipeline(
        work["key"],
        PipelineSettings.model_validate(work["settings"]),
        tuple(map(Path, work["sources"])),
        Path(work["root"]),
        tuple(map(Path, work["imports"])),
    )
    asked = work["asked"]
    environment = load_environment(work["environment"], start=Path(work["project"]))
    update = run_pipeline(
        pipeline,
        environment,
        full_refresh=asked["full_refresh"],
        refresh=asked["refresh_selection"],
        full_refresh_of=asked["full_refresh_selection"],
        parameters=asked["parameters"],
        dry_run=asked["validate_only"],
        log=lambda line: print(line, flush=True),
    )
    write_atomically(Path(work["update"]), redaction_for(environment.project, environment)(update.model_dump_json()))
    check_made(update)


_WORK = {
    "entry_point": _entry_point,
    "python_file": _python_file,
    "notebook": _notebook,
    "sql": _sql,
    "pipeline": _pipeline,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
