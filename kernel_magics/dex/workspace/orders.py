"""What every order of a run says of its workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dex.workspace.state import Workspace


def around(workspace: Workspace, token: str) -> dict[str, Any]:
    """Return what an order says of the workspace that its run belongs to.

    Args:
        workspace: the workspace.
        token: of whom the run works for.
    """
    user = workspace.users[token].name  # of whom `${user}` of the configuration speaks, as in a real run
    return {
        "schemas": tuple(workspace.catalogs.all("schemas")),
        "environment": {"DATABRICKS_HOST": workspace.url, "DATABRICKS_TOKEN": token, "DEX_USER": user},
        "secrets": {
            (scope, key): value
            for scope, keys in workspace.secrets.items()
            for key, value in keys.items()
            if scope not in workspace.unreadable
        },
        "pipelines": {key: pipeline.spec for key, pipeline in workspace.pipelines.items()},
    }
