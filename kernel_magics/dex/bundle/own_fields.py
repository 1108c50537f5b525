"""Fields of a bundle that are no class of the vendor's SDK: its settings and targets, and where resources differ from it.

A field is ``[type, required]``, as in ``api.json``, which holds these beside the SDK's. Source: the bundle
configuration reference.
"""

from __future__ import annotations

from typing import Any

#: Kinds of resources, also those of which nothing more is known here.
KINDS = frozenset(
    """
    alerts app_spaces apps catalogs cluster_policies clusters dashboards database_catalogs database_instances experiments
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
    "bundle.Grant": {"principal": ["text", True], "privileges": ["list catalog.Privilege", True]},
    "bundle.Lifecycle": {"prevent_destroy": ["boolean", False], "started": ["boolean", False]},
    "bundle.AppConfig": {"command": ["list text", False], "env": ["list bundle.AppVariable", False]},
    "bundle.AppVariable": {"name": ["text", True], **_texts("value value_from valueFrom")},
    "bundle.SecretScope": {
        "name": ["text", True],
        "backend_type": ["workspace.ScopeBackendType", False],
        "keyvault_metadata": ["workspace.AzureKeyVaultSecretScopeMetadata", False],
    },
}
ENUMS = {
    "bundle.ArtifactType": ["jar", "whl"],
    "bundle.Engine": ["direct", "terraform"],
    "bundle.Executable": ["bash", "cmd", "sh"],
    "bundle.VariableType": ["complex", "string"],
}
#: Kinds of resources -> what their fields are taken from: a class of the SDK, the arguments of a method, or a class above.
ROOTS = {
    "alerts": "sql.AlertV2",
    "apps": "apps.App",
    "catalogs": "catalog.CatalogsAPI.create",
    "cluster_policies": "compute.ClusterPoliciesAPI.create",
    "clusters": "compute.ClusterSpec",
    "dashboards": "dashboards.Dashboard",
    "database_catalogs": "database.DatabaseCatalog",
    "database_instances": "database.DatabaseInstance",
    "experiments": "ml.ExperimentsAPI.create_experiment",
    "external_locations": "catalog.ExternalLocationsAPI.create",
    "genie_spaces": "dashboards.GenieAPI.create_space",
    "instance_pools": "compute.InstancePoolsAPI.create",
    "jobs": "jobs.JobSettings",
    "model_serving_endpoints": "serving.ServingEndpointsAPI.create",
    "models": "ml.ModelRegistryAPI.create_model",
    "pipelines": "pipelines.PipelineSpec",
    "quality_monitors": "catalog.QualityMonitorsAPI.create",
    "registered_models": "catalog.RegisteredModelsAPI.create",
    "schemas": "catalog.SchemasAPI.create",
    "secret_scopes": "bundle.SecretScope",
    "sql_warehouses": "sql.WarehousesAPI.create",
    "synced_database_tables": "database.SyncedDatabaseTable",
    "vector_search_endpoints": "vectorsearch.VectorSearchEndpointsAPI.create_endpoint",
    "vector_search_indexes": "vectorsearch.VectorSearchIndexesAPI.create_index",
    "volumes": "catalog.VolumesAPI.create",
}
#: Kinds of which rights are given by `permissions` -> the levels.
LEVELS = {
    "alerts": "iam.PermissionLevel",
    "apps": "apps.AppPermissionLevel",
    "cluster_policies": "compute.ClusterPolicyPermissionLevel",
    "clusters": "compute.ClusterPermissionLevel",
    "dashboards": "iam.PermissionLevel",
    "database_instances": "iam.PermissionLevel",
    "experiments": "ml.ExperimentPermissionLevel",
    "genie_spaces": "iam.PermissionLevel",
    "instance_pools": "compute.InstancePoolPermissionLevel",
    "jobs": "jobs.JobPermissionLevel",
    "model_serving_endpoints": "serving.ServingEndpointPermissionLevel",
    "models": "ml.RegisteredModelPermissionLevel",
    "pipelines": "pipelines.PipelinePermissionLevel",
    "secret_scopes": "workspace.AclPermission",
    "sql_warehouses": "sql.WarehousePermissionLevel",
    "vector_search_endpoints": "vectorsearch.VectorSearchEndpointPermissionLevel",
}
#: Kinds of which rights are given by `grants`.
GRANTED = ("catalogs", "external_locations", "registered_models", "schemas", "vector_search_indexes", "volumes")
#: Fields that a bundle has beside those of the API, or takes in more ways, by kind.
BESIDE: dict[str, dict[str, str]] = {
    "alerts": {"file_path": "text"},
    "apps": {"config": "bundle.AppConfig"},
    "catalogs": dict.fromkeys(("enable_predictive_optimization", "isolation_mode"), "text"),
    "cluster_policies": dict.fromkeys(("definition", "policy_family_definition_overrides"), "any"),
    "clusters": {"libraries": "list compute.Library"},
    "dashboards": {
        **dict.fromkeys(("file_path", "dataset_catalog", "dataset_schema"), "text"),
        "embed_credentials": "boolean",
        "serialized_dashboard": "any",
    },
    "genie_spaces": {"file_path": "text", "etag": "text", "serialized_space": "any"},
    "pipelines": {
        "run_as": "jobs.JobRunAs",
        **dict.fromkeys(("dry_run", "allow_duplicate_names", "cascade_on_destroy"), "boolean"),
        "parameters": "map text",
    },
}
#: Kind -> fields that are needed, and that the SDK has as optional; source: what the vendor's tool refuses to go without.
NEEDED = {
    "dashboards": ("display_name", "warehouse_id"),
    "registered_models": ("catalog_name", "name", "schema_name"),
    "sql_warehouses": ("name",),
}
#: Kind or class -> fields that the tool does without: it has their value, or reads it from the file that `file_path` names.
NOT_NEEDED = {
    "alerts": ("evaluation", "query_text", "schedule"),
    "genie_spaces": ("serialized_space", "warehouse_id"),
    "serving.EndpointCoreConfigInput": ("name",),
    "volumes": ("volume_type",),
}
