"""The files of a pipeline that layered notebooks become: made, kept beside a person's changes, taken away."""

from __future__ import annotations

import json
import sys

import pytest
import yaml
from dex.bundle import validate_bundle
from dex.cli import main
from dex.export.declarative import emit_pipeline
from dex_dbutils import ExportError
from dex_dbutils.config import Project, load_environment
from layered_notebooks import READ, WRITE, emitted, notebook
from notebook_factory import contents


def test_each_target_has_the_catalog_and_schema_of_its_environment(shop: Project) -> None:
    (shop.root / "config/dev.yaml").write_text(
        "kind: development\nengine: {type: databricks, serverless: true}\ncatalog: shop_dev\nschema_prefix: dev_${user}_\n"
    )
    (shop.root / "config/prod.yaml").write_text(
        "kind: production\nengine: {type: databricks, serverless: true}\ncatalog: shop\n"
    )
    emitted(shop, READ, WRITE)
    made = yaml.safe_load((shop.root / "resources/etl.pipeline.yml").read_text())
    settings = made["resources"]["pipelines"]["etl"]
    assert (settings["catalog"], settings["schema"]) == ("shop_dev", "dev_${workspace.current_user.short_name}_silver")
    assert made["targets"] == {"prod": {"resources": {"pipelines": {"etl": {"catalog": "shop", "schema": "silver"}}}}}
    assert validate_bundle(shop.root) == []


def test_what_a_person_changes_in_the_resource_stays(shop: Project) -> None:
    emitted(shop, READ, WRITE)
    path = shop.root / "resources/etl.pipeline.yml"
    edited = path.read_text().replace("serverless: true", "serverless: true # ours\n      channel: PREVIEW")
    path.write_text(edited.replace("schema: silver", "schema: other"))
    report = emitted(shop, 'dbutils.widgets.text("day", "1")', READ, f'{WRITE}\nday = dbutils.widgets.get("day")')
    text = path.read_text()
    assert "serverless: true # ours\n      channel: PREVIEW" in text
    assert "schema: other" in text
    assert 'day: "1"' in text
    assert report.status == "written"


def test_a_source_that_was_changed_by_hand_is_not_overwritten(shop: Project) -> None:
    emitted(shop, READ, WRITE)
    path = shop.root / "src/shop_etl_pipelines/etl/one.py"
    path.write_text(path.read_text() + "# mine\n")
    before = contents(shop.root)
    with pytest.raises(ExportError) as caught:
        emitted(shop, READ, WRITE)
    assert caught.value.code == "DEX-EXPORT-03"
    assert contents(shop.root) == before
    emitted(shop, READ, WRITE, force=True)
    assert "# mine" not in path.read_text()


def test_the_source_of_a_notebook_that_is_gone_goes_too(shop: Project) -> None:
    paths = [
        notebook(shop, "one.py", f"{READ}\n{WRITE}"),
        notebook(shop, "two.py", f"{READ}\n{WRITE.replace('silver', 'gold')}"),
    ]
    emit_pipeline(shop, "etl", paths)
    assert emit_pipeline(shop, "etl", paths[:1], check=True).diff.endswith("two.py is no longer a part of the pipeline")
    emit_pipeline(shop, "etl", paths[:1])
    assert [path.name for path in (shop.root / "src/shop_etl_pipelines/etl").iterdir()] == ["one.py"]


@pytest.mark.parametrize(
    ("key", "cells", "code"),
    [
        ("a-b", [READ, WRITE], "DEX-EXPORT-42"),
        ("daily", [READ, WRITE], "DEX-EXPORT-42"),
        ("etl", [READ], "DEX-EXPORT-41"),
    ],
)
def test_a_pipeline_that_cannot_be_made_says_why(shop: Project, key: str, cells: list[str], code: str) -> None:
    (shop.root / "resources").mkdir()
    (shop.root / "resources/daily.job.yml").write_text("resources: {jobs: {daily: {name: daily}}}\n")
    with pytest.raises(ExportError) as caught:
        emit_pipeline(shop, key, [notebook(shop, "one.py", *cells)])
    assert caught.value.code == code
    assert not (shop.root / "src").exists()


def test_the_command_emits_checks_and_remembers(
    shop: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.root)
    assert main(["bundle", "emit", "etl", "--pipeline"]) == 2  # of nothing
    path = notebook(shop, "one.py", f"{READ}\n{WRITE}")
    capsys.readouterr()
    assert main(["bundle", "emit", "etl", "notebooks", "--pipeline", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tables"][0]["name"] == "silver.orders"
    assert main(["bundle", "emit", "etl", "--check"]) == 0
    path.write_text(path.read_text().replace("silver.orders", "silver.other"))
    assert main(["bundle", "emit", "--check"]) == 1
    assert "silver.other" in capsys.readouterr().out
    assert main(["bundle", "emit", "etl"]) == 0
    assert main(["bundle", "emit", "--check"]) == 0


def test_a_pipelines_source_finds_the_project_around_its_package(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    emitted(shop, READ, WRITE)
    monkeypatch.delenv("DEX_PROJECT", raising=False)
    monkeypatch.chdir(shop.root.parent)
    monkeypatch.syspath_prepend(str(shop.root / "src"))
    assert load_environment("local", package="shop_etl").project.root == shop.root
    monkeypatch.delitem(sys.modules, "shop_etl", raising=False)
