"""Cross-market arbitrage: buy where it is cheap and sell where it is dear, in the same moment.

Both legs are IOC at the worst price that the depth walk reached, so a leg can fill less, never worse. What
one leg fills more than the other is given back at once, on the market where it was filled. What cannot be
given back (below the venue's minimum) stays as a position, where the ledger and the limits see it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.facts import ClosedLeg, GroupClosed, Purpose
from trimaran.domain.instrument import ContractKind, Side
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import StrategyName
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped

NAME: Final = StrategyName("cross_market")
BPS_ONE: Final = 10_000


class CrossMarketConfig(msgspec.Struct, frozen=True):
    """Settings of the strategy. Raises ConfigError that names the field."""

    net_min: Decimal = Decimal("0.50")  # quote; below it an opportunity is not worth its risk
    quote_age_ns_max: int = 1_000_000_000
    repeat_pause_ns: int = 500_000_000  # after a proposal: the books must first show what it took
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
        self._pauses: dict[Pair, tuple[int, str]] = {}  # until when, and why

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Proposal | Skipped:
        """Proposes both legs, or says why not."""
        pair = opportunity.pair
        reason = self._reason_to_skip(opportunity, desk)
        if reason is not None:
            return Skipped(pair, reason)
        buy = LegDraft(pair.buy, Side.BUY, opportunity.buy_limit_ticks, opportunity.buy_lots)
        sell = LegDraft(pair.sell, Side.SELL, opportunity.sell_limit_ticks, opportunity.sell_lots)
        self._pauses[pair] = (opportunity.local_ns + self._config.repeat_pause_ns, "proposed just before")
        return Proposal(NAME, Purpose.OPEN, (buy, sell), pair)

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Proposal | None:
        """Gives back the residual of an opening group."""
        if closed.purpose is not Purpose.OPEN or closed.residual == 0:
            return None
        heavier_side = Side.BUY if closed.residual > 0 else Side.SELL
        for leg in closed.legs:
            if leg.side is heavier_side:
                draft = self._unwind(leg, abs(closed.residual), desk)
                return None if draft is None else Proposal(NAME, Purpose.UNWIND, (draft,), None)
        return None

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Leaves the pair alone for a while."""
        if proposal.pair is not None:
            self._pauses[proposal.pair] = (now_ns + self._config.refusal_pause_ns, f"refused by {rule}")

    def _reason_to_skip(self, opportunity: Opportunity, desk: DeskView) -> str | None:
        pair = opportunity.pair
        if opportunity.net < self._config.net_min:
            return "net below minimum"
        if opportunity.age_ns > self._config.quote_age_ns_max:
            return "quote too old"
        paused_until_ns, reason = self._pauses.get(pair, (0, ""))
        if opportunity.local_ns < paused_until_ns:
            return reason
        if desk.working(pair.buy) or desk.working(pair.sell):
            return "orders at work"
        for key, ticks, lots in (
            (pair.buy, opportunity.buy_limit_ticks, opportunity.buy_lots),
            (pair.sell, opportunity.sell_limit_ticks, opportunity.sell_lots),
        ):
            instrument = desk.instrument(key)
            if instrument.notional(ticks, lots) < instrument.min_notional:
                return "below minimum notional"
        return None

    def _unwind(self, leg: ClosedLeg, size: Decimal, desk: DeskView) -> LegDraft | None:
        instrument = desk.instrument(leg.instrument_key)
        bid_ticks, ask_ticks = desk.top_ticks(leg.instrument_key)
        side = leg.side.opposite
        if instrument.kind is ContractKind.SPOT and side is Side.SELL:
            # A spot venue takes the fee of a purchase from what was bought: that much is not there to sell.
            size -= size * max(instrument.fees.taker_e8, 0) / FEE_E8_ONE
        lots = instrument.size_grid.steps_floor(size / instrument.contract_size)
        lots -= lots % instrument.order_step
        slack = self._config.unwind_slack_bps
        if side is Side.SELL:
            price_ticks = bid_ticks * (BPS_ONE - slack) // BPS_ONE
        else:
            price_ticks = -(-ask_ticks * (BPS_ONE + slack) // BPS_ONE)
        if lots == 0 or price_ticks == 0 or instrument.notional(price_ticks, lots) < instrument.min_notional:
            return None
        return LegDraft(leg.instrument_key, side, price_ticks, lots)
