"""Rules for every Python file of the house: docstring, imports at the top, one place for `Approved`."""

from __future__ import annotations

import ast
from typing import Final

from tools.tidy.files import Finding

_TYPE_ONLY: Final = "TYPE" + "_CHECKING"
GATE: Final = "src/trimaran/risk/gate.py"


def check_syntax(path: str, text: str) -> list[Finding]:
    """Breaches of the rules that hold everywhere."""
    tree = ast.parse(text)
    findings = []
    if not ast.get_docstring(tree):
        findings.append(Finding(path, 1, "expected a module docstring, found none"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            findings += [
                Finding(path, inner.lineno, f"import inside {node.name}(); imports stand at the top")
                for inner in ast.walk(node)
                if isinstance(inner, ast.Import | ast.ImportFrom)
            ]
        if _names(node) == _TYPE_ONLY:
            findings.append(Finding(path, getattr(node, "lineno", 0), f"{_TYPE_ONLY} hides a cycle; cut it"))
    return sorted(set(findings))


def check_approved(path: str, text: str) -> list[Finding]:
    """Calls of `Approved(...)` anywhere but in the gate: nothing else may approve an order."""
    if path == GATE:
        return []
    return [
        Finding(path, node.lineno, "Approved is built by risk/gate.py alone")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and _names(node.func) == "Approved"
    ]


def _names(node: ast.AST) -> str:
    """The last name of a name, an attribute or an imported name; empty for any other node."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.name if isinstance(node, ast.alias) else ""
