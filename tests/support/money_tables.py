"""Money rules as tables: one small language, read from `tests/ledger/scenarios/*.md`.

A scenario is a heading and a table. One row is one event; the columns show every balance and position after
it that is not zero, and so before the next one. `said` is what the ledger says of an event beside that.

    transfer ID MARKET AMOUNT ASSET          fill ID INSTRUMENT SIDE SIZE @ PRICE [fee AMOUNT ASSET] [at 25h]
    funding ID INSTRUMENT AMOUNT ASSET       position ID INSTRUMENT SIZE @ PRICE
    interest ID MARKET AMOUNT ASSET          grid INSTRUMENT tick TICK lot LOT [contract SIZE]
    adjusted ID MARKET AMOUNT ASSET          pnl ASSET=PRICE INSTRUMENT=PRICE ...

Sizes are in base asset. Instruments: see `INSTRUMENTS`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import msgspec

from trimaran.base.errors import TrimaranError
from trimaran.domain.account import (
    AccountEvent,
    Adjusted,
    AdjustmentId,
    Fill,
    FillId,
    FundingId,
    FundingPaid,
    InterestId,
    InterestPaid,
    Liquidity,
    PositionAdjusted,
    Transfer,
    TransferId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.exact import canonical
from trimaran.domain.facts import EventTooOld, FillRepeated, LedgerFact
from trimaran.domain.instrument import (
    Asset,
    ContractKind,
    Fees,
    Grid,
    Instrument,
    InstrumentKey,
    MarketName,
    Side,
    Symbol,
)
from trimaran.ledger.ledger import Ledger
from trimaran.ledger.pnl import Marks, Unmarked
from trimaran.ledger.position import FLAT

HOUR_NS = 3_600_000_000_000
START_NS = 1_700_000_000_000_000_000
SPOT, PERPETUAL = ContractKind.SPOT, ContractKind.PERPETUAL
# key: base, quote, kind, tick, lot, contract size
INSTRUMENTS = {
    "spot:BTCUSDT": ("BTC", "USDT", SPOT, "1", "0.1", "1"),
    "spot:ETHBTC": ("ETH", "BTC", SPOT, "0.01", "0.1", "1"),
    "spot:PEPEUSDT": ("PEPE", "USDT", SPOT, "0.00000001", "1", "1"),
    "usdm:BTCUSDT": ("BTC", "USDT", PERPETUAL, "1", "0.1", "1"),
    "usdm:ETHUSDT": ("ETH", "USDT", PERPETUAL, "0.01", "0.001", "1"),
    "swap:BTC-USDT": ("BTC", "USDT", PERPETUAL, "0.1", "1", "0.001"),
}


class Scenario(msgspec.Struct, frozen=True):
    """One table: rows of (event, balances, positions, said)."""

    name: str
    rows: tuple[tuple[str, str, str, str], ...]


def read_scenarios(folder: Path) -> list[Scenario]:
    """Every scenario of every file of a folder."""
    found: list[Scenario] = []
    for path in sorted(folder.glob("*.md")):
        for part in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, *lines = part.strip().splitlines()
            cells = [line.strip().strip("|").split("|") for line in lines if line.startswith("|")]
            rows = [tuple(cell.strip() for cell in row) for row in cells[2:]]
            found.append(Scenario(f"{path.stem}: {title}", tuple((a, b, c, d) for a, b, c, d in rows)))
    return found


class Till:
    """A ledger that is told in words."""

    def __init__(self) -> None:
        self.ledger = Ledger({InstrumentKey(key): instrument(key) for key in INSTRUMENTS})

    def happens(self, text: str) -> str:
        """Books an event; what is said of it."""
        words = text.split()
        try:
            if words[0] == "pnl":
                return self._pnl(words[1:])
            if words[0] == "grid":
                self.ledger.list_instruments([_regridded(words[1:])])
                return ""
            facts = self.ledger.apply(self._event(words))
        except TrimaranError as error:
            return f"refused: {error}"
        finally:
            self.ledger.check()
        return ", ".join(filter(None, map(_said, facts))) or ("" if facts else "nothing new")

    def balances(self) -> str:
        """Every balance that is not zero."""
        markets: dict[str, list[str]] = {}
        for (market, asset), amount in sorted(self.ledger.balances.items()):
            if amount:
                markets.setdefault(market, []).append(f"{asset} {canonical(amount)}")
        return "; ".join(f"{market} {', '.join(amounts)}" for market, amounts in markets.items())

    def positions(self) -> str:
        """Every position that is not flat: size, cost, realised."""
        shown = []
        for key, position in sorted(self.ledger.positions.items()):
            if position == FLAT:
                continue
            size = self.ledger.instruments[key].size(position.lots)
            cost = f" cost {canonical(position.cost)}" if position.lots or position.cost else ""
            realised = f" realised {canonical(position.realised)}" if position.realised else ""
            shown.append(f"{key} {canonical(size)}{cost}{realised}")
        return "; ".join(shown)

    def _pnl(self, words: list[str]) -> str:
        pairs = [word.split("=") for word in words]
        marks = {name: Decimal(price) for name, price in pairs}
        assets = {Asset(name): price for name, price in marks.items() if ":" not in name}
        perpetuals = {InstrumentKey(name): price for name, price in marks.items() if ":" in name}
        pnl = self.ledger.pnl(Marks(Asset("USDT"), assets, perpetuals))
        if isinstance(pnl, Unmarked):
            return f"unmarked: {', '.join(pnl.names)}"
        parts = ("realised", "unrealised", "fees", "funding", "interest", "adjusted", "total")
        shown = [(part, getattr(pnl, part)) for part in parts]
        return ", ".join(f"{part} {canonical(value)}" for part, value in shown if value or part == "total")

    def _event(self, words: list[str]) -> AccountEvent:
        kind, identity, where, *rest = words
        at_ns = START_NS
        if "at" in rest:
            at_ns += int(rest[-1].removesuffix("h")) * HOUR_NS
        times = (at_ns, at_ns)
        if kind == "fill":
            return self._fill(identity, InstrumentKey(where), rest, at_ns)
        if kind == "position":
            size, _, price = rest[:3]
            lots = _lots(self.ledger.instruments[InstrumentKey(where)], Decimal(size))
            return PositionAdjusted(
                AdjustmentId(identity), InstrumentKey(where), lots, Decimal(price), "", *times
            )
        amount, asset = Decimal(rest[0]), Asset(rest[1])
        if kind == "funding":
            return FundingPaid(FundingId(identity), InstrumentKey(where), asset, amount, *times)
        if kind == "interest":
            return InterestPaid(InterestId(identity), MarketName(where), asset, amount, *times)
        if kind == "adjusted":
            return Adjusted(AdjustmentId(identity), MarketName(where), asset, amount, "", *times)
        assert kind == "transfer", kind
        return Transfer(TransferId(identity), MarketName(where), asset, amount, *times)

    def _fill(self, identity: str, key: InstrumentKey, rest: list[str], at_ns: int) -> Fill:
        side, size, _, price, *more = rest
        fee, fee_asset = (more[1], more[2]) if "fee" in more[:1] else ("0", "USDT")
        told = Decimal(more[-1]) if "realises" in more else None
        known = self.ledger.instruments.get(key) or instrument("spot:BTCUSDT")
        return Fill(
            FillId(identity),
            ClientOrderId(16),
            key,
            Side[side],
            known.price_grid.steps(Decimal(price)),
            _lots(known, Decimal(size)),
            Liquidity.TAKER,
            Decimal(fee),
            Asset(fee_asset),
            at_ns,
            at_ns,
            told,
        )


def instrument(key: str) -> Instrument:
    """One of the table."""
    base, quote, kind, tick, lot, contract = INSTRUMENTS[key]
    market, _, symbol = key.partition(":")
    return Instrument(
        market=MarketName(market),
        symbol=Symbol(symbol),
        base=Asset(base),
        quote=Asset(quote),
        kind=kind,
        price_grid=Grid.of(Decimal(tick)),
        size_grid=Grid.of(Decimal(lot)),
        order_step=1,
        min_notional=Decimal(1),
        fees=Fees(0, 0),
        contract_size=Decimal(contract),
    )


def _lots(known: Instrument, size: Decimal) -> int:
    return known.size_grid.steps(size / known.contract_size)


def _regridded(words: list[str]) -> Instrument:
    key, _, tick, _, lot, *more = words
    before = instrument(key)
    contract = Decimal(more[1]) if more else before.contract_size
    return msgspec.structs.replace(
        before,
        price_grid=Grid.of(Decimal(tick)),
        size_grid=Grid.of(Decimal(lot)),
        contract_size=contract,
    )


def _said(fact: LedgerFact) -> str:
    if isinstance(fact, FillRepeated):
        return "conflict" if fact.conflict else "repeated"
    if isinstance(fact, EventTooOld):
        return "too old to say"
    return ""
