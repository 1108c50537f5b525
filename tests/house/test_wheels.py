"""The two wheels install and import wherever they say they do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support import ROOT, find_python, make_venv, run

IMPORTS = """
import sys
{imports}
heavy = set("pyspark pandas pyarrow numpy IPython jupyter_server jupyterlab tornado openai databricks grpc".split())
print(sorted(heavy & {{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.13"])
def test_the_library_installs_and_imports_alone(version: str, wheels: dict[str, Path], tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", find_python(version), wheels["dex-dbutils"])
    printed = run([python, "-c", IMPORTS.format(imports="import dex_dbutils, dex_dbutils.config, dex_dbutils.errors")])
    assert printed.strip() == "[]"


@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_dexkit_installs_and_imports_without_jupyter(version: str, wheels: dict[str, Path], tmp_path: Path) -> None:
    constraints = ("-c", ROOT / "constraints.txt")
    python = make_venv(tmp_path / "venv", find_python(version), *constraints, *wheels.values())
    printed = run(
        [python, "-c", IMPORTS.format(imports="import dex, dex_agents, dex_dbutils, dex_templates, dex_server")]
    )
    assert printed.strip() == "[]"
    assert "dex 0." in run([tmp_path / "venv/bin/dex", "--version"])


def test_jupyter_finds_both_extensions_of_the_wheel(wheels: dict[str, Path], tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    python = make_venv(
        venv,
        find_python("3.10"),
        "-c",
        ROOT / "constraints.txt",
        wheels["dex-dbutils"],
        f"dexkit[lab] @ {wheels['dexkit'].as_uri()}",
    )
    jupyter = tmp_path / "jupyter"
    env = {
        "PATH": f"{venv / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "JUPYTER_CONFIG_DIR": str(jupyter),
        "JUPYTER_DATA_DIR": str(jupyter),
    }
    merged = (
        "import subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', *sys.argv[1:]], capture_output=True, text=True)\n"
        "print(done.stdout, done.stderr)"
    )
    labextensions = run([python, "-c", merged, "jupyter", "labextension", "list"], env=env)
    server_extensions = run([python, "-c", merged, "jupyter", "server", "extension", "list"], env=env)
    assert "@dexkit/jupyterlab" in labextensions
    assert "OK" in labextensions.split("@dexkit/jupyterlab", 1)[1][:120]
    assert "dex_server" in server_extensions
    assert "OK" in server_extensions.split("dex_server", 1)[1][:200]


def test_the_panel_is_inside_the_wheel_and_no_test_is(wheels: dict[str, Path]) -> None:
    names = zipfile.ZipFile(wheels["dexkit"]).namelist()
    assert any(name.endswith("share/jupyter/labextensions/@dexkit/jupyterlab/package.json") for name in names)
    assert any(name.endswith("etc/jupyter/jupyter_server_config.d/dex.json") for name in names)
    assert any(name.startswith("dex_templates/flights/") for name in names)
    assert not [name for name in names if "tests/" in name or name.startswith("dex_dbutils/")]
