"""The one factory of Spark sessions, and what every Spark Connect channel passes.

Importing this folder loads no Spark client; it comes with the first session.
"""

from dex_dbutils.session.client import import_client
from dex_dbutils.session.factory import close_session, get_session, get_spark, use_environment
from dex_dbutils.session.interceptors import add_interceptor
from dex_dbutils.session.interrupt import interruptible
from dex_dbutils.session.lookup import is_listening
from dex_dbutils.session.model import Session
from dex_dbutils.session.scratch import copy_folders, copy_table, keeps_apart, scratch_session, scratch_warehouse

__all__ = [
    "Session",
    "add_interceptor",
    "close_session",
    "copy_folders",
    "copy_table",
    "get_session",
    "get_spark",
    "import_client",
    "interruptible",
    "is_listening",
    "keeps_apart",
    "scratch_session",
    "scratch_warehouse",
    "use_environment",
]
