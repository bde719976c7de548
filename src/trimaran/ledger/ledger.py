"""The ledger: a fold of account events into balances, positions and profit.

How an event is booked is `postings.py`; this keeps the totals. How a fill settles:

    spot       wallet base and quote change by size and notional; the fee leaves the wallet in its own
               asset (Binance spot takes it from the asset received)
    perpetual  no asset changes hands: the position changes, and what it realises goes to the wallet of
               the quote asset (the margin asset of a linear contract), less the fee

A fill is booked once. Its identity is (instrument, side, fill id): a trade id is unique per instrument
on the venues, and a trade with oneself has one id and two sides. Payments have ids too, unique within their
kind and market (funding and adjusted positions: within their instrument). How long identities are remembered
is the law of `identities.py`; what is older and unknown is never booked, it is an `EventTooOld`.

Nothing is hashed on the way of a fill; `state_hash` is made on demand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, getcontext, localcontext, setcontext
from types import MappingProxyType

from trimaran.base.errors import VenueError
from trimaran.domain.account import (
    AccountEvent,
    Adjusted,
    Fill,
    FundingPaid,
    InterestPaid,
    PositionAdjusted,
    Transfer,
)
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.facts import (
    BalanceChanged,
    EventTooOld,
    FillBooked,
    FillRepeated,
    LedgerFact,
    PositionChanged,
)
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey, MarketName
from trimaran.domain.orders import StrategyName
from trimaran.ledger.double_entry import Account, Accounts, Holding
from trimaran.ledger.identities import (
    UNKNOWN_TERMS,
    Identities,
    Terms,
    happened_ns,
    is_conflict,
    pack,
    unpack,
)
from trimaran.ledger.image import (
    BookImage,
    LedgerImage,
    MovedImage,
    PaymentsImage,
    TotalImage,
    hash_of,
    plain,
)
from trimaran.ledger.pnl import Marks, Pnl, Unmarked, compute_pnl
from trimaran.ledger.position import FLAT, Position
from trimaran.ledger.postings import BUY, Booking, Contract, fill_postings, postings
from trimaran.ledger.regrid import Regrid, regrid

Payment = Transfer | FundingPaid | InterestPaid | Adjusted | PositionAdjusted


class _Book:
    """One instrument: what its numbers mean, and the fills that are remembered."""

    __slots__ = ("contract", "fills", "traded_ns")

    def __init__(self, instrument: Instrument) -> None:
        self.contract = Contract.of(instrument)
        self.fills = Identities()
        self.traded_ns = 0


class Ledger:
    """Balances per (market, asset), positions per instrument. `apply` is the only way to change them."""

    def __init__(self, instruments: Mapping[InstrumentKey, Instrument]) -> None:
        self._instruments: dict[InstrumentKey, Instrument] = {}
        self._books: dict[InstrumentKey, _Book] = {}
        self._accounts = Accounts()
        self._positions: dict[InstrumentKey, Position] = {}
        self._open_base: dict[Asset, Decimal] = {}  # of open perpetuals
        self._payments: dict[MarketName, Identities] = {}
        self.list_instruments(instruments.values())

    def apply(self, event: AccountEvent) -> tuple[LedgerFact, ...]:
        """Books an event; events that move no money change nothing.

        Raises VenueError for an instrument that the ledger was not told about.
        """
        if isinstance(event, Fill):
            return self.apply_fill(event)
        if isinstance(event, Transfer | InterestPaid | Adjusted):
            return self._apply_payment(event, event.market, None)
        if isinstance(event, FundingPaid | PositionAdjusted):
            book = self._book(event.instrument_key)
            return self._apply_payment(event, book.contract.market, book)
        return ()

    def apply_fill(self, fill: Fill, strategy: StrategyName | None = None) -> tuple[LedgerFact, ...]:
        """Books a fill of an order of a strategy, as far as anybody knows whose it is; raises as `apply`."""
        key = fill.instrument_key
        book = self._books.get(key)
        if book is None:
            raise self._unknown(key)
        memory = book.fills
        identity, terms = _identity_of(fill)
        known = memory.known.get(identity)
        if known is not None:
            return (FillRepeated(fill, is_conflict(known, terms)),)
        at_ns = happened_ns(fill.venue_ns, fill.local_ns)
        if at_ns < memory.since_ns:
            return (EventTooOld(fill, memory.since_ns),)
        before = self._positions.get(key, FLAT)
        context = getcontext()
        setcontext(EXACT)
        try:
            booking = fill_postings(fill, book.contract, before)
            facts = self._booked(booking, at_ns, fill.local_ns)
        finally:
            setcontext(context)
        memory.add(identity, terms, at_ns)
        moved = self._moved_position(book, booking, before, at_ns, fill.local_ns)
        return (FillBooked(fill, booking.realised, strategy), *facts, moved)

    def remember_fill(self, fill: Fill) -> FillRepeated | None:
        """A fill that the opening balances have in them: it books nothing, and is known from now on.

        The repeat that it is, where it was known before. Raises as `apply`.
        """
        book = self._book(fill.instrument_key)
        identity, terms = _identity_of(fill)
        known = book.fills.known.get(identity)
        if known is not None:
            return FillRepeated(fill, is_conflict(known, terms))
        book.fills.add(identity, terms, happened_ns(fill.venue_ns, fill.local_ns))
        return None

    def known_terms(self, fill: Fill) -> tuple[int, int] | None:
        """Price in ticks and lots that a fill is known with; None: it is not, or its terms are not."""
        known = self._book(fill.instrument_key).fills.known.get(_identity_of(fill)[0])
        return unpack(known) if known else None

    def list_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Instruments as they are from now on: new ones, and known ones on another grid.

        Positions, and the terms of remembered fills, are restated exactly. Raises GridError, and changes
        nothing, when a position has no whole number of lots on the new grid, or an instrument with a position
        has become another thing.
        """
        listed = list(instruments)
        changes: list[tuple[Instrument, Regrid | None]] = []
        for instrument in listed:
            known = self._instruments.get(instrument.key)
            position = self._positions.get(instrument.key, FLAT)
            changes.append((instrument, None if known is None else regrid(known, instrument, position)))
        for instrument, change in changes:
            key = instrument.key
            self._instruments[key] = instrument
            if change is None:
                self._books[key] = _Book(instrument)
            elif not change.is_identity:
                book = self._books[key]
                book.contract = Contract.of(instrument)
                book.fills.restate(change.price, change.lots)
                if key in self._positions:
                    self._positions[key] = change.position

    @property
    def instruments(self) -> Mapping[InstrumentKey, Instrument]:
        """The instruments that it knows, a live read-only view."""
        return MappingProxyType(self._instruments)

    @property
    def balances(self) -> Mapping[Holding, Decimal]:
        """What each wallet holds, a live read-only view; a missing holding is zero."""
        return self._accounts.of(Account.WALLET)

    @property
    def positions(self) -> Mapping[InstrumentKey, Position]:
        """Positions, a live read-only view. Of spot: lots traded through the instrument, bought less sold."""
        return MappingProxyType(self._positions)

    def moved_ns(self, holding: Holding) -> int:
        """The venue's time of the newest event that moved a wallet; 0 when there was none."""
        return self._accounts.moved_ns(holding)

    def totals(self, account: Account) -> Mapping[Holding, Decimal]:
        """One account of double entry, a live read-only view."""
        return self._accounts.of(account)

    def traded_ns(self, key: InstrumentKey) -> int:
        """The venue's time of the newest event that changed a position; 0 when there was none."""
        book = self._books.get(key)
        return 0 if book is None else book.traded_ns

    def remembered_ns(self, key: InstrumentKey) -> int:
        """From when on every fill is remembered; 0 while none was forgotten."""
        book = self._books.get(key)
        return 0 if book is None else book.fills.since_ns

    def exposure_base(self, asset: Asset) -> Decimal:
        """Net exposure to an asset: what trading, fees and adjustments made of the wallets, plus open
        perpetuals. Whether an adjustment is a trade that nobody told of is not known: it counts."""
        return EXACT.add(self._accounts.made.get(asset, ZERO), self._open_base.get(asset, ZERO))

    def pnl(self, marks: Marks) -> Pnl | Unmarked:
        """Profit and loss at the marks, as `ledger/pnl.py` defines it."""
        return compute_pnl(self._accounts, self._positions, self._instruments, marks)

    def state_hash(self) -> int:
        """64 bits that are equal for equal states, what is remembered (and so is refused) included."""
        return hash_of(self.image())

    def check(self) -> None:
        """Asserts the invariants over the whole ledger."""
        self._accounts.check()
        bases = dict.fromkeys(self._open_base, ZERO)
        for key, position in self._positions.items():
            flat = not position.lots and not self._books[key].contract.perpetual
            assert not flat or not position.cost, (key, position)
            contract = self._books[key].contract
            if contract.perpetual:
                size = EXACT.multiply(contract.lot_size, position.lots)
                bases[contract.base] = EXACT.add(bases.get(contract.base, ZERO), size)
        assert bases == self._open_base, (bases, self._open_base)

    def image(self) -> LedgerImage:
        """Everything that the ledger is; shares nothing that changes with it."""
        totals = [
            TotalImage(account, market, asset, plain(amount))
            for account in Account
            for (market, asset), amount in self._accounts.of(account).items()
            if amount
        ]
        books = [self._book_image(key) for key, book in self._books.items() if book.traded_ns]
        return LedgerImage(
            tuple(sorted(totals, key=lambda each: (each.account, each.market, each.asset))),
            tuple(MovedImage(*holding, self.moved_ns(holding)) for holding in sorted(self.balances)),
            tuple(sorted(books, key=lambda each: each.key)),
            tuple(PaymentsImage(market, kept.image()) for market, kept in sorted(self._payments.items())),
        )

    def restore(self, image: LedgerImage) -> None:
        """Makes an empty ledger what an image says. Its instruments must have been listed before.

        Raises VenueError for an instrument that the ledger was not told about.
        """
        assert not self.balances, "restored into a ledger that is not empty"
        assert not self._positions, "restored into a ledger that is not empty"
        for total in image.totals:
            self._accounts.load(total.account, (total.market, total.asset), total.amount)
        for moved in image.moved:
            self._accounts.load_moved((moved.market, moved.asset), moved.venue_ns)
        for kept in image.books:
            book = self._book(kept.key)
            book.traded_ns = kept.traded_ns
            book.fills.restore(kept.fills)
            self._positions[kept.key] = Position(kept.lots, kept.cost, kept.realised)
            if book.contract.perpetual:
                self._add_base(book.contract, kept.lots)
        for paid in image.payments:
            self._payments.setdefault(paid.market, Identities()).restore(paid.payments)
        self.check()

    def _apply_payment(
        self, event: Payment, market: MarketName, book: _Book | None
    ) -> tuple[LedgerFact, ...]:
        memory = self._payments.get(market)
        if memory is None:
            memory = self._payments[market] = Identities()
        name, at_ns = _name(event), happened_ns(event.venue_ns, event.local_ns)
        if memory.find(name) is not None:
            return ()
        if at_ns < memory.since_ns:
            return (EventTooOld(event, memory.since_ns),)
        contract = None if book is None else book.contract
        before = FLAT if contract is None else self._positions.get(contract.key, FLAT)
        booking = postings(event, contract, before)
        with localcontext(EXACT):
            facts = self._booked(booking, at_ns, event.local_ns)
        memory.add(name, UNKNOWN_TERMS, at_ns)
        if book is not None and booking.after is not None:
            return (*facts, self._moved_position(book, booking, before, at_ns, event.local_ns))
        return tuple(facts)

    def _booked(self, booking: Booking, at_ns: int, local_ns: int) -> list[BalanceChanged]:
        """Adds the legs of a booking."""
        market = booking.market
        return [
            BalanceChanged(market, asset, before, after, local_ns)
            for asset, before, after in self._accounts.book(market, booking.legs, at_ns)
            if before != after
        ]

    def _moved_position(
        self, book: _Book, booking: Booking, before: Position, at_ns: int, local_ns: int
    ) -> PositionChanged:
        after, key = booking.after, book.contract.key
        assert after is not None, booking
        self._positions[key] = after
        if book.contract.perpetual:
            self._add_base(book.contract, after.lots - before.lots)
        book.traded_ns = max(book.traded_ns, at_ns)
        return PositionChanged(key, before.lots, after.lots, before.cost, after.cost, local_ns)

    def _add_base(self, contract: Contract, lots: int) -> None:
        size = EXACT.multiply(contract.lot_size, lots)
        self._open_base[contract.base] = EXACT.add(self._open_base.get(contract.base, ZERO), size)

    def _book(self, key: InstrumentKey) -> _Book:
        book = self._books.get(key)
        if book is None:
            raise self._unknown(key)
        return book

    def _unknown(self, key: InstrumentKey) -> VenueError:
        return VenueError(f"ledger: expected one of {len(self._books)} instruments, found {key}")

    def _book_image(self, key: InstrumentKey) -> BookImage:
        book, position = self._books[key], self._positions.get(key, FLAT)
        cost, realised = plain(position.cost), plain(position.realised)
        return BookImage(key, position.lots, cost, realised, book.traded_ns, book.fills.image())


def _name(event: Payment) -> str:
    """The identity of a payment within its market."""
    if isinstance(event, Transfer):
        return f"transfer|{event.transfer_id}"
    if isinstance(event, InterestPaid):
        return f"interest|{event.interest_id}"
    if isinstance(event, Adjusted):
        return f"adjusted|{event.adjustment_id}"
    if isinstance(event, FundingPaid):
        return f"funding|{event.instrument_key}|{event.funding_id}"
    return f"position|{event.instrument_key}|{event.adjustment_id}"


def _identity_of(fill: Fill) -> tuple[str, Terms]:
    """What makes a fill the same one, among those of its instrument; and its terms."""
    return ("B" if fill.side is BUY else "S") + fill.fill_id, pack(fill.price_ticks, fill.lots)
