"""What every message between kernel, server and page is made of; JSON Schema and TypeScript are generated from the models.

Nothing in a message may be a secret: what is in a message is in the browser.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Base of every message: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


def schema_of(model: type[BaseModel], received: bool) -> dict[str, Any]:
    """Return the JSON Schema of a message."""
    return model.model_json_schema(mode="validation" if received else "serialization")
