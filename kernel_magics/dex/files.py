"""Write files so that a reader sees the old text or the new one, never half of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from dex_dbutils import DexError


def write_atomically(path: Path, text: str | bytes) -> Path:
    """Write bytes, or text as UTF-8, to ``path`` and return the path.

    Raises:
        DexError: DEX-FILE-01, the disk refuses; an older file is untouched.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise DexError(
            "DEX-FILE-01",
            f"Cannot write the file: {error.strerror or error}.",
            path,
            "Free some space or make the folder writable; what was there before is untouched.",
        ) from error
    return path
