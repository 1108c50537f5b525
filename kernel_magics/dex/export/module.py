"""The module: imports, constants and functions, `Params`, `main` in notebook order, and the job's entry point."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from dataclasses import dataclass, field

from dex.export.context import GLOBALS
from dex.export.formatting import format_python
from dex.export.handover import own_scope, render_names
from dex.export.headings import headings_of, headline, printable
from dex.export.imports import render_imports
from dex.export.parameters import Parameter, Parameters
from dex.export.pieces import Log, Piece, literal
from dex.export.placement import BUILTINS, Names
from dex.export.regions import indent, is_mark
from dex.notebook import Cell, Notebook

_CONVERTERS = {
    "int": "int",
    "float": "float",
    "bool": "_flag",
    **dict.fromkeys(("list", "dict", "tuple", "set"), "json.loads"),
}


@dataclass
class Block:
    """Pieces of one cell that stand together in the module, under one marker.

    Attributes:
        cell: the cell they come from.
        segment: which of the cell's blocks this is, counted from 1.
        pieces: in order.
    """

    cell: Cell
    segment: int
    pieces: list[Piece] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where the block goes: module or main."""
        return self.pieces[0].place

    @property
    def kind(self) -> str:
        """What it holds."""
        return self.pieces[0].kind if self.place == "module" else "main"

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line in the cell."""
        return (
            min(p.statement.line for p in self.pieces),
            max(p.statement.end_line for p in self.pieces),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the notebook's text of the block."""
        lines = self.cell.source.split("\n")[self.lines[0] - 1 : self.lines[1]]
        return digest("\n".join(lines))

    @property
    def marker(self) -> str:
        """The comment above it, by which a later export or a sync finds it again."""
        return f"# %% [dex {self.cell.id}#{self.segment} {self.digest[:8]}]"

    def render(self) -> str:
        """Return its source."""
        parts: list[str] = [self.marker]
        for piece in self.pieces:
            parts += [text for _, text in piece.statement.comments if not is_mark(text) and piece.kind != "lifted"]
            if piece.text:
                parts.append(piece.text)
        return "\n".join(parts)


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def blocks_of(pieces: list[Piece]) -> list[Block]:
    """Return what goes into the module as blocks, in notebook order."""
    blocks: list[Block] = []
    segments: Counter[str] = Counter()
    for piece in pieces:
        if piece.place in ("drop", "import"):
            continue
        if not piece.text and all(is_mark(text) for _, text in piece.statement.comments):
            continue
        last = blocks[-1] if blocks else None
        joins = last is not None and last.cell is piece.cell and last.place == piece.place
        if joins and piece.place == "module":
            joins = piece.kind == "constant" and last is not None and last.kind == "constant"
        if joins and last is not None:
            last.pieces.append(piece)
        else:
            segments[piece.cell.id] += 1
            blocks.append(Block(piece.cell, segments[piece.cell.id], [piece]))
    return blocks


@dataclass(frozen=True)
class Around:
    """What a module is told of the world around its notebook.

    Attributes:
        shown: path of the notebook, for the docstring.
        default_environment: environment of a job that is not told one.
        before: names the notebook needed before anything was left out.
        package: the project's package.
        bound: names that `main` hands over to notebooks that run this one.
        unbound: those of them that may not be bound when `main` returns.
    """

    shown: str
    default_environment: str
    before: set[str]
    package: str
    bound: list[str]
    unbound: list[str]


def render_module(
    notebook: Notebook,
    pieces: list[Piece],
    blocks: list[Block],
    names: Names,
    parameters: Parameters,
    around: Around,
    log: Log,
) -> str:
    """Return the source of the module.

    Args:
        notebook: what is exported.
        pieces: its statements, placed.
        blocks: the same as blocks.
        names: who binds what.
        parameters: fields of `Params`.
        around: paths, package, and what is handed over.
        log: told of imports that are left out.
    """
    title, text = headline(notebook)
    top = "\n\n\n".join(block.render() for block in blocks if block.place == "module")
    params = _render_params(parameters, around.default_environment)
    if around.bound:
        params = f"{params}\n\n\n{render_names(around.bound)}"
    body, needed = _render_main(notebook, blocks, names, parameters, title, around, log)
    above = {n for block in blocks if block.place == "module" for piece in block.pieces for n in piece.flow.needs}
    inside = [piece for block in blocks if block.place == "main" for piece in block.pieces]
    needed |= above | ({n for p in inside for n in p.flow.needs} - {n for p in inside for n in p.flow.binds})
    needed |= {"dataclass", "SparkSession", "argparse", "get_spark"}
    if "DataFrame" in top:
        needed.add("DataFrame")
    types = " ".join(p.type for p in parameters.found.values())
    needed |= {"Optional"} if "Optional" in types else set()
    needed |= {"field"} if "field(" in params else set()
    needed |= {"Any"} if around.bound or parameters.variables() else set()
    entry = _render_run(parameters, around.package)
    needed |= {"json"} if "json.loads" in entry else set()
    own = [p for p in pieces if p.place == "import"]
    imports, free = render_imports(own, around.before, needed, around.package, log)
    sentence = _docstring(title)
    doc = [
        f'"""{sentence}{"" if sentence.endswith((".", "!", "?")) else "."}',
        *([""] + [_docstring(text)] if text else []),
        "",
    ]
    doc += [f"Made from {_docstring(around.shown)} by `dex export`: change the notebook and export again.", '"""']
    futures = [line for line in imports.split("\n") if line.startswith("from __future__")]
    others = [line for line in imports.split("\n") if not line.startswith("from __future__")]
    source = "\n\n\n".join(
        part for part in ("\n".join([*doc, *futures, "", *others]), top, params, body, entry) if part.strip()
    )
    return format_python(source, around.package, sort_imports=free)


def _docstring(text: str) -> str:
    return printable(text, keep="\n").replace("\\", "\\\\").replace('"""', "'''")


def _render_params(parameters: Parameters, default_environment: str) -> str:
    fields = [_field(p) for p in parameters.ordered() if p.default is None]
    fields.append(f"env: str = {literal(default_environment)}  # environment whose tables are read and written")
    fields += [_field(p) for p in parameters.ordered() if p.default is not None]
    lines = "\n".join(f"    {line}" for line in fields)
    return f'@dataclass(frozen=True)\nclass Params:\n    """What a job can be told."""\n\n{lines}'


def _field(parameter: Parameter) -> str:
    default = f" = {parameter.default}" if parameter.default is not None else ""
    comment = f"  # {parameter.comment}" if parameter.comment else ""
    if "\n" in default:
        default = f" = {parameter.default}"
    return f"{parameter.name}: {parameter.type}{default}{comment}"


def _render_main(
    notebook: Notebook,
    blocks: list[Block],
    names: Names,
    parameters: Parameters,
    title: str,
    around: Around,
    log: Log,
) -> tuple[str, set[str]]:
    """Return the source of `main` and the names that its generated lines, not the notebook's, need."""
    main = [block for block in blocks if block.place == "main"]
    needs = {name for block in main for piece in block.pieces for name in piece.flow.needs}
    lines: list[str] = []
    extra: set[str] = set()
    wants_session = "session" in needs and "session" not in names.module
    wants_dbutils = "dbutils" in needs or "session.dbutils" in _text(main)
    if parameters.variable != "params" and (parameters.variable in needs or wants_session or wants_dbutils):
        lines.append(f"{parameters.variable} = params")
    if wants_session or wants_dbutils:
        extra.add("load_environment")
        environment = f"load_environment({parameters.variable}.env, package=__package__)"
        if wants_dbutils:
            extra.add("get_dbutils")
            lines += [f"environment = {environment}", "dbutils = get_dbutils(spark, environment)"]
            environment = "environment"
        if wants_session:
            extra.add("Session")
            with_dbutils = ", dbutils=dbutils" if wants_dbutils else ""
            lines.append(f"session = Session(spark=spark, environment={environment}{with_dbutils})")
    lines += [line for name, line in GLOBALS.items() if name in needs and name not in names.binders]
    covered = sorted(name for name in needs if name in BUILTINS and _covered(name, main))
    if covered:
        extra.add("builtins")
        lines += [f"{name} = builtins.{name}" for name in covered]
    lines += [f"{name} = None" for name in around.unbound]
    headings = headings_of(notebook)
    shown: set[int] = set()
    for block in main:
        above = [n for n in sorted(headings) if n < block.cell.number and n not in shown]
        if above:
            lines += ["", *(headings[n] for n in above)]
            shown.update(above)
        elif lines:
            lines.append("")
        lines.append(block.render())
    nodes = [node for block in main for piece in block.pieces for node in own_scope(piece.node)]
    waits = any(isinstance(n, ast.Await | ast.AsyncFor | ast.AsyncWith) or getattr(n, "is_async", 0) for n in nodes)
    returns = any(isinstance(node, ast.Return) for node in nodes)
    if around.bound and not (main and isinstance(main[-1].pieces[-1].node, ast.Return)):
        lines += ["", f"return Names({', '.join(f'{name}={name}' for name in around.bound)})"]
        returns = True
    leaves = bool(main) and "NotebookExit" in log.imports
    returns = returns or leaves
    if returns and not around.bound:
        extra.add("Any")
    given = "What the notebook hands to `dbutils.notebook.exit`."
    if around.bound:
        given = "What notebooks that run this one use of it."
    body = indent("\n".join(lines))
    summary = _docstring(title).rstrip(".")
    doc = [
        f'    """{summary}: what the notebook does, in its order.',
        "",
        "    Args:",
        "        spark: session to work in; it stays the caller's.",
        "        params: what the job was told.",
        *(["", "    Returns:", f"        {given}"] if returns else []),
        '    """',
    ]
    result = "Names" if around.bound else "Any" if returns else "None"
    head = f"def main(spark: SparkSession, params: Params) -> {result}:"
    if not waits and not leaves:
        return "\n".join([head, *doc, body]), extra
    call, why = "_main(spark, params)", "which takes what a function exits with"
    if waits:
        log.imports.add("asyncio")
        call, why = f"asyncio.run({call})", "which waits for it"
    inner = [
        f"{'async ' if waits else ''}def _main(spark: SparkSession, params: Params) -> {result}:",
        f'    """Do the work of `main`, {why}."""',
        body,
    ]
    ending = [f"    {'return ' if returns else ''}{call}"]
    if leaves:
        ending = ["    try:", f"    {ending[0]}", "    except NotebookExit as left:", "        return left.value"]
    return "\n".join([*inner, "\n", head, *doc, *ending]), extra


def _text(blocks: list[Block]) -> str:
    return "\n".join(piece.text for block in blocks for piece in block.pieces)


def _covered(name: str, main: list[Block]) -> bool:
    """Return whether `main` binds a builtin's name below a place that needs the builtin."""
    pieces = [piece for block in main for piece in block.pieces]
    first = next((i for i, piece in enumerate(pieces) if name in piece.flow.binds), None)
    return first is not None and any(name in piece.flow.needs for piece in pieces[: first + 1])


def _render_run(parameters: Parameters, package: str) -> str:
    options = ['    parser.add_argument("--env")']
    helpers = ""
    for parameter in parameters.told():
        words = [f'"{parameter.word}"']
        if parameter.word[2:].replace("-", "_") != parameter.name:
            words.append(f'dest="{parameter.name}"')
        optional = parameter.type.startswith("Optional")
        plain = parameter.type.removeprefix("Optional[").removesuffix("]")
        converter = _CONVERTERS.get(plain)
        if optional:
            converter = (
                f"lambda text: {converter}(text) if text else None" if converter else "lambda text: text or None"
            )
        if converter:
            words.append(f"type={converter}")
        if parameter.default is None:
            words.append("required=True")
        options.append(f"    parser.add_argument({', '.join(words)})")
    if any("_flag" in option for option in options):
        helpers = (
            "def _flag(text: str) -> bool:\n"
            '    """Return what a job\'s parameter, which is always text, says: true or false."""\n'
            "    word = text.strip().lower()\n"
            '    if word not in ("true", "1", "yes", "on", "false", "0", "no", "off", ""):\n'
            '        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")\n'
            '    return word in ("true", "1", "yes", "on")\n\n\n'
        )
    listed = "\n".join(options)
    return (
        f"{helpers}def run() -> None:\n"
        '    """Run `main` in the environment that the command line names: the entry point of the job."""\n'
        "    parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS, allow_abbrev=False)\n"
        f"{listed}\n"
        "    given, _ = parser.parse_known_args()  # a job hands every task all of its parameters\n"
        "    params = Params(**vars(given))\n"
        "    main(get_spark(params.env), params)\n\n\n"
        'if __name__ == "__main__":\n'
        "    run()\n"
    )
