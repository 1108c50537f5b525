"""Names of tables, and what a warehouse on disk holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex_dbutils import ConfigError, get_table_name, load_environment
from dex_dbutils.catalog import TableRef, list_tables
from dex_dbutils.catalog.disk import stored_tables, unfinished_tables
from dex_dbutils.catalog.views import view_name
from engine_fixture import make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = make_project(tmp_path / "trial", odd="kind: local\ncatalog: my-cat\nschema_prefix: me_\n")
    monkeypatch.setenv("DEX_PROJECT", str(made))
    return made


def test_a_name_needs_no_session(project: Path) -> None:
    assert get_table_name("lab", "gold", "delays") == "lab.gold.delays"
    assert get_table_name(None, "bronze", "t") == "local.bronze.t"
    assert get_table_name(load_environment("odd"), "silver", "big-table") == "`my-cat`.me_silver.`big-table`"
    with pytest.raises(ConfigError, match="DEX-CONFIG-06"):
        get_table_name("local", "platinum", "t")


def make(folder: Path, *files: str) -> None:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def test_tables_are_found_by_what_is_in_their_folders(project: Path) -> None:
    environment = load_environment("odd")
    silver = project / ".dex/warehouse/odd/my-cat/me_silver"
    make(silver / "delta_one", "_delta_log/00000000000000000000.json", "part-0.parquet")
    make(silver / "columnar", "year=2013/part-0.snappy.parquet", "_SUCCESS")
    make(silver / "words", "part-0.csv")
    make(silver / "in_the_making", "_delta_log/.tmp")
    make(silver / ".hidden", "part-0.parquet")
    make(silver / "_also_hidden", "part-0.parquet")
    make(silver.parent / "not_a_layer" / "t", "part-0.parquet")
    found = [(t.name, t.format) for t in stored_tables(environment, "me_silver")]
    assert found == [("columnar", "parquet"), ("delta_one", "delta"), ("words", "csv")]
    assert unfinished_tables(environment, "me_silver")
    assert list_tables(environment) == [
        TableRef("silver", name, "my-cat", "me_silver") for name in ("columnar", "delta_one", "words")
    ]


def test_a_project_without_a_warehouse_has_no_tables(project: Path) -> None:
    assert list_tables(load_environment("local")) == []
    assert not (project / ".dex").exists()


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("CREATE VIEW v AS SELECT 1", ["v"]),
        ("create or replace view a.b.c as select 1", ["a", "b", "c"]),
        ("/* why */ -- and\n Create View If Not Exists `my cat` . `odd``name` as select 1", ["my cat", "odd`name"]),
        ("create temporary view v as select 1", None),
        ("create or replace temp view v as select 1", None),
        ("create global temporary view v as select 1", None),
        ("select 'create view v as select 1'", None),
        ("create table view_of as select 1", None),
        ("", None),
    ],
)
def test_only_a_statement_that_makes_a_lasting_view_names_one(statement: str, name: list[str] | None) -> None:
    assert view_name(statement) == name
