"""Contents of a workspace's files, on disk below one folder."""

from __future__ import annotations

import errno
from collections.abc import Iterator, MutableMapping
from pathlib import Path, PurePosixPath

from dex.workspace.refusal import Refusal, invalid

_UNUSABLE = {errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG}


def clean_path(path: str) -> str:
    """Return an absolute path of the workspace without doubled slashes and without one at its end.

    Raises:
        Refusal: it is not absolute, or leads upward.
    """
    parts = PurePosixPath(path).parts
    if not parts or not path.startswith("/") or ".." in parts or "\0" in path or "\\" in path:
        raise invalid(f"Path ({path}) has to be an absolute path.")
    return "/" + "/".join(parts[1:])


def place_of(root: Path, path: str) -> Path:
    """Return where a path of the workspace lies below its folder on disk.

    Raises:
        Refusal: the path is not absolute, or leads upward.
    """
    return root.joinpath(*PurePosixPath(clean_path(path)).parts[1:])


class StoredFiles(MutableMapping[str, bytes]):
    """Contents by path; a path with a slash at its end is a folder, and has none.

    Args:
        root: the folder on disk; the file ``/a/b`` is ``root/a/b``.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sizes: dict[str, int] = {}

    def __getitem__(self, path: str) -> bytes:
        if path not in self._sizes:
            raise KeyError(path)
        return b"" if path.endswith("/") else place_of(self._root, path).read_bytes()

    def __setitem__(self, path: str, content: bytes) -> None:
        place = place_of(self._root, path)
        try:
            if path.endswith("/"):
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        except OSError as error:
            if error.errno in _UNUSABLE:
                raise Refusal(400, "BAD_REQUEST", f"{path}: {error.strerror}.") from error
            raise
        self._sizes[path] = len(content)

    def __delitem__(self, path: str) -> None:
        del self._sizes[path]
        place = place_of(self._root, path)
        if not path.endswith("/"):
            place.unlink(missing_ok=True)
        elif place.is_dir() and not any(place.iterdir()):
            place.rmdir()

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return self._sizes[path]

    def below(self, folder: str) -> list[str]:
        """Return the names of what lies right in a folder."""
        names = {path[len(folder) + 1 :].partition("/")[0] for path in self._sizes if path.startswith(f"{folder}/")}
        return sorted(names - {""})

    def is_folder(self, path: str) -> bool:
        """Return whether a folder was made, or something lies in it."""
        return f"{path}/" in self._sizes or any(name.startswith(f"{path}/") for name in self._sizes)
