"""Money, positions, fees, leverage and keys on Binance: how they are asked for, and what the answers say.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api
    keys   https://developers.binance.com/docs/wallet/account/api-key-permission

The fees of an account are what a trade costs at worst: tax and the dearer of the buyer's and the seller's
surcharge included, the discount for paying in BNB not, since it ends when the BNB does.

Only the wallet API of the live spot host says what a key may do. Elsewhere `canTrade` of the account stands
in for it, and whether the key may withdraw is not said (`canWithdraw` is of the account, not of the key).

A position in hedge mode has two sides: they are reported as their sum. Orders are refused there (-4061).
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import FEE_E8_MAX, FEE_E8_ONE
from trimaran.domain.instrument import Fees
from trimaran.domain.reports import BalanceReport, MarginMode, PositionReport
from trimaran.venues.binance.fields import (
    EXACT,
    MS,
    Milliseconds,
    amount,
    amount_or_none,
    positive_or_none,
    signed_lots_of,
    total,
)
from trimaran.venues.binance.reports import traded
from trimaran.venues.binance.routes import (
    LEVERAGE,
    LISTEN_KEY,
    MARGIN_TYPE,
    POSITIONS,
    WALLET_PERMISSIONS,
    Access,
    Desk,
    Route,
    Wording,
)
from trimaran.venues.binance.spec import USDM_WEIGHT
from trimaran.venues.wire.asks import (
    AccountFees,
    AccountId,
    Balances,
    KeyPermissions,
    Positions,
    ReadKeyPermissions,
    SetLeverage,
    SetMarginMode,
    StreamToken,
    TokenAction,
    UserId,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.instrument_list import asset_of

MARGIN_TYPES: Final = {MarginMode.CROSS: "CROSSED", MarginMode.ISOLATED: "ISOLATED"}
_MARGIN_MODES: Final = {
    "cross": MarginMode.CROSS,
    "crossed": MarginMode.CROSS,
    "isolated": MarginMode.ISOLATED,
}
_TOKEN_METHODS: Final = {TokenAction.START: "POST", TokenAction.KEEP: "PUT", TokenAction.END: "DELETE"}
LISTEN_KEY_CHARACTERS_MAX: Final = 256

Written = Wording | Unsupported


class _SpotBalance(msgspec.Struct):
    asset: str
    free: Decimal
    locked: Decimal


class _SpotAccount(msgspec.Struct, rename="camel"):
    balances: list[_SpotBalance]
    update_time: Milliseconds = 0


class _UsdmBalance(msgspec.Struct, rename="camel"):
    asset: str
    balance: Decimal
    available_balance: Decimal
    update_time: Milliseconds = 0


class _Position(msgspec.Struct, rename="camel"):
    symbol: str
    position_amt: str
    entry_price: str = ""
    mark_price: str = ""
    un_realized_profit: str = ""
    liquidation_price: str = ""
    leverage: str = ""
    margin_type: str = ""
    update_time: Milliseconds = 0


class _Rates(msgspec.Struct, frozen=True):
    maker: Decimal = Decimal(0)
    taker: Decimal = Decimal(0)
    buyer: Decimal = Decimal(0)
    seller: Decimal = Decimal(0)


class _SpotFees(msgspec.Struct, rename="camel"):
    standard_commission: _Rates
    special_commission: _Rates = _Rates()
    tax_commission: _Rates = _Rates()


class _UsdmFees(msgspec.Struct, rename="camel"):
    maker_commission_rate: Decimal
    taker_commission_rate: Decimal


class _Leverage(msgspec.Struct):
    leverage: int


class _Done(msgspec.Struct):
    code: int | str  # some services write the number as text


class _WalletPermissions(msgspec.Struct, rename="camel"):
    enable_reading: bool
    enable_withdrawals: bool
    enable_spot_and_margin_trading: bool


class _AccountPermissions(msgspec.Struct, rename="camel"):
    can_trade: bool
    uid: int | None = None


class _ListenKey(msgspec.Struct, rename="camel"):
    listen_key: str = ""


_SPOT_ACCOUNT: Final = msgspec.json.Decoder(_SpotAccount)
_USDM_BALANCES: Final = msgspec.json.Decoder(list[_UsdmBalance])
_POSITIONS: Final = msgspec.json.Decoder(list[_Position])
_SPOT_FEES: Final = msgspec.json.Decoder(_SpotFees)
_USDM_FEES: Final = msgspec.json.Decoder(_UsdmFees)
_LEVERAGE: Final = msgspec.json.Decoder(_Leverage)
_DONE: Final = msgspec.json.Decoder(_Done)
_WALLET: Final = msgspec.json.Decoder(_WalletPermissions)
_ACCOUNT: Final = msgspec.json.Decoder(_AccountPermissions)
_LISTEN_KEY: Final = msgspec.json.Decoder(_ListenKey)


# --- writing ------------------------------------------------------------------------------------------


def write_balances(desk: Desk, ask: Balances) -> Written:
    """What the account holds."""
    return Wording(desk.words.balances, {} if desk.words.perpetual else {"omitZeroBalances": "true"})


def write_positions(desk: Desk, ask: Positions) -> Written:
    """Open positions of one instrument or of all."""
    if not desk.words.perpetual:
        return Unsupported(Capability.POSITIONS, "spot has balances, not positions")
    return Wording(POSITIONS, {} if ask.symbol is None else {"symbol": ask.symbol})


def write_fees(desk: Desk, ask: AccountFees) -> Written:
    """The account's own rates."""
    desk.instrument(ask.symbol)
    return Wording(desk.words.fees, {"symbol": ask.symbol})


def write_leverage(desk: Desk, ask: SetLeverage) -> Written:
    """One leverage for both margin modes."""
    if not desk.words.perpetual:
        return Unsupported(Capability.LEVERAGE, "spot has no leverage")
    desk.instrument(ask.symbol)
    return Wording(LEVERAGE, {"symbol": ask.symbol, "leverage": ask.leverage})


def write_margin_mode(desk: Desk, ask: SetMarginMode) -> Written:
    """Cross or isolated; refused while the instrument has orders or a position."""
    if not desk.words.perpetual:
        return Unsupported(Capability.MARGIN_MODE, "spot has no margin")
    desk.instrument(ask.symbol)
    return Wording(MARGIN_TYPE, {"symbol": ask.symbol, "marginType": MARGIN_TYPES[ask.mode]})


def write_key_permissions(desk: Desk, ask: ReadKeyPermissions) -> Written:
    """What the key may do."""
    return Wording(WALLET_PERMISSIONS if desk.has_wallet_api else desk.words.key_permissions)


def write_stream_token(desk: Desk, ask: StreamToken) -> Written:
    """USD-M's listen key: the account has one, so it need not be named."""
    if not desk.words.perpetual:
        return Unsupported(Capability.PRIVATE_STREAM, "the line subscribes by itself, without a token")
    return Wording(Route(_TOKEN_METHODS[ask.action], LISTEN_KEY, 1, USDM_WEIGHT, Access.KEY))


def write_account_id(desk: Desk, ask: AccountId | UserId) -> Written:
    """Nothing at Binance names the account but the key."""
    return Unsupported(Capability.KEY_PERMISSIONS, "the key names the account; requests do not")


# --- reading ------------------------------------------------------------------------------------------


def read_balances(desk: Desk, ask: Balances, body: bytes, local_ns: int) -> tuple[BalanceReport, ...]:
    """Every asset of which there is something."""
    if desk.words.perpetual:
        rows = [
            (row.asset, row.balance, row.available_balance, row.update_time)
            for row in _USDM_BALANCES.decode(body)
        ]
    else:
        account = _SPOT_ACCOUNT.decode(body)
        rows = [
            (
                row.asset,
                total(amount(row.free, "free"), amount(row.locked, "locked")),
                row.free,
                account.update_time,
            )
            for row in account.balances
        ]
    return tuple(
        BalanceReport(
            market=desk.words.spec.market,
            asset=asset_of("asset", asset),
            total=amount(whole, "balance"),
            free=amount(free, "free"),
            venue_ns=time * MS,
            local_ns=local_ns,
        )
        for asset, whole, free, time in rows
        if whole or free
    )


def read_positions(desk: Desk, ask: Positions, body: bytes, local_ns: int) -> tuple[PositionReport, ...]:
    """Positions that are not zero, of instruments that the desk trades."""
    found: dict[str, PositionReport] = {}
    for row in _POSITIONS.decode(body):
        instrument = traded(desk.by_symbol, row.symbol)
        lots = 0 if instrument is None else signed_lots_of(instrument, row.position_amt, "positionAmt")
        if instrument is None or not lots:
            continue
        report = PositionReport(
            instrument_key=instrument.key,
            lots=lots,
            entry_price=positive_or_none(row.entry_price, "entryPrice"),
            mark_price=positive_or_none(row.mark_price, "markPrice"),
            liquidation_price=positive_or_none(row.liquidation_price, "liquidationPrice"),
            unrealised=amount_or_none(row.un_realized_profit, "unRealizedProfit"),
            leverage=positive_or_none(row.leverage, "leverage"),
            margin_mode=_MARGIN_MODES.get(row.margin_type.lower()),
            venue_ns=row.update_time * MS,
            local_ns=local_ns,
        )
        other = found.get(row.symbol)
        found[row.symbol] = report if other is None else _sum(report, other)
    return tuple(found.values())


def read_fees(desk: Desk, ask: AccountFees, body: bytes, local_ns: int) -> Fees:
    """The rates at worst, rounded up to 1e-8."""
    if desk.words.perpetual:
        rates = _USDM_FEES.decode(body)
        return Fees(_e8(rates.maker_commission_rate), _e8(rates.taker_commission_rate))
    fees = _SPOT_FEES.decode(body)
    parts = (fees.standard_commission, fees.special_commission, fees.tax_commission)
    buyer, seller = _added([part.buyer for part in parts]), _added([part.seller for part in parts])
    dearer = max(buyer, seller)
    maker, taker = _added([part.maker for part in parts]), _added([part.taker for part in parts])
    return Fees(_e8(total(maker, dearer)), _e8(total(taker, dearer)))


def read_leverage(desk: Desk, ask: SetLeverage, body: bytes, local_ns: int) -> Decimal:
    """The leverage in force."""
    return Decimal(_LEVERAGE.decode(body).leverage)


def read_margin_mode(desk: Desk, ask: SetMarginMode, body: bytes, local_ns: int) -> MarginMode:
    """What was asked for; the answer only says that it is so."""
    done_code(body)
    return ask.mode


def read_key_permissions(desk: Desk, ask: ReadKeyPermissions, body: bytes, local_ns: int) -> KeyPermissions:
    """What the key may do, as far as the host says."""
    if desk.has_wallet_api:
        key = _WALLET.decode(body)
        return KeyPermissions(key.enable_reading, key.enable_spot_and_margin_trading, key.enable_withdrawals)
    account = _ACCOUNT.decode(body)
    uid = "" if account.uid is None else str(account.uid)
    return KeyPermissions(may_read=True, may_trade=account.can_trade, may_withdraw=None, account=uid)


def read_stream_token(desk: Desk, ask: StreamToken, body: bytes, local_ns: int) -> str:
    """The listen key; of a renewal that answers nothing, the one that was renewed."""
    token = _LISTEN_KEY.decode(body).listen_key
    if ask.action is not TokenAction.START:
        return token or ask.token
    plain = token.isascii() and token.isalnum() and len(token) <= LISTEN_KEY_CHARACTERS_MAX
    if not plain:
        raise DecodeError(DecodeKind.SCHEMA, "listenKey", "letters and digits", "something else")
    return token


def done_code(body: bytes) -> None:
    """Checks an answer that says nothing but that it was done. Raises DecodeError."""
    done = _DONE.decode(body)
    if str(done.code) != "200":
        raise DecodeError(DecodeKind.SCHEMA, "code", "200", done.code)


def _sum(first: PositionReport, second: PositionReport) -> PositionReport:
    return PositionReport(
        instrument_key=first.instrument_key,
        lots=first.lots + second.lots,
        entry_price=None,
        mark_price=first.mark_price,
        leverage=first.leverage,
        margin_mode=first.margin_mode,
        venue_ns=max(first.venue_ns, second.venue_ns),
        local_ns=first.local_ns,
    )


def _added(rates: list[Decimal]) -> Decimal:
    result = Decimal(0)
    for rate in rates:
        result = total(result, amount(rate, "commission"))
    return result


def _e8(rate: Decimal) -> int:
    value = int(EXACT.multiply(amount(rate, "rate"), FEE_E8_ONE).to_integral_value(ROUND_CEILING, EXACT))
    if abs(value) > FEE_E8_MAX:
        raise DecodeError(DecodeKind.RANGE, "rate", f"at most {FEE_E8_MAX}e-8", str(rate))
    return value
