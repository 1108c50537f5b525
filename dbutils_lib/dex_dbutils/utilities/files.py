"""``dbutils.fs`` of this machine: the platform's paths, under the project."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from dex_dbutils.config import Environment
from dex_dbutils.errors import UtilitiesError, Where
from dex_dbutils.utilities.checks import ask
from dex_dbutils.utilities.named import Named


class FileInfo(NamedTuple):
    """A file or folder as the platform describes it.

    Attributes:
        path: its full path, with the scheme.
        name: its last part; that of a folder ends with a slash.
        size: bytes; 0 for a folder.
        modificationTime: milliseconds since 1970.
    """

    path: str
    name: str
    size: int
    modificationTime: int

    def isDir(self) -> bool:
        """Return whether it is a folder."""
        return self.name.endswith("/")

    def isFile(self) -> bool:
        """Return whether it is a file."""
        return not self.isDir()


class _Place(NamedTuple):
    """Where a path leads: the file here, the folder it may not leave, and how its names are shown."""

    path: Path
    base: Path
    shown: str
    writable: bool


class LocalFiles(Named):
    """``dbutils.fs`` on this machine.

    ``dbfs:/x``, ``/dbfs/x`` and an absolute ``/x`` are ``.dex/dbfs/x`` of the project; ``/Volumes/c/s/v`` is
    ``.dex/volumes/c/s/v``. A relative path, an absolute one inside the project, and ``file:/x`` are what they say;
    outside of the project ``file:`` can be read, not written. What changes something asks the guard first, and never
    touches the warehouse of another environment.
    """

    _called = "dbutils.fs"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._project = environment.project

    def ls(self, dir: str) -> list[FileInfo]:
        """Return what a folder holds, by name; a file alone is itself. A root is there before anything is in it.

        Raises:
            UtilitiesError: DEX-UTIL-02, there is nothing; DEX-UTIL-03, the path cannot be used here.
        """
        place = self._place(dir)
        if place.path == place.base and not place.base.exists():
            return []
        place = self._existing(dir)
        if place.path.is_file():
            return [_info(place.path, place.shown)]
        names = sorted(os.listdir(place.path))
        return [_info(place.path / name, f"{place.shown.rstrip('/')}/{name}") for name in names]

    def head(self, file: str, maxBytes: int = 65536) -> str:
        """Return the beginning of a file as UTF-8 text.

        Args:
            file: its path.
            maxBytes: most bytes; a character that would be cut is left out.

        Raises:
            UtilitiesError: DEX-UTIL-02, there is no such file; DEX-UTIL-03, the path cannot be used here.
        """
        place = self._existing(file)
        if place.path.is_dir():
            raise _missing(file, "is a folder, not a file", "List it: dbutils.fs.ls(...)")
        with place.path.open("rb") as stream:
            data = stream.read(maxBytes)
        return data.decode("utf-8", "ignore") if len(data) == maxBytes else data.decode("utf-8", "replace")

    def put(self, file: str, contents: str, overwrite: bool = False) -> bool:
        """Write a text as UTF-8 and return True; a reader sees the old text or the new one.

        Raises:
            UtilitiesError: DEX-UTIL-02, it is there and may not be overwritten; DEX-UTIL-03, the path cannot be written.
        """
        place = self._writable("put", file)
        if place.path.is_dir() or (place.path.exists() and not overwrite):
            raise _missing(file, "exists", "Pass overwrite=True if it may go, or choose another name.")
        try:
            place.path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=str(place.path.parent), prefix=".put-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                    stream.write(contents)
                os.chmod(temporary, 0o644)
                os.replace(temporary, place.path)
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise _refused(file, error) from error
        return True

    def mkdirs(self, dir: str) -> bool:
        """Make a folder and those above it, and return True.

        Raises:
            UtilitiesError: DEX-UTIL-03, it cannot be made.
        """
        place = self._writable("mkdirs", dir)
        try:
            place.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(dir, error) from error
        return True

    def cp(self, from_: str, to: str, recurse: bool = False) -> bool:
        """Copy a file, or a folder if ``recurse`` says so, and return True. Into a folder it keeps its name.

        Raises:
            UtilitiesError: DEX-UTIL-02, there is nothing to copy, or it is a folder and ``recurse`` is False;
                DEX-UTIL-03, a path cannot be used here.
        """
        source, target = self._existing(from_), self._writable("cp", to)
        end = target.path / source.path.name if target.path.is_dir() else target.path
        self._refuse_anothers(to, end, whole=source.path.is_dir())
        try:
            end.parent.mkdir(parents=True, exist_ok=True)
            if not source.path.is_dir():
                shutil.copyfile(source.path, end)
            elif not recurse:
                raise _missing(from_, "is a folder", "Pass recurse=True to copy it with all it holds.")
            elif end.resolve() == source.path.resolve() or source.path.resolve() in end.resolve().parents:
                raise _missing(to, "lies inside of what is copied", "Choose another target.")
            else:
                shutil.copytree(source.path, end, dirs_exist_ok=True)
        except (OSError, shutil.Error) as error:
            raise _refused(to, error) from error
        return True

    def mv(self, from_: str, to: str, recurse: bool = False) -> bool:
        """Move a file, or a folder if ``recurse`` says so, and return True.

        Raises:
            UtilitiesError: as `cp`.
        """
        source = self._writable("mv", from_, whole=True)
        self.cp(from_, to, recurse)
        try:
            shutil.rmtree(source.path) if source.path.is_dir() else source.path.unlink()
        except OSError as error:
            raise _refused(from_, error) from error
        return True

    def rm(self, dir: str, recurse: bool = False) -> bool:
        """Delete a file, an empty folder, or a folder with all it holds if ``recurse`` says so.

        Returns:
            Whether there was something to delete.

        Raises:
            UtilitiesError: DEX-UTIL-02, the folder holds something; DEX-UTIL-03, the path cannot be written.
        """
        place = self._writable("rm", dir, whole=True)
        if place.path in (place.base, self._project.root):
            raise _refused(dir, "it is the root of everything")
        if not place.path.exists() and not place.path.is_symlink():
            return False
        try:
            if not place.path.is_dir() or place.path.is_symlink():
                place.path.unlink()
            elif recurse:
                shutil.rmtree(place.path)
            elif any(place.path.iterdir()):
                raise _missing(dir, "is a folder that holds something", "Pass recurse=True to delete it with all.")
            else:
                place.path.rmdir()
        except OSError as error:
            raise _refused(dir, error) from error
        return True

    # -- paths ---------------------------------------------------------------------------------------------------------

    def _existing(self, text: str) -> _Place:
        place = self._place(text)
        if not place.path.exists():
            raise _missing(text, "does not exist", f"On this machine it would be {place.path}.")
        return place

    def _writable(self, operation: str, text: str, *, whole: bool = False) -> _Place:
        """Return a place that may be changed; ``whole``: with everything below it."""
        place = self._place(text)
        if not place.writable:
            raise _refused(text, f"it lies outside of the project {self._project.root}")
        volume = place.base == self._project.dex_dir / "volumes"
        asked = place.shown[len("dbfs:") :] if volume else str(place.path)
        ask(self._environment, f"{self._called}.{operation}", asked)
        self._refuse_anothers(text, place.path, whole=whole)
        return place

    def _refuse_anothers(self, text: str, path: Path, *, whole: bool) -> None:
        warehouses = (self._project.dex_dir / "warehouse").resolve()
        resolved = path.resolve()
        inside = _is_below(resolved, warehouses) and not _is_below(resolved, self._environment.warehouse.resolve())
        if inside or (whole and warehouses.is_dir() and _is_below(warehouses, resolved)):
            raise _refused(text, "it holds the tables of another environment")

    def _place(self, text: str) -> _Place:
        if not isinstance(text, str) or not text or "\x00" in text:
            raise _refused(str(text), "it is not a path")
        scheme, rest = _split(text)
        root, dex = self._project.root, self._project.dex_dir
        if scheme == "file":
            return self._inside(text, Path(rest), root, f"file:{Path(rest)}", strict=False)
        if scheme not in {"", "dbfs"}:
            raise _refused(text, f"there is no '{scheme}:' without a workspace")
        if scheme == "" and not rest.startswith("/"):
            return self._inside(text, root / rest, root, rest)
        if scheme == "" and _is_below(Path(rest), root):
            return self._inside(text, Path(rest), root, rest)
        if scheme == "" and (rest == "/dbfs" or rest.startswith("/dbfs/")):
            rest = rest[len("/dbfs") :] or "/"
        base, inner, shown = platform_place(rest, dex)
        return self._inside(text, base / inner, base, shown)

    def _inside(self, text: str, path: Path, base: Path, shown: str, *, strict: bool = True) -> _Place:
        normal = Path(os.path.normpath(path))
        inside = _is_below(normal, base) and _is_below(normal.resolve(), base.resolve())
        if strict and not inside:
            raise _refused(text, f"it leads out of {base}")
        return _Place(normal, base, shown, writable=inside)


def platform_place(path: str, dex_dir: Path) -> tuple[Path, str, str]:
    """Return the folder that a path of the platform lies in on this machine, its path in there, and how it is shown.

    Args:
        path: an absolute path without a scheme, such as ``/Volumes/main/raw/files`` or ``/mnt/raw``.
        dex_dir: the project's ``.dex``.
    """
    if path == "/Volumes" or path.startswith("/Volumes/"):
        inner = path[len("/Volumes") :].strip("/")
        return dex_dir / "volumes", inner, f"dbfs:/Volumes/{inner}"
    inner = path.strip("/")
    return dex_dir / "dbfs", inner, f"dbfs:/{inner}"


def _split(text: str) -> tuple[str, str]:
    """Return scheme and path: ``dbfs:/a`` and ``dbfs:///a`` are the same; a file's path may be percent-encoded."""
    scheme, colon, rest = text.partition(":")
    if not colon or "/" in scheme or not scheme.isalnum():
        return "", text
    rest = f"/{rest.lstrip('/')}"
    return scheme.lower(), unquote(rest) if scheme.lower() == "file" else rest


def _is_below(path: Path, base: Path) -> bool:
    return path == base or base in path.parents


def _info(path: Path, shown: str) -> FileInfo:
    about = path.stat()
    if path.is_dir():
        return FileInfo(f"{shown}/", f"{path.name}/", 0, int(about.st_mtime * 1000))
    return FileInfo(shown, path.name, about.st_size, int(about.st_mtime * 1000))


def _missing(text: str, what: str, remedy: str) -> UtilitiesError:
    return UtilitiesError("DEX-UTIL-02", f"'{text}' {what}.", Where(file=text), remedy)


def _refused(text: str, reason: OSError | str) -> UtilitiesError:
    why = (reason.strerror or str(reason)) if isinstance(reason, OSError) else reason
    return UtilitiesError(
        "DEX-UTIL-03",
        f"'{text}' cannot be used here: {why}.",
        Where(file=text),
        "Use dbfs:/..., /Volumes/<catalog>/<schema>/<volume>/... or a path inside the project; all lie below it here.",
    )
