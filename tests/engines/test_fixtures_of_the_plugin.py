"""A project's own test file uses what the pytest plugin offers, on the engine of its environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OWN = """\
import pytest


def test_frames(spark, dex_env, dbutils, assert_frames_equal):
    assert dex_env.name == "local"
    dbutils.widgets.text("day", "monday")
    assert dbutils.widgets.get("day") == "monday"
    frame = spark.sql("SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(n, s)")
    assert_frames_equal(frame, frame.orderBy("n", ascending=False))
    wider = frame.selectExpr("CAST(n AS BIGINT) AS n", "s")
    assert_frames_equal(wider, frame, types=False)
    with pytest.raises(AssertionError, match="- column n int\\n\\\\+ column n bigint"):
        assert_frames_equal(wider, frame)
    with pytest.raises(AssertionError, match="- Row\\\\(n=1, s='a'\\\\)"):
        assert_frames_equal(frame.where("n > 1"), frame)
    with pytest.raises(AssertionError, match="row 1"):
        assert_frames_equal(frame.orderBy("n"), frame.orderBy("n", ascending=False), ordered=True)
    with pytest.raises(AssertionError, match="nullable"):
        assert_frames_equal(
            frame.selectExpr("nullif(n, 5) AS n", "s"), frame, nullability=True
        )
"""


def test_a_projects_own_test_has_spark_dbutils_and_frames_compared(shared_project: Path) -> None:
    own = shared_project / "test_own_of_the_project.py"
    own.write_text(OWN, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", own.name]
    done = subprocess.run(command, cwd=shared_project, capture_output=True, text=True, check=False, timeout=120)
    own.unlink()
    assert "1 passed" in done.stdout, done.stdout + done.stderr
