"""Projects and environments: what ``config/*.yaml`` says, validated."""

from dex_dbutils.config.models import Environment, EnvironmentConfig, Project

__all__ = ["Environment", "EnvironmentConfig", "Project"]
