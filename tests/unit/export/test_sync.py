"""What is edited in an exported module comes back to its notebook; nothing of either side is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dex.export import export_notebook, sync_notebook
from dex_dbutils import ExportError
from dex_dbutils.config import find_project
from notebook_factory import code, edit_module, exported_project, project_folder, text, write_notebook

CELLS = [
    text("# Title", id="t"),
    code("import os", id="i"),
    code('dbutils.widgets.text("day", "1")\nday = dbutils.widgets.get("day")', id="w"),
    code("def f(x):\n    return x+1", id="f", error=True),
    code("# note\nx=f(1)\ndisplay(x)\ny = f(2)", id="m"),
    code("%%sql\nselect 1", id="s"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return exported_project(tmp_path / "shop", *CELLS)


def edit_cell(project: Path, cell_id: str, source: str) -> None:
    path = project / "notebooks/n.ipynb"
    document = json.loads(path.read_text("utf-8"))
    next(c for c in document["cells"] if c["id"] == cell_id)["source"] = source.splitlines(keepends=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def source(project: Path, cell_id: str) -> str:
    document = json.loads((project / "notebooks/n.ipynb").read_text("utf-8"))
    return "".join(next(c for c in document["cells"] if c["id"] == cell_id)["source"])


def sync(project: Path, *, check: bool = False):  # type: ignore[no-untyped-def]
    return sync_notebook(project / "notebooks/n.ipynb", find_project(project), check=check)


def is_clean(project: Path) -> bool:
    return not export_notebook(project / "notebooks/n.ipynb", find_project(project), check=True).drift


@pytest.mark.parametrize(
    ("old", "new", "cell", "expected"),
    [
        ("return x + 1", "return x + 2", "f", "def f(x):\n    return x+2"),
        ("return x + 1", "z = 1\n    return x + z", "f", "def f(x):\n    z = 1\n    return x+z"),
        ("    y = f(2)\n", "    y = f(3)\n    z = y\n", "m", "# note\nx=f(1)\ndisplay(x)\ny = f(3)\nz = y"),
        ("# note", "# another", "m", "# another\nx=f(1)\ndisplay(x)\ny = f(2)"),
        ('spark.sql("select 1")', 'spark.sql("select 2")', "s", "%%sql\nselect 2"),
    ],
)
def test_an_edit_of_the_module_alone_changes_its_cell_and_no_other_byte(
    old: str, new: str, cell: str, expected: str, project: Path
) -> None:
    before = json.loads((project / "notebooks/n.ipynb").read_text())
    edit_module(project, old, new)
    assert sync(project, check=True).taken
    assert json.loads((project / "notebooks/n.ipynb").read_text()) == before
    sync(project)
    assert source(project, cell) == expected
    after = json.loads((project / "notebooks/n.ipynb").read_text())
    for a, b in zip(before["cells"], after["cells"], strict=True):
        assert {**a, "source": 0} == {**b, "source": 0}
        assert a["id"] == cell or a == b
    assert is_clean(project)
    assert sync(project).in_step


def test_an_edit_of_the_notebook_alone_is_exported(project: Path) -> None:
    edit_cell(project, "f", "def f(x):\n    return x + 7")
    assert sync(project).taken == []
    assert "return x + 7" in (project / "src/shop_etl/n.py").read_text()
    assert is_clean(project)


def test_edits_of_different_cells_on_both_sides_are_both_kept(project: Path) -> None:
    edit_cell(project, "m", "x = f(5)")
    edit_module(project, "return x + 1", "return x + 2")
    sync(project)
    assert "x+2" in source(project, "f")
    assert "x = f(5)" in (project / "src/shop_etl/n.py").read_text()
    assert is_clean(project)


def test_an_edit_of_one_block_on_both_sides_is_a_marked_conflict_and_no_export_before_it_is_resolved(
    project: Path,
) -> None:
    edit_cell(project, "f", "def f(x):\n    return x + 7")
    edit_module(project, "return x + 1", "return x + 2")
    module = (project / "src/shop_etl/n.py").read_bytes()
    assert sync(project).conflicts == [4]
    said = source(project, "f")
    assert said == "def f(x):\n<<<<<<< notebook\n    return x + 7\n=======\n    return x+2\n>>>>>>> module"
    document = json.loads((project / "notebooks/n.ipynb").read_text())
    assert document["cells"][3]["metadata"]["tags"] == ["dex-conflict"]
    assert (project / "src/shop_etl/n.py").read_bytes() == module
    for act in (sync, is_clean):
        with pytest.raises(ExportError) as caught:
            act(project)
        assert caught.value.code == "DEX-SYNC-04"
    edit_cell(project, "f", "def f(x):\n    return x + 9")
    sync(project)
    assert "return x + 9" in (project / "src/shop_etl/n.py").read_text()
    assert "dex-conflict" not in (project / "notebooks/n.ipynb").read_text()
    assert is_clean(project)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('day: str = "1"', 'day: str = "2"', "DEX-SYNC-08"),
        ("import argparse\n", "import argparse\nimport json\n", "DEX-SYNC-08"),
        ("    main(get_spark(params.env), params)\n", "    print(1)\n", "DEX-SYNC-08"),
        ("def main(spark: SparkSession, params: Params)", "def main(spark, params)", "DEX-SYNC-08"),
        ("day = params.day", "day = other.thing", "DEX-SYNC-07"),
        ("def f(x):\n", "<<<<<<< HEAD\ndef f(x):\n", "DEX-SYNC-02"),
        ("return x + 1", "return x +", "DEX-SYNC-03"),
    ],
)
def test_an_edit_without_a_place_in_the_notebook_is_refused_and_nothing_is_written(
    old: str, new: str, expected: str, project: Path
) -> None:
    edit_module(project, old, new)
    before = {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}
    with pytest.raises(ExportError) as caught:
        sync(project)
    assert caught.value.code == expected
    assert {p: p.read_bytes() for p in project.rglob("*") if p.is_file()} == before


def test_a_cell_that_is_gone_while_its_code_was_edited_stops_the_sync(project: Path) -> None:
    path = project / "notebooks/n.ipynb"
    document = json.loads(path.read_text())
    document["cells"] = [c for c in document["cells"] if c["id"] not in ("f", "m")]
    path.write_text(json.dumps(document))
    edit_module(project, "return x + 1", "return x + 2")
    with pytest.raises(ExportError) as caught:
        sync(project)
    assert caught.value.code == "DEX-SYNC-06"


def test_a_cell_with_another_id_is_found_by_its_text(project: Path) -> None:
    path = project / "notebooks/n.ipynb"
    path.write_text(path.read_text().replace('"id": "f"', '"id": "renamed"'))
    edit_module(project, "return x + 1", "return x + 2")
    sync(project)
    assert "x+2" in source(project, "renamed")
    assert is_clean(project)


@pytest.mark.parametrize(
    "waits", ["async def f():\n    return 1\n\n\nx = await f()", "def f():\n    dbutils.notebook.exit(1)\n\n\nx = f()"]
)
def test_edits_of_a_main_that_calls_another_function_come_back(waits: str, tmp_path: Path) -> None:
    folder = project_folder(tmp_path / "shop")
    path = write_notebook(folder / "notebooks/n.ipynb", "a = 1", waits, text("## End", id="e"), "b = a\nprint(b)")
    export_notebook(path, find_project(folder))
    edit_module(folder, "b = a\n    print(b)", "b = a\n    b += 1\n    print(b)\n    # the end")
    edit_module(folder, "    a = 1", "    a = 2")
    sync(folder)
    assert (source(folder, "c1"), source(folder, "c4")) == ("a = 2", "b = a\nb += 1\nprint(b)\n# the end")
    assert is_clean(folder)


def test_a_sync_leaves_who_may_do_what_with_the_files(project: Path) -> None:
    notebook, module = project / "notebooks/n.ipynb", project / "src/shop_etl/n.py"
    notebook.chmod(0o664)
    module.chmod(0o755)
    edit_module(project, "return x + 1", "return x+2")
    assert set(sync(project).files) >= {"notebooks/n.ipynb", "src/shop_etl/n.py"}
    assert [path.stat().st_mode & 0o777 for path in (notebook, module)] == [0o664, 0o755]


def test_a_conflict_in_one_cell_does_not_stand_in_the_way_of_an_edit_of_a_later_one(project: Path) -> None:
    edit_cell(project, "f", "def f(x):\n    return x + 7")
    edit_module(project, "return x + 1", "return x + 2")
    edit_module(project, "y = f(2)", "y = f(3)")
    report = sync(project)
    assert (report.conflicts, report.taken) == ([4], [5])
    assert source(project, "m").endswith("y = f(3)")
