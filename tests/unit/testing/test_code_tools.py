"""The real linters, formatters and converters over a notebook of magics, with the settings that `dex doctor --fix` writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from dex.doctor import fix_settings
from dex_dbutils.config import find_project
from jupytext.cli import jupytext as jupytext_command
from nbformat.v4 import new_code_cell, new_notebook, new_output

PROSE = """\
%%agent silver
Säubere "flights":  drop rows where dep_time isn't set — keep {carrier}, {{braces}} and $HOME, `ticks`, 航班 ✈

\tA tab;  two  spaces,   '''three quotes''' and a \\ backslash
# a line like a comment
%a_line like a magic
!and one like a shell's
if x:
  print( 1 )"""
#: What no tool may touch.
MAGICS = [
    "%load_ext dex\n%dex_env local",
    "import json",
    PROSE,
    "%%agent gold\nx = {  'a':1 }\nprint( x )",
    "%%sql\nSELECT   *\nFROM t WHERE a = 'ü' -- {comment}",
    "# what is there\n%sql SELECT  * FROM {json}",
    "df = %sql SELECT  1 AS n",
    "%dex_profile  t --rows 10",
    "%dex_databricks on",
    "%dex_export  book.ipynb",
    "!ls   -l",
    "spark",
]
#: What a formatter puts right: it shows that the tool has read the notebook.
PYTHON = "y = {  'a':1 }"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "flights"\n\n[dependency-groups]\ndev = ["jupytext"]\n')
    fix_settings(find_project(tmp_path))
    cells = [
        new_code_cell(source, id=f"cell-{number}", execution_count=number, outputs=[new_output("stream", text="✓\n")])
        for number, source in enumerate([PYTHON, *MAGICS])
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.write(notebook, tmp_path / "book.ipynb")
    yield tmp_path / "book.ipynb"


def tool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)


def sources(path: Path | str) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def rest(path: Path | str) -> list[tuple[Any, ...]]:
    return [(cell.id, cell.metadata, cell.outputs) for cell in nbformat.read(path, as_version=4).cells]


@pytest.mark.parametrize(
    "words",
    [
        ("ruff", "format", "--no-cache"),
        ("ruff", "check", "--no-cache", "--fix", "--unsafe-fixes"),
        ("ruff", "check", "--no-cache", "--fix", "--unsafe-fixes", "--select=ALL", "--ignore=CPY001"),
        ("black", "-q"),
        ("nbqa", "black"),
        ("nbqa", "ruff format"),
        ("nbqa", "ruff", "--fix", "--unsafe-fixes"),
        ("nbqa", "ruff check", "--fix", "--unsafe-fixes", "--nbqa-dont-skip-bad-cells"),
    ],
    ids=" ".join,
)
def test_a_linter_or_formatter_leaves_magics_and_what_they_are_told(book: Path, words: tuple[str, ...]) -> None:
    before = rest(book)
    done = tool(*words, book.name)
    assert done.returncode == 0, done.stdout + done.stderr
    python, *magics = sources(book)
    assert magics == MAGICS
    assert rest(book) == before
    assert (python == PYTHON) == ("--fix" in words and "--select=ALL" not in words)


def test_without_the_settings_ruff_deletes_an_import_that_only_a_magic_uses(book: Path) -> None:
    Path("pyproject.toml").unlink()
    tool("ruff", "check", "--no-cache", "--fix", book.name)
    assert sources(book)[2] == ""


def test_nbstripout_takes_outputs_and_nothing_else(book: Path) -> None:
    ids = [cell[:2] for cell in rest(book)]
    done = tool("nbstripout", "--keep-id", book.name)
    assert done.returncode == 0, done.stderr
    assert sources(book) == [PYTHON, *MAGICS]
    assert rest(book) == [(*kept, []) for kept in ids]


def test_nbstripout_without_keep_id_numbers_the_cells_anew_and_leaves_their_text(book: Path) -> None:
    tool("nbstripout", book.name)
    assert sources(book) == [PYTHON, *MAGICS]
    assert [cell[0] for cell in rest(book)] == [str(number) for number in range(len(MAGICS) + 1)]


def jupytext(*words: str) -> None:
    """Run jupytext's command in this process: starting one for each step would take most of the time."""
    assert jupytext_command(["-q", *words]) == 0


@pytest.mark.parametrize("kind", ["py:percent", "py:light", "md"])
def test_jupytext_brings_every_cell_back(book: Path, kind: str) -> None:
    text = f"text.{kind.partition(':')[0]}"
    jupytext("--to", kind, book.name, "-o", text)
    jupytext("--to", "ipynb", text, "-o", "back.ipynb")
    assert sources("back.ipynb") == [PYTHON, *MAGICS]


@pytest.mark.parametrize("formatter", [("ruff", "format", "--no-cache"), ("black", "-q")], ids=" ".join)
def test_jupytexts_text_is_python_that_can_be_formatted(book: Path, formatter: tuple[str, ...]) -> None:
    jupytext("--to", "py:percent", book.name, "-o", "text.py")
    compile(Path("text.py").read_text("utf-8"), "text.py", "exec")
    done = tool(*formatter, "text.py")
    assert done.returncode == 0, done.stderr
    jupytext("--to", "ipynb", "text.py", "-o", "back.ipynb")
    assert sources("back.ipynb") == ['y = {"a": 1}', *MAGICS]


def test_a_pair_that_is_kept_in_step_and_formatted_keeps_every_cell(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    jupytext("--set-formats", "ipynb,py:percent", book.name)
    jupytext("--sync", "--pipe", "black", book.name)
    assert sources(book) == ['y = {"a": 1}', *MAGICS]


def test_without_the_settings_jupytexts_text_is_no_python(book: Path) -> None:
    Path("pyproject.toml").unlink()
    jupytext("--to", "py:percent", book.name, "-o", "text.py")
    with pytest.raises(SyntaxError):
        compile(Path("text.py").read_text("utf-8"), "text.py", "exec")
