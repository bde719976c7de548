"""What risk judges by of the books: the quote of an instrument with its fair price, and the marks of a
tick.


Prices of an underlying are compared in the common unit of its scan group, as integers. A quote that is
too old to be traded on is too old to judge others by. Equities are made only for scopes that limit
losses; one that depends on something without a price is not known, and risk lets nothing grow there until
it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Final

from trimaran.domain.answer import BookStatus
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.instrument import Asset, ContractKind, InstrumentKey, MarketName
from trimaran.domain.kill import KillScope, ScopeKind
from trimaran.domain.orders import StrategyName
from trimaran.engine.desk import Desk, underlying_of
from trimaran.ledger.double_entry import Account
from trimaran.risk.ask import Quote
from trimaran.risk.image import Marks, Prices
from trimaran.risk.registry import limits_losses
from trimaran.signals.fair_price import fair_price

HALF: Final = Decimal("0.5")
STATUSES: Final = {int(each): each for each in BookStatus}  # calling an enum takes longer than a judgement


def quote_of(desk: Desk, key: InstrumentKey) -> Quote:
    """The quote of an instrument now."""
    book = desk.books.get(key)
    if book is None:
        return NO_QUOTE
    top = desk.hot.top(book)
    factor = desk.factors[book]
    numerator, denominator = fair_price(_doubled_mids(desk, book, top))
    status = STATUSES[desk.hot.status(book)]
    return Quote(status, top[0], top[2], top[6], numerator, denominator * factor)


def _doubled_mids(desk: Desk, book: int, top: Sequence[int]) -> list[int]:
    """Bid and ask together of every fresh live book beside one, and of that one, in the common unit."""
    doubled: list[int] = []
    now_ns, keys, limits = desk.now_ns, desk.keys, desk.risk.book
    for each in desk.same[underlying_of(desk.legs[book].instrument)]:
        bid_ticks, _, ask_ticks, _, _, _, quote_ns = top if each == book else desk.hot.top(each)
        if bid_ticks and ask_ticks and quote_ns >= now_ns - limits.of(keys[each]).quote_age_ns_max:
            doubled.append((bid_ticks + ask_ticks) * desk.factors[each])
    return doubled


def marks_of(desk: Desk) -> Marks:
    """The marks of a tick."""
    tops = {key: desk.top_ticks(key) for key in desk.books}
    limits = desk.risk.book
    quotes = {instrument.quote for instrument in desk.instruments.values()} - {limits.quote}
    watched = [scope for scope, each in limits.scopes.items() if limits_losses(each)]
    if not quotes and not watched:
        return Marks(tops)
    prices = prices_of(desk)
    rates = {asset: prices.assets[asset] for asset in quotes if asset in prices.assets}
    return Marks(tops, rates, {scope: _equity(desk, scope, prices) for scope in watched})


def prices_of(desk: Desk) -> Prices:
    """Mids of live books, and what assets are worth in the quote asset of the limits."""
    mids: dict[InstrumentKey, Decimal] = {}
    assets: dict[Asset, Decimal] = {desk.risk.book.quote: Decimal(1)}
    for key, instrument in desk.instruments.items():
        bid_ticks, ask_ticks = desk.top_ticks(key)
        if bid_ticks and ask_ticks:
            mids[key] = EXACT.multiply(instrument.price(bid_ticks + ask_ticks), HALF)
            if instrument.quote == desk.risk.book.quote and instrument.kind is ContractKind.SPOT:
                assets.setdefault(instrument.base, mids[key])
    for key, mid in mids.items():
        instrument = desk.instruments[key]
        if instrument.quote == desk.risk.book.quote:
            assets.setdefault(instrument.base, mid)
    return Prices(mids, assets)


def _equity(desk: Desk, scope: KillScope, prices: Prices) -> Decimal | None:
    """What trading has made of a scope, at the marks; None: a price is missing."""
    if scope.kind is ScopeKind.STRATEGY:
        return _value(desk, StrategyName(scope.name), prices)
    return _made(desk, _markets(desk, scope), prices)


def _markets(desk: Desk, scope: KillScope) -> Collection[MarketName]:
    if scope.kind is ScopeKind.ALL:
        return set(desk.markets)
    if scope.kind is ScopeKind.ACCOUNT:
        return {MarketName(scope.name)}
    return {name for name in desk.markets if name.partition(".")[0] == scope.name}


def _made(desk: Desk, markets: Collection[MarketName], prices: Prices) -> Decimal | None:
    """Wallets without what came by transfer, and open perpetuals at their mids: as `ledger/pnl.py` says."""
    ledger, total = desk.durable.ledger, ZERO
    for account in (Account.WALLET, Account.TRANSFERS):
        for (market, asset), amount in ledger.totals(account).items():
            if market not in markets or not amount:
                continue
            price = prices.assets.get(asset)
            if price is None:
                return None
            total = EXACT.add(total, EXACT.multiply(amount, price))
    for key, position in ledger.positions.items():
        instrument = desk.durable.instruments[key]
        if instrument.market not in markets or instrument.kind is ContractKind.SPOT:
            continue
        if not position.lots and not position.cost:
            continue
        mid = prices.mids.get(key) if position.lots else ZERO
        rate = prices.assets.get(instrument.quote)
        if mid is None or rate is None:
            return None
        worth = EXACT.multiply(instrument.size(position.lots), mid)
        total = EXACT.add(total, EXACT.multiply(EXACT.subtract(worth, position.cost), rate))
    return total


def _value(desk: Desk, strategy: StrategyName, prices: Prices) -> Decimal | None:
    """What the trades of a strategy have made, at the mids; None: a price is missing."""
    trades, total = desk.durable.trades, ZERO
    for key, traded in trades.traded.get(strategy, {}).items():
        instrument = desk.durable.instruments[key]
        rate, mid = prices.assets.get(instrument.quote), prices.mids.get(key)
        if rate is None or (mid is None and traded.lots):
            return None
        worth = ZERO if mid is None else EXACT.multiply(instrument.size(traded.lots), mid)
        paid = EXACT.multiply(instrument.notional(1, 1), Decimal(traded.tick_lots))
        total = EXACT.add(total, EXACT.multiply(EXACT.subtract(worth, paid), rate))
    for asset, amount in trades.paid.get(strategy, {}).items():
        price = prices.assets.get(asset)
        if price is None:
            return None
        total = EXACT.subtract(total, EXACT.multiply(amount, price))
    return total


NO_QUOTE: Final = Quote(BookStatus.DOWN, 0, 0, 0, 0)
