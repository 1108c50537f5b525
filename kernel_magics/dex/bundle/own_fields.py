"""Fields of a bundle that are no class of the vendor's SDK: its settings, targets and the resources of Unity Catalog.

A field is ``[type, required]``, as in ``api.json``, which holds these beside the SDK's. Source: the bundle
configuration reference.
"""

from __future__ import annotations

from typing import Any

#: Kinds of resources, also those of which nothing more is known here.
KINDS = frozenset(
    """
    alerts apps catalogs cluster_policies clusters dashboards database_catalogs database_instances experiments
    external_locations features genie_spaces instance_pools job_runs jobs mcp_services model_provider_services
    model_services model_serving_endpoints models pipelines
    postgres_branches postgres_catalogs postgres_databases postgres_endpoints postgres_projects postgres_roles
    postgres_snapshot_schedules postgres_synced_tables quality_monitors registered_models schemas secret_scopes secrets
    sql_warehouses synced_database_tables vector_search_endpoints vector_search_indexes volumes
    """.split()
)
#: Settings at the top of a file, and of a target -> their class.
SECTIONS = {
    "bundle": "bundle.Bundle",
    "workspace": "bundle.Workspace",
    "presets": "bundle.Presets",
    "sync": "bundle.Sync",
    "artifacts": "map bundle.Artifact",
    "python": "bundle.Python",
    "scripts": "map bundle.Script",
    "run_as": "jobs.JobRunAs",
}


def _texts(names: str) -> dict[str, list[Any]]:
    return {name: ["text", False] for name in names.split()}


CLASSES: dict[str, dict[str, list[Any]]] = {
    "bundle.Bundle": {
        **_texts("name databricks_cli_version cluster_id compute_id uuid"),
        "engine": ["bundle.Engine", False],
        "git": ["bundle.Git", False],
        "deployment": ["bundle.Deployment", False],
    },
    "bundle.Git": _texts("branch origin_url"),
    "bundle.Deployment": {"fail_on_active_runs": ["boolean", False], "lock": ["bundle.Lock", False]},
    "bundle.Lock": {"enabled": ["boolean", False], "force": ["boolean", False]},
    "bundle.Workspace": {
        **_texts(
            "host profile auth_type client_id google_service_account azure_workspace_resource_id azure_client_id"
            " azure_tenant_id azure_environment azure_login_app_id account_id workspace_id root_path file_path"
            " resource_path artifact_path state_path"
        ),
        "azure_use_msi": ["boolean", False],
        "experimental_is_unified_host": ["boolean", False],
    },
    "bundle.Presets": {
        "name_prefix": ["text", False],
        "tags": ["map text", False],
        "trigger_pause_status": ["jobs.PauseStatus", False],
        "jobs_max_concurrent_runs": ["integer", False],
        "pipelines_development": ["boolean", False],
        "source_linked_deployment": ["boolean", False],
        "artifacts_dynamic_version": ["boolean", False],
    },
    "bundle.Sync": {key: ["list text", False] for key in ("include", "exclude", "paths")},
    "bundle.Artifact": {
        **_texts("path build"),
        "type": ["bundle.ArtifactType", False],
        "executable": ["bundle.Executable", False],
        "dynamic_version": ["boolean", False],
        "files": ["list bundle.ArtifactFile", False],
    },
    "bundle.ArtifactFile": {"source": ["text", True]},
    "bundle.Python": {
        "venv_path": ["text", False],
        "resources": ["list text", False],
        "mutators": ["list text", False],
    },
    "bundle.Script": {"content": ["text", True], "env": ["map text", False]},
    "bundle.Variable": {
        "default": ["any", False],
        "description": ["text", False],
        "type": ["bundle.VariableType", False],
        "lookup": ["bundle.Lookup", False],
    },
    "bundle.Lookup": _texts(
        "alert cluster cluster_policy dashboard instance_pool job metastore notification_destination pipeline query"
        " service_principal warehouse"
    ),
    "bundle.Grant": {"principal": ["text", True], "privileges": ["list text", True]},
    "bundle.Lifecycle": {"prevent_destroy": ["boolean", False], "started": ["boolean", False]},
    "bundle.Schema": {
        "name": ["text", True],
        "catalog_name": ["text", True],
        "comment": ["text", False],
        "properties": ["map text", False],
        "storage_root": ["text", False],
    },
    "bundle.Volume": {
        "name": ["text", True],
        "catalog_name": ["text", True],
        "schema_name": ["text", True],
        "volume_type": ["catalog.VolumeType", False],
        "comment": ["text", False],
        "storage_location": ["text", False],
    },
}
ENUMS = {
    "bundle.ArtifactType": ["jar", "whl"],
    "bundle.Engine": ["direct", "terraform"],
    "bundle.Executable": ["bash", "cmd", "sh"],
    "bundle.VariableType": ["complex", "string"],
}
#: Fields that a bundle has beside those of the API.
BESIDE: dict[str, dict[str, str]] = {
    "jobs.JobSettings": {"permissions": "any", "lifecycle": "bundle.Lifecycle"},
    "pipelines.PipelineSpec": {
        "permissions": "any",
        "lifecycle": "bundle.Lifecycle",
        "run_as": "jobs.JobRunAs",
        "dry_run": "boolean",
        "allow_duplicate_names": "boolean",
        "parameters": "map text",
    },
    "bundle.Schema": {"grants": "list bundle.Grant", "lifecycle": "bundle.Lifecycle"},
    "bundle.Volume": {"grants": "list bundle.Grant", "lifecycle": "bundle.Lifecycle"},
}
