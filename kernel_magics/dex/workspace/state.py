"""What one workspace holds."""

from __future__ import annotations

import itertools
import secrets
import threading
from pathlib import Path
from typing import Literal

from dex.workspace.catalogs import Catalogs
from dex.workspace.faults import Faults
from dex.workspace.jobs_kept import Job
from dex.workspace.objects import Objects
from dex.workspace.permissions import Rights
from dex.workspace.pipelines import Pipeline
from dex.workspace.runner import Runner
from dex.workspace.runs import Runs
from dex.workspace.storage import StoredFiles
from dex.workspace.users import ADMINS, USERS, User

#: Ids of jobs, runs and objects. The platform's are long, so that nothing counts on short ones; no two workspaces have
#: the same, so that whoever runs jobs of several can tell them apart.
_EVERYBODY = {"group_name": USERS, "permission_level": "CAN_MANAGE"}
_IDS = itertools.count(100_000_000_001)


class Workspace:
    """The state of one workspace.

    Args:
        token: of its first user.
        user: e-mail address of that user, who is an administrator.
        folder: where contents of files and the folders of runs are kept; new, or empty.
        runner: who runs the jobs.
        catalogs: names of catalogs that are there from the beginning.

    Attributes:
        url: its address, once it is served.
        users: by token.
        secrets: scope -> key -> value.
        unreadable: scopes that the user may not read.
        files: path in a volume or in DBFS -> content; folders end with a slash.
        objects: what is below ``/Workspace``.
        catalogs: Unity Catalog.
        jobs: by id.
        pipelines: by id.
        grants: kind and full name of a securable -> principal -> privileges.
        faults: failures that requests meet.
        asked: method and path of every request, in order.
        failed_life: life cycle of a run that failed; the platform has both.
        spark_version: version of the cluster's runtime.
        lock: held while a request is answered.
    """

    def __init__(self, token: str, user: str, folder: Path, runner: Runner, catalogs: tuple[str, ...] = ()) -> None:
        self.token, self.user, self.folder, self.runner = token, user, folder, runner
        self.url = ""
        self.users = {token: User(user, (USERS, ADMINS))}
        self.lock = threading.RLock()
        self.secrets: dict[str, dict[str, str]] = {}
        self.secret_rights: dict[str, dict[str, str]] = {}
        self.unreadable: set[str] = set()
        self.files = StoredFiles(folder / "files", without=("Workspace",))
        self.uploads: dict[int, tuple[str, bytearray]] = {}
        self.objects = Objects(StoredFiles(folder / "files"), self.new_id)
        for path in (f"/Users/{user}", "/Shared", "/Repos"):
            self.objects.make_folder(path)
        self.catalogs = Catalogs(user)
        for name in catalogs:
            self.catalogs.add_catalog(name)
        self.grants: dict[tuple[str, str], dict[str, set[str]]] = {}
        self.rights = Rights(user)
        self.rights.set("directories", str(self.objects.get("/Shared").number), [_EVERYBODY])
        self.jobs: dict[int, Job] = {}
        self.started: dict[tuple[int, str], int] = {}
        self.runs = Runs(self)
        self.pipelines: dict[str, Pipeline] = {}
        self.faults = Faults()
        self.asked: list[str] = []
        self.failed_life: Literal["INTERNAL_ERROR", "TERMINATED"] = "INTERNAL_ERROR"
        self.spark_version = "17.3.x-scala2.13"

    @property
    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Full name -> columns."""
        return self.catalogs.tables

    def add_user(self, name: str, *groups: str, token: str | None = None) -> str:
        """Add a user, with a folder of their own, and return their token.

        Args:
            name: e-mail address; an application id makes it a service principal.
            groups: names of groups, beside ``users``; ``admins`` for an administrator.
            token: the token; a random one if not given.
        """
        token = token or f"dex{secrets.token_hex(16)}"
        with self.lock:
            user = self.users[token] = User(name, (USERS, *groups))
            home = self.objects.make_folder(f"/Users/{name}")
            self.rights.set("directories", str(home.number), [{user.field: name, "permission_level": "CAN_MANAGE"}])
        return token

    def add_volume(self, name: str) -> None:
        """Add a volume, and what holds it where that is missing.

        Args:
            name: full name, such as ``main.raw.files``.
        """
        catalog, schema, volume = name.lower().split(".")
        with self.lock:
            self.catalogs.add_catalog(catalog)
            if f"{catalog}.{schema}" not in self.catalogs.all("schemas"):
                self.catalogs.create("schemas", f"{catalog}.{schema}", {})
            self.catalogs.create("volumes", name, {"volume_type": "MANAGED"})
            self.files[f"/Volumes/{catalog}/{schema}/{volume}/"] = b""

    def token_of(self, name: str) -> str:
        """Return the token of a user; that of the first one where there is no such user."""
        return next((token for token, user in self.users.items() if user.name == name), self.token)

    def new_id(self) -> int:
        """Return a number that nothing else has."""
        return next(_IDS)
