"""The requests that the vendor's tool sends for a bundle, in its order and with its details, one by one over raw HTTP.

Recorded with two versions of the tool, which read state and take the lock in different ways; `form` is how later ones
take it. What the tool decides by is checked in each answer: status, code, the bytes of files, the values of resources.
"""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

from dex.bundle import Bundle
from dex.bundle.schema_names import schema_prefix
from dex.workspace import Workspace
from scripted_runner import Handed, ScriptedRunner

Version = Literal["1.10", "1.13", "form"]


@dataclass
class Answer:
    """What the workspace answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


class Tool:
    """One deployment of the tool.

    Args:
        fake: the workspace.
        runner: who is handed its runs.
        bundle: the bundle, as its target makes it.
        version: whose requests.
    """

    def __init__(self, fake: Workspace, runner: ScriptedRunner, bundle: Bundle, version: Version = "1.13") -> None:
        self.fake, self.runner, self.bundle, self.version = fake, runner, bundle, version
        named = bundle.tree.at("workspace", "root_path")
        self.root = str(named.value) if named else f"/Workspace/Users/{fake.user}/.bundle/{bundle.name}/{bundle.target}"
        self.locks = bundle.mode != "development"
        self.settings: dict[str, Any] = {}  # what a person changed in the job
        self.forgotten: set[str] = set()  # resources that are known to be missing
        self.asked: list[str] = []
        self._connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def ask(
        self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None, token: bool = True
    ) -> Answer:
        """Send one request on the one connection that the tool keeps."""
        headers = {"User-Agent": f"cli/{self.version} databricks-sdk-go/0.100 cmd/bundle", "Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {self.fake.token}"} if token else {}
        sent = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        if sent is not None:
            headers["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        if method == "FORM":  # a file in the parts of a form, as newer versions write state and lock
            method, headers["Content-Type"], sent = "POST", "multipart/form-data; boundary=b", form(query or {}, body)
            query = None
        self.asked.append(f"{method} {path}")
        self._connection.request(method, path + (f"?{urlencode(query)}" if query else ""), sent, headers)
        got = self._connection.getresponse()
        return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())

    def ok(self, *asked: Any, **more: Any) -> dict[str, Any]:
        """Send a request that has to succeed."""
        answer = self.ask(*asked, **more)
        assert answer.status == 200, (asked, answer.body)
        return answer.json

    # -- pieces ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """What every command asks first; who the user is stands in for the token from then on."""
        told = self.ask("GET", "/.well-known/databricks-config", token=False)
        assert told.status == 200
        assert told.json["oidc_endpoint"].startswith("http")  # else the tool warns at every call
        assert told.json["workspace_id"]
        me = self.ask("GET", "/api/2.0/preview/scim/v2/Me")
        assert me.json["userName"] == self.fake.user
        assert me.headers["x-databricks-org-id"] == told.json["workspace_id"]

    def status(self, path: str, **query: str) -> Answer:
        """Ask for a path; where there is none, the code is the one by which the tool knows that."""
        answer = self.ask("GET", "/api/2.0/workspace/get-status", {"path": path, **query})
        assert answer.status in (200, 404)
        if answer.status == 404:
            assert answer.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
            assert answer.json["message"] == f"Path ({path}) doesn't exist."
        return answer

    def mkdirs(self, path: str) -> None:
        assert self.ok("POST", "/api/2.0/workspace/mkdirs", body={"path": path}) == {}

    def folder(self, path: str) -> None:
        """Look for a folder, make it where it is not there, and look again."""
        if self.status(path).status == 404:
            self.mkdirs(path)
        assert self.status(path).json["object_type"] == "DIRECTORY"

    def put(self, path: str, content: bytes, overwrite: bool = True) -> Answer:
        """Write a file; where its folder is missing, make that and write it again."""
        if self.version == "form" and not overwrite:
            fields = {"path": path, "format": "AUTO"}
            send = lambda: self.ask("FORM", "/api/2.0/workspace/import", fields, content)
        else:
            target = quote(path.lstrip("/"), safe="/" if self.version == "1.10" else "")
            url = f"/api/2.0/workspace-files/import-file/{target}"
            send = lambda: self.ask("POST", url, {"overwrite": str(overwrite).lower()}, content)
        answer = send()
        if answer.status == 404:
            assert answer.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
            assert "parent folder" in answer.json["message"]
            self.mkdirs(path.rpartition("/")[0])
            answer = send()
        return answer

    def read(self, path: str) -> bytes | None:
        """Read a file as it is; None where there is none."""
        if self.status(path, return_export_info="true").status == 404:
            return None
        if self.version == "1.10":
            answer = self.ask("GET", f"/api/2.0/workspace-files/{quote(path.lstrip('/'), safe='')}")
        else:
            answer = self.ask("GET", "/api/2.0/workspace/export", {"direct_download": "true", "path": path})
        assert answer.status == 200
        return answer.body

    def pull(self) -> dict[str, Any]:
        """Read the state of the deployment: resource -> id and settings."""
        assert self.status(f"{self.root}/state/terraform.tfstate", return_export_info="true").status == 404
        found = self.read(f"{self.root}/state/resources.json")
        state: dict[str, Any] = json.loads(found)["state"] if found is not None else {}
        return state

    def lock(self) -> None:
        """Take the deployment's lock, and see that it is one's own."""
        mine = {
            "ID": str(uuid.uuid4()),
            "AcquisitionTime": "2026-11-29T00:00:00Z",
            "IsForced": False,
            "User": self.fake.user,
        }
        content = json.dumps(mine).encode()
        path = f"{self.root}/state/deploy.lock"
        assert self.put(path, content, overwrite=False).status == 200
        assert self.status(path, return_export_info="true").json["object_type"] == "FILE"
        assert self.ask("GET", "/api/2.0/workspace/export", {"direct_download": "true", "path": path}).body == content

    # -- commands ----------------------------------------------------------------------------------------------------

    def validate(self) -> None:
        self.begin()
        self.folder(f"{self.root}/files")

    def resources(self) -> dict[str, dict[str, Any]]:
        """The bundle's resources, as the tool sends them for this target, schemas first."""
        prefix = schema_prefix(self.bundle, "tester")
        made: dict[str, dict[str, Any]] = {}
        for kind in ("schemas", "volumes", "jobs"):
            for key, at in self.bundle.resources(kind):
                settings = at.plain()
                settings.pop("lifecycle", None)
                if kind == "schemas":
                    settings["name"] = prefix + settings["name"]
                elif kind == "volumes":
                    settings["schema_name"] = prefix + settings["schema_name"]  # it refers to the schema's resource
                else:
                    settings = self.job(key)
                made[f"{kind}.{key}"] = settings
        return made

    def job(self, key: str) -> dict[str, Any]:
        settings = self.bundle.job(key)
        for task in settings["tasks"]:
            path = task["notebook_task"]["notebook_path"]
            task["notebook_task"]["notebook_path"] = f"{self.root}/files/{path.removesuffix('.py')}"
        deployment = {"kind": "BUNDLE", "metadata_file_path": f"{self.root}/state/metadata.json"}
        more = {"deployment": deployment, "edit_mode": "UI_LOCKED", "format": "MULTI_TASK", "queue": {"enabled": True}}
        return {
            **settings,
            **more,
            **self.settings,
            "name": f"[dev tester] {key}" if self.bundle.mode == "development" else key,
        }

    def deploy(self, files: dict[str, bytes], wheel: bytes = b"PK wheel") -> dict[str, Any]:
        """Deploy, and return the state that was written."""
        self.begin()
        state = self.pull()
        if self.locks:
            self.lock()
        internal = f"{self.root}/artifacts/.internal"
        gone = self.ask("POST", "/api/2.0/workspace/delete", body={"path": internal, "recursive": True})
        assert gone.status == (200 if state else 404)
        self.mkdirs(internal)
        assert self.put(f"{internal}/shop_etl-0.1.0-py3-none-any.whl", wheel).status == 200
        self.folder(f"{self.root}/files")
        for folder in sorted({path.rpartition("/")[0] for path in files if "/" in path}):
            self.mkdirs(f"{self.root}/files/{folder}")
        for path, content in files.items():
            assert self.put(f"{self.root}/files/{path}", content).status == 200
        assert self.put(f"{self.root}/state/deployment.json", b'{"version": 1}').status == 200
        for key, settings in self.resources().items():
            there = state.get(f"resources.{key}") if f"resources.{key}" not in self.forgotten else None
            state[f"resources.{key}"] = self.update(key, there, settings) if there else self.create(key, settings)
        document = {"state_version": 2, "cli_version": self.version, "lineage": "x", "serial": 1, "state": state}
        assert self.put(f"{self.root}/state/resources.json", json.dumps(document).encode()).status == 200
        assert self.put(f"{self.root}/state/metadata.json", b'{"version": 1}').status == 200
        if self.locks:
            assert self.ok("POST", "/api/2.0/workspace/delete", body={"path": f"{self.root}/state/deploy.lock"}) == {}
        self.ok("POST", "/telemetry-ext", body={"uploadTime": 1, "items": [], "protoLogs": ["{}"]})
        return state

    def create(self, key: str, settings: dict[str, Any]) -> dict[str, Any]:
        kind, body = key.partition(".")[0], {name: value for name, value in settings.items() if name != "grants"}
        if kind == "jobs":
            number = self.ok("POST", "/api/2.2/jobs/create", body=body)["job_id"]
            owner = {"user_name": self.fake.user, "permission_level": "IS_OWNER"}
            group = {"group_name": "data-eng", "permission_level": "CAN_MANAGE"}
            given = self.ok("PUT", f"/api/2.0/permissions/jobs/{number}", body={"access_control_list": [owner, group]})
            assert given["object_id"] == f"/jobs/{number}"
            return {"__id__": str(number), "state": settings}
        made = self.ok("POST", f"/api/2.1/unity-catalog/{kind}", body=body)
        assert {name: made[name] for name in body} == body  # else the next plan finds a difference
        if settings.get("grants"):
            self.grant(made["full_name"], settings["grants"])
        return {"__id__": made["full_name"], "state": settings}

    def grant(self, name: str, grants: list[dict[str, Any]]) -> None:
        changes = [{"principal": g["principal"], "add": g["privileges"], "remove": ["ALL_PRIVILEGES"]} for g in grants]
        self.ok("PATCH", f"/api/2.1/unity-catalog/permissions/schema/{name}", body={"changes": changes})
        told = self.ok("GET", f"/api/2.1/unity-catalog/permissions/schema/{name}")["privilege_assignments"]
        assert [(each["principal"], each["privileges"]) for each in told] == [
            (each["principal"], sorted(each["privileges"])) for each in grants
        ]

    def update(self, key: str, there: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
        """Look at a resource, and change it where the bundle's is another."""
        kind, number = key.partition(".")[0], there["__id__"]
        if kind == "jobs":
            remote = self.ok("GET", "/api/2.2/jobs/get", {"job_id": number})["settings"]
            assert {name: remote[name] for name in there["state"]} == there["state"]
            levels = self.ok("GET", f"/api/2.0/permissions/jobs/{number}")["access_control_list"]
            assert [p["inherited"] for each in levels for p in each["all_permissions"]] == [False, False]
            if settings != there["state"]:
                body = {"job_id": int(number), "new_settings": settings}
                assert self.ok("POST", "/api/2.2/jobs/reset", body=body) == {}
        else:
            remote = self.ok("GET", f"/api/2.1/unity-catalog/{kind}/{number}")
            assert {name: remote[name] for name in settings if name != "grants"} == {
                name: value for name, value in settings.items() if name != "grants"
            }
        return {"__id__": number, "state": settings}

    def run(
        self, key: str, work: Callable[[Handed], None], **body: Any
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Run a job to its end; return the run, and the output of each task.

        Args:
            key: the job.
            work: does what the tasks would do.
            body: more of the request.
        """
        self.begin()
        number = int(self.pull()[f"resources.jobs.{key}"]["__id__"])
        run_id = self.ok("POST", "/api/2.2/jobs/run-now", body={"job_id": number, **body})["run_id"]
        work(self.runner.runs[-1])
        seen = []
        while True:
            run = self.ok("GET", "/api/2.2/jobs/runs/get", {"run_id": str(run_id)})
            seen.append(run["state"]["life_cycle_state"])
            if seen[-1] in ("TERMINATED", "INTERNAL_ERROR", "SKIPPED"):
                break
        assert seen[0] == "RUNNING"
        whole = self.ask("GET", "/api/2.2/jobs/runs/get-output", {"run_id": str(run_id)})
        assert (whole.status, whole.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")  # asked task by task
        left = {
            task["task_key"]: self.ok("GET", "/api/2.2/jobs/runs/get-output", {"run_id": str(task["run_id"])})
            for task in run["tasks"]
        }
        return run, left

    def destroy(self) -> None:
        self.begin()
        state = self.pull()
        assert self.status(self.root).status == 200
        if self.locks:
            self.lock()
        deletions = {"jobs": "/api/2.2/jobs/delete", "volumes": "volumes", "schemas": "schemas"}
        for kind, route in deletions.items():
            for key, there in state.items():
                number = there["__id__"]
                if not key.startswith(f"resources.{kind}."):
                    continue
                if kind == "jobs":
                    self.ok("GET", "/api/2.2/jobs/get", {"job_id": number})
                    assert self.ok("POST", route, body={"job_id": int(number)}) == {}
                else:
                    path = f"/api/2.1/unity-catalog/{route}/{number}"
                    self.ok("GET", path)
                    self.ok("DELETE", path, {"force": "true"} if kind == "schemas" else None)
        assert self.ok("POST", "/api/2.0/workspace/delete", body={"path": self.root, "recursive": True}) == {}


def form(fields: dict[str, str], content: bytes) -> bytes:
    """Return a form with a file in it."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = b'--b\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n\r\n'
    return b"".join([*parts, head, content, b"\r\n--b--\r\n"])
