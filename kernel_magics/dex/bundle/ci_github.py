"""The workflow of GitHub Actions."""

from __future__ import annotations

from typing import Any

from dex.bundle import ci_lines as lines
from dex.bundle.ci_lines import Pipeline

#: Actions at the commit of a release: a tag can be moved.
ACTIONS = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "astral-sh/setup-uv": ("c18668ad3cf93ea998bef934396af7bb5c839dc7", "v10.2.0"),
    "actions/upload-artifact": ("043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
}


def workflow(pipeline: Pipeline) -> dict[str, Any]:
    """Return ``.github/workflows/<project>.yml``."""
    check = {
        "runs-on": "ubuntu-24.04",
        "timeout-minutes": 30,
        "concurrency": {"group": f"{pipeline.project}-check-${{{{ github.ref }}}}", "cancel-in-progress": True},
        **({"env": given} if (given := lines.check_variables(pipeline)) else {}),
        "steps": [
            *_set_up(cache=True),
            *({"name": name, "run": line} for name, line in lines.check_steps(pipeline, "github")),
            {
                "name": "Report of the tests",
                "if": "${{ !cancelled() }}",
                "uses": _action("actions/upload-artifact"),
                "with": {"name": "tests", "path": lines.JUNIT, "if-no-files-found": "ignore"},
            },
        ],
    }
    jobs: dict[str, Any] = {"check": check}
    on_main = f"github.ref == 'refs/heads/{lines.BRANCH}'"
    if pipeline.dev is not None:
        jobs["deploy-dev"] = _deploy(pipeline, pipeline.dev, f"github.event_name == 'push' && {on_main}")
    if pipeline.prod is not None:
        asked = f"github.event_name == 'workflow_dispatch' && {on_main}"
        when = f"(github.event_name == 'push' && startsWith(github.ref, 'refs/tags/{lines.TAGS[:-1]}')) || ({asked})"
        jobs["deploy-prod"] = _deploy(pipeline, pipeline.prod, when, production=True)
    return {
        "name": pipeline.project,
        "on": {
            "pull_request": {"branches": [lines.BRANCH]},
            "push": {"branches": [lines.BRANCH], "tags": [lines.TAGS]},
            "workflow_dispatch": None,
        },
        "permissions": {"contents": "read"},
        "jobs": jobs,
    }


def with_tags(text: str) -> str:
    """Return the file's text with the release beside each action's commit."""
    for action, (_, tag) in ACTIONS.items():
        text = text.replace(f"uses: {_action(action)}\n", f"uses: {_action(action)} # {tag}\n")
    return text


def _action(name: str) -> str:
    return f"{name}@{ACTIONS[name][0]}"


def _set_up(*, cache: bool) -> list[dict[str, Any]]:
    glob = {"cache-dependency-glob": "pyproject.toml"} if cache else {}
    return [
        {"name": "Checkout", "uses": _action("actions/checkout"), "with": {"persist-credentials": False}},
        {
            "name": "uv",
            "uses": _action("astral-sh/setup-uv"),
            "with": {"version": lines.UV, "enable-cache": cache, **glob},
        },
    ]


def _deploy(pipeline: Pipeline, target: str, when: str, *, production: bool = False) -> dict[str, Any]:
    return {
        "needs": "check",
        "if": when,
        "runs-on": "ubuntu-24.04",
        "timeout-minutes": 60,
        "environment": target,
        "concurrency": {"group": f"{pipeline.project}-deploy-{target}", "cancel-in-progress": False},
        "permissions": {"contents": "read", "id-token": "write"},
        "env": {
            "DATABRICKS_AUTH_TYPE": "github-oidc",
            "DATABRICKS_HOST": "${{ vars.DATABRICKS_HOST }}",
            "DATABRICKS_CLIENT_ID": "${{ vars.DATABRICKS_CLIENT_ID }}",
            "DEX_DATABRICKS_CLI": "/tmp/databricks-cli/databricks",
        },
        "steps": [
            *_set_up(cache=False),
            {"name": "The vendor's tool", "run": " && ".join(lines.tool_lines())},
            *({"name": name, "run": line} for name, line in lines.deploy_steps(target, production=production)),
        ],
    }
