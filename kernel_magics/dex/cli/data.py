"""``dex profile``, ``dex agent``, ``dex runs``: what is in the data, and who worked on it."""

from __future__ import annotations

from typing import Annotated

import typer
from dex_dbutils import DexError
from dex_dbutils.config import find_project

from dex.cli.output import EnvOption, JsonOption, ProjectOption, emit, table


def profile(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A table (layer.table or its full name) or a path.")],
    columns: Annotated[str | None, typer.Option(help="Only these columns, separated by commas.")] = None,
    save: Annotated[str | None, typer.Option(help="Keep the profile under .dex/profiles/NAME.json.")] = None,
    env: EnvOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Profile a table or a file in one scan."""
    from dex import profiles, session

    if save:
        profiles.saved_path(save)  # a name that cannot be used costs no scan
    session.bind(env)
    result = profiles.profile_value(source, name=source, columns=columns.split(",") if columns else None)
    if save:
        profiles.save(result, save)
    emit(result.to_dict() if as_json else result, as_json, result.to_text)


def agent(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="The agent's job, such as silver.")],
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="What you want, in prose.")],
    frame: Annotated[
        list[str],
        typer.Option(
            "--frame", "-f", help="NAME=TABLE: a frame, and its table (layer.table or its full name) or path."
        ),
    ],
    into: Annotated[str | None, typer.Option(help="Name of the frame that the proposed code binds.")] = None,
    provider: Annotated[str | None, typer.Option(help="Who answers: rules or openai.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Make the request, send nothing.")] = False,
    env: EnvOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask an agent for a transformation; exit 1 if its proposal was not verified."""
    from dex import agents, profiles, session

    pairs = [_split_frame(text) for text in frame]
    session.bind(env)
    frames = {name: profiles.read_frame(source) for name, source in pairs}
    result = agents.ask(role=role, text=request, frames=frames, into=into, provider=provider, dry_run=dry_run)
    emit(result, as_json, result.to_text)
    if not dry_run and (result.verdict is None or result.verdict.status != "passed"):
        raise typer.Exit(1)


def runs(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the last runs of the project: agents, exports, notebooks."""
    from dex_agents import Ledger

    found = Ledger(find_project()).runs(limit=limit)
    emit(
        found,
        as_json,
        lambda: (
            table(
                ("started", "kind", "role", "environment", "status", "request"),
                [
                    (
                        f"{r.started.astimezone():%Y-%m-%d %H:%M:%S}",
                        r.kind,
                        r.role,
                        r.environment,
                        r.status,
                        r.summary[:60],
                    )
                    for r in found
                ],
            )
            if found
            else "No runs yet."
        ),
    )


def _split_frame(text: str) -> tuple[str, str]:
    name, separator, source = text.partition("=")
    if not separator or not name.isidentifier() or not source:
        raise DexError(
            "DEX-CLI-01", f"`{text}` names no frame.", remedy="Write NAME=TABLE, such as flights_raw=bronze.flights."
        )
    return name, source
