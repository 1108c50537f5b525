"""Widgets and the cell tagged ``parameters`` become the fields of `Params`."""

from __future__ import annotations

import ast
import json
import keyword
import re
from dataclasses import dataclass, field, replace

from dex.export.pieces import Log, Piece, literal, replace_nodes, source_of

_WIDGETS = ("text", "dropdown", "combobox", "multiselect")
_SIMPLE = ("str", "int", "float", "bool")


@dataclass(frozen=True)
class Parameter:
    """One field of `Params`.

    Attributes:
        key: name as the notebook and the job know it.
        name: name of the field.
        type: annotation.
        default: source of its default; None if it must be given.
        comment: what the notebook says about it.
        cell: id of the cell it comes from.
        variable: the variable of a notebook that runs this one, where the field is for that and no job is told it.
    """

    key: str
    name: str
    type: str
    default: str | None
    comment: str
    cell: str
    variable: str = ""

    @property
    def word(self) -> str:
        """Its option on the command line."""
        return "--" + (re.sub(r"\W+", "-", self.key).strip("-") or self.name)

    @property
    def job_key(self) -> str:
        """Its name as a parameter of the job."""
        return self.key if re.fullmatch(r"[\w.-]+", self.key) else self.word[2:]


@dataclass
class Parameters:
    """The parameters found so far.

    Attributes:
        variable: name under which `main` has them.
        found: by key.
        replaces: `main` sets a default that is computed.
    """

    variable: str = "params"
    found: dict[str, Parameter] = field(default_factory=dict)
    replaces: bool = False

    def add(self, parameter: Parameter) -> Parameter:
        """Take a parameter in; the first definition that has a default holds."""
        known = self.found.get(parameter.key)
        if parameter.key == "env":
            return parameter  # the environment, which every job is told
        taken = {p.name for key, p in self.found.items() if key != parameter.key}
        while parameter.name in taken:
            parameter = replace(parameter, name=f"{parameter.name}_")
        if known is None or (known.default is None and parameter.default is not None):
            self.found[parameter.key] = parameter
        return self.found[parameter.key]

    def ordered(self) -> list[Parameter]:
        """Return those that must be given first, as a dataclass wants them."""
        return sorted(self.found.values(), key=lambda parameter: parameter.default is not None)

    def told(self) -> list[Parameter]:
        """Return those that a job can be told: not the variables of a notebook that runs this one."""
        return [parameter for parameter in self.ordered() if not parameter.variable]

    def variables(self) -> list[Parameter]:
        """Return those that only a notebook which runs this one gives."""
        return [parameter for parameter in self.ordered() if parameter.variable]


def field_name(key: str) -> str:
    """Return a widget's name as the name of a field."""
    name = re.sub(r"\W+", "_", key).strip("_") or "value"
    if name[0].isdigit():
        name = f"p_{name}"
    return f"{name}_" if keyword.iskeyword(name) or (name == "env" and key != "env") else name


def take_tagged(piece: Piece, parameters: Parameters, log: Log) -> None:
    """Make a parameter of an assignment in a cell tagged ``parameters``."""
    node = piece.node
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        name, value, annotation = node.target.id, node.value, source_of(piece.text, node.annotation)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name, value, annotation = node.targets[0].id, node.value, ""
    else:
        return  # an import or a computation that happens to stand there: an ordinary statement
    if name == "spark":
        return
    if name == "env":
        piece.retext(f"env = {parameters.variable}.env")
        piece.kind = "parameter"
        log.note(piece, "`env` is the environment that the job runs in")
        return
    text = source_of(piece.text, value)
    comment = _trailing_comment(piece.text, node)
    type_name = literal_type(value)
    variable = parameters.variable
    if type_name is None:  # computed when the job runs, unless it is given
        known = annotation if annotation in _SIMPLE else "str"
        parameter = parameters.add(Parameter(name, name, f"Optional[{known}]", "None", comment, piece.cell.id))
        given = f"{variable}.{parameter.name}"
        piece.retext(f"{name} = {given} if {given} is not None else {text}")
        log.note(piece, f"`{name}` is computed where the job does not give it")
    else:
        if annotation in _SIMPLE:
            type_name = annotation
        default = text if type_name in (*_SIMPLE, "Optional[str]") else f"field(default_factory=lambda: {text})"
        parameter = parameters.add(Parameter(name, name, type_name, default, comment, piece.cell.id))
        piece.retext(f"{name} = {variable}.{parameter.name}")
    piece.kind = "parameter"


def take_widgets(piece: Piece, parameters: Parameters, log: Log) -> None:
    """Make parameters of the widgets in a statement and read them from `Params`."""
    if piece.node is None or not _names_widgets(piece):
        return
    changes: list[tuple[ast.AST, str]] = []
    alone = _alone(piece.node)
    for tried, default in _tried(piece.node):
        parameters.add(Parameter(tried, field_name(tried), "str", literal(default), "", piece.cell.id))
    for call in [n for n in ast.walk(piece.node) if isinstance(n, ast.Call)]:
        method = _widget_method(call)
        if method is None:
            continue
        if method in ("remove", "removeAll", "help"):
            changes.append((call, "None" if call not in alone else "pass"))
            continue
        key = _literal(_argument(call, 0, "name"))
        if method == "getAll" or (key is None and method in ("get", "getArgument") and call.args):
            changes.append((call, _looked_up(piece, call, method, parameters, log)))
            continue
        if key is None and method in _WIDGETS and call in alone:
            changes.append((call, "pass"))
            log.note(
                piece,
                f"`{source_of(piece.text, call)}`: its name is only known when it runs, so Params lacks a default",
            )
            continue
        if key is None or method not in (*_WIDGETS, "get", "getArgument"):
            log.refuse(
                piece,
                f"dbutils.widgets.{method}",
                f"`{source_of(piece.text, call)}` names its widget by something that is only known when it runs."
                if key is None
                else f"`dbutils.widgets.{method}` has no counterpart in a job.",
                "Name each widget with a literal text: dbutils.widgets.get('day').",
            )
            continue
        changes.append((call, _widget(piece, call, method, key, parameters, call in alone)))
    if changes:
        text = replace_nodes(piece.text, changes)
        if text.strip() in ("pass", "None"):
            log.drop(piece, "a widget, now a field of Params")
        else:
            piece.retext(text)


def number_widgets(pieces: list[Piece]) -> dict[str, str]:
    """Return the widgets whose every value is made a number where it is read, with ``int`` or ``float``.

    Where that is tried, a text that is no number is foreseen: it stays a text.
    """
    kinds: dict[str, set[str]] = {}
    for node in [p.node for p in pieces if p.place != "drop" and p.node is not None and _names_widgets(p)]:
        inside: dict[ast.AST, str] = {}
        tried = {part for n in ast.walk(node) if isinstance(n, ast.Try) for part in ast.walk(n)}
        for call in [n for n in ast.walk(node) if isinstance(n, ast.Call)]:
            if (
                isinstance(call.func, ast.Name)
                and call.func.id in ("int", "float")
                and len(call.args) == 1
                and call not in tried
            ):
                inside[call.args[0]] = call.func.id
            method = _widget_method(call)
            key = _literal(_argument(call, 0, "name"))
            if method in ("get", "getArgument") and key is not None:
                kinds.setdefault(key, set()).add(inside.get(call, ""))
            elif method == "getAll" or (method in ("get", "getArgument") and call.args):
                return {}  # any of them may be read as text
    return {key: kind for key, found in kinds.items() if len(found) == 1 and (kind := next(iter(found)))}


def take_numbers(numbers: dict[str, str], parameters: Parameters) -> None:
    """Give the fields of widgets that are numbers their type, where their defaults are such numbers."""
    for key, kind in numbers.items():
        known = parameters.found.get(key)
        if known is None or known.type != "str":
            continue
        text = ast.literal_eval(known.default) if known.default is not None else "0"
        try:
            value = int(text) if kind == "int" else float(text)
        except ValueError:
            continue
        if str(value) == text or known.default is None:
            default = None if known.default is None else text
            parameters.found[key] = replace(known, type=kind, default=default)


def literal_type(value: ast.expr) -> str | None:
    """Return the annotation of a literal, or None where the value is computed."""
    try:
        constant = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    if constant is None:
        return "Optional[str]"
    if isinstance(constant, bool | int | float | str):
        return type(constant).__name__
    if isinstance(constant, list | dict | tuple | set):
        return type(constant).__name__
    return None


def _names_widgets(piece: Piece) -> bool:
    return any(word in piece.text for word in ("widgets", "getArgument"))


def _tried(node: ast.AST) -> list[tuple[str, str]]:
    """Return widgets whose default stands in an ``except`` below them, a common way to have one."""
    found: list[tuple[str, str]] = []
    for attempt in [n for n in ast.walk(node) if isinstance(n, ast.Try)]:
        for statement in attempt.body:
            if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)):
                continue
            call, kind = _converted(statement.value)
            key = _literal(_argument(call, 0, "name"))
            if _widget_method(call) != "get" or key is None:
                continue
            targets = [ast.unparse(target) for target in statement.targets]
            for fallback in [s for handler in attempt.handlers for s in handler.body if isinstance(s, ast.Assign)]:
                default = fallback.value.value if isinstance(fallback.value, ast.Constant) else None
                if [ast.unparse(target) for target in fallback.targets] == targets and type(default) is kind:
                    found.append((key, str(default)))
    return found


def _converted(call: ast.Call) -> tuple[ast.Call, type]:
    """Return the call in ``int(call)`` or ``float(call)`` and the type of its value; a plain call gives text."""
    function, inner = call.func, call.args[0] if len(call.args) == 1 else None
    kind = {"int": int, "float": float}.get(function.id) if isinstance(function, ast.Name) else None
    return (inner, kind) if kind is not None and isinstance(inner, ast.Call) else (call, str)


def _widget(piece: Piece, call: ast.Call, method: str, key: str, parameters: Parameters, alone: bool) -> str:
    name = field_name(key)
    variable = parameters.variable
    if method in ("get", "getArgument"):
        given = _argument(call, 1, "defaultValue") if method == "getArgument" else None
        default = None
        if given is not None and literal_type(given) == "str":
            default = source_of(piece.text, given)
        known = parameters.add(Parameter(key, name, "str", default, "", piece.cell.id))
        if given is not None and default is None and known.default is None:
            known = Parameter(key, name, "Optional[str]", "None", "", piece.cell.id)
            parameters.found[key] = known
            return f"({variable}.{name} if {variable}.{name} is not None else {source_of(piece.text, given)})"
        return f"{variable}.{known.name}"
    value = _argument(call, 1, "defaultValue")
    choices = _argument(call, 2, "choices") if method != "text" else None
    comment = f"one of {source_of(piece.text, choices)}" if choices is not None and literal_type(choices) else ""
    if "\n" in comment:
        comment = ""
    if value is None or literal_type(value) is not None:
        text = literal(str(ast.literal_eval(value))) if value is not None else '""'
        parameters.add(Parameter(key, name, "str", text, comment, piece.cell.id))
        return "pass" if alone else "None"
    if key == "env":
        return "None" if not alone else "pass"
    parameters.found.pop(key, None)
    parameters.add(Parameter(key, name, "Optional[str]", "None", comment, piece.cell.id))
    if not alone:
        return "None"
    parameters.replaces = True
    computed = f"{variable}.{name} if {variable}.{name} is not None else {source_of(piece.text, value)}"
    return f"{variable} = dataclasses.replace({variable}, {name}={computed})"  # Spark has a `replace` as well


def _looked_up(piece: Piece, call: ast.Call, method: str, parameters: Parameters, log: Log) -> str:
    """Return the source that reads all parameters, or one whose name is only known when it runs."""
    if method == "getAll":
        return f"dict(vars({parameters.variable}))"
    log.note(piece, f"`{source_of(piece.text, call)}` looks for a field of Params when it runs")
    default = _argument(call, 1, "defaultValue") if method == "getArgument" else None
    more = f", {source_of(piece.text, default)}" if default is not None else ""
    return f"getattr({parameters.variable}, {source_of(piece.text, call.args[0])}{more})"


def _widget_method(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Name):
        return "getArgument" if function.id == "getArgument" else None
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Attribute):
        inner = function.value
        if inner.attr == "widgets" and isinstance(inner.value, ast.Name) and inner.value.id == "dbutils":
            return function.attr
    return None


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((k.value for k in call.keywords if k.arg == name), None)


def _literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _alone(node: ast.AST) -> set[ast.AST]:
    """Return the expressions that are statements of their own."""
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Expr)}


def _trailing_comment(text: str, node: ast.stmt) -> str:
    last = text.split("\n")[-1]
    end = len(last.encode("utf-8", "surrogatepass")[: node.end_col_offset or 0].decode("utf-8", "ignore"))
    return last[end:].strip().lstrip("#").strip()


def default_text(parameter: Parameter) -> str:
    """Return a parameter's default as a job has it: text."""
    source = parameter.default
    if source is None:
        return ""
    found = re.fullmatch(r"field\(default_factory=lambda: (.*)\)", source, re.DOTALL)
    value = ast.literal_eval(found.group(1) if found else source)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return json.dumps(list(value) if isinstance(value, tuple | set) else value, default=str)
