"""The state of one desk: Hot (books and scan) and Durable, and the tables that join them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from trimaran.arbitrage.episodes import Episodes
from trimaran.arbitrage.opportunity import Leg
from trimaran.domain.answer import STATUS_WORD, BookStatus
from trimaran.domain.client_id import ID_STEP, ClientIdCounter, ClientOrderId, last_id_of
from trimaran.domain.decision import KillState
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey, MarketName, Side
from trimaran.domain.kill import market_in
from trimaran.domain.market import Level
from trimaran.domain.opportunity import Pair
from trimaran.domain.orders import GroupId, StrategyName
from trimaran.domain.records import Durability
from trimaran.domain.venue_law import VenueLaw
from trimaran.engine.durable import Durable
from trimaran.engine.hot import Hot
from trimaran.engine.readiness import Readiness
from trimaran.engine.resolver import Resolver
from trimaran.native._risk import RiskCore as NativeRiskCore
from trimaran.risk.core import RiskCore
from trimaran.risk.desk import RiskDesk
from trimaran.risk.limits import LimitsBook
from trimaran.strategies.port import OwnOrder, Strategy

Underlying = tuple[Asset, Asset]  # (base, quote): a price in USDC is not a price in USDT


def underlying_of(instrument: Instrument) -> Underlying:
    """What an instrument's price is a price of."""
    return instrument.base, instrument.quote


class MarketSetup(msgspec.Struct, frozen=True):
    """One market: its dialect and what is traded there."""

    name: MarketName
    dialect: Dialect
    instruments: tuple[Instrument, ...]


class DeskSetup(msgspec.Struct, frozen=True):
    """What a desk is made of."""

    markets: tuple[MarketSetup, ...]
    limits: LimitsBook
    threshold_e8: int  # net edge at the top from which the scan wakes the stages behind it
    notional_max: Decimal  # quote; a depth walk goes no further
    laws: Mapping[MarketName, VenueLaw] = msgspec.field(default_factory=dict)  # of markets that are real
    # Markets that share one wallet with a market, itself included; one that is missing has its own.
    wallets: Mapping[MarketName, frozenset[MarketName]] = msgspec.field(default_factory=dict)
    durability: Mapping[StrategyName, Durability] = msgspec.field(default_factory=dict)  # DURABLE if missing


class Desk:
    """All state behind `engine.step`. Runners read it for reports; only a step changes it."""

    def __init__(
        self,
        setup: DeskSetup,
        hot: Hot,
        strategies: Sequence[Strategy],
        counter: ClientIdCounter,
        make_risk_core: Callable[[], RiskCore] = NativeRiskCore,
    ) -> None:
        """Raises ConfigError when something that is traded has no limits."""
        self.setup = setup
        self.hot = hot
        self.strategies = strategies
        self.instruments = {i.key: i for market in setup.markets for i in market.instruments}
        self.durable = Durable(self.instruments, counter)
        self.last_id = last_id_of(counter)  # that was given out; those of refused orders are lost
        self.ids_end = last_id_of(counter.next_epoch())
        self.is_real = bool(setup.laws)  # whether any market has orders that leave the process
        self.epoch = counter.epoch
        self.group_sequence = 0
        self.risk = RiskDesk(
            self.instruments.values(),
            setup.limits,
            make_risk_core,
            self.durable.ledger.exposure_base,
            setup.wallets,
        )
        self.resolver = Resolver(setup.laws)
        self.readiness = Readiness(setup.laws)
        self.before_start: set[ClientOrderId] = set()  # that had not ended; whoever looks drops what is known
        self.holding = frozenset(name for name, law in setup.laws.items() if not law.reissue)
        # Frozen while the fate of an order there is not known, and why.
        self.held: dict[InstrumentKey, str] = {}
        self.takes_risk = True  # whether the record has room for new intents; the loop knows
        self.episodes = Episodes()
        self.now_ns = 0
        self.markets: dict[MarketName, int] = {}
        self.books: dict[InstrumentKey, int] = {}
        self.legs: list[Leg] = []  # by book
        self.keys: list[InstrumentKey] = []  # by book
        self.factors: list[int] = []  # common price units of a tick, by book
        self.market_of_book: list[int] = []
        self.book_status: list[BookStatus] = []
        self.same: dict[Underlying, list[int]] = {}  # books that are scanned against each other
        self.pairs: dict[Underlying, list[Pair]] = {}
        self._build()

    def adopt(self, durable: Durable) -> None:
        """Takes over a durable state that was recovered, before the first event."""
        assert self.now_ns == 0, "a desk that has begun has a past of its own"
        self.durable = durable
        self.risk.exposure_of = durable.ledger.exposure_base
        self.last_id, self.epoch = durable.last_id, durable.counter.epoch
        self.ids_end = last_id_of(durable.counter.next_epoch())
        self.before_start = set(durable.working)

    def instrument(self, key: InstrumentKey) -> Instrument:
        """An instrument."""
        return self.instruments[key]

    def top_ticks(self, key: InstrumentKey) -> tuple[int, int]:
        """(bid_ticks, ask_ticks); 0 where a side is unknown or the book is not live."""
        top = self.hot.top(self.books[key])
        return top[0], top[2]

    def working(self, key: InstrumentKey) -> bool:
        """True while an order of ours is open there."""
        return key in self.durable.book.at_work

    def halted(self, key: InstrumentKey, strategy: StrategyName) -> bool:
        """True while a strategy may send nothing there: frozen, not reconciled, or a kill switch."""
        killed = self.durable.kill.effective(market_in(key), strategy) is KillState.KILLED
        return killed or self.frozen_by(key) is not None or self.not_ready(key) is not None

    def frozen_by(self, key: InstrumentKey) -> str | None:
        """Why an instrument is frozen: a contradiction, or an order whose fate nothing can prove."""
        return self.durable.frozen.get(key) or self.held.get(key)

    def not_ready(self, key: InstrumentKey) -> str | None:
        """What is missing before new orders may go to the market of an instrument; None: nothing."""
        return self.readiness.missing(market_in(key))

    def own_orders(self, strategy: StrategyName) -> list[OwnOrder]:
        """The orders of a strategy that have not ended, the oldest first."""
        return [
            OwnOrder(
                each.order,
                each.state,
                each.filled_lots,
                changing=each.amendment is not None,
                cancelling=each.cancel_ns != 0 or each.ending is not None,
            )
            for each in self.durable.working.values()
            if each.order.strategy == strategy
        ]

    def owed(self, strategy: StrategyName) -> Mapping[InstrumentKey, Decimal]:
        """What a strategy is to give back, in base asset, by instrument; long is positive."""
        return self.durable.owed(strategy)

    def take_client_id(self) -> ClientOrderId:
        """The next client order id; it is never given twice."""
        self.last_id = last_id = self.last_id + ID_STEP
        assert last_id < self.ids_end, "an epoch has 2**30 - 1 ids"
        return ClientOrderId(last_id)

    def take_group_id(self, strategy: StrategyName) -> GroupId:
        """The next group id."""
        self.group_sequence += 1
        return GroupId(f"{strategy}-{self.epoch}-{self.group_sequence}")

    @property
    def notional_max(self) -> Decimal:
        """The largest order that is worth proposing, in quote asset."""
        return self.setup.notional_max

    def depth(self, key: InstrumentKey, side: Side, count: int) -> Sequence[Level]:
        """What a taker meets: the book corrected by a newer ticker; empty unless live."""
        return [level for level in self.hot.ladder(self.books[key], side, count) if level[0] and level[1]]

    def status(self, key: InstrumentKey) -> BookStatus:
        """The status of a book."""
        return BookStatus(self.hot.status(self.books[key]))

    def book_word(self, book: int) -> str:
        """The status of a book as users see it: live, stale or down."""
        return STATUS_WORD[BookStatus(self.hot.status(book))]

    def update_id(self, key: InstrumentKey) -> int:
        """The update id of a book."""
        return self.hot.last_id(self.books[key])

    def _build(self) -> None:
        for market in self.setup.markets:
            index = self.hot.add_market(market.dialect)
            self.markets[market.name] = index
            for instrument in market.instruments:
                self._add(index, instrument)
        self.factors = [self.hot.units(book)[2] for book in range(len(self.legs))]
        self.hot.set_threshold(self.setup.threshold_e8)
        for underlying, books in self.same.items():
            keys = [self.legs[book].instrument.key for book in books]
            self.pairs[underlying] = [Pair(buy, sell) for buy in keys for sell in keys if buy != sell]

    def _add(self, market: int, instrument: Instrument) -> None:
        books = self.same.setdefault(underlying_of(instrument), [])
        group = list(self.same).index(underlying_of(instrument))
        book = self.hot.add_instrument(
            market,
            instrument.symbol,
            instrument.price_grid.units,
            instrument.price_grid.exponent,
            instrument.size_grid.units,
            instrument.size_grid.exponent,
            *_base_grid(instrument),
            instrument.order_step,
            group,
            instrument.fees.taker_e8,
        )
        assert book == len(self.legs)
        self.books[instrument.key] = book
        self.legs.append(Leg(book, instrument))
        self.keys.append(instrument.key)
        self.market_of_book.append(market)
        self.book_status.append(BookStatus.DOWN)
        books.append(book)


def _base_grid(instrument: Instrument) -> tuple[int, int]:
    """One lot in base asset: of contracts, it is a part of the contract's size."""
    step = instrument.size(1).normalize()
    _, digits, exponent = step.as_tuple()
    assert isinstance(exponent, int)
    units = int("".join(map(str, digits)))
    # 100 coins are 100 units of 1: grids of one group may lie nine decimals apart, and real ones do.
    return (units * 10**exponent, 0) if exponent > 0 else (units, exponent)
