"""What depends on the order of cells, or on a magic, is told with its cell and line; the export itself goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.export import export_notebook
from dex_dbutils.config import find_project
from notebook_factory import project_folder, write_notebook

AT_TOP = "; as its parameter, that would let it stand at the top"
BELOW = "below sets it: run from top to bottom, the notebook fails here"


@pytest.mark.parametrize(
    ("cells", "notes"),
    [
        # used before it is defined
        (["y = x\nx = 1"], [(1, 1, "`x` is used here before line 2 of the cell sets it")]),
        (["n = 1", "total += n"], [(2, 1, "`total` is used here before anything sets it")]),
        (
            ["def f():\n    return rate", "y = f()\nrate = 2"],
            [
                (1, 1, f"`f` stays inside main: it reads `rate` of cell 2{AT_TOP}"),
                (2, 1, "`f` is called here and needs `rate` before line 2 of the cell sets it"),
            ],
        ),
        # depends on a lower cell
        (["print(x)", "x = 1"], [(1, 1, f"`x` is used here, and only cell 2 {BELOW}")]),
        (["y = late(1)", "def late(n):\n    return n"], [(1, 1, f"`late` is used here, and only cell 2 {BELOW}")]),
        (
            ["def f():\n    return g()", "y = f()", "def g():\n    return 1"],
            [(2, 1, f"`f` is called here and needs `g`, and only cell 3 {BELOW}")],
        ),
        (
            ["class Reader:\n    def rows(self):\n        return rate", "rate = 2"],
            [
                (1, 1, "`Reader` reads `rate`, which only cell 2 below sets"),
                (1, 1, f"`Reader` stays inside main: it reads `rate` of cell 2{AT_TOP}"),
            ],
        ),
        # only set by a magic
        (
            ["%%capture said\nprint(1)", "text = said.stdout"],
            [(2, 1, "`said` is only set by the magic `%%capture said` (cell 1, line 1), which a job does not have")],
        ),
        (
            ["x = 1", "%pylab inline\ny = np.ones(3)"],
            [(2, 2, "`np` is only set by the magic `%pylab inline` (cell 2, line 1), which a job does not have")],
        ),
        # changed across cells
        (
            ["rows = []\nrows.append(1)", "rows.append(2)\nrows += [3]"],
            [(2, 1, "`rows`, set in cell 1, is changed in place here: each run of this cell changes it again")],
        ),
        (
            ["seen = {}", "def put(k):\n    seen[k] = 1"],
            [
                (2, 1, "`seen`, set in cell 1, is changed in place by `put`: each call changes it again"),
                (2, 1, f"`put` stays inside main: it reads `seen` of cell 1{AT_TOP}"),
            ],
        ),
        (
            ["import pandas as pd\nt = pd.DataFrame({'a': [1]})", "t.drop(columns='a', inplace=True)"],
            [(2, 1, "`t`, set in cell 1, is changed in place here: each run of this cell changes it again")],
        ),
        # nothing to say
        (["for i in range(3):\n    if i:\n        print(last)\n    last = i"], []),
        (["try:\n    seen\nexcept NameError:\n    seen = []"], []),
        (["print(max(1, 2))", "max = 3"], []),
        (["def first():\n    return second()", "def second():\n    return 1", "first()"], []),
        (["import sys", "sys.path.append('/x')", "x = 1", "x = x + 1"], []),
        (["def f(rows):\n    rows.append(1)", "rows = []", "f(rows)"], []),
    ],
)
def test_what_depends_on_the_order_of_cells_is_told_at_its_place(
    cells: list[str], notes: list[tuple[int, int, str]], tmp_path: Path
) -> None:
    project = project_folder(tmp_path / "shop")
    report = export_notebook(write_notebook(project / "notebooks/n.ipynb", *cells), find_project(project))
    assert [(n.cell, n.line, n.text) for n in report.notes] == notes


def test_a_name_that_a_notebook_left_behind_may_set_is_told_with_that_notebook(tmp_path: Path) -> None:
    project = project_folder(tmp_path / "shop")
    path = write_notebook(project / "notebooks/n.ipynb", "%run ./absent", "print(limit)")
    report = export_notebook(path, find_project(project), allow=["run"])
    assert (2, 1) in [(n.cell, n.line) for n in report.notes if "`%run ./absent` (cell 1, line 1)" in n.text]
