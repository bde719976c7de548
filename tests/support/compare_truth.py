"""An account as it truly is over time, and what two sides know of it at any moment.

Everything that happens is heard of by us within the margin, in any order; the venue's lists are read at times
of their own within a round. So there is no difference, ever: whatever a comparison finds, it has invented.
"""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec

from tests.support.compare_world import BEGAN, MARGIN, SECOND, USDT, World, as_report, client_id
from trimaran.domain.account import Fill, FillId, Liquidity
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.instrument import Asset, ContractKind, InstrumentKey, Side
from trimaran.domain.orders import OrderRequest, OrderState
from trimaran.domain.reports import BalanceReport, OrderReport, PositionReport
from trimaran.ledger.compare import FillWindow
from trimaran.ledger.double_entry import WALLET
from trimaran.ledger.our_view import OurBalance, OurOrder, OurPosition, OurView
from trimaran.ledger.position import FLAT
from trimaran.ledger.postings import Contract, postings

FROM, UNTIL = BEGAN - 20 * SECOND, BEGAN + 12 * SECOND
NUMBERS = 4


class Event(msgspec.Struct, frozen=True):
    """Something that happens at the venue, and when we hear of it."""

    at_ns: int
    heard_ns: int
    what: str  # "ack", "fill", "end", "amend", "money"
    order: int = 0
    fill: Fill | None = None
    terms: tuple[int, int] = (0, 0)
    asset: Asset = USDT
    amount: Decimal = Decimal(0)


class Life(msgspec.Struct):
    """An order: what was asked, and when it was sent and changed."""

    request: OrderRequest
    sent_ns: int
    amend_sent_ns: int = 0
    amended: tuple[int, int] = (0, 0)


class Truth:
    """See the module."""

    def __init__(self, rng: random.Random, kind: ContractKind) -> None:
        self.rng = rng
        self.world = World(kind)
        self.kind = kind
        self.lives: dict[int, Life] = {}
        self.events: list[Event] = []
        self.row_time = rng.choice(["change", "asked", "none"])
        for number in range(rng.randrange(1, 14)):
            self._order(number)
        for _ in range(rng.randrange(4)):
            asset = rng.choice([USDT, self.world.asset(0), self.world.asset(1)])
            self._happens("money", self._time(), asset=asset, amount=Decimal(rng.randrange(-50, 50)) / 7)
        self.events.sort(key=lambda event: event.at_ns)

    def _time(self) -> int:
        return self.rng.randrange(FROM, UNTIL)

    def _happens(self, what: str, at_ns: int, **more: object) -> None:
        delay_ns = self.rng.choice([0, self.rng.randrange(MARGIN), MARGIN - 1])
        self.events.append(Event(at_ns, at_ns + delay_ns, what, **more))

    def _order(self, number: int) -> None:
        rng, identity = self.rng, client_id(number + 1)
        request = self.world.request(number % NUMBERS, identity, rng.randrange(10, 60))
        side = rng.choice(list(Side))
        at_ns = self._time()
        request = msgspec.structs.replace(request, side=side, created_ns=at_ns - MARGIN // 2)
        life = self.lives[number] = Life(request, at_ns - MARGIN // 2)
        if rng.random() < 0.1:
            return  # lost on its way: SENDING for ever, as far as these rounds go
        self._happens("ack", at_ns, order=number)
        left, now_ns = request.lots, at_ns
        while left and rng.random() < 0.6:
            now_ns += rng.randrange(4 * SECOND)
            lots = rng.randrange(1, left + 1)
            left -= lots
            self._happens("fill", now_ns, order=number, fill=self._fill(request, number, left, lots, now_ns))
        if left and rng.random() < 0.5:
            now_ns += rng.randrange(4 * SECOND)
            self._happens("end", now_ns, order=number)
        elif left and rng.random() < 0.5:
            now_ns += rng.randrange(1, 4 * SECOND)
            life.amend_sent_ns = now_ns - rng.randrange(MARGIN)
            life.amended = (request.price_ticks + 1, request.lots + 5)
            self._happens("amend", now_ns, order=number, terms=life.amended)

    def _fill(self, request: OrderRequest, number: int, left: int, lots: int, at_ns: int) -> Fill:
        fee = Decimal(self.rng.randrange(-5, 50)).scaleb(-4)
        return Fill(
            FillId(f"{number}-{left}"),
            request.client_order_id,
            request.instrument_key,
            request.side,
            self.rng.randrange(80, 120),
            lots,
            Liquidity.TAKER,
            fee,
            self.rng.choice([USDT, self.world.asset(number % NUMBERS)]),
            at_ns,
            at_ns,
        )

    # --- money ------------------------------------------------------------------------------------------

    def holdings(
        self, events: list[Event]
    ) -> tuple[dict[Asset, OurBalance], dict[InstrumentKey, OurPosition]]:
        """Balances and positions that these events make, and when each changed last."""
        balances = {USDT: OurBalance(Decimal(10**6), FROM - SECOND)}
        positions: dict[InstrumentKey, OurPosition] = {}
        books = dict.fromkeys(self.world.instruments, FLAT)
        for event in sorted(events, key=lambda each: each.at_ns):
            moves = [(event.asset, event.amount)] if event.what == "money" else []
            if event.fill is not None:
                contract = Contract.of(self.world.instruments[event.fill.instrument_key])
                booking = postings(event.fill, contract, books[contract.key])
                assert booking.after is not None
                books[contract.key] = booking.after
                moves = [(asset, amount) for who, asset, amount in booking.entries if who is WALLET]
                if contract.perpetual:
                    after = booking.after
                    positions[contract.key] = OurPosition(after.lots, after.cost, event.at_ns)
            for asset, amount in moves:
                known = balances.get(asset, OurBalance(Decimal(0)))
                balances[asset] = OurBalance(known.total + amount, max(known.venue_ns, event.at_ns))
        return balances, positions

    # --- the venue --------------------------------------------------------------------------------------

    def snapshot(self, began_ns: int, ended_ns: int) -> AccountSnapshot:
        """The venue's lists, each read at some time of the round."""
        orders = self._open(self.rng.randrange(began_ns, ended_ns))
        read_ns = self.rng.randrange(began_ns, ended_ns)
        balances, _ = self.holdings([event for event in self.events if event.at_ns <= read_ns])
        rows = [
            BalanceReport(
                market=self.world.market,
                asset=asset,
                total=balance.total,
                free=None,
                venue_ns=self._row_ns(balance.venue_ns, began_ns, read_ns),
                local_ns=ended_ns,
            )
            for asset, balance in balances.items()
            if balance.total or self.rng.random() < 0.5
        ]
        read_ns = self.rng.randrange(began_ns, ended_ns)
        _, positions = self.holdings([event for event in self.events if event.at_ns <= read_ns])
        held = [
            PositionReport(
                instrument_key=key,
                lots=position.lots,
                entry_price=position.cost / position.lots * 10 if position.lots else None,
                venue_ns=self._row_ns(position.venue_ns, began_ns, read_ns),
                local_ns=ended_ns,
            )
            for key, position in positions.items()
            if position.lots or self.rng.random() < 0.5
        ]
        return AccountSnapshot(self.world.market, tuple(orders), tuple(rows), tuple(held), began_ns, ended_ns)

    def _row_ns(self, changed_ns: int, began_ns: int, read_ns: int) -> int:
        asked_ns = self.rng.randrange(began_ns, read_ns + 1)
        return {"change": changed_ns, "asked": asked_ns, "none": 0}[self.row_time]

    def _open(self, read_ns: int) -> list[OrderReport]:
        rows = []
        for number, life in self.lives.items():
            mine = [event for event in self.events if event.order == number and event.at_ns <= read_ns]
            mine = [event for event in mine if event.what != "money"]
            filled = sum(event.fill.lots for event in mine if event.fill is not None)
            price, lots = life.request.price_ticks, life.request.lots
            for event in mine:
                price, lots = event.terms if event.what == "amend" else (price, lots)
            gone = any(event.what == "end" for event in mine) or filled == lots
            if not mine or gone:
                continue
            rows.append(
                self.world.report(
                    number % NUMBERS,
                    life.request.client_order_id,
                    venue_order_id=f"v{number}",
                    side=life.request.side,
                    price_ticks=price,
                    lots=lots,
                    filled_lots=filled,
                    state=OrderState.PARTIALLY_FILLED if filled else OrderState.ACKED,
                    created_ns=mine[0].at_ns,
                    venue_ns=mine[0 if self.row_time == "none" else -1].at_ns,
                )
            )
        return rows

    def window(self, began_ns: int, ended_ns: int) -> FillWindow:
        """All fills of some seconds before the round, as both sides have them at its end."""
        read_ns = self.rng.randrange(began_ns, ended_ns)
        ours = [event.fill for event in self.events if event.fill and event.heard_ns <= ended_ns]
        theirs = [as_report(event.fill) for event in self.events if event.fill and event.at_ns <= read_ns]
        return FillWindow(began_ns - 10 * SECOND, began_ns, ours, theirs)

    # --- our side ---------------------------------------------------------------------------------------

    def view(self, now_ns: int) -> OurView:
        """What we know at a moment: whatever we have heard of until then."""
        heard = [event for event in self.events if event.heard_ns <= now_ns]
        balances, positions = self.holdings(heard)
        orders = [
            self._ours(life, [e for e in heard if e.order == number and e.what != "money"], now_ns)
            for number, life in self.lives.items()
            if life.sent_ns <= now_ns
        ]
        return OurView(
            market=self.world.market,
            counter=self.world.counter,
            margin_ns=MARGIN,
            instruments=self.world.instruments,
            orders={order.order.client_order_id: order for order in orders},
            balances=balances,
            positions=positions,
        )

    def _ours(self, life: Life, heard: list[Event], now_ns: int) -> OurOrder:
        filled = sum(event.fill.lots for event in heard if event.fill is not None)
        asked = life.request
        changed = msgspec.structs.replace(asked, price_ticks=life.amended[0], lots=life.amended[1])
        amended = any(event.what == "amend" for event in heard)
        order = changed if amended else asked
        under_way = bool(life.amend_sent_ns) and life.amend_sent_ns <= now_ns and not amended
        if not heard:
            state = OrderState.SENDING
        elif filled == order.lots:
            state = OrderState.FILLED
        elif any(event.what == "end" for event in heard):
            state = OrderState.CANCELED
        else:
            state = OrderState.PARTIALLY_FILLED if filled else OrderState.ACKED
        return OurOrder(
            order=order,
            state=state,
            filled_lots=filled,
            amending=changed if under_way else None,
            venue_ns=max((event.at_ns for event in heard), default=life.sent_ns),
        )
