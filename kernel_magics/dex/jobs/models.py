"""A job's settings, as the Jobs API takes them and a bundle holds them under ``resources.jobs``.

Fields that nothing here needs are kept as they are. Sources of names and values: the fields of the vendor's open SDK
(``databricks.sdk.service.jobs``) and the reference of the Jobs API 2.2.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dex.bundle import Text, as_word

RunIf = Literal["ALL_SUCCESS", "AT_LEAST_ONE_SUCCESS", "NONE_FAILED", "ALL_DONE", "AT_LEAST_ONE_FAILED", "ALL_FAILED"]
Comparison = Literal[
    "EQUAL_TO", "NOT_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL"
]


class Settings(BaseModel):
    """Part of a job's settings; fields that are not named here are kept."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)


class JobParameter(Settings):
    """A parameter that a run may set, with what it is otherwise."""

    name: str
    default: Text


class Dependency(Settings):
    """A task to wait for; of a condition task, also what it has to come to: ``"true"`` or ``"false"``."""

    task_key: str
    outcome: Annotated[Literal["true", "false"] | None, BeforeValidator(as_word)] = None


class NotebookTask(Settings):
    """A notebook; its widgets take the parameters, the job's own with the same name win."""

    notebook_path: str
    base_parameters: dict[str, Text] = Field(default_factory=dict)
    source: str | None = None
    warehouse_id: str | None = None


class PythonWheelTask(Settings):
    """An entry point of an installed wheel, given words, or ``--name=value`` for every named parameter."""

    package_name: str
    entry_point: str
    parameters: list[Text] = Field(default_factory=list)
    named_parameters: dict[str, Text] = Field(default_factory=dict)


class SparkPythonTask(Settings):
    """A Python file, given words."""

    python_file: str
    parameters: list[Text] = Field(default_factory=list)
    source: str | None = None


class SqlFile(Settings):
    """A file of SQL statements."""

    path: str
    source: str | None = None


class SqlTask(Settings):
    """A file of SQL, or a query, a dashboard or an alert of the workspace."""

    warehouse_id: str
    file: SqlFile | None = None
    query: dict[str, Any] | None = None
    parameters: dict[str, Text] = Field(default_factory=dict)


class PipelineTask(Settings):
    """A declarative pipeline.

    Attributes:
        full_refresh: make its streaming tables anew.
        refresh_selection: tables to bring up to date; all if neither this nor the next is given.
        full_refresh_selection: tables to make anew.
        parameters: values of its parameters, for this update; the job's own with the same name win.
        validate_only: of an update that is no job's: find out what the datasets are, make none.
    """

    pipeline_id: str
    full_refresh: bool = False
    refresh_selection: list[str] = Field(default_factory=list)
    full_refresh_selection: list[str] = Field(default_factory=list)
    parameters: dict[str, Text] = Field(default_factory=dict)
    validate_only: bool = False


class ConditionTask(Settings):
    """A comparison of two texts; numbers are compared as numbers by the four comparisons of size."""

    op: Comparison
    left: Text
    right: Text


class RunJobTask(Settings):
    """Another job; the task is as long as its run."""

    job_id: int | str
    job_parameters: dict[str, Text] = Field(default_factory=dict)


class ForEachTask(Settings):
    """One task for every item of a JSON list, ``concurrency`` of them at a time."""

    inputs: str
    task: Task
    concurrency: int = 1


class Task(Settings):
    """One task: when it runs, what it does, what it runs on.

    Attributes:
        timeout_seconds: 0 for none.
        max_retries: of a task that failed; -1 for no end.
        min_retry_interval_millis: between the starts of a failed attempt and of the next.
        retry_on_timeout: whether a time-out is such a failure.
    """

    task_key: str
    depends_on: list[Dependency] = Field(default_factory=list)
    run_if: RunIf = "ALL_SUCCESS"
    disabled: bool = False
    timeout_seconds: int = 0
    max_retries: int = 0
    min_retry_interval_millis: int = 0
    retry_on_timeout: bool = False
    environment_key: str | None = None
    job_cluster_key: str | None = None
    existing_cluster_id: str | None = None
    new_cluster: dict[str, Any] | None = None
    libraries: list[dict[str, Any]] = Field(default_factory=list)
    notebook_task: NotebookTask | None = None
    python_wheel_task: PythonWheelTask | None = None
    spark_python_task: SparkPythonTask | None = None
    sql_task: SqlTask | None = None
    pipeline_task: PipelineTask | None = None
    condition_task: ConditionTask | None = None
    for_each_task: ForEachTask | None = None
    run_job_task: RunJobTask | None = None

    @property
    def kinds(self) -> list[str]:
        """Names of the task types that it has: one, in a sound job; also those that dex does not run."""
        given = {**{name: getattr(self, name) for name in type(self).model_fields}, **(self.model_extra or {})}
        return [name for name, value in given.items() if name.endswith("_task") and value is not None]


class JobEnvironment(Settings):
    """Packages and Python of serverless tasks."""

    environment_key: str
    spec: dict[str, Any] = Field(default_factory=dict)


class JobCluster(Settings):
    """A cluster that tasks of one run share."""

    job_cluster_key: str
    new_cluster: dict[str, Any] = Field(default_factory=dict)


class Queue(Settings):
    """Whether runs wait where as many go on as may."""

    enabled: bool = False


class JobSettings(Settings):
    """A job.

    Attributes:
        max_concurrent_runs: runs of the job at a time.
        queue: of those beyond.
        timeout_seconds: of a whole run; 0 for none.
    """

    name: str = "Untitled"
    parameters: list[JobParameter] = Field(default_factory=list)
    tasks: list[Task] = Field(default_factory=list)
    environments: list[JobEnvironment] = Field(default_factory=list)
    job_clusters: list[JobCluster] = Field(default_factory=list)
    timeout_seconds: int = 0
    max_concurrent_runs: int = 1
    queue: Queue = Queue()
    tags: dict[str, Text] = Field(default_factory=dict)


ForEachTask.model_rebuild()
