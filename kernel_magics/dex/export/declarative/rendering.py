"""The Python source that a notebook becomes: a function for every table, below what all of them use."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from dex.export.configuration import configured, needs_json
from dex.export.context import GLOBALS
from dex.export.declarative.assembling import Dataset
from dex.export.declarative.columns import columns_of
from dex.export.declarative.models import Expectation, Options, Step
from dex.export.declarative.reading import Declaration, Read
from dex.export.declarative.sharing import Shared, shared_frames
from dex.export.formatting import format_python
from dex.export.imports import render_imports
from dex.export.pieces import Log, literal
from dex.export.placement import BUILTINS
from dex.export.regions import indent, is_mark
from dex.notebook import flow_of

_DECORATORS = {"materialized view": "materialized_view", "streaming table": "table", "view": "temporary_view"}


def render_python(read: Read, datasets: Sequence[Dataset], key: str, package: str, environment: str) -> str:
    """Return the source of one notebook's tables.

    Args:
        read: the notebook.
        datasets: every table of the pipeline.
        key: key of the pipeline.
        package: the project's package.
        environment: environment of a pipeline that is not told one.
    """
    return _Source(read, datasets, key, package, environment).render()


class _Source:
    def __init__(self, read: Read, datasets: Sequence[Dataset], key: str, package: str, environment: str) -> None:
        self._read, self._key, self._package, self._environment = read, key, package, environment
        self._steps = read.stepped.steps
        self._own = [(d, n) for d in datasets for n, (other, _) in enumerate(d.parts) if other is read]
        bound = {name for step in self._steps for name in step.flow.binds}
        self._dp = "pipelines" if "dp" in bound else "dp"
        self._log = Log(imports=set(read.stepped.imports))
        self._shared = shared_frames(read, bound | {dataset.function for dataset in datasets})

    def render(self) -> str:
        made = sorted(((d.parts[n][1].at, d, n) for d, n in self._own), key=lambda each: each[0])
        functions = {at: "\n\n\n".join(self._functions(d, n)) for at, d, n in made}
        functions |= {self._shared[at].at: self._maker(self._shared[at]) for at, _, _ in made if at in self._shared}
        texts = "\n".join(functions.values())
        needed = set(flow_of(ast.parse(texts)).needs)
        tops = self._read.slices.tops_of(needed)
        needed |= {name for at in tops for name in self._steps[at].flow.needs}
        items: list[str] = []
        for at, step in enumerate(self._steps):
            if at in functions:
                items.append(functions[at])
            elif at in tops and not isinstance(step.node, ast.Import | ast.ImportFrom):
                self._add(items, step)
        head = self._head(needed)
        needed |= set(flow_of(ast.parse(head)).needs) | {"DataFrame"}
        imported = [s for at, s in enumerate(self._steps) if at in tops or s.text.startswith("from __future__")]
        imports, free = render_imports(
            [s.piece for s in imported if s.piece is not None and isinstance(s.node, ast.Import | ast.ImportFrom)],
            needed,
            needed,
            self._package,
            self._log,
        )
        own = "from pyspark import pipelines" + (" as dp" if self._dp == "dp" else "")
        shown = self._read.stepped.shown
        doc = (
            f'"""Tables of the pipeline `{self._key}`.\n\n'
            f'Made from {shown} by `dex bundle emit {self._key}`: change the notebook and emit again.\n"""'
        )
        futures = [line for line in imports.split("\n") if line.startswith("from __future__")]
        others = [line for line in imports.split("\n") if line not in futures]
        parts = ["\n".join([doc, "", *futures, own, *others]), head, *items]
        return format_python("\n\n\n".join(p for p in parts if p.strip()) + "\n", self._package, sort_imports=free)

    def _add(self, items: list[str], step: Step) -> None:
        """Put a statement of the top below the others; values that follow each other stand together."""
        text = "\n".join([*_comments(step.comments), step.text])
        value = isinstance(step.node, ast.Assign | ast.AnnAssign | ast.Expr)
        if value and items and self._after_value:
            items[-1] += f"\n{text}"
        else:
            items.append(text)
        self._after_value = value

    _after_value = False

    def _head(self, needed: set[str]) -> str:
        """Return the lines that make what a notebook has without making it."""
        stepped = self._read.stepped
        bound = {name for step in self._steps for name in step.flow.binds}
        wants = {name for name in (*GLOBALS, "session", "dbutils") if name in needed and name not in bound}
        variable = stepped.parameters.variable
        lines = ["spark = SparkSession.active()"]
        asks_env = bool(wants & {"session", "dbutils"}) or self._uses_env(variable)
        if variable in needed or asks_env:
            self._log.imports.add("SimpleNamespace")
            needed |= {"json"} if needs_json(stepped.parameters) else set()
            lines.append(configured(stepped.parameters, {"env": self._environment} if asks_env else {}))
        if wants & {"session", "dbutils"}:
            lines.append(f"environment = load_environment({variable}.env, package={literal(self._package)})")
        if "dbutils" in wants:
            lines.append("dbutils = get_dbutils(spark, environment)")
        if "session" in wants:
            more = ", dbutils=dbutils" if "dbutils" in wants else ""
            lines.append(f"session = Session(spark=spark, environment=environment{more})")
        lines += [line for name, line in GLOBALS.items() if name in wants]
        if not wants and variable not in needed and "spark" not in needed:
            return ""
        return "\n".join(lines)

    def _uses_env(self, variable: str) -> bool:
        return uses_env(self._read, variable)

    # -- functions -----------------------------------------------------------------------------------------------------

    def _functions(self, dataset: Dataset, number: int) -> list[str]:
        """Return the functions that one write becomes."""
        _, made = dataset.parts[number]
        if dataset.kind == "streaming table" and len(dataset.parts) > 1:
            said = _settings("spark_conf", made.write.options.conf)
            given = ", ".join([f"target={made.write.name}", f"name={literal(dataset.part_name(number))}", *said])
            flow = f"@{self._dp}.append_flow({given})"
            function = self._function([flow], dataset.part_name(number), dataset, made)
            return [self._streaming_table(dataset, made), function] if number == 0 else [function]
        if len(dataset.parts) == 1:
            return [self._function(self._marks(dataset, made), dataset.function, dataset, made)]
        part = dataset.part_name(number)
        marks = [f"@{self._dp}.temporary_view(name={literal(part)})", *self._expectations(made.expectations)]
        view = self._function(marks, part, dataset, made)
        return [view, self._union(dataset, made)] if number == 0 else [view]

    def _marks(self, dataset: Dataset, made: Declaration) -> list[str]:
        name = made.write.name if dataset.kind != "view" else literal(made.view)
        options = dataset.options if dataset.kind != "view" else Options(comment=dataset.options.comment)
        given = _given(name, options)
        return [
            f"@{self._dp}.{_DECORATORS[dataset.kind]}({given})",
            *self._expectations(dataset.expectations),
        ]

    def _expectations(self, expectations: Sequence[Expectation]) -> list[str]:
        return [f"@{self._dp}.expect_or_fail({literal(each.name)}, {literal(each.condition)})" for each in expectations]

    def _streaming_table(self, dataset: Dataset, made: Declaration) -> str:
        options = dataset.options
        given = _given(
            made.write.name,
            Options(options.comment, options.schema, options.partitions, options.clusters, options.properties),
        )
        return f"{self._dp}.create_streaming_table({given})"

    def _union(self, dataset: Dataset, made: Declaration) -> str:
        """Return the function of a table that several writes make together."""
        frames = [f"spark.read.table({literal(dataset.part_name(n))})" for n in range(len(dataset.parts))]
        text = frames[0]
        for (_, other), frame in zip(dataset.parts[1:], frames[1:], strict=True):
            text += f".{'union' if other.write.by_position else 'unionByName'}({frame})"
        marks = "\n".join(self._marks(dataset, made))
        return f"{marks}\ndef {dataset.function}() -> DataFrame:\n    return {text}"

    def _function(self, marks: list[str], name: str, dataset: Dataset, made: Declaration) -> str:
        shared = self._shared.get(made.at)
        inside = set(shared.steps[:-1]) if shared is not None else set()
        steps = [self._steps[at] for at in made.steps if at not in inside]
        if shared is not None:
            call = Step.of(f"{shared.name} = {shared.function}()", self._steps[shared.at])
            steps = [call if step is self._steps[shared.at] else step for step in steps]
        lines = [self._text(step) for step in steps]
        frame = self._conformed(dataset, made)
        last = steps[-1] if steps else None
        returned = _value(last, frame) if last is not None else None
        if returned is not None:
            lines[-1] = "\n".join([*_comments(last.comments if last else ()), f"return {returned}"])
        else:
            lines.append(f"return {frame}")
        comments = _comments(made.comments)
        flow = flow_of(ast.parse("\n".join(lines)))
        covered = sorted(set(flow.uses) & set(flow.binds) & BUILTINS)  # Python's own until the function binds the name
        lines = [f"{each} = builtins.{each}" for each in covered] + lines
        body = indent("\n".join(lines))
        return "\n".join([*comments, *marks, f"def {name}() -> DataFrame:", body])

    def _maker(self, shared: Shared) -> str:
        """Return the function of what several tables begin with."""
        lines = [self._text(self._steps[at]) for at in shared.steps]
        last = self._steps[shared.at]
        lines[-1] = "\n".join([*_comments(last.comments), f"return {_value(last, shared.name)}"])
        return f"def {shared.function}():\n{indent(chr(10).join(lines))}"

    def _conformed(self, dataset: Dataset, made: Declaration) -> str:
        """Return the frame with the columns that the table is declared with, as a write into it would make them."""
        columns = columns_of(dataset.options.schema)
        if not columns or made.write.replaces:
            return made.write.frame
        frame = made.write.frame
        if made.write.by_position:
            frame += f".toDF({', '.join(literal(name) for name, _ in columns)})"
        casts = ", ".join(literal(f"CAST(`{name}` AS {kind}) AS `{name}`") for name, kind in columns)
        return f"{frame}.selectExpr({casts})"

    def _text(self, step: Step) -> str:
        return "\n".join([*_comments(step.comments), step.text])


def uses_env(read: Read, variable: str) -> bool:
    """Return whether what a notebook declares asks for the environment's name."""
    at = {each for made in read.declarations for each in made.steps} | read.slices.top
    words = [read.stepped.steps[each].text for each in at]
    words += [text for made in read.declarations for text in (made.write.name, made.write.frame)]
    return any(f"{variable}.env" in text for text in words)


def _given(name: str, options: Options) -> str:
    words = [f"name={name}"]
    if options.comment:
        words.append(f"comment={options.comment}")
    if options.schema:
        words.append(f"schema={options.schema}")
    if options.partitions:
        words.append(f"partition_cols=[{', '.join(options.partitions)}]")
    if options.clusters:
        words.append(f"cluster_by=[{', '.join(options.clusters)}]")
    words += [*_settings("table_properties", _quoted(options.properties)), *_settings("spark_conf", options.conf)]
    return ", ".join(words)


def _settings(word: str, values: Mapping[str, str]) -> list[str]:
    return [f"{word}={{{', '.join(f'{key}: {value}' for key, value in values.items())}}}"] if values else []


def _quoted(properties: Mapping[str, str]) -> dict[str, str]:
    return {literal(key): value for key, value in properties.items()}


def _comments(comments: Sequence[str]) -> list[str]:
    return [text for text in comments if not is_mark(text)]


def _value(step: Step, frame: str) -> str | None:
    """Return the value that a statement gives a frame its name with, where the frame is nothing but the name."""
    node = step.node
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return None
    if node.targets[0].id != frame:
        return None
    line, column = node.targets[0].end_lineno or 1, node.targets[0].end_col_offset or 0
    lines = step.text.split("\n")
    rest = "\n".join([lines[line - 1].encode()[column:].decode(), *lines[line:]]).lstrip()
    return rest[1:].strip() if rest.startswith("=") else None
