"""The one formatter of everything that is written: ruff, with settings of its own."""

from __future__ import annotations

import subprocess
from functools import cache

from dex_dbutils import ExportError

LINE_LENGTH = 120
#: Line between generated imports and those of the notebook whose order may matter: sorters keep them apart.
SPLIT = "# isort: split\n"
#: No file of the person's project has a say: no settings are read, and no module is looked for.
_SETTINGS = ("--isolated", "--no-cache", "--quiet", "--stdin-filename", "no-such-folder/module.py")
_CONFIG = (
    f"line-length = {LINE_LENGTH}",
    "target-version = 'py39'",
    "src = []",
)


def format_python(source: str, package: str, *, sort_imports: bool) -> str:
    """Return Python source as ruff writes it.

    Args:
        source: the source.
        package: name of the project's package, whose imports stand last.
        sort_imports: sort the imports; only where their order changes nothing. Elsewhere the line `SPLIT` stays only
            where the imports around it are not sorted as one.

    Raises:
        ExportError: DEX-EXPORT-05, ruff cannot read the source or cannot be run.
    """
    known = (f"lint.isort.known-first-party = ['{package}']",)
    if sort_imports:
        source = _sorted(source, known)
    elif SPLIT in source:
        joined = source.replace(SPLIT, "", 1)
        source = joined if _sorted(joined, known) == joined else source
    return _ruff("format", source, _CONFIG)


def _sorted(source: str, known: tuple[str, ...]) -> str:
    return _ruff("check", source, (*_CONFIG, *known), "--select=I", "--fix", "--exit-zero")


@cache
def _program() -> str:
    from ruff import find_ruff_bin  # type: ignore[import-untyped]

    return str(find_ruff_bin())


def _ruff(command: str, source: str, config: tuple[str, ...], *options: str) -> str:
    words = [_program(), command, *_SETTINGS, *options]
    for setting in config:
        words += ["--config", setting]
    done = subprocess.run(
        [*words, "-"], input=source.encode("utf-8", "surrogatepass"), capture_output=True, check=False
    )
    if done.returncode:
        raise ExportError(
            "DEX-EXPORT-05",
            f"ruff cannot format the module: {done.stderr.decode(errors='replace').strip()[:400]}",
            remedy="This is a fault of the export; the notebook and every file are untouched.",
        )
    return done.stdout.decode("utf-8")
