"""One order, from the risk gate to its cancellation: on a simulator, on a testnet, or for real.

    trimaran simulate --symbols BTCUSDT >simulator.json &
    python examples/first_order.py okx.spot BTC-USDT --simulator simulator.json

    trimaran keys add test --venue binance --environment testnet --key YOUR-KEY
    python examples/first_order.py binance.spot BTC-USDT --key test

Only the end of the line changes between the three. The order is the smallest that the venue takes, and rests
three per cent below the market; it is cancelled a moment later, and what the venue said is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import uvloop

from trimaran.base.errors import TrimaranError
from trimaran.base.secret import KeyKind, Secret
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.decision import Approved, Refused
from trimaran.domain.instrument import Instrument, MarketName, Side
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.domain.pair import Pair
from trimaran.live.account import Hosts, Surroundings, gate_of, open_account
from trimaran.native._risk import RiskCore
from trimaran.ops.cli_keys import key_store
from trimaran.risk.ask import Quote
from trimaran.risk.desk import RiskDesk
from trimaran.risk.image import RiskImage
from trimaran.risk.limits import LimitsBook, RiskLimits
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asks import Balances, OrderRef, TickerRow, Tickers
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.rest import RestClient, RestOptions

SECOND = 1_000_000_000
LIMITS = LimitsBook(
    exposure=Decimal(1),
    default=RiskLimits(
        order_notional_max=Decimal(1_000),
        quote_age_ns_max=5 * SECOND,
        collar_bps_max=500,
        leverage_max=5,
        open_orders_max=5,
        rate_orders_max=5,
        rate_window_ns=SECOND,
    ),
)


async def main(market: MarketName, pair: Pair, hosts: Hosts, credentials: Credentials) -> None:
    """Opens the account, sends one order that risk has approved, cancels it."""
    clock, entry = SystemClock(), MARKETS[market]
    symbol = entry.spell(pair)
    async with RestClient(clock, RestOptions()) as rest:
        opened = entry.open(hosts[market])
        body = (await rest.get(opened.instruments_url([symbol]), 32 * 1024 * 1024)).body
        (instrument,) = opened.read_instruments(body, [symbol])
        around = Surroundings(gate_of(entry.venue), rest, clock, random.Random())
        client = await open_account(market, hosts, credentials, [symbol], around, print)
        await client.start()
        try:
            async with asyncio.timeout(10):
                while not client.is_up:  # noqa: ASYNC110 (orders would go over REST until then)
                    await asyncio.sleep(0.05)
            wanted = await order(client, instrument, clock)
            decision = await judged(client, instrument, wanted, clock)
            if isinstance(decision, Refused):
                print(f"risk refused it: {decision.text}")
                return
            (approved,) = decision
            await client.place(approved)
            await asyncio.sleep(1)
            await client.cancel(OrderRef(symbol, approved.order.client_order_id))
            await asyncio.sleep(1)
        finally:
            await client.stop()


async def order(client: AccountClient, instrument: Instrument, clock: SystemClock) -> OrderRequest:
    """The smallest order, three per cent below the market. Its id names this very moment as its epoch."""
    price = (await top(client, instrument))[0] * Decimal("0.97")
    ticks = instrument.price_grid.steps_floor(price)
    step = instrument.order_step
    least = instrument.min_notional * Decimal("1.05") / instrument.price(ticks) / instrument.contract_size
    lots = max(instrument.order_lots_min, instrument.size_grid.steps_floor(least) // step * step + step)
    client_order_id, _ = ClientIdCounter(0, 0, clock.wall_ns() // SECOND % 2**16).take()
    return OrderRequest(
        intent_id=IntentId("first"),
        client_order_id=client_order_id,
        instrument_key=instrument.key,
        side=Side.BUY,
        price_ticks=ticks,
        lots=lots,
        tif=TimeInForce.GTC,
        strategy=StrategyName("by_hand"),
        group=None,
        reduce_only=False,
        created_ns=clock.wall_ns(),
    )


async def judged(
    client: AccountClient, instrument: Instrument, wanted: OrderRequest, clock: SystemClock
) -> tuple[Approved, ...] | Refused:
    """What risk says, by best prices and balances that were asked for just now."""
    bid, ask = await top(client, instrument)
    balances = await client.ask(Balances())
    assert not isinstance(balances, Unsupported)
    risk = RiskDesk((instrument,), LIMITS, RiskCore, lambda asset: Decimal(0))
    free = {(instrument.market, each.asset): each.free for each in balances if each.free is not None}
    risk.rebuild(RiskImage(balances=free, ready=(instrument.market,)))
    bid_ticks, ask_ticks = instrument.price_grid.steps_floor(bid), instrument.price_grid.steps_floor(ask)
    now_ns = clock.wall_ns()
    quote = Quote(BookStatus.LIVE, bid_ticks, ask_ticks, now_ns, bid_ticks + ask_ticks, 2)
    return risk.judge((wanted,), (quote,), now_ns)


async def top(client: AccountClient, instrument: Instrument) -> tuple[Decimal, Decimal]:
    """The best bid and offer."""
    rows = await client.ask(Tickers(instrument.symbol))
    assert not isinstance(rows, Unsupported)
    row: TickerRow = rows[0]
    assert row.last is not None, row
    return (
        row.bid or row.last,
        row.ask or row.last + instrument.price_grid.step,
    )  # some tell the last price only


def account(market: MarketName, options: argparse.Namespace) -> tuple[Hosts, Credentials]:
    """Where to go, and with which key: the two things that differ from simulator to live."""
    venue = market.partition(".")[0]
    if options.simulator:
        line = msgspec.json.decode(options.simulator.read_bytes())
        demo, markets = line["accounts"][venue], line["venues"][venue]
        hosts = {MarketName(f"{venue}.{each}"): bases for each, bases in markets.items()}
        secret, passphrase = Secret(demo["secret"]), Secret(demo["passphrase"])
        return hosts, Credentials(demo["key"], secret, passphrase, KeyKind.HMAC)
    key = key_store(None).open(options.key)
    return {market: key.environment}, Credentials(key.key, key.secret, key.passphrase, key.kind)


if __name__ == "__main__":
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("market", choices=list(MARKETS))
    parser.add_argument("pair", help="BTC-USDT")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--simulator", type=Path, help="the line that `trimaran simulate` printed")
    where.add_argument("--key", help="a key of `trimaran keys`; its environment says where to go")
    arguments = parser.parse_args()
    name = MarketName(arguments.market)
    try:
        uvloop.run(main(name, Pair.parse(arguments.pair), *account(name, arguments)))
    except TrimaranError as error:
        sys.exit(f"first_order: {error}")
