"""The answers about positions: with margin where a mark is known, and without it where none is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.instruments import PERPETUAL
from tests.support.order_desk import USDT, OrderDesk
from trimaran.domain.answer import BookStatus
from trimaran.domain.instrument import InstrumentKey
from trimaran.domain.reports import PositionReport
from trimaran.domain.venue_law import SECOND
from trimaran.engine import quotes
from trimaran.live.desk_answers import position_rows
from trimaran.risk.image import Prices


@pytest.fixture
def short() -> OrderDesk:
    """Twenty lots short at 60,000, with 500 USDT in the wallet."""
    desk = OrderDesk()
    position = PositionReport(
        instrument_key=PERPETUAL.key,
        lots=-20,
        entry_price=Decimal(60_000),
        venue_ns=desk.now_ns - 50 * SECOND,
        local_ns=desk.now_ns,
    )
    desk.pass_ns(2 * SECOND)
    desk.play(desk.snapshot(PERPETUAL.market, {USDT: "500"}, positions=[position]))
    return desk


def test_a_position_shows_what_it_holds_and_where_it_would_be_liquidated(
    short: OrderDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mids: dict[InstrumentKey, Decimal] = {PERPETUAL.key: Decimal(60_000)}
    monkeypatch.setattr(quotes, "prices_of", lambda desk: Prices(mids))
    (row,) = position_rows(short.desk)
    size = PERPETUAL.size(20)
    leverage = short.desk.risk.book.of(PERPETUAL.key).leverage_max
    assert Decimal(row["size"]) == -size
    assert Decimal(row["margin"]) == size * 60_000 / leverage
    # equity = maintenance: 500 - size * (p - 60,000) = 1 % of size * p
    expected = (500 + size * 60_000) / (size * Decimal("1.01"))
    assert abs(Decimal(row["liquidation_price"]) - expected) < Decimal("1e-7")


def test_without_a_mark_there_is_no_margin(short: OrderDesk) -> None:
    for book in range(len(short.desk.legs)):
        short.desk.hot.mark_book_down(book)
    assert short.desk.status(PERPETUAL.key) is not BookStatus.LIVE
    (row,) = position_rows(short.desk)
    assert (row["mark"], row["unrealised"], row["margin"], row["liquidation_price"]) == (None,) * 4
