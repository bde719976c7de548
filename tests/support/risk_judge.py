"""A second, plain judge of orders: it knows the rules of risk from their words and counts everything anew.

It computes with fractions from lists of orders, positions and balances, and shares no code with the rules or
the sums of the cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from trimaran.domain.answer import BookStatus
from trimaran.domain.decision import KillState
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Side, Symbol
from trimaran.domain.kill import ALL, KillScope, ScopeKind, scopes_of
from trimaran.domain.orders import OrderRequest, OrderType, StrategyName, TimeInForce
from trimaran.risk.limits import Allowed, RiskLimits, ScopeLimits

NOW_NS = 10**12
BTC, USDT = Asset("BTC"), Asset("USDT")
SPOT = Instrument(
    market=MarketName("one.spot"),
    symbol=Symbol("BTCUSDT"),
    base=BTC,
    quote=USDT,
    kind=ContractKind.SPOT,
    price_grid=Grid(5, -1),
    size_grid=Grid(1, -2),
    order_step=2,
    order_lots_min=4,
    min_notional=Decimal(5),
    fees=Fees(-10_000, 100_000),
)
SWAP = replace(
    SPOT,
    market=MarketName("one.swap"),
    kind=ContractKind.PERPETUAL,
    order_step=1,
    contract_size=Decimal("0.5"),
)
FAR = replace(SWAP, market=MarketName("two.swap"), fees=Fees(0, 50_000))
INVERTED = replace(SPOT, symbol=Symbol("USDTBTC"), base=USDT, quote=BTC)
INSTRUMENTS = {each.key: each for each in (SPOT, SWAP, FAR, INVERTED)}
STRATEGIES = (StrategyName("a"), StrategyName("b"))
SCOPES = (
    ALL,
    KillScope(ScopeKind.VENUE, "one"),
    KillScope(ScopeKind.ACCOUNT, "one.swap"),
    KillScope(ScopeKind.STRATEGY, "a"),
)
RATE = {USDT: Fraction(1), BTC: Fraction(100)}


class Judge:
    """Everything that there is against an order, if the orders of `before` were open."""

    def __init__(self, world: dict[str, Any], order: OrderRequest, before: Sequence[OrderRequest]) -> None:
        self.world, self.order, self.book = world, order, world["book"]
        self.instrument = INSTRUMENTS[order.instrument_key]
        self.limits: RiskLimits = self.book.of(order.instrument_key)
        self.open = [(each, each.lots - filled) for each, filled in world["open"]]
        self.open += [(each, each.lots) for each in before]
        self.before = before
        self.scopes = scopes_of(self.instrument.market, order.strategy)

    def objections(self) -> set[str]:
        if not self.makes_sense():
            return {"well_formed"}
        world, quote, order = self.world, self.world["quote"], self.order
        checks = {
            "kill": any(
                world["kills"].get(scope, 0) == KillState.KILLED
                or (world["kills"].get(scope, 0) == KillState.REDUCE_ONLY and not order.reduce_only)
                for scope in self.scopes
            ),
            "not_ready": self.instrument.market in world["unready"],
            "journal": not world["room"],
            "frozen": order.instrument_key in world["frozen"],
            "restricted": self.restricted(),
            "stale_book": quote.status is not BookStatus.LIVE or not quote.bid_ticks,
            "quote_age": NOW_NS - quote.quote_ns > self.limits.quote_age_ns_max,
            "max_lots": order.lots > self.limits.order_lots_max,
            "open_orders": self.too_many_open(),
            "order_rate": self.too_fast("rate_orders_max", "rate_window_ns", True),
            "message_rate": self.too_fast("messages_max", "messages_window_ns", False),
            "duplicate": self.repeated(),
            "price_collar": self.far_off(),
            "max_notional": self.paid(order, order.lots) > self.limits.order_notional_max,
            "min_notional": self.paid(order, order.lots) < self.instrument.min_notional
            and not (order.reduce_only and self.perpetual(order)),
            "reduce_only": self.turns_over(),
            "self_cross": self.meets_us(),
            "max_position": self.towards(order.instrument_key) + order.lots > self.limits.position_lots_max,
            "asset_exposure": self.asset_exposure() > self.book.exposure_of(self.instrument.base),
            "balance": self.overdrawn(),
            **self.scope_checks(),
        }
        return {name for name, broken in checks.items() if broken}

    def makes_sense(self) -> bool:
        order = self.order
        fields = (order.price_ticks, order.lots, order.created_ns, order.client_order_id, order.trigger_ticks)
        if not all(isinstance(field, int) for field in fields):
            return False
        return (
            0 < order.price_ticks <= 2**50
            and 0 < order.lots <= 2**62
            and order.lots % self.instrument.order_step == 0
            and order.lots >= self.instrument.order_lots_min
            and 0 <= order.created_ns <= NOW_NS
            and 0 < order.client_order_id < 2**62
            and order.trigger_ticks == 0
            and order.order_type is OrderType.LIMIT
        )

    def restricted(self) -> bool:
        allowed = self.limits.allowed
        if allowed is Allowed.REDUCE_ONLY:
            return not self.order.reduce_only
        side = Allowed.BUY if self.order.side is Side.BUY else Allowed.SELL
        return allowed not in (Allowed.ALL, side)

    def too_many_open(self) -> bool:
        mine = [each for each, _ in self.open if each.instrument_key == self.order.instrument_key]
        if len(mine) >= self.limits.open_orders_max:
            return True
        return any(
            limit is not None and sum(scope in self.over(each) for each, _ in self.open) >= limit
            for scope in self.scopes
            for limit in (self.book.scope(scope).open_orders_max,)
        )

    def too_fast(self, most: str, window: str, on_instrument: bool) -> bool:
        made = [
            *((each, each.created_ns) for each in self.world["recent"]),
            *((each, NOW_NS) for each in self.before),
        ]
        if on_instrument:
            since = NOW_NS - self.limits.rate_window_ns
            times = [
                at for each, at in made if each.instrument_key == self.order.instrument_key and at > since
            ]
            if len(times) >= self.limits.rate_orders_max:
                return True
        for scope in self.scopes:
            limit, since = (
                getattr(self.book.scope(scope), most),
                NOW_NS - getattr(self.book.scope(scope), window),
            )
            if (
                limit is not None
                and sum(at > since for each, at in made if scope in self.over(each)) >= limit
            ):
                return True
        return False

    def repeated(self) -> bool:
        order, earlier = self.order, [*self.world["recent"], *self.before]
        for each in earlier:
            same_family = each.client_order_id // 16 == order.client_order_id // 16
            same_intent = each.intent_id == order.intent_id
            alive = any(one.client_order_id == each.client_order_id for one, _ in self.open)
            newer = order.client_order_id > each.client_order_id
            if (same_family or same_intent) and not (same_family and same_intent and newer and not alive):
                return True
            wish = [(o.instrument_key, o.side, o.price_ticks, o.lots, o.strategy) for o in (order, each)]
            recent = each in self.before or NOW_NS - each.created_ns < self.limits.duplicate_window_ns
            if wish[0] == wish[1] and recent and self.limits.duplicate_window_ns and not same_family:
                return True
        return False

    def far_off(self) -> bool:
        quote = self.world["quote"]
        if quote.fair_numerator <= 0:
            return True
        fair = Fraction(quote.fair_numerator, quote.fair_denominator)
        return abs(self.order.price_ticks / fair - 1) > Fraction(self.limits.collar_bps_max, 10_000)

    def turns_over(self) -> bool:
        order = self.order
        if not order.reduce_only:
            return False
        return not self.perpetual(order) or self.towards(order.instrument_key) + order.lots > 0

    def meets_us(self) -> bool:
        order = self.order
        return any(
            each.instrument_key == order.instrument_key
            and each.side is not order.side
            and each.tif is TimeInForce.GTC
            and (each.price_ticks - order.price_ticks) * order.side.sign <= 0
            for each, _ in self.open
        )

    def asset_exposure(self) -> Fraction:
        base, sign = self.instrument.base, self.order.side.sign
        total = Fraction(self.world["exposure"]) * sign if base == BTC else Fraction(0)
        for each, left in [*self.open, (self.order, self.order.lots)]:
            if INSTRUMENTS[each.instrument_key].base == base and each.side is self.order.side:
                total += self.size(each.instrument_key, left)
        return total

    def scope_checks(self) -> dict[str, bool]:
        found = dict.fromkeys(("exposure", "daily_loss", "drawdown", "leverage", "liquidation"), False)
        if self.order.reduce_only:
            return found
        for scope in self.scopes:
            limits = self.book.scope(scope)
            strategy = StrategyName(scope.name) if scope.kind is ScopeKind.STRATEGY else None
            own = self.order.instrument_key
            if self.worst(own, strategy, True) <= self.worst(own, strategy, False):
                continue
            inside = [
                key
                for key, each in INSTRUMENTS.items()
                if strategy or scope in scopes_of(each.market, STRATEGIES[0])
            ]
            if limits.exposure_max is not None:
                total = sum(self.value(key, strategy) * RATE[INSTRUMENTS[key].quote] for key in inside)
                found["exposure"] |= total > limits.exposure_max
            first, last = (equities.get(scope) for equities in self.world["equities"])
            known = [each for each in (first, last) if each is not None]
            for name, limit in (("daily_loss", limits.daily_loss_max), ("drawdown", limits.drawdown_max)):
                if limit is not None:
                    top = (known[0] if name == "daily_loss" else max(known)) if known else 0
                    found[name] |= not known or top - known[-1] > limit
            if scope.kind is ScopeKind.ACCOUNT and self.perpetual(self.order):
                self.margins(found, limits)
        return found

    def margins(self, found: dict[str, bool], limits: ScopeLimits) -> None:
        gross = sum(
            self.value(key, None)
            for key, each in INSTRUMENTS.items()
            if each.market == self.instrument.market and each.kind is ContractKind.PERPETUAL
        )
        equity = Fraction(self.world["balances"][self.instrument.market, USDT]) - self.lost()
        if limits.leverage_max is not None:
            found["leverage"] |= equity <= 0 or gross > limits.leverage_max * equity
        if limits.liquidation_bps_min is not None:
            move = Fraction(limits.liquidation_bps_min + limits.maintenance_bps, 10_000)
            found["liquidation"] |= equity <= 0 or gross * move > equity

    def overdrawn(self) -> bool:
        order, instrument = self.order, self.instrument
        if self.perpetual(order) and order.reduce_only:
            return False
        asset = instrument.base if order.side is Side.SELL and not self.perpetual(order) else instrument.quote
        there = Fraction(self.world["balances"][instrument.market, asset])
        if self.perpetual(order):
            there -= self.lost() + self.held()
        for each, left in [*self.open, (order, order.lots)]:
            taken, amount = self.need(each, left)
            if INSTRUMENTS[each.instrument_key].market == instrument.market and taken == asset:
                there -= amount
        return there < 0

    def need(self, each: OrderRequest, left: int) -> tuple[Asset, Fraction]:
        instrument = INSTRUMENTS[each.instrument_key]
        fee = Fraction(instrument.fees.taker_e8, 10**8)
        if instrument.kind is ContractKind.PERPETUAL:
            share = Fraction(1, self.book.of(instrument.key).leverage_max) + fee
            return instrument.quote, Fraction(0) if each.reduce_only else self.paid(each, left) * share
        if each.side is Side.SELL:
            return instrument.base, self.size(instrument.key, left)
        return instrument.quote, self.paid(each, left) * (1 + fee)

    def lost(self) -> Fraction:
        total = Fraction(0)
        for key, (lots, cost) in self.perpetual_positions():
            mark = Fraction(199 if lots > 0 else 201, 2)
            total += max(Fraction(0), Fraction(cost) - self.size(key, lots) * mark)
        return total

    def held(self) -> Fraction:
        leverage = self.limits.leverage_max
        return sum(
            (abs(Fraction(cost)) / leverage for _, (_, cost) in self.perpetual_positions()), start=Fraction(0)
        )

    def perpetual_positions(self) -> list[Any]:
        return [
            (key, each)
            for key, each in self.world["positions"].items()
            if INSTRUMENTS[key].kind is ContractKind.PERPETUAL
            and INSTRUMENTS[key].market == self.instrument.market
        ]

    def value(self, key: Any, strategy: StrategyName | None) -> Fraction:
        return self.size(key, self.worst(key, strategy, True)) * Fraction(201, 2)

    def worst(self, key: Any, strategy: StrategyName | None, with_order: bool) -> int:
        position = self.world["positions"].get(key, (0,))[0]
        if strategy is not None:
            position = self.world["traded"].get((strategy, key), 0)
        everything = [*self.open, (self.order, self.order.lots)] if with_order else self.open
        mine = [
            (each, left)
            for each, left in everything
            if each.instrument_key == key and strategy in (None, each.strategy)
        ]
        buys = sum(left for each, left in mine if each.side is Side.BUY)
        sells = sum(left for each, left in mine if each.side is Side.SELL)
        return max(position + buys, sells - position)

    def towards(self, key: Any) -> int:
        side = self.order.side
        waiting = sum(left for each, left in self.open if each.side is side and each.instrument_key == key)
        return side.sign * self.world["positions"].get(key, (0,))[0] + waiting

    def over(self, each: OrderRequest) -> Sequence[KillScope]:
        return scopes_of(INSTRUMENTS[each.instrument_key].market, each.strategy)

    def perpetual(self, each: OrderRequest) -> bool:
        return INSTRUMENTS[each.instrument_key].kind is ContractKind.PERPETUAL

    def paid(self, each: OrderRequest, lots: int) -> Fraction:
        return Fraction(each.price_ticks, 2) * self.size(each.instrument_key, lots)

    def size(self, key: Any, lots: int) -> Fraction:
        return Fraction(lots, 100) * Fraction(INSTRUMENTS[key].contract_size)
