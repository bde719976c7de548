"""Placing and cancelling on simulated HTX swaps, by the classic contract API, cross or isolated.

Every account is in one-way mode. A close is an order that may only reduce. An order names its leverage;
another one than that of the contract changes it, unless a position or an order is open. A post-only order
that would take is accepted and cancelled. A cancel answers which ids were accepted and which were not.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb7de1c-77b5-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator import swap_wire
from trimaran.venues.htx.simulator.calls import Call, Family, bad_field, read, sane
from trimaran.venues.htx.simulator.cancels import Cancels, Taken
from trimaran.venues.htx.simulator.refusals import HtxError, swap_error
from trimaran.venues.sim.codes import SelfTrade
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.markets import HTX_SWAP
from trimaran.venues.sim.trading import BUY, OrderSpec, OrderTypeSim, Refusal, SimOrder, Tif, Why

BATCH_MAX: Final = 25
CANCELING: Final = 1062  # and the id stands among the successes
CLIENT_ID_MAX: Final = 2**63 - 1
_KINDS: Final = {
    "limit": (OrderTypeSim.LIMIT, Tif.GTC),
    "post_only": (OrderTypeSim.LIMIT, Tif.POST_ONLY),
    "ioc": (OrderTypeSim.LIMIT, Tif.IOC),
    "fok": (OrderTypeSim.LIMIT, Tif.FOK),
    "market": (OrderTypeSim.MARKET, Tif.GTC),
}
_TIFS: Final = {"": Tif.GTC, "_ioc": Tif.IOC, "_fok": Tif.FOK}
_LEVELS: Final = {"opponent": 1, "lightning": 20, "optimal_5": 5, "optimal_10": 10, "optimal_20": 20}
_BEST: Final = {
    f"{name}{end}": (levels, tif) for name, levels in _LEVELS.items() for end, tif in _TIFS.items()
}
Row = dict[str, Any]


class Placed(msgspec.Struct, frozen=True):
    """A new order. `reduce_only` is 0 or 1, `self_match_prevent` 1 unless it says 0."""

    contract_code: str = ""
    pair: str = ""
    volume: Decimal | None = None
    direction: str = ""
    offset: str = "both"
    lever_rate: int | None = None
    order_price_type: str = "limit"
    price: Decimal | None = None
    client_order_id: int | None = None
    reduce_only: int = 0
    self_match_prevent: int = 1


class PlacedMany(msgspec.Struct, frozen=True):
    """New orders."""

    orders_data: list[Placed] = []


class Closed(msgspec.Struct, frozen=True):
    """An order that closes at the market at once."""

    contract_code: str = ""
    volume: Decimal | None = None
    direction: str = ""
    client_order_id: int | None = None
    order_price_type: str = "lightning"


class Named(msgspec.Struct, frozen=True):
    """Orders by their ids, separated by commas, or all of a contract."""

    contract_code: str = ""
    pair: str = ""
    order_id: str | int = ""
    client_order_id: str | int = ""
    direction: str = ""


_place: Final = msgspec.json.Decoder(Placed, strict=False)
_place_many: Final = msgspec.json.Decoder(PlacedMany, strict=False)
_close: Final = msgspec.json.Decoder(Closed, strict=False)
_named: Final = msgspec.json.Decoder(Named, strict=False)


class SwapOrders:
    """What changes orders of one margin mode."""

    def __init__(
        self, exchange: Exchange, instruments: Mapping[Symbol, Instrument], cancels: Cancels, mode: str
    ) -> None:
        self._exchange = exchange
        self._cancels = cancels
        self._instruments = instruments
        self.mode = mode

    def place(self, call: Call) -> Row:
        """A new order; its ids."""
        return _answer(self._place(call, read(_place, call.body, Family.SWAP)))

    def place_many(self, call: Call) -> Row:
        """Up to 25 orders, by their numbers from 1."""
        orders = read(_place_many, call.body, Family.SWAP).orders_data
        if not 1 <= len(orders) <= BATCH_MAX:
            raise bad_field("orders_data", Family.SWAP)
        errors: list[Row] = []
        success: list[Row] = []
        for index, asked in enumerate(orders, 1):
            try:
                success.append({**_answer(self._place(call, asked)), "index": index})
            except HtxError as error:
                errors.append({"index": index, "err_code": error.code, "err_msg": error.text})
        return {"errors": errors, "success": success}

    def close(self, call: Call) -> Row:
        """A market order that may only reduce."""
        asked = read(_close, call.body, Family.SWAP)
        order = Placed(
            contract_code=asked.contract_code,
            volume=asked.volume,
            direction=asked.direction,
            order_price_type="market",
            client_order_id=asked.client_order_id,
            reduce_only=1,
        )
        return _answer(self._place(call, order))

    def cancel_triggers(self, call: Call) -> Row:
        """Cancels trigger orders that wait, by their ids."""
        return self.cancel(call, waiting=True)

    def cancel(self, call: Call, waiting: bool = False) -> Row:
        """Cancels by either id orders of a contract and of this margin mode; `waiting`: trigger orders."""
        asked = read(_named, call.body, Family.SWAP)
        symbol = self._instrument(asked.contract_code).symbol
        by_venue, by_client = _split(asked.order_id), _split(asked.client_order_id)
        if not by_venue and not by_client:
            raise bad_field("order_id", Family.SWAP)
        names = by_venue or by_client
        if len(names) > BATCH_MAX:
            raise bad_field("order_id", Family.SWAP)
        errors: list[Row] = []
        successes: list[str] = []
        for name in names:
            order = self._named(call, name, bool(by_venue))
            known = order is not None and (order.symbol, swap_wire.mode_of(order)) == (symbol, self.mode)
            if order is None or not known or swap_wire.waits(order) != waiting:
                refused: HtxError | None = swap_error(Refusal(Why.NO_SUCH_ORDER))
            else:
                refused = self._cancel(call, order)
            if refused is None or refused.code == CANCELING:
                successes.append(name)
            if refused is not None:
                errors.append({"order_id": name, "err_code": refused.code, "err_msg": refused.text})
        return {"errors": errors, "successes": ",".join(successes)}

    def cancel_all(self, call: Call, waiting: bool = False) -> Row:
        """Cancels what is open of a contract; `waiting` means trigger orders."""
        asked = read(_named, call.body, Family.SWAP)
        instrument = self._instrument(asked.contract_code or asked.pair)
        orders = [
            order
            for order in self._exchange.open_orders(call.account_id, HTX_SWAP, instrument.symbol)
            if swap_wire.waits(order) == waiting
            and swap_wire.mode_of(order) == self.mode
            and asked.direction in ("", swap_wire.SIDES[order.side])
        ]
        if not orders:
            raise HtxError(1051, "No orders to cancel.")
        successes = [str(swap_wire.wire_id(order)) for order in orders if self._cancel(call, order) is None]
        return {"errors": [], "successes": ",".join(successes)}

    def cancel_all_triggers(self, call: Call) -> Row:
        """Cancels every trigger order of a contract."""
        return self.cancel_all(call, waiting=True)

    def instrument(self, name: str) -> Instrument:
        """The contract. Raises HtxError."""
        return self._instrument(name)

    def send(self, call: Call, spec: OrderSpec) -> SimOrder:
        """Places what was read. Raises HtxError."""
        answer = self._exchange.place(call.account_id, spec, call.now_ns)
        if isinstance(answer, Refusal):
            raise swap_error(answer)
        return answer

    def use(self, call: Call, instrument: Instrument, lever: int | None) -> int:
        """Sees to margin mode and leverage before an order; the leverage. Raises HtxError."""
        account_id, symbol = call.account_id, instrument.symbol
        leverage, isolated = self._exchange.leverage(account_id, HTX_SWAP, symbol)
        if isolated != (self.mode == swap_wire.ISOLATED):
            refusal = self._exchange.set_isolated(account_id, HTX_SWAP, symbol, not isolated, call.now_ns)
            if refusal is not None:
                raise swap_error(refusal)
        if lever is None or lever == leverage:
            return leverage
        if self._busy(account_id, symbol):
            raise swap_error(Refusal(Why.HAS_POSITION))
        refusal = self._exchange.set_leverage(account_id, HTX_SWAP, symbol, lever, call.now_ns)
        if refusal is not None:
            raise swap_error(refusal)
        return lever

    def _busy(self, account_id: int, symbol: Symbol) -> bool:
        if self._exchange.open_orders(account_id, HTX_SWAP, symbol):
            return True
        held = self._exchange.positions(account_id, HTX_SWAP)
        return any(position.lots and position.symbol == symbol for position in held)

    def _place(self, call: Call, asked: Placed) -> SimOrder:
        instrument = self._instrument(asked.contract_code or asked.pair)
        sane(asked.volume, "volume", Family.SWAP)
        sane(asked.price, "price", Family.SWAP)
        if asked.volume is None or asked.direction not in swap_wire.SIDES:
            raise bad_field("volume" if asked.volume is None else "direction", Family.SWAP)
        if asked.offset not in ("both", "open", "close"):
            raise bad_field("offset", Family.SWAP)
        client_id = client_id_text(asked.client_order_id)
        side = swap_wire.SIDES.index(asked.direction)
        order_type, tif, price = self._kind(instrument, side, asked.order_price_type, asked.price)
        lever = self.use(call, instrument, asked.lever_rate)
        extra = {"kind": asked.order_price_type, "lever": lever, "mode": self.mode, "offset": asked.offset}
        return self.send(
            call,
            OrderSpec(
                market=HTX_SWAP,
                symbol=instrument.symbol,
                side=side,
                type=order_type,
                tif=tif,
                price=price,
                size=asked.volume,
                reduce_only=asked.reduce_only == 1 or asked.offset == "close",
                client_id=client_id,
                self_trade=SelfTrade.EXPIRE_TAKER if asked.self_match_prevent else SelfTrade.ALLOW,
                extra=extra,
            ),
        )

    def _kind(
        self, instrument: Instrument, side: int, name: str, price: Decimal | None
    ) -> tuple[OrderTypeSim, Tif, Decimal | None]:
        """How an order of a price type trades, and at which price. Raises HtxError."""
        if name in _BEST:
            levels, tif = _BEST[name]
            return OrderTypeSim.LIMIT, tif, self._best(instrument, side, levels)
        if name not in _KINDS:
            raise HtxError(1034, "Incorrect field of order price type.")
        order_type, tif = _KINDS[name]
        if order_type is OrderTypeSim.MARKET:
            return order_type, tif, None
        if price is None:
            raise bad_field("price", Family.SWAP)
        return order_type, tif, price

    def _best(self, instrument: Instrument, side: int, levels: int) -> Decimal:
        """The price of the last of so many levels of the other side. Raises HtxError."""
        book = self._exchange.book(HTX_SWAP, instrument.symbol)
        found = book.engine.depth(1 - side, levels) if book is not None else []
        if not found:
            raise HtxError(1016, "Insufficient amount in the order book.")
        return instrument.price(found[-1][0])

    def _instrument(self, name: str) -> Instrument:
        found = self._instruments.get(Symbol(name.upper()))
        if found is None or self._exchange.book(HTX_SWAP, found.symbol) is None:
            raise swap_error(Refusal(Why.NO_SUCH_INSTRUMENT))
        return found

    def _named(self, call: Call, name: str, by_venue: bool) -> SimOrder | None:
        if by_venue:
            return self._exchange.order_by_id(call.account_id, HTX_SWAP, swap_wire.order_id_of(name))
        return self._exchange.order_by_client_id(call.account_id, HTX_SWAP, name)

    def _cancel(self, call: Call, order: SimOrder) -> HtxError | None:
        answer = self._cancels.ask(call.account_id, order, call.now_ns)
        if isinstance(answer, Refusal):
            return swap_error(answer)
        return None if answer is Taken.ACCEPTED else canceling()


def canceling() -> HtxError:
    """A cancel of an order whose cancel was accepted before."""
    return HtxError(CANCELING, "Cancelling. Please be patient.")


def client_id_text(client_id: int | None) -> str:
    """The client's id as the exchange keeps it. Raises HtxError."""
    if client_id is None:
        return ""
    if not 1 <= client_id <= CLIENT_ID_MAX:
        raise HtxError(1067, "The client_order_id field is invalid. Please re-enter.")
    return str(client_id)


def trigger_type_of(side: int, above: bool, market: bool) -> OrderTypeSim:
    """A trigger order: above the price for a buy it stops a loss, otherwise it takes a profit."""
    if above == (side == BUY):
        return OrderTypeSim.STOP_MARKET if market else OrderTypeSim.STOP_LIMIT
    return OrderTypeSim.TAKE_PROFIT_MARKET if market else OrderTypeSim.TAKE_PROFIT_LIMIT


def _split(names: str | int) -> list[str]:
    return [name.strip() for name in str(names).split(",") if name.strip()]


def _answer(order: SimOrder) -> Row:
    ids = swap_wire.ids_of(order)
    return {**ids, "client_order_id": int(order.client_id)} if order.client_id else ids
