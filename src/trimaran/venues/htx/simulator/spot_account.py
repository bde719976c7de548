"""Queries of simulated HTX spot: accounts, balances, orders, fills, fees; and the dead man's switch.

Histories are newest first. An order that was cancelled without a fill is forgotten after two hours.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec4b429-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator import spot_wire
from trimaran.venues.htx.simulator.calls import Call, Family, bad_field, page_of, plain_text, read
from trimaran.venues.htx.simulator.refusals import HtxError
from trimaran.venues.htx.simulator.spot_orders import SpotOrders, matching
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import HTX_SPOT
from trimaran.venues.sim.trading import Permission, SimOrder

FORGOTTEN_AFTER_NS: Final = 2 * 3600 * 1_000_000_000
TIMEOUT_MIN_S: Final = 5
USER: Final = 63_628_520
_PERMISSIONS: Final = {
    Permission.READ: "readOnly", Permission.TRADE: "trade", Permission.WITHDRAW: "withdraw"
}  # fmt: skip
_states: Final = frozenset(
    ("created", "submitted", "canceling", "partial-filled", "filled", "partial-canceled", "canceled")
)
Row = dict[str, Any]
T = TypeVar("T")


class Armed(msgspec.Struct, frozen=True):
    """Seconds until the switch fires; 0 disarms it."""

    timeout: int | None = None


_armed: Final = msgspec.json.Decoder(Armed, strict=False)


class SpotAccount:
    """What asks and changes no order."""

    def __init__(
        self,
        exchange: Exchange,
        instruments: Mapping[Symbol, Instrument],
        orders: SpotOrders,
        moment: Callable[[], Moment],
    ) -> None:
        self._exchange = exchange
        self._instruments = instruments
        self._orders = orders
        self._moment = moment

    def accounts(self, call: Call) -> list[Row]:
        """The accounts of the user: one, for spot."""
        number = spot_wire.account_of(call.account_id)
        return [{"id": number, "type": "spot", "subtype": "", "state": "working"}]

    def balance(self, call: Call) -> Row:
        """Two rows a currency: what may be used, and what orders lock."""
        number = spot_wire.account_of(call.account_id)
        if call.path_id != str(number):
            raise HtxError("account-get-balance-account-inexistent-error", "account for id does not exist")
        rows: list[Row] = []
        for balance in self._exchange.balances(call.account_id, HTX_SPOT):
            for kind, amount in (("trade", balance.free), ("frozen", balance.locked)):
                rows.append(
                    {
                        "currency": balance.asset.lower(),
                        "type": kind,
                        "balance": plain_text(amount),
                        "seq-num": str(call.now_ns // 1000),
                    }
                )
        return {"id": number, "type": "spot", "state": "working", "list": rows}

    def open_orders(self, call: Call) -> list[Row]:
        """Open orders, newest first."""
        symbol = self._symbol(call.query)
        found = [
            order
            for order in self._exchange.open_orders(call.account_id, HTX_SPOT, symbol)
            if order.visible_from_ns <= call.now_ns
            and call.query.get("side") in (None, "", spot_wire.SIDES[order.side])
        ]
        chosen = matching(found[::-1], call.query.get("types"))
        return self._rows(_page(call.query, chosen, spot_wire.wire_id, 100, 500), detail=False)

    def order(self, call: Call) -> Row:
        """One order by the venue's id."""
        return self._rows([self._remembered(self._orders.find(call, call.path_id), call)], detail=True)[0]

    def order_by_client_id(self, call: Call) -> Row:
        """One order by the client's id."""
        client_id = call.query.get("clientOrderId", "")
        order = self._exchange.order_by_client_id(call.account_id, HTX_SPOT, client_id)
        return self._rows([self._remembered(order, call)], detail=True)[0]

    def orders(self, call: Call) -> list[Row]:
        """Orders of a symbol in the states asked for."""
        symbol, states = self._symbol(call.query), call.query.get("states", "").split(",")
        if symbol is None:
            raise HtxError("require-symbol", "Parameter `symbol` is required.")
        if not set(states) <= _states | {"pre-submitted"}:
            raise HtxError("invalid-states", "Parameter `states` is invalid.")
        found = [order for order in self._known(call, symbol) if spot_wire.state_of(order) in states]
        chosen = matching(self._within(found, call.query), call.query.get("types"))
        return self._rows(_page(call.query, chosen, spot_wire.wire_id, 100, 100), detail=True)

    def history(self, call: Call) -> list[Row]:
        """Ended orders of one symbol or of all."""
        found = [order for order in self._known(call, self._symbol(call.query)) if not order.status.open]
        return self._rows(self._within(found, call.query)[: page_of(call.query.get("size"), 100, 1000)], True)

    def order_matches(self, call: Call) -> list[Row]:
        """The fills of one order."""
        order = self._remembered(self._orders.find(call, call.path_id), call)
        kind, instrument = spot_wire.type_of(order), self._instruments[order.symbol]
        moment = self._moment()
        return [spot_wire.match_row(instrument, kind, fill, moment) for fill in reversed(order.fills)]

    def matches(self, call: Call) -> list[Row]:
        """Fills of one symbol or of all, newest first."""
        query, moment = call.query, self._moment()
        since, until = _time(query, "start-time", 0), _time(query, "end-time", 2**63)
        rows: list[Row] = []
        for fill in reversed(self._exchange.fills(call.account_id, HTX_SPOT, self._symbol(query))):
            if since <= moment.venue_ms(fill.time_ns) <= until:
                order = self._exchange.order_by_id(call.account_id, HTX_SPOT, fill.order_id)
                kind = spot_wire.type_of(order) if order is not None else ""
                rows.append(spot_wire.match_row(self._instruments[fill.symbol], kind, fill, moment))
        types = [name for name in query.get("types", "").split(",") if name]
        chosen = [row for row in rows if not types or row["type"] in types]
        return _page(query, chosen, lambda row: int(row["id"]), 100, 500)

    def fee_rates(self, call: Call) -> list[Row]:
        """Rates by symbol."""
        rows = []
        for name in call.query.get("symbols", "").split(","):
            instrument = self._instruments.get(Symbol(name))
            if instrument is None:
                raise bad_field("symbols", Family.SPOT_V2)
            maker, taker = (
                plain_text(Decimal(rate).scaleb(-8))
                for rate in (instrument.fees.maker_e8, instrument.fees.taker_e8)
            )
            rows.append(
                {
                    "symbol": name,
                    "makerFeeRate": maker,
                    "takerFeeRate": taker,
                    "actualMakerRate": maker,
                    "actualTakerRate": taker,
                }
            )
        return rows

    def user(self, call: Call) -> int:
        """The number of the user."""
        return USER + call.account_id

    def api_keys(self, call: Call) -> list[Row]:
        """The key that asks."""
        granted = ",".join(name for each, name in _PERMISSIONS.items() if each in call.key.permissions)
        return [
            {
                "accessKey": call.key.key,
                "status": "normal",
                "note": "",
                "permission": granted,
                "ipAddresses": "",
                "validDays": -1,
                "createTime": 1_700_000_000_000,
                "updateTime": 1_700_000_000_000,
            }
        ]

    def cancel_all_after(self, call: Call) -> Row:
        """Arms the dead man's switch for all symbols, or disarms it with 0."""
        seconds = read(_armed, call.body, Family.SPOT_V2).timeout
        if seconds is None or seconds < 0 or 0 < seconds < TIMEOUT_MIN_S:
            raise bad_field("timeout", Family.SPOT_V2)
        fires_ns = call.now_ns + seconds * 1_000_000_000 if seconds else 0
        self._exchange.arm_dead_man(call.account_id, HTX_SPOT, None, fires_ns)
        fires_ms = call.time_ms + seconds * 1000 if seconds else 0
        return {"currentTime": call.time_ms, "triggerTime": fires_ms}

    def _rows(self, orders: Sequence[SimOrder], detail: bool) -> list[Row]:
        moment = self._moment()
        return [
            spot_wire.order_row(self._instruments[order.symbol], order, moment, detail) for order in orders
        ]

    def _symbol(self, query: Mapping[str, str]) -> Symbol | None:
        name = query.get("symbol")
        if not name:
            return None
        if Symbol(name) not in self._instruments:
            raise HtxError("invalid-symbol", "Parameter `symbol` is invalid.")
        return Symbol(name)

    def _known(self, call: Call, symbol: Symbol | None) -> list[SimOrder]:
        """Every order that queries find, newest first."""
        orders = [
            *self._exchange.ended_orders(call.account_id, HTX_SPOT, symbol),
            *self._exchange.open_orders(call.account_id, HTX_SPOT, symbol),
        ]
        known = [order for order in orders if _is_known(order, call.now_ns)]
        return sorted(known, key=lambda order: order.order_id, reverse=True)

    def _within(self, orders: Sequence[SimOrder], query: Mapping[str, str]) -> list[SimOrder]:
        moment = self._moment()
        since, until = _time(query, "start-time", 0), _time(query, "end-time", 2**63)
        return [order for order in orders if since <= moment.venue_ms(order.created_ns) <= until]

    def _remembered(self, order: SimOrder | None, call: Call) -> SimOrder:
        if order is None or not _is_known(order, call.now_ns):
            raise HtxError("base-record-invalid", "record invalid")
        return order


def _is_known(order: SimOrder, now_ns: int) -> bool:
    if order.visible_from_ns > now_ns:
        return False
    return order.status.open or bool(order.filled_lots) or order.updated_ns > now_ns - FORGOTTEN_AFTER_NS


def _time(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise bad_field(name, Family.SPOT)
    return int(text)


def _page(
    query: Mapping[str, str], rows: Sequence[T], key: Callable[[T], int], size: int, most: int
) -> list[T]:
    """A page of rows that are newest first: from an id on, towards older (`next`) or newer ones (`prev`)."""
    count, start = page_of(query.get("size"), size, most), query.get("from", "")
    if not (start.isascii() and start.isdigit()):
        return list(rows[:count])
    if query.get("direct") == "prev":
        return [row for row in rows if key(row) >= int(start)][-count:]
    return [row for row in rows if key(row) <= int(start)][:count]
