"""The protocol is explored whole: nothing is sent twice, nothing is lost, and each rule is needed for it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.intent_model import (
    DUPLICATE,
    ILLEGAL,
    LOST,
    Found,
    Model,
    Rule,
    Table,
)
from trimaran.domain.orders import TRANSITIONS, OrderEvent, OrderState

ALL = frozenset(Rule)
NEEDED = [Rule.RECORD, Rule.DEPARTURE, Rule.EXPIRY, Rule.WAIT, Rule.LAG, Rule.ERROR]
IN_DEPTH = [
    {Rule.CLAIM_ONCE},
    {Rule.EPOCH},
    {Rule.LEASE},
    {Rule.CLAIM_ONCE, Rule.EPOCH},
    {Rule.DEDUPE},
    {Rule.REISSUE},
]
TOGETHER = {Rule.CLAIM_ONCE, Rule.EPOCH, Rule.LEASE}
HTX = ALL - {Rule.EXPIRY, Rule.DEDUPE}  # no expiry in a request, and ids may be used again


def say(found: Found) -> str:
    return f"{found.verdict or 'nothing is wrong'} in {found.states} states: {' > '.join(found.way)}"


def names(rules: set[Rule]) -> str:
    return "+".join(sorted(rule.name for rule in rules))


def test_the_whole_protocol_sends_nothing_twice_and_loses_nothing() -> None:
    found = Model(ALL).explore()
    assert not found.verdict, say(found)
    assert found.states > 30_000
    reached = {state for state, _ in found.reached}
    assert reached == set(OrderState) - {OrderState.PARTIALLY_FILLED, OrderState.CANCELED, OrderState.EXPIRED}
    assert {attempt for _, attempt in found.reached} == {0, 1}


@pytest.mark.parametrize("rule", NEEDED, ids=lambda rule: rule.name)
def test_without_any_one_of_these_rules_it_fails(rule: Rule) -> None:
    found = Model(ALL - {rule}).explore((DUPLICATE,))
    print(f"without {rule.name} ({rule.value}): {say(found)}")
    assert found.verdict == DUPLICATE
    assert found.way


@pytest.mark.parametrize("rule", [Rule.EXPIRY, Rule.WAIT, Rule.LAG, Rule.ERROR], ids=lambda rule: rule.name)
def test_where_nothing_is_sent_anew_an_order_is_lost_instead(rule: Rule) -> None:
    found = Model(ALL - {rule, Rule.REISSUE}).explore()
    print(f"without {rule.name} and re-issue: {say(found)}")
    assert found.verdict == LOST


@pytest.mark.parametrize("rules", IN_DEPTH, ids=names)
def test_each_of_these_alone_is_defence_in_depth(rules: set[Rule]) -> None:
    found = Model(ALL - rules).explore()
    assert not found.verdict, say(found)


def test_without_the_three_fences_of_ownership_together_it_fails() -> None:
    found = Model(ALL - TOGETHER).explore((DUPLICATE,))
    print(f"without {names(TOGETHER)}: {say(found)}")
    assert found.verdict == DUPLICATE


def test_a_venue_without_expiry_is_safe_only_without_sending_anew() -> None:
    assert Model(HTX).explore((DUPLICATE,)).verdict == DUPLICATE
    found = Model(HTX - {Rule.REISSUE}).explore((DUPLICATE, ILLEGAL))
    assert not found.verdict, say(found)


def spoilt(state: OrderState, event: OrderEvent, after: OrderState | None) -> Table:
    """The table with one move changed, added or taken away."""
    table: dict[OrderState, dict[OrderEvent, OrderState]] = {
        each: dict(moves) for each, moves in TRANSITIONS.items()
    }
    if after is None:
        del table[state][event]
    else:
        table[state][event] = after
    return table


SPOILT: Mapping[str, tuple[OrderState, OrderEvent, OrderState | None]] = {
    "a lost answer is a rejection": (OrderState.SENDING, OrderEvent.LOSE, OrderState.REJECTED),
    "a lost answer was never placed": (OrderState.SENDING, OrderEvent.LOSE, OrderState.NOT_PLACED),
    "a lost answer makes it new": (OrderState.SENDING, OrderEvent.LOSE, OrderState.NEW),
    "what is unknown is claimed again": (OrderState.UNKNOWN, OrderEvent.CLAIM, OrderState.SENDING),
    "a claim claims nothing": (OrderState.NEW, OrderEvent.CLAIM, OrderState.NEW),
    "a lost answer is not heard": (OrderState.SENDING, OrderEvent.LOSE, None),
    "an ack of what is unknown is not heard": (OrderState.UNKNOWN, OrderEvent.ACK, None),
    "a fill before the ack is not heard": (OrderState.SENDING, OrderEvent.FULL_FILL, None),
    "an ack rejects": (OrderState.SENDING, OrderEvent.ACK, OrderState.REJECTED),
    "what was found was never placed": (OrderState.UNKNOWN, OrderEvent.ACK, OrderState.NOT_PLACED),
    "absence proves nothing": (OrderState.UNKNOWN, OrderEvent.PROVE_ABSENT, None),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_table_that_is_spoilt_is_found_out(name: str) -> None:
    found = Model(ALL, spoilt(*SPOILT[name])).explore()
    print(f"{name}: {say(found)}")
    assert found.verdict
