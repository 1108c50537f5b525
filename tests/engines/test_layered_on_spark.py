"""The pipeline of layered notebooks, run by Spark's own declarative pipelines beside the notebooks on the same server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest
import yaml
from dex.export import Exporter
from dex.export.declarative import emit_pipeline
from dex_dbutils import get_session, load_environment
from dex_dbutils.config import find_project
from dex_dbutils.session import close_session
from layered_sets import SETS, write_set
from notebook_factory import project_folder
from oss_spark import spark_connect_server, spark_environment

LAYERED = SETS["a stream, and what is made of it"]
EXACT = 'kind: local\nengine: {{type: connect, url: "{url}"}}\ncatalog: spark_catalog\n'


def test_sparks_own_pipeline_makes_the_tables_that_the_notebooks_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_folder(tmp_path / "shop")
    (tmp_path / "raw/in").mkdir(parents=True)
    for number, region in ((0, "eu"), (2, "us"), (3, "us")):
        (tmp_path / f"raw/in/{number}.json").write_text(json.dumps({"id": number, "region": region}))
    paths = write_set(project, LAYERED)
    emit_pipeline(find_project(project), "etl", paths)
    with spark_connect_server(tmp_path / "server") as url:
        (project / "config/exact.yaml").write_text(EXACT.format(url=url))
        monkeypatch.setenv("DEX_PROJECT", str(project))
        monkeypatch.syspath_prepend(str(project / "src"))
        session = get_session("exact")
        try:
            wanted = rows_of_notebooks(project, paths, str(tmp_path / "raw"))
            for table in LAYERED.tables:
                session.spark.sql(f"drop table {table}")
            run_spark_pipelines(project, url, str(tmp_path / "raw"))
            made = {table: rows(table) for table in LAYERED.tables}
        finally:
            close_session(load_environment("exact", start=project))
    assert made == wanted
    assert sum(made["bronze.orders"].values()) == 3


def rows(table: str) -> Counter[str]:
    frame = get_session("exact").spark.table(table)
    return Counter(json.dumps(row.asDict(), sort_keys=True) for row in frame.collect())


def rows_of_notebooks(project: Path, paths: list[Path], source: str) -> dict[str, Counter[str]]:
    """Run the notebooks' modules one after the other, and return the rows of their tables."""
    spark = get_session("exact").spark
    for layer in ("bronze", "silver", "gold"):
        spark.sql(f"create schema if not exists {layer}")
    exporter = Exporter(find_project(project))
    for path in paths:
        name = str(exporter.export(path).module)
        invalidate_caches()
        module = import_module(name)
        given = {"source": source} if path.stem == "bronze" else {}
        module.main(spark, module.Params(env="exact", **given))
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop_etl"]:
        del sys.modules[name]
    return {table: rows(table) for table in LAYERED.tables}


def run_spark_pipelines(project: Path, url: str, source: str) -> None:
    """Run an update of the emitted sources with `spark-pipelines`."""
    python = spark_environment()
    (home,) = python.parents[1].glob("lib/python*/site-packages/pyspark")
    for path in (project / "src/shop_etl_pipelines/etl").glob("*.sql"):  # `OR REFRESH` is the platform's word alone
        path.write_text(path.read_text().replace("CREATE OR REFRESH", "CREATE"))
    spec = {
        "name": "etl",
        "storage": (project / "storage").as_uri(),
        "catalog": "spark_catalog",
        "database": "default",
        "configuration": {"source": source},
        "libraries": [{"glob": {"include": "src/shop_etl_pipelines/etl/**"}}],
    }
    (project / "spark-pipeline.yml").write_text(yaml.safe_dump(spec))
    words = [str(python.parent / "spark-pipelines"), "--remote", url, "run", "--spec", "spark-pipeline.yml"]
    environment = {**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": str(python)}
    environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
