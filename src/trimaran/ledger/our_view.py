"""Our side of a comparison: what we believe of one market's account, and when we last heard of each thing.

`venue_ns` of a thing is the venue's time of the newest event about it; the local time of that event where the
venue sends none.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import msgspec

from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientIdCounter, ClientOrderId
from trimaran.domain.exact import ZERO
from trimaran.domain.instrument import Asset, ContractKind, Instrument, InstrumentKey, MarketName
from trimaran.domain.orders import OrderRequest, OrderState
from trimaran.domain.reports import MarginMode
from trimaran.ledger.ledger import Ledger

UNIT: Final = Decimal("1e-8")  # of an asset of which nothing else is known; the venues round to it


class OurOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of ours, open or ended not long ago."""

    order: OrderRequest  # as it is in force
    state: OrderState
    filled_lots: int
    venue_order_id: VenueOrderId | None = None
    amending: OrderRequest | None = None  # what it may have become: a change is under way
    venue_ns: int = 0  # of the newest event about it; local time of sending where none has come
    ending: bool = False  # its end was told, and not all of its fills


class OurBalance(msgspec.Struct, frozen=True):
    """What the ledger holds of an asset."""

    total: Decimal
    venue_ns: int = 0


class OurPosition(msgspec.Struct, frozen=True):
    """A perpetual position of the ledger."""

    lots: int
    cost: Decimal
    venue_ns: int = 0


class Expected(msgspec.Struct, frozen=True):
    """How a position is to be secured. None: as it is."""

    leverage: Decimal | None = None
    margin_mode: MarginMode | None = None


class OurView(msgspec.Struct, frozen=True, kw_only=True):
    """What we believe of one market's account."""

    market: MarketName
    counter: ClientIdCounter  # of the record: ids up to this one are ours
    margin_ns: int  # the venue's visibility lag and the error of our idea of its clock, together
    instruments: Mapping[InstrumentKey, Instrument]  # that we know, of all markets
    orders: Mapping[ClientOrderId, OurOrder]  # of this market
    balances: Mapping[Asset, OurBalance]  # of the wallet, see `wallet_of`
    positions: Mapping[InstrumentKey, OurPosition]  # perpetuals of this market
    wallet: frozenset[MarketName] = frozenset()  # markets that share the wallet; empty: nobody has said
    others: tuple[OurOrder, ...] = ()  # orders under way on other markets of the wallet: they move it too
    delisted: frozenset[InstrumentKey] = frozenset()  # known to us, and no longer listed by the venue
    units: Mapping[Asset, Decimal] = MappingProxyType({})  # smallest amount of an asset; UNIT otherwise
    expected: Mapping[InstrumentKey, Expected] = MappingProxyType({})
    remembered_ns: Mapping[InstrumentKey, int] = MappingProxyType({})  # fills before are forgotten
    opening: bool = False  # nothing was ever booked: what the venue has is brought in, not adjusted

    @property
    def secures(self) -> bool:
        """Whether the wallet secures perpetuals, so that unrealised profit may be free to use."""
        venue = self.market.partition(".")[0]
        return any(
            each.kind is ContractKind.PERPETUAL
            and (each.market in self.wallet if self.wallet else each.market.partition(".")[0] == venue)
            for each in self.instruments.values()
        )

    def unit(self, asset: Asset) -> Decimal:
        """The smallest amount of an asset: a smaller difference is none."""
        return self.units.get(asset, UNIT)


def wallet_of(ledger: Ledger, markets: frozenset[MarketName]) -> dict[Asset, OurBalance]:
    """The balances of a wallet. Several `markets` share one at some venues (OKX: spot and swaps)."""
    found: dict[Asset, OurBalance] = {}
    for (market, asset), amount in ledger.balances.items():
        if market in markets:
            known = found.get(asset, OurBalance(ZERO))
            moved_ns = ledger.moved_ns((market, asset))
            found[asset] = OurBalance(known.total + amount, max(known.venue_ns, moved_ns))
    return found


def positions_of(ledger: Ledger, market: MarketName) -> dict[InstrumentKey, OurPosition]:
    """The perpetual positions of a market, those that were closed included."""
    return {
        key: OurPosition(position.lots, position.cost, ledger.traded_ns(key))
        for key, position in ledger.positions.items()
        if ledger.instruments[key].market == market and ledger.instruments[key].kind is ContractKind.PERPETUAL
    }
