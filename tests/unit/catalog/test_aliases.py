"""A project may lie in any folder, though the local engine changes some signs of a path."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from dex_dbutils import DexError
from dex_dbutils.catalog.aliases import engine_path


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DEX_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "dex/links"


def test_a_plain_path_is_told_as_it_is(links: Path) -> None:
    folder = Path("/data/it's_(mine)+1,2;a=b@c/~x!/$y&z:0^|\"]")
    assert engine_path(folder) == folder
    assert not links.exists()


@pytest.mark.parametrize(
    "name", ["my project", "läden", "50%", "a#b", "what?", "a*b", "a[b", "a{b}", "a`b", "a<b>", "a\\b"]
)
def test_another_path_is_told_as_a_link_that_stays_the_same(name: str, links: Path, tmp_path: Path) -> None:
    told = engine_path(tmp_path / name)
    assert told.parent == links
    assert os.readlink(told) == str(tmp_path / name)
    assert engine_path(tmp_path / name) == told
    assert engine_path(tmp_path / name / "other") != told


def test_a_link_that_leads_elsewhere_is_set_right(links: Path, tmp_path: Path) -> None:
    told = engine_path(tmp_path / "my project")
    told.unlink()
    told.symlink_to(tmp_path / "other")
    assert engine_path(tmp_path / "my project") == told
    assert os.readlink(told) == str(tmp_path / "my project")


def test_the_temporary_folder_serves_where_the_users_own_path_is_not_plain(
    links: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "jörg"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert engine_path(tmp_path / "my project").parent.parent == tmp_path


def test_a_folder_that_no_link_can_be_made_for_is_refused(
    links: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dex").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a b"))
    with pytest.raises(DexError, match=r"DEX-CATALOG-04.*its path has spaces"):
        engine_path(tmp_path / "my project")
