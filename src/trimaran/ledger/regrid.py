"""Another grid for an instrument: what a position and its prices are on it, exactly or not at all.

Venues change the tick and the lot of an instrument while positions are open. The money (cost, realised) stays
what it is; lots are counted anew. A position that has no whole number of the new lots is refused: to round it
would make or lose money.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from trimaran.base.errors import GridError
from trimaran.domain.instrument import Instrument
from trimaran.ledger.position import FLAT, Position
from trimaran.ledger.postings import Contract

Ratio = tuple[int, int]
ONE: Ratio = (1, 1)


class Regrid(msgspec.Struct, frozen=True):
    """How numbers of the old grid become numbers of the new one: times numerator over denominator."""

    price: Ratio
    lots: Ratio
    position: Position

    @property
    def is_identity(self) -> bool:
        """Whether everything stays as it is."""
        return self.price == ONE and self.lots == ONE


def regrid(old: Instrument, new: Instrument, position: Position) -> Regrid:
    """The change from one grid to another. Raises GridError when a position cannot be restated."""
    assert old.key == new.key, (old.key, new.key)
    before, after = Contract.of(old), Contract.of(new)
    same = (before.base, before.quote, before.perpetual) == (after.base, after.quote, after.perpetual)
    if not same and position != FLAT:
        raise GridError(
            f"{old.key}: expected {old.base}/{old.quote} {old.kind.value} while there is a position, "
            f"found {new.base}/{new.quote} {new.kind.value}"
        )
    price = _ratio(Fraction(old.price_grid.step), Fraction(new.price_grid.step))
    lots = _ratio(Fraction(before.lot_size), Fraction(after.lot_size))
    whole, rest = divmod(position.lots * lots[0], lots[1])
    if rest:
        raise GridError(
            f"{old.key}: expected a position in multiples of {after.lot_size} {new.base}, "
            f"found {position.lots} lots of {before.lot_size}"
        )
    return Regrid(price, lots, Position(whole, position.cost, position.realised))


def _ratio(old: Fraction, new: Fraction) -> Ratio:
    quotient = old / new
    return quotient.numerator, quotient.denominator
