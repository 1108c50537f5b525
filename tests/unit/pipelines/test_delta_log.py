"""What Delta's log says was added, without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from delta_logs import META, REMOVE, add, commit
from dex.pipelines.delta_log import ChangedSource, DeltaLog, LostHistory


@pytest.fixture
def table(tmp_path: Path) -> Path:
    commit(tmp_path, 0, META, add(tmp_path, "first"))
    commit(
        tmp_path, 1, add(tmp_path, "second", partitionValues={"day": "2013"}), {"commitInfo": {"operation": "WRITE"}}
    )
    return tmp_path


def test_a_folder_without_a_log_is_no_table(tmp_path: Path) -> None:
    assert DeltaLog.of(tmp_path) is None
    (tmp_path / "_delta_log").mkdir()
    assert DeltaLog.of(tmp_path) is None


def test_files_of_later_versions_are_told_with_their_partition(table: Path) -> None:
    log = DeltaLog(table)
    assert (log.version, log.id, log.rows_added(1)) == (1, "this one", 2)
    (added,) = log.added(0, 1, {})
    assert (added.path, added.partition) == (table / "second", (("day", "2013"),))
    assert [each.path.name for each in log.added(-1, 1, {})] == ["first", "second"]


def test_a_change_stops_a_stream_unless_it_is_passed_over(table: Path) -> None:
    commit(table, 2, add(table, "third"), REMOVE, {"commitInfo": {"operation": "UPDATE"}})
    commit(table, 3, REMOVE)
    commit(table, 4, add(table, "fourth"), {"remove": {"path": "old", "dataChange": False}})
    log = DeltaLog(table)
    with pytest.raises(ChangedSource, match="version 2, UPDATE"):
        log.added(1, 4, {"ignoreDeletes": "true"})
    with pytest.raises(ChangedSource, match="version 3, a change"):
        log.added(2, 4, {})
    assert [each.path.name for each in log.added(2, 4, {"ignoreDeletes": "true"})] == ["fourth"]
    assert [each.path.name for each in log.added(1, 4, {"skipchangecommits": "True"})] == ["fourth"]


def test_what_cannot_be_read_file_by_file_is_told(table: Path) -> None:
    commit(table, 2, add(table, "third", deletionVector={"storageType": "u"}))
    with pytest.raises(LostHistory, match="deletion vectors"):
        DeltaLog(table).added(1, 2, {})
    (table / "second").unlink()
    with pytest.raises(LostHistory, match="second is not beside its log"):
        DeltaLog(table).added(0, 1, {})
    (table / f"_delta_log/{1:020d}.json").unlink()
    with pytest.raises(LostHistory, match="version 1 is not in the log"):
        DeltaLog(table).added(0, 1, {})
    commit(
        table,
        3,
        {"metaData": {"id": "this one", "configuration": {"delta.columnMapping.mode": "name"}}},
        add(table, "x"),
    )
    with pytest.raises(LostHistory, match="other names"):
        DeltaLog(table).added(2, 3, {})
