"""The account of the simulated OKX as text: balances, positions, configuration, fees, currencies.

One wallet serves spot and swaps. What secures positions is the settlement asset: its equity counts unrealised
profit, and the margin of positions and orders is frozen. Values in USD are those of the spot books' middles.
https://www.okx.com/docs-v5/en/#trading-account
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from trimaran.domain.instrument import Asset, Fees
from trimaran.venues.okx.simulator.catalogue import Catalogue, Listed
from trimaran.venues.okx.simulator.position_diary import Entry, PositionDiary
from trimaran.venues.okx.simulator.spelling import POSITION_BASE, money, user_id
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.instruments import QUOTE
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.trading import MarginView, SimBalance, SimPosition

ZERO, ONE = Decimal(0), Decimal(1)
PRICES_KEPT_NS: Final = 100_000_000
MARGIN_ASSET: Final = Asset(QUOTE)
CENTS: Final = Decimal("0.00000001")
FEE_LEVEL: Final = "Lv1"
_REST_OF_DETAIL: Final = (
    '"borrowFroz":"0","clSpotInUseAmt":"","collateralEnabled":false,"collateralRestrict":false,'
    '"colBorrAutoConversion":"0","crossLiab":"0","fixedBal":"0","frpType":"0","interest":"0","isoEq":"0",'
    '"isoLiab":"0","isoUpl":"0","liab":"0","maxLoan":"0","maxSpotInUseAmt":"","notionalLever":"0","openAvgPx":"",'
    '"rewardBal":"0","smtSyncEq":"0","spotBal":"","spotCopyTradingEq":"0","spotInUseAmt":"","spotIsoBal":"0",'
    '"spotUpl":"","spotUplRatio":"","stgyEq":"0","totalPnl":"","totalPnlRatio":"","twap":"0","uplLiab":"0"'
)
_REST_OF_POSITION: Final = (
    '"baseBal":"","baseBorrowed":"","baseInterest":"","bizRefId":"","bizRefType":"","clSpotInUseAmt":"",'
    '"closeOrderAlgo":[],"deltaBS":"","deltaPA":"","gammaBS":"","gammaPA":"","hedgedPos":"","interest":"",'
    '"liab":"","liabCcy":"","maxSpotInUseAmt":"","nonSettleAvgPx":"","optVal":"","pendingCloseOrdLiabVal":"",'
    '"posCcy":"","quoteBal":"","quoteBorrowed":"","quoteInterest":"","settledPnl":"","spotInUseAmt":"",'
    '"spotInUseCcy":"","thetaBS":"","thetaPA":"","usdPx":"","vegaBS":"","vegaPA":""'
)


def _every(listed: Listed) -> bool:
    return True


class AccountText:
    """What the account endpoints and channels say. Functions answer what stands in `data`."""

    def __init__(self, catalogue: Catalogue, exchange: Exchange, diary: PositionDiary) -> None:
        self._catalogue = catalogue
        self._diary = diary
        self._exchange = exchange
        self._spot = {each.instrument.base: each for each in catalogue.all if each.kind == "SPOT"}
        self._prices: dict[Asset, Decimal] = {}
        self._priced_ns = 0
        self._worths: dict[int, tuple[int, Decimal]] = {}  # of accounts: when it was looked up, and the sum

    def balance(self, account_id: int, assets: Iterable[str] | None, now: Moment) -> str:
        """The account with the details of some assets; None: of all that it holds."""
        margin, prices = self._exchange.margin(account_id, OKX_SWAP), self._prices_of(now)
        chosen = None if assets is None else [Asset(each) for each in assets]
        details = [
            _detail(each, prices.get(each.asset, ONE), margin, now)
            for each in self._exchange.balances(account_id, OKX_SPOT, chosen)
            if chosen is not None or each.total or each.locked
        ]
        held = margin.position_margin + margin.order_margin
        ratio = money(round_to_cents(margin.equity / margin.maintenance_margin)) if _risky(margin) else ""
        worth = money(round_to_cents(self._worth(account_id, margin, now)))
        return (
            f'{{"adjEq":"{worth}","availEq":"{money(margin.available)}","borrowFroz":"0","delta":"",'
            f'"deltaLever":"","deltaNeutralStatus":"","details":[{",".join(details)}],"imr":"{money(held)}",'
            f'"isoEq":"0","mgnRatio":"{ratio}","mmr":"{money(margin.maintenance_margin)}","notionalUsd":"",'
            f'"notionalUsdForBorrow":"0","notionalUsdForFutures":"0","notionalUsdForOption":"0",'
            f'"notionalUsdForSwap":"","ordFroz":"{money(margin.order_margin)}","totalEq":"{worth}",'
            f'"uTime":"{now.server_ms}","upl":"{money(margin.unrealised)}"}}'
        )

    def cash(self, account_id: int, assets: Iterable[str] | None, now: Moment) -> str:
        """`balData`: the cash of some assets."""
        chosen = None if assets is None else [Asset(each) for each in assets]
        return ",".join(
            f'{{"ccy":"{each.asset}","cashBal":"{money(each.total)}","uTime":"{now.server_ms}"}}'
            for each in self._exchange.balances(account_id, OKX_SPOT, chosen)
            if chosen is not None or each.total
        )

    def positions(
        self,
        account_id: int,
        symbols: Iterable[str] | None,
        now: Moment,
        short: bool = False,
        wanted: Callable[[Listed], bool] = _every,
    ) -> str:
        """Positions of some instruments, closed ones included; None: all that are open and `wanted`."""
        names = None if symbols is None else frozenset(symbols)
        margin, rows = self._exchange.margin(account_id, OKX_SWAP), []
        for each in self._exchange.positions(account_id, OKX_SWAP):
            listed = self._catalogue.ever(each.symbol)
            if (each.lots and wanted(listed)) if names is None else each.symbol in names:
                entry = self._diary.entry(account_id, each.symbol)
                rows.append(
                    _short_position(listed, account_id, each, entry, now)
                    if short
                    else _position(listed, account_id, each, entry, margin, now)
                )
        return ",".join(rows)

    def at_risk(self, account_id: int, ratio: int, now: Moment) -> str:
        """Positions whose margin is less than `ratio` times the maintenance margin."""
        margin = self._exchange.margin(account_id, OKX_SWAP)
        names = [
            each.symbol
            for each in self._exchange.positions(account_id, OKX_SWAP)
            if each.lots
            and (each.isolated_margin + each.unrealised if each.isolated else margin.equity)
            < ratio * (each.maintenance_margin if each.isolated else margin.maintenance_margin)
        ]
        return self.positions(account_id, names, now) if names else ""

    def risk(self, account_id: int, now: Moment) -> str:
        """`account/account-position-risk`: equity and positions at one moment."""
        prices, margin = self._prices_of(now), self._exchange.margin(account_id, OKX_SWAP)
        balances = ",".join(
            f'{{"ccy":"{each.asset}","eq":"{money(equity)}",'
            f'"disEq":"{money(round_to_cents(equity * prices.get(each.asset, ONE)))}"}}'
            for each in self._exchange.balances(account_id, OKX_SPOT)
            for equity in (each.total + (margin.unrealised if each.asset == MARGIN_ASSET else ZERO),)
            if equity
        )
        positions = ",".join(
            f'{{"baseBal":"","ccy":"{MARGIN_ASSET}","instId":"{each.symbol}","instType":"SWAP",'
            f'"mgnMode":"{_mode(each)}","notionalCcy":"{money(abs(_base(listed, each)))}",'
            f'"notionalUsd":"{money(abs(_base(listed, each)) * each.mark_price)}",'
            f'"pos":"{_size(listed, each.lots)}","posCcy":"","posId":"{_position_id(listed, account_id)}",'
            f'"posSide":"net","quoteBal":""}}'
            for each in self._exchange.positions(account_id, OKX_SWAP)
            for listed in (self._catalogue.ever(each.symbol),)
            if each.lots
        )
        return (
            f'{{"adjEq":"{money(round_to_cents(margin.equity))}","balData":[{balances}],'
            f'"posData":[{positions}],"ts":"{now.server_ms}"}}'
        )

    def configuration(self, account_id: int, permissions: str) -> str:
        """`account/config`."""
        uid = user_id(account_id)
        return (
            f'{{"acctLv":"2","acctStpMode":"cancel_maker","autoLoan":false,"ctIsoMode":"automatic",'
            f'"enableSpotBorrow":false,"feeType":"0","greeksType":"PA","ip":"","kycLv":"3","label":"simulated",'
            f'"level":"{FEE_LEVEL}","levelTmp":"","liquidationGear":"-1","mainUid":"{uid}",'
            f'"mgnIsoMode":"automatic","opAuth":"0","perm":"{permissions}","posMode":"net_mode",'
            f'"roleType":"0","settleCcy":"{QUOTE}","settleCcyList":["{QUOTE}"],"spotBorrowAutoRepay":false,'
            f'"spotOffsetType":"","spotRoleType":"0","spotTraderInsts":[],"stgyType":"0","traderInsts":[],'
            f'"type":"0","uid":"{uid}"}}'
        )

    def currencies(self) -> str:
        """`asset/currencies`: one chain for each asset, nothing goes in or out."""
        return ",".join(
            f'{{"burningFeeRate":"","canDep":false,"canInternal":false,"canWd":false,"ccy":"{asset}",'
            f'"chain":"{asset}-Simulated","ctAddr":"","depQuotaFixed":"","depQuoteDailyLayer2":"","fee":"0",'
            f'"logoLink":"","mainNet":true,"maxFee":"0","maxFeeForCtAddr":"","maxWd":"0","minDep":"0",'
            f'"minDepArrivalConfirm":"1","minFee":"0","minFeeForCtAddr":"","minInternal":"0","minWd":"0",'
            f'"minWdUnlockConfirm":"1","name":"{asset}","needTag":false,"usedDepQuotaFixed":"",'
            f'"usedWdQuota":"0","wdQuota":"0","wdTickSz":"8"}}'
            for asset in (*self._spot, MARGIN_ASSET)
        )

    def _worth(self, account_id: int, margin: MarginView, now: Moment) -> Decimal:
        """What everything is worth; as old as the prices are."""
        found = self._worths.get(account_id)
        if found is None or now.wall_ns - found[0] >= PRICES_KEPT_NS:
            prices, total = self._prices_of(now), margin.unrealised
            for each in self._exchange.balances(account_id, OKX_SPOT):
                total += each.total * prices.get(each.asset, ONE)
            found = self._worths[account_id] = (now.wall_ns, total)
        return found[1]

    def _prices_of(self, now: Moment) -> Mapping[Asset, Decimal]:
        """What one of each asset is worth; looked up anew after a tenth of a second."""
        if now.wall_ns - self._priced_ns >= PRICES_KEPT_NS or not self._prices:
            self._priced_ns = now.wall_ns
            self._prices = {
                base: self._exchange.mark_price(OKX_SPOT, listed.symbol)
                for base, listed in self._spot.items()
            }
        return self._prices


def fee_row(kind: str, fees: Fees, time_ms: int) -> str:
    """`account/trade-fee`: rates below zero are charged."""
    maker, taker = (money(Decimal(-each).scaleb(-8)) for each in (fees.maker_e8, fees.taker_e8))
    spot = kind == "SPOT"
    group = f'{{"groupId":"1","maker":"{maker}","taker":"{taker}"}}'
    return (
        f'{{"category":"1","delivery":"","exercise":"","feeGroup":[{group}],"fiat":[],"instType":"{kind}",'
        f'"isSpecial":false,"level":"{FEE_LEVEL}","maker":"{maker if spot else ""}",'
        f'"makerU":"{"" if spot else maker}","makerUSDC":"","ruleType":"normal","settle":"",'
        f'"taker":"{taker if spot else ""}","takerU":"{"" if spot else taker}","takerUSDC":"",'
        f'"ts":"{time_ms}"}}'
    )


def round_to_cents(value: Decimal) -> Decimal:
    """Eight places; for what is only shown."""
    return value.quantize(CENTS)


def _risky(margin: MarginView) -> bool:
    return margin.maintenance_margin > 0


def _detail(each: SimBalance, price: Decimal, margin: MarginView, now: Moment) -> str:
    secures = each.asset == MARGIN_ASSET
    available = margin.available if secures else each.free
    upl = margin.unrealised if secures else ZERO
    initial = money(margin.position_margin + margin.order_margin) if secures else ""
    ordered = margin.locked + margin.order_margin if secures else each.locked
    equity = each.total + upl
    worth = money(round_to_cents(equity * price))
    return (
        f'{{"accAvgPx":"","autoLendAmt":"0","autoLendMtAmt":"0","autoLendStatus":"unsupported",'
        f'"availBal":"{money(max(ZERO, each.free))}","availEq":"{money(max(ZERO, available))}",'
        f'"cashBal":"{money(each.total)}","ccy":"{each.asset}","coinUsdPrice":"{money(price)}","disEq":"{worth}","eq":"{money(equity)}",'
        f'"eqUsd":"{worth}","frozenBal":"{money(max(ZERO, equity - available))}","imr":"{initial}",'
        f'"mgnRatio":"","mmr":"{money(margin.maintenance_margin) if secures else ""}",'
        f'"ordFrozen":"{money(ordered)}","uTime":"{now.server_ms}","upl":"{money(upl)}",{_REST_OF_DETAIL}}}'
    )


def _position_id(listed: Listed, account_id: int) -> str:
    return str(POSITION_BASE + account_id * 10_000 + listed.code % 10_000)


def _short_position(listed: Listed, account_id: int, each: SimPosition, entry: Entry, now: Moment) -> str:
    """`posData` of the channel `balance_and_position`."""
    return (
        f'{{"posId":"{_position_id(listed, account_id)}","tradeId":"{entry.trade_id or ""}",'
        f'"instId":"{each.symbol}",'
        f'"instType":"SWAP","mgnMode":"{_mode(each)}","posSide":"net","pos":"{_size(listed, each.lots)}",'
        f'"ccy":"{listed.settle}","posCcy":"","avgPx":"{_average(each)}","nonSettleAvgPx":"",'
        f'"settledPnl":"","uTime":"{now.venue_ms(each.updated_ns)}"}}'
    )


def _position(
    listed: Listed, account_id: int, each: SimPosition, entry: Entry, margin: MarginView, now: Moment
) -> str:
    """One position; of one that is closed the venue says little more than `pos` "0"."""
    held, time_ms = each.lots != 0, now.venue_ms(each.updated_ns)
    opened_ms = now.venue_ms(entry.opened_ns) if entry.opened_ns else time_ms
    price, book = listed.text.price, listed.feed.book
    last = price(book.recent_fills[-1].executions[-1][2]) if book.recent_fills else price(book.best[0])
    value = abs(_base(listed, each)) * each.mark_price
    ratio = money(round_to_cents(each.unrealised / each.initial_margin)) if each.initial_margin else ""
    liquidation = each.liquidation_price
    return (
        f'{{"adl":"1","availPos":"","avgPx":"{_average(each)}","bePx":"","cTime":"{opened_ms}",'
        f'"ccy":"{listed.settle}","fee":"{money(entry.fees)}","fundingFee":"{money(entry.funding)}","idxPx":"{money(each.mark_price)}",'
        f'"imr":"{"" if each.isolated or not held else money(each.initial_margin)}",'
        f'"instId":"{each.symbol}","instType":"SWAP","last":"{last}","lever":"{each.leverage}",'
        f'"liqPenalty":"0","liqPx":"{"" if liquidation is None else money(liquidation)}",'
        f'"margin":"{money(each.isolated_margin) if each.isolated else ""}",'
        f'"markPx":"{money(each.mark_price)}","mgnMode":"{_mode(each)}","mgnRatio":"{_ratio(each, margin)}",'
        f'"mmr":"{money(each.maintenance_margin)}","notionalUsd":"{money(value)}","pTime":"{now.server_ms}",'
        f'"pnl":"{money(each.realised)}","pos":"{_size(listed, each.lots)}",'
        f'"posId":"{_position_id(listed, account_id)}","posSide":"net",'
        f'"realizedPnl":"{money(each.realised + entry.fees + entry.funding)}",'
        f'"tradeId":"{entry.trade_id or ""}","uTime":"{time_ms}","upl":"{money(each.unrealised)}",'
        f'"uplLastPx":"{money(each.unrealised)}","uplRatio":"{ratio}","uplRatioLastPx":"{ratio}",'
        f"{_REST_OF_POSITION}}}"
    )


def _ratio(each: SimPosition, margin: MarginView) -> str:
    """What secures a position over its maintenance margin; cross positions share both."""
    if each.maintenance_margin == 0:
        return ""
    if each.isolated:
        return money(round_to_cents((each.isolated_margin + each.unrealised) / each.maintenance_margin))
    return money(round_to_cents(margin.equity / margin.maintenance_margin))


def _base(listed: Listed, each: SimPosition) -> Decimal:
    """A position in the base asset."""
    return listed.instrument.size(each.lots)


def _mode(each: SimPosition) -> str:
    return "isolated" if each.isolated else "cross"


def _size(listed: Listed, lots: int) -> str:
    return f"-{listed.text.size(-lots)}" if lots < 0 else listed.text.size(lots)


def _average(each: SimPosition) -> str:
    return money(each.entry_price) if each.lots else ""
