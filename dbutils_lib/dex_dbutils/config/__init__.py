"""Projects and environments: what ``config/*.yaml`` says, validated."""

from dex_dbutils.config.document import Document, parse_document, read_document
from dex_dbutils.config.interpolation import git_branch, user_name
from dex_dbutils.config.literal_secrets import is_secret_key, secret_shape
from dex_dbutils.config.loading import environment_names, find_project, load_environment
from dex_dbutils.config.models import (
    AgentsConfig,
    BundleConfig,
    EngineConfig,
    Environment,
    EnvironmentConfig,
    GuardConfig,
    ObservabilityConfig,
    Project,
    SecretsConfig,
    quoted,
)
from dex_dbutils.config.schema import json_schema
from dex_dbutils.config.validation import refuse_unknown_keys, with_engine

__all__ = [
    "AgentsConfig",
    "BundleConfig",
    "Document",
    "EngineConfig",
    "Environment",
    "EnvironmentConfig",
    "GuardConfig",
    "ObservabilityConfig",
    "Project",
    "SecretsConfig",
    "environment_names",
    "find_project",
    "git_branch",
    "is_secret_key",
    "json_schema",
    "load_environment",
    "parse_document",
    "quoted",
    "read_document",
    "refuse_unknown_keys",
    "secret_shape",
    "user_name",
    "with_engine",
]
