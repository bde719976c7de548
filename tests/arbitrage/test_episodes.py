"""Episodes: a thousand ticks of one pair are one opportunity, with its best and its end."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from trimaran.arbitrage.episodes import NOT_TRIED, Episodes
from trimaran.domain.facts import OpportunityEnded, OpportunitySeen
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import GroupId

Make = Callable[..., Opportunity]


def test_a_pair_is_seen_once_and_ends_once(make_opportunity: Make) -> None:
    episodes = Episodes()
    first = make_opportunity(local_ns=100, edge_e8=5)
    pair = first.pair
    assert episodes.update([pair], [first], 100) == [OpportunitySeen(first)]
    best = make_opportunity(local_ns=150, edge_e8=9, proceeds=Decimal(60_100))
    assert episodes.update([pair], [best], 150) == []
    assert episodes.update([pair], [make_opportunity(local_ns=160, edge_e8=7)], 160) == []
    ended = OpportunityEnded(pair, 75, 9, best.net, None, NOT_TRIED, 175)
    assert episodes.update([pair], [], 175) == [ended]
    assert episodes.update([pair], [], 180) == []
    assert (episodes.seen, episodes.taken, episodes.open) == (1, 0, {})


def test_the_best_edge_and_the_best_net_may_be_two_moments(make_opportunity: Make) -> None:
    episodes = Episodes()
    wide = make_opportunity(edge_e8=90, proceeds=Decimal(60_011))
    deep = make_opportunity(edge_e8=10, proceeds=Decimal(60_500))
    episodes.update([wide.pair], [wide], 1)
    episodes.update([wide.pair], [deep], 2)
    (ended,) = episodes.update([wide.pair], [], 3)
    assert isinstance(ended, OpportunityEnded)
    assert (ended.best_edge_e8, ended.best_net) == (90, deep.net)


def test_a_pair_that_comes_back_is_another_one(make_opportunity: Make) -> None:
    episodes = Episodes()
    opportunity = make_opportunity()
    for now_ns in (1_000, 2_000, 3_000):
        facts = episodes.update([opportunity.pair], [opportunity], now_ns)
        facts += episodes.update([opportunity.pair], [], now_ns)
        assert [type(fact) for fact in facts] == [OpportunitySeen, OpportunityEnded]
    assert episodes.seen == 3


def test_only_pairs_that_were_looked_at_can_end(make_opportunity: Make) -> None:
    episodes = Episodes()
    there = make_opportunity()
    back = Pair(there.pair.sell, there.pair.buy)
    other = make_opportunity(pair=back)
    assert len(episodes.update([there.pair, back], [there, other], 1_000)) == 2
    assert episodes.update([back], [], 1_001)[0].pair == back  # type: ignore[union-attr]
    assert list(episodes.open) == [there.pair]


def test_taken_names_the_first_group(make_opportunity: Make) -> None:
    episodes = Episodes()
    opportunity = make_opportunity()
    episodes.update([opportunity.pair], [opportunity], 1)
    episodes.mark_missed(opportunity.pair, "paused after a refusal")
    episodes.mark_taken(opportunity.pair, GroupId("first"))
    episodes.mark_taken(opportunity.pair, GroupId("second"))
    episodes.mark_missed(opportunity.pair, "orders at work")
    (ended,) = episodes.update([opportunity.pair], [], 2)
    assert isinstance(ended, OpportunityEnded)
    assert (ended.taken, ended.missed_because, episodes.taken) == ("first", None, 1)


def test_the_reason_told_is_that_of_the_best_moment(make_opportunity: Make) -> None:
    episodes = Episodes()
    good = make_opportunity()
    better, worse = (replace(good, proceeds=good.proceeds + more) for more in (5, -5))
    for opportunity, reasons in (
        (good, ["quote too old"]),
        (better, ["orders at work", "refused by max_notional"]),
        (worse, ["net below minimum"]),
    ):
        episodes.update([good.pair], [opportunity], 1)
        for reason in reasons:
            episodes.mark_missed(good.pair, reason)
    (ended,) = episodes.update([good.pair], [], 2)
    assert isinstance(ended, OpportunityEnded)
    assert (ended.missed_because, ended.best_net) == ("refused by max_notional", better.net)


def test_marks_without_an_episode_do_nothing(make_opportunity: Make) -> None:
    episodes = Episodes()
    episodes.mark_taken(make_opportunity().pair, GroupId("late"))
    episodes.mark_missed(make_opportunity().pair, "late")
    assert (episodes.taken, episodes.open) == (0, {})
