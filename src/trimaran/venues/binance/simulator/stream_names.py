"""Names of the simulated Binance's streams: what there is in either market, and how often it speaks.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from trimaran.venues.binance.simulator.periodic import INTERVALS, KLINE_MS, TICKER_MS

_NAME: Final = re.compile(
    r"(?P<symbol>[a-z0-9]{3,20})@"
    r"(?P<kind>depth|bookTicker|trade|aggTrade|markPrice|miniTicker|ticker|avgPrice|forceOrder|kline)"
    r"(?P<levels>5|10|20)?(?:_(?P<interval>\d+[mhd]))?(?:@(?P<speed>\d+m?s))?"
)
_ALL_NAME: Final = re.compile(
    r"!(?P<kind>bookTicker|(?:miniTicker|ticker|markPrice|forceOrder)@arr)(?:@(?P<speed>1s))?"
)
_SPEEDS_MS: Final = {  # market is spot -> speed text -> milliseconds; None is the default
    True: {None: 1000, "1000ms": 1000, "100ms": 100},
    False: {None: 250, "250ms": 250, "500ms": 500, "100ms": 100, "0ms": 0},
}
_MARK_SPEEDS_MS: Final = {None: 3000, "3s": 3000, "1s": 1000}
PUBLIC_KINDS: Final = frozenset({"depth", "bookTicker"})
ANY_ROUTE_KINDS: Final = frozenset({"trade"})  # undocumented on USD-M, and on both routes
ALL: Final = "!"  # instead of a symbol: the streams of a whole market
_SPOT_ONLY: Final = frozenset({"avgPrice"})
_USDM_ONLY: Final = frozenset({"markPrice", "forceOrder"})


class StreamName(msgspec.Struct, frozen=True):
    """What a stream name asks for."""

    symbol: str  # lower case
    kind: str
    levels: int  # 0: diffs
    speed_ms: int
    interval: str = ""  # of bars


def parse_stream(name: str, spot: bool) -> StreamName | None:
    """Reads a stream name; None when this market has no such stream."""
    if name.startswith(ALL):
        return _parse_all(name, spot)
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    kind, levels, speed, interval = found["kind"], found["levels"], found["speed"], found["interval"]
    if kind in (_USDM_ONLY if spot else _SPOT_ONLY) or (levels and kind != "depth"):
        return None
    if (kind == "kline") != (interval is not None) or interval not in (None, *INTERVALS):
        return None
    speed_ms = _speed_ms(kind, speed, spot)
    if speed_ms is None:
        return None
    return StreamName(found["symbol"], kind, int(levels or 0), speed_ms, interval or "")


def _speed_ms(kind: str, speed: str | None, spot: bool) -> int | None:
    """How often a stream speaks, 0 for at once; None for a speed that it does not have."""
    if kind == "depth":
        return _SPEEDS_MS[spot].get(speed)
    if kind == "markPrice":
        return _MARK_SPEEDS_MS.get(speed)
    if speed is not None:
        return None
    if kind == "kline":
        return KLINE_MS[spot]
    return TICKER_MS if kind in ("miniTicker", "ticker", "avgPrice") else 0


def _parse_all(name: str, spot: bool) -> StreamName | None:
    """Streams of a whole market; spot has only the small tickers any more."""
    found = _ALL_NAME.fullmatch(name)
    if found is None or (spot and found["kind"] != "miniTicker@arr"):
        return None
    kind, speed = found["kind"].removesuffix("@arr"), found["speed"]
    if speed is not None and kind != "markPrice":
        return None
    return StreamName(ALL, kind, 0, _speed_ms(kind, speed, spot) or 0)
