"""Keeps a session and the warehouse in step while the person works."""

from __future__ import annotations

from typing import Any, Callable

import grpc

from dex_dbutils.catalog.warehouse import prepare_warehouse
from dex_dbutils.config import Environment


class WarehouseFollower(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc]
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]
):
    """Placeholder of the first working state; see the next commit."""

    def __init__(self, spark: Any, environment: Environment) -> None:
        self._spark = spark
        self._environment = environment

    def prepare(self) -> None:
        """Register what the warehouse holds."""
        prepare_warehouse(self._spark, self._environment)

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Pass a call on."""
        return continuation(details, request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Pass a call on."""
        return continuation(details, request)
