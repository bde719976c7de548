"""The hot state in plain Python: the twin of `hot.hpp`, slow and easy to read.

The decoders are handed in by dialect, because venues stand beside the engine, not below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trimaran.arbitrage.scan import Group, Member, Walk
from trimaran.base.errors import ConfigError, DecodeError, DecodeKind
from trimaran.base.json_value import Buffer
from trimaran.base.limits import BOOKS_MAX, GROUP_BOOKS_MAX
from trimaran.books.decoder import Decoder
from trimaran.books.lag import Lag
from trimaran.domain.answer import NO_BOOK, BookStatus, Flag, Kind, pack
from trimaran.domain.instrument import Grid, Side, Symbol
from trimaran.domain.market import (
    BookGrid,
    Control,
    DepthDelta,
    DepthSnapshot,
    Ignored,
    Level,
    LostFrame,
    Ticker,
    Trade,
)
from trimaran.engine.twin_state import (
    BookState,
    MarketState,
    check_instrument,
    on_reference,
    on_trade,
    require,
)


class TwinHot:
    """See `trimaran.engine.hot.Hot`; every method answers what the native one answers."""

    def __init__(self, decoders: Mapping[int, Callable[[], Decoder]]) -> None:
        self._decoders = decoders
        self._markets: list[MarketState] = []
        self._books: list[BookState] = []
        self._groups: dict[int, Group] = {}
        self._threshold_e8 = 0

    def add_market(self, dialect: int) -> int:
        require(dialect in self._decoders, "dialect: expected one of trimaran.domain.dialect")
        self._markets.append(MarketState(self._decoders[dialect]()))
        return len(self._markets) - 1

    def add_instrument(
        self,
        market: int,
        symbol: str,
        price_units: int,
        price_exponent: int,
        size_units: int,
        size_exponent: int,
        base_units: int,
        base_exponent: int,
        order_step: int,
        group: int,
        taker_fee_e8: int,
    ) -> int:
        if not 0 <= market < len(self._markets):
            raise IndexError("market: no such market")
        name, index, owner = Symbol(symbol), len(self._books), self._markets[market]
        grid = BookGrid(name, Grid(price_units, price_exponent), Grid(size_units, size_exponent))
        base_grid = Grid(base_units, base_exponent)
        check_instrument(symbol, (grid.price_grid, grid.size_grid, base_grid), order_step, taker_fee_e8)
        require(name not in owner.books, "symbol: is already there")
        require(index < BOOKS_MAX and group < BOOKS_MAX, "book: too many")
        members = self._groups.setdefault(group, Group())
        require(len(members.members) < GROUP_BOOKS_MAX, "group: too many books")
        try:
            members.add(Member(index, grid.price_grid, base_grid, order_step, taker_fee_e8))
        except ConfigError as error:
            raise ValueError(str(error)) from None
        state = BookState(market, grid, owner.decoder, group, len(members.members) - 1)
        self._books.append(state)
        owner.grids[name], owner.books[name] = grid, index
        return index

    def set_threshold(self, edge_e8: int) -> None:
        self._threshold_e8 = edge_e8

    def on_frame(self, market: int, payload: Buffer, local_ns: int) -> int:
        owner = self._markets[market]
        owner.frames += 1
        event = owner.decoder.frame(payload, owner.grids)
        if isinstance(event, LostFrame):
            return self._on_lost(owner, event)
        if isinstance(event, Ignored | Control):
            return pack(Kind.CONTROL if isinstance(event, Control) else Kind.IGNORED, 0, NO_BOOK)
        index = owner.books[event.symbol]
        state = self._books[index]
        if isinstance(event, DepthDelta):
            return self._on_delta(owner, state, event, index, local_ns)
        if isinstance(event, DepthSnapshot):
            return self._on_stream_snapshot(owner, state, event, index, local_ns)
        if isinstance(event, Ticker):
            return self._on_ticker(owner, state, event, index, local_ns)
        if isinstance(event, Trade):
            return on_trade(state, event, index, local_ns)
        return on_reference(state, event, index)

    def on_snapshot(self, book: int, payload: Buffer, local_ns: int) -> int:
        state = self._books[book]
        owner = self._markets[state.market]
        try:
            snapshot = owner.decoder.snapshot(payload, state.grid)
        except DecodeError as error:
            owner.faults[error.kind] += 1
            return pack(Kind.ERROR, Flag.NEED_SNAPSHOT, book, error.kind)
        flags = state.sequenced.on_snapshot(snapshot)
        if flags & Flag.APPLIED:
            state.venue_ns, state.depth_quote_ns = snapshot.venue_ns, local_ns
            state.ahead_since_ns = 0
        return pack(Kind.SNAPSHOT, flags | self._refresh(state), book)

    def mark_up(self, market: int) -> None:
        for index in self._markets[market].books.values():
            self._books[index].sequenced.on_up()

    def mark_down(self, market: int) -> int:
        flags = 0
        for index in self._markets[market].books.values():
            flags |= self.mark_book_down(index)
        self._markets[market].lag = Lag()
        return flags

    def mark_book_down(self, book: int) -> int:
        state = self._books[book]
        state.forget()
        state.anew_below = 0
        flags = state.sequenced.on_down()
        return flags | self._refresh(state)

    def status(self, book: int) -> int:
        return self._books[book].sequenced.status

    def last_id(self, book: int) -> int:
        return self._books[book].sequenced.last_id

    def top(self, book: int) -> tuple[int, int, int, int, int, int, int]:
        state = self._books[book]
        return *state.top[0], *state.top[1], state.sequenced.last_id, state.venue_ns, state.quote_ns

    def book_top(self, book: int) -> tuple[int, int, int, int]:
        inner = self._books[book].sequenced.book
        return *inner.bids.best(), *inner.asks.best()

    def ticker(self, book: int) -> tuple[int, int, int, int, int, int, int]:
        state = self._books[book]
        t = state.ticker
        if t is None:
            return (-1, 0, 0, 0, 0, 0, 0)
        return (
            t.update_id,
            t.bid_ticks,
            t.bid_lots,
            t.ask_ticks,
            t.ask_lots,
            t.venue_ns,
            state.ticker_local_ns,
        )

    def last_trade(self, book: int) -> tuple[int, int, int, bool, int, int]:
        return self._books[book].trade

    def reference(self, book: int) -> tuple[int, int, int, int, int, int, int]:
        return self._books[book].reference

    def depth(self, book: int, side: int, count: int) -> list[Level]:
        return list(self._books[book].sequenced.book.depth(side, count))

    def ladder(self, book: int, side: int, count: int) -> list[Level]:
        state = self._books[book]
        return state.ladder(side)[:count] if state.sequenced.live else []

    def state_hash(self, book: int) -> int:
        return self._books[book].sequenced.book.state_hash()

    def counters(self, book: int) -> tuple[int, int, int, int, int, int]:
        s = self._books[book].sequenced
        return (s.deltas, s.duplicates, s.gaps, s.crossings, s.snapshots, s.overflows)

    def frames(self, market: int) -> int:
        return self._markets[market].frames

    def faults(self, market: int) -> list[int]:
        return list(self._markets[market].faults)

    def edge(self, buy: int, sell: int) -> int | None:
        b, s = self._books[buy], self._books[sell]
        return self._groups[b.group].edge(b.member, s.member)

    def edges(self, book: int) -> list[tuple[int, int, int]]:
        group = self._groups[self._books[book].group]
        found: list[tuple[int, int, int]] = []
        for buy, buyer in enumerate(group.members):
            for sell, seller in enumerate(group.members):
                edge = group.edge(buy, sell) if group.active(buy, sell) else None
                if edge is not None:
                    found.append((buyer.book, seller.book, edge))
        return found

    def walk(self, buy: int, sell: int, size_cap: int) -> tuple[int, int, int, int, int]:
        b, s = self._books[buy], self._books[sell]
        if not b.sequenced.live or not s.sequenced.live:
            return (0, 0, 0, 0, 0)
        asks, bids = b.ladder(Side.SELL), s.ladder(Side.BUY)
        w = self._groups[b.group].walk(b.member, s.member, asks, bids, size_cap)
        return (w.size, w.cost, w.proceeds, w.worst_ask, w.worst_bid)

    def best(self, book: int, size_cap: int, since_ns: int) -> tuple[int, int, int, int, int, int, int, int]:
        group = self._groups[self._books[book].group]
        books = [member.book for member in group.members]
        found = group.best(
            lambda member: self._books[books[member]].quote_ns >= since_ns,
            lambda buy, sell: Walk(*self.walk(books[buy], books[sell], size_cap)),
        )
        if found is None:
            return (NO_BOOK, NO_BOOK, 0, 0, 0, 0, 0, 0)
        w = found.walk
        return (found.buy, found.sell, found.edge_e8, w.size, w.cost, w.proceeds, w.worst_ask, w.worst_bid)

    def units(self, book: int) -> tuple[int, int, int, int]:
        state = self._books[book]
        group = self._groups[state.group]
        member = group.members[state.member]
        return (group.price_exponent, group.size_exponent, member.price_factor, member.size_factor)

    def _on_delta(
        self, owner: MarketState, state: BookState, event: DepthDelta, index: int, local_ns: int
    ) -> int:
        flags = state.sequenced.on_delta(event)
        lag_ns = owner.lag.update(event.venue_ns, local_ns)
        if flags & Flag.APPLIED:
            state.venue_ns, state.depth_quote_ns = event.venue_ns, local_ns - lag_ns
            if event.last_id < event.previous_id:
                state.count_anew(event.previous_id, event.last_id)
            if state.deltas_overdue(local_ns):
                flags |= state.sequenced.on_suspicion()
        if state.sequenced.status is BookStatus.STALE and flags & Flag.NEED_SNAPSHOT:
            state.forget()
        return pack(Kind.DEPTH, _net(flags) | self._refresh(state), index)

    def _on_stream_snapshot(
        self, owner: MarketState, state: BookState, event: DepthSnapshot, index: int, local_ns: int
    ) -> int:
        old_id = state.sequenced.last_id
        flags = state.sequenced.on_stream_snapshot(event)
        lag_ns = owner.lag.update(event.venue_ns, local_ns)
        if flags & Flag.APPLIED:
            state.venue_ns, state.depth_quote_ns = event.venue_ns, local_ns - lag_ns
            state.ahead_since_ns = 0
            if event.last_id < old_id:
                state.count_anew(old_id, event.last_id)
        return pack(Kind.SNAPSHOT, flags | self._refresh(state), index)

    def _on_ticker(
        self, owner: MarketState, state: BookState, event: Ticker, index: int, local_ns: int
    ) -> int:
        newest_id = -1 if state.ticker is None else state.ticker.update_id
        if event.update_id < newest_id or state.of_an_old_numbering(event.update_id):
            return pack(Kind.TICKER, Flag.DUPLICATE, index)
        state.ticker, state.ticker_local_ns = event, local_ns
        lag = owner.lag
        lag_ns = lag.update(event.venue_ns, local_ns) if event.venue_ns else lag.last_ns
        state.ticker_quote_ns = local_ns - lag_ns
        flags = int(Flag.APPLIED)
        if state.deltas_overdue(local_ns):
            flags |= state.sequenced.on_suspicion()
        return pack(Kind.TICKER, flags | self._refresh(state), index)

    def _on_lost(self, owner: MarketState, lost: LostFrame) -> int:
        owner.faults[lost.kind] += 1
        flags = 0
        index = NO_BOOK if lost.symbol is None else owner.books[lost.symbol]
        if index != NO_BOOK:
            if lost.depth_lost:
                flags = self._books[index].sequenced.on_lost()
                if flags & Flag.NEED_SNAPSHOT:
                    self._books[index].forget()
                flags |= self._refresh(self._books[index])
        elif lost.kind is not DecodeKind.UNKNOWN_SYMBOL:
            for each in owner.books.values():
                flags |= self._books[each].sequenced.on_suspicion()
                flags |= self._refresh(self._books[each])
        return pack(Kind.ERROR, flags, index, lost.kind)

    def _refresh(self, state: BookState) -> int:
        top = state.effective_top()
        if top == state.top:
            return 0
        state.top = top
        group = self._groups[state.group]
        wake = group.update(state.member, *top, self._threshold_e8)
        return Flag.TOP | (Flag.WAKE if wake else 0)


def _net(flags: int) -> int:
    """A book that went live and stale within one frame has done neither."""
    both = Flag.WENT_LIVE | Flag.WENT_STALE
    return flags & ~both if flags & both == both else flags
