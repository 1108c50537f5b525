"""Files that dex makes anew, whatever ends it in the middle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dex.bundle.made import make_anew
from dex_dbutils import DexError

PATH, RECORD = "resources/x.yml", ".dex/map/x.json"
KILLED = """
import os, sys
from pathlib import Path
from dex.bundle.made import make_anew
replace, left = os.replace, int(sys.argv[2])
def ended(*names):
    global left
    left -= 1
    if not left:
        os._exit(9)
    replace(*names)
made = make_anew(Path(sys.argv[1]), "resources/x.yml", ".dex/map/x.json", "a: 2\\nb: 1\\n")
os.replace = ended
made.carry_out(Path(sys.argv[1]), check=False)
"""


@pytest.mark.parametrize("write", [1, 2])
def test_a_change_is_not_lost_where_its_writing_is_ended_in_the_middle(tmp_path: Path, write: int) -> None:
    make_anew(tmp_path, PATH, RECORD, "a: 1\nb: 1\n").carry_out(tmp_path, check=False)
    (tmp_path / PATH).write_text("# mine\na: 1\nb: 1\n")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(write)], check=False)
    assert done.returncode == 9
    make_anew(tmp_path, PATH, RECORD, "a: 2\nb: 1\n").carry_out(tmp_path, check=False)
    make_anew(tmp_path, PATH, RECORD, "a: 2\nb: 2\n").carry_out(tmp_path, check=False)
    assert (tmp_path / PATH).read_text() == "# mine\na: 2\nb: 2\n"


def test_a_folder_in_the_place_of_a_file_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / PATH).mkdir(parents=True)
    with pytest.raises(DexError) as caught:
        make_anew(tmp_path, PATH, RECORD, "a: 1\n").carry_out(tmp_path, check=False)
    assert caught.value.code == "DEX-FILE-01"
    assert not (tmp_path / ".dex").exists()
