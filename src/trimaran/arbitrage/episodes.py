"""Episodes: an opportunity from the moment it appears to the moment it is gone.

A pair that stays profitable for a thousand ticks is one opportunity, not a thousand. Each one ends with
its lifetime, the best it was worth, and either the group that took it or why it was missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from trimaran.domain.facts import OpportunityEnded, OpportunitySeen
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import GroupId

NOT_TRIED = "not tried"


class Episode(msgspec.Struct):
    """One opportunity while it lasts."""

    first: Opportunity
    best_edge_e8: int
    best_net: Decimal
    taken: GroupId | None = None
    missed_because: str = NOT_TRIED
    at_best: bool = True  # never yet worth more than now


class Episodes:
    """The open episodes of a desk, and counts of all."""

    def __init__(self) -> None:
        self.open: dict[Pair, Episode] = {}
        self.seen = 0
        self.taken = 0

    def update(
        self, pairs: Sequence[Pair], found: Sequence[Opportunity], now_ns: int
    ) -> list[OpportunitySeen | OpportunityEnded]:
        """Takes what is there now among `pairs` (all pairs of the group that changed)."""
        facts: list[OpportunitySeen | OpportunityEnded] = []
        for opportunity in found:
            episode = self.open.get(opportunity.pair)
            if episode is None:
                self.seen += 1
                self.open[opportunity.pair] = Episode(opportunity, opportunity.edge_e8, opportunity.net)
                facts.append(OpportunitySeen(opportunity))
            else:
                episode.best_edge_e8 = max(episode.best_edge_e8, opportunity.edge_e8)
                episode.at_best = opportunity.net >= episode.best_net
                episode.best_net = max(episode.best_net, opportunity.net)
        present = {opportunity.pair for opportunity in found}
        gone = [pair for pair in pairs if pair in self.open and pair not in present]
        facts.extend(_ended(pair, self.open.pop(pair), now_ns) for pair in gone)
        return facts

    def mark_taken(self, pair: Pair, group: GroupId) -> None:
        """A group of orders was approved for the pair."""
        episode = self.open.get(pair)
        if episode is not None and episode.taken is None:
            episode.taken = group
            self.taken += 1

    def mark_missed(self, pair: Pair, reason: str) -> None:
        """Why the pair was not traded, this time; the end tells what was said when it was worth most."""
        episode = self.open.get(pair)
        if episode is not None and (episode.at_best or episode.missed_because == NOT_TRIED):
            episode.missed_because = reason


def _ended(pair: Pair, episode: Episode, now_ns: int) -> OpportunityEnded:
    return OpportunityEnded(
        pair=pair,
        lifetime_ns=now_ns - episode.first.local_ns,
        best_edge_e8=episode.best_edge_e8,
        best_net=episode.best_net,
        taken=episode.taken,
        missed_because=None if episode.taken else episode.missed_because,
        local_ns=now_ns,
    )
