"""The acceptance list names every acceptance test, and no test that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.venues.acceptance.numbers import NUMBERS

HERE = Path(__file__).parent
TEST = re.compile(r"^(?:async )?def test_(\d\w+)\(", re.MULTILINE)


def written() -> set[str]:
    """Every numbered test, as `file: test`."""
    return {
        f"{path.stem.removeprefix('test_acceptance_')}: {name}"
        for path in HERE.glob("test_acceptance_*.py")
        for name in TEST.findall(path.read_text(encoding="utf-8"))
    }


def test_every_proof_exists_and_every_test_is_a_proof() -> None:
    named = {proof for number in NUMBERS for proof in number.proofs}
    assert named == written()


def test_numbers_are_in_order_and_each_is_proved() -> None:
    assert [number.number for number in NUMBERS] == list(range(1, len(NUMBERS) + 1))
    assert all(number.proofs for number in NUMBERS)
    assert all(number.every_market or number.where for number in NUMBERS)
