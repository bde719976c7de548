"""ccxt.pro: its own WebSocket client object and handlers, without the socket.

A frame enters where aiohttp's message would: text at `Client.handle_text_or_binary_message`, gzip at
`Client.handle_message`, which inflates. So its JSON parser (orjson, which ccxt installs), its dispatch, its
sequence check and its book are those of the `watch_*` methods. No task awaits a result, to ccxt's advantage:
the futures and the wake-up of each `watch_*` call are not counted.
"""

from __future__ import annotations

from ccxt_binance import BinanceSide
from ccxt_htx import HtxSide
from ccxt_okx import OkxSide
from ccxt_orders import order_entry, round_trip
from measuring import Side, memory, serve

VENUES = {"binance": BinanceSide, "okx": OkxSide, "htx": HtxSide}


def make_side(channel: str) -> Side:
    """The side of a channel's venue."""
    return VENUES[channel.partition(".")[0]](channel)


if __name__ == "__main__":
    serve(make_side, {"memory": memory, "order_entry": order_entry, "round_trip": round_trip})
