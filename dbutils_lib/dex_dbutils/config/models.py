"""The words of ``config/*.yaml`` as models; JSON Schema is generated from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Literal, Optional  # noqa: UP035  pydantic evaluates these on Python 3.9

from pydantic import BaseModel, ConfigDict, Field

from dex_dbutils.errors import ConfigError

Kind = Literal["local", "development", "production"]
EngineType = Literal["sail", "spark", "connect", "databricks", "runtime"]
Writes = Literal["allow", "confirm", "deny"]
Layer = str

#: What the guard does with writes when a file says nothing, per kind of environment.
DEFAULT_WRITES: Dict[str, Writes] = {"local": "allow", "development": "allow", "production": "confirm"}  # noqa: UP006


class Model(BaseModel):
    """Base of every configuration model: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EngineConfig(Model):
    """What answers Spark in an environment."""

    type: EngineType = "sail"
    profile: Optional[str] = Field(None, description="Profile in the vendor's configuration file, for `databricks`.")
    host: Optional[str] = Field(None, description="Workspace address, for `databricks`.")
    cluster_id: Optional[str] = None
    serverless: bool = False
    url: Optional[str] = Field(None, description="A Spark Connect address such as sc://localhost:15002, for `connect`.")
    idle_minutes: float = Field(120.0, gt=0, description="A local engine that nobody is attached to ends after this.")
    port: Optional[int] = Field(None, ge=1, le=65535, description="Fixed port of a local engine; any free one if unset.")
    conf: Dict[str, str] = Field(default_factory=dict, description="Spark settings of every session.")  # noqa: UP006


class SecretsConfig(Model):
    """Where secrets come from; never the secrets themselves."""

    scope: Optional[str] = None


class GuardConfig(Model):
    """What the guard allows in an environment."""

    writes: Optional[Writes] = Field(None, description="Default: allow; confirm where kind is production.")
    catalogs: List[str] = Field(default_factory=list, description="Catalogs that may be written.")  # noqa: UP006
    max_scan: Optional[str] = Field(None, description="Largest scan of one query, such as 100GB.", pattern=r"^\d+(\.\d+)?\s*[KMGTP]?B$")


class AgentsConfig(Model):
    """Who answers `%%agent`."""

    provider: str = "rules"
    base_url: Optional[str] = None
    model: Optional[str] = None
    api_key_env: str = Field("OPENAI_API_KEY", description="Name of the environment variable that holds the key.")
    timeout_seconds: float = Field(60.0, gt=0)
    budget: Optional[int] = Field(None, gt=0, description="Most tokens one run may use.")


class ObservabilityConfig(Model):
    """Where runs and logs are told."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    events: Optional[str] = Field(None, description="Table or path that receives run events.")


class ProjectConfig(Model):
    """The `project` key of base.yaml."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    package: str = Field(pattern=r"^[a-z][a-z0-9_]*$")


class EnvironmentsConfig(Model):
    """The `environments` key of base.yaml."""

    default: str = "local"


class EnvironmentConfig(Model):
    """Everything `config/base.yaml` and `config/<env>.yaml` may say, merged."""

    project: ProjectConfig
    environments: EnvironmentsConfig = EnvironmentsConfig()
    kind: Kind = "local"
    engine: EngineConfig = EngineConfig()
    catalog: str = Field("local", pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")
    schemas: Dict[str, str] = Field(  # noqa: UP006
        default_factory=lambda: {"bronze": "bronze", "silver": "silver", "gold": "gold"},
        description="Schema of each layer.",
    )
    schema_prefix: str = ""
    parameters: Dict[str, Any] = Field(default_factory=dict)  # noqa: UP006
    secrets: SecretsConfig = SecretsConfig()
    guard: GuardConfig = GuardConfig()
    agents: AgentsConfig = AgentsConfig()
    observability: ObservabilityConfig = ObservabilityConfig()


class Project(Model):
    """A folder with `config/base.yaml`, or the working folder outside of one.

    Attributes:
        root: absolute path of the folder.
        exists: False outside of a project; then defaults hold.
    """

    name: str
    package: str
    root: Path
    exists: bool
    default_environment: str = "local"

    @property
    def dex_dir(self) -> Path:
        """Folder that belongs to dex: runs, profiles, map, warehouse, logs."""
        return self.root / ".dex"


class Environment(Model):
    """One environment of a project, ready to bind: every default filled in."""

    name: str
    project: Project
    kind: Kind
    engine: EngineConfig
    catalog: str
    schemas: Dict[str, str]  # noqa: UP006
    schema_prefix: str = ""
    parameters: Dict[str, Any] = Field(default_factory=dict)  # noqa: UP006
    secrets: SecretsConfig = SecretsConfig()
    guard: GuardConfig = GuardConfig()
    agents: AgentsConfig = AgentsConfig()
    observability: ObservabilityConfig = ObservabilityConfig()

    @property
    def warehouse(self) -> Path:
        """Absolute folder of the tables of a local engine."""
        return self.project.dex_dir / "warehouse" / self.name

    def schema_name(self, layer: Layer) -> str:
        """Return ``catalog.schema`` of a layer.

        Raises:
            ConfigError: DEX-CONFIG-06, the project has no such layer.
        """
        if layer not in self.schemas:
            raise ConfigError(
                "DEX-CONFIG-06",
                f"Environment '{self.name}' has no layer '{layer}'.",
                remedy=f"Use one of: {', '.join(self.schemas)}; or add it under `schemas` in config/base.yaml.",
            )
        return f"{self.catalog}.{self.schema_prefix}{self.schemas[layer]}"

    def table_name(self, layer: Layer, table: str) -> str:
        """Return ``catalog.schema.table`` of a table in a layer."""
        return f"{self.schema_name(layer)}.{table}"
