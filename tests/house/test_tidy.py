"""The house itself is tidy: every rule of `tools.tidy` over every file that is ours."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import pytest

from tools.pins import asked
from tools.tidy.files import CPP, PYTHON, ROOT, Finding, project_files, read_text
from tools.tidy.purity import check_exact, check_purity, check_shells, is_exact, is_pure, shells_of
from tools.tidy.reasons import check_reasons
from tools.tidy.sizes import SIZED, file_lines, function_lines, ratchet
from tools.tidy.syntax import check_approved, check_syntax
from tools.tidy.words import check_words

TABLE = "tests/house/ratchet.toml"
RATCHET = tomllib.loads((Path(__file__).parent / "ratchet.toml").read_text(encoding="utf-8"))
SHELLS = shells_of((ROOT / ".importlinter").read_text(encoding="utf-8"))


@cache
def texts() -> dict[str, str]:
    """Every text file of the project by its path."""
    read = {path: read_text(ROOT / path) for path in project_files()}
    return {path: text for path, text in read.items() if text is not None}


def python_files(*folders: str) -> dict[str, str]:
    return {
        path: text for path, text in texts().items() if path.endswith(PYTHON) and path.startswith(folders)
    }


def report(findings: list[Finding]) -> None:
    if findings:
        pytest.fail("\n".join(map(str, sorted(findings))), pytrace=False)


def test_the_rules_see_the_house() -> None:
    seen = texts()
    assert any(is_pure(path, SHELLS) for path in seen)
    assert any(is_exact(path, SHELLS) for path in seen)
    assert any(path.endswith(CPP) for path in seen)
    assert "Makefile" in seen


def test_files_are_short() -> None:
    sizes = {path: file_lines(text) for path, text in texts().items() if path.endswith(SIZED)}
    report(ratchet(sizes, RATCHET["files"], RATCHET["limits"]["file_lines"], TABLE))


def test_functions_are_short() -> None:
    sizes = {
        f"{path}::{name}": lines
        for path, text in texts().items()
        if path.endswith(SIZED)
        for name, lines in function_lines(path, text).items()
    }
    report(ratchet(sizes, RATCHET["functions"], RATCHET["limits"]["function_lines"], TABLE))


def test_python_files_follow_the_form() -> None:
    report([finding for path, text in python_files("").items() for finding in check_syntax(path, text)])


def test_pure_code_reads_nothing_of_the_world() -> None:
    pure = {path: text for path, text in texts().items() if is_pure(path, SHELLS)}
    report([finding for path, text in pure.items() for finding in check_purity(path, text)])
    report([finding for path, text in pure.items() for finding in check_shells(path, text, SHELLS)])


def test_exact_numbers_never_become_floats() -> None:
    exact = {path: text for path, text in texts().items() if is_exact(path, SHELLS)}
    report([finding for path, text in exact.items() for finding in check_exact(path, text)])


def test_only_the_gate_approves() -> None:
    files = python_files("src/", "benchmarks/", "examples/", "tools/")
    report([finding for path, text in files.items() for finding in check_approved(path, text)])


def test_words() -> None:
    report([finding for path, text in texts().items() for finding in check_words(path, text)])


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads(texts()["pyproject.toml"])
    decisions = [text for path, text in texts().items() if path.startswith("docs/decisions/")]
    report(check_reasons(asked(project), decisions))
