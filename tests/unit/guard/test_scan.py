"""The files that a plan of the engine names, and the bytes that it reads of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.guard.scan import files_of
from dex_dbutils.config.models import GuardConfig


def test_whole_files_and_ranges_count_once_each(tmp_path: Path) -> None:
    for name in ("a.csv", "b, c.csv", "d e.csv"):
        (tmp_path / name).write_bytes(b"x" * 100)
    at = str(tmp_path).lstrip("/")
    plan = (
        f"DataSourceExec: file_groups={{2 groups: [[{at}/a.csv:0..60, {at}/b, c.csv], [{at}/a.csv:60..100]]}}, limit=1\n"
        f"DataSourceExec: file_groups={{1 group: [[{at}/d%20e.csv]]}}, file_type=csv\n"
        f"DataSourceExec: file_groups={{1 group: [[{at}/d%20e.csv]]}}, file_type=csv\n"
        "DataSourceExec: file_groups={1 group: [[bucket/far.parquet]]}, file_type=parquet\n"
    )
    assert sum(dict(files_of(plan)).values()) == 300
    assert dict(files_of("no files at all")) == {}


@pytest.mark.parametrize(
    ("said", "limit"), [("0B", 0), ("10B", 10), ("1.5KB", 1500), ("20 MB", 20_000_000), ("1PB", 10**15)]
)
def test_a_limit_is_read_in_bytes(said: str, limit: int) -> None:
    assert GuardConfig(max_scan=said).max_scan_bytes == limit
