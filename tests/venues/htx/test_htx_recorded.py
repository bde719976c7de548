"""Recorded HTX sessions decode whole, and the native decoder and its twin say the same of every frame."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections import Counter

from tests.support.decoding import Twins
from tests.support.recordings import recording
from trimaran.domain.answer import Kind
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Grid, Symbol
from trimaran.domain.market import BookGrid
from trimaran.venues.htx.parse import HtxSpotDecoder

RECEIVED = re.compile(r"(\d+\.\d+): (b['\"].*)")

FAR_OFF = "yfihusd"  # somebody bids 11111111


def twins_for(symbols: set[str]) -> Twins:
    """Ticks fine enough for any price; lots of eight decimals, which HTX's sizes do not keep to."""
    names = [Symbol(symbol) for symbol in sorted(symbols)]
    grids = {name: BookGrid(name, Grid(1, -2 if name == FAR_OFF else -10), Grid(1, -8)) for name in names}
    return Twins(Dialect.HTX_SPOT, HtxSpotDecoder(), grids)


def test_a_session_of_twenty_topics() -> None:
    """2021: short books and trades of ten symbols, gzip frames as they came."""
    with gzip.open(recording("cryptofeed/HUOBI.ws.44.0.gz"), "rt", encoding="utf-8") as lines:
        frames = [ast.literal_eval(match[2]) for line in lines if (match := RECEIVED.match(line))]
    texts = [gzip.decompress(frame).decode() for frame in frames]
    topics = {topic for text in texts for topic in re.findall(r'"(?:ch|subbed)":"(market\.[^"]*)"', text)}
    rows = twins_for({topic.split(".")[1] for topic in topics}).agree_on(frames)
    assert len(topics) == 20
    kinds = Counter(row[0] for row in rows)
    assert kinds == Counter(
        Kind.CONTROL if '"ping"' in text or '"subbed"' in text
        else Kind.TICKER if ".depth." in text else Kind.TRADE
        for text in texts
    )  # fmt: skip
    assert sum('"ping"' in text for text in texts) == 6
    assert min(kinds[Kind.TICKER], kinds[Kind.TRADE]) > 0


def test_messages_of_many_channels() -> None:
    """2026: tickers of a day, bars, trades and pings, as text."""
    lines = recording("ccxt_ws/htx_spot_ws_20260812.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [json.loads(line)["raw"] for line in lines]
    rows = twins_for({"btcusdt"}).agree_on(json.dumps(message).encode() for message in messages)
    for message, row in zip(messages, rows, strict=True):
        if "ch" not in message:
            assert row[0] == Kind.CONTROL
        else:
            assert row[0] == (Kind.TRADE if message["ch"].endswith("trade.detail") else Kind.IGNORED)
