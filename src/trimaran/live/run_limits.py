"""The limits of risk of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from trimaran.domain.instrument import Instrument
from trimaran.domain.orders import StrategyName
from trimaran.risk.limits import LimitsBook
from trimaran.risk.limits_file import read_limits


def limits_of(
    text: str, instruments: Iterable[Instrument], strategies: Collection[StrategyName]
) -> LimitsBook:
    """The limits of a file, checked against what is traded. Raises ConfigError."""
    book = read_limits(text)
    book.check(instruments, strategies)
    return book
