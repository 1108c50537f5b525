"""The pipeline of Azure DevOps."""

from __future__ import annotations

from typing import Any

from dex.bundle import ci_lines as lines
from dex.bundle.ci_lines import Pipeline

_CACHE = "$(Pipeline.Workspace)/.uv-cache"


def pipelines_file(pipeline: Pipeline) -> dict[str, Any]:
    """Return ``azure-pipelines.yml``."""
    cache = {
        "task": "Cache@2",
        "displayName": "Packages",
        "inputs": {"key": 'uv | "$(Agent.OS)" | pyproject.toml', "restoreKeys": 'uv | "$(Agent.OS)"', "path": _CACHE},
    }
    report = {
        "task": "PublishTestResults@2",
        "displayName": "Report of the tests",
        "condition": "succeededOrFailed()",
        "inputs": {"testResultsFormat": "JUnit", "testResultsFiles": lines.JUNIT},
    }
    steps = [*_set_up(), cache, *_scripts(lines.check_steps(pipeline, "azure")), report]
    job = {
        "job": "check",
        "timeoutInMinutes": "30",
        "variables": {"UV_CACHE_DIR": _CACHE, **lines.check_variables(pipeline)},
        "steps": steps,
    }
    stages: list[dict[str, Any]] = [{"stage": "check", "displayName": "Check", "jobs": [job]}]
    pushed = "succeeded(), ne(variables['Build.Reason'], 'PullRequest')"
    if pipeline.dev is not None:
        on_main = f"eq(variables['Build.SourceBranch'], 'refs/heads/{lines.BRANCH}')"
        stages.append(_deploy(pipeline, "deploy_dev", pipeline.dev, f"and({pushed}, {on_main})"))
    if pipeline.prod is not None:
        on_tag = f"startsWith(variables['Build.SourceBranch'], 'refs/tags/{lines.TAGS[:-1]}')"
        stages.append(_deploy(pipeline, "deploy_prod", pipeline.prod, f"and({pushed}, {on_tag})", production=True))
    return {
        "trigger": {"branches": {"include": [lines.BRANCH]}, "tags": {"include": [lines.TAGS]}},
        "pr": {"branches": {"include": [lines.BRANCH]}},
        "pool": {"vmImage": "ubuntu-24.04"},
        "stages": stages,
    }


def _scripts(steps: list[tuple[str, str]], env: dict[str, str] | None = None) -> list[dict[str, Any]]:
    given = {"env": env} if env else {}
    return [{"script": line, "displayName": name, **given} for name, line in steps]


def _set_up() -> list[dict[str, Any]]:
    return [
        {"checkout": "self", "displayName": "Checkout"},
        {"task": "UsePythonVersion@0", "displayName": "Python", "inputs": {"versionSpec": lines.PYTHON}},
        {"script": f"python3 -m pip install --quiet uv=={lines.UV}", "displayName": "uv"},
    ]


def _deploy(pipeline: Pipeline, stage: str, target: str, condition: str, *, production: bool = False) -> dict[str, Any]:
    env = {
        "DATABRICKS_AUTH_TYPE": "azure-devops-oidc",
        "DATABRICKS_HOST": "$(DATABRICKS_HOST)",
        "DATABRICKS_CLIENT_ID": "$(DATABRICKS_CLIENT_ID)",
        "DEX_DATABRICKS_CLI": "/tmp/databricks-cli/databricks",
        "SYSTEM_ACCESSTOKEN": "$(System.AccessToken)",
    }
    install, ask = (steps := lines.deploy_steps(target, production=production))[:2], steps[2:]
    tool = {"script": " && ".join(lines.tool_lines()), "displayName": "The vendor's tool"}
    job = {
        "deployment": stage,
        "timeoutInMinutes": "60",
        "environment": target,
        "variables": [{"group": f"{pipeline.project}-{target}"}],
        "strategy": {"runOnce": {"deploy": {"steps": [*_set_up(), tool, *_scripts(install), *_scripts(ask, env)]}}},
    }
    return {
        "stage": stage,
        "displayName": f"Deploy to {target}",
        "dependsOn": "check",
        "condition": condition,
        "lockBehavior": "sequential",
        "jobs": [job],
    }
