"""Engines that answer Spark: install, start, attach, probe, stop.

Importing this folder loads neither Spark's client nor gRPC; `%load_ext dex` imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dex.engines.cache import cache_dir as cache_dir
    from dex.engines.doors import Engine as Engine
    from dex.engines.doors import attach_url as attach_url
    from dex.engines.doors import engine_for as engine_for
    from dex.engines.doors import install as install
    from dex.engines.model import EngineStatus as EngineStatus
    from dex.engines.preload import pre_import as pre_import

_HOMES = {
    "Engine": "doors",
    "EngineStatus": "model",
    "attach_url": "doors",
    "cache_dir": "cache",
    "engine_for": "doors",
    "install": "doors",
    "pre_import": "preload",
}

__all__ = ["Engine", "EngineStatus", "attach_url", "cache_dir", "engine_for", "install", "pre_import"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{home}"), name)
