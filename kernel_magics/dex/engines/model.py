"""What is known of an engine."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

StateName = Literal["running", "stopped", "not answering", "not checked"]


class EngineStatus(BaseModel):
    """The state of an environment's engine, for people, `--json` and the panel.

    Attributes:
        type: sail, spark, connect, databricks or runtime.
        state: running (it answered just now), stopped (there is no process), not answering (there is one, or an
            address, and it did not answer by the deadline), not checked (asking would start something).
        version: version of the engine's software, where dex installs it.
        spark: version of Spark that it speaks.
        url: address to attach to.
        pid: its process.
        log: path of its log.
        catalogs: catalogs that it holds.
        clients: connections that are open now.
        idle_minutes: it ends when nobody was attached for this long.
        installed: whether its software is in the user cache, for engines that dex installs.
    """

    model_config = ConfigDict(frozen=True)

    type: str
    state: StateName
    version: str | None = None
    spark: str | None = None
    url: str | None = None
    pid: int | None = None
    log: str | None = None
    catalogs: list[str] = []
    clients: int | None = None
    idle_minutes: float | None = None
    installed: bool | None = None
