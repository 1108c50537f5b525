"""The words of ``config/*.yaml`` as models; JSON Schema is generated from them.

Without postponed annotations: pydantic evaluates them, and on Python 3.9 ``str | None`` cannot be.
"""

# ruff: noqa: FA100

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dex_dbutils.errors import ConfigError, Where

Kind = Literal["local", "development", "production"]
EngineType = Literal["sail", "spark", "connect", "databricks", "runtime"]
Writes = Literal["allow", "confirm", "deny"]
Layer = str

#: Names of catalogs and schemas: what Unity Catalog takes without trouble.
NAME = r"^[A-Za-z_][A-Za-z0-9_-]*$"
#: Unity Catalog refuses these in a table's name; so does a folder.
_NOT_IN_A_TABLE_NAME = re.compile(r"[./\\\s\x00-\x1f\x7f`]")

#: What the guard does with writes when a file says nothing, per kind of environment.
DEFAULT_WRITES: dict[str, Writes] = {"local": "allow", "development": "allow", "production": "confirm"}
#: Schema of each layer where no file says otherwise.
DEFAULT_SCHEMAS = {"bronze": "bronze", "silver": "silver", "gold": "gold"}


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
    url: Optional[str] = Field(
        None, pattern=r"^sc://.", description="A Spark Connect address such as sc://localhost:15002, for `connect`."
    )
    idle_minutes: float = Field(
        120.0, gt=0, allow_inf_nan=False, description="A local engine that nobody is attached to ends after this."
    )
    port: Optional[int] = Field(
        None, ge=1, le=65535, description="Fixed port of a local engine; any free one if unset."
    )
    conf: dict[str, str] = Field(default_factory=dict, description="Spark settings of every session.")

    @field_validator("conf", mode="before")
    @classmethod
    def _settings_are_text(cls, value: Any) -> Any:
        """Spark's settings are text; a file may say ``spark.sql.shuffle.partitions: 4``."""
        if not isinstance(value, dict):
            return value
        return {
            key: str(item).lower() if isinstance(item, bool) else str(item) if isinstance(item, (int, float)) else item
            for key, item in value.items()
        }

    @model_validator(mode="after")
    def _one_place(self) -> "EngineConfig":
        if self.type == "connect" and not self.url:
            raise ValueError("an engine of type 'connect' needs `url`, such as sc://localhost:15002")
        if self.cluster_id and self.serverless:
            raise ValueError("`cluster_id` and `serverless: true` exclude each other")
        if self.profile and self.host:
            raise ValueError("`profile` and `host` exclude each other")
        return self


class SecretsConfig(Model):
    """Where secrets come from; never the secrets themselves."""

    scope: Optional[str] = None


class GuardConfig(Model):
    """What the guard allows in an environment."""

    writes: Optional[Writes] = Field(None, description="Default: allow; confirm where kind is production.")
    catalogs: list[str] = Field(default_factory=list, description="Catalogs that may be written.")
    max_scan: Optional[str] = Field(
        None,
        description="Most bytes of files that one query may read, such as 100GB; checked on the local engine alone.",
        pattern=r"^\d+(\.\d+)?\s*[KMGTP]?B$",
    )

    @property
    def max_scan_bytes(self) -> Optional[int]:
        """``max_scan`` in bytes; 1 kB are 1,000."""
        if self.max_scan is None:
            return None
        number = self.max_scan.rstrip("BPTGMK ")
        unit = self.max_scan[len(number) :].strip()[:-1]
        return int(Decimal(number) * 1000 ** " KMGTP".index(unit or " "))


class AgentsConfig(Model):
    """Who answers `%%agent`."""

    provider: str = "rules"
    base_url: Optional[str] = None
    model: Optional[str] = None
    api_key_env: str = Field("OPENAI_API_KEY", description="Name of the environment variable that holds the key.")
    timeout_seconds: float = Field(60.0, gt=0, allow_inf_nan=False)
    budget: Optional[int] = Field(None, gt=0, description="Most tokens one run may use.")


class ObservabilityConfig(Model):
    """Where runs and logs are told."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    events: Optional[str] = Field(None, description="Table or path that receives run events.")


class Identity(Model):
    """A user, a group or a service principal, in the platform's words: exactly one of them."""

    user_name: Optional[str] = None
    group_name: Optional[str] = None
    service_principal_name: Optional[str] = Field(None, description="Its application id.")

    @model_validator(mode="after")
    def _one(self) -> "Identity":
        given = [who for who in (self.user_name, self.group_name, self.service_principal_name) if who]
        if len(given) != 1:
            raise ValueError("it names one of `user_name`, `group_name` and `service_principal_name`")
        return self


class PermissionConfig(Identity):
    """Who may see, run or manage what is deployed."""

    level: Literal["CAN_MANAGE", "CAN_RUN", "CAN_VIEW"]


class GrantConfig(Model):
    """What a principal may do with a schema and all that is in it."""

    principal: str = Field(min_length=1)
    privileges: list[Annotated[str, Field(pattern=r"^[A-Z]+(_[A-Z]+)*$")]] = Field(min_length=1)


class BundleConfig(Model):
    """What the environment's target of the bundle says: who runs it, where it goes, who may do what."""

    run_as: Optional[Identity] = Field(None, description="Who the jobs run as; whoever deploys if unset.")
    root_path: Optional[str] = Field(
        None, pattern=r"^(~|/Workspace)/.", description="Folder of the deployment; of whoever deploys if unset."
    )
    permissions: list[PermissionConfig] = Field(default_factory=list)
    grants: dict[str, list[GrantConfig]] = Field(default_factory=dict, description="On the schema of each layer.")


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
    catalog: str = Field("local", pattern=NAME)
    schemas: dict[str, Annotated[str, Field(pattern=NAME)]] = Field(
        default_factory=lambda: dict(DEFAULT_SCHEMAS),
        min_length=1,
        description="Schema of each layer.",
    )
    schema_prefix: str = Field("", pattern=r"^[A-Za-z0-9_-]*$", description="Stands before every schema's name.")
    parameters: dict[str, Any] = Field(default_factory=dict)
    secrets: SecretsConfig = SecretsConfig()
    guard: GuardConfig = GuardConfig()
    agents: AgentsConfig = AgentsConfig()
    observability: ObservabilityConfig = ObservabilityConfig()
    bundle: BundleConfig = BundleConfig()
    jobs: dict[str, Optional[dict[str, Any]]] = Field(
        default_factory=dict,
        description="Jobs of the bundle by key, in the words of the Jobs API; `dex bundle emit` reads them.",
    )


class Project(Model):
    """A folder with `config/base.yaml`, or the working folder outside of one.

    Attributes:
        root: absolute path of the folder.
        exists: False outside of a project; then defaults hold.
        config_dir: folder of base.yaml and the environments' files; `config` in the root, except in a deployed wheel.
    """

    name: str
    package: str
    root: Path
    exists: bool
    default_environment: str = "local"
    config_dir: Optional[Path] = None

    @property
    def config_folder(self) -> Path:
        """Folder that holds base.yaml."""
        return self.config_dir or self.root / "config"

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
    schemas: dict[str, str]
    schema_prefix: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    secrets: SecretsConfig = SecretsConfig()
    guard: GuardConfig = GuardConfig()
    agents: AgentsConfig = AgentsConfig()
    observability: ObservabilityConfig = ObservabilityConfig()
    bundle: BundleConfig = BundleConfig()

    @property
    def warehouse(self) -> Path:
        """Absolute folder of the tables of a local engine."""
        return self.project.dex_dir / "warehouse" / self.name

    @property
    def writes(self) -> Writes:
        """What the guard does with writes: what the file says, else the default of the environment's kind."""
        return self.guard.writes or DEFAULT_WRITES[self.kind]

    def schema_of(self, layer: Layer) -> str:
        """Return the plain name of a layer's schema, prefix included.

        Raises:
            ConfigError: DEX-CONFIG-06, the project has no such layer.
        """
        if layer not in self.schemas:
            raise ConfigError(
                "DEX-CONFIG-06",
                f"Environment '{self.name}' has no layer '{layer}'.",
                Where(key="schemas"),
                f"Use one of: {', '.join(self.schemas)}; or add it under `schemas` in config/base.yaml.",
            )
        return f"{self.schema_prefix}{self.schemas[layer]}"

    def schema_name(self, layer: Layer) -> str:
        """Return ``catalog.schema`` of a layer, quoted where SQL needs it.

        Raises:
            ConfigError: DEX-CONFIG-06, the project has no such layer.
        """
        return f"{quoted(self.catalog)}.{quoted(self.schema_of(layer))}"

    def table_name(self, layer: Layer, table: str) -> str:
        """Return ``catalog.schema.table`` of a table in a layer, quoted where SQL needs it.

        Raises:
            ConfigError: DEX-CONFIG-06, no such layer; DEX-CONFIG-12, not a table's name.
        """
        if not table or _NOT_IN_A_TABLE_NAME.search(table):
            raise ConfigError(
                "DEX-CONFIG-12",
                f"{table!r} is not the name of a table.",
                remedy="Give the last part only, without dots, slashes or spaces: the layer says catalog and schema.",
            )
        return f"{self.schema_name(layer)}.{quoted(table)}"


def quoted(name: str) -> str:
    """Return a name as SQL takes it: in backticks unless it is letters, digits and underscores."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else f"`{name.replace('`', '``')}`"
