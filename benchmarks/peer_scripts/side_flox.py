"""FLOX: its C++ book under the Python binding, fed as a Python user would feed it.

FLOX has no Binance decoder of its own; the frame is decoded by `json`, the levels become NumPy arrays. Of
four ways to build the arrays the fastest is used. The sequence of update ids is not checked, to FLOX's
advantage.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version

import lrvx
import numpy as np
from measuring import Feed, Frame, PlainReplay, serve

TICK = 0.01


class FloxSide(PlainReplay):
    """One `OrderBook`."""

    def __init__(self, channel: str) -> None:
        self.book = lrvx.OrderBook(TICK)

    def about(self) -> str:
        """Versions and what is run."""
        versions = f"FLOX (lrvx {version('lrvx')}, numpy {version('numpy')})"
        return f"{versions}: json.loads + numpy + OrderBook.apply_delta, no sequence check"

    def payload(self, raw: bytes) -> str:
        """Text."""
        return raw.decode()

    def begin(self, early: Sequence[Frame], snapshot: Frame) -> Feed:
        """A new book."""
        self.book = filled_book(snapshot[0])
        loads, array, apply_delta = json.loads, np.array, self.book.apply_delta

        def feed(payload: str, local_ns: int) -> None:
            data = loads(payload)["data"]
            bids, asks = data["b"], data["a"]
            apply_delta(
                array([float(price) for price, _ in bids]),
                array([float(size) for _, size in bids]),
                array([float(price) for price, _ in asks]),
                array([float(size) for _, size in asks]),
            )

        return feed

    def proof(self, last: Frame) -> list[float | None]:
        """Best bid and ask."""
        return [*map(float, self.book.get_bids(1)[0]), *map(float, self.book.get_asks(1)[0])]


def filled_book(snapshot: bytes) -> lrvx.OrderBook:
    """A book from the body of the REST snapshot."""
    body = json.loads(snapshot)
    bids, asks = np.array(body["bids"], dtype=np.float64), np.array(body["asks"], dtype=np.float64)
    book = lrvx.OrderBook(TICK)
    book.apply_snapshot(bids[:, 0], bids[:, 1], asks[:, 0], asks[:, 1])
    return book


if __name__ == "__main__":
    serve(FloxSide)
