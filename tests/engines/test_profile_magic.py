"""`%dex_profile` in a shell: names that nothing has, names to keep a profile under, a ledger that cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.magics.profile import run
from dex_dbutils import DexError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


@pytest.fixture
def shell(project: Path) -> Iterator[Any]:
    from dex import session

    shell = InteractiveShell.instance()
    bound = session.bind("local", namespace=shell.user_ns)
    shell.user_ns["trips"] = bound.spark.range(3)
    bound.spark.range(4).write.saveAsTable(bound.table("silver", "flights"))
    yield shell
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(("name", "near"), [("flihgts", "`silver.flights`"), ("trip", "`trips`"), ("qqq", "silver")])
def test_a_misspelt_name_is_told_from_an_empty_project(shell: Any, name: str, near: str) -> None:
    with pytest.raises(DexError) as caught:
        run(shell, name)
    assert caught.value.code == "DEX-FRAME-05"
    assert caught.value.what == f"`{name}` is neither a variable nor a table."
    assert near in str(caught.value.remedy)


def test_a_view_is_found_by_its_bare_name(shell: Any) -> None:
    shell.user_ns["trips"].createOrReplaceTempView("a_view")
    with capture_output() as shown:
        run(shell, "a_view")
    assert "a_view: 3 rows" in shown.outputs[0].data["text/plain"]


@pytest.mark.parametrize("name", ["../../evil", "a/b", "..", "/evil", ".hidden", "'two words'"])
def test_a_profile_is_kept_in_its_folder_only(shell: Any, project: Path, name: str) -> None:
    before = {path for path in project.rglob("*.json") if "engine" not in path.parts}
    with pytest.raises(DexError) as caught:
        run(shell, f"trips --save {name}")
    assert caught.value.code == "DEX-MAGIC-07"
    assert {path for path in project.rglob("*.json") if "engine" not in path.parts} == before


def test_a_kept_profile_lies_under_its_name(shell: Any, project: Path) -> None:
    with capture_output():
        run(shell, "trips --save trips-2013.v1")
    assert (project / ".dex/profiles/trips-2013.v1.json").is_file()


def test_a_profile_is_shown_though_the_ledger_cannot_be_written(shell: Any, project: Path) -> None:
    (project / ".dex/runs").write_text("no folder")
    with capture_output() as shown:
        run(shell, "trips")
    assert "trips: 3 rows" in shown.outputs[0].data["text/plain"]
    assert "DEX-LEDGER-01" in shown.stderr
