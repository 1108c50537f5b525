"""SQL text inside proposed code: parsed, and held against an allow-list of functions."""

from __future__ import annotations

from dex_agents.gate import names


def refused_sql(text: str) -> str | None:
    """Return why a SQL expression may not be used, or None.

    What cannot be parsed is refused, and so is a query: an expression needs no table of its own.
    """
    import sqlglot
    from sqlglot import expressions as exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(f"SELECT {text}", read="databricks")
    except SqlglotError:
        return "it cannot be parsed"
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        return "it is no expression"
    tree = statements[0]
    extra = [key for key, value in tree.args.items() if value and key not in ("expressions", "kind", "hint")]
    if extra:
        return "it holds more than expressions"
    for node in tree.walk():
        if node is not tree and isinstance(node, exp.Query | exp.Table | exp.Subquery | exp.Command | exp.DDL):
            return "it reads tables of its own"
        if isinstance(node, exp.Parameter | exp.SessionParameter | exp.Placeholder):
            return "it takes values from outside"
        if isinstance(node, exp.Anonymous):
            if node.name.lower() not in names.sql_functions():
                return f"the function `{node.name}` is not allowed"
        elif isinstance(node, exp.Func):
            spellings = {word.lower() for word in node.sql_names()}
            rendered = node.sql(dialect="databricks").partition("(")[0].strip().lower()
            allowed = names.sql_functions()
            if not (spellings | {rendered}) & allowed and not isinstance(node, exp.Case | exp.And | exp.Or | exp.Xor):
                return f"the function `{rendered or type(node).__name__.lower()}` is not allowed"
    return None
