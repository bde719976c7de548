"""Each import contract is kept by the house and broken by a violation planted into a copy of it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tools.tidy.files import ROOT

# contract, then what is planted: file -> its text
VIOLATIONS = [
    ("floors", {"base/planted.py": "import trimaran.domain"}),
    ("floors", {"books/planted.py": "from trimaran import risk"}),
    ("floors", {"strategies/planted.py": "from trimaran.venues.binance import spec"}),
    ("floors", {"orphan/__init__.py": ""}),
    ("venues", {"venues/wire/planted.py": "import trimaran.venues.sim"}),
    ("venues", {"venues/okx/__init__.py": "import trimaran.venues.binance"}),
    ("venues", {"venues/helpers.py": ""}),
    ("simulators", {"venues/okx/simulator/planted.py": "from .. import parse"}),
    ("accounts", {"venues/sim/planted.py": "import trimaran.ledger"}),
    ("desk", {"venues/wire/planted.py": "import trimaran.venues.sim"}),
    ("cycles", {"books/planted.py": "from . import twin", "books/twin.py": "from . import planted"}),
    ("pure", {"domain/planted.py": "import time"}),
    ("pure", {"engine/planted.py": "from socket import socket"}),
    ("pure", {"venues/okx/planted.py": "import random"}),
    ("pure", {"venues/sim/planted.py": "import os.path"}),
    (
        "pure",
        {
            "venues/wire/planted.py": "import asyncio",
            "venues/binance/planted.py": "import trimaran.venues.wire.planted",
        },
    ),
]
ALLOWED = {
    "venues/okx/planted.py": "import trimaran.venues.sim",
    "domain/planted.py": "from datetime import datetime",
    "gateway/__init__.py": "import trimaran.engine",
}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the Python sources and the contracts."""
    copy = tmp_path_factory.mktemp("house")
    only_python = shutil.ignore_patterns("__pycache__", "*.so", "*.pyi")
    shutil.copytree(ROOT / "src" / "trimaran", copy / "src" / "trimaran", ignore=only_python)
    shutil.copy(ROOT / ".importlinter", copy)
    return copy


def lint(house: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs lint-imports over a copy, without the hooks of site, which lead to the installed house."""
    paths = [str(house / "src"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    start = (
        f"import sys; sys.path[:0] = {paths}; from importlinter.cli import lint_imports_command as run; run()"
    )
    command = (sys.executable, "-S", "-c", start, "--no-cache", "--no-logo", *arguments)
    return subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)


def plant(house: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        target = house / "src" / "trimaran" / name
        assert not target.exists() or target.name == "__init__.py", f"{name} is taken; plant elsewhere"
        target.parent.mkdir(exist_ok=True)
        target.write_text(f"{text}\n", encoding="utf-8")


def uproot(house: Path, files: dict[str, str]) -> None:
    for name in files:
        target = house / "src" / "trimaran" / name
        original = ROOT / "src" / "trimaran" / name
        if original.exists():
            shutil.copy(original, target)
        else:
            target.unlink()
            if not any(path.suffix == ".py" for path in target.parent.iterdir()):
                shutil.rmtree(target.parent)


def test_the_house_keeps_its_contracts(house: Path) -> None:
    done = lint(house)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_what_is_allowed_breaks_nothing(house: Path) -> None:
    plant(house, ALLOWED)
    done = lint(house)
    uproot(house, ALLOWED)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_an_adapter_is_named() -> None:
    parser = configparser.ConfigParser()
    parser.read_string((ROOT / ".importlinter").read_text(encoding="utf-8"))
    named = {
        line.rpartition(".")[2]
        for contract, key in (("simulators", "forbidden_modules"), ("desk", "source_modules"))
        for line in parser[f"importlinter:contract:{contract}"][key].split()
    }
    folders = [path for path in (ROOT / "src/trimaran/venues").iterdir() if path.name not in ("sim", "wire")]
    modules = {path.stem for folder in folders for path in folder.glob("*.py")} - {"__init__"}
    assert modules <= named, "add them to the contracts simulators and desk of .importlinter"


@pytest.mark.parametrize(
    ("contract", "files"), VIOLATIONS, ids=[f"{c}-{next(iter(f))}" for c, f in VIOLATIONS]
)
def test_a_violation_is_seen(house: Path, contract: str, files: dict[str, str]) -> None:
    plant(house, files)
    done = lint(house, "--contract", contract)
    uproot(house, files)
    assert done.returncode == 1, done.stdout + done.stderr
    assert " 1 broken" in done.stdout or "Missing layer" in done.stdout + done.stderr, (
        done.stdout + done.stderr
    )
