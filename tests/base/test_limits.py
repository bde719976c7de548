"""The limits of the platform: the native copies are the same, and the relations between them hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from trimaran.base import limits

HEADER: Final = Path(__file__).parents[2] / "native/include/trimaran/limits.hpp"
CONSTANT: Final = re.compile(r"inline constexpr [\w:]+ ([A-Z0-9_]+) = ([^;]+);")
PYTHON: Final = {name: value for name, value in vars(limits).items() if name.isupper()}
PYTHON_ONLY: Final = {  # the native core never sees such a body, and no order that ended
    "EXCHANGE_INFO_BYTES_MAX",
    "ENDED_ORDERS_MAX",
}


def native_constants() -> dict[str, int]:
    """Every constant of the header; its few ways of writing a number, read as Python."""
    found: dict[str, int] = {}
    for name, text in CONSTANT.findall(HEADER.read_text(encoding="utf-8")):
        plain = re.sub(r"std::int64_t\{1\}", "1", text).replace("'", "")
        plain = re.sub(r"(?<=\d)u\b", "", plain)
        found[name] = int(eval(plain, {"__builtins__": {}}, dict(found)))
    return found


def test_the_header_is_read_whole() -> None:
    lines = HEADER.read_text(encoding="utf-8").count("inline constexpr")
    assert len(native_constants()) == lines > 10


def test_both_files_have_the_same_names() -> None:
    assert set(native_constants()) == set(PYTHON) - PYTHON_ONLY


@pytest.mark.parametrize("name", sorted(set(PYTHON) - PYTHON_ONLY))
def test_both_files_agree(name: str) -> None:
    assert native_constants()[name] == PYTHON[name]


def test_every_limit_is_a_positive_integer() -> None:
    assert all(type(value) is int and value > 0 for value in PYTHON.values())


def test_pools_hold_what_one_frame_can_bring() -> None:
    assert limits.BOOK_LEVELS_MAX >= limits.LEVELS_PER_SIDE_MAX
    assert limits.PENDING_LEVELS_MAX >= 2 * limits.LEVELS_PER_SIDE_MAX
    assert limits.LEVELS_PER_SIDE_MAX * len('["1","1"],') < limits.FRAME_BYTES_MAX
    assert limits.NUMBER_BYTES_MAX < limits.FRAME_BYTES_MAX


def test_products_fit_into_128_bits() -> None:
    rate = limits.FEE_E8_ONE + limits.FEE_E8_MAX
    assert limits.PRICE_TICKS_MAX * rate * 2 < 2**127
    assert limits.PRICE_TICKS_MAX * limits.SIZE_LOTS_MAX < 2**127
    # What one level of a book is before the scan compares it with the limit: a factor is below 10**18.
    assert limits.PRICE_TICKS_MAX * 10**18 < 2**127
    assert limits.SIZE_LOTS_MAX * 10**18 < 2**127


def test_single_values_fit_into_64_bits() -> None:
    for name in ("PRICE_TICKS_MAX", "SIZE_LOTS_MAX", "UPDATE_ID_MAX"):
        assert PYTHON[name] + 1 < 2**63, name  # first_id <= last_id + 1 must not wrap
    assert limits.TIME_MS_MAX * 1_000_000 < 2**63


def test_answers_have_room_for_every_book() -> None:
    assert limits.BOOKS_MAX < 0xFFFF
    assert limits.GROUP_BOOKS_MAX <= limits.BOOKS_MAX
