"""Judges a desk by the venue's own books and by its journal on the disk, never by what it says of itself.

TWICE      an order id is at the venue twice, or an intent has two orders
UNWRITTEN  an order of ours at the venue that the journal did not have before
LOST       the journal believes something else of an order than the venue
MONEY      balances or positions are not the venue's
MADE UP    money booked without an event of the venue, but for what was there at the beginning

The balance of a perpetual's quote asset is compared without realised profit (see `simulation/oracle.py`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tests.support.fault_venue import ARCHIVE, DeskProcess, Venue, until
from trimaran.base.errors import TrimaranError
from trimaran.domain.account import Adjusted, PositionAdjusted, Transfer
from trimaran.domain.client_id import (
    ATTEMPT_BITS,
    ClientOrderId,
    decode_client_id,
    decode_client_id_decimal,
    unpack_client_id,
)
from trimaran.domain.exact import ZERO
from trimaran.domain.instrument import ContractKind, Instrument, MarketName
from trimaran.domain.orders import TERMINAL, OrderState
from trimaran.domain.records import GroupOpened, Heard, JournalRecord, OrderAdopted, OrderReissued
from trimaran.engine.durable import Durable
from trimaran.engine.recovery import recovered
from trimaran.journal.disk import RealDisk
from trimaran.journal.open import read_journal
from trimaran.ledger.double_entry import Account
from trimaran.ledger.our_view import positions_of, wallet_of
from trimaran.venues.sim.trading import Status

OF_NO_ORDER: Final = (OrderState.REJECTED, OrderState.NOT_PLACED)
OPEN: Final = tuple(status.value for status in Status if status.open)
REFUSED: Final = Status.REJECTED.value
FILLS_MAX: Final = 1_000_000
ONE_WALLET: Final = ("okx",)  # for spot and perpetuals


class Archived(RealDisk):
    """The segments of a journal, with those that it has retired."""

    def __init__(self, folder: Path, archive: Path) -> None:
        self.folder, self._lock = folder, None
        self._archive = archive

    def names(self) -> Sequence[str]:
        """All of them."""
        old = os.listdir(self._archive) if self._archive.is_dir() else []
        return sorted({*super().names(), *old})

    def read(self, name: str, /) -> bytes:
        """One of them."""
        try:
            return super().read(name)
        except FileNotFoundError:
            return (self._archive / name).read_bytes()


class Books:
    """What the venue has of one shard, and what the journal in a folder says."""

    def __init__(
        self, venue: Venue, path: Path, shard: int, markets: Sequence[str], state: str = "state"
    ) -> None:
        """`path` is of the settings, `state` as they say."""
        self._venue = venue
        self._archive = path.parent / ARCHIVE
        self._journal = path.parent / state / "journal"
        self._shard = shard
        self._markets = [MarketName(each) for each in markets]

    # --- the venue ------------------------------------------------------------------------------------------

    def orders(self) -> list[tuple[ClientOrderId, dict[str, Any]]]:
        """The orders of the shard that the venue took."""
        found: list[tuple[ClientOrderId, dict[str, Any]]] = []
        for market in self._markets:
            venue = market.partition(".")[0]
            rows = self._venue.get("orders", venue=venue, market=market)
            rows += self._venue.get("account", venue=venue, fills=0)[market]["open_orders"]
            seen: set[int] = set()
            for row in rows:
                client_order_id = id_of(row["client_id"])
                if client_order_id is None or unpack_client_id(client_order_id).shard != self._shard:
                    continue
                if row["order_id"] not in seen and row["status"] != REFUSED:
                    seen.add(row["order_id"])
                    found.append((client_order_id, row))
        return found

    def open(self) -> list[ClientOrderId]:
        """Those that have not ended."""
        return [client_order_id for client_order_id, row in self.orders() if row["status"] in OPEN]

    def last_epoch(self) -> int:
        """Of the newest process that has sent an order that arrived."""
        return max((unpack_client_id(each).epoch for each, _ in self.orders()), default=0)

    # --- the journal ----------------------------------------------------------------------------------------

    def records(self) -> list[JournalRecord]:
        """All of them, as they are on the disk."""
        return [entry.record for entry in read_journal(Archived(self._journal, self._archive))]

    def replay(self) -> Durable:
        """The state that they give."""
        return recovered(None, self.records())

    # --- judgements -----------------------------------------------------------------------------------------

    def sent(self, *, forgets: bool = False) -> list[str]:
        """What is wrong with what left, at any moment, also after a crash."""
        orders = self.orders()  # first: what comes to the venue later may be written later
        records = self.records()
        known: set[ClientOrderId] = set()
        adopted: set[ClientOrderId] = set()
        for record in records:
            if isinstance(record, GroupOpened):
                known.update(order.client_order_id for order in record.orders)
            elif isinstance(record, OrderReissued):
                known.add(record.order.client_order_id)
            elif isinstance(record, OrderAdopted):
                adopted.add(record.order.client_order_id)
        wrong = [f"TWICE: {each}" for each, count in Counter(each for each, _ in orders).items() if count > 1]
        intents = Counter(each >> ATTEMPT_BITS for each, _ in orders)
        wrong += [f"TWICE: intent {each} has {count}" for each, count in intents.items() if count > 1]
        if not forgets:
            wrong += [f"UNWRITTEN: {each} {row}" for each, row in orders if each not in known]
            wrong += [f"UNWRITTEN: {each} was adopted" for each in adopted]
        return wrong

    def settled(self, *, forgets: bool = False) -> list[str]:
        """What is wrong when nothing is under way any more."""
        orders = dict(self.orders())
        records = self.records()
        durable = recovered(None, records)
        wrong = [f"LOST: {each} is {entry.state.name}" for each, entry in durable.working.items()]
        for client_order_id, row in orders.items():
            entry = durable.orders.get(client_order_id)
            if entry is None:
                if not forgets or row["status"] in OPEN:
                    wrong.append(f"LOST: {client_order_id} is unknown here, there {row}")
                continue
            grid = durable.instruments[entry.order.instrument_key].size_grid
            if grid.decimal(entry.filled_lots) != Decimal(row["filled"]):
                wrong.append(f"LOST: {client_order_id} has {entry.filled_lots} lots here, there {row}")
            if entry.state in OF_NO_ORDER or entry.state not in TERMINAL:
                wrong.append(f"LOST: {client_order_id} is {entry.state.name} here, there {row}")
        for client_order_id, entry in durable.orders.items():
            if client_order_id not in orders and (entry.state not in OF_NO_ORDER or entry.filled_lots):
                wrong.append(f"LOST: {client_order_id} is {entry.state.name} here, and not there")
        for venue in {market.partition(".")[0] for market in self._markets}:
            wrong += self._money(durable, venue, orders)
        return wrong + made_up(records, durable, forgets=forgets)

    def settle(self, process: DeskProcess, *, forgets: bool = False, seconds: float = 60.0) -> None:
        """Waits until nothing is wrong any more; fails with what is."""
        wrong: list[str] = ["nothing was looked at"]

        def right() -> bool:
            try:
                wrong[:] = self.settled(forgets=forgets)
            except (TrimaranError, FileNotFoundError) as error:  # it is being written
                wrong[:] = [str(error)]
            return not wrong

        try:
            until(right, process, seconds)
        except AssertionError:
            raise AssertionError((wrong, process.news())) from None
        assert not (found := self.sent(forgets=forgets)), found

    def _money(self, durable: Durable, venue: str, orders: dict[ClientOrderId, Any]) -> list[str]:
        books = self._venue.get("account", venue=venue, fills=FILLS_MAX)
        markets = [market for market in self._markets if market.startswith(venue)]
        wallets = [markets] if venue in ONE_WALLET else [[market] for market in markets]
        wrong: list[str] = []
        for wallet in wallets:
            for row in books[wallet[0]]["balances"]:
                wrong += self._balance(
                    durable, wallet, row, books, {each["order_id"] for each in orders.values()}
                )
        for instrument in durable.instruments.values():
            if instrument.market in markets and instrument.kind is ContractKind.PERPETUAL:
                wrong += self._position(durable, instrument, books[instrument.market]["positions"])
        return wrong

    def _balance(
        self, durable: Durable, wallet: list[MarketName], row: Any, books: Any, mine: set[int]
    ) -> list[str]:
        """An asset of a wallet, without the profits of what was closed."""
        asset, ledger = row["asset"], durable.ledger
        there = Decimal(row["free"]) + Decimal(row["locked"]) if "free" in row else Decimal(row["total"])
        ours = wallet_of(ledger, frozenset(wallet))
        held = ours[asset].total if asset in ours else ZERO
        for instrument in durable.instruments.values():
            if instrument.market not in wallet or (instrument.kind, instrument.quote) != (
                ContractKind.PERPETUAL,
                asset,
            ):
                continue
            for account in (Account.TRADES, Account.ADJUSTMENTS):
                held += ledger.totals(account).get((instrument.market, asset), ZERO)
            for fill in books[instrument.market]["fills"]:
                there -= Decimal(fill["realised"]) if fill["order_id"] in mine else ZERO
        return [] if held == there else [f"MONEY: {wallet[0]} has {held} {asset} here, {there} there"]

    def _position(self, durable: Durable, instrument: Instrument, rows: Sequence[Any]) -> list[str]:
        positions = positions_of(durable.ledger, instrument.market)
        lots = positions[instrument.key].lots if instrument.key in positions else 0
        held = instrument.size_grid.decimal(abs(lots)) * (1 if lots >= 0 else -1)
        there = sum((Decimal(row["size"]) for row in rows if row["symbol"] == instrument.symbol), ZERO)
        return [] if held == there else [f"MONEY: {held} of {instrument.key} here, {there} there"]


def id_of(text: str) -> ClientOrderId | None:
    """The client id of a venue's order, where it is one of ours."""
    try:
        return decode_client_id_decimal(text) if text.isdigit() and len(text) > 13 else decode_client_id(text)
    except TrimaranError:
        return None


def made_up(records: Sequence[JournalRecord], durable: Durable, *, forgets: bool) -> list[str]:
    """Money of no event. After a power cut lots may be heard of by a position before their fills."""
    perpetual = {
        each.market: each.quote
        for each in durable.instruments.values()
        if each.kind is ContractKind.PERPETUAL
    }
    opened: set[tuple[str, str]] = set()
    wrong: list[str] = []
    moved, is_open = 0, set[str]()
    for record in records:
        event = record.event if isinstance(record, Heard) else None
        if isinstance(event, Transfer):
            opened.add((event.market, event.asset))
        elif isinstance(event, Adjusted):
            first = (event.market, event.asset) not in opened
            opened.add((event.market, event.asset))
            if not first and perpetual.get(event.market) != event.asset:
                wrong.append(f"MADE UP: {event}")
        elif isinstance(event, PositionAdjusted):
            if event.instrument_key not in is_open:
                is_open.add(event.instrument_key)
            elif forgets:
                moved += event.lots
            else:
                wrong.append(f"MADE UP: {event}")
    return [*wrong, f"MADE UP: {moved} lots"] if moved else wrong
