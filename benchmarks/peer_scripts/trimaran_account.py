"""An account at a simulated venue for the order benchmarks, and orders for it that risk has let pass.

Accounts are made as a desk makes them (`live/account.py`); only the budgets of the governor and of the lines
are so large that nothing waits for them, or this would measure how long a venue makes its clients wait.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import uvloop
from trimaran_raw_line import Prepared, RawLine, open_raw

from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.decision import Approved, Refused
from trimaran.domain.instrument import Instrument
from trimaran.domain.instrument import Side as OrderSide
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.domain.pair import Pair
from trimaran.live.account import Surroundings, identified
from trimaran.native._risk import RiskCore
from trimaran.risk.ask import Quote
from trimaran.risk.desk import RiskDesk
from trimaran.risk.image import RiskImage
from trimaran.risk.limits import AMOUNT_MAX, LimitsBook, RiskLimits
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asker import Gate
from trimaran.venues.wire.asks import CancelOrder, OrderRef, PlaceOrder, Tickers
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials, KeyKind, Secret
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.market_entry import Bases, MarketEntry
from trimaran.venues.wire.message import Stamp
from trimaran.venues.wire.rest import RestClient, RestOptions

PAIR = Pair.parse("BTC-USDT")
SIZE = Decimal("0.01")  # base asset; more is told from order to order
RESTS_AT = Decimal("0.98")  # of the last price
UNITS = 10**8  # of every budget
UP_S_MAX = 20
VALID_NS = 60_000_000_000
STRATEGY, INTENT = StrategyName("benchmark"), IntentId("benchmark")
LIMITS = RiskLimits(
    order_notional_max=AMOUNT_MAX,
    quote_age_ns_max=VALID_NS,
    collar_bps_max=1_000,
    leverage_max=1,
    open_orders_max=1,
    rate_orders_max=1,
    rate_window_ns=1,
)
BOOK = LimitsBook(default=LIMITS, exposure=AMOUNT_MAX)


class Opened(msgspec.Struct):
    """One market with its instrument and its key."""

    entry: MarketEntry
    hosts: Mapping[str, Bases]
    credentials: Credentials
    setup: AccountSetup
    instrument: Instrument
    last: Decimal  # price


def run(work: Any) -> Any:
    """The outcome of a coroutine, on the loop of live trading."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def open_market(told: dict[str, Any], market: str, kind: KeyKind) -> Opened:
    """Instruments, ids and key of a market, asked of the simulator."""
    entry = MARKETS[market]
    hosts = {f"{entry.venue}.{name}": bases for name, bases in told["venues"][entry.venue].items()}
    symbol = entry.spell(PAIR)
    market_at = entry.open(hosts[market])
    clock = SystemClock()
    async with RestClient(clock, RestOptions()) as rest:
        body = (await rest.get(market_at.instruments_url([symbol]))).body
        (instrument,) = market_at.read_instruments(body, [symbol])
        around = Surroundings(wide_gate(entry.venue), rest, clock, random.Random(1))
        credentials = credentials_of(told["accounts"][entry.venue], entry.venue, kind)
        setup = await identified(entry, hosts[market], credentials, {symbol: instrument}, around)
        codes = entry.private.read_codes(body, [symbol]) if entry.private.read_codes else {}
        setup = msgspec.structs.replace(setup, symbol_codes=codes)
        asked = entry.private.make_dialect(setup)
        request = asked.write(Tickers(symbol), Stamp(clock.wall_ns()))
        reply = await rest.send(request, UP_S_MAX)
        (ticker,) = [each for each in asked.read(Tickers(symbol), reply, 0) if each.last is not None]
    return Opened(entry, hosts, credentials, setup, instrument, ticker.last)


async def raw_line(opened: Opened, on_reply: Any) -> RawLine:
    """A bare connection to a market's order line."""
    private = opened.entry.private
    urls = private.bases(opened.hosts[opened.entry.name])
    line = next(each for each in private.spec.lines if each.takes_orders)
    dialogue = private.make_line(line, urls[line.base], opened.setup)
    return await open_raw(urls[line.base] + line.path, dialogue, line.compressed, on_reply)


def credentials_of(account: Mapping[str, str], venue: str, kind: KeyKind) -> Credentials:
    """The demo key of a venue."""
    if kind is KeyKind.ED25519:
        return Credentials(account["ed25519_key"], Secret(account["ed25519_seed"]), kind=kind)
    passphrase = Secret(account["passphrase"]) if venue == "okx" else None
    return Credentials(account["key"], Secret(account["secret"]), passphrase)


def wide_gate(venue: str) -> Gate:
    """The governor of a venue, with room for everything."""
    entries = [entry for entry in MARKETS.values() if entry.venue == venue]
    limits = {limit.name: limit for entry in entries for limit in entry.private.spec.limits}
    wide = {"units": UNITS, "used_header": "", "left_header": ""}
    return Gate(Governor([msgspec.structs.replace(limit, **wide) for limit in limits.values()]))


def approved_orders(opened: Opened, count: int, epoch: int) -> Iterator[Approved]:
    """Orders that rest, each of another price, size and id."""
    for number, order in enumerate(requests(opened, count, epoch)):
        lots = order.lots + number % 50 * opened.instrument.order_step
        price_ticks = order.price_ticks - number % 200
        yield approved(opened, msgspec.structs.replace(order, lots=lots, price_ticks=price_ticks))


def approved(opened: Opened, order: OrderRequest) -> Approved:
    """The order as risk lets it pass, with limits as wide as they can be. Raises RuntimeError otherwise."""
    instrument, last = opened.instrument, opened.last
    ticks = instrument.price_grid.steps_floor(last)
    risk = RiskDesk((instrument,), BOOK, RiskCore, lambda asset: Decimal(0))
    balances = {(instrument.market, asset): AMOUNT_MAX for asset in (instrument.quote, instrument.base)}
    risk.rebuild(RiskImage(balances=balances, ready=(instrument.market,)))
    quote = Quote(BookStatus.LIVE, ticks - 1, ticks + 1, order.created_ns, ticks)
    decision = risk.judge((order,), (quote,), order.created_ns)
    if isinstance(decision, Refused):
        raise RuntimeError(f"expected an order that passes, found {decision.text}")
    return decision[0]


def requests(opened: Opened, count: int, epoch: int) -> Iterator[OrderRequest]:
    """Buys of one size below the market, each with an id of its own."""
    instrument, counter = opened.instrument, ClientIdCounter(0, 0, epoch)
    ticks = instrument.price_grid.steps_floor(opened.last * RESTS_AT)
    lots = lots_of(instrument)
    for number in range(count):
        client_order_id, counter = counter.take()
        yield OrderRequest(
            INTENT, client_order_id, instrument.key, OrderSide.BUY, ticks, lots, TimeInForce.GTC, STRATEGY,
            None, False, number,
        )  # fmt: skip


def resting_texts(opened: Opened, count: int, epoch: int) -> Iterator[Prepared]:
    """An order and its cancel, and so on, written and signed."""
    write = opened.entry.private.make_dialect(opened.setup).write_order
    stamp, symbol = Stamp(time.time_ns(), VALID_NS), opened.instrument.symbol
    for number, order in enumerate(approved_orders(opened, count, epoch)):
        cancel = CancelOrder(OrderRef(symbol, order.order.client_order_id))
        for request_id, ask in ((2 * number + 1, PlaceOrder(order)), (2 * number + 2, cancel)):
            yield str(request_id), write(ask, request_id, stamp)


def lots_of(instrument: Instrument) -> int:
    """The lots of `SIZE`, in whole steps."""
    lots = instrument.size_grid.steps_floor(SIZE / instrument.contract_size)
    return lots // instrument.order_step * instrument.order_step
