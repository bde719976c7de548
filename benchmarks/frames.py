"""Made-up Binance spot frames: one valid running stream, the same for every side.

The generator keeps a book of its own, so the stream is what an exchange could have sent: update ids that
follow each other, prices on the grid that wander with the market, never crossed, removals of levels that
exist.
Frames have the combined-stream form with unpadded decimals, about 590 bytes for 10 + 10 levels.

Format of the frames: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

SYMBOL = "BTCUSDT"
START_TICKS = 6_183_700  # a tick is 0.01
LEVELS = 1_000  # a side of the snapshot
FRAME_LEVELS = 10  # a side of a depth frame
TOUCHED_LEVELS = 40  # updates fall on this many levels from the top
START_UPDATE_ID = 50_093_239_218
START_MS = 1_723_161_255_000
MIX = ("ticker",) * 8 + ("trade",) * 3 + ("depth",)  # close to the recorded hour: 68 %, 24 %, 8 %


class Market:
    """A market that wanders, and the frames it sends; a pure function of the seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._ask_ticks = START_TICKS
        self._update_id = START_UPDATE_ID
        self._depth_update_id = START_UPDATE_ID  # the last one that a depth frame told of
        self._trade_id = 1
        self._venue_ms = START_MS
        self.bids = {START_TICKS - 1 - depth: self._lots() for depth in range(LEVELS)}
        self.asks = {START_TICKS + depth: self._lots() for depth in range(LEVELS)}

    def snapshot(self) -> bytes:
        """The body of the REST depth snapshot of this moment."""
        bids = [level(ticks, self.bids[ticks]) for ticks in sorted(self.bids, reverse=True)]
        asks = [level(ticks, self.asks[ticks]) for ticks in sorted(self.asks)]
        return msgspec.json.encode({"lastUpdateId": self._depth_update_id, "bids": bids, "asks": asks})

    def depth(self) -> bytes:
        """The next depth frame, 10 + 10 levels."""
        self._venue_ms += 100
        first = self._depth_update_id + 1
        self._update_id += self._random.randint(1, 40)
        self._depth_update_id = self._update_id
        move = self._random.choice((-2, -1, 0, 0, 0, 0, 0, 0, 1, 2))
        self._ask_ticks += move
        bids = self._side(self.bids, self._ask_ticks - 1, -1, move)
        asks = self._side(self.asks, self._ask_ticks, 1, -move)
        body = {"e": "depthUpdate", "E": self._venue_ms, "s": SYMBOL, "U": first, "u": self._update_id}
        return stream("depth@100ms", body | {"b": bids, "a": asks})

    def ticker(self) -> bytes:
        """Best bid and offer of this moment, under a new size."""
        bid, ask = self._ask_ticks - 1, self._ask_ticks
        (bid_price, bid_size), (ask_price, ask_size) = level(bid, self._lots()), level(ask, self._lots())
        self._update_id += 1
        body = {
            "u": self._update_id,
            "s": SYMBOL,
            "b": bid_price,
            "B": bid_size,
            "a": ask_price,
            "A": ask_size,
        }
        return stream("bookTicker", body)

    def trade(self) -> bytes:
        """A trade at the best offer."""
        self._trade_id += 1
        price, size = level(self._ask_ticks, self._lots())
        body = {"e": "trade", "E": self._venue_ms, "s": SYMBOL, "t": self._trade_id, "p": price, "q": size}
        return stream("trade", body | {"T": self._venue_ms, "m": False, "M": True})

    def _side(self, levels: dict[int, int], best: int, away: int, improved: int) -> list[tuple[str, str]]:
        """Levels that the move of the market forces, then touches near the top; the best stays filled."""
        passed = (best - away * (step + 1) for step in range(-improved))
        forced = [ticks for ticks in passed if ticks in levels]
        forced += [best + away * step for step in range(improved)]
        forced += [] if best in levels or improved > 0 else [best]
        changes = {ticks: 0 if (ticks - best) * away < 0 else self._lots() for ticks in forced}
        while len(changes) < FRAME_LEVELS:
            ticks = best + away * self._random.randrange(TOUCHED_LEVELS)
            if ticks not in changes:
                removed = ticks != best and ticks in levels and self._random.random() < 0.3
                changes[ticks] = 0 if removed else self._lots()
        for ticks, lots in changes.items():
            if lots:
                levels[ticks] = lots
            else:
                levels.pop(ticks, None)
        return [level(ticks, changes[ticks]) for ticks in sorted(changes, reverse=away < 0)]

    def _lots(self) -> int:
        return self._random.randint(1, 300_000)


def depth_stream(seed: int, count: int) -> Iterator[bytes]:
    """The snapshot, then that many depth frames."""
    market = Market(seed)
    yield market.snapshot()
    for _ in range(count):
        yield market.depth()


def mixed_stream(seed: int, count: int) -> Iterator[bytes]:
    """The snapshot, then tickers, trades and depth frames in the proportions of a recorded hour."""
    market = Market(seed)
    yield market.snapshot()
    order = random.Random(seed)
    makers = {"ticker": market.ticker, "trade": market.trade, "depth": market.depth}
    for _ in range(count):
        yield makers[order.choice(MIX)]()


def write_capture(path: Path, payloads: Iterator[bytes]) -> Path:
    """Writes frames as `<local receive ns> <JSON>` lines, the form of the recorded captures."""
    start_ns = START_MS * 1_000_000
    with path.open("wb") as lines:
        lines.writelines(b"%d %b\n" % (start_ns + step * 1_000_000, one) for step, one in enumerate(payloads))
    return path


def level(ticks: int, lots: int) -> tuple[str, str]:
    """Price and size as Binance writes them, without the padding zeros of the size; a lot is 0.00001."""
    whole, rest = divmod(lots, 100_000)
    return f"{ticks // 100}.{ticks % 100:02d}", f"{whole}.{rest:05d}"


def stream(name: str, body: dict[str, object]) -> bytes:
    """The combined-stream envelope."""
    return msgspec.json.encode({"stream": f"{SYMBOL.lower()}@{name}", "data": body})
