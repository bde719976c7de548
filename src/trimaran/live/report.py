"""What a desk tells the outside: a status four times a second, and a result at the end.

Both are built from facts and views, after the step and off its path; floats only because screens show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from statistics import median
from typing import Any, Final

import msgspec

from trimaran.arbitrage.opportunity import best_pair
from trimaran.base.errors import DecodeKind
from trimaran.base.histogram import Histogram
from trimaran.domain.account import Fill
from trimaran.domain.facts import Fact
from trimaran.domain.instrument import ContractKind, Side
from trimaran.domain.opportunity import Pair
from trimaran.engine.desk import Desk
from trimaran.ledger.pnl import Marks, Pnl
from trimaran.live.notices import Notices
from trimaran.live.tally import RECENT_SHOWN, Tally

LEVELS_SHOWN: Final = 5
PNL_SHOWN: Final = ("realised", "unrealised", "fees", "total")
US: Final = 1_000
LIVE_ORDER: Final = ("down", "stale", "live")


class Observed:
    """What a runner has seen beside the desk itself; written while it runs, read here."""

    def __init__(self, notices: Notices) -> None:
        self.tally = Tally()
        self.latency = Histogram()  # ns, every frame
        self.decision_latency = Histogram()  # ns, the frames that woke the Python stages
        self.notices = notices
        self.connections: dict[str, tuple[msgspec.Struct, ...]] = {}  # market -> counters, as they grow
        self.slow_paths: set[str] = set()  # markets whose frames are translated in Python first

    def take(self, facts: Sequence[Fact]) -> None:
        """Takes the facts of one step."""
        self.tally.take(facts)
        self.notices.take_facts(facts)


class Moment:
    """A desk at one time of the clock: how old its quotes are, and what may be called live."""

    def __init__(self, desk: Desk, now_ns: int, quote_age_ns_max: int) -> None:
        self.now_ns = now_ns
        self._desk = desk
        self.age_ns_max = quote_age_ns_max

    def age_ns(self, book: int) -> int | None:
        """Since the book was last known to be right; None where it is not even in sequence."""
        if self._desk.book_word(book) != "live":
            return None
        return max(self.now_ns - self._desk.hot.top(book)[6], 0)

    def word(self, book: int) -> str:
        """live, stale or down: a book that nobody has confirmed for too long is stale."""
        age_ns = self.age_ns(book)
        return "stale" if age_ns is not None and age_ns > self.age_ns_max else self._desk.book_word(book)

    def marks_live(self) -> bool:
        """Whether every book that gives a mark is live."""
        return all(self.word(leg.book) == "live" for leg in self._desk.legs)


def marks_of(desk: Desk) -> Marks | None:
    """Mid prices as marks; None until every book has once been live, so that nothing is valued by a guess.

    A perpetual is worth what its own book says, a coin the median of its spot books: one venue that stands
    apart moves no profit.
    """
    spots: dict[Any, list[Decimal]] = {}
    perpetuals: dict[Any, Decimal] = {}
    for leg in desk.legs:
        bid, _, ask, _ = desk.hot.book_top(leg.book)
        if not bid or not ask:
            return None
        mid = (leg.instrument.price(bid) + leg.instrument.price(ask)) / 2
        if leg.instrument.kind is ContractKind.SPOT:
            spots.setdefault(leg.instrument.base, []).append(mid)
        else:
            perpetuals[leg.instrument.key] = mid
    assets = {asset: median(mids) for asset, mids in spots.items()}
    quotes = {leg.instrument.quote for leg in desk.legs}
    return Marks(min(quotes), assets, perpetuals) if len(quotes) == 1 else None


def pnl_of(desk: Desk, marks: Marks | None) -> Pnl | None:
    """Profit and loss at the marks; None where something has no mark."""
    if marks is None:
        return None
    result = desk.durable.ledger.pnl(marks)
    return result if isinstance(result, Pnl) else None


def market_rows(desk: Desk, observed: Observed, word: Callable[[int], str]) -> dict[str, dict[str, Any]]:
    """`markets` of status and result: frames, the worst book, resyncs, gaps, errors, connections."""
    rows: dict[str, dict[str, Any]] = {}
    for name, market in desk.markets.items():
        books = [book for book, owner in enumerate(desk.market_of_book) if owner == market]
        counters = [desk.hot.counters(book) for book in books]
        faults = desk.hot.faults(market)
        rows[name] = {
            "frames": desk.hot.frames(market),
            "book": min(map(word, books), key=LIVE_ORDER.index),
            "slow_path": name in observed.slow_paths,
            "resyncs": observed.tally.resyncs.get(name, 0),
            "gaps": sum(each[2] for each in counters),
            "duplicates": sum(each[1] for each in counters),
            "crossings": sum(each[3] for each in counters),
            "errors": {kind.name: faults[kind] for kind in DecodeKind if faults[kind]},
            "connection": connection_row(observed.connections.get(name, ())),
            "notices": observed.notices.counts_of(name),
        }
    return rows


def connection_row(counters: Sequence[msgspec.Struct]) -> dict[str, int]:
    """`connection` of a market: the counters of its session and of its sockets."""
    return {name: int(count) for each in counters for name, count in msgspec.structs.asdict(each).items()}


def latency_row(latency: Histogram) -> dict[str, float | None]:
    """Percentiles in microseconds; None while nothing was counted."""
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    values = {name: latency.percentile(share) for name, share in shares.items()}
    return {name: None if value is None else value / US for name, value in values.items()}


def owed_rows(desk: Desk) -> dict[str, str]:
    """Residuals that strategies still have to give back: instrument to base asset; long is positive."""
    owed = [desk.durable.owed(strategy.name) for strategy in desk.strategies]
    return {str(key): str(size) for each in owed for key, size in each.items()}


def best_rows(desk: Desk, moment: Moment) -> list[dict[str, Any]]:
    """The best net edge of every asset over all its books, also while none gains."""
    rows: list[dict[str, Any]] = []
    for (base, quote), books in desk.same.items():
        notional_max, now_ns = desk.setup.notional_max, moment.now_ns
        best = best_pair(desk.hot, desk.legs, books, notional_max, now_ns, moment.age_ns_max)
        if best is None:
            continue
        row: dict[str, Any] = {
            "base": base,
            "quote": quote,
            "buy": best.pair.buy,
            "sell": best.pair.sell,
            "edge_bps": best.edge_e8 / 10_000,
            "buy_age_ms": max(best.buy_age_ns, 0) / 1_000_000,
            "sell_age_ms": max(best.sell_age_ns, 0) / 1_000_000,
        }
        if best.opportunity is not None:
            row["size"], row["net"] = str(best.opportunity.size), str(round(best.opportunity.net, 2))
        rows.append(row)
    return rows


def fill_rows(desk: Desk, fills: Iterable[Fill]) -> list[dict[str, Any]]:
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


def result(desk: Desk, observed: Observed, moment: Moment) -> dict[str, Any]:
    """The result of a run, as `--json` writes it. `book` is here what its sequence says of it."""
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
            "marks_live": moment.marks_live(),
        }
    return {
        "markets": market_rows(desk, observed, desk.book_word),
        "opportunities": {"seen": desk.episodes.seen, "taken": desk.episodes.taken},
        "orders": {"groups": observed.tally.groups, "refused": observed.tally.refused},
        "owed": owed_rows(desk),
        "frozen": dict(desk.durable.frozen),
        "fills": fill_rows(desk, observed.tally.fills),
        "pnl": None if pnl is None else float(pnl.total),
        "pnl_detail": detail,
        "latency_us": latency_row(observed.latency),
        "decision_latency_us": latency_row(observed.decision_latency),
        "notices": list(observed.notices.recent),
        "state_hash": f"{desk.durable.state_hash():016x}",
    }


def status(desk: Desk, observed: Observed, moment: Moment) -> dict[str, Any]:
    """The status of a running desk."""
    pairs = list(desk.episodes.open)[:RECENT_SHOWN]
    return {
        "now_ns": moment.now_ns,
        "markets": market_rows(desk, observed, moment.word),
        "books": [_book_row(desk, leg.book, moment) for leg in desk.legs],
        "opportunities": {"seen": desk.episodes.seen, "taken": desk.episodes.taken},
        "best": best_rows(desk, moment),
        "open": [_open_row(desk, pair, moment) for pair in pairs],
        "recent": list(observed.tally.recent),
        "fills": observed.tally.fill_count,
        "refused": observed.tally.refused,
        "owed": owed_rows(desk),
        "frozen": dict(desk.durable.frozen),
        "pnl": _pnl_row(desk, moment),
        "latency_us": latency_row(observed.latency),
        "decision_latency_us": latency_row(observed.decision_latency),
        "notices": list(observed.notices.recent),
    }


def _pnl_row(desk: Desk, moment: Moment) -> dict[str, Any] | None:
    pnl = pnl_of(desk, marks_of(desk))
    if pnl is None:
        return None
    parts = {name: str(round(getattr(pnl, name), 2)) for name in PNL_SHOWN}
    return {**parts, "marks_live": moment.marks_live()}


def _book_row(desk: Desk, book: int, moment: Moment) -> dict[str, Any]:
    """One book: its levels only while it is live, its age as long as it is in sequence."""
    instrument = desk.legs[book].instrument
    word, age_ns = moment.word(book), moment.age_ns(book)
    row: dict[str, Any] = {
        "market": instrument.market,
        "symbol": instrument.symbol,
        "base": instrument.base,
        "kind": instrument.kind.value,
        "book": word,
    }
    if word == "live":
        for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
            levels = desk.hot.ladder(book, side, LEVELS_SHOWN)
            row[name] = [[str(instrument.price(p)), str(instrument.size(s).normalize())] for p, s in levels]
    if age_ns is not None:
        row["age_ms"] = age_ns / 1_000_000
    return row


def _open_row(desk: Desk, pair: Pair, moment: Moment) -> dict[str, Any]:
    """An open opportunity; its edge only while both books are live."""
    episode = desk.episodes.open[pair]
    buy, sell = desk.books[pair.buy], desk.books[pair.sell]
    edge = desk.hot.edge(buy, sell) if moment.word(buy) == moment.word(sell) == "live" else None
    return {
        "buy": pair.buy,
        "sell": pair.sell,
        "edge_bps": None if edge is None else edge / 10_000,
        "best_net": str(round(episode.best_net, 2)),
        "for_ms": max(moment.now_ns - episode.first.local_ns, 0) / 1_000_000,
        "outcome": "taken" if episode.taken else episode.missed_because,
    }
