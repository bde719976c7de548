"""The law of one dead-man switch, against a venue that cancels on time and answers late, wrongly or never."""

from __future__ import annotations

import random

import pytest

from trimaran.live.dead_man import LINGER_NS, Arm, DeadManSwitch, Disarm, Lapse

SECOND = 1_000_000_000
TIMEOUT = 30 * SECOND


def test_armed_while_something_is_open_and_disarmed_a_while_after() -> None:
    law = DeadManSwitch(TIMEOUT)
    assert law.step(0, False) == ()
    assert law.step(SECOND, True) == (Arm(TIMEOUT),)
    assert law.step(2 * SECOND, True) == ()  # one at a time
    law.armed(SECOND)
    assert law.step(10 * SECOND, True) == ()
    assert law.step(11 * SECOND, True) == (Arm(TIMEOUT),)
    law.armed(11 * SECOND)
    assert law.step(20 * SECOND, False) == ()
    assert law.step(21 * SECOND, False) == (Arm(TIMEOUT),)  # it may be opened again at once
    law.armed(21 * SECOND)
    assert law.step(11 * SECOND + LINGER_NS, False) == (Disarm(),)
    law.disarmed(31 * SECOND)
    assert law.step(99 * SECOND, False) == ()
    assert law.close() is None


def test_a_failure_is_tried_again_and_the_arming_before_still_counts() -> None:
    law = DeadManSwitch(TIMEOUT)
    law.step(0, True)
    law.armed(0)
    assert law.step(10 * SECOND, True) == (Arm(TIMEOUT),)
    law.failed(11 * SECOND, nothing_done=True)
    assert law.is_armed(29 * SECOND)
    assert law.step(11 * SECOND, True) == ()
    assert law.step(12 * SECOND, True) == (Arm(TIMEOUT),)
    law.failed(13 * SECOND, nothing_done=True)
    assert law.failures == 2
    assert law.step(14 * SECOND, True) == ()
    assert law.step(15 * SECOND, True) == (Arm(TIMEOUT),)
    law.armed(15 * SECOND)
    assert law.failures == 0


@pytest.mark.parametrize("still_open", [True, False])
def test_silence_for_longer_than_the_timeout_is_told_once(still_open: bool) -> None:
    law = DeadManSwitch(TIMEOUT)
    law.step(0, True)
    law.armed(0)
    told = law.step(95 * SECOND, still_open)
    assert told[0] == Lapse(TIMEOUT, 95 * SECOND)
    assert (Arm(TIMEOUT) in told) is still_open
    assert not any(isinstance(each, Lapse) for each in law.step(96 * SECOND, still_open))


def test_silence_with_nothing_open_is_nobodys_loss() -> None:
    law = DeadManSwitch(TIMEOUT)
    law.step(0, True)
    law.armed(0)
    law.step(5 * SECOND, False)
    assert law.step(95 * SECOND, False) == ()
    assert law.close() is None


@pytest.mark.parametrize(("nothing_done", "disarms"), [(True, False), (False, True)])
def test_what_may_have_been_armed_is_disarmed(nothing_done: bool, disarms: bool) -> None:
    law = DeadManSwitch(TIMEOUT)
    law.step(0, True)
    law.failed(SECOND, nothing_done)
    assert (law.close() is not None) is disarms
    assert (law.step(SECOND + LINGER_NS, False) == (Disarm(),)) is disarms


def test_a_request_under_way_is_disarmed_at_the_end() -> None:
    law = DeadManSwitch(TIMEOUT)
    law.step(0, True)
    assert law.close() == Disarm()


@pytest.mark.parametrize("seed", range(40))
def test_it_never_fires_while_we_speak_and_is_known_when_it_may_have(seed: int) -> None:
    """Whatever the venue's answers do: what it cancelled while something was open was told as a lapse; what
    we believe to be armed is armed; without faults it never fires."""
    rng = random.Random(seed)
    faulty = seed % 2
    law, now, end = DeadManSwitch(TIMEOUT), 0, 3_000 * SECOND
    fires: int | None = None  # the venue's own
    fired: list[int] = []
    lapses: list[tuple[int, int]] = []  # from when it may fire, until it is armed again
    pending: tuple[int, int, str] | None = None  # when the answer comes, when it left, what it says
    is_open = False
    while now < end:
        silent = faulty and rng.random() < 0.002
        now += rng.randrange(35, 90) * SECOND if silent else SECOND // 2
        if fires is not None and now >= fires:
            if is_open:
                fired.append(fires)
            fires, is_open = None, False
        if rng.random() < 0.05:
            is_open = not is_open
        if pending is not None and now >= pending[0]:
            _, sent, word = pending
            pending = None
            match word:
                case "armed":
                    law.armed(sent)
                    if lapses and lapses[-1][1] == 2 * end:
                        lapses[-1] = (lapses[-1][0], now)
                case "disarmed":
                    law.disarmed(now)
                case "refused":
                    law.failed(now, nothing_done=True)
                case "lost":
                    law.failed(now, nothing_done=False)
        for action in law.step(now, is_open):
            if isinstance(action, Lapse):
                lapses.append((action.fires_ns, 2 * end))
                continue
            word = rng.choice(["ok", "ok", "ok", "refused", "lost", "unheard"]) if faulty else "ok"
            if word in ("ok", "unheard"):
                fires = now + TIMEOUT if isinstance(action, Arm) else None
            said = {"ok": "armed" if isinstance(action, Arm) else "disarmed", "unheard": "lost"}.get(
                word, word
            )
            pending = (now + rng.randrange(1, 3) * SECOND, now, said)
        if law.is_armed(now):
            assert fires is not None
    if not faulty:
        assert not fired
        assert not lapses
    for fire in fired:
        assert any(begin <= fire <= until for begin, until in lapses), (fire, lapses)
