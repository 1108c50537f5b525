"""Tables that stay the same in every environment are told, with their place."""

from __future__ import annotations

from pathlib import Path

from dex.export import export_notebook
from dex.jobs import emit_job
from dex_dbutils.config import find_project
from notebook_factory import project_folder, write_notebook


def test_tables_named_with_their_catalog_are_noted_once_with_cell_and_line(tmp_path: Path) -> None:
    project = find_project(project_folder(tmp_path / "shop"))
    path = write_notebook(
        project.root / "notebooks/n.ipynb",
        "a = 1\ndf = spark.table('main.silver.orders')\ndf.write.saveAsTable('silver.orders')",
        "%%sql\nCREATE OR REPLACE TABLE prod.gold.sums AS SELECT 'a.b.c' AS c FROM main.silver.orders",
    )
    notes = [n for n in export_notebook(path, project).notes if "every environment" in n.text]
    assert [(n.text.split("`")[1], n.cell, n.line) for n in notes] == [
        ("main.silver.orders", 1, 2),
        ("prod.gold.sums", 2, 1),
    ]


def test_a_name_of_an_environment_that_is_written_down_is_noted(tmp_path: Path) -> None:
    project = find_project(project_folder(tmp_path / "shop"))
    path = write_notebook(
        project.root / "notebooks/n.ipynb",
        "from dex_dbutils import get_table_name\nenv = 'local'",
        "spark.table(get_table_name(None, 'silver', 'a')).show()\nspark.table(get_table_name(env, 'silver', 'b')).show()",
    )
    (note,) = [n for n in export_notebook(path, project).notes if "every environment" in n.text]
    assert (note.cell, note.line) == (2, 1)
    assert "session.table" in note.text


def test_a_schema_that_is_named_past_an_environment_with_a_prefix_is_noted(tmp_path: Path) -> None:
    root = project_folder(tmp_path / "shop")
    (root / "config/dev.yaml").write_text("kind: development\nschema_prefix: dev_${user}_\n")
    (root / "config/prod.yaml").write_text("kind: production\ncatalog: shop_prod\n")
    project = find_project(root)
    write_notebook(
        root / "notebooks/n.ipynb",
        "spark.table('bronze.orders').write.saveAsTable('silver.orders')",
        "%%sql\nCREATE OR REPLACE TABLE gold.sums AS SELECT * FROM silver.orders JOIN other.things",
        "session.read('bronze', 'orders').write.saveAsTable(session.table('silver', 'more'))",
    )
    report = emit_job(project, "daily", [root / "notebooks"])
    notes = report.notes["notebooks/n.ipynb"]
    assert sorted((note.split(":")[0], note.split("`")[1]) for note in notes) == [
        ("cell 1, line 1", "bronze.orders"),
        ("cell 1, line 1", "silver.orders"),
        ("cell 2, line 1", "gold.sums"),
    ]
    assert any(n.endswith('dev has another schema; `session.table("bronze", "orders")` gives its own') for n in notes)
    assert f"notebooks/n.ipynb, {notes[0]}" in report.to_text()
    (root / "config/dev.yaml").write_text("kind: development\n")
    assert emit_job(project, "daily").notes == {}
