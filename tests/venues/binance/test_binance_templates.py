"""Orders from templates say exactly what the general wording says."""

from __future__ import annotations

from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.binance_account import ED25519, HMAC, STAMP, approved, setup
from trimaran.domain.client_id import ID_BITS, ClientOrderId
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderType, SelfTrade, TimeInForce
from trimaran.venues.binance.order_templates import OrderTemplates
from trimaran.venues.binance.order_wire import keys_of, order_text
from trimaran.venues.binance.orders import write_place
from trimaran.venues.binance.routes import SPOT_WORDS, USDM_WORDS, desk_of
from trimaran.venues.wire.asks import PlaceOrder
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.message import Stamp

PLAIN = (OrderType.LIMIT, OrderType.MARKET)


def rig(market: str, credentials: Any = HMAC) -> tuple[Any, Any, OrderTemplates]:
    desk = desk_of(SPOT_WORDS if market == "spot" else USDM_WORDS, setup(market, credentials))
    keys = keys_of(credentials)
    return desk, keys, OrderTemplates(desk, keys)


@pytest.mark.parametrize("credentials", [HMAC, ED25519], ids=["hmac", "ed25519"])
@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_every_shape_is_said_as_the_general_wording_says_it(market: str, credentials: Any) -> None:
    desk, keys, templates = rig(market, credentials)
    said = 0
    for side, kind, tif, self_trade, reduce_only in product(
        Side, PLAIN, TimeInForce, SelfTrade, (False, True)
    ):
        order = {"side": side, "order_type": kind, "tif": tif, "self_trade": self_trade}
        for price_ticks, lots in ((5_000_000, 1_000), (4_999_990, 70)):
            changes = {**order, "reduce_only": reduce_only, "price_ticks": price_ticks, "lots": lots}
            ask = PlaceOrder(approved(market, **changes))
            wording = write_place(desk, ask)
            text = templates.text(ask, 42, STAMP)
            if isinstance(wording, Unsupported):
                assert text is None
                continue
            general = order_text(wording, 42, STAMP, keys)
            assert text is not None
            assert msgspec.json.decode(text) == msgspec.json.decode(str(general))
            said += 1
    assert said > 20


@settings(max_examples=200, deadline=None)
@given(
    st.integers(16, 2**ID_BITS - 1).filter(lambda number: number >> 4 & (1 << 30) - 1),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.integers(1, 2**53),
    st.integers(1_500_000_000_000, 4_000_000_000_000),
)
def test_any_values_are(number: int, ticks: int, lots: int, request_id: int, time_ms: int) -> None:
    desk, keys, templates = rig("spot")
    changes = {"client_order_id": ClientOrderId(number), "price_ticks": ticks, "lots": lots}
    ask, stamp = PlaceOrder(approved("spot", **changes)), Stamp(time_ms * 1_000_000)
    general = order_text(write_place(desk, ask), request_id, stamp, keys)  # type: ignore[arg-type]
    for _ in range(2):  # learnt, and known
        text = templates.text(ask, request_id, stamp)
        assert msgspec.json.decode(str(text)) == msgspec.json.decode(str(general))


def test_what_has_no_template_is_left_to_the_general_wording() -> None:
    _, _, templates = rig("usdm")
    stop = approved("usdm", order_type=OrderType.STOP_LIMIT, trigger_ticks=9)
    assert templates.text(PlaceOrder(stop), 1, STAMP) is None
    _, _, templates = rig("spot")
    iceberg = approved("spot", display_lots=10)
    assert templates.text(PlaceOrder(iceberg), 1, STAMP) is None
    reducing = approved("spot", reduce_only=True)
    for _ in range(2):
        assert templates.text(PlaceOrder(reducing), 1, STAMP) is None
    short = Stamp(STAMP.venue_ns, 500_000_000)  # another validity is another template
    text = templates.text(PlaceOrder(approved("spot")), 1, short)
    assert msgspec.json.decode(str(text))["params"]["recvWindow"] == 500
