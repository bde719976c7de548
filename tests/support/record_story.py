"""A story of a desk as records of a journal: drawn from a seed, legal for the ledger, with repeats."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

from tests.support.journal_records import opened
from trimaran.domain.account import (
    Adjusted,
    AdjustmentId,
    AmendLost,
    AmendRefused,
    Fill,
    FillId,
    FundingId,
    FundingPaid,
    InterestId,
    InterestPaid,
    Liquidity,
    OrderAbsent,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderLost,
    OrderRejected,
    PositionAdjusted,
    Transfer,
    TransferId,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import KillState
from trimaran.domain.facts import Purpose
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Side, Symbol
from trimaran.domain.kill import ALL
from trimaran.domain.orders import GroupId, IntentId, OrderRequest, OrderState, StrategyName, TimeInForce
from trimaran.domain.records import (
    AmendOpened,
    CancelOpened,
    Durability,
    FreezeMoved,
    GroupOpened,
    Heard,
    InstrumentsListed,
    JournalRecord,
    KillMoved,
    LimitsSet,
    OrderAdopted,
    OrderReissued,
)

SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
USDT, BTC = Asset("USDT"), Asset("BTC")
SPOT_MARKET, SWAP_MARKET = MarketName("toy.spot"), MarketName("toy.swap")


def listed(market: MarketName, kind: ContractKind, tick: str = "0.1") -> Instrument:
    """Bitcoin on one market."""
    return Instrument(
        market=market,
        symbol=Symbol("BTCUSDT"),
        base=BTC,
        quote=USDT,
        kind=kind,
        price_grid=Grid.of(Decimal(tick)),
        size_grid=Grid.of(Decimal("0.001")),
        order_step=1,
        min_notional=Decimal(5),
        fees=Fees(10, 20),
    )


SPOT = listed(SPOT_MARKET, ContractKind.SPOT)
SWAP = listed(SWAP_MARKET, ContractKind.PERPETUAL)


class Story:
    """One record after the other."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now_ns = START_NS
        self.order_number = 0
        self.event_number = 0
        self.open: list[OrderRequest] = []
        self.fills: list[Fill] = []

    def records(self, count: int) -> Iterator[JournalRecord]:
        """So many records, the first ones being those of a start."""
        yield opened(1)
        yield InstrumentsListed((SPOT, SWAP), self.now_ns)
        yield Heard(Transfer(TransferId("open"), SPOT_MARKET, USDT, Decimal("100000.50"), 0, self.now_ns))
        for _ in range(count - 3):
            self.now_ns += self.rng.randrange(SECOND_NS)
            yield self.rng.choice((self.group, self.group, *[self.word] * 5, self.money, self.control))()

    def order(self) -> OrderRequest:
        self.order_number += 1
        return OrderRequest(
            IntentId(f"intent-{self.order_number}"),
            ClientOrderId(self.order_number << 4),
            self.rng.choice((SPOT, SWAP)).key,
            self.rng.choice((Side.BUY, Side.SELL)),
            self.rng.randrange(590_000, 610_000),
            self.rng.randrange(1, 50),
            TimeInForce.IOC,
            StrategyName("story"),
            GroupId(f"story-{self.order_number}"),
            False,
            self.now_ns,
        )

    def group(self) -> JournalRecord:
        orders = tuple(self.order() for _ in range(self.rng.randrange(1, 3)))
        self.open += orders
        name = GroupId(f"story-{orders[0].client_order_id}")
        return GroupOpened(name, StrategyName("story"), Purpose.OPEN, orders, Durability.FAST, self.now_ns)

    def word(self) -> JournalRecord:
        """Something about an order."""
        if not self.open:
            return self.group()
        self.event_number += 1
        rng, now_ns = self.rng, self.now_ns
        order = rng.choice(self.open[-20:])
        who = order.client_order_id
        changed = OrderRequest(*(getattr(order, name) for name in order.__struct_fields__))
        match rng.randrange(14):
            case 0 | 1:
                return Heard(OrderAcked(who, VenueOrderId(f"v{who}"), now_ns, now_ns))
            case 2:
                return Heard(OrderRejected(who, "51000", "refused", now_ns, now_ns))
            case 3:
                return Heard(OrderLost(who, "timeout", now_ns))
            case 4:
                return Heard(OrderAbsent(who, 3, now_ns))
            case 5:
                state = rng.choice((OrderState.CANCELED, OrderState.EXPIRED, OrderState.FILLED))
                return Heard(OrderDone(who, state, "ended", now_ns, now_ns))
            case 6:
                return Heard(OrderAmended(who, order.price_ticks + 1, order.lots + 1, now_ns, now_ns))
            case 7:
                return rng.choice((AmendOpened(changed, now_ns), CancelOpened(who, "wanted", now_ns)))
            case 8:
                heard = (AmendLost(who, "timeout", now_ns), AmendRefused(who, "1", "no", now_ns))
                return Heard(rng.choice(heard))
            case 9:
                fresh = self.order()
                self.open.append(fresh)
                return OrderReissued(fresh, who, now_ns)
            case 10:
                fresh = rng.choice((order, self.order()))
                return OrderAdopted(fresh, VenueOrderId(f"v{fresh.client_order_id}"), now_ns)
        return Heard(self.fill(order))

    def fill(self, order: OrderRequest) -> Fill:
        if self.fills and self.rng.random() < 0.2:
            return self.rng.choice(self.fills)
        fill = Fill(
            FillId(str(self.event_number)),
            order.client_order_id,
            order.instrument_key,
            order.side,
            order.price_ticks,
            self.rng.randrange(1, order.lots + 1),
            Liquidity.TAKER,
            Decimal(self.rng.randrange(-5, 50)).scaleb(-5),
            self.rng.choice((USDT, BTC)),
            self.now_ns,
            self.now_ns,
        )
        self.fills.append(fill)
        return fill

    def money(self) -> JournalRecord:
        self.event_number += 1
        name, now_ns = str(self.event_number // 2), self.now_ns  # some come twice
        amount = Decimal(self.rng.randrange(-500, 500)).scaleb(-2)
        key = SWAP.key
        match self.rng.randrange(5):
            case 0:
                return Heard(Transfer(TransferId(name), SPOT_MARKET, BTC, amount, now_ns, now_ns))
            case 1:
                return Heard(FundingPaid(FundingId(name), key, USDT, amount, now_ns, now_ns))
            case 2:
                return Heard(InterestPaid(InterestId(name), SPOT_MARKET, USDT, amount, now_ns, now_ns))
            case 3:
                told = (AdjustmentId(name), SPOT_MARKET, USDT, amount, "the venue has more")
                return Heard(Adjusted(*told, now_ns, now_ns))
        lots = self.rng.choice((-3, 5))
        price = Decimal(60_000)
        return Heard(PositionAdjusted(AdjustmentId(name), key, lots, price, "lots", now_ns, now_ns))

    def control(self) -> JournalRecord:
        now_ns = self.now_ns
        return self.rng.choice((
            KillMoved(ALL, self.rng.choice(list(KillState)), "me", "why", now_ns),
            LimitsSet(self.rng.randrange(9), "ab", "text", "me", now_ns),
            FreezeMoved(SPOT.key, self.rng.choice(("", "contradiction")), "engine", now_ns),
            InstrumentsListed((SPOT,), now_ns),
            opened(1),
        ))  # fmt: skip


def story(seed: int, count: int) -> list[JournalRecord]:
    """The records of a seed."""
    return list(Story(seed).records(count))
