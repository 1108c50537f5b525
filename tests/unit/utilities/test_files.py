"""`dbutils.fs` on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from dex_dbutils import UtilitiesError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def fails(code: str, call: Any) -> UtilitiesError:
    with pytest.raises(UtilitiesError) as caught:
        call()
    assert caught.value.code == code
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("dbfs:/raw/x.csv", ".dex/dbfs/raw/x.csv"),
        ("dbfs:///raw/x.csv", ".dex/dbfs/raw/x.csv"),
        ("/dbfs/raw/x.csv", ".dex/dbfs/raw/x.csv"),
        ("/raw/x.csv", ".dex/dbfs/raw/x.csv"),
        ("/Volumes/main/raw/files/x.csv", ".dex/volumes/main/raw/files/x.csv"),
        ("dbfs:/Volumes/main/raw/files/x.csv", ".dex/volumes/main/raw/files/x.csv"),
        ("data/x.csv", "data/x.csv"),
        ("/Volumes/a/b/c/ä ö.csv", ".dex/volumes/a/b/c/ä ö.csv"),
    ],
)
def test_a_path_of_the_platform_lies_below_the_project(dbutils: Any, folder: Path, path: str, place: str) -> None:
    assert dbutils.fs.put(path, "a,b\n1,2\n") is True
    assert (folder / place).read_text() == "a,b\n1,2\n"
    assert dbutils.fs.head(path) == "a,b\n1,2\n"


def test_absolute_and_file_paths_inside_of_the_project_are_what_they_say(dbutils: Any, folder: Path) -> None:
    dbutils.fs.put(f"{folder}/data/a.txt", "a")
    dbutils.fs.put(f"file:{folder}/data/b%20c.txt", "b")
    assert (folder / "data/a.txt").read_text() == "a"
    assert (folder / "data/b c.txt").read_text() == "b"


@pytest.mark.parametrize("root", ["/", "dbfs:/", "/dbfs", "/Volumes"])
def test_a_root_is_there_before_anything_is_in_it(dbutils: Any, root: str) -> None:
    assert dbutils.fs.ls(root) == []
    fails("DEX-UTIL-02", lambda: dbutils.fs.ls(f"{root.rstrip('/')}/x"))


def test_ls_tells_what_the_platform_tells(dbutils: Any) -> None:
    dbutils.fs.put("/Volumes/main/raw/files/b.csv", "12345")
    dbutils.fs.mkdirs("/Volumes/main/raw/files/a")
    found = dbutils.fs.ls("/Volumes/main/raw/files")
    assert [(f.name, f.path, f.size) for f in found] == [
        ("a/", "dbfs:/Volumes/main/raw/files/a/", 0),
        ("b.csv", "dbfs:/Volumes/main/raw/files/b.csv", 5),
    ]
    assert [f.isDir() for f in found] == [True, False]
    assert found[1].modificationTime > 1_600_000_000_000
    assert dbutils.fs.ls(found[1].path) == [found[1]]
    assert dbutils.fs.ls(found[0].path) == []


def test_put_keeps_what_is_there_unless_told(dbutils: Any) -> None:
    dbutils.fs.put("dbfs:/x", "old")
    fails("DEX-UTIL-02", lambda: dbutils.fs.put("dbfs:/x", "new"))
    assert dbutils.fs.head("dbfs:/x") == "old"
    dbutils.fs.put("dbfs:/x", "new", overwrite=True)
    assert dbutils.fs.head("dbfs:/x") == "new"
    dbutils.fs.mkdirs("dbfs:/d")
    fails("DEX-UTIL-02", lambda: dbutils.fs.put("dbfs:/d", "x", True))


def test_head_gives_whole_characters(dbutils: Any) -> None:
    dbutils.fs.put("x", "ää")
    assert dbutils.fs.head("x", 3) == "ä"
    assert dbutils.fs.head("x", maxBytes=4) == "ää"
    fails("DEX-UTIL-02", lambda: dbutils.fs.head("/"))


def test_a_file_and_a_tree_are_copied_and_moved(dbutils: Any) -> None:
    fs = dbutils.fs
    fs.put("dbfs:/in/a/1.txt", "1")
    fs.put("dbfs:/in/2.txt", "2")
    assert fs.cp("dbfs:/in/2.txt", "dbfs:/out/two.txt")
    fails("DEX-UTIL-02", lambda: fs.cp("dbfs:/in", "dbfs:/copy"))
    assert fs.cp("dbfs:/in", "dbfs:/copy", recurse=True)
    assert fs.head("dbfs:/copy/a/1.txt") == "1"
    assert fs.mv("dbfs:/out/two.txt", "/Volumes/c/s/v/two.txt")
    assert [f.name for f in fs.ls("dbfs:/out")] == []
    assert fs.head("/Volumes/c/s/v/two.txt") == "2"
    assert fs.mv("dbfs:/copy", "dbfs:/moved", True)
    fails("DEX-UTIL-02", lambda: fs.ls("dbfs:/copy"))
    fails("DEX-UTIL-02", lambda: fs.cp("dbfs:/in", "dbfs:/in/a", recurse=True))
    assert fs.head("dbfs:/in/2.txt") == "2"


def test_rm_says_whether_there_was_something(dbutils: Any) -> None:
    fs = dbutils.fs
    fs.put("dbfs:/d/x", "x")
    fails("DEX-UTIL-02", lambda: fs.rm("dbfs:/d"))
    assert fs.rm("dbfs:/d/x") is True
    assert fs.rm("dbfs:/d/x") is False
    assert fs.rm("dbfs:/d") is True
    fs.put("dbfs:/d/x", "x")
    assert fs.rm("dbfs:/d", True) is True


@pytest.mark.parametrize("path", ["dbfs:/", "/Volumes", ".", "/"])
def test_the_root_cannot_be_removed(dbutils: Any, folder: Path, path: str) -> None:
    dbutils.fs.put("dbfs:/x", "x")
    fails("DEX-UTIL-03", lambda: dbutils.fs.rm(path, True))
    assert (folder / "config/base.yaml").exists()


def test_nothing_outside_of_the_project_is_written(dbutils: Any, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("theirs")
    for call in (
        lambda: dbutils.fs.put(f"file:{outside}", "mine", True),
        lambda: dbutils.fs.rm(f"file:{outside}"),
        lambda: dbutils.fs.mv(f"file:{outside}", "dbfs:/x"),
        lambda: dbutils.fs.put("../outside.txt", "mine", True),
        lambda: dbutils.fs.put("dbfs:/../../../outside.txt", "mine", True),
        lambda: dbutils.fs.head("/Volumes/../../../outside.txt"),
    ):
        fails("DEX-UTIL-03", call)
    os.symlink(tmp_path, folder / "link")
    fails("DEX-UTIL-03", lambda: dbutils.fs.put("link/outside.txt", "mine", True))
    assert outside.read_text() == "theirs"
    assert dbutils.fs.head(f"file:{outside}") == "theirs"
    dbutils.fs.cp(f"file:{outside}", "dbfs:/copy.txt")
    assert dbutils.fs.head("dbfs:/copy.txt") == "theirs"


@pytest.mark.parametrize("path", ["s3://bucket/x", "abfss://c@a.dfs.core.windows.net/x", "", "a\x00b", None, 7])
def test_other_systems_are_told_apart(dbutils: Any, path: Any) -> None:
    fails("DEX-UTIL-03", lambda: dbutils.fs.ls(path))


def test_a_file_where_a_folder_should_be_is_an_error_of_ours(dbutils: Any) -> None:
    dbutils.fs.put("dbfs:/x", "x")
    fails("DEX-UTIL-03", lambda: dbutils.fs.put("dbfs:/x/y", "y"))
    fails("DEX-UTIL-03", lambda: dbutils.fs.mkdirs("dbfs:/x"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text(max_size=30) | st.from_regex(r"(dbfs:|file:|/Volumes|/dbfs)?(/|\.\.|[a-z]){0,8}", fullmatch=True))
def test_no_path_leads_out_of_the_project(dbutils: Any, folder: Path, text: str) -> None:
    try:
        place = dbutils.fs._place(text)
    except UtilitiesError:
        return
    assert not place.writable or place.path.resolve() == folder or folder in place.path.resolve().parents


def test_the_warehouse_of_another_environment_is_not_touched(dbutils: Any, folder: Path) -> None:
    theirs = folder / ".dex/warehouse/lab/lab/bronze/t/part.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    dbutils.fs.put("x/warehouse/lab/lab/bronze/t/part.csv", "mine")
    for call in (
        lambda: dbutils.fs.put(".dex/warehouse/lab/lab/bronze/t/part.csv", "mine", True),
        lambda: dbutils.fs.put(str(theirs), "mine", True),
        lambda: dbutils.fs.put(f"file:{theirs}", "mine", True),
        lambda: dbutils.fs.put("data/../.dex/warehouse/lab/lab/new", "mine"),
        lambda: dbutils.fs.mkdirs(".dex/warehouse/lab/lab/silver"),
        lambda: dbutils.fs.cp("x/warehouse", ".dex", True),
        lambda: dbutils.fs.mv(str(theirs), "data/part.csv"),
        lambda: dbutils.fs.rm(".dex/warehouse", True),
        lambda: dbutils.fs.rm(".dex", True),
    ):
        fails("DEX-UTIL-03", call)
    assert theirs.read_text() == "theirs"
    assert dbutils.fs.put(".dex/warehouse/local/local/bronze/t/part.csv", "mine") is True
    assert dbutils.fs.head(str(theirs)) == "theirs"


def test_the_guard_is_asked_before_anything_changes(
    dbutils: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbutils.fs.put("dbfs:/a", "a")
    asked: list[tuple[str, str]] = []

    def no(environment: Any, operation: str, path: str) -> None:
        asked.append((operation, path))
        raise PermissionError(path)

    monkeypatch.setattr("dex_dbutils.utilities.checks._checks", [no])
    for call in (
        lambda: dbutils.fs.put("/Volumes/c/s/v/b", "b"),
        lambda: dbutils.fs.mkdirs("data"),
        lambda: dbutils.fs.cp("dbfs:/a", "dbfs:/b"),
        lambda: dbutils.fs.mv("dbfs:/a", "dbfs:/b"),
        lambda: dbutils.fs.rm("dbfs:/a"),
    ):
        with pytest.raises(PermissionError):
            call()
    assert asked == [
        ("dbutils.fs.put", "/Volumes/c/s/v/b"),
        ("dbutils.fs.mkdirs", str(folder / "data")),
        ("dbutils.fs.cp", str(folder / ".dex/dbfs/b")),
        ("dbutils.fs.mv", str(folder / ".dex/dbfs/a")),
        ("dbutils.fs.rm", str(folder / ".dex/dbfs/a")),
    ]
    assert dbutils.fs.head("dbfs:/a") == "a"
    assert not (folder / "data").exists()
    assert [f.name for f in dbutils.fs.ls("dbfs:/")] == ["a"]
