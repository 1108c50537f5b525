"""The library as a wheel in the oldest Python that it supports, beside the oldest Spark."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support import ROOT, find_python, make_venv, uv

#: What DBR 11.3 has: Spark 3.3 on Python 3.9, with the pandas and NumPy of that time.
OLD = ("pyspark==3.3.4", "pandas<2", "numpy<2", "pyarrow<15", "pytest")


@pytest.fixture(scope="session")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the library's wheel and Spark 3.3."""
    if shutil.which("java") is None:
        pytest.skip("Java is not on this machine; Spark 3.3 needs it")
    folder = tmp_path_factory.mktemp("compat")
    uv("build", "-q", "--wheel", "-o", folder / "wheels", ROOT / "dbutils_lib")
    (wheel,) = (folder / "wheels").glob("dex_dbutils-*.whl")
    return make_venv(folder / "venv", find_python("3.9"), f"dex-dbutils[profile] @ {wheel.as_uri()}", *OLD)
