"""Operations on orders as REST and WebSocket share them: arguments, limits, one answer for many orders.

    order, cancel-order, amend-order                         one order
    batch-orders, batch-cancel-orders, batch-amend-orders    up to 20, each with an outcome of its own

The code of the answer is "0" when all were done, "1" when none was, "2" when some were. What concerns the
request as a whole is raised as OkxError. https://www.okx.com/docs-v5/en/#order-book-trading-trade
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import MarketName
from trimaran.venues.okx.simulator.clocks import Clock
from trimaran.venues.okx.simulator.limits import ORDERS_MAX, Limits
from trimaran.venues.okx.simulator.order_args import AmendArgs, CancelArgs, OrderArgs
from trimaran.venues.okx.simulator.order_entry import OrderEntry, Row
from trimaran.venues.okx.simulator.refusals import (
    ALL_FAILED,
    EXPIRED,
    ORDERS_TOO_OFTEN,
    PARTLY,
    TOO_OFTEN,
    OkxError,
    Words,
)
from trimaran.venues.sim.gate import Request
from trimaran.venues.sim.markets import OKX_SPOT
from trimaran.venues.sim.unreadable import UNREADABLE

BATCH_MAX: Final = 20
SINGLE_LIMIT, BATCH_LIMIT = 60, 300  # orders in two seconds, of an account and instrument
EXPIRY_LENGTH_MAX: Final = 16


class Outcome(msgspec.Struct, frozen=True):
    """The answer to an operation: code, words, and the rows of its orders."""

    code: str
    text: str
    rows: str


class Kind(msgspec.Struct, frozen=True):
    """One operation: how its arguments are read, and how it is limited."""

    name: str
    request: Request
    args: msgspec.json.Decoder[Any]
    many: msgspec.json.Decoder[list[Any]]
    batch: bool
    counted: bool  # among the thousand of the account
    too_many: Words


class Prepared(msgspec.Struct, frozen=True):
    """An operation whose arguments could be read."""

    kind: Kind
    args: list[Any]
    market: MarketName
    expired: bool


def _kind(name: str, request: Request, args: Any, batch: bool, words: Words, counted: bool = True) -> Kind:
    one: msgspec.json.Decoder[Any] = msgspec.json.Decoder(args)
    many: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[args])
    return Kind(name, request, one, many, batch, counted, words)


_NEW: Final = Words("51111", f"Maximum {BATCH_MAX} orders can be placed in bulk.")
_CANCEL: Final = Words("51406", f"Canceled - order count exceeds the limit {BATCH_MAX}.")
_AMEND: Final = Words("51501", f"Maximum {BATCH_MAX} orders can be modified.")
_KINDS: Final = {
    each.name: each
    for each in (
        _kind("order", Request.ORDER, OrderArgs, False, _NEW),
        _kind("batch-orders", Request.ORDER, OrderArgs, True, _NEW),
        _kind("cancel-order", Request.CANCEL, CancelArgs, False, _CANCEL, False),
        _kind("batch-cancel-orders", Request.CANCEL, CancelArgs, True, _CANCEL, False),
        _kind("amend-order", Request.AMEND, AmendArgs, False, _AMEND),
        _kind("batch-amend-orders", Request.AMEND, AmendArgs, True, _AMEND),
    )
}
NAMES: Final = frozenset(_KINDS)


class Operations:
    """Runs operations on orders."""

    def __init__(self, entry: OrderEntry, clock: Clock, limits: Limits, clock_s: Callable[[], float]) -> None:
        self._entry = entry
        self._clock = clock
        self._limits = limits
        self._clock_s = clock_s
        self._run: dict[Request, Callable[[int, Any], Row]] = {
            Request.ORDER: entry.place,
            Request.CANCEL: entry.cancel,
            Request.AMEND: entry.amend,
        }

    def prepare(self, name: str, payload: bytes | msgspec.Raw, listed: bool, expiry: str) -> Prepared:
        """Reads the arguments; `listed` says whether even a single order stands in a list (WebSocket).

        Raises OkxError 60013 for what is no such arguments; REST has words of its own for that.
        """
        kind = _KINDS[name]
        try:
            args = kind.many.decode(payload) if listed or kind.batch else [kind.args.decode(payload)]
        except UNREADABLE:
            raise OkxError("60013", "Invalid args") from None
        if not args or (len(args) > 1 and not kind.batch):
            raise OkxError("60013", "Invalid args")
        if len(args) > BATCH_MAX:
            raise OkxError(kind.too_many.code, kind.too_many.text)
        first = self._entry.listed(args[0].inst_id, args[0].inst_id_code)
        return Prepared(kind, args, OKX_SPOT if first is None else first.market, self._expired(expiry))

    def run(self, account_id: int, prepared: Prepared) -> Outcome:
        """Does what was prepared. Raises OkxError where a limit is reached."""
        kind, args = prepared.kind, prepared.args
        if prepared.expired:
            return outcome([(False, _row(EXPIRED)) for _ in args])
        now_s = self._clock_s()
        if kind.counted and not self._limits.take((account_id,), ORDERS_MAX, now_s, len(args)):
            raise OkxError(ORDERS_TOO_OFTEN.code, ORDERS_TOO_OFTEN.text)
        work, limit = self._run[kind.request], BATCH_LIMIT if kind.batch else SINGLE_LIMIT
        rows = []
        for each in args:
            listed = self._entry.listed(each.inst_id, each.inst_id_code)
            key = (account_id, kind.name, "" if listed is None else listed.symbol)
            if self._limits.take(key, limit, now_s):
                rows.append(work(account_id, each))
            elif kind.batch:
                rows.append((False, _row(TOO_OFTEN)))
            else:
                raise OkxError(TOO_OFTEN.code, TOO_OFTEN.text, 429)
        return outcome(rows)

    def _expired(self, expiry: str) -> bool:
        if not (expiry.isascii() and expiry.isdigit() and len(expiry) <= EXPIRY_LENGTH_MAX):
            return False
        return int(expiry) < self._clock.server_ms()


def outcome(rows: list[Row]) -> Outcome:
    """One answer for many orders."""
    done = sum(1 for each, _ in rows if each)
    code, text = ("0", "") if done == len(rows) else ("2", PARTLY) if done else ("1", ALL_FAILED)
    return Outcome(code, text, ",".join([row for _, row in rows]))


def _row(words: Words) -> str:
    return (
        f'{{"clOrdId":"","ordId":"","tag":"","ts":"","sCode":"{words.code}","sMsg":"{words.text}",'
        f'"subCode":""}}'
    )
