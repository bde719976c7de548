"""A desk on markets that are real: they have a law, an account to compare, and orders that may get lost.

Two books are live and nothing is arbitraged: a strategy asks for exactly what a test wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.support.desk import MARKETS, PERPETUAL_BOOK, SPOT_BOOK, body, book_of, depth, only
from tests.support.instruments import PERPETUAL, SPOT
from trimaran.domain.client_id import ClientIdCounter, ClientIdParts, pack_client_id
from trimaran.domain.commands import Command, SendOrder
from trimaran.domain.events import AccountSnapshot, FeedUp, Frame, SnapshotBody, Tick
from trimaran.domain.facts import Fact, GroupClosed, OrderStateChanged, Purpose
from trimaran.domain.instrument import Asset, MarketName, Side
from trimaran.domain.opportunity import Opportunity
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.domain.records import Durability, JournalRecord
from trimaran.domain.reports import BalanceReport, OrderReport, PositionReport
from trimaran.domain.venue_law import SECOND, VenueLaw
from trimaran.engine.desk import Desk, DeskSetup
from trimaran.engine.durable import Durable
from trimaran.engine.loop import Loop
from trimaran.engine.recovery import begun, recovered
from trimaran.native._hot import Hot
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped, Wish

NAME = StrategyName("asked")
USDT = Asset("USDT")
START_NS = 1_000 * SECOND
LAW = VenueLaw(SPOT.market, validity_ns=2 * SECOND, visibility_lag_ns=SECOND, quiet_ns=SECOND)
LAWS = {SPOT.market: LAW, PERPETUAL.market: replace(LAW, market=PERPETUAL.market)}
WIDE = {
    "order_notional_max": Decimal(1_000_000),
    "quote_age_ns_max": 10**18,
    "exposure_base_max": Decimal(99),
}
BUY = LegDraft(SPOT.key, Side.BUY, 6_000_000, 1_000)
SELL = LegDraft(PERPETUAL.key, Side.SELL, 599_000, 10)


def an_order(sequence: int = 1, **changes: Any) -> OrderRequest:
    """An order of region 3, shard 7, epoch 1."""
    order = OrderRequest(
        intent_id=IntentId(f"i-{sequence}"),
        client_order_id=pack_client_id(ClientIdParts(3, 7, 1, sequence)),
        instrument_key=SPOT.key,
        side=Side.BUY,
        price_ticks=6_000_000,
        lots=1_000,
        tif=TimeInForce.IOC,
        strategy=NAME,
        group=None,
        reduce_only=False,
        created_ns=START_NS,
    )
    return replace(order, **changes)


class Asked:
    """Wants what it was told to want, with the next tick; remembers what it hears."""

    name = NAME

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.closed: list[GroupClosed] = []
        self.refusals: list[str] = []

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Skipped:
        return Skipped(opportunity.pair, "not asked for")

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> None:
        self.closed.append(closed)

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        wishes, self.wishes = self.wishes, []
        return wishes

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        self.refusals.append(rule)


class Takes:
    """A venue that only takes commands, and a record that only keeps; both in one list, as they came."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.takes_risk = True
        self.synced: list[Callable[[], None]] = []  # what waits for a sync that the test makes
        self.slow = False

    next_due_ns = None

    def due(self, now_ns: int) -> Sequence[Any]:
        return ()

    def carry_out(self, command: Command, now_ns: int) -> None:
        self.done.append(command)

    def append(self, record: JournalRecord) -> None:
        self.done.append(record)

    def commit(self, durability: Durability | None, then: Callable[[], None] | None = None) -> None:
        self.done.append(durability)
        if then is None:
            return
        if self.slow and durability is Durability.DURABLE:
            self.synced.append(then)
        else:
            then()

    @property
    def commands(self) -> list[Any]:
        return [each for each in self.done if isinstance(each, Command)]

    @property
    def records(self) -> list[Any]:
        return [each for each in self.done if isinstance(each, JournalRecord)]


class OrderDesk:
    """A desk with live books; `ready` compares empty accounts with opening balances."""

    def __init__(
        self,
        laws: Mapping[MarketName, VenueLaw] = LAWS,
        past: Durable | None = None,
        durability: Durability = Durability.DURABLE,
        **limits: Any,
    ) -> None:
        bounds = book_of(**{**WIDE, **limits})
        setup = DeskSetup(
            MARKETS,
            bounds,
            10**9,
            Decimal(10_000),
            laws=laws,
            durability={NAME: durability},
        )
        self.asked = Asked()
        self.desk = Desk(setup, Hot(), [self.asked], ClientIdCounter(3, 7, 0))
        self.takes = Takes()
        self.facts: list[Fact] = []
        self.now_ns = START_NS
        for record in begun(self.desk, past or recovered(None, ()), "holder", "1", self.now_ns):
            self.takes.append(record)
        self.loop = Loop(self.desk, self.takes, self.facts.extend, self.takes)
        for event in (FeedUp(0, self.now_ns), FeedUp(1, self.now_ns)):
            self.loop.push(event)
        self._books()

    def play(self, *events: Any) -> list[Fact]:
        """Pushes events; the facts since."""
        before = len(self.facts)
        for event in events:
            self.loop.push(event)
        return self.facts[before:]

    def pass_ns(self, span_ns: int, step_ns: int = 100_000_000) -> list[Fact]:
        """Time passes, tick by tick."""
        before = len(self.facts)
        end_ns = self.now_ns + span_ns
        while self.now_ns < end_ns:
            self.now_ns += step_ns
            self.loop.push(Tick(self.now_ns))
        return self.facts[before:]

    def ready(self, amount: str = "100000") -> list[Fact]:
        """Both markets are compared, until they are ready."""
        before = len(self.facts)
        for _ in range(10):
            for market in self.desk.setup.laws:
                self.play(self.snapshot(market, {USDT: amount}))
            self.pass_ns(2 * SECOND)
            if all(self.desk.readiness.missing(market) is None for market in self.desk.setup.laws):
                return self.facts[before:]
        raise AssertionError([self.desk.readiness.missing(market) for market in self.desk.setup.laws])

    def snapshot(
        self,
        market: MarketName,
        balances: Mapping[Asset, str],
        orders: Sequence[OrderReport] = (),
        positions: Sequence[PositionReport] = (),
    ) -> AccountSnapshot:
        """What the venue says now, in rows that were settled long ago."""
        old_ns = self.now_ns - 100 * SECOND
        rows = tuple(
            BalanceReport(
                market=market,
                asset=asset,
                total=Decimal(amount),
                free=Decimal(amount),
                venue_ns=old_ns,
                local_ns=self.now_ns,
            )
            for asset, amount in balances.items()
        )
        began_ns = self.now_ns
        self.now_ns += 1_000_000
        return AccountSnapshot(market, tuple(orders), rows, tuple(positions), began_ns, self.now_ns)

    def send(self, *legs: LegDraft, purpose: Purpose = Purpose.OPEN) -> list[OrderRequest]:
        """Asks for orders with the next tick; what was sent."""
        before = len(self.takes.commands)
        self.asked.wishes.append(Proposal(NAME, purpose, legs or (BUY,), None))
        self.pass_ns(100_000_000)
        return [each.approved.order for each in self.takes.commands[before:] if isinstance(each, SendOrder)]

    def wish(self, wish: Wish) -> list[Command]:
        """Asks for something else; the commands that it gave."""
        before = len(self.takes.commands)
        self.asked.wishes.append(wish)
        self.pass_ns(100_000_000)
        return self.takes.commands[before:]

    def _books(self) -> None:
        spot = body(10, [("59990.00", "3")], [("60000.00", "9")])
        perpetual = body(10, [("59990.0", "9")], [("60010.0", "9")])
        self.loop.push(SnapshotBody(SPOT_BOOK, spot, self.now_ns))
        self.loop.push(SnapshotBody(PERPETUAL_BOOK, perpetual, self.now_ns))
        self.loop.push(Frame(1, depth(12, [("59990.0", "8")], [], previous=10), self.now_ns))


def states(facts: Sequence[Fact]) -> list[str]:
    """The states that orders came to."""
    return [fact.after.name for fact in only(facts, OrderStateChanged)]
