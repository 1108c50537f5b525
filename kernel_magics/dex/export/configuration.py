"""Parameters of a notebook as a pipeline's configuration: its text, and the lines of a source that read it."""

from __future__ import annotations

from dex.export.parameters import Parameter, Parameters, default_text
from dex.export.pieces import literal

_JSON = ("list", "dict", "tuple", "set")


def configured(parameters: Parameters, more: dict[str, str] | None = None) -> str:
    """Return the line that reads the parameters; texts become what the notebook has, as those of a job do.

    Args:
        parameters: what the notebook is told.
        more: further fields -> their defaults.
    """
    fields = [f"{name}=spark.conf.get({literal(name)}, {literal(default)})" for name, default in (more or {}).items()]
    fields += [f"{p.name}={_read(p)}" for p in parameters.ordered()]
    return f"{parameters.variable} = SimpleNamespace({', '.join(fields)})"


def configuration(parameters: Parameters) -> dict[str, str]:
    """Return the parameters with their defaults, as a pipeline's `configuration` has them."""
    return {parameter.key: default_text(parameter) for parameter in parameters.ordered()}


def needs_json(parameters: Parameters) -> bool:
    """Return whether a parameter is read as JSON."""
    return any(parameter.type in _JSON for parameter in parameters.found.values())


def _read(parameter: Parameter) -> str:
    text = f"spark.conf.get({literal(parameter.key)}, {literal(default_text(parameter))})"
    kind = parameter.type.removeprefix("Optional[").removesuffix("]")
    if kind == "bool":
        made = f'{text}.strip().lower() in ("true", "1", "yes", "on")'
    elif kind in ("int", "float"):
        made = f"{kind}({text})"
    elif kind in _JSON:
        made = f"json.loads({text})" if kind in ("list", "dict") else f"{kind}(json.loads({text}))"
    else:
        made = text
    if not parameter.type.startswith("Optional"):
        return made
    return f"{text} or None" if kind == "str" else f"{made} if {text} else None"
