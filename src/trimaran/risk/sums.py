"""What the plain core adds up: orders, instruments, scopes, holdings, and what each is worth in attos."""

from __future__ import annotations

from trimaran.risk.amount import (
    INFINITE,
    PRODUCT_BITS,
    Total,
    margin,
    scaled_up,
    with_fee,
)
from trimaran.risk.ask import NONSENSE
from trimaran.risk.memory import Rate
from trimaran.risk.tables import Terms


def notional_of(terms: Terms, lots: int, price_ticks: int) -> int:
    """Lots at a price in attos of quote, rounded up."""
    if lots.bit_length() + price_ticks.bit_length() > PRODUCT_BITS:
        return INFINITE
    return scaled_up(lots * price_ticks, terms.value_numerator, terms.value_denominator)


def base_of(terms: Terms, lots: int) -> int:
    """Lots in attos of base, rounded up."""
    return scaled_up(lots, terms.size_numerator, terms.size_denominator)


def value_of(terms: Terms, lots: int, ask_ticks: int) -> int:
    """The value of lots at a mark; INFINITE without one."""
    if not lots:
        return 0
    return notional_of(terms, lots, ask_ticks) if ask_ticks > 0 else INFINITE


def need_of(
    terms: Terms, leverage: int, side: int, reduce_only: int, lots: int, price_ticks: int
) -> tuple[int, int]:
    """(asset, attos) that an order takes at worst."""
    if terms.perpetual:
        notional = 0 if reduce_only else notional_of(terms, lots, price_ticks)
        return terms.quote, margin(notional, terms.fee_e8, leverage)
    if side:
        return terms.base, base_of(terms, lots)
    return terms.quote, with_fee(notional_of(terms, lots, price_ticks), terms.fee_e8)


class OpenTerms:
    """An open order: its terms, two of them while an amendment is under way."""

    def __init__(
        self,
        instrument: int,
        strategy: int,
        side: int,
        terms: list[tuple[int, int]],
        rests: bool,
        reduce_only: bool,
    ) -> None:
        self.instrument = instrument
        self.strategy = strategy
        self.side = side
        self.terms = terms  # (price_ticks, lots that may still fill)
        self.rests = rests
        self.reduce_only = reduce_only

    @property
    def lots(self) -> int:
        """What may still fill, at the most."""
        return max(lots for _, lots in self.terms)


class Place:
    """What is known of an instrument."""

    def __init__(self) -> None:
        self.frozen = False
        self.position = 0
        self.cost = (0, 0)
        self.mark = (0, 0)
        self.open = [0, 0]
        self.count = 0
        self.value = self.valued = self.held = self.lost = 0
        self.rate = Rate()


class ScopeState:
    """What is known of a scope."""

    def __init__(self) -> None:
        self.kill = 0
        self.count = 0
        self.exposure = Total()
        self.orders, self.messages = Rate(), Rate()
        self.known = False
        self.day = NONSENSE
        self.equity = self.day_start = self.peak = 0


class Cell:
    """A strategy on an instrument."""

    def __init__(self) -> None:
        self.lots = 0
        self.open = [0, 0]
        self.valued = 0


class Holding:
    """An asset of an account."""

    def __init__(self) -> None:
        self.wallet = 0
        self.needed, self.held, self.lost, self.gross = Total(), Total(), Total(), Total()


def worst_lots(position: int, buys: int, sells: int) -> int:
    """The larger of both ways a position could go."""
    return max(position + buys, sells - position)
