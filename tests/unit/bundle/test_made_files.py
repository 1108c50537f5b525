"""Files that dex makes anew, whatever ends it in the middle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dex.bundle import made
from dex.bundle.made import make_anew

PATH, RECORD = "resources/x.yml", ".dex/map/x.json"


@pytest.mark.parametrize("write", [1, 2])
def test_a_change_is_not_lost_where_its_writing_is_ended_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    make_anew(tmp_path, PATH, RECORD, "a: 1\nb: 1\n").write(tmp_path)
    (tmp_path / PATH).write_text("# mine\na: 1\nb: 1\n")
    done: list[Path] = []

    def ended(path: Path, content: Any) -> None:
        done.append(path)
        if len(done) == write:
            raise SystemExit
        write_atomically(path, content)

    write_atomically = made.write_atomically
    monkeypatch.setattr(made, "write_atomically", ended)
    with pytest.raises(SystemExit):
        make_anew(tmp_path, PATH, RECORD, "a: 2\nb: 1\n").write(tmp_path)
    monkeypatch.undo()
    make_anew(tmp_path, PATH, RECORD, "a: 2\nb: 1\n").write(tmp_path)
    make_anew(tmp_path, PATH, RECORD, "a: 2\nb: 2\n").write(tmp_path)
    assert (tmp_path / PATH).read_text() == "# mine\na: 2\nb: 2\n"
