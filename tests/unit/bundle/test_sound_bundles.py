"""Bundles as people write them by hand have no error, whatever way of YAML or of the platform they use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dex.bundle import read_bundle, validate_bundle

SOUND = Path(__file__).with_name("sound")
NAMES = sorted(path.name for path in SOUND.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_that_is_written_by_hand_is_not_refused(name: str) -> None:
    assert [str(f) for f in validate_bundle(SOUND / name) if f.severity == "error"] == []


@pytest.mark.parametrize("name", ["names_in_brackets", "scala_on_serverless", "texts_of_others", "values_left_empty"])
def test_what_is_common_in_public_bundles_is_not_even_warned_of(name: str) -> None:
    assert [str(f) for f in validate_bundle(SOUND / name)] == []


def test_a_volume_that_may_be_of_one_person_is_warned_of() -> None:
    [found] = validate_bundle(SOUND / "artifacts_in_a_volume")
    assert (found.severity, found.code, found.line, found.column) == ("warning", "DEX-BUNDLE-24", 5, 3)
    assert "`${workspace.current_user.short_name}`" in found.message


@pytest.mark.parametrize("name", NAMES)
def test_line_ends_and_marks_of_other_systems_change_nothing(name: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SOUND / name, tmp_path / name))
    for path in (path for path in copy.rglob("*") if path.is_file()):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert validate_bundle(copy) == validate_bundle(SOUND / name)


def test_there_are_many_of_them_and_each_has_something_in_it() -> None:
    assert len(NAMES) >= 25
    assert all(read_bundle(SOUND / name).files for name in NAMES)
