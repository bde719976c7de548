"""Rules for pure code: it is given time, randomness and bytes, and never fetches them.

The import contract already keeps whole modules out; here are the calls that hide in modules which pure
code may import (`datetime`, `uuid`, `decimal`) or in the builtins. Names are followed through import
aliases; a method of an object that was passed in is not followed, for that is how a port is used.
"""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from typing import Final

from tools.tidy.files import Finding

# Floors 0 to 4 and the engine; every folder of `venues`, but for the shells that the contract `pure` names.
_FLOORS: Final = (
    "algorithms|arbitrage|base|books|domain|engine|ledger|native|risk|signals|strategies|surveillance"
)
_PURE: Final = re.compile(rf"src/trimaran/(?:{_FLOORS}|venues/[^/]+)/.*\.py")
# Where a value is a price, a size or money on its way: an exact number from decode to encode.
_EXACT: Final = re.compile(
    r"src/trimaran/(?:arbitrage|base|books|domain|engine|ledger|risk|venues/(?!sim/)[^/]+)/.*\.py"
)

# fmt: off
BANNED: Final = (
    "aiohttp", "asyncio", "concurrent", "ctypes", "glob", "http", "importlib", "io", "logging", "mmap",
    "multiprocessing", "os", "pathlib", "picows", "queue", "random", "secrets", "select", "selectors",
    "shutil", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "uvloop",
    "urllib.request", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
    "datetime.date.today", "uuid.uuid1", "uuid.uuid4", "uuid.getnode",
)
BANNED_BUILTINS: Final = frozenset({"open", "print", "input", "breakpoint", "eval", "exec", "__import__"})
# fmt: on


def is_pure(path: str, shells: re.Pattern[str]) -> bool:
    """Whether the rules of pure code hold for a file; `shells` are the I/O files inside pure folders."""
    return _PURE.fullmatch(path) is not None and not shells.fullmatch(path)


def is_exact(path: str, shells: re.Pattern[str]) -> bool:
    """Whether a file is on the way of a price, where `float(...)` has no place."""
    return _EXACT.fullmatch(path) is not None and not shells.fullmatch(path)


def shells_of(contracts: str) -> re.Pattern[str]:
    """The I/O files inside pure folders: the importers that the contract `pure` ignores."""
    parser = configparser.ConfigParser()
    parser.read_string(contracts)
    lines = parser["importlinter:contract:pure"].get("ignore_imports", "").split("\n")
    names = [line.partition("->")[0].strip() for line in lines if line.strip()]
    paths = [
        "/".join({"*": "[^/]+", "**": ".+"}.get(part, re.escape(part)) for part in name.split("."))
        for name in names
    ]
    return re.compile("src/(?:" + "|".join(paths or ["(?!)"]) + r")\.py")


def check_purity(path: str, text: str) -> list[Finding]:
    """Readings of the world in a pure file."""
    tree = ast.parse(text)
    aliases = import_aliases(tree)
    findings = [
        Finding(path, node.lineno, f"{name} in pure code; pass it in")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Attribute | ast.Name)
        for name in _used(node, aliases)
        if any(f"{name}.".startswith(f"{banned}.") for banned in BANNED)
    ]
    findings += [
        Finding(path, node.lineno, f"{node.func.id}() in pure code; pass it in")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_BUILTINS
    ]
    return sorted(set(findings))


def check_exact(path: str, text: str) -> list[Finding]:
    """Conversions to float in a file of exact numbers, `map(float, ...)` too."""
    return [
        Finding(path, node.lineno, "float where numbers are exact; use integers or Decimal")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        for part in (node.func, *node.args, *(keyword.value for keyword in node.keywords))
        if isinstance(part, ast.Name) and part.id == "float"
    ]


def check_shells(path: str, text: str, shells: re.Pattern[str]) -> list[Finding]:
    """Imports of an I/O file by a pure one; the import contract does not look through its exceptions."""
    return [
        Finding(path, node.lineno, f"{name} does I/O; pure code may not import it")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _used(node, {})
        if shells.fullmatch(f"src/{name.replace('.', '/')}.py")
        or shells.fullmatch(f"src/{name.rpartition('.')[0].replace('.', '/')}.py")
    ]


def import_aliases(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for: `from datetime import date as d` gives d -> datetime.date."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                aliases[item.asname or item.name.partition(".")[0]] = (
                    item.name if item.asname else item.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for item in node.names:
                aliases[item.asname or item.name] = f"{node.module}.{item.name}"
    return aliases


def _used(node: ast.AST, aliases: dict[str, str]) -> Iterator[str]:
    """The full name that a node uses or imports, if it leads to an import."""
    if isinstance(node, ast.Import):
        yield from (item.name for item in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        yield from (f"{node.module}.{item.name}" for item in node.names)
    elif isinstance(node, ast.Attribute | ast.Name):
        parts: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in aliases:
            yield ".".join([aliases[inner.id], *reversed(parts)])
