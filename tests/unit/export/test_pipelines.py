"""A notebook of nothing but SQL that defines a pipeline becomes the pipeline's source; other SQL becomes a job."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from dex.export import cell_states, export_notebook, sync_notebook
from dex_dbutils import ExportError
from dex_dbutils.config import Project

CELLS = [
    "-- MAGIC %md\n-- MAGIC # Orders",
    (
        "CREATE WIDGET TEXT source DEFAULT '/raw';\n-- as they come\ncreate or refresh streaming table raw\n"
        "as select * from stream read_files('${source}')"
    ),
    "-- MAGIC %md\n-- MAGIC ## Clean",
    (
        "create or refresh materialized view orders (constraint paid expect (amount > 0) on violation drop row)\n"
        "as select * from live.raw where note <> ';'; -- done"
    ),
    "apply changes into live.latest from stream(live.raw) keys (id) sequence by at",
]


def sql_notebook(shop: Project, *cells: str) -> Path:
    path = shop.root / "notebooks/orders.sql"
    path.write_text("-- Databricks notebook source\n" + "\n\n-- COMMAND ----------\n\n".join(cells) + "\n")
    return path


def test_sql_of_a_pipeline_is_the_pipelines_source_as_it_was_written(shop: Project) -> None:
    path = sql_notebook(shop, *CELLS)
    report = export_notebook(path, shop)
    written = {file.path for file in report.files}
    assert {"src/shop_etl/orders.sql", "resources/orders.pipeline.yml"} <= written
    assert not written & {"src/shop_etl/orders.py", "resources/orders.job.yml", "tests/test_orders.py"}
    source = (shop.root / "src/shop_etl/orders.sql").read_text()
    assert source.split("\n\n")[1:] == [
        "-- as they come\ncreate or refresh streaming table raw\nas select * from stream read_files('${source}');",
        f"-- Clean\n{CELLS[3]}",
        f"{CELLS[4]};\n",
    ]
    resource = yaml.safe_load((shop.root / "resources/orders.pipeline.yml").read_text())
    pipeline = resource["resources"]["pipelines"]["orders"]
    assert pipeline["libraries"] == [{"file": {"path": "../src/shop_etl/orders.sql"}}]
    assert pipeline["configuration"] == {"source": "/raw"}
    assert not export_notebook(path, shop, check=True).drift
    assert cell_states(path, shop).cells == ()


def test_an_edit_of_a_pipelines_sql_is_not_synced_but_told(shop: Project) -> None:
    path = sql_notebook(shop, *CELLS)
    export_notebook(path, shop)
    source = shop.root / "src/shop_etl/orders.sql"
    source.write_text(source.read_text().replace("amount > 0", "amount > 1"))
    with pytest.raises(ExportError) as caught:
        sync_notebook(path, shop)
    assert caught.value.code == "DEX-SYNC-08"
    with pytest.raises(ExportError) as caught:
        export_notebook(path, shop)
    assert caught.value.code == "DEX-EXPORT-03"


@pytest.mark.parametrize(
    "statement",
    ["create or replace table t as select 1 as a", "create or replace materialized view v as select 1", "select 1"],
)
def test_sql_that_a_job_runs_stays_a_job(shop: Project, statement: str) -> None:
    export_notebook(sql_notebook(shop, CELLS[4], statement), shop)
    assert "spark.sql(" in (shop.root / "src/shop_etl/orders.py").read_text()
    assert (shop.root / "resources/orders.job.yml").exists()
