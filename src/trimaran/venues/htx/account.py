"""The spot account at HTX: money, fees, what the key may do, and the dead-man switch.

Source: https://huobiapi.github.io/docs/spot/v1/en/#account

Requests about money name the account, and those about keys the user: both are asked for first, once.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import FEE_E8_MAX
from trimaran.domain.instrument import Fees
from trimaran.domain.reports import BalanceReport
from trimaran.venues.htx import fields
from trimaran.venues.htx.envelope import Access, Envelope, part
from trimaran.venues.htx.errors import refusal, unreadable
from trimaran.venues.htx.fields import Id
from trimaran.venues.wire.asks import (
    AccountFees,
    AccountId,
    ArmDeadMan,
    Armed,
    Balances,
    Disarmed,
    KeyPermissions,
    ReadKeyPermissions,
    UserId,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.fault import FaultKind
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.message import HttpRequest, Stamp

ACCOUNTS_PATH: Final = "/v1/account/accounts"
FEES_PATH: Final = "/v2/reference/transact-fee-rate"
USER_PATH: Final = "/v2/user/uid"
KEYS_PATH: Final = "/v2/user/api-key"
SWITCH_PATH: Final = "/v2/algo-orders/cancel-all-after"

SPOT: Final = "spot"
WORKING: Final = "working"
NORMAL: Final = "normal"  # a key that is in force
SWITCH_NS_MIN: Final = 5 * SECOND
E8: Final = Decimal(100_000_000)


class _Account(msgspec.Struct):
    id: Id
    type: str
    state: str = WORKING


class _Balance(msgspec.Struct):
    currency: str
    type: str
    balance: Decimal


class _Wallet(msgspec.Struct):
    rows: list[_Balance] = msgspec.field(default_factory=list, name="list")


class _Fee(msgspec.Struct, rename="camel"):
    symbol: str
    actual_maker_rate: Decimal
    actual_taker_rate: Decimal


class _Key(msgspec.Struct, rename="camel"):
    access_key: str
    permission: str
    status: str = NORMAL
    ip_addresses: str | None = None


class _Switch(msgspec.Struct):
    at: Id = msgspec.field(default=0, name="triggerTime")
    swap_at: Id = msgspec.field(default=0, name="trigger_time")


_ACCOUNTS: Final = msgspec.json.Decoder(list[_Account])
_WALLET: Final = msgspec.json.Decoder(_Wallet)
_FEES: Final = msgspec.json.Decoder(list[_Fee])
_KEYS: Final = msgspec.json.Decoder(list[_Key])
_ID: Final = msgspec.json.Decoder(Id)
_SWITCH: Final = msgspec.json.Decoder(_Switch)


def write_account_id(access: Access, ask: AccountId, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-all-accounts-of-the-current-user"""
    return access.get(ACCOUNTS_PATH, stamp, "spot.account")


def read_account_id(access: Access, ask: AccountId, envelope: Envelope, local_ns: int) -> str:
    """The one account of type spot that works."""
    for account in part(_ACCOUNTS, envelope.data, "data"):
        if account.type == SPOT and account.state == WORKING:
            return fields.id_text(account.id, "id")
    raise refusal(FaultKind.ACCOUNT, "", "there is no spot account that works")


def write_user_id(access: Access, ask: UserId, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-uid"""
    return access.get(USER_PATH, stamp, "spot.user")


def read_user_id(access: Access, ask: UserId, envelope: Envelope, local_ns: int) -> str:
    """The number of the user."""
    return fields.id_text(part(_ID, envelope.data, "data"), "data")


def write_key(access: Access, ask: ReadKeyPermissions, stamp: Stamp) -> HttpRequest | Unsupported:
    """https://huobiapi.github.io/docs/spot/v1/en/#api-key-query"""
    if not access.setup.user_id:
        reason = "HTX asks for the user's id, the answer to UserId, and the setup has none"
        return Unsupported(Capability.KEY_PERMISSIONS, reason)
    parameters = {"uid": access.setup.user_id, "accessKey": access.signer.key}
    return access.get(KEYS_PATH, stamp, "spot.user", parameters)


def read_key(access: Access, ask: ReadKeyPermissions, envelope: Envelope, local_ns: int) -> KeyPermissions:
    """What our key may do: `readOnly,trade,withdraw`. One that has expired may nothing."""
    for key in part(_KEYS, envelope.data, "data"):
        if key.access_key == access.signer.key:
            granted = {each.strip() for each in key.permission.split(",")} if key.status == NORMAL else set()
            addresses = (each.strip() for each in (key.ip_addresses or "").split(","))
            return KeyPermissions(
                may_read="readOnly" in granted,
                may_trade="trade" in granted,
                may_withdraw="withdraw" in granted,
                addresses=tuple(each for each in addresses if each),
                account=access.setup.user_id,
            )
    raise unreadable("keys: expected the key in use among them, found others")


def write_balances(access: Access, ask: Balances, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-account-balance-of-a-specific-account"""
    return access.get(f"{ACCOUNTS_PATH}/{access.account_id}/balance", stamp, "spot.balance")


def read_balances(
    access: Access, ask: Balances, envelope: Envelope, local_ns: int
) -> tuple[BalanceReport, ...]:
    """One report an asset, of two rows: what is free, and what orders hold."""
    free: dict[str, Decimal] = {}
    total: dict[str, Decimal] = {}
    for row in part(_WALLET, envelope.data, "data").rows:
        if row.type in ("trade", "frozen"):
            value = fields.amount(row.balance, "balance")
            total[row.currency] = fields.total(total.get(row.currency, Decimal(0)), value)
            if row.type == "trade":
                free[row.currency] = value
    return tuple(
        BalanceReport(
            market=access.market,
            asset=fields.asset_of(currency, "currency"),
            total=value,
            free=free.get(currency, Decimal(0)),
            venue_ns=0,
            local_ns=local_ns,
        )
        for currency, value in total.items()
        if value
    )


def write_fees(access: Access, ask: AccountFees, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/spot/v1/en/#get-current-fee-rate-applied-to-the-user"""
    parameters = {"symbols": access.instrument(ask.symbol).symbol}
    return access.get(FEES_PATH, stamp, "spot.fees", parameters)


def read_fees(access: Access, ask: AccountFees, envelope: Envelope, local_ns: int) -> Fees:
    """The rates after deductions; negative is a rebate."""
    for row in part(_FEES, envelope.data, "data"):
        if row.symbol == ask.symbol:
            return fees_of((row.actual_maker_rate,), (row.actual_taker_rate,))
    raise unreadable(f"fees: expected those of {ask.symbol}, found none")


# --- the switch ---------------------------------------------------------------------------------------------


def write_switch(access: Access, ask: ArmDeadMan, stamp: Stamp) -> HttpRequest:
    """One switch for the whole account, in seconds; at most 500 orders.

    https://huobiapi.github.io/docs/spot/v1/en/#dead-man-s-switch
    """
    seconds = -(-timeout_ns(ask) // SECOND)
    return access.post(SWITCH_PATH, stamp, "spot.dead_man", {"timeout": seconds}, urgent=True)


def read_switch(access: Access, ask: ArmDeadMan, envelope: Envelope, local_ns: int) -> Armed | Disarmed:
    """When it fires, by the venue's clock."""
    if not ask.timeout_ns:
        return Disarmed()
    switch = part(_SWITCH, envelope.data, "data")
    return Armed(fields.time_ns(switch.at or switch.swap_at, "triggerTime"))


# --- helpers ------------------------------------------------------------------------------------------


def timeout_ns(ask: ArmDeadMan) -> int:
    """How long the switch waits. HTX's shortest is five seconds; 0 disarms."""
    return max(ask.timeout_ns, SWITCH_NS_MIN) if ask.timeout_ns else 0


def fees_of(maker: tuple[Decimal, ...], taker: tuple[Decimal, ...]) -> Fees:
    """The larger ones of several rates. Raises DecodeError."""
    return Fees(max(map(_e8, maker)), max(map(_e8, taker)))


def _e8(rate: Decimal) -> int:
    """A rate in 1e-8, rounded against us. Raises DecodeError."""
    units = fields.EXACT.multiply(fields.amount(rate, "fee rate"), E8)
    if abs(units) > FEE_E8_MAX:
        raise DecodeError(DecodeKind.RANGE, "fee rate", f"at most {FEE_E8_MAX} e-8", str(rate)[:40])
    return int(units.to_integral_value(ROUND_CEILING))
