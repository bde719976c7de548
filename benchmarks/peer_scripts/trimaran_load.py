"""The load on a simulated venue: prepared orders on several connections, several in flight on each.

Of ten requests four are orders that match at once (immediate-or-cancel, buys and sells in turns), three are
orders that rest, and three cancel those. They are written and signed before the clock starts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from measuring import Reply, Side, percentiles_us, settle
from trimaran_account import VALID_NS, Opened, approved, open_market, raw_line, requests, run
from trimaran_raw_line import Load, Prepared

from trimaran.base.secret import KeyKind
from trimaran.domain.instrument import Side as OrderSide
from trimaran.domain.orders import TimeInForce
from trimaran.venues.wire.asks import CancelOrder, OrderRef, PlaceOrder
from trimaran.venues.wire.message import Stamp

CROSSES_BY = Decimal("0.01")  # less than resting orders are away, which must not be met
MATCHING, OF_ORDERS = 4, 7
SMALLER = 5  # than other orders of the benchmarks, so that the demo account can pay for all of them


def load(
    side: Side, told: dict[str, Any], market: str, connections: int, window: int, count: int, epoch: int
) -> Reply:
    """Requests acknowledged a second, and percentiles of their acknowledgements in microseconds.

    Raises:
        RuntimeError: the venue refused some, so the run did not measure what it says.
    """
    return run(loaded(told, market, connections, window, count, epoch))


async def loaded(
    told: dict[str, Any], market: str, connections: int, window: int, count: int, epoch: int
) -> Reply:
    """Connects, then lets all connections go at once."""
    opened = await open_market(told, market, KeyKind.HMAC)
    loads = [
        Load(list(load_texts(opened, count // connections, epoch + number)), window)
        for number in range(connections)
    ]
    for each in loads:
        each.line = await raw_line(opened, each.on_reply)
    settle()
    wall_ns, processor_ns = time.perf_counter_ns(), time.process_time_ns()
    for each in loads:
        each.begin()
    for each in loads:
        await each.done.wait()
    wall_ns, processor_ns = time.perf_counter_ns() - wall_ns, time.process_time_ns() - processor_ns
    for each in loads:
        each.line.transport.disconnect()
    refused = sum(each.refused for each in loads)
    if refused:
        said = next(each.line.refusal for each in loads if each.line.refusal)
        raise RuntimeError(f"expected requests that are taken, found {refused} refused: {said}")
    costs = [cost for each in loads for cost in each.costs]
    return percentiles_us(costs, 0) | {
        "per_second": len(costs) * 1e9 / wall_ns,
        "requests": len(costs),
        "orders": OF_ORDERS * len(costs) // (2 * OF_ORDERS - MATCHING),
        "seconds": wall_ns / 1e9,
        "client_cpu_us": processor_ns / len(costs) / 1e3,
    }


def load_texts(opened: Opened, count: int, epoch: int) -> Iterator[Prepared]:
    """Requests of `count` orders, in the order in which they are sent."""
    write = opened.entry.private.make_dialect(opened.setup).write_order
    stamp, symbol = Stamp(time.time_ns(), VALID_NS), opened.instrument.symbol
    floor = opened.instrument.price_grid.steps_floor
    crossing = {side: floor(opened.last * (1 + side.sign * CROSSES_BY)) for side in OrderSide}
    number = 0
    for at, large in enumerate(requests(opened, count, epoch)):
        order = msgspec.structs.replace(large, lots=large.lots // SMALLER)
        asks: list[PlaceOrder | CancelOrder] = [PlaceOrder(approved(opened, order))]
        if at % OF_ORDERS < MATCHING:
            side = OrderSide(at % 2)
            taking = msgspec.structs.replace(
                order, side=side, price_ticks=crossing[side], tif=TimeInForce.IOC
            )
            asks = [PlaceOrder(approved(opened, taking))]
        else:
            asks.append(CancelOrder(OrderRef(symbol, order.client_order_id)))
        for ask in asks:
            number += 1
            yield str(number), write(ask, number, stamp)
