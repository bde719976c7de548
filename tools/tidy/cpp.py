"""Finds the functions of a C++ file without a parser: comments and literals blanked, braces followed.

It reads the house's own style, not all of C++: a brace whose head (the text since the last `;`, `{` or
`}`) has a parameter list opens a function, unless the head is that of a type, a namespace or a value.
Lambdas and local types inside a function belong to it.
"""

from __future__ import annotations

import re
from typing import Final

_BLANKED: Final = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"(?P<raw>[^()\s\\]{0,16})\(.*?\)(?P=raw)" | "(?:\\.|[^"\\\n])*"
    | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+' | (?m:^[ \t]*\#(?:\\\n|[^\n])*)""",
    re.VERBOSE | re.DOTALL,
)
_TEMPLATE: Final = re.compile(r"\b(?:template|requires)\b")
_NOT_A_FUNCTION: Final = re.compile(r"^\s*(?:namespace|class|struct|union|enum|extern|concept)\b")
_INITIALISERS: Final = re.compile(r"\)\s*(?:noexcept\s*)?:(?!:)")
_NAME: Final = re.compile(r"([~\w:@]+)\s*$")
_OPERATOR: Final = re.compile(r"\boperator\s*(\(\s*\)|\[\s*\]|[^\s\w(\[]+)")
_ASSIGNED: Final = re.compile(r"(?<![=!<>+\-*/&|^%])=(?!=)")


def cpp_functions(text: str) -> dict[str, int]:
    """Length in lines of each function by its name; of overloads the longest one."""
    code = _BLANKED.sub(_blank, text)
    found: dict[str, int] = {}
    head = position = 0
    while position < len(code):
        character = code[position]
        if character in ";}":
            head = position + 1
        elif character == "{":
            name = _function_name(code[head:position])
            if name == "":
                position = _closing(code, position)  # an initialiser or a value: the head goes on
            elif name is not None:
                last = _closing(code, position)
                first = position - len(_drop_access(code[head:position]))
                lines = code.count("\n", first, last) + 1
                found[name] = max(found.get(name, 0), lines)
                position, head = last, last + 1
            else:
                head = position + 1
        position += 1
    return found


def _blank(match: re.Match[str]) -> str:
    """The same shape without the text: newlines stay, so that lines can be counted."""
    return re.sub(r"[^\n]", " ", match.group())


def _closing(code: str, opening: int) -> int:
    """Position of the brace that closes the one at `opening`; the end of the text if none does."""
    depth = 0
    for position in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[position], 0)
        if depth == 0:
            return position
    return len(code) - 1


def _function_name(head: str) -> str | None:
    """The name of the function that this head opens, "" for a value in braces, None for a scope."""
    head = _drop_templates(_drop_access(head))
    symbol = _OPERATOR.search(head)
    head = _OPERATOR.sub("operator@", head)
    if _NOT_A_FUNCTION.match(head):
        return None
    parameters = _parameter_list(head)
    if parameters is None:
        return None if not head.strip() else ""
    before = head[:parameters]
    if _ASSIGNED.search(before):
        return ""
    if _INITIALISERS.search(head) and re.search(r"[\w>]\s*$", head):
        return ""
    name = _NAME.search(before)
    if name is None:
        return "(anonymous)"
    return name.group(1).replace("@", symbol.group(1) if symbol else "")


def _drop_access(head: str) -> str:
    """The head without labels like `public:` and the white space in front of it."""
    return re.sub(r"^\s*(?:(?:public|private|protected)\s*:(?!:)\s*)*", "", head)


def _drop_templates(head: str) -> str:
    """The head without `template <...>`, `requires (...)` and attributes in front of it."""
    head = re.sub(r"\[\[.*?\]\]", "", head, flags=re.DOTALL)
    while match := _TEMPLATE.match(head.lstrip()):
        rest = head.lstrip()[match.end() :].lstrip()
        opening = rest[:1]
        if opening not in ("<", "("):
            return rest
        head = rest[_balanced(rest, opening, {"<": ">", "(": ")"}[opening]) + 1 :]
    return head


def _balanced(text: str, opening: str, closing: str) -> int:
    depth = 0
    for position, character in enumerate(text):
        depth += (character == opening) - (character == closing)
        if depth == 0:
            return position
    return len(text) - 1


def _parameter_list(head: str) -> int | None:
    """Where the first parenthesis outside of template arguments opens; None if there is none."""
    depth = 0
    for position, character in enumerate(head):
        if character == "<":
            depth += 1
        elif character == ">" and head[position - 1 : position] != "-":
            depth = max(0, depth - 1)
        elif character == "(" and depth == 0:
            return position
    return None
