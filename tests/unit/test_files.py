"""A file is the old one or the new one, never half of it."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from dex.files import write_atomically

SCRIPT = """
import resource, signal, sys
from pathlib import Path
from dex.files import write_atomically
from dex_dbutils import DexError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(Path(sys.argv[1]), "new" * 1000)
except DexError as error:
    print(error.code)
"""


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    write_atomically(path, "old")
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "DEX-FILE-01", done.stderr
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_line_ends_are_written_as_given(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "a.txt", "a\r\nb\n")
    assert path.read_bytes() == b"a\r\nb\n"


@pytest.mark.parametrize("mode", [0o755, 0o664, 0o600])
def test_a_file_that_is_written_again_keeps_who_may_do_what_with_it(tmp_path: Path, mode: int) -> None:
    path = write_atomically(tmp_path / "a.sh", "old")
    path.chmod(mode)
    write_atomically(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_a_new_file_is_as_readable_as_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    made = write_atomically(tmp_path / "made", "x")
    assert made.stat().st_mode == (tmp_path / "plain").stat().st_mode
