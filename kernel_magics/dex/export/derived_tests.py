"""Tests from a notebook: its asserts, and a run of `main` on tables of its own.

Asserts stay in `main` as well: a job whose data is not what the notebook was sure of must fail, as the notebook did.
"""

from __future__ import annotations

import ast

from dex.export.formatting import format_python
from dex.export.parameters import Parameters
from dex.export.pieces import Piece, literal
from dex.export.placement import Names
from dex.export.regions import indent
from dex.export.slicing import TAKEN, DerivedTest
from dex.export.tables import Tables

_LOOKUPS = tuple(f"dex_dbutils.{n}" for n in ("get_table_name", "get_session", "get_spark", "load_environment"))


def render_tests(
    tests: list[DerivedTest],
    pieces: list[Piece],
    names: Names,
    parameters: Parameters,
    tables: Tables,
    *,
    notebook: str,
    package: str,
    module: str,
) -> tuple[str, list[str]]:
    """Return the source of the test file and the names of its tests."""
    used = {n for p in pieces if p.place in ("main", "module") for n in p.flow.needs}
    looks_up = next((n for n, s in sorted(names.imports.items()) if s in _LOOKUPS and n in used), "")
    obstacle = _obstacle(parameters, tables, looks_up)
    needed = {n for test in tests for n in test.needs}
    known_as = module if module not in TAKEN and module not in names.module else "module_under_test"
    imported_as = module if known_as == module else f"{module} as {known_as}"
    imports = [p for p in pieces if p.place == "import"]
    lines = _imports(imports, needed)
    own = sorted(n for n in needed & names.module if n not in names.imports)
    head = [
        f'"""Tests of {package}.{module}, made from {notebook} by `dex export`.',
        "",
        "`main` runs once, on tables of its own: the schemas of the environment with a prefix in front of their names.",
        "Set DEX_ENV to run in another environment than the project's default.",
        '"""',
        "",
        "from collections.abc import Iterator",
        "from pathlib import Path",
        "",
        "import pytest",
        "from dex_dbutils import Session, get_session, load_environment",
        *(["from dex_dbutils.catalog import prepare_warehouse"] if tables.reads else []),
        *lines,
        "",
        f"from {package} import {imported_as}",
        f"from {package}.{module} import {', '.join(sorted({'Params', *own}))}",
    ]
    body = [_FIXTURES.format(prefix=f"test_{module}_", inputs=_inputs(tables), module=known_as)]
    body.append(_smoke(tables, obstacle))
    shown = ["test_main_runs_to_its_end"]
    for test in tests:
        body.append(_render(test, obstacle))
        shown.append(test.name)
    source = "\n".join(head) + "\n\n\n" + "\n\n\n".join(body) + "\n"
    return format_python(source, package, sort_imports=True), shown


def _obstacle(parameters: Parameters, tables: Tables, looks_up: str) -> str:
    """Return why `main` cannot be run by a test, or nothing."""
    missing = [p.key for p in parameters.ordered() if p.default is None]
    if missing:
        return f"main needs a value for {', '.join(missing)}, which the notebook does not give"
    if tables.fixed:
        return f"main writes to a fixed place: {tables.fixed[:80]}"
    if looks_up:
        return f"main looks the environment up by itself with {looks_up}, so it cannot be turned to other tables"
    if tables.unclear:
        return "main reads tables whose names are only known when it runs"
    return ""


def _imports(pieces: list[Piece], needed: set[str]) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        node = piece.node
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        kept = [
            a
            for a in node.names
            if a.name == "*"
            or (a.asname or (a.name.partition(".")[0] if isinstance(node, ast.Import) else a.name)) in needed
        ]
        if isinstance(node, ast.ImportFrom) and node.module in ("__future__", "dex_dbutils"):
            continue
        if kept:
            text = ast.unparse(
                ast.Import(kept) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, kept, node.level)
            )
            if text not in lines:
                lines.append(text)
    return lines


_FIXTURES = '''@pytest.fixture(scope="module")
def session() -> Session:
    """A session on schemas of its own."""
    base = load_environment(start=Path(__file__))
    assert base.kind != "production", "these tests write tables: set DEX_ENV to another environment"
    own = {{"name": f"{{base.name}}_test", "schema_prefix": f"{{base.schema_prefix}}{prefix}"}}
    own_session = get_session(base.model_copy(update=own))
{inputs}    return own_session


@pytest.fixture(scope="module")
def after_main(session: Session) -> Iterator[Session]:
    """The session after `main` has run in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr({module}, "load_environment", lambda *_, **__: session.environment, raising=False)
        {module}.main(session.spark, Params(env=session.environment.name))
    yield session'''


def _inputs(tables: Tables) -> str:
    """Return the lines that copy what `main` reads but does not write."""
    if not tables.reads:
        return ""
    pairs = ", ".join(f"({literal(layer)}, {literal(table)})" for layer, table in tables.reads)
    return f"""    prepare_warehouse(own_session.spark, base)
    for layer, table in [{pairs}]:
        theirs = base.table_name(layer, table)
        if not own_session.spark.catalog.tableExists(theirs):
            pytest.skip(f"main reads {{theirs}}, which is not there")
        own_session.spark.table(theirs).write.mode("overwrite").saveAsTable(own_session.table(layer, table))
"""


def _smoke(tables: Tables, obstacle: str) -> str:
    if obstacle:
        return (
            f"@pytest.mark.skip(reason={literal(obstacle)})\n"
            "def test_main_runs_to_its_end(after_main: Session) -> None:\n"
            '    """Main runs, and every table it writes has rows."""\n'
        )
    checks = [
        f"    assert after_main.read({literal(t[0])}, {literal(t[1])}).limit(1).count() == 1" for t in tables.writes
    ]
    what = (
        "Main runs, and every table it writes has rows."
        if checks
        else "Main runs to its end and leaves the session at work."
    )
    return f'def test_main_runs_to_its_end(after_main: Session) -> None:\n    """{what}"""\n' + (
        "\n".join(checks) if checks else "    assert after_main.spark.range(1).count() == 1"
    )


def _render(test: DerivedTest, obstacle: str) -> str:
    piece = test.piece
    where = f"Cell {piece.cell.number} ({piece.cell.id}), line {piece.statement.line}."
    lines = [f'"""{where}"""']
    argument = ""
    mark = ""
    if test.on_tables:
        argument = "after_main: Session"
        if "session" in test.needs:
            lines.append("session = after_main")
        if "spark" in test.needs:
            lines.append("spark = after_main.spark")
        if obstacle:
            mark = f"@pytest.mark.skip(reason={literal(obstacle)})\n"
    for name in sorted({"params", "job_params"} & test.needs):
        lines.append(f"{name} = Params({'env=after_main.environment.name' if test.on_tables else ''})")
        if obstacle:
            mark = f"@pytest.mark.skip(reason={literal(obstacle)})\n"
    lines += [p.text for p in test.setup]
    lines.append(piece.text)
    return f"{mark}def {test.name}({argument}) -> None:\n" + indent("\n".join(lines))
