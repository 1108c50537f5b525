"""The vendor's `bundle validate --strict` fails on any warning: a bundle that dex emits gives none of those that it knows.

Each warning is one fault put into an emitted bundle, which `dex bundle validate` has to find: so finding nothing in the
bundle as it is emitted means that it gives no such warning. Sources: what the tool was seen to warn of, and the checks
that its own acceptance tests name.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from dex.bundle import load_bundle, read_bundle, validate_bundle
from dex.bundle.resources import VolumePath, write_resources
from dex.bundle.targets import write_targets
from dex.export import export_notebook
from dex.jobs import emit_job
from dex_dbutils.config import find_project
from notebook_factory import project_folder, write_notebook

REMOTE = "engine: {type: databricks, profile: P, serverless: true}\n"
PIPELINE = "import dlt\n\n@dlt.table\ndef orders():\n    return spark.read.table('bronze.orders')"
#: Warning -> file, text in it, what makes the tool warn, code of dex.
WARNINGS = {
    "unknown field of a task": ("daily.job", "          python_wheel_task:", "          tires: 1\n", "06"),
    "unknown field of a job": ("daily.job", "      tasks:", "      shedule: {}\n", "06"),
    "unknown field at the root": ("databricks", "targets:", "resource: {}\n", "06"),
    "unknown field of a target": ("databricks", "    mode: production", "    mod: x\n", "06"),
    "unknown field of a schema": ("schemas", "          name: bronze", "          owner_name: a\n", "06"),
    "word that is none of an enumeration": (
        "daily.job",
        "          python_wheel_task:",
        "          run_if: SOMETIMES\n",
        "07",
    ),
    "word that is no type of a volume": ("volumes", "MANAGED", "", "07"),
    "text for a whole number": ("daily.job", "          python_wheel_task:", "          max_retries: many\n", "03"),
    "missing entry point": ("daily.job", "            entry_point: one\n", "", "14"),
    "missing default of a parameter": ("daily.job", '          default: "${bundle.target}"\n', "", "16"),
    "missing schema of a volume": (
        "volumes",
        '          schema_name: "${resources.schemas.bronze_schema.name}"\n',
        "",
        "21",
    ),
    "undefined job cluster": ("daily.job", "          python_wheel_task:", "          job_cluster_key: mian\n", "13"),
    "folder that everyone may write to": (
        "databricks",
        "/Workspace/Users/${workspace.current_user.userName}",
        "/Workspace/Shared",
        "36",
    ),
    "permissions without whoever deploys": (
        "databricks",
        "targets:",
        "permissions: [{level: CAN_VIEW, group_name: users}]\n",
        "23",
    ),
    "variable reference where none is filled in": (
        "databricks",
        "    mode: development",
        '    workspace: {host: "${var.host}"}\n',
        "17",
    ),
    "pattern of include without a file": ("databricks", "  - resources/*.yml\n", "  - other/*.yml\n", "04"),
    "prefix without the user in development": (
        "databricks",
        "    mode: development",
        "    presets: {name_prefix: mine}\n",
        "24",
    ),
}
WARNINGS["one machine that is not said to be one"] = (
    "weekly.job",
    "            autoscale:\n              min_workers: 1\n              max_workers: 4\n",
    "",
    "32",
)
WARNINGS["include in a file that is included"] = ("schemas", "targets:", "include: [more/*.yml]\n", "04")
REPLACED = {
    "one machine that is not said to be one": "            num_workers: 0\n",
    "word that is no type of a volume": "PRIVATE",
    "folder that everyone may write to": "/Workspace/Shared",
    "missing entry point": "",
    "missing default of a parameter": "",
    "missing schema of a volume": "",
    "pattern of include without a file": "  - resources/*.yml\n  - other/*.yml\n",
}


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with everything that dex emits: a job, a job of several notebooks, a pipeline, schemas, volumes."""
    root = project_folder(tmp_path_factory.mktemp("strict") / "shop")
    (root / "config/dev.yaml").write_text(f"kind: development\n{REMOTE}catalog: dev\nschema_prefix: dev_${{user}}_\n")
    (root / "config/prod.yaml").write_text(f"kind: production\n{REMOTE}catalog: main\n")
    write_notebook(root / "notebooks/one.ipynb", "spark.range(3).write.saveAsTable('bronze.orders')")
    write_notebook(root / "notebooks/two.ipynb", "spark.table('bronze.orders').write.saveAsTable('silver.orders')")
    write_notebook(root / "other/alone.ipynb", "dbutils.widgets.text('day', '1')\nday = dbutils.widgets.get('day')")
    write_notebook(root / "other/flow.ipynb", PIPELINE)
    project = find_project(root)
    write_targets(project)
    emit_job(project, "daily", [root / "notebooks"])
    emit_job(project, "weekly", [root / "notebooks"], compute="job_cluster")
    weekly = root / "resources/weekly.job.yml"  # only a person knows which machines the cloud has
    weekly.write_text(
        weekly.read_text().replace(
            "            autoscale:", "            node_type_id: i3.xlarge\n            autoscale:"
        )
    )
    for name in ("alone", "flow"):
        export_notebook(root / f"other/{name}.ipynb", project)
    write_resources(project, [VolumePath(None, "bronze", "landing", "a")])
    return root


def test_what_dex_emits_gives_no_warning(emitted: Path) -> None:
    assert [str(found) for found in validate_bundle(emitted)] == []
    kinds = {
        kind
        for kind in ("jobs", "pipelines", "schemas", "volumes")
        if any(True for _ in load_bundle(emitted, "prod").resources(kind))
    }
    assert kinds == {"jobs", "pipelines", "schemas", "volumes"}


@pytest.mark.parametrize("warning", WARNINGS)
def test_a_warning_of_strict_mode_is_found(emitted: Path, tmp_path: Path, warning: str) -> None:
    file, text, put, code = WARNINGS[warning]
    root = Path(shutil.copytree(emitted, tmp_path / "shop"))
    path = root / ("databricks.yml" if file == "databricks" else f"resources/{file}.yml")
    there = path.read_text()
    assert text in there, there
    path.write_text(
        there.replace(text, REPLACED[warning], 1) if warning in REPLACED else there.replace(text, put + text, 1)
    )
    assert f"DEX-BUNDLE-{code}" in {found.code for found in validate_bundle(root)}


def test_targets_name_no_workspace_and_production_one_folder_of_whoever_deploys_it(emitted: Path) -> None:
    for name, target in read_bundle(emitted).targets():
        workspace = target.get("workspace")
        assert workspace is None or not {"host", "profile"} & {key for key, _ in workspace.entries()}, name
    prod = load_bundle(emitted, "prod", facts={"workspace.current_user.userName": "deployer@example.org"})
    assert prod.tree.at("workspace", "root_path") is not None
    assert (
        str(prod.tree.at("workspace", "root_path").value) == "/Workspace/Users/deployer@example.org/.bundle/shop/prod"
    )  # type: ignore[union-attr]


def test_what_dex_keeps_on_this_machine_is_not_uploaded(emitted: Path) -> None:
    """The tool warns of a pattern that matches no file; the folder has some from the first export on."""
    (pattern,) = yaml.safe_load((emitted / "databricks.yml").read_text())["sync"]["exclude"]
    assert any(path.is_file() for path in emitted.glob(f"{pattern}/*"))
    assert all(path.relative_to(emitted).parts[0] == ".dex" for path in emitted.glob(pattern))


def test_wheels_are_built_anew_with_a_version_of_their_own(emitted: Path) -> None:
    document = yaml.safe_load((emitted / "databricks.yml").read_text())
    (artifact,) = document["artifacts"].values()
    assert artifact == {"type": "whl", "path": ".", "build": "uv build --wheel", "dynamic_version": True}
    assert document["bundle"]["databricks_cli_version"] == ">= 1.3.0"


def test_a_file_of_one_job_holds_nothing_else_and_no_key_stands_for_two_resources(emitted: Path) -> None:
    """A file `*.job.yml` with more is a recommendation of the tool; two resources of one key are an error."""
    keys: list[str] = []
    for path in sorted((emitted / "resources").glob("*.yml")):
        document = yaml.safe_load(path.read_text())
        resources = [document["resources"]] if "resources" in document else []
        held = [(kind, key) for each in resources for kind, of_kind in each.items() for key in of_kind]
        ending = re.search(r"\.(job|pipeline)\.yml$", path.name)
        assert [kind for kind, _ in held] == ([f"{ending[1]}s"] if ending else []), path.name
        keys += [key for _, key in held]
    for target in ("dev", "prod"):
        bundle = load_bundle(emitted, target)
        found = [key for kind in ("jobs", "pipelines", "schemas", "volumes") for key, _ in bundle.resources(kind)]
        assert len(found) == len(set(found)) > len(keys)
