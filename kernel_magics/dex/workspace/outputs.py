"""What tasks left, as anybody may see it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dex.workspace.runner import Output, hide

if TYPE_CHECKING:
    from dex.workspace.state import Workspace


def without_secrets(workspace: Workspace, output: Output | None) -> Output | None:
    """Return what a task left, without the tokens and the secrets of the workspace."""
    if output is None:
        return None
    secrets = [*workspace.users, *(value for keys in workspace.secrets.values() for value in keys.values())]

    def shown(value: Any) -> Any:
        if isinstance(value, str):
            return hide(value, secrets)
        if isinstance(value, dict):
            return {key: shown(each) for key, each in value.items()}
        return [shown(each) for each in value] if isinstance(value, list) else value

    return replace(
        output,
        logs=shown(output.logs),
        notebook=shown(output.notebook),
        error=shown(output.error),
        trace=shown(output.trace),
        update=shown(output.update),
    )
