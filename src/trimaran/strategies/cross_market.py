"""Cross-market arbitrage: buy where it is cheap and sell where it is dear, in the same moment.

Both legs are IOC at the worst price that the depth walk reached, so a leg can fill less, never worse. What
one leg fills more than the other, fees taken in coins included, is owed, and durable state remembers it: it
is given back at once on the market of the heavier leg, and tried again until it is gone. What is too small
for the venue waits until it is not.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.exact import ZERO
from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import InstrumentKey, Side
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import StrategyName
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped

NAME: Final = StrategyName("cross_market")
BPS_ONE: Final = 10_000
OWED_MIN: Final = Decimal(100)  # quote; a larger residual goes before new opportunities


class CrossMarketConfig(msgspec.Struct, frozen=True):
    """Settings of the strategy. Raises ConfigError that names the field."""

    net_min: Decimal = Decimal("0.50")  # quote; below it an opportunity is not worth its risk
    quote_age_ns_max: int = 1_000_000_000
    repeat_pause_ns: int = 500_000_000  # after taking from a side: its book must first show what is left
    refusal_pause_ns: int = 1_000_000_000  # after a refusal, before the same pair is proposed again
    unwind_slack_bps: int = 20  # how far through the top a residual may be given back

    def __post_init__(self) -> None:
        checks = (
            ("net_min", self.net_min, self.net_min.is_finite() and self.net_min >= 0, "at least 0"),
            ("quote_age_ns_max", self.quote_age_ns_max, self.quote_age_ns_max > 0, "above 0"),
            ("repeat_pause_ns", self.repeat_pause_ns, self.repeat_pause_ns >= 0, "at least 0"),
            ("refusal_pause_ns", self.refusal_pause_ns, self.refusal_pause_ns >= 0, "at least 0"),
            ("unwind_slack_bps", self.unwind_slack_bps, 0 <= self.unwind_slack_bps < BPS_ONE, "0..9999"),
        )
        for name, value, holds, expected in checks:
            if not holds:
                raise ConfigError(f"cross_market.{name}: expected {expected}, found {value}")


class CrossMarket:
    """See the module."""

    name = NAME

    def __init__(self, config: CrossMarketConfig) -> None:
        self._config = config
        self._owed_pauses: dict[InstrumentKey, int] = {}
        self._pauses: dict[Pair, tuple[int, str]] = {}  # until when, and why
        self._taken: dict[tuple[InstrumentKey, Side], int] = {}  # sides left alone, until when

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Proposal | Skipped:
        """Proposes both legs, or says why not."""
        pair = opportunity.pair
        reason = self._reason_to_skip(opportunity, desk)
        if reason is not None:
            return Skipped(pair, reason)
        buy = LegDraft(pair.buy, Side.BUY, opportunity.buy_limit_ticks, opportunity.buy_lots)
        sell = LegDraft(pair.sell, Side.SELL, opportunity.sell_limit_ticks, opportunity.sell_lots)
        for leg in (buy, sell):
            self._taken[leg.instrument_key, leg.side] = opportunity.local_ns + self._config.repeat_pause_ns
        return Proposal(NAME, Purpose.OPEN, (buy, sell), pair)

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Proposal | None:
        """Gives back what it can of the residual of a group."""
        if closed.residual == 0:
            return None
        heavier = Side.BUY if closed.residual > 0 else Side.SELL
        legs = sorted(closed.legs, key=lambda leg: leg.side is not heavier)
        return self._give_back(legs[0].instrument_key, closed.local_ns, desk)

    def on_tick(self, now_ns: int, desk: DeskView) -> list[Proposal]:
        """Tries again what could not be given back: no live book, a refusal, or it did not fill."""
        tried = [self._give_back(key, now_ns, desk) for key in desk.owed(NAME)]
        return [proposal for proposal in tried if proposal is not None]

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Leaves the pair, or the residual, alone for a while."""
        until_ns = now_ns + self._config.refusal_pause_ns
        if proposal.pair is not None:
            self._pauses[proposal.pair] = (until_ns, f"refused by {rule}")
            for leg in proposal.legs:
                self._taken.pop((leg.instrument_key, leg.side), None)  # nothing was
        else:
            self._owed_pauses.update(dict.fromkeys((leg.instrument_key for leg in proposal.legs), until_ns))

    def _reason_to_skip(self, opportunity: Opportunity, desk: DeskView) -> str | None:
        pair = opportunity.pair
        if opportunity.net < self._config.net_min:
            return "net below minimum"
        if opportunity.age_ns > self._config.quote_age_ns_max:
            return "quote too old"
        paused_until_ns, reason = self._pauses.get(pair, (0, ""))
        if opportunity.local_ns < paused_until_ns:
            return reason
        # What was taken is gone for every pair that shares the side, whatever the book still shows.
        if any(
            opportunity.local_ns < self._taken.get(side, 0)
            for side in ((pair.buy, Side.BUY), (pair.sell, Side.SELL))
        ):
            return "taken just before"
        if desk.working(pair.buy) or desk.working(pair.sell):
            return "orders at work"
        if desk.halted(pair.buy, NAME) or desk.halted(pair.sell, NAME):
            return "halted"
        for key, ticks, lots in (
            (pair.buy, opportunity.buy_limit_ticks, opportunity.buy_lots),
            (pair.sell, opportunity.sell_limit_ticks, opportunity.sell_lots),
        ):
            instrument = desk.instrument(key)
            if instrument.notional(ticks, lots) < instrument.min_notional:
                return "below minimum notional"
            if lots < instrument.order_lots_min:
                return "below minimum size"
            worth = abs(desk.owed(NAME).get(key, ZERO)) * instrument.price(ticks)
            if worth >= OWED_MIN and self._unwinding(key, desk) is not None:
                return "residual owed"
        return None

    def _give_back(self, key: InstrumentKey, now_ns: int, desk: DeskView) -> Proposal | None:
        """One IOC order through the top; None where it must wait: for a book, a pause, or a larger size."""
        if desk.working(key) or desk.halted(key, NAME) or now_ns < self._owed_pauses.get(key, 0):
            return None
        leg = self._unwinding(key, desk)
        if leg is None:
            return None
        self._owed_pauses[key] = now_ns + self._config.repeat_pause_ns
        return Proposal(NAME, Purpose.UNWIND, (leg,), None)

    def _unwinding(self, key: InstrumentKey, desk: DeskView) -> LegDraft | None:
        """What of a residual can be given back now; None without a top, or below the smallest order."""
        owed = desk.owed(NAME).get(key, ZERO)
        instrument = desk.instrument(key)
        bid_ticks, ask_ticks = desk.top_ticks(key)
        slack = self._config.unwind_slack_bps
        side = Side.SELL if owed > 0 else Side.BUY
        if side is Side.SELL:
            price_ticks = bid_ticks * (BPS_ONE - slack) // BPS_ONE
        else:
            price_ticks = -(-ask_ticks * (BPS_ONE + slack) // BPS_ONE)
        if owed == 0 or price_ticks == 0:
            return None
        size = min(abs(owed), desk.notional_max / instrument.price(price_ticks))  # the rest comes after
        lots = instrument.size_grid.steps_floor(size / instrument.contract_size)
        lots -= lots % instrument.order_step
        if (
            lots < instrument.order_lots_min
            or instrument.notional(price_ticks, lots) < instrument.min_notional
        ):
            return None
        return LegDraft(key, side, price_ticks, lots)
