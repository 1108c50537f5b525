"""Files and notebooks of the stand-in workspace, through the vendor's client."""

from __future__ import annotations

import base64
import io
import os
from typing import Any
from urllib.parse import quote

import pytest
from databricks.sdk.errors import (
    AlreadyExists,
    BadRequest,
    DatabricksError,
    InvalidParameterValue,
    NotFound,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)
from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language, ObjectType
from dex.workspace import Workspace

HOME = "/Workspace/Users/tester@example.org"
SOURCE = b"# Databricks notebook source\nprint(1)\n"
IPYNB = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def put(client: Any, path: str, content: bytes, overwrite: bool = True) -> Any:
    """Upload as the databricks CLI does."""
    url = f"/api/2.0/workspace-files/import-file/{quote(path.lstrip('/'), safe='')}?overwrite={str(overwrite).lower()}"
    return client.api_client.do("POST", url, data=content, headers={"Content-Type": "application/octet-stream"})


def names(client: Any, path: str) -> list[str]:
    return [entry.path.rpartition("/")[2] for entry in client.workspace.list(path)]


def test_a_file_into_a_folder_that_is_not_there_is_refused_and_nothing_is_made(client: Any) -> None:
    with pytest.raises(ResourceDoesNotExist, match="parent folder"):
        put(client, f"{HOME}/no/such/a.txt", b"x")
    assert names(client, HOME) == []


def test_a_file_that_is_there_is_replaced_only_on_request(client: Any) -> None:
    put(client, f"{HOME}/a.txt", b"one")
    with pytest.raises(ResourceAlreadyExists, match="already exists"):
        put(client, f"{HOME}/a.txt", b"two", overwrite=False)
    assert client.workspace.download(f"{HOME}/a.txt").read() == b"one"
    before = client.workspace.get_status(f"{HOME}/a.txt").object_id
    put(client, f"{HOME}/a.txt", b"three")
    assert client.workspace.download(f"{HOME}/a.txt").read() == b"three"
    assert client.workspace.get_status(f"{HOME}/a.txt").object_id == before


@pytest.mark.parametrize(
    ("name", "content", "kind", "shown"),
    [
        ("a.py", SOURCE, ObjectType.NOTEBOOK, "a"),
        ("a.ipynb", IPYNB, ObjectType.NOTEBOOK, "a"),
        ("a.sql", b"-- Databricks notebook source\nselect 1", ObjectType.NOTEBOOK, "a"),
        ("a.py", b"print(1)\n", ObjectType.FILE, "a.py"),
        ("a.ipynb", b"{}", ObjectType.FILE, "a.ipynb"),
        ("a.ipynb", b"not json", ObjectType.FILE, "a.ipynb"),
        ("a.txt", SOURCE, ObjectType.FILE, "a.txt"),
    ],
)
def test_a_notebook_loses_its_ending_and_a_file_keeps_it(
    client: Any, name: str, content: bytes, kind: ObjectType, shown: str
) -> None:
    put(client, f"{HOME}/{name}", content)
    assert [(e.path, e.object_type) for e in client.workspace.list(HOME)] == [(f"{HOME}/{shown}", kind)]
    with client.workspace.download(f"{HOME}/{shown}", format=ExportFormat.AUTO) as got:
        assert got.read() == content


def test_both_ways_to_read_a_file_give_its_bytes(client: Any) -> None:
    content = os.urandom(100_000)
    put(client, f"{HOME}/a.bin", content)
    path = quote(f"{HOME}/a.bin".lstrip("/"), safe="")
    raw = client.api_client.do("GET", f"/api/2.0/workspace-files/{path}", raw=True)["contents"].read()
    assert raw == client.workspace.download(f"{HOME}/a.bin").read() == content
    assert base64.b64decode(client.workspace.export(f"{HOME}/a.bin").content) == content


def test_a_form_keeps_every_byte_of_an_upload(client: Any) -> None:
    content = b"\n\r\n--boundary\r\r\n\x00" + os.urandom(50_000) + b"\r\n"
    client.workspace.upload(f"{HOME}/a.bin", io.BytesIO(content), format=ImportFormat.AUTO)
    assert client.workspace.download(f"{HOME}/a.bin").read() == content


def test_source_without_its_first_line_becomes_a_notebook_with_it(client: Any) -> None:
    client.workspace.import_(
        f"{HOME}/n",
        content=base64.b64encode(b"print(1)").decode(),
        language=Language.PYTHON,
        format=ImportFormat.SOURCE,
    )
    status = client.workspace.get_status(f"{HOME}/n")
    assert (status.object_type, status.language) == (ObjectType.NOTEBOOK, Language.PYTHON)
    assert client.workspace.download(f"{HOME}/n").read() == b"# Databricks notebook source\nprint(1)"


def test_a_notebook_is_exported_in_the_form_that_is_asked_for(client: Any) -> None:
    put(client, f"{HOME}/n.py", SOURCE)
    assert b'"nbformat": 4' in client.workspace.download(f"{HOME}/n", format=ExportFormat.JUPYTER).read()
    put(client, f"{HOME}/n.ipynb", IPYNB)
    assert client.workspace.download(f"{HOME}/n").read().startswith(b"# Databricks notebook source")


def test_a_file_and_a_notebook_with_its_name_stand_beside_each_other(client: Any) -> None:
    put(client, f"{HOME}/a.py", b"print('file')\n")
    put(client, f"{HOME}/a.ipynb", IPYNB)
    assert names(client, HOME) == ["a", "a.py"]
    client.workspace.delete(f"{HOME}/a")
    assert names(client, HOME) == ["a.py"]


def test_a_folder_goes_with_what_it_holds_only_on_request(client: Any) -> None:
    client.workspace.mkdirs(f"{HOME}/a/b/c")
    client.workspace.mkdirs(f"{HOME}/a/b")
    put(client, f"{HOME}/a/b/x.txt", b"x")
    with pytest.raises(BadRequest, match="not empty"):
        client.workspace.delete(f"{HOME}/a")
    client.workspace.delete(f"{HOME}/a", recursive=True)
    assert names(client, HOME) == []
    with pytest.raises(ResourceDoesNotExist):
        client.workspace.delete(f"{HOME}/a", recursive=True)


def test_a_path_may_leave_out_workspace_and_is_shown_as_it_was_asked_for(client: Any) -> None:
    put(client, f"{HOME}/a.txt", b"x")
    short = HOME.removeprefix("/Workspace")
    assert [entry.path for entry in client.workspace.list(short)] == [f"{short}/a.txt"]
    assert (
        client.workspace.get_status(f"{short}/a.txt").object_id
        == client.workspace.get_status(f"{HOME}/a.txt").object_id
    )


@pytest.mark.parametrize("path", ["/Workspace/../../etc/x", "relative/x", "/Users/../../x", "/Workspace\\..\\x"])
def test_no_path_leads_out_of_the_workspace(client: Any, fake: Workspace, path: str) -> None:
    before = sorted(fake.folder.parent.rglob("*"))
    with pytest.raises(InvalidParameterValue, match="absolute path"):
        client.workspace.mkdirs(path)
    with pytest.raises(DatabricksError):
        put(client, path, b"x")
    with pytest.raises(InvalidParameterValue, match="absolute path"):
        client.api_client.do("POST", "/api/2.0/dbfs/put", body={"path": path, "contents": ""})
    assert sorted(fake.folder.parent.rglob("*")) == before


def test_a_file_is_no_folder(client: Any) -> None:
    put(client, f"{HOME}/a", b"x")
    with pytest.raises(ResourceAlreadyExists):
        client.workspace.mkdirs(f"{HOME}/a")
    with pytest.raises(ResourceDoesNotExist):
        put(client, f"{HOME}/a/b", b"x")


def test_a_volume_keeps_files_in_folders_and_lists_them_in_pages(client: Any, fake: Workspace) -> None:
    root = "/Volumes/main/raw/files"
    fake.add_volume("main.raw.files")
    content = os.urandom(3_000_000)
    client.files.upload(f"{root}/big.bin", io.BytesIO(content))
    assert client.files.download(f"{root}/big.bin").contents.read() == content
    assert client.files.get_metadata(f"{root}/big.bin").content_length == len(content)
    for number in range(5):
        client.files.upload(f"{root}/many/{number}.txt", io.BytesIO(b"x"))
    listed = list(client.files.list_directory_contents(f"{root}/many", page_size=2))
    assert [entry.name for entry in listed] == [f"{number}.txt" for number in range(5)]
    assert sum("directories" in line and line.endswith("/many") for line in fake.asked) == 3
    with pytest.raises(AlreadyExists):
        client.files.upload(f"{root}/big.bin", io.BytesIO(b"x"), overwrite=False)
    with pytest.raises(BadRequest, match="not empty"):
        client.files.delete_directory(root)


def test_a_file_into_a_volume_that_is_not_there_is_refused_and_nothing_is_made(client: Any, fake: Workspace) -> None:
    fake.add_volume("main.raw.files")
    for path in ("/Volumes/main/raw/other/a.txt", "/Volumes/main/nope/files/a.txt", "/Volumes/nope/raw/files/a.txt"):
        for call in (
            lambda path=path: client.files.upload(path, io.BytesIO(b"x")),
            lambda path=path: client.files.download(path),
            lambda path=path: client.files.create_directory(path),
        ):
            with pytest.raises(NotFound, match="does not exist"):
                call()
    with pytest.raises(BadRequest, match="not in a volume"):
        client.files.upload("/Volumes/main/raw", io.BytesIO(b"x"))
    assert dict(fake.files) == {"/Volumes/main/raw/files/": b""}
