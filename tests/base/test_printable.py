"""Text from outside is bounded and harmless before people see it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trimaran.base.printable import CHARACTERS_MAX, printable


@given(st.text(max_size=400), st.integers(0, 300))
def test_nothing_moves_the_cursor_and_nothing_is_long(text: str, most: int) -> None:
    assert printable(text, most).isprintable()
    assert len(printable(text, most)) == min(len(text), most)
    assert len(printable(text)) <= CHARACTERS_MAX


def test_what_can_be_read_stays() -> None:
    assert printable("余额不足 -2010\x1b[31m\n") == "余额不足 -2010 [31m "
