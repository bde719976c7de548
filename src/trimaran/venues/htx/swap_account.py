"""The cross account of HTX's USDT swaps: money, positions, fees, leverage, and the dead-man switch.

Source: https://huobiapi.github.io/docs/usdt_swap/v1/en/#swap-account-interface

What new orders may use is the equity without what secures positions and open orders. Positions are those of
one-way mode; an account in hedge mode that holds both sides of a contract is refused.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.instrument import Fees
from trimaran.domain.reports import BalanceReport, MarginMode, PositionReport
from trimaran.venues.htx import fields
from trimaran.venues.htx.account import fees_of, timeout_ns
from trimaran.venues.htx.envelope import Access, Envelope, part
from trimaran.venues.htx.errors import unreadable
from trimaran.venues.htx.fields import NULL
from trimaran.venues.wire.asks import AccountFees, ArmDeadMan, Balances, Positions, SetLeverage
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.market_spec import MS
from trimaran.venues.wire.message import HttpRequest, Stamp

ACCOUNT_PATH: Final = "/linear-swap-api/v1/swap_cross_account_info"
POSITIONS_PATH: Final = "/linear-swap-api/v1/swap_cross_position_info"
FEES_PATH: Final = "/linear-swap-api/v1/swap_fee"
LEVERAGE_PATH: Final = "/linear-swap-api/v1/swap_cross_switch_lever_rate"
SWITCH_PATH: Final = "/linear-swap-api/v1/linear-cancel-after"


class _SwapFee(msgspec.Struct):
    contract_code: str
    open_maker_fee: Decimal
    open_taker_fee: Decimal
    close_maker_fee: Decimal
    close_taker_fee: Decimal


class Margin(msgspec.Struct):
    """A cross account, over REST and in pushes."""

    margin_asset: str
    margin_balance: Decimal  # with what positions would bring
    margin_static: Decimal  # without
    margin_position: Decimal = Decimal(0)
    margin_frozen: Decimal = Decimal(0)


class Holding(msgspec.Struct):
    """A position of a cross account, over REST and in pushes."""

    contract_code: str
    volume: Decimal
    direction: str
    cost_open: msgspec.Raw = NULL
    profit_unreal: msgspec.Raw = NULL
    liquidation_price: msgspec.Raw = NULL
    mark_price: msgspec.Raw = NULL
    lever_rate: msgspec.Raw = NULL


class _Leverage(msgspec.Struct):
    contract_code: str
    lever_rate: Decimal


_FEES: Final = msgspec.json.Decoder(list[_SwapFee])
_MARGINS: Final = msgspec.json.Decoder(list[Margin])
_HOLDINGS: Final = msgspec.json.Decoder(list[Holding])
_LEVERAGE: Final = msgspec.json.Decoder(_Leverage)


def write_balances(access: Access, ask: Balances, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-query-user-39-s-account-information"""
    return access.post(ACCOUNT_PATH, stamp, "swap.read", {})


def read_balances(
    access: Access, ask: Balances, envelope: Envelope, local_ns: int
) -> tuple[BalanceReport, ...]:
    """One report a margin asset."""
    at_ns = fields.time_ns(envelope.ts, "ts")
    reports = (margin_report(access, each, at_ns, local_ns) for each in part(_MARGINS, envelope.data, "data"))
    return tuple(report for report in reports if report.total)


def margin_report(access: Access, margin: Margin, venue_ns: int, local_ns: int) -> BalanceReport:
    """The wallet and what is free of it. Raises DecodeError."""
    used = fields.total(
        fields.amount(margin.margin_position, "margin_position"),
        fields.amount(margin.margin_frozen, "margin_frozen"),
    )
    return BalanceReport(
        market=access.market,
        asset=fields.asset_of(margin.margin_asset, "margin_asset"),
        total=fields.amount(margin.margin_static, "margin_static"),
        free=fields.total(fields.amount(margin.margin_balance, "margin_balance"), -used),
        venue_ns=venue_ns,
        local_ns=local_ns,
    )


def write_positions(access: Access, ask: Positions, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-query-user-s-position-information"""
    body = {} if ask.symbol is None else {"contract_code": access.instrument(ask.symbol).symbol}
    return access.post(POSITIONS_PATH, stamp, "swap.read", body)


def read_positions(
    access: Access, ask: Positions, envelope: Envelope, local_ns: int
) -> tuple[PositionReport, ...]:
    """Positions of contracts that the desk knows."""
    at_ns = fields.time_ns(envelope.ts, "ts")
    reports = holding_reports(access, part(_HOLDINGS, envelope.data, "data"), at_ns, local_ns)
    return tuple(report for report in reports if report.lots)


def holding_reports(
    access: Access, holdings: list[Holding], venue_ns: int, local_ns: int
) -> list[PositionReport]:
    """One report a contract. Raises VenueFault where one has two sides: the account is in hedge mode."""
    reports: dict[str, PositionReport] = {}
    for holding in holdings:
        instrument = access.known(holding.contract_code)
        if instrument is None:
            continue
        if instrument.symbol in reports:
            raise unreadable(f"positions: expected one side of {instrument.symbol} (one-way mode), found two")
        side = fields.side_of(holding.direction, "direction")
        lots = fields.contracts_of(holding.volume, "volume") * side.sign
        reports[instrument.symbol] = PositionReport(
            instrument_key=instrument.key,
            lots=lots,
            entry_price=fields.positive(holding.cost_open, "cost_open") if lots else None,
            mark_price=fields.positive(holding.mark_price, "mark_price"),
            liquidation_price=fields.positive(holding.liquidation_price, "liquidation_price"),
            unrealised=fields.number(holding.profit_unreal, "profit_unreal"),
            leverage=fields.positive(holding.lever_rate, "lever_rate"),
            margin_mode=MarginMode.CROSS,
            venue_ns=venue_ns,
            local_ns=local_ns,
        )
    return list(reports.values())


def write_fees(access: Access, ask: AccountFees, stamp: Stamp) -> HttpRequest:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#general-query-information-on-swap-trading-fee"""
    body = {"contract_code": access.instrument(ask.symbol).symbol}
    return access.post(FEES_PATH, stamp, "swap.read", body)


def read_fees(access: Access, ask: AccountFees, envelope: Envelope, local_ns: int) -> Fees:
    """The larger one of opening and closing; both are positive when paid, unlike the fees of fills."""
    for row in part(_FEES, envelope.data, "data"):
        if row.contract_code == ask.symbol:
            return fees_of(
                (row.open_maker_fee, row.close_maker_fee), (row.open_taker_fee, row.close_taker_fee)
            )
    raise unreadable(f"fees: expected those of {ask.symbol}, found none")


def write_leverage(access: Access, ask: SetLeverage, stamp: Stamp) -> HttpRequest | Unsupported:
    """https://huobiapi.github.io/docs/usdt_swap/v1/en/#cross-switch-leverage (once in three seconds)"""
    if ask.mode is not MarginMode.CROSS:
        return Unsupported(Capability.LEVERAGE, "only the cross account is traded here")
    body = {"contract_code": access.instrument(ask.symbol).symbol, "lever_rate": ask.leverage}
    return access.post(LEVERAGE_PATH, stamp, "swap.leverage", body)


def read_leverage(access: Access, ask: SetLeverage, envelope: Envelope, local_ns: int) -> Decimal:
    """What is in force now."""
    row = part(_LEVERAGE, envelope.data, "data")
    if row.contract_code.upper() != ask.symbol or row.lever_rate <= 0:
        raise unreadable(f"leverage: expected that of {ask.symbol}, found {row.contract_code}")
    return fields.amount(row.lever_rate, "lever_rate")


def write_switch(access: Access, ask: ArmDeadMan, stamp: Stamp) -> HttpRequest:
    """One switch for the whole account, in milliseconds.

    https://www.htx.com/en-us/opend/newApiPages/?id=10000068-77b7-11ed-9966-0242ac110003
    """
    body = {"on_off": 1, "time_out": -(-timeout_ns(ask) // MS)} if ask.timeout_ns else {"on_off": 0}
    return access.post(SWITCH_PATH, stamp, "swap.trade", body, urgent=True)
