"""`dex bundle resources`: a target's schemas and volumes have the names that its environment looks for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dex.bundle import load_bundle, regenerate, to_yaml, validate_bundle
from dex.bundle.resources import ResourcesReport, VolumePath, volume_path, write_resources
from dex.bundle.schema_names import schema_prefix
from dex.bundle.targets import write_targets
from dex.graph import infer_graph, volume_paths
from dex_dbutils import BundleError
from dex_dbutils.config import find_project, load_environment
from hypothesis import given, settings
from hypothesis import strategies as st
from notebook_factory import project_folder, write_notebook

DEV = (
    "kind: development\nengine: {type: databricks, serverless: true}\ncatalog: shop_dev\nschema_prefix: dev_${user}_\n"
)
PROD = "kind: production\nengine: {type: databricks, serverless: true}\ncatalog: shop\n"
SHORT = {"workspace.current_user.short_name": "jo_doe"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEX_USER", "jo.doe@example.org")
    folder = project_folder(tmp_path / "shop")
    (folder / "config/dev.yaml").write_text(DEV)
    (folder / "config/prod.yaml").write_text(PROD)
    (folder / "pyproject.toml").write_text('[project]\nname = "shop_etl"\nversion = "0.1.0"\n')
    write_targets(find_project(folder))
    return folder


def write(root: Path, *volumes: VolumePath, **options: bool) -> ResourcesReport:
    return write_resources(find_project(root), volumes, **options)


def of(root: Path, target: str, kind: str = "schemas") -> dict[str, Any]:
    """Return the resources of a kind that a target has."""
    return {key: at.plain() for key, at in load_bundle(root, target).resources(kind)}


def deployed(root: Path, target: str) -> set[str]:
    """Return the schemas of a target as the platform's tool would name them for the user jo_doe."""
    bundle = load_bundle(root, target, facts=SHORT)
    prefix = schema_prefix(bundle, "jo_doe")
    return {f"{each['catalog_name']}.{prefix}{each['name']}" for each in of_bundle(bundle)}


def of_bundle(bundle: Any) -> list[dict[str, Any]]:
    return [at.plain() for _, at in bundle.resources("schemas")]


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_a_deployed_schema_is_the_one_that_the_environment_looks_for(root: Path, target: str) -> None:
    write(root)
    environment = load_environment(target, start=root)
    assert deployed(root, target) == {environment.schema_name(layer) for layer in environment.schemas}
    assert validate_bundle(root) == []


@pytest.mark.parametrize(
    ("prefix", "databricks"),
    [
        ("${user}_", 'presets: {name_prefix: "[${workspace.current_user.short_name}] "}'),
        ("team_${user}_", 'presets: {name_prefix: "[Team ${workspace.current_user.short_name}]"}'),
        ("me_${user}_", "experimental: {skip_name_prefix_for_schema: true}"),
        ('""', "experimental: {skip_name_prefix_for_schema: true}"),
        ("dev_${user}_x_", "bundle: {name: shop}"),
    ],
)
def test_other_prefixes_come_out_as_the_environment_has_them(root: Path, prefix: str, databricks: str) -> None:
    (root / "config/dev.yaml").write_text(DEV.replace("dev_${user}_", prefix))
    (root / "databricks.yml").write_text(
        f"bundle: {{name: shop}}\ninclude: [resources/*.yml]\n{databricks}\ntargets: {{dev: {{mode: development}}}}\n"
        if "bundle:" not in databricks
        else f"{databricks}\ninclude: [resources/*.yml]\ntargets: {{dev: {{mode: development}}}}\n"
    )
    report = write(root)
    environment = load_environment("dev", start=root)
    assert deployed(root, "dev") == {environment.schema_name(layer) for layer in environment.schemas}
    assert "jo" not in (root / "resources/schemas.yml").read_text()  # the same file, whoever makes it
    assert [note for note in report.notes if note.startswith("dev")] == []


def test_where_the_target_would_give_other_names_nothing_is_made_and_the_remedies_are_told(root: Path) -> None:
    (root / "config/dev.yaml").write_text(DEV.replace("dev_${user}_", '""'))
    report = write(root)
    assert of(root, "dev") == {}
    assert set(of(root, "prod")) == {"bronze_schema", "silver_schema", "gold_schema"}
    (note,) = report.notes
    assert "`dev_<user>_` before the name of a schema, and the environment looks for `bronze`" in note
    assert "`schema_prefix: dev_${user}_` in config/dev.yaml" in note
    assert "skip_name_prefix_for_schema: true" in note
    (root / "config/dev.yaml").write_text(DEV)  # the first remedy
    assert write(root).notes == []
    assert set(of(root, "dev")) == {"bronze_schema", "silver_schema", "gold_schema"}


@pytest.mark.parametrize("reference", ["${git:branch}", "${env:TEAM}"])
def test_names_that_another_branch_or_machine_has_otherwise_are_not_written_down(
    root: Path, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", "blue")
    (root / ".git").mkdir()
    (root / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (root / "config/dev.yaml").write_text(DEV.replace("shop_dev", f"shop_{reference}"))
    report = write(root)
    assert of(root, "dev") == {}
    assert reference in report.notes[0]


def test_schemas_and_volumes_of_production_outlive_the_bundle_and_have_the_grants_of_the_configuration(
    root: Path,
) -> None:
    (root / "config/prod.yaml").write_text(
        PROD + "bundle: {grants: {gold: [{principal: analysts, privileges: [USE_SCHEMA, SELECT]}]}}\n"
    )
    write(root, VolumePath(None, "bronze", "landing", "a"))
    prod = of(root, "prod")
    assert prod["gold_schema"]["grants"] == [{"principal": "analysts", "privileges": ["USE_SCHEMA", "SELECT"]}]
    assert "grants" not in prod["silver_schema"]
    volumes = of(root, "prod", "volumes")
    assert all(each["lifecycle"] == {"prevent_destroy": True} for each in (*prod.values(), *volumes.values()))
    assert "lifecycle" not in json.dumps([of(root, "dev"), of(root, "dev", "volumes")])


def test_volumes_of_notebooks_and_parameters_are_made_in_the_schema_of_their_layer(root: Path) -> None:
    (root / "config/prod.yaml").write_text(PROD + "parameters: {landing: [/Volumes/shop/bronze/uploads/in]}\n")
    write_notebook(
        root / "notebooks/a.ipynb",
        "c = session.environment.catalog\nspark.read.csv(f'/Volumes/{c}/bronze/landing/a.csv')",
        "s = session.environment.schema_of('gold')\nspark.range(1).write.csv(f'dbfs:/Volumes/{c}/{s}/reports')",
        "dbutils.widgets.text('catalog', 'shop')\nspark.read.csv(f\"/Volumes/{dbutils.widgets.get('catalog')}/silver/extra\")",
        "spark.read.csv('/Volumes/elsewhere/x/y/z.csv')",
        "import os\nspark.read.csv(f\"/Volumes/{c}/bronze/{os.environ['WHERE']}/z\")",
    )
    write_notebook(
        root / "notebooks/b.ipynb",
        'spark.read.csv(f\'/Volumes/{session.schema_name("gold").replace(".", "/")}/reports\')',
    )
    graph = infer_graph(find_project(root), [root / "notebooks"])
    assert graph.task("b").reads == ["/Volumes/{catalog}/gold/reports"]
    found, unknown = volume_paths(find_project(root), [root / "notebooks"])
    report = write_resources(find_project(root), found, unknown)
    assert set(of(root, "dev", "volumes")) == {
        "bronze_landing_volume",
        "gold_reports_volume",
        "silver_extra_volume",
    }
    assert set(of(root, "prod", "volumes")) == {*of(root, "dev", "volumes"), "bronze_uploads_volume"}
    text = (root / "resources/volumes.yml").read_text()
    assert 'schema_name: "${resources.schemas.bronze_schema.name}"' in text  # made after its schema, and named like it
    assert report.volumes["dev"][0] == "shop_dev.dev_<user>_bronze.landing"
    assert any(
        "/Volumes/elsewhere/x/y is of another catalog (notebooks/a.ipynb, cell 4" in note for note in report.notes
    )
    assert any("only the run knows (notebooks/a.ipynb, cell 5" in note for note in report.notes)
    assert validate_bundle(root) == []


@pytest.mark.parametrize("text", ["/Volumes/a/b", "/Volumes", "/tmp/Volumes/a/b/c", "s3://x/Volumes/a/b/c", ""])
def test_a_path_that_leads_into_no_volume_names_none(text: str) -> None:
    assert volume_path(text, "here") is None


def test_what_a_person_changes_in_the_files_stays_and_a_check_tells_what_differs(root: Path) -> None:
    write(root)
    path = root / "resources/schemas.yml"
    mine = path.read_text().replace(
        "          name: bronze\n", "          name: bronze  # raw\n          comment: as it came\n", 1
    )
    path.write_text(mine)
    assert [file.status for file in write(root).files] == ["unchanged"]
    (root / "config/base.yaml").write_text(
        (root / "config/base.yaml").read_text().replace("gold: gold", "gold: gold, audit: audit")
    )
    (file,) = write(root, check=True).files
    assert (file.status, path.read_text()) == ("differs", mine)
    assert "+        audit_schema:" in file.diff
    write(root)
    for line in mine.splitlines():
        assert line in path.read_text().splitlines()
    assert of(root, "dev")["bronze_schema"]["comment"] == "as it came"
    assert of(root, "dev")["audit_schema"]["name"] == "audit"
    write(root, force=True)
    assert "comment" not in path.read_text()


def test_what_goes_from_the_bundle_is_told_because_a_deployment_deletes_its_tables(root: Path) -> None:
    base = root / "config/base.yaml"
    text = base.read_text()
    base.write_text(text.replace("gold: gold", "gold: gold, audit: audit"))
    write(root)
    base.write_text(text)
    assert write(root, check=True).notes == write(root).notes
    base.write_text(text.replace("gold: gold", "gold: gold, audit: audit"))
    write(root)
    base.write_text(text)
    notes = write(root).notes
    assert [note.partition(",")[0] for note in notes] == [
        "dev: schemas.audit_schema goes from the bundle",
        "prod: schemas.audit_schema goes from the bundle",
    ]
    assert "databricks bundle deployment unbind audit_schema -t prod" in notes[1]
    assert write(root).notes == []


def test_a_file_that_dex_did_not_make_is_left_alone(root: Path) -> None:
    (root / "resources").mkdir(exist_ok=True)
    (root / "resources/schemas.yml").write_text("resources: {}\n")
    with pytest.raises(BundleError) as caught:
        write(root, VolumePath(None, "bronze", "landing", "a"))
    assert caught.value.code == "DEX-BUNDLE-51"
    assert sorted(path.name for path in (root / "resources").iterdir()) == ["schemas.yml"]  # nothing half-made
    assert write(root, force=True).files[0].status == "written"


def test_volumes_that_nothing_names_any_more_go_unless_a_person_changed_the_file(root: Path) -> None:
    volume = VolumePath(None, "bronze", "landing", "a")
    write(root, volume)
    report = write(root)
    assert [file.status for file in report.files] == ["unchanged", "removed"]
    assert report.notes[0].startswith("dev: volumes.bronze_landing_volume goes from the bundle")
    assert not (root / "resources/volumes.yml").exists()
    write(root, volume)
    path = root / "resources/volumes.yml"
    path.write_text(path.read_text() + "# mine\n")
    report = write(root)
    assert path.exists()
    assert any("resources/volumes.yml holds what nothing names any more" in note for note in report.notes)


def test_without_a_bundle_or_a_target_it_says_what_makes_one(root: Path) -> None:
    (root / "config/staging.yaml").write_text(DEV)
    assert "config/staging.yaml has no target" in write(root).notes[0]
    (root / "databricks.yml").unlink()
    with pytest.raises(BundleError) as caught:
        write(root)
    assert caught.value.code == "DEX-BUNDLE-01"


def test_validate_warns_of_a_schema_that_development_would_rename(root: Path) -> None:
    (root / "config/dev.yaml").write_text(DEV.replace("dev_${user}_", '""'))
    (root / "resources").mkdir(exist_ok=True)
    (root / "resources/mine.yml").write_text(
        "resources:\n  schemas:\n    raw:\n      name: bronze\n      catalog_name: shop_dev\n"
    )
    (found,) = validate_bundle(root)
    assert (found.code, found.severity, found.file, found.line, found.column) == (
        "DEX-BUNDLE-39",
        "warning",
        "resources/mine.yml",
        4,
        7,
    )
    assert "shop_dev.dev_jo_doe_bronze" in found.message
    assert "`schema_prefix: dev_${user}_`" in found.message
    (root / "databricks.yml").write_text(
        (root / "databricks.yml").read_text() + "experimental: {skip_name_prefix_for_schema: true}\n"
    )
    assert validate_bundle(root) == []


def test_the_command_line_makes_targets_and_resources_and_checks_them(root: Path) -> None:
    dex = Path(sys.executable).with_name("dex")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([dex, "bundle", *words], cwd=root, capture_output=True, text=True, check=False)

    write_notebook(root / "notebooks/a.ipynb", "spark.read.csv('/Volumes/shop/bronze/landing/a.csv')")
    told = run("resources", "--check")
    assert told.returncode == 1, told.stderr
    assert "+        bronze_schema:" in told.stdout
    assert not (root / "resources/schemas.yml").exists()
    made = json.loads(run("resources", "--json").stdout)
    assert made["volumes"] == {"prod": ["shop.bronze.landing"]}
    assert run("resources", "--check").returncode == 0
    write_notebook(root / "more/b.ipynb", "spark.read.csv('/Volumes/shop/silver/extra/a.csv')")
    named = json.loads(run("resources", "more", "notebooks/a.ipynb", "--json").stdout)
    assert named["volumes"] == {"prod": ["shop.silver.extra", "shop.bronze.landing"]}
    assert json.loads(run("resources", "--json").stdout) == {
        **named,
        "files": [{**each, "status": "unchanged"} for each in named["files"]],
    }
    (root / "config/staging.yaml").write_text(DEV)
    assert run("targets", "--check").returncode == 1
    assert json.loads(run("targets", "--json").stdout)["added"] == ["staging"]
    assert "staging" in yaml.safe_load((root / "databricks.yml").read_text())["targets"]


# -- any edit of a person ----------------------------------------------------------------------------------------------

LAYERS = st.lists(st.sampled_from(["bronze", "silver", "gold", "audit"]), unique=True, min_size=1)


def generation(layers: list[str], catalogs: dict[str, str], grants: bool) -> str:
    """Return the file of schemas that an environment's layers make, for two targets."""
    own = {"grants": [{"principal": "analysts", "privileges": ["SELECT"]}]} if grants else {}
    schemas = {
        target: {f"{layer}_schema": {"name": layer, "catalog_name": catalog, **own} for layer in layers}
        for target, catalog in catalogs.items()
    }
    targets = {target: {"resources": {"schemas": each}} for target, each in schemas.items()}
    return "# Made by dex.\n" + to_yaml({"targets": targets})


GENERATIONS = st.builds(
    generation,
    LAYERS,
    st.dictionaries(st.sampled_from(["dev", "prod"]), st.sampled_from(["main", "other"]), min_size=1),
    st.booleans(),
)


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """Return a file as a person left it: comments, further keys, anchors, blank lines, quotes."""
    lines = text.splitlines()
    for number in range(draw(st.integers(0, 5))):
        at = draw(st.integers(1, len(lines) - 1))
        indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
        name = re.fullmatch(r"( +)name: (\w+)", lines[at])
        if name and draw(st.booleans()):
            lines[at] = f'{name[1]}name: "{name[2]}"  # so called {number}'
            lines.insert(at + 1, f"{name[1]}mine_{number}: {{a: 'b'}}")
        elif draw(st.booleans()):
            lines.insert(at, f"{indent}# note {number}: x")
        else:
            lines.insert(1, f"mine_{number}: &a{number} [one, two]")
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n# the end\n"]))


def paths(value: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if not isinstance(value, dict):
        return {above}
    return {above}.union(*(paths(each, (*above, key)) for key, each in value.items()))


def without_mine(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_mine(each) for key, each in value.items() if not str(key).startswith("mine_")}
    return value


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_edit_of_the_file_stays_and_what_dex_owns_follows_the_configuration(data: st.DataObject) -> None:
    before, after = data.draw(GENERATIONS), data.draw(GENERATIONS)
    there = data.draw(edited(before))
    assert regenerate(there, before, before).text == there
    made = regenerate(there, before, after)
    assert made.kept == []
    assert without_mine(yaml.safe_load(made.text)) == yaml.safe_load(after)
    if paths(yaml.safe_load(before)) <= paths(
        yaml.safe_load(after)
    ):  # else a person's line goes with what is around it
        mine = [line for line in there.splitlines() if line.startswith("mine_") or line.lstrip().startswith("#")]
        assert [line for line in made.text.splitlines() if line in mine] == mine
    assert regenerate(made.text, after, after).text == made.text
