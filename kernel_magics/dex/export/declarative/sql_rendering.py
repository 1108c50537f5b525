"""The SQL source that a notebook of nothing but SQL becomes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from dex.export.declarative.assembling import Dataset
from dex.export.declarative.columns import columns_of
from dex.export.declarative.models import Options
from dex.export.declarative.reading import Declaration, Read


def render_sql(read: Read, datasets: Sequence[Dataset], key: str) -> str:
    """Return the source of one notebook's tables.

    Args:
        read: the notebook.
        datasets: every table of the pipeline.
        key: key of the pipeline.
    """
    own = [(d.parts[n][1].at, d, n) for d in datasets for n, (other, _) in enumerate(d.parts) if other is read]
    made_from = f"Made from {read.stepped.shown} by `dex bundle emit {key}`: change the notebook and emit again."
    parts = [f"-- Tables of the pipeline `{key}`.\n-- {made_from}"]
    said: dict[str, str] = {}
    for _, dataset, number in sorted(own, key=lambda each: each[0]):
        made = dataset.parts[number][1]
        for name, value in made.write.options.conf.items():
            if said.get(name) != value:
                parts.append(f"SET {_plain(name)} = {_plain(value)};")
                said[name] = value
        comments = [f"--{comment.lstrip('#')}" for comment in made.comments]
        parts.append("\n".join([*comments, *_statements(dataset, number, made)]))
    return "\n\n".join(parts) + "\n"


def _statements(dataset: Dataset, number: int, made: Declaration) -> list[str]:
    query = _conformed(dataset, made)
    if dataset.kind == "view":
        comment = dataset.options.comment
        return [f"CREATE TEMPORARY VIEW {made.view}{f' COMMENT {_text(comment)}' if comment else ''} AS\n{query};"]
    if len(dataset.parts) == 1:
        return [_materialized(made.write.name, dataset, query)]
    statements = [f"CREATE TEMPORARY VIEW {dataset.part_name(number)} AS\n{query};"]
    if number == 0:
        names = [f"SELECT * FROM {dataset.part_name(n)}" for n in range(len(dataset.parts))]
        text = names[0]
        for (_, other), name in zip(dataset.parts[1:], names[1:], strict=True):
            text += f"\nUNION ALL{'' if other.write.by_position else ' BY NAME'}\n{name}"
        statements.append(f"\n{_materialized(made.write.name, dataset, text)}")
    return statements


def _materialized(name: str, dataset: Dataset, query: str) -> str:
    options = dataset.options
    inside = [ast.literal_eval(options.schema)] if options.schema else []
    inside += [
        f"CONSTRAINT {_name(each.name)} EXPECT ({each.condition}) ON VIOLATION FAIL UPDATE"
        for each in dataset.expectations
    ]
    head = f"CREATE OR REFRESH MATERIALIZED VIEW {name}"
    lines = [f"{head} (\n  {chr(44).join(inside)}\n)" if inside else head, *_clauses(options), f"AS\n{query};"]
    return "\n".join(lines)


def _clauses(options: Options) -> list[str]:
    lines = []
    if options.partitions:
        lines.append(f"PARTITIONED BY ({', '.join(_plain(each) for each in options.partitions)})")
    if options.clusters:
        lines.append(f"CLUSTER BY ({', '.join(_plain(each) for each in options.clusters)})")
    if options.comment:
        lines.append(f"COMMENT {_text(options.comment)}")
    if options.properties:
        said = ", ".join(f"'{key}' = {_text(value)}" for key, value in options.properties.items())
        lines.append(f"TBLPROPERTIES ({said})")
    return lines


def _conformed(dataset: Dataset, made: Declaration) -> str:
    """Return the query with the columns that the table is declared with, as an insert into it would make them."""
    columns = columns_of(dataset.options.schema)
    query = made.write.query
    if not columns or made.write.replaces:
        return query
    casts = ", ".join(f"CAST(`{name}` AS {kind}) AS `{name}`" for name, kind in columns)
    names = f" AS given ({', '.join(f'`{name}`' for name, _ in columns)})" if made.write.by_position else ""
    return f"SELECT {casts}\nFROM (\n{query}\n){names}"


def _plain(source: str) -> str:
    return str(ast.literal_eval(source))


def _text(source: str) -> str:
    plain = _plain(source).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{plain}'"


def _name(text: str) -> str:
    return f"`{text.replace('`', '')}`"
