"""``%dex_env``: bind an environment, or show all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.magics.arguments import MagicParser
from dex.magics.show import facts, show

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PARSER = MagicParser("%dex_env", "Bind this notebook to an environment; without a name, show them all.")
PARSER.add_argument("name", nargs="?", help="an environment of the project, such as local, dev or prod")
PARSER.add_argument("--engine", help="use this engine type instead of the configured one")
PARSER.add_argument(
    "--confirm", metavar="NAME", help="the environment's name again, to allow writes that its guard asks for"
)


def run(shell: InteractiveShell, line: str) -> None:
    """Bind the environment named on the line and show what is bound."""
    arguments = PARSER.parse_line(line)
    if arguments.name is None and arguments.engine is None:
        _show_all()
        return
    from dex import session

    bound = session.bind(arguments.name, engine=arguments.engine, confirm=arguments.confirm, namespace=shell.user_ns)
    show(environment_facts(bound.environment, bound.spark.version), {"seconds": round(session.state().seconds, 3)})


def environment_facts(environment: Any, spark_version: str) -> dict[str, Any]:
    """Return the bundle that says which environment is bound."""
    schemas = ", ".join(f"{environment.schema_prefix}{name}" for name in environment.schemas.values())
    from dex.guard import guard_status

    guard = guard_status(environment)
    return facts(
        "environment",
        {
            "environment": f"{environment.name} ({environment.kind})",
            "engine": f"{environment.engine.type}, Spark {spark_version}",
            "catalog": f"{environment.catalog} ({schemas})",
            "writes": writes_shown(guard),
            **({"largest scan": guard.scan} if guard.scan else {}),
        },
        {
            "environment": environment.name,
            "kind": environment.kind,
            "engine": environment.engine.type,
            "spark": spark_version,
            "catalog": environment.catalog,
            "schemas": environment.schemas,
            "writes": guard.writes,
            **({"confirmed": True} if guard.confirmed else {}),
            **({"scan": guard.scan} if guard.scan else {}),
        },
    )


def writes_shown(guard: Any) -> str:
    """Return what a guard does with writes, in words; `guard` has its `writes` and `confirmed`."""
    return f"{guard.writes}, confirmed in this notebook" if guard.confirmed else str(guard.writes)


def _show_all() -> None:
    from dex_dbutils import DexError
    from dex_dbutils.config import environment_names, find_project, load_environment

    from dex import session

    project = find_project()
    bound = session.current()
    lines: dict[str, str] = {}
    payload: list[dict[str, Any]] = []
    for name in environment_names(project):
        mark = " (bound)" if bound is not None and bound.environment.name == name else ""
        try:
            environment = load_environment(name)
        except DexError as error:
            lines[name] = f"cannot be used: {error.code}"
            payload.append({"name": name, "error": error.to_dict()})
            continue
        lines[name] = f"{environment.kind}, {environment.engine.type}, catalog {environment.catalog}{mark}"
        payload.append(
            {
                "name": name,
                "kind": environment.kind,
                "engine": environment.engine.type,
                "catalog": environment.catalog,
                "bound": bool(mark),
            }
        )
    show(facts("environments", lines, {"environments": payload}))
