"""New orders over the line from templates: the same text as `order_wire.order_text`, in a third of the time.

Orders of one shape (instrument, side, type, time in force, flags) differ in four values alone: our id, price,
size and time. A template is made once from the general wording of such an order, with places for these four
in the text that is signed and in the text that is sent. Names are sorted in both, so the places stand in one
order. What has no such template (orders that wait for a trigger, icebergs) is written the general way.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.domain.client_id import encode_client_id
from trimaran.domain.instrument import InstrumentKey
from trimaran.domain.orders import OrderRequest
from trimaran.venues.binance.fields import price_text, size_text
from trimaran.venues.binance.order_wire import Keys, recv_window_ms
from trimaran.venues.binance.orders import write_place
from trimaran.venues.binance.routes import Desk
from trimaran.venues.wire.asks import PlaceOrder
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.message import Stamp

ID, PRICE, SIZE, TIME = "newClientOrderId", "price", "quantity", "timestamp"
TEMPLATES_KEPT: Final = 4_096

Shape = tuple[InstrumentKey, int, int, int, int, bool, int]


class Template(msgspec.Struct, frozen=True):
    """Texts with places for id, price (where the order has one), size and time."""

    signed: str
    sent: str  # the request's id before, and the signature behind the others
    priced: bool


class OrderTemplates:
    """The templates of one account's market."""

    def __init__(self, desk: Desk, keys: Keys) -> None:
        self._desk = desk
        self._keys = keys
        self._known: dict[Shape, Template | None] = {}

    def text(self, ask: PlaceOrder, request_id: int, stamp: Stamp) -> str | None:
        """The order as it goes onto the line; None when it must be written the general way.

        Raises ConfigError for an instrument that the desk does not have.
        """
        order = ask.approved.order
        if order.order_type.is_triggered or order.display_lots:
            return None
        shape = (
            order.instrument_key,
            order.side,
            order.order_type,
            order.tif,
            order.self_trade,
            order.reduce_only,
            recv_window_ms(stamp),
        )
        template = self._known.get(shape)
        if template is None:
            if shape in self._known:
                return None
            template = self._learn(shape, ask)
            if template is None:
                return None
        return self._filled(template, order, request_id, stamp.ms)

    def _filled(self, template: Template, order: OrderRequest, request_id: int, time_ms: int) -> str:
        instrument = self._desk.by_key[order.instrument_key]
        number, size = encode_client_id(order.client_order_id), size_text(instrument, order.lots)
        if template.priced:
            price = price_text(instrument, order.price_ticks)
            values: tuple[str | int, ...] = (number, price, size, time_ms)
        else:
            values = (number, size, time_ms)
        if self._keys.logs_in:
            return template.sent % (request_id, *values)
        signature = self._keys.signer.sign((template.signed % values).encode())
        return template.sent % (request_id, *values, signature)

    def _learn(self, shape: Shape, ask: PlaceOrder) -> Template | None:
        wording = write_place(self._desk, ask)
        template = None
        if not isinstance(wording, Unsupported) and wording.route.line_method:
            parameters = wording.parameters | {"recvWindow": shape[-1], TIME: 0}
            if not self._keys.logs_in:
                parameters["apiKey"] = self._keys.key
            template = _template(wording.route.line_method, parameters, signs=not self._keys.logs_in)
        if len(self._known) >= TEMPLATES_KEPT:
            self._known.clear()
        self._known[shape] = template
        return template


def _template(method: str, parameters: dict[str, str | int], signs: bool) -> Template:
    """The two texts of an order with these parameters; what varies becomes a place."""
    signed: list[str] = []
    sent: list[str] = []
    for name in sorted(parameters):
        value = parameters[name]
        fixed = msgspec.json.encode(value).decode().replace("%", "%%")
        place = {ID: '"%s"', PRICE: '"%s"', SIZE: '"%s"', TIME: "%d"}.get(name)
        sent.append(f'"{name}":{fixed if place is None else place}')
        signed.append(f"{name}=" + (str(value).replace("%", "%%") if place is None else place.strip('"')))
    if signs:
        sent.append('"signature":"%s"')
    text = f'{{"id":%d,"method":"{method}","params":{{{",".join(sent)}}}}}'
    return Template("&".join(signed), text, PRICE in parameters)
