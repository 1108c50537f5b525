"""The pipeline of GitLab."""

from __future__ import annotations

from typing import Any

from dex.bundle import ci_lines as lines
from dex.bundle.ci_lines import Pipeline

_ON_MAIN = "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
_ON_TAG = f"$CI_COMMIT_TAG =~ /^{lines.TAGS[:-1]}/"
_SET_UP = f"python3 -m pip install --quiet uv=={lines.UV}"


def pipeline_file(pipeline: Pipeline) -> dict[str, Any]:
    """Return ``.gitlab-ci.yml``."""
    check = {
        "stage": "check",
        "interruptible": True,
        "timeout": "30 minutes",
        "variables": {"UV_CACHE_DIR": "$CI_PROJECT_DIR/.uv-cache", **lines.check_variables(pipeline)},
        "cache": {"key": {"files": ["pyproject.toml"]}, "paths": [".uv-cache"]},
        "before_script": [_SET_UP],
        "script": [line for _, line in lines.check_steps(pipeline, "gitlab")],
        "artifacts": {"when": "always", "expire_in": "30 days", "reports": {"junit": lines.JUNIT}},
    }
    jobs: dict[str, Any] = {"check": check}
    if pipeline.dev is not None:
        jobs["deploy-dev"] = _deploy(pipeline, pipeline.dev, [{"if": _ON_MAIN}])
    if pipeline.prod is not None:
        by_hand = {"if": _ON_MAIN, "when": "manual", "allow_failure": True}
        jobs["deploy-prod"] = _deploy(pipeline, pipeline.prod, [{"if": _ON_TAG}, by_hand], production=True)
    return {
        "workflow": {
            "rules": [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}, {"if": _ON_MAIN}, {"if": _ON_TAG}]
        },
        "default": {"image": f"python:{lines.PYTHON}-bookworm"},
        "stages": ["check", "deploy"],
        **jobs,
    }


def _deploy(
    pipeline: Pipeline, target: str, rules: list[dict[str, Any]], *, production: bool = False
) -> dict[str, Any]:
    return {
        "stage": "deploy",
        "needs": [{"job": "check", "artifacts": False}],
        "rules": rules,
        "timeout": "1 hour",
        "environment": {"name": target},
        "resource_group": f"{pipeline.project}-{target}",
        "id_tokens": {"DATABRICKS_OIDC_TOKEN": {"aud": "$DATABRICKS_OIDC_AUDIENCE"}},
        "variables": {"DATABRICKS_AUTH_TYPE": "env-oidc", "DEX_DATABRICKS_CLI": "/tmp/databricks-cli/databricks"},
        "before_script": [_SET_UP, *lines.tool_lines()],
        "script": [line for _, line in lines.deploy_steps(target, production=production)],
    }
