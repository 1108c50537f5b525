"""How a generated test runs `main`: in which session, on which tables, and what may stand in its way."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from dex.export.own_names import OwnTables
from dex.export.parameters import Parameters
from dex.export.pieces import Piece, literal
from dex.export.placement import Names
from dex.export.tables import Table, Tables, tables_of

_LOOKUPS = tuple(f"dex_dbutils.{n}" for n in ("get_table_name", "get_session", "get_spark", "load_environment"))
#: Beginnings of calls that a test cannot turn elsewhere, and what they do.
_OUTSIDE = {
    "dbutils.notebook.run": "runs another notebook, on the tables of the environment",
    "dbutils.secrets.": "asks for a secret",
}
_CONTEXT = ("sparkContext", "rdd")
#: What Spark's client brings along.
_THERE = ("pyspark", "dex_dbutils", "pandas", "numpy", "pyarrow")


@dataclass(frozen=True)
class Run:
    """What a run of a module's `main` needs and touches.

    Attributes:
        own: tables of its own statements.
        tables: those, and the tables of the modules whose `main` it calls.
        calls: these modules.
        obstacle: why no test on any machine can run it, whatever it is told; or nothing.
        context: it uses a SparkContext.
    """

    own: Tables
    tables: Tables
    calls: tuple[str, ...]
    obstacle: str
    context: bool


def run_of(pieces: list[Piece], names: Names, undefined: list[str], called: dict[str, Run]) -> Run:
    """Return what a run of `main` needs and touches.

    Args:
        pieces: the notebook's statements, placed.
        names: who binds what.
        undefined: names that no cell sets.
        called: runs of the modules of the notebooks that it runs, by name.
    """
    own = tables_of(pieces)
    tables = own
    for run in reversed(called.values()):
        tables = run.tables.before(tables)
    obstacle = _obstacle(pieces, names, own, undefined)
    return Run(
        own,
        tables,
        tuple(dict.fromkeys([*called, *(name for run in called.values() for name in run.calls)])),
        next((found for found in (obstacle, *(run.obstacle for run in called.values())) if found), ""),
        _needs_context(pieces) or any(run.context for run in called.values()),
    )


def without_values(parameters: Parameters) -> str:
    """Return which values nobody gives to `main` in a test, or nothing."""
    if variables := parameters.variables():
        return f"main needs `{variables[0].variable}` of a notebook that runs it"
    missing = [p.key for p in parameters.ordered() if p.default is None]
    return f"main needs a value for {', '.join(missing)}, which the notebook does not give" if missing else ""


def _obstacle(pieces: list[Piece], names: Names, tables: Tables, undefined: list[str]) -> str:
    if undefined:
        return f"main needs `{undefined[0]}`, which no cell sets"
    if tables.fixed:
        return f"main writes to a fixed place: {tables.fixed[:80]}"
    kept = [p for p in pieces if p.place in ("main", "module") and p.node is not None]
    used = {n for p in kept for n in p.flow.needs}
    looks_up = next((n for n, s in sorted(names.imports.items()) if s in _LOOKUPS and n in used), "")
    if looks_up:
        return f"main looks the environment up by itself with {looks_up}, so it cannot be turned to other tables"
    for piece in kept:
        for word, what in _OUTSIDE.items():
            if word in piece.text and any(ast.unparse(n).startswith(word) for n in _attributes(piece)):
                return f"main {what}"
    return "main reads tables whose names are only known when it runs" if tables.unclear else ""


def _needs_context(pieces: list[Piece]) -> bool:
    kept = [p for p in pieces if p.place in ("main", "module") and p.node is not None]
    return any("sc" in p.flow.needs or any(n.attr in _CONTEXT for n in _attributes(p)) for p in kept)


def fixtures(run: Run, *, package: str, module: str, known_as: str) -> str:
    """Return the fixtures `session` and `after_main` of a test file.

    Args:
        run: what a run of `main` needs and touches.
        package: the module's package.
        module: its name.
        known_as: that name in the test file.
    """
    needed = [
        'if not hasattr(spark, "sparkContext"):',
        '    pytest.skip("main uses a SparkContext, which a session over Spark Connect has not")',
    ]
    body = _own_warehouse(run.tables, module) if _names_itself(run.tables) else _own_schemas(run.tables, module)
    lines = "\n".join(f"    {line}" for line in [*body[:2], *(needed if run.context else []), *body[2:]])
    others = "".join(
        f"\n        patch.setattr({literal(f'{package}.{name}.load_environment')}, "
        "lambda *_, **__: session.environment, raising=False)"
        for name in run.calls
    )
    return f"""@pytest.fixture(scope="module")
def session(spark: SparkSession) -> Session:
{lines}


@pytest.fixture(scope="module")
def after_main(session: Session) -> Session:
    \"\"\"The session after `main` has run in it.\"\"\"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr({known_as}, "load_environment", lambda *_, **__: session.environment, raising=False){others}
        {known_as}.main(session.spark, Params(env=session.environment.name))
    return session"""


def session_import(tables: Tables) -> str:
    """Return what a test file imports for its session."""
    if _names_itself(tables):
        return "from dex_dbutils.session import keeps_apart, scratch_warehouse"
    return f"from dex_dbutils.session import {'copy_table, ' if tables.reads else ''}scratch_session"


def where_it_runs(tables: Tables) -> str:
    """Return the sentence on tables in the head of a test file."""
    if _names_itself(tables):
        return (
            "`main` runs once, in an empty warehouse of its own, with the names that the notebook gives its tables: only a\n"
            "local engine keeps such tables apart from those of people."
        )
    return (
        "`main` runs once, on tables of its own: the schemas of the environment with a prefix in front of their names."
    )


def _names_itself(tables: Tables) -> bool:
    return bool(tables.own.first or tables.own.reads)


def _own_schemas(tables: Tables, module: str) -> list[str]:
    writes = f", writes={_pairs(tables.writes)}" if tables.writes else ""
    made = f'scratch_session(base, "test", {literal(f"test_{module}_")}, spark=spark{writes})'
    lines = [
        '"""A session on schemas of its own, on the engine of the fixture `spark`."""',
        "base = load_environment(start=Path(__file__))",
        'assert base.kind != "production", "these tests write tables: set DEX_ENV to another environment"',
    ]
    if not tables.reads:
        return [*lines, f"return {made}"]
    return [
        *lines,
        f"own = {made}",
        f"for layer, table in {_pairs(tables.reads)}:",
        "    if not copy_table(base, own, layer, table):",
        '        pytest.skip(f"main reads {base.table_name(layer, table)}, which is not there")',
        "return own",
    ]


def _own_warehouse(tables: Tables, module: str) -> list[str]:
    read = [f"base.table_name({literal(layer)}, {literal(table)})" for layer, table in tables.reads]
    read += [literal(name) for name in tables.own.reads]
    named = tables.own.first or next(iter(tables.own.reads))
    lines = [
        '"""A session on a warehouse of its own, on the engine of the fixture `spark`."""',
        "base = load_environment(start=Path(__file__))",
        "if not keeps_apart(base, spark):",
        f"    pytest.skip({literal(f'main names {named} itself: only a local engine keeps it apart')})",
    ]
    if not read:
        return [*lines, f"return scratch_warehouse(base, {literal(f'test_{module}')})[0]"]
    return [
        *lines,
        f"own, missing = scratch_warehouse(base, {literal(f'test_{module}')}, tables=[{', '.join(read)}])",
        "if missing:",
        '    pytest.skip(f"main reads {missing[0]}, which is not there")',
        "return own",
    ]


def _pairs(tables: Iterable[Table]) -> str:
    return "[" + ", ".join(f"({literal(layer)}, {literal(table)})" for layer, table in tables) + "]"


def smoke(writes: list[Table], own: OwnTables, obstacle: str) -> str:
    """Return the test that `main` runs to its end.

    Args:
        writes: tables that should have rows then, by layer and name.
        own: tables under names of the notebook's own.
        obstacle: why it cannot be run.
    """
    if obstacle:
        return (
            f"@pytest.mark.skip(reason={literal(obstacle)})\n"
            "def test_main_runs_to_its_end(after_main: Session) -> None:\n"
            '    """Main runs, and every table it writes has rows."""\n'
        )
    checks = [f"    assert after_main.read({literal(t[0])}, {literal(t[1])}).limit(1).count() == 1" for t in writes]
    if len(writes) > 1:
        checks = [
            f"    for layer, table in {_pairs(writes)}:",
            '        assert after_main.read(layer, table).limit(1).count() == 1, f"{layer}.{table} has no rows"',
        ]
    checks += [f"    assert after_main.spark.table({literal(name)}).limit(1).count() == 1" for name in own.left]
    what = (
        "Main runs, and every table it writes has rows."
        if checks
        else "Main runs to its end and leaves the session at work."
    )
    return f'def test_main_runs_to_its_end(after_main: Session) -> None:\n    """{what}"""\n' + (
        "\n".join(checks) if checks else "    assert after_main.spark.range(1).count() == 1"
    )


def third_party(pieces: list[Piece], package: str) -> list[str]:
    """Return lines that skip a test file where a package is missing which only the job or the platform has."""
    found: dict[str, None] = {}
    for piece in pieces:
        node = piece.node
        if piece.place != "import" or not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for module in modules:
            if module.partition(".")[0] not in (*sys.stdlib_module_names, *_THERE, package, ""):
                found[module] = None
    return [f"pytest.importorskip({literal(module)})" for module in found]


def _attributes(piece: Piece) -> list[ast.Attribute]:
    return [n for n in ast.walk(piece.node) if isinstance(n, ast.Attribute)] if piece.node is not None else []
