"""Tables that stay the same in every environment are told, with their place."""

from __future__ import annotations

from pathlib import Path

from dex.export import export_notebook
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
