"""Frames of Binance's private lines for tests: one event of each kind, and what a line says of frames."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.support.binance_account import NOW_NS, OURS_TEXT, line

MS = 1_000_000
TIME = 1_700_000_000_150

EXECUTION: dict[str, Any] = {
    "e": "executionReport", "E": TIME, "s": "BTCUSDT", "c": OURS_TEXT, "S": "BUY", "o": "LIMIT", "f": "GTC",
    "q": "0.01000", "p": "50000.00", "P": "0.00", "F": "0.00", "g": -1, "C": "", "x": "NEW", "X": "NEW",
    "r": "NONE", "i": 77, "l": "0.00000", "z": "0.00000", "L": "0.00", "n": "0", "N": None, "T": TIME,
    "t": -1, "w": True, "m": False, "M": False, "O": TIME - 5, "Z": "0.00", "Y": "0.00", "Q": "0.00",
    "W": TIME, "V": "EXPIRE_MAKER",
}  # fmt: skip
ORDER: dict[str, Any] = {
    "s": "BTCUSDT", "c": OURS_TEXT, "S": "SELL", "o": "LIMIT", "f": "GTC", "q": "0.010", "p": "50000",
    "ap": "0", "sp": "0", "x": "NEW", "X": "NEW", "i": 88, "l": "0", "z": "0", "L": "0", "T": TIME, "t": 0,
    "b": "0", "a": "0", "m": False, "R": True, "wt": "CONTRACT_PRICE", "ot": "LIMIT", "ps": "BOTH",
    "cp": False, "rp": "0", "pP": False, "si": 0, "ss": 0, "V": "NONE", "pm": "NONE", "gtd": 0,
}  # fmt: skip
ALGO: dict[str, Any] = {
    "caid": OURS_TEXT, "aid": 2148719, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT", "S": "SELL",
    "ps": "BOTH", "f": "GTC", "q": "0.010", "X": "NEW", "ai": "", "ap": "0.00000", "aq": "0.00000",
    "act": "0", "tp": "49000", "p": "0", "V": "EXPIRE_MAKER", "wt": "CONTRACT_PRICE", "pm": "NONE",
    "cp": False, "pP": False, "R": True, "tt": 0, "gtd": 0, "rm": "",
}  # fmt: skip


def reply(frame: dict[str, Any], market: str = "spot") -> tuple[Any, ...]:
    """What a frame says on the private line of a market."""
    return tuple(line(market).read(msgspec.json.encode(frame), NOW_NS))


def spot(**changes: Any) -> tuple[Any, ...]:
    """What an executionReport says, bare and wrapped alike."""
    event = EXECUTION | changes
    bare = tuple(line().read(msgspec.json.encode(event), NOW_NS))
    wrapped = msgspec.json.encode({"subscriptionId": 0, "event": event})
    assert tuple(line().read(wrapped, NOW_NS)) == bare
    return bare


def usdm(event: str, **content: Any) -> tuple[Any, ...]:
    """What an event of USD-M says, bare and wrapped alike."""
    frame = {"e": event, "E": TIME, "T": TIME} | content
    bare = tuple(line("usdm").read(msgspec.json.encode(frame), NOW_NS))
    wrapped = msgspec.json.encode({"stream": "abc", "data": frame})
    assert tuple(line("usdm").read(wrapped, NOW_NS)) == bare
    return bare
