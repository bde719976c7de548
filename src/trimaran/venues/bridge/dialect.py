"""The wording of asks for the child of the bridge: a `MarketDialect` whose requests are lines, not HTTP.

A request is `POST bridge:<method>` with the parameters as its body; a reply is the child's line. So all that
is above (`AccountClient`, the fold, the reconciler) works as on any other market.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from trimaran.base.errors import ConfigError, DecodeError
from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientOrderId, encode_client_id, encode_client_id_decimal
from trimaran.domain.instrument import Instrument, MarketName, Side, Symbol, symbol_in
from trimaran.domain.orders import OrderType, SelfTrade, TimeInForce
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.bridge.errors import fault_of, unreadable
from trimaran.venues.bridge.messages import (
    MALFORMED,
    BalanceRow,
    OrderRow,
    PositionRow,
    TradeRow,
    read_line,
)
from trimaran.venues.bridge.reports import (
    Desk,
    balance_report,
    fill_report,
    order_report,
    position_report,
)
from trimaran.venues.wire.asks import (
    AmendOrder,
    Ask,
    Balances,
    CancelOrder,
    CancelTaken,
    FillHistory,
    OpenOrders,
    OrderRef,
    Placed,
    PlaceOrder,
    Positions,
    QueryOrder,
    ServerTime,
)
from trimaran.venues.wire.capability import Capabilities, Capability, Unsupported
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.market_spec import MS
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

T = TypeVar("T")
SCHEME: Final = "bridge:"
TIFS: Final[Mapping[TimeInForce, Mapping[str, Any]]] = {
    TimeInForce.GTC: {},
    TimeInForce.IOC: {"timeInForce": "IOC"},
    TimeInForce.FOK: {"timeInForce": "FOK"},
    TimeInForce.POST_ONLY: {"postOnly": True},
}
SIDES: Final = {Side.BUY: "buy", Side.SELL: "sell"}
ABOUT_ORDERS: Final = (QueryOrder, CancelOrder)
_TRIGGERED: Final = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
_ORDER: Final = msgspec.json.Decoder(OrderRow)
_ORDERS: Final = msgspec.json.Decoder(list[OrderRow])
_TRADES: Final = msgspec.json.Decoder(list[TradeRow])
_BALANCES: Final = msgspec.json.Decoder(list[BalanceRow])
_POSITIONS: Final = msgspec.json.Decoder(list[PositionRow])
_TIME: Final = msgspec.json.Decoder(str)
Written = tuple[str, Mapping[str, Any]] | Unsupported


class BridgeDialect:
    """One bridged market and account."""

    def __init__(self, desk: Desk, capabilities: Capabilities) -> None:
        self._desk = desk
        self._capabilities = capabilities
        self._writers: Mapping[type, Callable[[Any], Written]] = {
            PlaceOrder: self._place,
            AmendOrder: lambda ask: self._lacks(Capability.AMEND_PRICE),
            CancelOrder: lambda ask: ("cancel_order", self._ref(ask.ref)),
            QueryOrder: self._query,
            OpenOrders: self._open_orders,
            FillHistory: self._fills,
            Balances: lambda ask: ("balance", {}),
            Positions: self._positions,
            ServerTime: lambda ask: ("time", {}),
        }
        self._readers: Mapping[type, Callable[[Any, msgspec.Raw, int], object]] = {
            PlaceOrder: self._placed,
            CancelOrder: lambda ask, raw, local_ns: CancelTaken(),
            QueryOrder: self._queried,
            OpenOrders: lambda ask, raw, local_ns: self.orders(raw, local_ns),
            FillHistory: self._told_fills,
            Balances: self._told_balances,
            Positions: self._told_positions,
            ServerTime: lambda ask, raw, local_ns: int(_TIME.decode(raw)) * MS,
        }

    @property
    def market(self) -> MarketName:
        """`bridge.<exchange>.<kind>`."""
        return self._desk.market

    @property
    def capabilities(self) -> Capabilities:
        """What the market can do."""
        return self._capabilities

    def write(self, ask: Ask[object], stamp: Stamp) -> HttpRequest | Unsupported:
        """The request of an ask. Raises ConfigError for an instrument that the desk does not trade."""
        write = self._writers.get(type(ask))
        if write is None:
            return Unsupported(Capability.TICKERS, f"{type(ask).__name__} is not bridged")
        written = write(ask)
        if isinstance(written, Unsupported):
            return written
        method, parameters = written
        return HttpRequest("POST", SCHEME + method, body=msgspec.json.encode(parameters))

    def read(self, ask: Ask[T], reply: HttpReply, local_ns: int) -> T:
        """The answer in a line of the child. Raises VenueFault."""
        line = read_line(reply.body)
        if line is None:
            raise VenueFault(unreadable("expected a line of the bridge, found something else"))
        if line.error is not None:
            raise VenueFault(fault_of(line.error.classes, line.error.text, isinstance(ask, ABOUT_ORDERS)))
        try:
            answer: Any = self._readers[type(ask)](ask, line.result, local_ns)
        except (DecodeError, ValueError, *MALFORMED) as error:
            raise VenueFault(unreadable(str(error))) from None
        found: T = answer
        return found

    def write_order(self, ask: Ask[object], request_id: int, stamp: Stamp) -> str | Unsupported:
        """There is no order line."""
        return self._lacks(Capability.ORDERS_OVER_WEBSOCKET)

    def orders(self, raw: msgspec.Raw, local_ns: int) -> tuple[OrderReport, ...]:
        """Orders of the desk's instruments, as an answer or a push tells them. Raises DecodeError."""
        found = [order_report(row, self._desk, local_ns) for row in _ORDERS.decode(raw)]
        return tuple(report for report in found if report is not None)

    def fills(self, raw: msgspec.Raw, local_ns: int) -> tuple[FillReport, ...]:
        """Trades of ours. Raises DecodeError."""
        found = [fill_report(row, self._desk, local_ns) for row in _TRADES.decode(raw)]
        return tuple(report for report in found if report is not None)

    # --- asks -----------------------------------------------------------------------------------------

    def _lacks(self, capability: Capability) -> Unsupported:
        row = self._capabilities[capability]
        return row if isinstance(row, Unsupported) else Unsupported(capability, "not bridged")

    def _place(self, ask: PlaceOrder) -> Written:
        order = ask.approved.order
        instrument = self._instrument(symbol_in(order.instrument_key))
        if order.order_type is not OrderType.LIMIT:
            return self._lacks(Capability.STOP if order.order_type in _TRIGGERED else Capability.MARKET)
        if order.display_lots:
            return self._lacks(Capability.ICEBERG)
        if order.self_trade is not SelfTrade.VENUE_DEFAULT:
            return self._lacks(Capability.SELF_TRADE)
        flags: dict[str, Any] = dict(TIFS[order.tif])
        if order.reduce_only:
            if isinstance(self._capabilities[Capability.REDUCE_ONLY], Unsupported):
                return self._lacks(Capability.REDUCE_ONLY)
            flags["reduceOnly"] = True
        return "create_order", {
            "symbol": instrument.symbol,
            "side": SIDES[order.side],
            "amount": f"{instrument.size_grid.decimal(order.lots):f}",
            "price": f"{instrument.price(order.price_ticks):f}",
            "client_id": self._client_text(order.client_order_id),
            "flags": flags,
        }

    def _query(self, ask: QueryOrder) -> Written:
        if not ask.ref.venue_order_id and isinstance(
            self._capabilities[Capability.QUERY_BY_CLIENT_ID], Unsupported
        ):
            return self._lacks(Capability.QUERY_BY_CLIENT_ID)
        return "order", self._ref(ask.ref)

    def _open_orders(self, ask: OpenOrders) -> Written:
        if ask.triggered or ask.symbol is None:
            return Unsupported(Capability.STOP, "open orders are asked for by instrument")
        return "open_orders", {"symbol": self._instrument(ask.symbol).symbol}

    def _fills(self, ask: FillHistory) -> Written:
        if isinstance(self._capabilities[Capability.FILL_HISTORY], Unsupported):
            return self._lacks(Capability.FILL_HISTORY)
        symbol = self._instrument(ask.symbol).symbol
        return "my_trades", {"symbol": symbol, "since_ms": ask.since_ns // MS, "limit": ask.limit}

    def _positions(self, ask: Positions) -> Written:
        if isinstance(self._capabilities[Capability.POSITIONS], Unsupported):
            return self._lacks(Capability.POSITIONS)
        return "positions", {"symbols": [ask.symbol] if ask.symbol else list(self._desk.instruments)}

    def _ref(self, ref: OrderRef) -> Mapping[str, str]:
        symbol = self._instrument(ref.symbol).symbol
        client_id = self._client_text(ref.client_order_id) if ref.client_order_id else ""
        return {"symbol": symbol, "order_id": ref.venue_order_id or "", "client_id": client_id}

    def _client_text(self, client_order_id: ClientOrderId) -> str:
        encode = encode_client_id_decimal if self._desk.decimal_ids else encode_client_id
        return encode(client_order_id)

    def _instrument(self, symbol: Symbol) -> Instrument:
        found = self._desk.instruments.get(symbol)
        if found is None:
            raise ConfigError(f"{self._desk.market}: expected an instrument of the desk, found {symbol!r}")
        return found

    # --- answers --------------------------------------------------------------------------------------

    def _placed(self, ask: PlaceOrder, raw: msgspec.Raw, local_ns: int) -> Placed:
        """Most exchanges answer an id and no more: then the order's state is asked for, not guessed."""
        row = _ORDER.decode(raw)
        if not row.id:
            raise ValueError("expected the venue's id of the order, found none")
        return Placed(ask.approved.order.client_order_id, VenueOrderId(row.id))

    def _queried(self, ask: QueryOrder, raw: msgspec.Raw, local_ns: int) -> OrderReport:
        """It must be the order that was asked about."""
        report = order_report(_ORDER.decode(raw), self._desk, local_ns)
        ref = ask.ref
        if report is None or ref.venue_order_id not in (None, report.venue_order_id):
            raise ValueError(f"expected order {ref.venue_order_id}, found another")
        if not ref.venue_order_id and report.client_order_id != ref.client_order_id:
            raise ValueError(f"expected order {ref.client_order_id}, found another")
        return report

    def _told_fills(self, ask: FillHistory, raw: msgspec.Raw, local_ns: int) -> Sequence[object]:
        found = self.fills(raw, local_ns)
        if ask.ref is not None and ask.ref.venue_order_id:
            found = tuple(each for each in found if each.venue_order_id == ask.ref.venue_order_id)
        return tuple(each for each in found if not ask.until_ns or each.venue_ns <= ask.until_ns)

    def _told_balances(self, ask: Balances, raw: msgspec.Raw, local_ns: int) -> Sequence[object]:
        return tuple(balance_report(row, self._desk, local_ns, local_ns) for row in _BALANCES.decode(raw))

    def _told_positions(self, ask: Positions, raw: msgspec.Raw, local_ns: int) -> Sequence[object]:
        found = [position_report(row, self._desk, local_ns) for row in _POSITIONS.decode(raw)]
        return tuple(report for report in found if report is not None)
