"""What the kill switches stand at: moves, bytes, codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.base.errors import ConfigError
from trimaran.domain.decision import KillState
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import ALL, KillScope
from trimaran.domain.orders import StrategyName
from trimaran.live import kill_image
from trimaran.live.kill_image import CODE_WINDOW_NS, HISTORY_MAX, KillImage, Move

OKX, SWAP, ARB = (KillScope.parse(text) for text in ("venue:okx", "account:okx.swap", "strategy:arb"))
NOW_NS = 1_800_000_000_000_000_000
SCOPES = st.sampled_from([ALL, OKX, SWAP, ARB])


def move_to(image: KillImage, scope: KillScope, state: KillState, nonce: str = "n") -> KillImage:
    move = Move(scope, image.state(scope), state, "anna", "why", NOW_NS)
    return kill_image.moved(image, move, f"{nonce}{image.serial}")


@given(st.lists(st.tuples(SCOPES, st.sampled_from(KillState)), max_size=80))
def test_the_last_move_of_each_switch_stands_and_the_bytes_say_so(moves: list[tuple[KillScope, KillState]]):
    image, expected = KillImage(), dict[KillScope, KillState]()
    for scope, state in moves:
        image = move_to(image, scope, state)
        expected[scope] = state
    assert {scope: image.state(scope) for scope in expected} == expected
    assert image.serial == len(moves)
    assert len(image.history) == min(len(moves), HISTORY_MAX)
    strictest = max(expected.values(), default=KillState.RUNNING)
    assert image.over(MarketName("okx.swap"), StrategyName("arb")) is strictest
    assert kill_image.decode(kill_image.encode(image)) == image


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [
        ("all", {"okx.spot/arb", "okx.swap/arb", "okx.spot/maker", "htx.spot/arb"}),
        ("venue:okx", {"okx.spot/arb", "okx.swap/arb", "okx.spot/maker"}),
        ("account:okx.swap", {"okx.swap/arb"}),
        ("strategy:arb", {"okx.spot/arb", "okx.swap/arb", "htx.spot/arb"}),
        ("venue:ok", set()),
    ],
)
def test_a_switch_is_over_what_its_scope_says(scope: str, stopped: set[str]) -> None:
    image = move_to(KillImage(), KillScope.parse(scope), KillState.KILLED)
    orders = ["okx.spot/arb", "okx.swap/arb", "okx.spot/maker", "htx.spot/arb"]
    parts = {order: order.partition("/") for order in orders}
    found = {
        order
        for order, (market, _, strategy) in parts.items()
        if image.over(MarketName(market), StrategyName(strategy)) is KillState.KILLED
    }
    assert found == stopped


@given(st.data())
def test_bytes_that_were_changed_are_no_image(data: st.DataObject) -> None:
    good = kill_image.encode(move_to(KillImage(), OKX, KillState.KILLED))
    place = data.draw(st.integers(0, len(good) - 1))
    flip = data.draw(st.integers(1, 255))
    bad = good[:place] + bytes([good[place] ^ flip]) + good[place + 1 :]
    with pytest.raises(ConfigError):
        kill_image.decode(bad)
    with pytest.raises(ConfigError):
        kill_image.decode(good[:place])


@given(st.binary(max_size=200))
def test_garbage_is_no_image(data: bytes) -> None:
    with pytest.raises(ConfigError):
        kill_image.decode(data)


def test_a_code_is_of_what_stands_and_not_for_long() -> None:
    image = move_to(KillImage(), OKX, KillState.KILLED)
    running = KillState.RUNNING
    code = kill_image.reset_code(image, None, running, NOW_NS)
    kill_image.check_reset(image, None, running, code, NOW_NS)
    kill_image.check_reset(image, None, running, f" {code.lower()}\n", NOW_NS + CODE_WINDOW_NS)
    refused = [
        (image, None, running, code, NOW_NS + 2 * CODE_WINDOW_NS),  # too old
        (image, OKX, running, code, NOW_NS),  # of something else
        (image, None, KillState.REDUCE_ONLY, code, NOW_NS),
        (image, None, running, "", NOW_NS),
        (image, None, running, code[:-1], NOW_NS),
        (move_to(image, OKX, KillState.KILLED), None, running, code, NOW_NS),  # killed once more
        (move_to(image, ARB, KillState.KILLED), None, running, code, NOW_NS),
        (KillImage(), None, running, kill_image.reset_code(KillImage(), None, running, NOW_NS), NOW_NS),
    ]
    for each in refused:
        with pytest.raises(ConfigError):
            kill_image.check_reset(*each)


def test_a_reset_lifts_what_it_names() -> None:
    image = move_to(move_to(KillImage(), OKX, KillState.KILLED), ARB, KillState.REDUCE_ONLY)

    def after(scope: KillScope | None, to: KillState) -> tuple[KillState, KillState]:
        lifted = kill_image.lifted(image, scope, to, "ben", "looked", NOW_NS, "", "m")
        return lifted.state(OKX), lifted.state(ARB)

    assert after(None, KillState.RUNNING) == (KillState.RUNNING, KillState.RUNNING)
    assert after(None, KillState.REDUCE_ONLY) == (KillState.REDUCE_ONLY, KillState.REDUCE_ONLY)
    assert after(OKX, KillState.RUNNING) == (KillState.RUNNING, KillState.REDUCE_ONLY)
    assert after(ARB, KillState.RUNNING) == (KillState.KILLED, KillState.RUNNING)


def test_what_cannot_be_read_is_everything_killed_until_a_person_resets() -> None:
    image = kill_image.broken("cut", b"evidence", NOW_NS)
    assert image.over(MarketName("htx.spot"), StrategyName("any")) is KillState.KILLED
    assert kill_image.broken("cut", b"evidence", NOW_NS + 1).nonce == image.nonce
    assert kill_image.broken("cut", b"other", NOW_NS).nonce != image.nonce
    assert move_to(image, OKX, KillState.KILLED).trouble == "cut"
    lifted = kill_image.lifted(image, None, KillState.REDUCE_ONLY, "ben", "looked", NOW_NS, "", "m")
    assert (lifted.trouble, lifted.state(ALL)) == ("", KillState.REDUCE_ONLY)


def test_too_many_switches_become_one() -> None:
    image = KillImage()
    for number in range(kill_image.SWITCHES_MAX + 1):
        image = move_to(image, KillScope.parse(f"strategy:{number}"), KillState.KILLED)
    assert [move.scope for move in image.switches] == [ALL]
    assert image.state(ALL) is KillState.KILLED


def test_text_of_people_is_cut_and_printable() -> None:
    assert kill_image.cut("a\nb\x1b[2J") == "a b [2J"
    assert len(kill_image.cut("x" * 5_000)) == kill_image.TEXT_MAX
