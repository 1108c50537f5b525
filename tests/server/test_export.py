"""The export action: what is written, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from dex import __version__
from tornado.httpclient import HTTPClientError

Fetch = Callable[..., Awaitable[Any]]


async def post(fetch: Fetch, body: str, route: str = "export") -> tuple[int, dict[str, Any]]:
    try:
        answer = await fetch("dex", route, method="POST", body=body)
    except HTTPClientError as error:
        assert error.response is not None
        return error.code, json.loads(error.response.body)
    return int(answer.code), json.loads(answer.body)


def write_notebook(path: Path, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


async def test_the_page_learns_the_version_of_the_server(jp_fetch: Fetch) -> None:
    answer = await jp_fetch("dex", "version")
    assert json.loads(answer.body) == {"version": __version__, "protocol": 1}


async def test_a_saved_notebook_becomes_a_module(jp_fetch: Fetch, project: Path) -> None:
    write_notebook(
        project / "notebooks/flights.ipynb",
        "from pyspark.sql import DataFrame",
        "def clean(frame: DataFrame) -> DataFrame:\n    return frame.dropDuplicates()",
        'clean(spark.table("a.b.c")).write.saveAsTable("a.b.d")',
    )
    code, reply = await post(jp_fetch, json.dumps({"path": "flights/notebooks/flights.ipynb"}))
    assert code == 200, reply
    written = [project / file["path"] for file in reply["files"]]
    assert len(written) >= 3
    assert [path for path in written if not path.exists()] == []
    assert "def clean" in (project / "src/flights_etl/flights.py").read_text("utf-8")
    again, second = await post(jp_fetch, json.dumps({"path": "flights/notebooks/flights.ipynb", "check": True}))
    assert (again, second["drift"]) == (200, False)


async def test_a_notebook_that_cannot_be_exported_is_refused_with_the_place(jp_fetch: Fetch, project: Path) -> None:
    write_notebook(project / "notebooks/broken.ipynb", "x = 1", "y = (")
    code, reply = await post(jp_fetch, json.dumps({"path": "flights/notebooks/broken.ipynb"}))
    assert code in {400, 409}
    assert reply["code"].startswith("DEX-")
    assert "cell 2" in (reply["where"] or "")
    assert not (project / "src").exists()


@pytest.mark.parametrize(
    "path", ["flights/notebooks/gone.ipynb", "../outside.ipynb", "/etc/hostname", ".hidden/a.ipynb", "flights", "a\0b"]
)
async def test_only_notebooks_below_the_root_can_be_exported(jp_fetch: Fetch, jp_root_dir: Path, path: str) -> None:
    outside = Path(jp_root_dir).parent / "outside.ipynb"
    write_notebook(outside, "x = 1")
    hidden = Path(jp_root_dir) / ".hidden"
    hidden.mkdir()
    write_notebook(hidden / "a.ipynb", "x = 1")
    code, reply = await post(jp_fetch, json.dumps({"path": path}))
    assert (code, reply["code"]) == (400, "DEX-SERVER-03")


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"path": 3}', '{"path": "a.ipynb", "then": "rm"}', '{"path": ""}'])
async def test_a_request_that_cannot_be_read_says_what_is_wrong(jp_fetch: Fetch, body: str) -> None:
    code, reply = await post(jp_fetch, body)
    assert (code, reply["code"]) == (400, "DEX-SERVER-01")
    assert reply["message"]


async def test_a_refusal_names_every_place(jp_fetch: Fetch, project: Path) -> None:
    write_notebook(project / "notebooks/broken.ipynb", "from . import a", "y = 1", "from . import b")
    code, reply = await post(jp_fetch, json.dumps({"path": "flights/notebooks/broken.ipynb"}))
    assert (code, reply["code"]) == (409, "DEX-EXPORT-02")
    assert [(place["cell"], place["line"]) for place in reply["places"]] == [(1, 1), (3, 1)]
    assert all(place["text"] for place in reply["places"])


async def test_a_check_shows_what_would_be_written(jp_fetch: Fetch, project: Path) -> None:
    write_notebook(project / "notebooks/new.ipynb", "print('x')")
    code, reply = await post(jp_fetch, json.dumps({"path": "flights/notebooks/new.ipynb", "check": True}))
    assert (code, reply["checked"], reply["drift"]) == (200, True, True)
    assert any("+def main(" in file["diff"] for file in reply["files"])
    assert not (project / "src").exists()


async def test_the_cells_of_an_exported_notebook_are_told(jp_fetch: Fetch, project: Path) -> None:
    path = project / "notebooks/flights.ipynb"
    body = json.dumps({"path": "flights/notebooks/flights.ipynb"})
    write_notebook(path, "def clean(frame):\n    return frame", "print(clean(1))")
    before = json.loads((await jp_fetch("dex", "cells", method="POST", body=body)).body)
    assert before == {"module": None, "cells": []}
    await post(jp_fetch, body)
    after = json.loads((await jp_fetch("dex", "cells", method="POST", body=body)).body)
    assert after["module"] == "src/flights_etl/flights.py"
    assert [(cell["cell"], cell["state"], cell["functions"]) for cell in after["cells"]] == [
        (1, "exported", ["clean"]),
        (2, "exported", []),
    ]


async def test_an_edit_in_the_module_comes_back_to_its_cell(jp_fetch: Fetch, project: Path) -> None:
    notebook = project / "notebooks/flights.ipynb"
    write_notebook(notebook, "def add(a: int, b: int) -> int:\n    return a + b", "print(add(1, 2))")
    request = json.dumps({"path": "flights/notebooks/flights.ipynb"})
    assert (await post(jp_fetch, request))[0] == 200
    module = project / "src/flights_etl/flights.py"
    module.write_text(module.read_text("utf-8").replace("return a + b", "return b + a"), "utf-8")
    looked = await post(jp_fetch, json.dumps({"path": "flights/notebooks/flights.ipynb", "check": True}), "sync")
    assert [place["cell"] for place in looked[1]["taken"]] == [1]
    assert "b + a" not in notebook.read_text("utf-8")
    code, reply = await post(jp_fetch, request, "sync")
    assert (code, [place["cell"] for place in reply["taken"]], reply["conflicts"]) == (200, [1], [])
    assert "return b + a" in nbformat.read(notebook, 4).cells[0].source
    assert (await post(jp_fetch, request, "sync"))[1]["files"] == []


async def test_a_sync_without_an_export_says_what_to_do(jp_fetch: Fetch, project: Path) -> None:
    write_notebook(project / "notebooks/flights.ipynb", "print(1)")
    code, reply = await post(jp_fetch, json.dumps({"path": "flights/notebooks/flights.ipynb"}), "sync")
    assert (code, reply["code"], reply["remedy"]) == (409, "DEX-SYNC-01", "Export the notebook first.")


async def test_the_tests_of_the_module_are_run_and_what_failed_leads_to_its_cell(
    jp_fetch: Fetch, project: Path
) -> None:
    write_notebook(
        project / "notebooks/flights.ipynb",
        "def half(n):\n    return n / 2",
        "assert half(4) == 2\nassert half(3) == 1.5",
        'who = getArgument("who")',  # no default: main is not run, and no engine
    )
    request = json.dumps({"path": "flights/notebooks/flights.ipynb"})
    assert (await post(jp_fetch, request, "test"))[1]["code"] == "DEX-EXPORT-22"
    assert (await post(jp_fetch, request))[0] == 200
    module = project / "src/flights_etl/flights.py"
    module.write_text(module.read_text("utf-8").replace("return n / 2", "return n // 2"), "utf-8")
    code, reply = await post(jp_fetch, request, "test")
    assert (code, reply["passed"], reply["tests"]) == (200, 1, "tests/test_flights.py"), reply
    assert [(place["cell"], place["line"]) for place in reply["failed"]] == [(2, 2)]
    assert "assert 1 == 1.5" in reply["failed"][0]["text"]
    assert ["who" in place["text"] for place in reply["skipped"]] == [True]
