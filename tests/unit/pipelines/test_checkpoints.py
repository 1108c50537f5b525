"""How far a stream has read, whatever ended an update, without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from delta_logs import META, add, commit
from dex.pipelines.delta_log import DeltaLog
from dex.pipelines.streams import Checkpoint


@pytest.fixture
def table(tmp_path: Path) -> Path:
    commit(tmp_path / "table", 0, META, add(tmp_path / "table", "first"))
    return tmp_path / "table"


def kept(table: Path) -> Checkpoint:
    return Checkpoint(table.parent / "checkpoint.json")


def first_update(table: Path) -> None:
    checkpoint = kept(table)
    assert checkpoint.settle(None)  # there is no table yet
    checkpoint.intend("flow", {"source": 1}, -1, anew=True)
    checkpoint.done("this one")


def test_what_was_read_is_known_at_the_next_update(table: Path) -> None:
    first_update(table)
    checkpoint = kept(table)
    assert not checkpoint.settle(DeltaLog(table))
    assert checkpoint.flow("flow") == {"source": 1}
    assert checkpoint.flow("another") == {}


def test_an_update_that_was_killed_ahead_of_its_write_is_repeated(table: Path) -> None:
    first_update(table)
    checkpoint = kept(table)
    checkpoint.settle(DeltaLog(table))
    checkpoint.intend("flow", {"source": 2}, 0, anew=False)
    again = kept(table)
    assert not again.settle(DeltaLog(table))
    assert again.flow("flow") == {"source": 1}


def test_an_update_that_was_killed_behind_its_write_is_not_repeated(table: Path) -> None:
    first_update(table)
    checkpoint = kept(table)
    checkpoint.settle(DeltaLog(table))
    checkpoint.intend("flow", {"source": 2}, 0, anew=False)
    commit(table, 1, add(table, "second"))
    again = kept(table)
    assert not again.settle(DeltaLog(table))
    assert again.flow("flow") == {"source": 2}


def test_a_first_update_that_was_killed_behind_its_write_is_known(table: Path) -> None:
    checkpoint = kept(table)
    checkpoint.settle(None)
    checkpoint.intend("flow", {"source": 1}, -1, anew=True)
    again = kept(table)
    assert not again.settle(DeltaLog(table))
    assert again.flow("flow") == {"source": 1}


def test_a_table_that_begins_anew_forgets_its_other_flows(table: Path) -> None:
    first_update(table)
    checkpoint = kept(table)
    checkpoint.settle(DeltaLog(table))
    checkpoint.intend("other", {"source": 5}, 0, anew=True)
    checkpoint.done("this one")
    assert (checkpoint.flow("flow"), checkpoint.flow("other")) == ({}, {"source": 5})


@pytest.mark.parametrize("text", ["", "{", '{"id": "this one"'])
def test_a_table_without_a_readable_checkpoint_begins_anew(table: Path, text: str) -> None:
    (table.parent / "checkpoint.json").write_text(text)
    assert kept(table).settle(DeltaLog(table))


def test_a_table_that_is_gone_or_another_one_begins_anew(table: Path) -> None:
    first_update(table)
    assert kept(table).settle(None)
    first_update(table)
    commit(table, 1, {"metaData": {"id": "another", "configuration": {}}})
    checkpoint = kept(table)
    assert checkpoint.settle(DeltaLog(table))
    assert checkpoint.flow("flow") == {}
