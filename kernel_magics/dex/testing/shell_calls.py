"""Whether a cell calls the shell, and what code it left: a failing ``!command`` or ``%pip`` raises nothing."""

from __future__ import annotations

import ast
from typing import Any

#: Asked of the kernel with the cell: it reads what IPython keeps of the last shell call and binds nothing.
EXPRESSIONS = {"dex_exit_code": "get_ipython().user_ns.get('_exit_code')"}
_MAGICS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})


def calls_shell(source: str) -> bool:
    """Return whether a cell holds ``!command`` or an installing magic such as ``%pip``."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return False
    return any(_is_shell(node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def exit_code(reply: dict[str, Any] | None) -> int:
    """Return the code of the cell's last shell call; 0 where the kernel did not say."""
    told = (reply or {}).get("content", {}).get("user_expressions", {}).get("dex_exit_code", {})
    text = str(told.get("data", {}).get("text/plain", "0"))
    return int(text) if text.lstrip("-").isdigit() else 0


def _is_shell(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr == "system":
        owner = call.func.value
        return isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "get_ipython"
    first = call.args[0] if call.args else None
    return call.func.attr == "run_line_magic" and isinstance(first, ast.Constant) and first.value in _MAGICS
