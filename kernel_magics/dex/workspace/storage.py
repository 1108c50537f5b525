"""Contents of a workspace's files, on disk below one folder."""

from __future__ import annotations

import errno
import os
import shutil
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
    """Contents by path; a path with a slash at its end is a folder, which is listed where nothing is in it.

    Nothing but the disk is believed: tasks write there as well.

    Args:
        root: the folder on disk; the file ``/a/b`` is ``root/a/b``.
        without: names of folders right below it that belong to somebody else.
    """

    def __init__(self, root: Path, without: tuple[str, ...] = ()) -> None:
        self._root, self._without = root, without
        root.mkdir(parents=True, exist_ok=True)

    def __contains__(self, path: object) -> bool:
        place = place_of(self._root, str(path))
        return place.is_dir() if str(path).endswith("/") else place.is_file()

    def __getitem__(self, path: str) -> bytes:
        if path not in self:
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

    def __delitem__(self, path: str) -> None:
        place = place_of(self._root, path)
        if not path.endswith("/"):
            place.unlink(missing_ok=True)
        elif place.is_dir() and not any(place.iterdir()):
            place.rmdir()

    def __iter__(self) -> Iterator[str]:
        for folder, inside, files in os.walk(self._root):
            if folder == str(self._root):
                inside[:] = [name for name in inside if name not in self._without]
            path = "/" + Path(folder).relative_to(self._root).as_posix()
            path = path.removesuffix(".").rstrip("/")
            yield from (f"{path}/{name}" for name in sorted(files))
            if path and not inside and not files:
                yield f"{path}/"

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return place_of(self._root, path).stat().st_size

    def below(self, folder: str) -> list[str]:
        """Return the names of what lies right in a folder."""
        place = place_of(self._root, folder or "/")
        names = sorted(entry.name for entry in place.iterdir()) if place.is_dir() else []
        return [name for name in names if place != self._root or name not in self._without]

    def is_folder(self, path: str) -> bool:
        """Return whether there is a folder."""
        return place_of(self._root, path).is_dir()

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        place = place_of(self._root, path)
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
