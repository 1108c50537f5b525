"""`dex bundle targets`: a bundle has a target for each environment in a workspace, and what a person wrote stays."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dex.bundle import load_bundle, regenerate, to_yaml, validate_bundle
from dex.bundle.resources import write_resources
from dex.bundle.targets import TargetsReport, missing_targets, write_targets
from dex.export import export_notebook
from dex_dbutils import BundleError, ConfigError
from dex_dbutils.config import find_project, load_environment
from hypothesis import given, settings
from hypothesis import strategies as st
from notebook_factory import contents, project_folder, write_notebook
from support import ROOT

ENVIRONMENTS = {
    "dev": "kind: development\nengine: {type: databricks, serverless: true}\n",
    "prod": "kind: production\nengine: {type: databricks, serverless: true}\n",
    "staging": (
        "kind: production\nengine: {type: databricks, profile: STAGING, serverless: true}\n"
        "bundle:\n  run_as: {service_principal_name: 11111111-2222-3333-4444-555555555555}\n"
        "  root_path: /Workspace/data-eng/shop\n"
        "  permissions: [{group_name: data-eng, level: CAN_MANAGE}]\n"
    ),
    "trial": "kind: local\n",
}


def project(folder: Path, *names: str) -> Path:
    root = project_folder(folder)
    for name in names:
        (root / f"config/{name}.yaml").write_text(ENVIRONMENTS[name])
    (root / "pyproject.toml").write_text('[project]\nname = "shop_etl"\nversion = "0.1.0"\n')
    return root


def write(root: Path, **options: bool) -> TargetsReport:
    return write_targets(find_project(root), **options)


def targets(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((root / "databricks.yml").read_text())["targets"]
    return found


def test_every_environment_in_a_workspace_has_a_target_that_says_what_the_configuration_says(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", *ENVIRONMENTS)
    assert write(root).added == ["dev", "prod", "staging"]
    own = "/Workspace/Users/${workspace.current_user.userName}/.bundle/${bundle.name}/${bundle.target}"
    assert targets(root) == {
        "dev": {"mode": "development", "default": True},
        "prod": {"mode": "production", "workspace": {"root_path": own}},
        "staging": {
            "mode": "production",
            "workspace": {"root_path": "/Workspace/data-eng/shop"},
            "run_as": {"service_principal_name": "11111111-2222-3333-4444-555555555555"},
            "permissions": [{"level": "CAN_MANAGE", "group_name": "data-eng"}],
        },
    }
    assert [found.code for found in validate_bundle(root)] == ["DEX-BUNDLE-04"]  # nothing in resources/ yet
    assert write(root).status == "unchanged"


def test_the_page_of_the_docs_shows_what_is_made(tmp_path: Path) -> None:
    page = (ROOT / "docs/bundle-targets.md").read_text("utf-8")
    shown = re.findall(r"^```yml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    root = project(tmp_path / "shop", "dev", "prod")
    write(root)
    assert (root / "databricks.yml").read_text().partition("\n")[2] == shown[0]
    (root / "config/dev.yaml").write_text(ENVIRONMENTS["dev"] + "catalog: shop_dev\nschema_prefix: dev_${user}_\n")
    (root / "config/prod.yaml").write_text("engine: {type: databricks, serverless: true}\n" + shown[1])
    write(root)
    write_resources(find_project(root))
    made = yaml.safe_load((root / "resources/schemas.yml").read_text())["targets"]
    for target, parts in yaml.safe_load(shown[2])["targets"].items():
        key, schema = next(iter(parts["resources"]["schemas"].items()))
        assert made[target]["resources"]["schemas"][key] == schema
    assert made["prod"]["resources"]["schemas"]["gold_schema"]["grants"][0]["principal"] == "analysts"
    assert targets(root)["prod"]["workspace"] == {"root_path": "/Workspace/data-eng/shop"}


def test_a_new_environment_is_told_by_an_export_and_added_beside_what_a_person_wrote(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "dev")
    notebook = write_notebook(root / "notebooks/n.ipynb", "def f(x):\n    return x", "y = f(1)")
    (root / "pyproject.toml").unlink()
    assert export_notebook(notebook, find_project(root)).notes == []
    path = root / "databricks.yml"
    path.write_text(
        path.read_text().replace("    default: true\n", "    default: true  # mine\n    presets: {tags: {team: de}}\n")
    )
    before = path.read_text()
    (root / "config/prod.yaml").write_text(ENVIRONMENTS["prod"])
    (root / "config/alpha.yaml").write_text(ENVIRONMENTS["dev"])  # before `dev` in order: the default one stays
    assert missing_targets(find_project(root)) == ["alpha", "prod"]
    report = export_notebook(notebook, find_project(root))
    assert [note.text for note in report.notes] == [
        "databricks.yml has no target for config/alpha.yaml: `dex bundle targets` adds it",
        "databricks.yml has no target for config/prod.yaml: `dex bundle targets` adds it",
    ]
    assert path.read_text() == before
    assert write(root, check=True).status == "differs"
    assert path.read_text() == before
    assert write(root).added == ["alpha", "prod"]
    assert path.read_text().startswith(before)
    assert targets(root)["alpha"] == {"mode": "development"}
    assert missing_targets(find_project(root)) == []


def test_what_dex_made_follows_the_configuration_and_what_a_person_changed_does_not(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "dev", "prod")
    write(root)
    path = root / "databricks.yml"
    path.write_text(path.read_text().replace("uv build --wheel", "hatch build -t wheel"))
    (root / "config/prod.yaml").write_text(ENVIRONMENTS["staging"])
    (root / "config/base.yaml").write_text(
        (root / "config/base.yaml").read_text().replace("name: shop,", "name: store,")
    )
    write(root)
    assert targets(root)["prod"]["run_as"]["service_principal_name"].startswith("1111")
    assert "hatch build -t wheel" in path.read_text()
    assert "name: store" in path.read_text()
    write(root, force=True)
    assert "uv build --wheel" in path.read_text()


def test_a_target_that_a_person_took_away_stays_away(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "dev", "prod")
    write(root)
    path = root / "databricks.yml"
    path.write_text(path.read_text()[: path.read_text().index("  prod:")])
    before = path.read_text()
    write(root)
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("bundle", "is_told"),
    [
        ("permissions: [{group_name: eng, level: CAN_MANAGE}]", True),
        ("permissions: [{group_name: eng, level: CAN_MANAGE}], root_path: /Workspace/eng/shop", False),
        ("permissions: [{group_name: eng, level: CAN_MANAGE}], root_path: /Workspace/Users/a@x.org/shop", True),
        ("permissions: [{user_name: a@x.org, level: CAN_MANAGE}]", False),
        ("permissions: [{user_name: a@x.org, level: CAN_VIEW}]", True),
        ("permissions: []", False),
    ],
)
def test_permissions_that_leave_out_whose_folder_it_is_are_told(tmp_path: Path, bundle: str, is_told: bool) -> None:
    root = project(tmp_path / "shop", "prod")
    (root / "config/prod.yaml").write_text(ENVIRONMENTS["prod"] + f"bundle: {{{bundle}}}\n")
    assert [note.startswith("prod: it goes to the folder of whoever deploys") for note in write(root).notes] == [
        True
    ] * is_told


def test_a_target_whose_environment_is_no_more_goes_and_is_told(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "dev", "prod")
    write(root)
    (root / "config/prod.yaml").unlink()
    assert write(root, check=True).notes[0].startswith("prod: its environment is no more, so its target goes")
    assert set(targets(root)) == {"dev", "prod"}
    write(root)
    assert set(targets(root)) == {"dev"}
    assert write(root).notes == []


def test_a_root_file_of_another_name_is_the_bundle_and_no_second_one_is_made(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "dev", "prod")
    (root / "databricks.yaml").write_text("bundle: {name: mine}\ntargets: {dev: {default: true}}\n")
    export_notebook(write_notebook(root / "notebooks/n.ipynb", "x = 1"), find_project(root))
    assert write(root).path == "databricks.yaml"
    assert not (root / "databricks.yml").exists()
    assert set(yaml.safe_load((root / "databricks.yaml").read_text())["targets"]) == {"dev", "prod"}


def test_an_environment_that_cannot_be_used_takes_nothing_away(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "dev", "prod")
    write(root)
    write_resources(find_project(root))
    (root / "config/prod.yaml").write_text("kind: prodution\n")
    before = contents(root)
    for change in (lambda: write(root), lambda: write_resources(find_project(root))):
        with pytest.raises(ConfigError, match="kind"):
            change()
    assert contents(root) == before
    (root / "databricks.yml").unlink()
    export_notebook(
        write_notebook(root / "notebooks/n.ipynb", "x = 1"), find_project(root)
    )  # a first one is made of the rest
    assert set(targets(root)) == {"dev"}


@pytest.mark.parametrize("text", ["bundle: {name: x}\ntargets: [dev]\n", "bundle: {name: x}\ntargets: 5\n", "a: [\n"])
def test_a_file_that_can_take_no_target_is_refused_and_stays(tmp_path: Path, text: str) -> None:
    root = project(tmp_path / "shop", "dev", "prod")
    (root / "databricks.yml").write_text(text)
    with pytest.raises(BundleError) as caught:
        write(root)
    assert caught.value.code == "DEX-BUNDLE-50"
    assert (root / "databricks.yml").read_text() == text


@pytest.mark.parametrize(
    "value",
    [
        "{run_as: {}}",
        "{run_as: {user_name: a, group_name: b}}",
        "{permissions: [{level: CAN_MANAGE}]}",
        "{permissions: [{level: CAN_DO, user_name: a}]}",
        "{root_path: here}",
        "{grants: {platinum: [{principal: a, privileges: [SELECT]}]}}",
        "{grants: {gold: [{principal: a, privileges: []}]}}",
        "{grants: {gold: [{principal: a, privileges: [select]}]}}",
    ],
)
def test_what_a_target_cannot_have_is_refused_in_the_configuration(tmp_path: Path, value: str) -> None:
    root = project(tmp_path / "shop", "dev")
    (root / "config/dev.yaml").write_text(ENVIRONMENTS["dev"] + f"bundle: {value}\n")
    with pytest.raises(ConfigError) as caught:
        load_environment("dev", start=root)
    assert caught.value.where is not None
    assert caught.value.where.line == 3


# -- any file of a person ----------------------------------------------------------------------------------------------

SECTIONS = {
    "bundle": ["bundle:\n  name: shop # ours\n", "bundle: {name: shop}\n", '"bundle":\n    name: "shop"\n'],
    "include": ["include:\n- resources/*.yml\n", "include: [ 'resources/*.yml' ]  # all\n"],
    "variables": ["variables:\n  a: &a {default: 1}\n  b: *a\n", "variables: {}\n"],
    "anchor": ["x-base: &base\n  mode: development\n  # of all\n", "x-base: &base {mode: development}\n"],
    "artifacts": ["artifacts:\n\n  w:\n    type: whl\n    build: |\n      echo a\n      uv build --wheel\n", ""],
}
TARGETS = [
    "targets:\n  dev:\n    mode: development\n    default: true\n",
    "targets:\n    dev:\n        <<: *base\n        default: true   # here\n\n",
    "targets:\n  dev: *base\n  # the last word\n",
    "targets:\n  dev: {<<: *base, default: true}\n",
    "targets: {dev: {mode: development, default: true}}\n",
    "targets: {\n  dev: {mode: development},\n}\n",
    "targets: {}\n",
    "targets:\n  'dev':\n    variables: {a: \"x: y\"}\n    resources:\n      jobs: {j: {max_retries: 1}}\n  qa: {}\n",
    "",
]


@st.composite
def files(draw: st.DrawFn) -> str:
    """A root file as a person may have written it: any order, style, comments, anchors, ends of lines."""
    parts = [draw(st.sampled_from(SECTIONS[name])) for name in draw(st.permutations(list(SECTIONS)))]
    mine = draw(st.sampled_from(TARGETS))
    after = next(i for i, part in enumerate(parts) if "x-base" in part)  # an alias stands behind its anchor
    parts.insert(draw(st.integers(after + 1, len(parts))), mine)
    between = st.sampled_from(["", "", "\n", "# note\n", "\n# a\n# b: {c}\n\n", "---\n"[:0]])
    text = draw(between) + "".join(part + draw(between) for part in parts)
    text = draw(st.sampled_from(["", "---\n", "# ours\n"])) + text
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text.rstrip("\r\n") if draw(st.booleans()) else text


def is_insertion(old: str, new: str) -> bool:
    """Return whether one text is the other with something put in at one place."""
    start = len(os.path.commonprefix([old, new]))
    return any(new.endswith(old[at:]) for at in range(start, max(start - 200, -1), -1))


def check_addition(text: str, new: str, names: set[str]) -> None:
    """Check that targets were added to a text at one place, and nothing else has happened to it."""
    before, after = yaml.safe_load(text), yaml.safe_load(new)
    had, have = before.pop("targets", None) or {}, after.pop("targets")
    assert in_whole_lines(after) == in_whole_lines(before)
    assert {name: have[name] for name in had} == had
    assert set(have) == {*had, *names}
    ended = text + ("\r\n" if "\r\n" in text else "\n")
    assert is_insertion(text, new) or is_insertion(ended, new), new
    assert ("\r\n" in text) <= ("\n" not in new.replace("\r\n", ""))


def in_whole_lines(value: Any) -> Any:
    """Return values with the last newline that a block of text at a file's end may get."""
    if isinstance(value, dict):
        return {key: in_whole_lines(each) for key, each in value.items()}
    return value.rstrip("\n") if isinstance(value, str) else value


@settings(max_examples=200, deadline=None)
@given(files(), st.sets(st.sampled_from(["prod", "staging", "new"]), min_size=1))
def test_whatever_a_person_wrote_stays_byte_for_byte_where_targets_are_added(text: str, names: set[str]) -> None:
    wanted = {
        name: {"mode": "production", "permissions": [{"level": "CAN_VIEW", "group_name": "a b"}]} for name in names
    }
    made = regenerate(text, None, to_yaml({"targets": wanted}), "databricks.yml")
    assert made.kept == []
    check_addition(text, made.text, names)
    assert regenerate(made.text, None, to_yaml({"targets": wanted}), "databricks.yml").text == made.text


@pytest.mark.parametrize("mine", TARGETS)
def test_a_bundle_that_a_person_wrote_gets_its_missing_targets_and_no_other_change(tmp_path: Path, mine: str) -> None:
    root = project(tmp_path / "shop", "dev", "prod", "staging")
    text = "# ours\nx-base: &base {mode: development}\nbundle: {name: mine}\n" + mine + "# the end\n"
    (root / "databricks.yml").write_text(text)
    report = write(root)
    had = set(yaml.safe_load(text).get("targets") or ())
    assert set(report.added) == {"dev", "prod", "staging"} - had
    check_addition(text, (root / "databricks.yml").read_text(), set(report.added))
    assert targets(root)["staging"]["run_as"] == {"service_principal_name": "11111111-2222-3333-4444-555555555555"}
    assert write(root).status == "unchanged"
    assert load_bundle(root, "prod").mode == "production"
