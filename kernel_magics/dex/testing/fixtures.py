"""Fixtures that the plugin offers to every test of a project; a fixture of the same name in its conftest wins.

Nothing of Spark is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dex_dbutils import Environment
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def dex_env() -> Environment:
    """The environment of the tests: what DEX_ENV names, else the project's default."""
    from dex_dbutils import load_environment

    return load_environment()


@pytest.fixture(scope="session")
def spark(dex_env: Environment) -> SparkSession:
    """The Spark session of the tests' environment."""
    from dex_dbutils import get_spark

    return get_spark(dex_env)


@pytest.fixture
def dbutils(spark: SparkSession, dex_env: Environment) -> Any:
    """The `dbutils` of the tests' environment, made anew for each test."""
    from dex_dbutils.utilities import get_dbutils

    return get_dbutils(spark, dex_env)


@pytest.fixture(scope="session")
def assert_frames_equal() -> Callable[..., None]:
    """Compare two frames; rows in any order, types included. See `dex.testing.frames`."""
    from dex.testing import frames

    return frames.assert_frames_equal
