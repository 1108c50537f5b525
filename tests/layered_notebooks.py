"""One layered notebook, and the pipeline that becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.export.declarative import PipelineRefused, PipelineReport, emit_pipeline
from dex_dbutils.config import Project
from layered_sets import CELL

READ = 'orders = spark.table("bronze.orders")'
WRITE = 'orders.write.mode("overwrite").saveAsTable("silver.orders")'


def notebook(shop: Project, name: str, *cells: str) -> Path:
    path = shop.root / "notebooks" / name
    path.write_text(f"# Databricks notebook source\n{CELL.join(cells)}\n", "utf-8")
    return path


def emitted(shop: Project, *cells: str, **options: bool) -> PipelineReport:
    return emit_pipeline(shop, "etl", [notebook(shop, "one.py", *cells)], **options)


def source(shop: Project, name: str = "one.py") -> str:
    return (shop.root / "src/shop_etl_pipelines/etl" / name).read_text("utf-8")


def refused(shop: Project, *cells: str) -> PipelineRefused:
    with pytest.raises(PipelineRefused) as caught:
        emitted(shop, *cells)
    return caught.value
