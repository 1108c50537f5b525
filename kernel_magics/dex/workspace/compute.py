"""Clusters and warehouses that are there to be named; nothing runs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.workspace.refusal import invalid, missing
from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
CLUSTER = "0000-000000-trial"
WAREHOUSE = "0000000000000000"


def _cluster(workspace: Workspace) -> dict[str, Any]:
    about = {"cluster_id": CLUSTER, "cluster_name": "trial", "state": "RUNNING"}
    return {**about, "spark_version": workspace.spark_version, "data_security_mode": "USER_ISOLATION"}


@routes("GET", "/api/2.1/clusters/get")
def _get_cluster(workspace: Workspace, request: Request) -> Answer:
    if request.text("cluster_id") != CLUSTER:
        raise invalid(f"Cluster {request.text('cluster_id')} does not exist.")
    return _cluster(workspace)


@routes("GET", "/api/2.1/clusters/list")
def _list_clusters(workspace: Workspace, request: Request) -> Answer:
    return {"clusters": [_cluster(workspace)]}


_ABOUT_WAREHOUSE = {"id": WAREHOUSE, "name": "trial", "state": "RUNNING", "warehouse_type": "PRO"}


@routes("GET", "/api/2.0/sql/warehouses")
def _list_warehouses(workspace: Workspace, request: Request) -> Answer:
    return {"warehouses": [_ABOUT_WAREHOUSE]}


@routes("GET", "/api/2.0/sql/warehouses/{key}")
def _get_warehouse(workspace: Workspace, request: Request) -> Answer:
    if request.places["key"] != WAREHOUSE:
        raise missing(f"SQL warehouse {request.places['key']}")
    return _ABOUT_WAREHOUSE
