"""A magic's error is shown below a cell, and kept with the notebook."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.magics import load
from dex_dbutils import DexError
from IPython.core.interactiveshell import InteractiveShell


def test_an_error_below_a_cell_shows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEX_SECRET_DB_PASSWORD", "hunter2-hunter2")
    shell = InteractiveShell()
    load(shell)
    with pytest.raises(DexError, match=r"\[DEX_SECRET_DB_PASSWORD\]") as caught:
        shell.run_line_magic("dex_env", "hunter2-hunter2")
    assert "hunter2" not in str(caught.value)
