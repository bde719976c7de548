"""Margin of perpetual positions in cross mode, as our own side sees it: held, free, leverage, liquidation.

    equity       wallet + sum of (size * mark - cost)
    held         sum of |size| * mark / leverage: what secures the positions (Binance: position margin)
    free         equity - held, what new positions may use; orders that rest hold more, which risk knows
    maintenance  sum of |size| * mark * maintenance rate: at an equity below it the venue liquidates
    leverage     sum of |size| * mark / equity

The liquidation price of a position is the price of its own mark at which equity is the maintenance margin,
with all other marks as they are (Binance's formula of cross mode in one tier, cum = 0,
https://www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93):

    price = (cost - wallet - unrealised of the others + maintenance of the others) / (size - rate * |size|)

It is an estimate: venues have tiers of rates, count the fees of closing (OKX), and some secure by several
assets. The venue's own figure, where it sends one, is the better one; both are to be watched.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trimaran.domain.exact import EXACT, ROUNDING, ZERO
from trimaran.domain.instrument import Asset, ContractKind, InstrumentKey, MarketName
from trimaran.ledger.ledger import Ledger
from trimaran.ledger.pnl import Unmarked
from trimaran.ledger.postings import Contract

_add, _subtract, _times, _divide = EXACT.add, EXACT.subtract, EXACT.multiply, ROUNDING.divide


class MarginTerms(msgspec.Struct, frozen=True):
    """What a venue demands of a position."""

    leverage: Decimal  # that is set for it
    maintenance_rate: Decimal  # of its value, e.g. 0.005

    def __post_init__(self) -> None:
        assert self.leverage > 0, self
        assert 0 <= self.maintenance_rate < 1, self


class PositionMargin(msgspec.Struct, frozen=True):
    """One position, in quote asset and at its mark."""

    instrument_key: InstrumentKey
    lots: int
    entry_price: Decimal
    mark_price: Decimal
    unrealised: Decimal
    value: Decimal  # |size| * mark
    held: Decimal
    maintenance: Decimal
    liquidation_price: Decimal | None  # None: no price of this mark alone leads there
    distance: Decimal | None  # from the mark to it, as a fraction of the mark; below 0: it is beyond


class MarginView(msgspec.Struct, frozen=True):
    """One wallet and the positions that it secures."""

    market: MarketName
    asset: Asset
    wallet: Decimal
    unrealised: Decimal
    equity: Decimal
    held: Decimal
    free: Decimal  # may be below zero
    maintenance: Decimal
    leverage: Decimal | None  # None: there is no equity left
    positions: tuple[PositionMargin, ...]


class _Open(msgspec.Struct, frozen=True):
    """An open position, valued."""

    key: InstrumentKey
    lots: int
    size: Decimal
    cost: Decimal
    mark: Decimal
    terms: MarginTerms
    value: Decimal
    unrealised: Decimal
    maintenance: Decimal


def margin_view(
    ledger: Ledger,
    market: MarketName,
    asset: Asset,
    marks: Mapping[InstrumentKey, Decimal],
    terms: Mapping[InstrumentKey, MarginTerms],
) -> MarginView | Unmarked:
    """The margin of a market's wallet of one asset, or the names of positions without a mark or terms."""
    keys = [
        key
        for key, position in ledger.positions.items()
        if position.lots
        and ledger.instruments[key].kind is ContractKind.PERPETUAL
        and (ledger.instruments[key].market, ledger.instruments[key].quote) == (market, asset)
    ]
    missing = tuple(sorted(key for key in keys if key not in marks or key not in terms))
    if missing:
        return Unmarked(missing)
    opens = [_valued(ledger, key, marks[key], terms[key]) for key in sorted(keys)]
    wallet = ledger.balances.get((market, asset), ZERO)
    unrealised = _sum([each.unrealised for each in opens])
    equity, maintenance = _add(wallet, unrealised), _sum([each.maintenance for each in opens])
    positions = tuple(
        _position(
            each,
            wallet,
            _subtract(unrealised, each.unrealised),
            _subtract(maintenance, each.maintenance),
        )
        for each in opens
    )
    held = _sum([each.held for each in positions])
    leverage = _divide(_sum([each.value for each in opens]), equity) if equity > 0 else None
    free = _subtract(equity, held)
    return MarginView(market, asset, wallet, unrealised, equity, held, free, maintenance, leverage, positions)


def _valued(ledger: Ledger, key: InstrumentKey, mark: Decimal, terms: MarginTerms) -> _Open:
    position, contract = ledger.positions[key], Contract.of(ledger.instruments[key])
    size = _times(contract.lot_size, position.lots)
    worth = _times(size, mark)
    value = worth.copy_abs()
    unrealised = _subtract(worth, position.cost)
    maintenance = _times(value, terms.maintenance_rate)
    return _Open(key, position.lots, size, position.cost, mark, terms, value, unrealised, maintenance)


def _position(
    each: _Open, wallet: Decimal, others_unrealised: Decimal, others_maintenance: Decimal
) -> PositionMargin:
    owed = _subtract(_subtract(each.cost, wallet), _subtract(others_unrealised, others_maintenance))
    slope = _subtract(each.size, _times(each.terms.maintenance_rate, each.size.copy_abs()))
    price = _divide(owed, slope)
    reachable = price if price > 0 else None
    distance = None
    if reachable is not None:
        way = ROUNDING.subtract(each.mark, price) if each.lots > 0 else ROUNDING.subtract(price, each.mark)
        distance = _divide(way, each.mark)
    return PositionMargin(
        each.key,
        each.lots,
        _divide(each.cost, each.size),
        each.mark,
        each.unrealised,
        each.value,
        _cents(_divide(each.value, each.terms.leverage)),
        each.maintenance,
        reachable,
        distance,
    )


def _cents(amount: Decimal) -> Decimal:
    """An amount that was divided, on the grid of wallets."""
    return amount.quantize(Decimal("1e-8"), context=ROUNDING)


def _sum(amounts: list[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = _add(total, amount)
    return total
