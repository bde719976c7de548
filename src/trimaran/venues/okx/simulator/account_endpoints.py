"""Endpoints of account, assets and trading that are no single order: what stands in `data` of each.

    GET   account/ balance, account-position-risk, positions, config, leverage-info, trade-fee, max-size,
          max-avail-size, bills, bills-archive, instruments; asset/ balances, currencies
    POST  account/ set-leverage, set-position-mode; trade/ cancel-all-after, close-position, mass-cancel

Only the one-way position mode is spoken. https://www.okx.com/docs-v5/en/#trading-account
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any, Final

from trimaran.domain.instrument import Symbol
from trimaran.venues.okx.simulator.account_text import AccountText, fee_row
from trimaran.venues.okx.simulator.catalogue import KINDS, Catalogue, Listed
from trimaran.venues.okx.simulator.clocks import Clock
from trimaran.venues.okx.simulator.order_args import CLIENT_ID, flag, text
from trimaran.venues.okx.simulator.order_args import number as decimal_of
from trimaran.venues.okx.simulator.public_data import PublicData, Query, number, required
from trimaran.venues.okx.simulator.refusals import (
    ACCOUNT_IN_USE,
    LEVERAGE_TOO_HIGH,
    NO_MASS_CANCEL,
    NO_POSITION,
    OkxError,
    place_refused,
    unknown_instrument,
)
from trimaran.venues.okx.simulator.spelling import BILL_BASE, SIDES, money, paid
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.trading import (
    BUY,
    SELL,
    ApiKey,
    FundingCharged,
    OrderSpec,
    OrderTypeSim,
    Permission,
    Refusal,
    SimFill,
    Tif,
    Why,
)

Body = dict[str, Any]
DEAD_MAN_S: Final = (10, 120)
NS: Final = 1_000_000_000
LEVERAGE_CAP, PRICE_CAP = Decimal(10**6), Decimal(10**12)  # beyond them a number is only large
BILLS_KEPT: Final = 10_000  # payments of funding that are remembered
_NO_FILL: Final = (
    '"fillFwdPx":"","fillIdxPx":"","fillMarkPx":"","fillMarkVol":"","fillPxUsd":"","fillPxVol":""'
)
_PERMISSIONS: Final = {
    Permission.READ: "read_only",
    Permission.TRADE: "trade",
    Permission.WITHDRAW: "withdraw",
}


class AccountEndpoints:
    """The endpoints. Every one raises OkxError."""

    def __init__(
        self, catalogue: Catalogue, exchange: Exchange, clock: Clock, account: AccountText, public: PublicData
    ) -> None:
        self._catalogue = catalogue
        self._exchange = exchange
        self._clock = clock
        self._text = account
        self._public = public
        self._funding: deque[FundingCharged] = deque(maxlen=BILLS_KEPT)

    def funded(self, event: FundingCharged) -> None:
        """Remembers a payment of funding, for the bills."""
        self._funding.append(event)

    # GET

    def balance(self, key: ApiKey, query: Query) -> str:
        """The account."""
        return self._text.balance(key.account_id, _names(query.get("ccy", "")), self._clock.moment())

    def positions(self, key: ApiKey, query: Query) -> str:
        """Open positions; of instruments that are named also those that are closed."""
        if query.get("instType", "SWAP") not in ("SWAP", "ANY"):
            return ""
        return self._text.positions(key.account_id, _names(query.get("instId", "")), self._clock.moment())

    def risk(self, key: ApiKey, query: Query) -> str:
        """Equity and positions at one moment."""
        return self._text.risk(key.account_id, self._clock.moment())

    def configuration(self, key: ApiKey, query: Query) -> str:
        """Modes, level, permissions of the key."""
        permissions = ",".join(word for each, word in _PERMISSIONS.items() if each in key.permissions)
        return self._text.configuration(key.account_id, permissions)

    def leverage(self, key: ApiKey, query: Query) -> str:
        """Leverage of some swaps in the margin mode that is asked for."""
        mode, rows = required(query, "mgnMode"), []
        for name in required(query, "instId").split(","):
            listed = self._swap(name)
            lever, _ = self._exchange.leverage(key.account_id, OKX_SWAP, listed.symbol)
            rows.append(
                f'{{"ccy":"","instId":"{name}","lever":"{lever}","mgnMode":"{_mode(mode)}","posSide":"net"}}'
            )
        return ",".join(rows)

    def fee(self, key: ApiKey, query: Query) -> str:
        """The rates of an instrument type, or of one instrument."""
        kind = required(query, "instType")
        if kind not in KINDS:
            raise OkxError("51000", "Parameter instType error", 400)
        found = [
            each for each in self._catalogue.of_kind(kind) if query.get("instId") in (None, "", each.symbol)
        ]
        if not found and query.get("instId"):
            raise unknown_instrument()
        return fee_row(kind, found[0].instrument.fees, self._clock.server_ms()) if found else ""

    def max_size(self, key: ApiKey, query: Query) -> str:
        """The largest orders that the balance would carry."""
        rows = []
        for name in required(query, "instId").split(","):
            listed = self._listed(name)
            buy, sell = self._largest(key.account_id, listed, query.get("px", ""))
            rows.append(f'{{"ccy":"","instId":"{name}","maxBuy":"{money(buy)}","maxSell":"{money(sell)}"}}')
        return ",".join(rows)

    def available(self, key: ApiKey, query: Query) -> str:
        """What is available for orders: of spot in the assets, of swaps in the margin asset."""
        rows = []
        for name in required(query, "instId").split(","):
            listed = self._listed(name)
            buy, sell = self._free(key.account_id, listed)
            rows.append(f'{{"availBuy":"{money(buy)}","availSell":"{money(sell)}","instId":"{name}"}}')
        return ",".join(rows)

    def bills(self, key: ApiKey, query: Query) -> str:
        """Trades and payments of funding, newest first; the balance after each is not remembered."""
        now, rows = self._clock.moment(), []
        for market in (OKX_SPOT, OKX_SWAP):
            rows += [
                (fill.time_ns, self._trade_bill(fill, now.venue_ms(fill.time_ns)))
                for fill in self._exchange.fills(key.account_id, market)
            ]
        for number_, event in enumerate(self._funding):
            if event.account_id == key.account_id:
                rows.append((event.time_ns, self._funding_bill(event, number_, now.venue_ms(event.time_ns))))
        kind = query.get("type", "")
        rows.sort(key=lambda row: row[0])
        chosen = [row for _, row in rows[::-1] if not kind or f'"type":"{kind}"' in row]
        return ",".join(chosen[: number(query, "limit", 100, 100)])

    def funds(self, key: ApiKey, query: Query) -> str:
        """The funding account is empty: everything is in the trading account."""
        return ""

    def currencies(self, key: ApiKey, query: Query) -> str:
        """Assets."""
        return self._text.currencies()

    def instruments(self, key: ApiKey, query: Query) -> str:
        """The instruments that the account may trade: all."""
        return self._public.instruments(query)

    # POST

    def set_leverage(self, key: ApiKey, body: Body) -> str:
        """Leverage of a swap. The exchange has one for both margin modes."""
        name, lever_text = _said(body, "instId"), _said(body, "lever")
        mode, wish = _mode(_said(body, "mgnMode")), decimal_of(lever_text)
        if not name:
            raise OkxError("50014", "Parameter instId can not be empty.", 400)
        if wish is None or wish != int(wish):
            raise OkxError("51000", "Parameter lever error", 400)
        listed, lever = self._swap(name), int(min(wish, LEVERAGE_CAP))
        refused = self._exchange.set_leverage(
            key.account_id, OKX_SWAP, listed.symbol, lever, self._clock.trading_ns()
        )
        if refused is not None:
            if refused.why is Why.NO_MARGIN:
                raise OkxError("59108", "Low leverage and insufficient margin, please adjust the leverage.")
            raise OkxError(LEVERAGE_TOO_HIGH.code, LEVERAGE_TOO_HIGH.text)
        return f'{{"instId":"{name}","lever":"{lever}","mgnMode":"{mode}","posSide":"net"}}'

    def set_position_mode(self, key: ApiKey, body: Body) -> str:
        """There is only the one-way mode."""
        mode = _said(body, "posMode")
        if mode == "long_short_mode":
            raise OkxError(ACCOUNT_IN_USE.code, ACCOUNT_IN_USE.text)
        if mode != "net_mode":
            raise OkxError("51000", "Parameter posMode error", 400)
        return f'{{"posMode":"{mode}"}}'

    def cancel_all_after(self, key: ApiKey, body: Body) -> str:
        """Arms or disarms the dead-man switch of the account, for spot and swaps."""
        seconds = _said(body, "timeOut")
        least, most = DEAD_MAN_S
        if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 6) or not (
            int(seconds) == 0 or least <= int(seconds) <= most
        ):
            raise OkxError("51000", "Parameter timeOut error", 400)
        now_ns, armed = self._clock.trading_ns(), int(seconds) > 0
        for market in (OKX_SPOT, OKX_SWAP):
            self._exchange.arm_dead_man(
                key.account_id, market, None, now_ns + int(seconds) * NS if armed else 0
            )
        now_ms = self._clock.server_ms()
        trigger = str(now_ms + int(seconds) * 1000) if armed else "0"
        return f'{{"triggerTime":"{trigger}","tag":"{_word(_said(body, "tag"))}","ts":"{now_ms}"}}'

    def close_position(self, key: ApiKey, body: Body) -> str:
        """Closes a position at the market; with `autoCxl` the instrument's orders go first."""
        name, client_id = _said(body, "instId"), _said(body, "clOrdId")
        listed = self._swap(name)
        held = next(
            (
                each.lots
                for each in self._exchange.positions(key.account_id, OKX_SWAP)
                if each.symbol == listed.symbol
            ),
            0,
        )
        if held == 0:
            raise OkxError(NO_POSITION.code, NO_POSITION.text)
        now_ns = self._clock.trading_ns()
        if flag(body.get("autoCxl")):
            self._exchange.cancel_all(key.account_id, OKX_SWAP, Symbol(name), now_ns)
        spec = OrderSpec(
            market=OKX_SWAP, symbol=listed.symbol, side=SELL if held > 0 else BUY, type=OrderTypeSim.MARKET,
            tif=Tif.IOC, size=listed.instrument.size_grid.decimal(abs(held)), reduce_only=True,
            client_id=client_id if CLIENT_ID.fullmatch(client_id) else "",
            extra={"ordType": "market", "tdMode": _mode(_said(body, "mgnMode") or "cross")},
        )  # fmt: skip
        order = self._exchange.place(key.account_id, spec, now_ns)
        if isinstance(order, Refusal):
            words = place_refused(order, listed.settle, listed.symbol)
            raise OkxError(words.code, words.text)
        tag = _word(_said(body, "tag"))
        return f'{{"clOrdId":"{_word(client_id)}","instId":"{name}","posSide":"net","tag":"{tag}"}}'

    def mass_cancel(self, key: ApiKey, body: Body) -> str:
        """For market makers in options alone."""
        raise OkxError(NO_MASS_CANCEL.code, NO_MASS_CANCEL.text)

    def _listed(self, name: str) -> Listed:
        listed = self._catalogue.named(name)
        if listed is None:
            raise unknown_instrument()
        return listed

    def _swap(self, name: str) -> Listed:
        listed = self._listed(name)
        if not listed.text.perpetual:
            raise OkxError("51015", "Instrument ID doesn't match instrument type.")
        return listed

    def _free(self, account_id: int, listed: Listed) -> tuple[Decimal, Decimal]:
        """What buys and what sells could use."""
        if listed.text.perpetual:
            available = max(Decimal(0), self._exchange.margin(account_id, OKX_SWAP).available)
            return available, available
        free = {
            each.asset: max(Decimal(0), each.free) for each in self._exchange.balances(account_id, OKX_SPOT)
        }
        nothing = Decimal(0)
        return free.get(listed.settle, nothing), free.get(listed.instrument.base, nothing)

    def _largest(self, account_id: int, listed: Listed, price_text: str) -> tuple[Decimal, Decimal]:
        """Sizes in the unit of the instrument's lots."""
        buy, sell = self._free(account_id, listed)
        price = self._exchange.mark_price(listed.market, listed.symbol)
        if price_text:
            wish = decimal_of(price_text)
            if wish is None or wish > PRICE_CAP:
                raise OkxError("51000", "Parameter px error", 400)
            grid = listed.instrument.price_grid
            price = grid.decimal(max(1, grid.steps_floor(wish)))
        size_grid, lot_value = listed.instrument.size_grid, listed.instrument.notional(1, 1)
        lot_value = lot_value / listed.instrument.price_grid.step * price
        if listed.text.perpetual:
            lever, _ = self._exchange.leverage(account_id, OKX_SWAP, listed.symbol)
            lots = int(buy * lever // lot_value)
            return size_grid.decimal(lots), size_grid.decimal(lots)
        return size_grid.decimal(int(buy // lot_value)), size_grid.decimal(size_grid.steps_floor(sell))

    def _trade_bill(self, fill: SimFill, time_ms: int) -> str:
        listed = self._catalogue.ever(fill.symbol)
        price, size = listed.text.price(fill.price_ticks), listed.text.size(fill.lots)
        change = money(fill.realised - fill.fee) if listed.text.perpetual else size
        return (
            f'{{"bal":"","balChg":"{change}","billId":"{BILL_BASE + fill.execution_id}",'
            f'"ccy":"{fill.fee_asset}",'
            f'"clOrdId":"","execType":"{"M" if fill.maker else "T"}","fee":"{paid(fill.fee)}","from":"",'
            f'"instId":"{fill.symbol}","instType":"{listed.kind}","interest":"0","mgnMode":"","notes":"",'
            f'"ordId":"","pnl":"{money(fill.realised)}","posBal":"","posBalChg":"","px":"{price}",'
            f'"subType":"{1 if SIDES[fill.side] == "buy" else 2}","sz":"{size}","tag":"","to":"",'
            f'"tradeId":"{fill.trade_id}","ts":"{time_ms}","type":"2","fillTime":"{time_ms}",{_NO_FILL}}}'
        )

    def _funding_bill(self, event: FundingCharged, number_: int, time_ms: int) -> str:
        listed = self._catalogue.ever(event.symbol)
        return (
            f'{{"bal":"","balChg":"{paid(event.amount)}","billId":"{BILL_BASE + 10**12 + number_}",'
            f'"ccy":"{listed.settle}","clOrdId":"","execType":"","fee":"0","from":"","instId":"{event.symbol}",'
            f'"instType":"SWAP","interest":"0","mgnMode":"cross","notes":"","ordId":"","pnl":"{paid(event.amount)}",'
            f'"posBal":"","posBalChg":"","px":"","sz":"","tag":"",'
            f'"subType":"{173 if event.amount > 0 else 174}",'
            f'"to":"","tradeId":"","ts":"{time_ms}","type":"8","fillTime":"",{_NO_FILL}}}'
        )


def _names(value: str) -> list[str] | None:
    return [each for each in value.split(",") if each] if value else None


def _mode(mode: str) -> str:
    if mode not in ("cross", "isolated"):
        raise OkxError("51000", "Parameter mgnMode error", 400)
    return mode


def _said(body: Body, name: str) -> str:
    """A parameter as text; "" for what is no text, number or flag."""
    value = body.get(name)
    return text(value) if isinstance(value, str | int | float | bool) else ""


def _word(value: str) -> str:
    """A name of the client that goes back to it, should it be one."""
    return value if CLIENT_ID.fullmatch(value) else ""
