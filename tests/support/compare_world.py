"""An account on which both sides agree, to plant discrepancies in; and the rounds that look for them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trimaran.domain.account import Fill, FillId, Liquidity, VenueOrderId
from trimaran.domain.client_id import ClientIdCounter, ClientIdParts, ClientOrderId, pack_client_id
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.instrument import (
    Asset,
    ContractKind,
    Fees,
    Grid,
    Instrument,
    InstrumentKey,
    MarketName,
    Side,
    Symbol,
)
from trimaran.domain.orders import IntentId, OrderRequest, OrderState, OrderType, StrategyName, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport
from trimaran.ledger.compare import FillWindow, compare
from trimaran.ledger.difference import Comparison, Doubt
from trimaran.ledger.our_view import OurBalance, OurOrder, OurPosition, OurView

SECOND = 1_000_000_000
BEGAN = 1_700_000_000 * SECOND
ENDED = BEGAN + SECOND
OLD = BEGAN - 3_600 * SECOND  # when everything that is settled has happened
MARGIN = SECOND
INSTRUMENTS = 40
USDT, BNB = Asset("USDT"), Asset("BNB")
REGION, SHARD, EPOCH = 1, 2, 7


def client_id(
    sequence: int, region: int = REGION, shard: int = SHARD, epoch: int = EPOCH, attempt: int = 0
) -> ClientOrderId:
    """An id of ours, or of somebody else."""
    return pack_client_id(ClientIdParts(region, shard, epoch, sequence, attempt))


class World:
    """Both sides of one market's account. Of each asset there is an instrument, an open order, a fill."""

    def __init__(self, kind: ContractKind) -> None:
        self.kind = kind
        self.market = MarketName("a.spot" if kind is ContractKind.SPOT else "b.swap")
        self.instruments = {self.key(number): self.instrument(number) for number in range(INSTRUMENTS)}
        self.orders: dict[ClientOrderId, OurOrder] = {}
        self.open_orders: list[OrderReport] = []
        self.ended: list[OrderReport] = []
        self.fills: dict[str, Fill] = {}
        self.their_fills: list[FillReport] = []
        self.balances = {USDT: OurBalance(Decimal(10**6), OLD), BNB: OurBalance(Decimal(50), OLD)}
        self.positions: dict[InstrumentKey, OurPosition] = {}
        self.their_balances: dict[Asset, BalanceReport] = {}
        self.their_positions: dict[InstrumentKey, PositionReport] = {}
        self.extra_balances: list[BalanceReport] = []
        self.extra_positions: list[PositionReport] = []
        self.counter = ClientIdCounter(REGION, SHARD, EPOCH, 1_000)
        self.more: dict[str, object] = {}
        for number in range(INSTRUMENTS):
            self._furnish(number)
        for asset, balance in self.balances.items():
            self.their_balances[asset] = self.balance(asset, balance.total)

    def _furnish(self, number: int) -> None:
        key = self.key(number)
        self.add_order(number, OrderState.ACKED)
        self.add_ended(number)
        fill = self.fill(number, f"f{number}")
        self.fills[key] = fill
        self.their_fills.append(as_report(fill))
        if self.kind is ContractKind.SPOT:
            self.balances[self.asset(number)] = OurBalance(Decimal(number + 1), OLD)
        else:
            lots = 30 if number % 2 else -30
            cost = Decimal(lots) / 10 * 100
            self.positions[key] = OurPosition(lots, cost, OLD)
            self.their_positions[key] = self.position(number, lots)

    # --- parts ------------------------------------------------------------------------------------------

    def asset(self, number: int) -> Asset:
        return Asset(f"A{number}")

    def key(self, number: int) -> InstrumentKey:
        return InstrumentKey(f"{self.market}:A{number}USDT")

    def instrument(self, number: int) -> Instrument:
        return Instrument(
            market=self.market,
            symbol=Symbol(f"A{number}USDT"),
            base=self.asset(number),
            quote=USDT,
            kind=self.kind,
            price_grid=Grid(1, 0),
            size_grid=Grid(1, -1),
            order_step=1,
            min_notional=Decimal(5),
            fees=Fees(100_000, 100_000),
        )

    def request(self, number: int, identity: ClientOrderId, lots: int = 50) -> OrderRequest:
        return OrderRequest(
            IntentId(f"i{identity}"),
            identity,
            self.key(number),
            Side.BUY,
            90,
            lots,
            TimeInForce.GTC,
            StrategyName("s"),
            None,
            False,
            OLD,
        )

    def report(self, number: int, identity: ClientOrderId | None, **changes: object) -> OrderReport:
        report = OrderReport(
            instrument_key=self.key(number),
            venue_order_id=VenueOrderId(f"v{number}"),
            client_order_id=identity,
            state=OrderState.ACKED,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            tif=TimeInForce.GTC,
            price_ticks=90,
            lots=50,
            filled_lots=0,
            created_ns=OLD,
            venue_ns=OLD,
            local_ns=OLD,
        )
        return msgspec.structs.replace(report, **changes)

    def add_order(self, number: int, state: OrderState) -> None:
        """The open order of an instrument, on both sides."""
        identity = client_id(number + 1)
        self.orders[identity] = OurOrder(
            order=self.request(number, identity),
            state=state,
            filled_lots=0,
            venue_order_id=VenueOrderId(f"v{number}"),
            venue_ns=OLD,
        )
        self.open_orders.append(self.report(number, identity))

    def add_ended(self, number: int) -> None:
        """An order that has been filled: the one of the instrument's fill."""
        identity = client_id(number + 501)
        order = self.request(number, identity, 10)
        self.orders[identity] = OurOrder(order=order, state=OrderState.FILLED, filled_lots=10, venue_ns=OLD)

    def fill(self, number: int, fill_id: str, at_ns: int = OLD) -> Fill:
        return Fill(
            FillId(fill_id),
            client_id(number + 501),
            self.key(number),
            Side.BUY,
            100,
            10,
            Liquidity.TAKER,
            Decimal("0.1"),
            USDT,
            at_ns,
            at_ns,
        )

    def balance(self, asset: Asset, total: Decimal, venue_ns: int = OLD) -> BalanceReport:
        free = total if self.kind is ContractKind.SPOT else None
        return BalanceReport(
            market=self.market, asset=asset, total=total, free=free, venue_ns=venue_ns, local_ns=venue_ns
        )

    def position(self, number: int, lots: int, entry: str | None = "100") -> PositionReport:
        return PositionReport(
            instrument_key=self.key(number),
            lots=lots,
            entry_price=None if entry is None else Decimal(entry),
            venue_ns=OLD,
            local_ns=OLD,
        )

    # --- changes ----------------------------------------------------------------------------------------

    def ours(self, number: int, **changes: object) -> None:
        """Changes our open order of an instrument."""
        identity = client_id(number + 1)
        self.orders[identity] = msgspec.structs.replace(self.orders[identity], **changes)

    def theirs(self, number: int, **changes: object) -> None:
        """Changes the venue's open order of an instrument."""
        self.open_orders[number] = msgspec.structs.replace(self.open_orders[number], **changes)

    def unlisted(self, number: int) -> OrderReport:
        """Takes the venue's open order of an instrument out of its list."""
        report = self.open_orders[number]
        self.open_orders[number] = msgspec.structs.replace(report, client_order_id=client_id(9_999))
        return report

    def their_fill(self, number: int, **changes: object) -> None:
        """Changes the venue's fill of an instrument."""
        self.their_fills[number] = msgspec.structs.replace(self.their_fills[number], **changes)

    def move(self, asset: Asset, amount: str) -> None:
        """Changes what the venue has of an asset."""
        total = self.their_balances[asset].total
        assert total is not None
        self.their_balances[asset] = self.balance(asset, total + Decimal(amount))

    # --- rounds -----------------------------------------------------------------------------------------

    def view(self) -> OurView:
        view = OurView(
            market=self.market,
            counter=self.counter,
            margin_ns=MARGIN,
            instruments=self.instruments,
            orders=self.orders,
            balances=self.balances,
            positions=self.positions,
        )
        return msgspec.structs.replace(view, **self.more)

    def snapshot(self, later_ns: int = 0) -> AccountSnapshot:
        hidden = client_id(9_999)
        return AccountSnapshot(
            self.market,
            tuple(report for report in self.open_orders if report.client_order_id != hidden),
            (*self.their_balances.values(), *self.extra_balances),
            (*self.their_positions.values(), *self.extra_positions),
            BEGAN + later_ns,
            ENDED + later_ns,
        )

    def window(self) -> FillWindow:
        return FillWindow(OLD - 60 * SECOND, BEGAN, list(self.fills.values()), self.their_fills)

    def round(self, later_ns: int = 0, doubts: tuple[Doubt, ...] = ()) -> Comparison:
        return compare(
            self.view(), self.snapshot(later_ns), doubts=doubts, ended=self.ended, fills=self.window()
        )

    def reconcile(self) -> Comparison:
        """Rounds until there are no doubts: two at most."""
        first = self.round()
        if not first.doubts:
            return first
        return self.round(10 * SECOND, first.doubts)


def as_report(fill: Fill, **changes: object) -> FillReport:
    """The venue's word of a fill."""
    report = FillReport(
        fill_id=fill.fill_id,
        instrument_key=fill.instrument_key,
        venue_order_id=VenueOrderId("v"),
        client_order_id=fill.client_order_id,
        side=fill.side,
        price_ticks=fill.price_ticks,
        lots=fill.lots,
        liquidity=fill.liquidity,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        venue_ns=fill.venue_ns,
        local_ns=fill.local_ns,
    )
    return msgspec.structs.replace(report, **changes)
