"""Unity Catalog, secrets, permissions and pipelines of the stand-in workspace, through the vendor's client."""

from __future__ import annotations

from typing import Any

import pytest
from databricks.sdk.errors import (
    BadRequest,
    InvalidParameterValue,
    NotFound,
    ResourceAlreadyExists,
    ResourceConflict,
    ResourceDoesNotExist,
)
from databricks.sdk.service import catalog, iam, jobs, pipelines, workspace
from dex.workspace import Workspace


def access(level: Any, **who: str) -> iam.AccessControlRequest:
    return iam.AccessControlRequest(permission_level=level, **who)


ME = access(iam.PermissionLevel.IS_OWNER, user_name="tester@example.org")


@pytest.fixture
def job(client: Any) -> int:
    task = jobs.Task(task_key="a", notebook_task=jobs.NotebookTask(notebook_path="/a"))
    return int(client.jobs.create(name="a", tasks=[task]).job_id)


def levels(found: Any) -> list[tuple[str | None, str]]:
    return [
        (each.user_name or each.group_name, each.all_permissions[0].permission_level.value)
        for each in found.access_control_list
    ]


# -- Unity Catalog -----------------------------------------------------------------------------------------------------


def test_schemas_and_volumes_live_from_create_to_delete(client: Any) -> None:
    made = client.schemas.create("silver", "main", comment="cleaned")
    assert (made.full_name, made.owner, made.comment) == ("main.silver", "tester@example.org", "cleaned")
    volume = client.volumes.create("main", "silver", "files", catalog.VolumeType.MANAGED)
    assert client.volumes.read("main.silver.files").full_name == volume.full_name == "main.silver.files"
    assert client.schemas.update("main.silver", comment="new").comment == "new"
    assert client.volumes.update("main.silver.files", new_name="raw").full_name == "main.silver.raw"
    with pytest.raises(NotFound):
        client.volumes.read("main.silver.files")
    with pytest.raises(BadRequest, match="not empty"):
        client.schemas.delete("main.silver")
    client.schemas.delete("main.silver", force=True)
    with pytest.raises(NotFound):
        client.volumes.read("main.silver.raw")


def test_a_schema_that_is_renamed_takes_its_volumes_along(client: Any, fake: Workspace) -> None:
    client.schemas.create("silver", "main")
    client.volumes.create("main", "silver", "files", catalog.VolumeType.MANAGED)
    fake.tables["main.silver.flights"] = [{"name": "origin", "type_text": "string"}]
    assert client.schemas.update("main.silver", new_name="clean").full_name == "main.clean"
    assert client.volumes.read("main.clean.files").schema_name == "clean"
    assert client.tables.get("main.clean.flights").schema_name == "clean"
    assert [s.name for s in client.schemas.list("main")] == ["clean"]


def test_what_is_there_is_not_made_again_and_what_holds_it_has_to_be_there(client: Any) -> None:
    client.schemas.create("silver", "main")
    with pytest.raises(ResourceAlreadyExists):
        client.schemas.create("SILVER", "main")
    with pytest.raises(NotFound, match="Catalog 'nope' does not exist"):
        client.schemas.create("silver", "nope")
    with pytest.raises(NotFound, match="Schema 'main.nope' does not exist"):
        client.volumes.create("main", "nope", "files", catalog.VolumeType.MANAGED)
    with pytest.raises(InvalidParameterValue, match="not valid"):
        client.schemas.create("a b", "main")
    with pytest.raises(InvalidParameterValue, match="storage_location"):
        client.volumes.create("main", "silver", "files", catalog.VolumeType.EXTERNAL)


def test_the_first_catalog_is_the_workspaces_own(client: Any) -> None:
    assert client.metastores.current().default_catalog_name == "main"


def test_many_schemas_come_in_pages(client: Any, fake: Workspace) -> None:
    for number in range(7):
        client.schemas.create(f"s{number}", "main")
    assert [s.name for s in client.schemas.list("main", max_results=3)] == [f"s{number}" for number in range(7)]
    assert fake.asked.count("GET /api/2.1/unity-catalog/schemas") == 3


def test_grants_are_kept_and_come_down_from_the_catalog(client: Any) -> None:
    client.schemas.create("silver", "main")
    change = catalog.PermissionsChange(principal="readers", add=[catalog.Privilege.SELECT])
    client.grants.update("schema", "main.silver", changes=[change])
    above = catalog.PermissionsChange(principal="users", add=[catalog.Privilege.USE_CATALOG])
    client.grants.update("catalog", "main", changes=[above])
    found = client.grants.get("schema", "main.silver").privilege_assignments
    assert [(each.principal, each.privileges) for each in found] == [("readers", [catalog.Privilege.SELECT])]
    effective = client.grants.get_effective("schema", "main.silver").privilege_assignments
    assert [each.principal for each in effective] == ["readers", "users"]
    away = catalog.PermissionsChange(principal="readers", remove=[catalog.Privilege.SELECT])
    assert client.grants.update("schema", "main.silver", changes=[away]).privilege_assignments == []


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_secrets_are_kept_and_deleted_with_who_may_read_them(client: Any) -> None:
    client.secrets.create_scope("flights")
    with pytest.raises(ResourceAlreadyExists):
        client.secrets.create_scope("flights")
    client.secrets.put_secret("flights", "token", string_value="hünter2")
    assert client.dbutils.secrets.get("flights", "token") == "hünter2"
    client.secrets.put_acl("flights", "readers", workspace.AclPermission.READ)
    assert client.secrets.get_acl("flights", "readers").permission == workspace.AclPermission.READ
    client.secrets.delete_secret("flights", "token")
    assert list(client.secrets.list_secrets("flights")) == []
    client.secrets.delete_scope("flights")
    with pytest.raises(ResourceDoesNotExist):
        client.secrets.list_acls("flights").__next__()


# -- permissions -------------------------------------------------------------------------------------------------------


def test_permissions_are_replaced_by_set_and_joined_by_update(client: Any, job: int) -> None:
    assert levels(client.permissions.get("jobs", str(job))) == [("tester@example.org", "IS_OWNER")]
    view = access(iam.PermissionLevel.CAN_VIEW, group_name="users")
    client.permissions.set("jobs", str(job), access_control_list=[ME, view])
    manage = access(iam.PermissionLevel.CAN_MANAGE, group_name="engineers")
    found = client.permissions.update("jobs", str(job), access_control_list=[manage])
    assert levels(found) == [
        ("tester@example.org", "IS_OWNER"),
        ("users", "CAN_VIEW"),
        ("engineers", "CAN_MANAGE"),
    ]
    assert levels(client.permissions.set("jobs", str(job), access_control_list=[ME])) == [
        ("tester@example.org", "IS_OWNER")
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([ME, access(iam.PermissionLevel.CAN_EDIT, group_name="users")], "CAN_EDIT is not known for job"),
        ([access(iam.PermissionLevel.CAN_VIEW, group_name="users")], "exactly one owner"),
        ([ME, ME], "exactly one owner"),
        ([access(iam.PermissionLevel.IS_OWNER, group_name="users")], "group cannot own"),
        ([ME, access(iam.PermissionLevel.CAN_VIEW)], "needs one of"),
    ],
)
def test_permissions_that_cannot_be_are_refused(client: Any, job: int, given: Any, said: str) -> None:
    with pytest.raises(InvalidParameterValue, match=said):
        client.permissions.set("jobs", str(job), access_control_list=given)
    assert levels(client.permissions.get("jobs", str(job))) == [("tester@example.org", "IS_OWNER")]


def test_a_folder_has_permissions_by_its_id_and_loses_them_with_it(client: Any) -> None:
    client.workspace.mkdirs("/Shared/a")
    number = str(client.workspace.get_status("/Shared/a").object_id)
    manage = access(iam.PermissionLevel.CAN_MANAGE, group_name="users")
    client.permissions.set("directories", number, access_control_list=[manage])
    assert levels(client.permissions.get("directories", number)) == [("users", "CAN_MANAGE")]
    assert "CAN_EDIT" in str(client.permissions.get_permission_levels("directories", number))
    client.workspace.delete("/Shared/a")
    with pytest.raises(ResourceDoesNotExist):
        client.permissions.get("directories", number)
    with pytest.raises(ResourceDoesNotExist):
        client.permissions.get("jobs", "42")


# -- pipelines ---------------------------------------------------------------------------------------------------------


def test_a_pipeline_is_kept_changed_and_deleted(client: Any) -> None:
    library = pipelines.PipelineLibrary(file=pipelines.FileLibrary(path="/a.py"))
    key = client.pipelines.create(name="etl", libraries=[library], catalog="main").pipeline_id
    with pytest.raises(ResourceConflict, match="already used"):
        client.pipelines.create(name="etl", libraries=[library])
    client.pipelines.update(key, name="etl2", libraries=[library])
    assert client.pipelines.get(key).spec.name == "etl2"
    assert [each.name for each in client.pipelines.list_pipelines()] == ["etl2"]
    client.pipelines.delete(key)
    with pytest.raises(ResourceDoesNotExist):
        client.pipelines.get(key)
