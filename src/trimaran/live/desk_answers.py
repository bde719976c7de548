"""Answers the questions of the control socket from the state of a running desk, and takes its commands.

Answers are copies in plain values: decimals as text, sizes in human units. A command goes into the step as an
event, with the name of who gave it; its answer says what has become of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.events import CancelRequested, Event, LimitsRequested, ReleaseRequested
from trimaran.domain.facts import Discrepancy
from trimaran.domain.instrument import ContractKind, Instrument, InstrumentKey, MarketName
from trimaran.domain.kill import KillScope, ScopeKind, market_in
from trimaran.domain.ports import Clock
from trimaran.engine import approval, quotes
from trimaran.engine.desk import Desk
from trimaran.engine.orders import OrderEntry
from trimaran.ledger.margin import MarginTerms, MarginView, PositionMargin, margin_view
from trimaran.live import report
from trimaran.live.control_port import (
    ROWS_MAX,
    AskBalances,
    AskKill,
    AskLimits,
    AskOrders,
    AskPnl,
    AskPositions,
    AskStatus,
    CancelAll,
    CancelOne,
    Kill,
    KillReset,
    Reconcile,
    Release,
    Request,
    SetLimits,
)
from trimaran.live.kill_answers import answer_kill
from trimaran.live.kill_switch import KillSwitch
from trimaran.live.run_accounts import RunAccounts
from trimaran.risk.limits import BPS_ONE

PNL_PARTS: Final = ("realised", "unrealised", "fees", "funding", "interest", "adjusted", "total")


class Answering(Protocol):
    """What is asked: a running desk."""

    desk: Desk
    clock: Clock
    accounts: RunAccounts
    kill: KillSwitch

    def push(self, event: Event) -> int:
        """Takes an event."""

    def status(self) -> dict[str, Any]:
        """The status now."""

    def moment(self) -> report.Moment:
        """The desk now."""

    async def differences(self, market: MarketName | None, reason: str) -> tuple[Discrepancy, ...]:
        """A round of reconciliation."""


class DeskAnswers:
    """`handle` is what a `ControlServer` calls."""

    def __init__(self, run: Answering) -> None:
        self._run = run

    async def handle(self, request: Request, actor: str) -> object:
        """The plain values that answer. Raises TrimaranError for what cannot be done."""
        match request:
            case AskStatus():
                return self._run.status()
            case AskOrders(ended):
                return order_rows(self._run.desk, ended, self._run.clock.wall_ns())
            case AskPositions():
                return position_rows(self._run.desk)
            case AskBalances():
                return balance_rows(self._run.desk)
            case AskPnl():
                return pnl_row(self._run.desk, self._run.moment())
            case AskLimits():
                return limits_row(self._run.desk)
            case SetLimits(text):
                return self._set_limits(text, actor)
            case CancelOne(client_order_id):
                return self._cancel(ClientOrderId(client_order_id), actor)
            case CancelAll(market):
                return await self._cancel_all(market, actor)
            case Release(instrument):
                return self._release(InstrumentKey(instrument), actor)
            case Reconcile(market):
                return await self._reconcile(market, actor)
            case AskKill() | Kill() | KillReset():
                return await answer_kill(self._run.kill, request, actor)

    def _set_limits(self, text: str, actor: str) -> Mapping[str, Any]:
        approval.limits_of(self._run.desk, text)  # the step takes what this lets pass, and nothing else
        self._run.push(LimitsRequested(text, actor, self._run.clock.wall_ns()))
        return limits_row(self._run.desk)

    def _cancel(self, client_order_id: ClientOrderId, actor: str) -> Mapping[str, Any]:
        if client_order_id not in self._run.desk.durable.working:
            raise ConfigError(f"order: expected one that has not ended, found {client_order_id}")
        self._run.push(CancelRequested(client_order_id, None, actor, self._run.clock.wall_ns()))
        return {"cancelled": client_order_id}

    async def _cancel_all(self, market: str | None, actor: str) -> Mapping[str, Any]:
        """First by the record, then whatever else the venue has open."""
        name = None if market is None else MarketName(market)
        if name is not None and name not in self._run.accounts.by_market:
            known = ", ".join(self._run.accounts.by_market)
            raise ConfigError(f"market: expected one of {known}, found {name[:40]!r}")
        self._run.push(CancelRequested(None, name, actor, self._run.clock.wall_ns()))
        return {
            each: msgspec.structs.asdict(row) for each, row in (await self._run.accounts.clear(name)).items()
        }

    def _release(self, key: InstrumentKey, actor: str) -> Mapping[str, Any]:
        if key not in self._run.desk.durable.frozen:
            frozen = ", ".join(self._run.desk.durable.frozen) or "none, for nothing is frozen"
            raise ConfigError(f"instrument: expected one of {frozen}, found {key[:60]!r}")
        self._run.push(ReleaseRequested(key, actor, self._run.clock.wall_ns()))
        return {"released": key}

    async def _reconcile(self, market: str | None, actor: str) -> Mapping[str, Any]:
        name = None if market is None else MarketName(market)
        differences = await self._run.differences(name, f"asked for by {actor}")
        rows = {
            each: {"ready": not state.missing, "text": state.missing}
            for each, state in self._run.desk.readiness.all()
            if name in (None, each)
        }
        return {"differences": [_plain(row) for row in differences], "markets": rows}


def order_rows(desk: Desk, ended: bool, now_ns: int) -> Sequence[Mapping[str, Any]]:
    """Orders, the newest first."""
    entries = desk.durable.orders if ended else desk.durable.working
    newest = sorted(entries.values(), key=lambda entry: -entry.order.created_ns)[:ROWS_MAX]
    return [_order_row(desk, entry, now_ns) for entry in newest]


def position_rows(desk: Desk) -> Sequence[Mapping[str, Any]]:
    """Open perpetual positions with their margin at the mids; what needs a mark is null without one."""
    ledger, marks = desk.durable.ledger, quotes.prices_of(desk).mids
    held = [
        desk.durable.instruments[key]
        for key, position in sorted(ledger.positions.items())
        if position.lots and desk.durable.instruments[key].kind is ContractKind.PERPETUAL
    ]
    terms = {each.key: _margin_terms(desk, each.key) for each in held}
    margins: dict[InstrumentKey, PositionMargin] = {}
    for market, asset in sorted({(each.market, each.quote) for each in held}):
        view = margin_view(ledger, market, asset, marks, terms)
        if isinstance(view, MarginView):
            margins |= {each.instrument_key: each for each in view.positions}
    return [_position_row(desk, each, marks.get(each.key), margins.get(each.key)) for each in held]


def _margin_terms(desk: Desk, key: InstrumentKey) -> MarginTerms:
    """As the limits have them: what we allow ourselves, and what we take the venue to demand."""
    book = desk.risk.book
    account = book.scope(KillScope(ScopeKind.ACCOUNT, market_in(key)))
    return MarginTerms(Decimal(book.of(key).leverage_max), Decimal(account.maintenance_bps) / BPS_ONE)


def _position_row(
    desk: Desk, instrument: Instrument, mark: Decimal | None, margin: PositionMargin | None
) -> Mapping[str, Any]:
    position = desk.durable.ledger.positions[instrument.key]
    size = instrument.size(position.lots)
    liquidation = None if margin is None else margin.liquidation_price
    return {
        "instrument": instrument.key,
        "market": instrument.market,
        "symbol": instrument.symbol,
        "size": _text(size),
        "average_price": _text(position.cost / size),
        "mark": _text(mark),
        "unrealised": None if mark is None else _text(size * mark - position.cost),
        "margin": None if margin is None else _text(margin.held),
        "liquidation_price": _text(liquidation and round(liquidation, 8)),
    }


def balance_rows(desk: Desk) -> Sequence[Mapping[str, Any]]:
    """What the wallets hold."""
    balances = desk.durable.ledger.balances
    return [
        {"market": market, "asset": asset, "amount": _text(amount)}
        for (market, asset), amount in sorted(balances.items())
        if amount
    ]


def pnl_row(desk: Desk, moment: report.Moment) -> Mapping[str, Any]:
    """Profit and loss. Raises ConfigError while something has no mark."""
    pnl = report.pnl_of(desk, report.marks_of(desk))
    if pnl is None:
        raise ConfigError("pnl: expected a mark for everything that is held, found some missing; try again")
    parts = {name: _text(getattr(pnl, name)) for name in PNL_PARTS}
    return {"quote": pnl.quote, **parts, "marks_live": moment.marks_live()}


def limits_row(desk: Desk) -> Mapping[str, Any]:
    """The limits in force. Raises ConfigError where none are."""
    limits = desk.durable.limits
    if limits is None:
        raise ConfigError("limits: expected some in force, found none")
    row = msgspec.structs.asdict(limits)
    return {name: row[name] for name in ("version", "digest", "actor", "local_ns", "text")}


def _order_row(desk: Desk, entry: OrderEntry, now_ns: int) -> Mapping[str, Any]:
    order = entry.order
    instrument = desk.durable.instruments[order.instrument_key]
    return {
        "id": order.client_order_id,
        "venue_id": entry.venue_order_id,
        "instrument": order.instrument_key,
        "market": instrument.market,
        "symbol": instrument.symbol,
        "side": order.side.name.lower(),
        "price": _text(instrument.price(order.price_ticks)),
        "size": _text(instrument.size(order.lots)),
        "filled": _text(instrument.size(entry.filled_lots)),
        "state": order_word(entry),
        "tif": order.tif.name,
        "strategy": order.strategy,
        "group": order.group,
        "created_ns": order.created_ns,
        "age_s": f"{max(now_ns - order.created_ns, 0) / 1e9:.1f}",
    }


def order_word(entry: OrderEntry) -> str:
    """The state, and what is under way."""
    asked = " cancelling" if entry.cancel_ns and entry.is_open else ""
    return f"{entry.state.name.lower()}{' changing' if entry.amendment is not None else ''}{asked}"


def _text(amount: Decimal | None) -> str | None:
    """A decimal without an exponent and without zeros behind it."""
    if amount is None:
        return None
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def _plain(row: Discrepancy) -> Mapping[str, Any]:
    return msgspec.structs.asdict(row)
