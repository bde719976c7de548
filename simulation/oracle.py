"""What must be true after every story, judged by the venue's own books and what the network saw.

DUP        an intent has two orders at the venue, or one order id was accepted twice
UNKNOWN    an order of ours at the venue that the durable state does not know
LOST       an order that the desk believes absent, refused or unsent, and the venue has; or the other way
FILLS      another filled size than the venue's
TERMS      another price or size than the venue's, after what was changed
OWED       a group that is not closed, or another residual than the venue's fills leave
KILL       an order that left after a kill switch of its scope was moved
MONEY      balances or positions of the ledger are not the venue's
MADE UP    money that the desk booked without an event of the venue behind it
RECOVERY   a process began with another state than its predecessor ended with
LIMITS     more at the venue than the limits of risk allow
LIVENESS   no new order reached the venue after the faults had ended, or the desk did not come to rest
PROCESS    a process ended otherwise than by what was done to it

Balances and positions are compared to the last digit, and limits with every lot that the venue has traded,
told or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from simulation.dealer import UNIT
from simulation.setting import OPEN_ORDERS_MAX, POSITION_UNITS_MAX
from trimaran.domain.account import Adjusted, PositionAdjusted, Transfer
from trimaran.domain.client_id import (
    ATTEMPT_BITS,
    ClientOrderId,
    decode_client_id,
    decode_client_id_decimal,
    unpack_client_id,
)
from trimaran.domain.exact import ZERO
from trimaran.domain.instrument import Asset, ContractKind, Instrument, InstrumentKey, MarketName
from trimaran.domain.kill import market_in
from trimaran.domain.orders import TERMINAL, OrderState, StrategyName
from trimaran.domain.records import Heard, JournalRecord
from trimaran.engine.desk import Desk
from trimaran.engine.durable import Durable
from trimaran.ledger.our_view import positions_of, wallet_of
from trimaran.venues.sim.exchange import SimExchange
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID
from trimaran.venues.sim.trading import (
    BUY,
    ExchangeEvent,
    Happening,
    OrderHappened,
    SimFill,
    SimOrder,
    Status,
)

OF_NO_ORDER: Final = (OrderState.REJECTED, OrderState.NOT_PLACED)


def id_of(order: SimOrder) -> ClientOrderId | None:
    """The client id of a venue's order, where it is one of ours."""
    text = order.client_id
    try:
        return decode_client_id_decimal(text) if text.isdigit() and len(text) > 13 else decode_client_id(text)
    except Exception:
        return None


class Oracle:
    """Watches one account at one market of a venue."""

    def __init__(
        self,
        exchange: SimExchange,
        market: MarketName,
        instrument: Instrument,
        wallet: frozenset[MarketName],
        units_max: Callable[[], int] = lambda: POSITION_UNITS_MAX,
    ) -> None:
        """`wallet` are the markets whose balances it judges; none where another oracle does.

        `units_max` is the largest position that the limits in force, or those just before, allow.
        """
        self.forgets = False  # a FAST intent may be lost by a power cut, and its order be over by then
        self.violations: list[str] = []
        self.accepted: dict[int, SimOrder] = {}  # by the venue's id
        self.counts: Counter[str] = Counter()
        self._exchange = exchange
        self.market = market
        self._wallet = wallet
        self._units_max = units_max
        self._instrument = instrument
        self._forgotten_lots = 0  # filled by orders that a power cut has made the desk forget
        self._by_intent: dict[int, list[SimOrder]] = {}
        self._start_lots = self._held_lots()
        exchange.listen(self._happened)

    def fail(self, text: str) -> None:
        """Something that must not be."""
        if text not in self.violations:
            self.violations.append(text)

    # --- while the story goes on ----------------------------------------------------------------------------

    def _happened(self, event: ExchangeEvent) -> None:
        if not isinstance(event, OrderHappened) or event.order.account_id != DEMO_ACCOUNT_ID:
            return
        order = event.order
        if order.market != self.market:
            return
        self.counts[event.what.value] += 1
        if event.what is Happening.ACCEPTED and order.order_id not in self.accepted:
            self._accept(order)
        if event.what in (Happening.ACCEPTED, Happening.AMENDED):
            self._check_limits(order.side)

    def _accept(self, order: SimOrder) -> None:
        self.accepted[order.order_id] = order
        client_order_id = id_of(order)
        if client_order_id is None:
            self.fail(f"UNKNOWN: an order with id {order.client_id!r}")
            return
        intent = self._by_intent.setdefault(client_order_id >> ATTEMPT_BITS, [])
        intent.append(order)
        if len(intent) > 1:
            self.fail(f"DUP: {[each.client_id for each in intent]} are one intent")
        if self.market.startswith("htx") and unpack_client_id(client_order_id).attempt:
            self.fail(f"DUP: {order.client_id} was sent anew, and HTX cannot tell")

    def _held_lots(self) -> int:
        """What we hold: the position of a perpetual; of spot, what came since the start."""
        return sum(fill.lots if fill.side == BUY else -fill.lots for fill in self._fills())

    def _check_limits(self, side: int) -> None:
        """On the side to which an order adds; one that takes risk away is always welcome."""
        held = self._held_lots() - self._start_lots
        buys = sells = count = 0
        for order in self._exchange.open_orders(DEMO_ACCOUNT_ID, self.market):
            left = order.lots - order.filled_lots
            count += 1
            if order.side == BUY:
                buys += left
            else:
                sells += left
        unit = self._instrument.size_grid.steps(UNIT / self._instrument.contract_size)
        worst, most = (held + buys if side == BUY else sells - held), self._units_max() * unit
        if worst > most:
            self.fail(f"LIMITS: a position of {worst} lots is possible, {most} allowed")
        if count > OPEN_ORDERS_MAX:
            self.fail(f"LIMITS: {count} orders are open, {OPEN_ORDERS_MAX} allowed")

    # --- at its end -----------------------------------------------------------------------------------------

    def known_after_start(self, durable: Durable) -> None:
        """Right after recovery: what left was written down before."""
        for order in self.accepted.values():
            client_order_id = id_of(order)
            if client_order_id is not None and client_order_id not in durable.orders:
                self.fail(f"UNKNOWN: order {order.client_id} reached the venue, and the journal lacks it")

    def judge(self, desk: Desk) -> None:
        """After everything has come to rest."""
        self._judge_orders(desk)
        self._judge_money(desk)

    def judge_records(self, records: Iterable[JournalRecord]) -> None:
        """No money was made up, but for what was there at the beginning.

        The opening of a market is several records: a power cut may leave the first of them.
        """
        opened: set[Asset] = set()
        moved_lots, told = 0, ""
        for record in records:
            if not self._is_mine(record):
                continue
            if isinstance(record, Heard) and isinstance(record.event, Transfer):
                opened.add(record.event.asset)
            if isinstance(record, Heard) and isinstance(record.event, Adjusted | PositionAdjusted):
                event = record.event
                if isinstance(event, PositionAdjusted) and self.forgets:
                    moved_lots, told = moved_lots + event.lots, str(event)
                    continue  # an order that was forgotten is heard of by its position, then by its fills
                opens = isinstance(event, Adjusted) and event.asset not in opened
                if not opens and not (self.forgets and self._profits(event)):
                    self.fail(f"MADE UP: {event}")
        if moved_lots not in (0, self._forgotten_lots):
            self.fail(f"MADE UP: {moved_lots} lots, the last by {told}")

    def _is_mine(self, record: JournalRecord) -> bool:
        event = record.event if isinstance(record, Heard) else None
        if isinstance(event, Adjusted | Transfer):
            return event.market in self._wallet
        return isinstance(event, PositionAdjusted) and market_in(event.instrument_key) == self.market

    def other_terms(self, desk: Desk) -> list[str]:
        """Open orders that have another price or size here than at the venue."""
        ours, found = desk.instruments[self._key(desk)], []
        for order in self._exchange.open_orders(DEMO_ACCOUNT_ID, self.market):
            client_order_id = id_of(order)
            entry = None if client_order_id is None else desk.durable.working.get(client_order_id)
            there = self._instrument.price(order.price_ticks), self._ours(desk, order.lots)
            if entry is not None and there != (ours.price(entry.order.price_ticks), entry.order.lots):
                here = f"{entry.order.price_ticks} x {entry.order.lots}"
                found.append(f"TERMS: {order.client_id} is {here} here, {there} there")
        return found

    def residual(self, desk: Desk, strategy: StrategyName) -> Decimal:
        """What a strategy's orders have left here by the venue's books, in base asset; long is positive."""
        total = ZERO
        for order in self.accepted.values():
            client_order_id = id_of(order)
            entry = None if client_order_id is None else desk.durable.orders.get(client_order_id)
            if entry is not None and entry.order.strategy == strategy:
                size = self._instrument.size(order.filled_lots)
                total += size if order.side == BUY else -size
                if self._instrument.kind is ContractKind.SPOT:
                    total -= order.fees.get(self._instrument.base, ZERO)
        return total

    def agrees(self, desk: Desk) -> bool:
        """Whether nothing is left to be heard."""
        return not self._differences(desk)

    def _judge_orders(self, desk: Desk) -> None:
        at_venue: dict[ClientOrderId, SimOrder] = {}
        for order in self.accepted.values():
            client_order_id = id_of(order)
            if client_order_id is None:
                continue
            at_venue[client_order_id] = order
            entry = desk.durable.orders.get(client_order_id)
            if entry is None and self.forgets and not order.status.open:
                self.counts["forgotten by a power cut"] += 1  # its money is judged below
                lots = self._ours(desk, order.filled_lots)
                self._forgotten_lots += lots if order.side == BUY else -lots
                continue
            if entry is None:
                self.fail(f"UNKNOWN: order {order.client_id} ({order.status.value})")
                continue
            absent = entry.state in OF_NO_ORDER and order.status is not Status.REJECTED
            if absent or (entry.state in TERMINAL) == order.status.open:
                self.fail(f"LOST: {order.client_id} is {entry.state.name} here, {order.status.value} there")
            filled = self._ours(desk, order.filled_lots)
            if filled != entry.filled_lots:
                self.fail(f"FILLS: {order.client_id} has {entry.filled_lots} lots here, {filled} there")
        for client_order_id, entry in desk.durable.orders.items():
            if market_in(entry.order.instrument_key) != self.market:
                continue
            if client_order_id not in at_venue and (entry.state not in OF_NO_ORDER or entry.filled_lots):
                self.fail(f"LOST: {client_order_id} is {entry.state.name} here, and not there")

    def _judge_money(self, desk: Desk) -> None:
        for difference in self._differences(desk):
            self.fail(f"MONEY: {difference}")

    def _differences(self, desk: Desk) -> list[str]:
        ledger = desk.durable.ledger
        found: list[str] = []
        ours = wallet_of(ledger, self._wallet)
        balances = self._exchange.balances(DEMO_ACCOUNT_ID, self.market) if self._wallet else ()
        for balance in balances:
            held = ours[balance.asset].total if balance.asset in ours else ZERO
            if held != balance.total:
                found.append(f"{held} {balance.asset} here, {balance.total} there")
        positions = positions_of(ledger, self.market)
        for position in self._exchange.positions(DEMO_ACCOUNT_ID, self.market):
            key = self._key(desk)
            lots = positions[key].lots if key in positions else 0
            theirs = self._ours(desk, position.lots)
            if lots != theirs:
                found.append(f"{lots} lots here, {theirs} there")
        return found

    def _fills(self) -> Sequence[SimFill]:
        return self._exchange.fills(DEMO_ACCOUNT_ID, self.market)

    def _profits(self, event: Adjusted | PositionAdjusted) -> bool:
        """Whether it may be what closed lots of an order earned that was forgotten."""
        perpetual = self._instrument.kind is ContractKind.PERPETUAL
        return perpetual and isinstance(event, Adjusted) and event.asset == self._instrument.quote

    def _key(self, desk: Desk) -> InstrumentKey:
        (key,) = [key for key in desk.instruments if market_in(key) == self.market]
        return key

    def _ours(self, desk: Desk, lots: int) -> int:
        """Lots of the venue's own instrument in those of the desk's."""
        ours = desk.instruments[self._key(desk)].size_grid
        steps = ours.steps(self._instrument.size_grid.decimal(abs(lots)))
        return steps if lots >= 0 else -steps
