"""Length of files and functions, in lines, and the ratchet that lets today's worst only shrink.

Every line counts, blank and comment too: what is read is what costs. A function goes from its `def` or
the first line of its signature to its last line; nested functions count for the outer one as well.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from tools.tidy.cpp import cpp_functions
from tools.tidy.files import CPP, PYTHON, Finding

SIZED: Final = PYTHON + CPP


def file_lines(text: str) -> int:
    """Number of lines of a file."""
    return len(text.splitlines())


def function_lines(path: str, text: str) -> dict[str, int]:
    """Length of each function by its qualified name; of two with one name the longer one."""
    if path.endswith(PYTHON):
        return python_functions(text)
    return cpp_functions(text)


def python_functions(text: str) -> dict[str, int]:
    """Length of each function of a Python file by its dotted name."""
    found: dict[str, int] = {}
    waiting: list[tuple[ast.AST, str]] = [(ast.parse(text), "")]
    while waiting:
        parent, prefix = waiting.pop()
        for node in ast.iter_child_nodes(parent):
            name = prefix
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}{node.name}."
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                key = name.removesuffix(".")
                found[key] = max(found.get(key, 0), (node.end_lineno or node.lineno) - node.lineno + 1)
            waiting.append((node, name))
    return found


def ratchet(sizes: Mapping[str, int], listed: Mapping[str, int], limit: int, table: str) -> list[Finding]:
    """Compares all sizes with the limit and with the listed worst, which may only shrink."""
    findings = []
    for name, size in sizes.items():
        path = name.partition("::")[0]
        allowed = listed.get(name)
        if allowed is None and size > limit:
            findings.append(
                Finding(path, 0, f"{name}: expected at most {limit} lines, found {size}; split it")
            )
        elif allowed is not None and size > max(allowed, limit):
            findings.append(
                Finding(path, 0, f"{name}: expected at most {allowed} lines as listed, found {size}")
            )
        elif allowed is not None and size <= limit:
            findings.append(Finding(path, 0, f"{name}: has {size} lines now; remove it from {table}"))
        elif allowed is not None and size < allowed:
            findings.append(Finding(path, 0, f"{name}: has shrunk; lower it to {size} in {table}"))
    gone = sorted(set(listed) - set(sizes))
    findings += [
        Finding(name.partition("::")[0], 0, f"{name}: is gone; remove it from {table}") for name in gone
    ]
    return findings
