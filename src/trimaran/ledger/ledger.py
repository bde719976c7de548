"""The ledger: a fold of account events into balances, positions and profit.

How a fill settles:

    spot       wallet base and quote change by size and notional; the fee leaves the wallet in its own
               asset (Binance spot takes it from the asset received)
    perpetual  no asset changes hands: the position changes, and what it realises goes to the wallet of
               the quote asset (the margin asset of a linear contract), less the fee

A fill is booked once. Its identity is (instrument, side, fill id): a trade id is unique per instrument
on the venues, and a trade with oneself has one id and two sides. Transfers and funding have ids too.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from types import MappingProxyType

from trimaran.base.errors import VenueError
from trimaran.domain.account import AccountEvent, Fill, FundingPaid, Transfer
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.facts import BalanceChanged, FillBooked, FillRepeated, LedgerFact, PositionChanged
from trimaran.domain.instrument import Asset, ContractKind, Instrument, InstrumentKey, MarketName, Side
from trimaran.ledger.double_entry import Account, Accounts, Entry, Holding
from trimaran.ledger.pnl import Marks, Pnl, Unmarked, compute_pnl
from trimaran.ledger.position import FLAT, Position, trade
from trimaran.ledger.postings import moved
from trimaran.ledger.state_hash import hash_ledger, hash_text

FillKey = tuple[InstrumentKey, Side, str]
PriceAndLots = tuple[int, int]


class Ledger:
    """Balances per (market, asset), positions per instrument. `apply` is the only way to change them."""

    def __init__(self, instruments: Mapping[InstrumentKey, Instrument]) -> None:
        self._instruments = instruments  # a live view: the journal tells of more
        self._accounts = Accounts()
        self._positions: dict[InstrumentKey, Position] = {}
        self._fills: dict[FillKey, PriceAndLots] = {}
        self._payments: set[str] = set()
        self._moved_ns: dict[Holding, int] = {}
        self._traded_ns: dict[InstrumentKey, int] = {}
        self._seen_hash = 0  # exclusive or of the hashes of what was seen: the order does not matter

    def apply(self, event: AccountEvent) -> tuple[LedgerFact, ...]:
        """Books an event; events that move no money change nothing.

        Raises VenueError for an instrument that the ledger was not told about.
        """
        if isinstance(event, Fill):
            return self._apply_fill(event)
        if isinstance(event, Transfer):
            name = f"transfer|{event.market}|{event.transfer_id}"
            entries = moved(Account.TRANSFERS, event.asset, event.amount)
            return self._apply_payment(name, event.market, entries, event.local_ns)
        if isinstance(event, FundingPaid):
            market = self._instrument(event.instrument_key).market
            name = f"funding|{event.instrument_key}|{event.funding_id}"
            entries = moved(Account.FUNDING, event.asset, -event.amount)
            return self._apply_payment(name, market, entries, event.local_ns)
        return ()

    @property
    def balances(self) -> Mapping[Holding, Decimal]:
        """What each wallet holds, a live read-only view; a missing holding is zero."""
        return self._accounts.of(Account.WALLET)

    @property
    def positions(self) -> Mapping[InstrumentKey, Position]:
        """Positions, a live read-only view. Of spot: lots traded through the instrument, bought less sold."""
        return MappingProxyType(self._positions)

    @property
    def instruments(self) -> Mapping[InstrumentKey, Instrument]:
        """The instruments that it knows, a live read-only view."""
        return MappingProxyType(self._instruments)

    @property
    def moved_ns(self) -> Mapping[Holding, int]:
        """The venue's time of the newest event that moved a wallet, a live read-only view."""
        return MappingProxyType(self._moved_ns)

    def traded_ns(self, key: InstrumentKey) -> int:
        """The venue's time of the newest event that changed a position; 0 when there was none."""
        return self._traded_ns.get(key, 0)

    def exposure_base(self, asset: Asset) -> Decimal:
        """Net exposure to an asset: what trading and fees made of the wallets, plus open perpetuals."""
        with localcontext(EXACT):
            total = ZERO
            for account in (Account.WALLET, Account.TRANSFERS):
                for (_, held), amount in self._accounts.of(account).items():
                    total += amount if held == asset else ZERO
            for key, position in self._positions.items():
                instrument = self._instruments[key]
                if instrument.base == asset and instrument.kind is ContractKind.PERPETUAL:
                    total += instrument.size(position.lots)
        return total

    def pnl(self, marks: Marks) -> Pnl | Unmarked:
        """Profit and loss at the marks, as `ledger/pnl.py` defines it."""
        return compute_pnl(self._accounts, self._positions, self._instruments, marks)

    def state_hash(self) -> int:
        """64 bits that are equal for equal states, what was seen (and so is refused) included."""
        return hash_ledger(self._accounts, self._positions, self._seen_hash)

    def check(self) -> None:
        """Asserts the invariant of double entry over the whole ledger."""
        with localcontext(EXACT):
            self._accounts.check()

    def _apply_fill(self, fill: Fill) -> tuple[LedgerFact, ...]:
        instrument = self._instrument(fill.instrument_key)
        identity = (fill.instrument_key, fill.side, str(fill.fill_id))
        terms = (fill.price_ticks, fill.lots)
        known = self._fills.get(identity)
        if known is not None:
            return (FillRepeated(fill, conflict=known != terms),)
        sign = fill.side.sign
        before = self._positions.get(fill.instrument_key, FLAT)
        with localcontext(EXACT):
            notional = sign * instrument.notional(fill.price_ticks, fill.lots)
            after, realised = trade(before, sign * fill.lots, notional)
            entries = _fill_entries(fill, instrument, notional, realised)
            changed = self._book(instrument.market, entries, fill.local_ns)
        self._positions[fill.instrument_key] = after
        self._fills[identity] = terms
        self._see(f"fill|{fill.instrument_key}|{fill.side.name}|{fill.fill_id}|{terms}")
        return (FillBooked(fill, realised), *changed, _position_changed(fill, before, after))

    def _apply_payment(
        self, name: str, market: MarketName, entries: tuple[Entry, ...], local_ns: int
    ) -> tuple[LedgerFact, ...]:
        if name in self._payments:
            return ()
        with localcontext(EXACT):
            changed = self._book(market, entries, local_ns)
        self._payments.add(name)
        self._see(name)
        return changed

    def _book(
        self, market: MarketName, entries: tuple[Entry, ...], local_ns: int
    ) -> tuple[BalanceChanged, ...]:
        wallet = self._accounts.of(Account.WALLET)
        assets = dict.fromkeys(asset for account, asset, amount in entries if amount)
        before = {asset: wallet.get((market, asset), ZERO) for asset in assets}
        self._accounts.book(market, entries)
        return tuple(
            BalanceChanged(market, asset, before[asset], wallet[market, asset], local_ns)
            for asset in assets
            if wallet[market, asset] != before[asset]
        )

    def _instrument(self, key: InstrumentKey) -> Instrument:
        instrument = self._instruments.get(key)
        if instrument is None:
            raise VenueError(f"ledger: expected one of {len(self._instruments)} instruments, found {key}")
        return instrument

    def _see(self, name: str) -> None:
        self._seen_hash ^= hash_text(name)


def _fill_entries(
    fill: Fill, instrument: Instrument, notional: Decimal, realised: Decimal
) -> tuple[Entry, ...]:
    fee = moved(Account.FEES, fill.fee_asset, -fill.fee)
    if instrument.kind is ContractKind.PERPETUAL:
        return moved(Account.TRADES, instrument.quote, realised) + fee
    size = fill.side.sign * instrument.size(fill.lots)
    base, quote = instrument.base, instrument.quote
    return moved(Account.TRADES, base, size) + moved(Account.TRADES, quote, -notional) + fee


def _position_changed(fill: Fill, before: Position, after: Position) -> PositionChanged:
    return PositionChanged(
        fill.instrument_key, before.lots, after.lots, before.cost, after.cost, fill.local_ns
    )
