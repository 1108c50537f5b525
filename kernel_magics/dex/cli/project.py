"""``dex env``, ``dex doctor``: what the project says and what this machine has."""

from __future__ import annotations

from typing import Annotated

import typer
from dex_dbutils import DexError, load_environment
from dex_dbutils.config import find_project

from dex.cli.output import JsonOption, ProjectOption, emit, table


def env(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show everything that holds in this environment.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the environments of the project, or show one; exit 2 if the default one cannot be used."""
    from dex_dbutils.config import environment_names

    if name is not None:
        shown = load_environment(name)
        emit(shown, as_json, lambda: _as_yaml(shown.model_dump(mode="json")))
        return
    found = find_project()
    rows: list[dict[str, object]] = []
    errors: dict[str, None] = {}  # each once: what is wrong in base.yaml is wrong in every environment
    for each in environment_names(found):
        try:
            e = load_environment(each)
            rows.append(
                {"name": each, "kind": e.kind, "engine": e.engine.type, "catalog": e.catalog, "writes": e.writes}
            )
        except DexError as error:
            rows.append({"name": each, "error": error.to_dict()})
            errors.setdefault(str(error))
    unusable: DexError | None = None
    try:
        load_environment()
    except DexError as error:
        unusable = error
        errors.setdefault(str(error))
    headers = ("name", "kind", "engine", "catalog", "writes")
    emit(
        {"project": found.name if found.exists else None, "default": found.default_environment, "environments": rows},
        as_json,
        lambda: "\n\n".join(
            [
                table(
                    headers, [[row.get(h, "cannot be used" if h == "kind" else "") for h in headers] for row in rows]
                ),
                *errors,
            ]
        ),
    )
    if unusable is not None:
        raise typer.Exit(unusable.exit_code)


def doctor(
    fix: Annotated[
        bool,
        typer.Option(
            "--fix", help="Write what ruff, nbqa and jupytext lack into the project's settings; show the diff."
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="With --fix: write nothing; exit 1 if something is lacking.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check this machine and this project; exit 1 if something needs mending."""
    from dex.doctor import fix_settings, run_doctor

    if check and not fix:
        raise typer.BadParameter("--check goes with --fix; `dex doctor` alone writes nothing.")
    if fix:
        fixed = fix_settings(find_project(), check=check)
        emit(fixed, as_json, fixed.to_text)
        if fixed.changes and not fixed.written:
            raise typer.Exit(1)
        return

    report = run_doctor(find_project())
    emit(
        report,
        as_json,
        lambda: table(
            ("", "check", "found", "next"), [(c.status, c.name, c.detail, c.remedy or "") for c in report.checks]
        ),
    )
    if any(check.status == "failed" for check in report.checks):
        raise typer.Exit(1)


def _as_yaml(value: object) -> str:
    import yaml

    return yaml.safe_dump(value, sort_keys=False).rstrip()
