"""Write the messages as JSON Schema and TypeScript: ``python -m dex.bridge.generate [--check]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dex import __version__
from dex.bridge import exports, graphs, jobs, kernel, server
from dex.bridge.hub import PROTOCOL
from dex.bridge.message import Model, schema_of

HEADER = "// Made by `python -m dex.bridge.generate` from dex/bridge; do not edit."
#: What is generated, with the direction it is read in: pages get every field of what is sent to them.
SENT: tuple[type[Model], ...] = (*kernel.SENT, *server.SENT, *exports.SENT, *jobs.SENT, *graphs.SENT)
RECEIVED: tuple[type[Model], ...] = (
    *kernel.RECEIVED,
    *server.RECEIVED,
    *exports.RECEIVED,
    *jobs.RECEIVED,
    *graphs.RECEIVED,
)


def schemas() -> dict[str, Any]:
    """Return one JSON Schema document with every message and what it is made of."""
    definitions: dict[str, Any] = {}
    for models, received in ((SENT, False), (RECEIVED, True)):
        for model in models:
            schema = schema_of(model, received)
            definitions.update(schema.pop("$defs", {}))
            definitions[model.__name__] = schema
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages of dex",
        "protocol": PROTOCOL,
        "$defs": {name: _without_titles(definitions[name]) for name in sorted(definitions)},
    }


def typescript(document: Mapping[str, Any]) -> str:
    """Return the TypeScript of a document that `schemas` made."""
    constants = {
        "PROTOCOL": document["protocol"],
        "VERSION": __version__,
        "JOBS_EVENT": jobs.JOBS_EVENT,
        "PROGRESS_EVENT": graphs.PROGRESS_EVENT,
    }
    blocks = [HEADER, "\n".join(f"export const {name} = {json.dumps(value)};" for name, value in constants.items())]
    blocks += [_interface(name, schema) for name, schema in document["$defs"].items()]
    names = " | ".join(model.__name__ for model in kernel.SENT)
    blocks.append(f"/** What a kernel sends. */\nexport type KernelMessage = {names};")
    return "\n\n".join(blocks) + "\n"


def files() -> dict[str, str]:
    """Return the generated files by name."""
    document = schemas()
    return {
        "messages.schema.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        "messages.ts": typescript(document),
    }


def _without_titles(value: Any) -> Any:
    """Drop the titles that pydantic makes from names: they say nothing, and differ between its versions."""
    if isinstance(value, dict):
        return {k: _without_titles(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}
    return [_without_titles(item) for item in value] if isinstance(value, list) else value


def _interface(name: str, schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    lines = [f"/** {_first_line(schema.get('description', name))} */", f"export interface {name} {{"]
    for key, value in schema.get("properties", {}).items():
        lines.append(f"  {key}{'' if key in required else '?'}: {_type(value)};")
    return "\n".join([*lines, "}"])


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0].replace("``", "`")


def _type(schema: Mapping[str, Any]) -> str:
    """Return a schema as a TypeScript type.

    Raises:
        ValueError: the models use something that this generator does not know; it must not guess.
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(option) for option in schema["anyOf"])
    simple = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
    kind = schema.get("type")
    if kind in simple:
        return simple[kind]
    if kind == "array" and "items" in schema:
        inner = _type(schema["items"])
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"Record<string, {_type(schema['additionalProperties'])}>"
    raise ValueError(f"no TypeScript for {json.dumps(schema)}")


def default_folder() -> Path:
    """Return where the generated files stand in a checkout."""
    return Path(__file__).resolve().parents[3] / "extension/client/src/generated"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files, or with ``--check`` say which differ; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dex.bridge.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    parser.add_argument("--folder", type=Path, default=default_folder())
    arguments = parser.parse_args(argv)
    differing = [
        name
        for name, text in files().items()
        if not (arguments.folder / name).exists() or (arguments.folder / name).read_text("utf-8") != text
    ]
    if arguments.check:
        for name in differing:
            print(f"{name} is not what the models say: run python -m dex.bridge.generate", file=sys.stderr)
        return 1 if differing else 0
    from dex.files import write_atomically

    for name in differing:
        write_atomically(arguments.folder / name, files()[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
