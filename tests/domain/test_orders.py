"""The state table: its law, row by row, and over all sequences of events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.base.errors import IllegalTransition
from trimaran.domain.orders import (
    TERMINAL,
    TRANSITIONS,
    OrderEvent,
    OrderState,
    advance,
    end_event,
    fill_event,
)

S, E = OrderState, OrderEvent

STORIES = {
    "plain": (E.CLAIM, E.ACK, E.PARTIAL_FILL, E.FULL_FILL, S.FILLED),
    "refused": (E.CLAIM, E.REJECT, S.REJECTED),
    "never sent": (E.ABANDON, S.NOT_PLACED),
    "ioc remainder": (E.CLAIM, E.ACK, E.PARTIAL_FILL, E.EXPIRE, S.EXPIRED),
    "fill before ack": (E.CLAIM, E.PARTIAL_FILL, E.ACK, S.PARTIALLY_FILLED),
    "filled before ack": (E.CLAIM, E.FULL_FILL, E.ACK, S.FILLED),
    "ended before ack": (E.CLAIM, E.EXPIRE, E.ACK, S.EXPIRED),
    "answer lost, found": (E.CLAIM, E.LOSE, E.ACK, S.ACKED),
    "answer lost, filled": (E.CLAIM, E.LOSE, E.FULL_FILL, S.FILLED),
    "answer lost, absent": (E.CLAIM, E.LOSE, E.LOSE, E.PROVE_ABSENT, S.NOT_PLACED),
    "late rejection proves nothing": (E.CLAIM, E.LOSE, E.REJECT, S.UNKNOWN),
    "pushed ack, lost answer": (E.CLAIM, E.ACK, E.LOSE, S.ACKED),
    "cancel overtakes a fill": (E.CLAIM, E.ACK, E.CANCEL, E.PARTIAL_FILL, S.CANCELED),
    "cancel overtakes the last fill": (E.CLAIM, E.ACK, E.CANCEL, E.FULL_FILL, S.FILLED),
    "everything twice": (E.CLAIM, E.ACK, E.ACK, E.CANCEL, E.CANCEL, S.CANCELED),
    "one end in two words": (E.CLAIM, E.ACK, E.CANCEL, E.EXPIRE, S.CANCELED),
    "one end in two other words": (E.CLAIM, E.EXPIRE, E.CANCEL, S.EXPIRED),
    "refused after all": (E.CLAIM, E.LOSE, E.PROVE_ABSENT, E.REJECT, S.NOT_PLACED),
    "fill repeated after the end": (E.CLAIM, E.FULL_FILL, E.FULL_FILL, E.PARTIAL_FILL, S.FILLED),
}

ILLEGAL = [
    (S.NEW, E.ACK),  # nothing was sent
    (S.SENDING, E.CLAIM),  # a second sender
    (S.SENDING, E.ABANDON),  # a byte may have left
    (S.SENDING, E.PROVE_ABSENT),  # not before the answer is given up
    (S.UNKNOWN, E.CLAIM),
    (S.ACKED, E.REJECT),
    (S.ACKED, E.PROVE_ABSENT),
    (S.FILLED, E.CANCEL),
    (S.FILLED, E.EXPIRE),
    (S.REJECTED, E.ACK),
    (S.REJECTED, E.PARTIAL_FILL),
    (S.NOT_PLACED, E.ACK),
    (S.NOT_PLACED, E.FULL_FILL),
]


@pytest.mark.parametrize("name", STORIES)
def test_stories(name: str) -> None:
    *events, expected = STORIES[name]
    state = OrderState.NEW
    for event in events:
        state = advance(state, OrderEvent(event))
    assert state is expected


@pytest.mark.parametrize(("state", "event"), ILLEGAL)
def test_contradictions_are_illegal(state: OrderState, event: OrderEvent) -> None:
    with pytest.raises(IllegalTransition, match=f"{state.name}.*{event.name}"):
        advance(state, event)


def test_the_table_names_every_state_and_reaches_each() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    reached = {OrderState.NEW}
    for _ in OrderState:
        reached |= {after for state in reached for after in TRANSITIONS[state].values()}
    assert reached == set(OrderState)


def test_every_open_state_can_end() -> None:
    ending = set(TERMINAL)
    for _ in OrderState:
        ending |= {state for state, row in TRANSITIONS.items() if ending & set(row.values())}
    assert ending == set(OrderState)


def test_the_skeleton_of_the_law() -> None:
    after_new = set(TRANSITIONS[S.NEW].values())
    assert after_new == {S.SENDING, S.NOT_PLACED}
    assert [state for state, row in TRANSITIONS.items() if E.CLAIM in row] == [S.NEW]
    into_not_placed = {
        (state, event)
        for state, row in TRANSITIONS.items()
        for event, to in row.items()
        if to is S.NOT_PLACED
    }
    assert {pair for pair in into_not_placed if pair[0] is not S.NOT_PLACED} == {
        (S.NEW, E.ABANDON),
        (S.UNKNOWN, E.PROVE_ABSENT),
    }


@given(st.lists(st.sampled_from(OrderEvent), max_size=12))
def test_no_sequence_leaves_the_end_or_sends_twice(events: list[OrderEvent]) -> None:
    state, claims = OrderState.NEW, 0
    for event in events:
        try:
            after = advance(state, event)
        except IllegalTransition:
            continue
        claims += event is OrderEvent.CLAIM
        if state in TERMINAL:
            assert after is state or (after is S.FILLED and state in {S.CANCELED, S.EXPIRED})
        assert after is not S.NEW
        state = after
    assert claims <= 1


@pytest.mark.parametrize(("filled", "event"), [(1, E.PARTIAL_FILL), (9, E.PARTIAL_FILL), (10, E.FULL_FILL)])
def test_fill_events(filled: int, event: OrderEvent) -> None:
    assert fill_event(filled, 10) is event


def test_a_venue_that_fills_more_than_was_ordered_is_illegal() -> None:
    with pytest.raises(IllegalTransition, match="10 lots in total, found 11"):
        fill_event(11, 10)


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_the_report_of_an_end_repeats_without_harm(state: OrderState) -> None:
    assert advance(state, end_event(state)) is state
