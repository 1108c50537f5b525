"""Folders by the names that the local engine can find them under.

Sail 0.7.2 percent-encodes signs of a Delta table's path when it makes the folder, and those of the result when it looks for
it: below a folder `my project` tables would come to lie in `my%20project`, beside the project, and the next session would
not find them. So the engine is told a symbolic link whose path has none of these signs.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dex_dbutils.errors import DexError, Where

#: Paths that Sail leaves as they are; tried with every sign of ASCII.
_PLAIN = re.compile(r"""[\w/.,~!$&'"()+;=:@^|\]-]+""", re.ASCII)


def engine_path(folder: Path) -> Path:
    """Return the path of a folder as the local engine is told it: itself, or a link to it.

    Args:
        folder: an absolute path; nothing has to be there yet.

    Raises:
        DexError: DEX-CATALOG-04, no link can be made.
    """
    if _PLAIN.fullmatch(folder.as_posix()):
        return folder
    trouble: OSError | None = None
    for base in _places():
        if not _PLAIN.fullmatch(base.as_posix()):
            continue
        try:
            return _link(base, folder)
        except OSError as error:
            trouble = error
    reason = f" ({trouble.strerror or trouble})" if trouble is not None else ""
    raise DexError(
        "DEX-CATALOG-04",
        f"The local engine would put tables beside this folder: its path has spaces or other signs that it changes{reason}.",
        Where(file=str(folder)),
        "Move the project to a path of plain letters and digits; or set DEX_CACHE_DIR to such a folder, where a link can be made.",
    )


def _places() -> Iterator[Path]:
    """Yield folders of this user alone, the lasting ones first."""
    if told := os.environ.get("DEX_CACHE_DIR"):
        yield Path(told).expanduser().absolute() / "links"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dex" / "links"
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    yield Path(tempfile.gettempdir()) / f"dex-{user}"


def _link(base: Path, folder: Path) -> Path:
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid") and base.lstat().st_uid != os.getuid():
        raise PermissionError(f"{base} is somebody else's")
    link = base / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    if not (link.is_symlink() and os.readlink(link) == str(folder)):
        made = link.with_name(f".{link.name}-{os.getpid()}")
        made.symlink_to(folder, target_is_directory=True)
        os.replace(made, link)
    return link
