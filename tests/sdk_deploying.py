"""Deploying a bundle with the vendor's SDK alone, in the order in which the databricks CLI sends its requests."""

from __future__ import annotations

import glob
import json
import time
import uuid
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from databricks.sdk.errors import ResourceDoesNotExist
from dex.bundle import Bundle, load_bundle
from dex.bundle.schema_names import schema_prefix
from support import uv

#: Folders of a project that nobody deploys.
LEFT_OUT = {".dex", ".git", ".venv", ".databricks", "__pycache__", "dist", ".gitignore"}


class Deployer:
    """Deploys to one folder of a workspace.

    Args:
        client: the vendor's client.
        root: where the bundle goes, such as ``/Workspace/Users/<me>/.bundle/<bundle>/<target>``.
    """

    def __init__(self, client: Any, root: str) -> None:
        self.client, self.root = client, root
        self.do = client.api_client.do

    def put(self, path: str, content: bytes, overwrite: bool = True) -> None:
        """Upload a file; make its folder where that is missing, and only then."""
        target = quote(path.lstrip("/"), safe="")
        url = f"/api/2.0/workspace-files/import-file/{target}?overwrite={str(overwrite).lower()}"
        try:
            self.do("POST", url, data=content)
        except ResourceDoesNotExist:
            self.do("POST", "/api/2.0/workspace/mkdirs", body={"path": path.rpartition("/")[0]})
            self.do("POST", url, data=content)

    def is_there(self, path: str) -> bool:
        """Return whether the workspace has a path."""
        try:
            self.do("GET", "/api/2.0/workspace/get-status", query={"path": path, "return_export_info": "true"})
        except ResourceDoesNotExist:
            return False
        return True

    def lock(self) -> str:
        """Take the deployment's lock and return its id."""
        number = str(uuid.uuid4())
        self.put(f"{self.root}/state/deploy.lock", json.dumps({"ID": number}).encode(), overwrite=False)
        return number

    def deploy(
        self,
        job: dict[str, Any],
        files: dict[str, bytes],
        wheels: dict[str, bytes],
        schemas: list[dict[str, Any]] | None = None,
        volumes: list[dict[str, Any]] | None = None,
    ) -> int:
        """Deploy files, wheels, schemas, volumes and a job, and return the job's id."""
        self.lock()
        internal = f"{self.root}/artifacts/.internal"
        try:
            self.do("POST", "/api/2.0/workspace/delete", body={"path": internal, "recursive": True})
        except ResourceDoesNotExist:
            self.do("POST", "/api/2.0/workspace/mkdirs", body={"path": internal})
        for name, content in wheels.items():
            self.put(f"{internal}/{name}", content)
        for name, content in files.items():
            self.put(f"{self.root}/files/{name}", content)
        self.put(f"{self.root}/state/deployment.json", b"{}")
        for schema in schemas or []:
            self.do("POST", "/api/2.1/unity-catalog/schemas", body=schema)
        for volume in volumes or []:
            self.do("POST", "/api/2.1/unity-catalog/volumes", body=volume)
        deployment = {"kind": "BUNDLE", "metadata_file_path": f"{self.root}/state/metadata.json"}
        body = {**job, "deployment": deployment, "edit_mode": "UI_LOCKED", "format": "MULTI_TASK"}
        number = int(self.do("POST", "/api/2.2/jobs/create", body=body)["job_id"])
        me = self.client.current_user.me().user_name
        owner = {"user_name": me, "permission_level": "IS_OWNER"}
        group = {"group_name": "data-eng", "permission_level": "CAN_MANAGE"}
        self.do("PUT", f"/api/2.0/permissions/jobs/{number}", body={"access_control_list": [owner, group]})
        self.put(f"{self.root}/state/resources.json", json.dumps({"state": {job["name"]: number}}).encode())
        self.put(f"{self.root}/state/metadata.json", b"{}")
        self.do("POST", "/api/2.0/workspace/delete", body={"path": f"{self.root}/state/deploy.lock"})
        return number

    def deploy_bundle(self, project: Path, target: str, *keys: str) -> dict[str, int]:
        """Build the wheel of a project, deploy jobs of its bundle, and return their ids by key.

        Args:
            project: folder of ``databricks.yml``.
            target: which of its targets.
            keys: keys of the jobs; one that runs another has to come after it.
        """
        bundle = load_bundle(project, target, facts={"bundle.target": target})
        wheels = {}
        if bundle.tree.at("artifacts") is not None:
            uv("build", "-q", "--wheel", "--no-build-isolation", "-o", project / "dist", project)
            wheels = {path.name: path.read_bytes() for path in (project / "dist").glob("*.whl")}
        files = {
            path.relative_to(project).as_posix(): path.read_bytes()
            for path in sorted(project.rglob("*"))
            if path.is_file() and not LEFT_OUT & {*path.relative_to(project).parts}
        }
        schemas = [_body(resource.plain()) for _, resource in bundle.resources("schemas")]
        volumes = [{"volume_type": "MANAGED", **_body(each.plain())} for _, each in bundle.resources("volumes")]
        prefix = schema_prefix(bundle, self.client.current_user.me().user_name.partition("@")[0])
        for volume in volumes:
            if volume["schema_name"] in {schema["name"] for schema in schemas}:
                volume["schema_name"] = prefix + volume["schema_name"]
        for schema in schemas:
            schema["name"] = prefix + schema["name"]
        numbers: dict[str, int] = {}
        for key in keys:
            job = json.dumps(self._there(bundle, bundle.job(key)))
            for name, number in numbers.items():
                job = job.replace("${resources.jobs." + name + ".id}", str(number))
            numbers[key] = self.deploy(json.loads(job), files, wheels, schemas, volumes)
            schemas = volumes = []
        return numbers

    def _there(self, bundle: Bundle, value: Any, name: str = "") -> Any:
        """Return settings of a job with the paths that they have in the workspace."""
        if isinstance(value, dict):
            return {key: self._there(bundle, each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._there(bundle, each, name) for each in value]
        if name == "notebook_path":
            return f"{self.root}/files/{PurePosixPath(value).with_suffix('')}"
        if name in ("python_file", "path"):
            return f"{self.root}/files/{value}"
        if name in ("dependencies", "whl") and value.endswith(".whl"):
            (found,) = glob.glob(value, root_dir=bundle.root)
            return f"{self.root}/artifacts/.internal/{PurePosixPath(found).name}"
        return value


def _body(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what the API is sent of a resource of Unity Catalog."""
    return {key: value for key, value in settings.items() if key not in ("lifecycle", "grants")}


def wait(client: Any, run_id: int) -> Any:
    """Return a run that has ended; asks often, where the SDK pauses for seconds."""
    while True:
        run = client.jobs.get_run(run_id)
        if run.state.life_cycle_state.value in ("TERMINATED", "SKIPPED", "INTERNAL_ERROR"):
            return run
        time.sleep(0.1)


def outputs(client: Any, run: Any) -> dict[str, Any]:
    """Return what the tasks of a run left, by key."""
    return {each.task_key: client.jobs.get_run_output(each.run_id) for each in run.tasks}
