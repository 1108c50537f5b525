"""The engine's own environment: made once, whoever asks; made again when it is half made; compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dex.engines import install
from dex.engines.installing import STAMP, interpreter_of, is_complete
from dex.engines.sail import folder_name, requirements
from dex_dbutils import EngineError

pytestmark = pytest.mark.slow


def test_makers_at_once_and_a_half_made_one_end_in_one_complete_environment(tmp_path: Path) -> None:
    half = tmp_path / "engines" / folder_name()
    (half / "bin").mkdir(parents=True)
    (half / "bin/python").write_text("not an interpreter")
    assert not is_complete(half, requirements())
    code = "from dex.engines import install; print(install(print))"
    env = {**os.environ, "DEX_CACHE_DIR": str(tmp_path)}
    makers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env) for _ in "ab"]
    told = [maker.communicate(timeout=600)[0].splitlines() for maker in makers]
    assert [lines[-1] for lines in told] == [str(half)] * 2
    assert sum(line.startswith("installing") for lines in told for line in lines) == 1
    assert is_complete(half, requirements())
    asked = [interpreter_of(half), "-I", "-c", "import pysail.spark, pandas; print(pysail.spark.__cached__)"]
    compiled = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(compiled).exists()
    assert Path(compiled).stat().st_mtime <= (half / STAMP).stat().st_mtime  # compiled when it was made

    (half / STAMP).write_text(json.dumps({"requirements": "pysail==0.0.1\n"}))
    assert not is_complete(half, requirements())
    (half / STAMP).write_text("{half")
    assert not is_complete(half, requirements())


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("DEX_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(EngineError) as caught:
        install()
    assert caught.value.code == "DEX-ENGINE-03"
    assert "DEX_CACHE_DIR" in str(caught.value)
    assert str(tmp_path / "cache") in str(caught.value)


def test_an_index_that_cannot_be_reached_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEX_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("UV_INDEX_URL", "http://somebody:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(EngineError) as caught:
        install()
    assert caught.value.code == "DEX-ENGINE-02"
    assert "127.0.0.1:9" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not is_complete(tmp_path / "engines" / folder_name(), requirements())
