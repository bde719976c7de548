"""What a desk tells the outside: a status four times a second, and a result at the end.

Both are built from facts and views, after the step and off its path; floats only because screens show them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from trimaran.base.errors import DecodeKind
from trimaran.base.histogram import Histogram
from trimaran.domain.account import Fill
from trimaran.domain.answer import BookStatus
from trimaran.domain.facts import (
    BookChanged,
    Fact,
    FillBooked,
    GroupClosed,
    OpportunityEnded,
    OrderRefused,
)
from trimaran.domain.instrument import ContractKind, Side
from trimaran.engine.desk import Desk
from trimaran.ledger.pnl import Marks, Pnl

LEVELS_SHOWN: Final = 5
RECENT_SHOWN: Final = 8
PNL_SHOWN: Final = ("realised", "unrealised", "fees", "total")
US: Final = 1_000
LIVE_ORDER: Final = ("down", "stale", "live")


class Tally:
    """Counts and recent things, gathered from facts."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.refused: dict[str, int] = {}
        self.resyncs: dict[str, int] = {}
        self.groups = 0
        self.recent: deque[dict[str, Any]] = deque(maxlen=RECENT_SHOWN)
        self._was_live: set[str] = set()

    def take(self, facts: Sequence[Fact]) -> None:
        """Takes the facts of one step."""
        for fact in facts:
            if isinstance(fact, FillBooked):
                self.fills.append(fact.fill)
            elif isinstance(fact, OrderRefused):
                self.refused[fact.refused.rule] = self.refused.get(fact.refused.rule, 0) + 1
            elif isinstance(fact, GroupClosed):
                self.groups += 1
            elif isinstance(fact, BookChanged):
                self._on_book(fact)
            elif isinstance(fact, OpportunityEnded):
                self.recent.appendleft(_ended_row(fact))

    def _on_book(self, fact: BookChanged) -> None:
        """A resync is a book that is live again after it had been."""
        if fact.after is not BookStatus.LIVE:
            return
        market = fact.instrument_key.split(":")[0]
        if fact.instrument_key in self._was_live:
            self.resyncs[market] = self.resyncs.get(market, 0) + 1
        self._was_live.add(fact.instrument_key)


def _ended_row(fact: OpportunityEnded) -> dict[str, Any]:
    return {
        "buy": fact.pair.buy,
        "sell": fact.pair.sell,
        "best_edge_bps": fact.best_edge_e8 / 10_000,
        "best_net": str(round(fact.best_net, 2)),
        "lifetime_ms": fact.lifetime_ns / 1_000_000,
        "outcome": "taken" if fact.taken else fact.missed_because,
    }


def marks_of(desk: Desk) -> Marks | None:
    """Mid prices as marks; None until every book has once been live, so that nothing is valued by a guess."""
    assets: dict[Any, Decimal] = {}
    perpetuals: dict[Any, Decimal] = {}
    for leg in desk.legs:
        bid, _, ask, _ = desk.hot.book_top(leg.book)
        if not bid or not ask:
            return None
        mid = (leg.instrument.price(bid) + leg.instrument.price(ask)) / 2
        if leg.instrument.kind is ContractKind.SPOT:
            assets[leg.instrument.base] = mid
        else:
            perpetuals[leg.instrument.key] = mid
    quotes = {leg.instrument.quote for leg in desk.legs}
    return Marks(min(quotes), assets, perpetuals) if len(quotes) == 1 else None


def pnl_of(desk: Desk, marks: Marks | None) -> Pnl | None:
    """Profit and loss at the marks; None where something has no mark."""
    if marks is None:
        return None
    result = desk.durable.ledger.pnl(marks)
    return result if isinstance(result, Pnl) else None


def market_rows(desk: Desk, tally: Tally) -> dict[str, dict[str, Any]]:
    """`markets` of status and result: frames, the worst book status, resyncs, gaps, errors."""
    rows: dict[str, dict[str, Any]] = {}
    for name, market in desk.markets.items():
        books = [book for book, owner in enumerate(desk.market_of_book) if owner == market]
        counters = [desk.hot.counters(book) for book in books]
        faults = desk.hot.faults(market)
        rows[name] = {
            "frames": desk.hot.frames(market),
            "book": min((desk.book_word(book) for book in books), key=LIVE_ORDER.index),
            "resyncs": tally.resyncs.get(name, 0),
            "gaps": sum(each[2] for each in counters),
            "duplicates": sum(each[1] for each in counters),
            "crossings": sum(each[3] for each in counters),
            "errors": {kind.name: faults[kind] for kind in DecodeKind if faults[kind]},
        }
    return rows


def latency_row(latency: Histogram) -> dict[str, float | None]:
    """`latency_us`: percentiles from frame received to decision."""
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    values = {name: latency.percentile(share) for name, share in shares.items()}
    return {name: None if value is None else value / US for name, value in values.items()}


def fill_rows(desk: Desk, fills: Sequence[Fill]) -> list[dict[str, Any]]:
    """Fills in human units, decimals as text; enough to compute the profit again."""
    rows: list[dict[str, Any]] = []
    for fill in fills:
        instrument = desk.instruments[fill.instrument_key]
        rows.append(
            {
                "fill_id": fill.fill_id,
                "market": instrument.market,
                "symbol": instrument.symbol,
                "kind": instrument.kind.value,
                "base": instrument.base,
                "quote": instrument.quote,
                "side": fill.side.name.lower(),
                "price": str(instrument.price(fill.price_ticks)),
                "size": str(instrument.size(fill.lots)),
                "fee": str(fill.fee),
                "fee_asset": fill.fee_asset,
                "client_order_id": str(fill.client_order_id),
                "local_ns": fill.local_ns,
            }
        )
    return rows


def result(desk: Desk, tally: Tally, latency: Histogram) -> dict[str, Any]:
    """The result of a run, as `--json` writes it."""
    marks = marks_of(desk)
    pnl = pnl_of(desk, marks)
    detail = None
    if pnl is not None and marks is not None:
        detail = {
            **{name: str(getattr(pnl, name)) for name in ("quote", *PNL_SHOWN)},
            "marks": {
                **{str(asset): str(price) for asset, price in marks.assets.items()},
                **{str(key): str(price) for key, price in marks.perpetuals.items()},
            },
        }
    return {
        "markets": market_rows(desk, tally),
        "opportunities": {"seen": desk.episodes.seen, "taken": desk.episodes.taken},
        "orders": {"groups": tally.groups, "refused": tally.refused},
        "fills": fill_rows(desk, tally.fills),
        "pnl": None if pnl is None else float(pnl.total),
        "pnl_detail": detail,
        "latency_us": latency_row(latency),
        "state_hash": f"{desk.durable.state_hash():016x}",
    }


def status(desk: Desk, tally: Tally, latency: Histogram) -> dict[str, Any]:
    """The status of a running desk."""
    pnl = pnl_of(desk, marks_of(desk))
    return {
        "now_ns": desk.now_ns,
        "markets": market_rows(desk, tally),
        "books": [_book_row(desk, leg.book) for leg in desk.legs],
        "opportunities": {"seen": desk.episodes.seen, "taken": desk.episodes.taken},
        "open": [_open_row(desk, pair_text) for pair_text in list(desk.episodes.open)[:RECENT_SHOWN]],
        "recent": list(tally.recent),
        "fills": len(tally.fills),
        "refused": tally.refused,
        "pnl": None if pnl is None else {name: str(round(getattr(pnl, name), 2)) for name in PNL_SHOWN},
        "latency_us": latency_row(latency),
    }


def _book_row(desk: Desk, book: int) -> dict[str, Any]:
    instrument = desk.legs[book].instrument
    live = desk.book_word(book) == "live"
    row: dict[str, Any] = {
        "market": instrument.market,
        "symbol": instrument.symbol,
        "book": desk.book_word(book),
    }
    if live:
        for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
            levels = desk.hot.ladder(book, side, LEVELS_SHOWN)
            row[name] = [[str(instrument.price(p)), str(instrument.size(s).normalize())] for p, s in levels]
        row["age_ms"] = (desk.now_ns - desk.hot.top(book)[6]) / 1_000_000
    return row


def _open_row(desk: Desk, pair: Any) -> dict[str, Any]:
    episode = desk.episodes.open[pair]
    edge = desk.hot.edge(desk.books[pair.buy], desk.books[pair.sell])
    return {
        "buy": pair.buy,
        "sell": pair.sell,
        "edge_bps": None if edge is None else edge / 10_000,
        "best_net": str(round(episode.best_net, 2)),
        "for_ms": (desk.now_ns - episode.first.local_ns) / 1_000_000,
        "outcome": "taken" if episode.taken else episode.missed_because,
    }
