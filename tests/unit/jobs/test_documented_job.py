"""docs/emitting-jobs.md: the files that it shows are those that are emitted, and they are sound."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.bundle import validate_bundle
from dex.job_files import JobNotSound
from dex.jobs import emit_jobs
from dex_dbutils.config import find_project
from documented_job import BASE, JOB, PROD, REFUSED, TARGETS, documented_project
from notebook_factory import contents


def test_the_files_of_the_page_are_emitted_and_sound(tmp_path: Path) -> None:
    root = documented_project(tmp_path / "shop")
    reports = emit_jobs(find_project(root))
    assert [(report.job, report.remarks) for report in reports] == [("daily", []), ("publish", [])]
    assert (root / "resources/daily.job.yml").read_text() == JOB
    assert (root / "resources/daily.targets.yml").read_text() == TARGETS
    assert [str(finding) for finding in validate_bundle(root)] == []
    before = contents(root)
    assert [report.status for report in emit_jobs(find_project(root), check=True)] == ["unchanged", "unchanged"]
    assert [report.status for report in emit_jobs(find_project(root))] == ["unchanged", "unchanged"]
    assert contents(root) == before


def test_the_refusal_of_the_page_is_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = documented_project(tmp_path / "shop")
    (root / "config/base.yaml").write_text(BASE.replace('"0 0 6 * * ?"', '"0 6 * * *"'))
    (root / "config/prod.yaml").write_text(PROD.replace("max_retries: 5", "max_retries: often"))
    before = contents(root)
    with pytest.raises(JobNotSound) as caught:
        emit_jobs(find_project(root))
    assert f"{caught.value}\n" == REFUSED
    assert contents(root) == before
