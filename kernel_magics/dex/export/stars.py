"""The names that ``from module import *`` brings, where that is known."""

from __future__ import annotations

import importlib
import json
import sys
from functools import cache
from importlib.resources import files

#: Modules that do nothing but define names when they are imported: their order is free, and an unused one may go.
EFFECT_FREE = frozenset(
    """
    __future__ abc argparse array ast asyncio base64 binascii bisect builtins bz2 calendar cmath collections concurrent
    configparser contextlib contextvars copy csv ctypes dataclasses datetime decimal difflib email enum errno fnmatch
    fractions ftplib functools gc getpass glob gzip hashlib heapq hmac html http importlib inspect io ipaddress itertools
    json keyword locale logging lzma math mimetypes multiprocessing numbers operator os pathlib pickle pkgutil platform
    pprint queue random re secrets select shelve shlex shutil signal smtplib socket sqlite3 ssl stat statistics string
    struct subprocess sys tarfile tempfile textwrap threading time timeit token tokenize traceback types typing
    unicodedata unittest urllib uuid warnings weakref xml zipfile zlib zoneinfo
    dex_dbutils pyspark delta dlt
    numpy pandas requests yaml matplotlib seaborn plotly altair dateutil pyarrow pytz scipy sklearn tqdm
    """.split()
)


@cache
def star_names(module: str) -> frozenset[str] | None:
    """Return the names that a star import brings; None where nobody can tell without running the module.

    Args:
        module: of Python's own library, which is asked, or of Spark and Delta, whose names are kept in ``stars.json``:
            an export is the same where they are not installed.
    """
    known = _kept().get(module)
    if known is not None:
        return frozenset(known)
    root = module.partition(".")[0]
    if root not in EFFECT_FREE or root not in sys.stdlib_module_names:
        return None
    try:
        found = importlib.import_module(module)
    except ImportError:
        return None
    return frozenset(getattr(found, "__all__", None) or (name for name in vars(found) if not name.startswith("_")))


@cache
def _kept() -> dict[str, list[str]]:
    kept: dict[str, list[str]] = json.loads(files("dex.export").joinpath("stars.json").read_text("utf-8"))
    return kept
