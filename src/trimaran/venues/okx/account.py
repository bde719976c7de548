"""OKX's account over REST: balances, positions, fees, leverage, the dead-man switch, what a key may do.

Source: https://www.okx.com/docs-v5/en/#trading-account-rest-api. Spot and swaps are one account with one
wallet: the balances of either market are the same money, told under the name of the market that was asked.
Whoever adds up both counts it twice.

Fee rates are charges when they are negative here, and the other way round in `Fees`. Margin is not a setting
of an instrument but a word in every order (`tdMode`), so there is no SetMarginMode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any, Final

import msgspec

from trimaran.base.errors import ConfigError, DecodeError, DecodeKind
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import Fees, Symbol
from trimaran.domain.reports import BalanceReport, MarginMode, PositionReport
from trimaran.venues.okx.envelope import Context, Draft, all_of, get, only, post
from trimaran.venues.okx.fields import (
    asset_of,
    decimal,
    decimal_or_none,
    signed_lots,
    time_ns,
)
from trimaran.venues.wire.asks import (
    AccountFees,
    AccountId,
    ArmDeadMan,
    Armed,
    Ask,
    Balances,
    Disarmed,
    KeyPermissions,
    Positions,
    ReadKeyPermissions,
    SetLeverage,
    SetMarginMode,
    StreamToken,
    UserId,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.message import Charge, Stamp

Rows = Sequence[msgspec.Raw]
E8: Final = 10**8
# https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-cancel-all-after
DEAD_MAN_S_MIN: Final = 10
DEAD_MAN_S_MAX: Final = 120
SECONDS_MAX: Final = 10**11  # the documented sample has seconds, the venue sends milliseconds
NO_TOKEN: Final = Unsupported(Capability.PRIVATE_STREAM, "the line logs in with the key, without a token")
WRITES_MODE: Final = {MarginMode.CROSS: "cross", MarginMode.ISOLATED: "isolated"}
READS_MODE: Final = {text: mode for mode, text in WRITES_MODE.items()}


class BalanceDetail(msgspec.Struct, rename="camel"):
    """One asset of the wallet."""

    ccy: str
    cash_bal: str = ""
    avail_bal: str = ""
    avail_eq: str = ""
    u_time: str = ""


class BalanceRow(msgspec.Struct, rename="camel"):
    """The wallet, or a page of it."""

    details: list[BalanceDetail]
    u_time: str = ""


class PositionRow(msgspec.Struct, rename="camel"):
    """One position."""

    inst_id: str
    pos: str
    pos_side: str = "net"
    avg_px: str = ""
    mark_px: str = ""
    liq_px: str = ""
    upl: str = ""
    lever: str = ""
    mgn_mode: str = ""
    u_time: str = ""


class _FeeGroup(msgspec.Struct):
    maker: str = ""
    taker: str = ""


class _FeeRow(msgspec.Struct, rename={"maker_u": "makerU", "taker_u": "takerU", "fee_group": "feeGroup"}):
    maker: str = ""
    taker: str = ""
    maker_u: str = ""
    taker_u: str = ""
    fee_group: list[_FeeGroup] = []


class _ConfigRow(msgspec.Struct):
    uid: str = ""
    perm: str = ""
    ip: str = ""


class _LeverageRow(msgspec.Struct):
    lever: str


class _SwitchRow(msgspec.Struct, rename="camel"):
    trigger_time: str


_BALANCES: Final = msgspec.json.Decoder(BalanceRow)
_POSITIONS: Final = msgspec.json.Decoder(PositionRow)
_FEES: Final = msgspec.json.Decoder(_FeeRow)
_CONFIG: Final = msgspec.json.Decoder(_ConfigRow)
_LEVERAGE: Final = msgspec.json.Decoder(_LeverageRow)
_SWITCH: Final = msgspec.json.Decoder(_SwitchRow)


def balance_reports(row: BalanceRow, context: Context, local_ns: int) -> Iterator[BalanceReport]:
    """The assets of a wallet. Raises DecodeError."""
    for detail in row.details:
        yield BalanceReport(
            market=context.market,
            asset=asset_of("ccy", detail.ccy),
            total=decimal_or_none("cashBal", detail.cash_bal),
            free=decimal_or_none("availBal", detail.avail_bal or detail.avail_eq),
            venue_ns=time_ns("uTime", detail.u_time or row.u_time),
            local_ns=local_ns,
        )


def position_report(row: PositionRow, context: Context, local_ns: int) -> PositionReport | None:
    """A position; None for an instrument that the setup does not have. Raises DecodeError.

    In the account's long-and-short mode the short side is told with a positive size: it is negative here.
    """
    instrument = context.instruments.get(Symbol(row.inst_id))
    if instrument is None:
        return None
    size = signed_lots("pos", row.pos, instrument)
    leverage = decimal_or_none("lever", row.lever)
    return PositionReport(
        instrument_key=instrument.key,
        lots=-abs(size) if row.pos_side == "short" else size,
        entry_price=decimal_or_none("avgPx", row.avg_px) if size else None,
        mark_price=decimal_or_none("markPx", row.mark_px),
        liquidation_price=decimal_or_none("liqPx", row.liq_px),
        unrealised=decimal_or_none("upl", row.upl),
        leverage=leverage or None,  # 0 in portfolio margin, which has none
        margin_mode=READS_MODE.get(row.mgn_mode),
        venue_ns=time_ns("uTime", row.u_time),
        local_ns=local_ns,
    )


# --- writing ------------------------------------------------------------------------------------------


def _balances(ask: Balances, context: Context, stamp: Stamp) -> Draft:
    return get("/api/v5/account/balance", {}, Charge("balance"))


def _positions(ask: Positions, context: Context, stamp: Stamp) -> Draft | Unsupported:
    parameters = {"instType": context.kind, "instId": ask.symbol or ""}
    missing = context.missing(Capability.POSITIONS)
    return missing or get("/api/v5/account/positions", parameters, Charge("positions"))


def _fees(ask: AccountFees, context: Context, stamp: Stamp) -> Draft:
    symbol = context.instrument(ask.symbol).symbol
    named = {"instId": symbol} if context.is_spot else {"instFamily": symbol.removesuffix("-SWAP")}
    return get("/api/v5/account/trade-fee", {"instType": context.kind, **named}, Charge("fees"))


def _config(ask: Ask[object], context: Context, stamp: Stamp) -> Draft:
    return get("/api/v5/account/config", {}, Charge("config"))


def _leverage(ask: SetLeverage, context: Context, stamp: Stamp) -> Draft | Unsupported:
    missing = context.missing(Capability.LEVERAGE)
    if missing is not None:
        return missing
    symbol = context.instrument(ask.symbol).symbol
    content = {"instId": symbol, "lever": str(ask.leverage), "mgnMode": WRITES_MODE[ask.mode]}
    return post("/api/v5/account/set-leverage", content, Charge("leverage"))


def _margin_mode(ask: SetMarginMode, context: Context, stamp: Stamp) -> Draft | Unsupported:
    missing = context.missing(Capability.MARGIN_MODE)
    assert missing is not None
    return missing


def _dead_man(ask: ArmDeadMan, context: Context, stamp: Stamp) -> Draft | Unsupported:
    """The switch is the account's, whatever symbol is named. Fractions of a second are cut off."""
    seconds = ask.timeout_ns // 1_000_000_000
    if ask.timeout_ns and not DEAD_MAN_S_MIN <= seconds <= DEAD_MAN_S_MAX:
        reason = f"expected 0 or {DEAD_MAN_S_MIN} to {DEAD_MAN_S_MAX} s, found {seconds}"
        return Unsupported(Capability.DEAD_MAN, reason)
    path = "/api/v5/trade/cancel-all-after"
    return post(path, {"timeOut": str(seconds)}, Charge("dead-man"), urgent=True)


def _token(ask: StreamToken, context: Context, stamp: Stamp) -> Unsupported:
    return NO_TOKEN


# --- reading ------------------------------------------------------------------------------------------


def _read_balances(ask: Balances, raws: Rows, context: Context, local_ns: int) -> tuple[BalanceReport, ...]:
    wallets = all_of(raws, _BALANCES)
    return tuple(report for row in wallets for report in balance_reports(row, context, local_ns))


def _read_positions(
    ask: Positions, raws: Rows, context: Context, local_ns: int
) -> tuple[PositionReport, ...]:
    found = [position_report(row, context, local_ns) for row in all_of(raws, _POSITIONS)]
    return tuple(report for report in found if report is not None)


def _read_fees(ask: AccountFees, raws: Rows, context: Context, local_ns: int) -> Fees:
    """Newer answers have the rates in `feeGroup`; swaps that settle in USDT have rates of their own."""
    row = only(raws, _FEES)
    if len(row.fee_group) == 1:
        maker, taker = row.fee_group[0].maker, row.fee_group[0].taker
    elif not context.is_spot and row.maker_u:
        maker, taker = row.maker_u, row.taker_u
    else:
        maker, taker = row.maker, row.taker
    try:
        return Fees(maker_e8=_rate_e8("maker", maker), taker_e8=_rate_e8("taker", taker))
    except ConfigError as error:
        raise DecodeError(DecodeKind.RANGE, "fees", "rates of a few per cent", str(error)) from None


def _rate_e8(field: str, text: str) -> int:
    with localcontext(EXACT):
        rate = -decimal(field, text) * E8
    if rate != int(rate):
        raise DecodeError(DecodeKind.OFF_GRID, field, "a multiple of 1e-8", text)
    return int(rate)


def _read_permissions(ask: ReadKeyPermissions, raws: Rows, context: Context, local_ns: int) -> KeyPermissions:
    row = only(raws, _CONFIG)
    may = {word.strip() for word in row.perm.split(",") if word.strip()}
    if not may:
        raise DecodeError(DecodeKind.SCHEMA, "perm", "read_only, trade or withdraw", row.perm)
    addresses = tuple(address.strip() for address in row.ip.split(",") if address.strip())
    return KeyPermissions("read_only" in may, "trade" in may, "withdraw" in may, addresses, row.uid)


def _read_account_id(ask: AccountId | UserId, raws: Rows, context: Context, local_ns: int) -> str:
    return only(raws, _CONFIG).uid


def _read_leverage(ask: SetLeverage, raws: Rows, context: Context, local_ns: int) -> Decimal:
    """Isolated, in long-and-short mode, there is a row a side, with the same leverage."""
    return decimal("lever", only(raws[:1], _LEVERAGE).lever)


def _read_dead_man(ask: ArmDeadMan, raws: Rows, context: Context, local_ns: int) -> Armed | Disarmed:
    text = only(raws, _SWITCH).trigger_time
    fires_ns = time_ns("triggerTime", text)
    if fires_ns == 0:
        return Disarmed()
    return Armed(fires_ns * 1_000 if fires_ns // 1_000_000 < SECONDS_MAX else fires_ns)


WRITERS: Final[Mapping[type[Ask[Any]], Callable[[Any, Context, Stamp], Draft | Unsupported]]] = {
    Balances: _balances,
    Positions: _positions,
    AccountFees: _fees,
    ReadKeyPermissions: _config,
    AccountId: _config,
    UserId: _config,
    SetLeverage: _leverage,
    SetMarginMode: _margin_mode,
    ArmDeadMan: _dead_man,
    StreamToken: _token,
}
READERS: Final[Mapping[type[Ask[Any]], Callable[[Any, Rows, Context, int], object]]] = {
    Balances: _read_balances,
    Positions: _read_positions,
    AccountFees: _read_fees,
    ReadKeyPermissions: _read_permissions,
    AccountId: _read_account_id,
    UserId: _read_account_id,
    SetLeverage: _read_leverage,
    ArmDeadMan: _read_dead_man,
}
