"""What a story sees of a kill switch: what left, in its order, and what stood then."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from simulation.kills import Kills, plain
from simulation.process import Process
from trimaran.domain.decision import KillState
from trimaran.domain.kill import ALL, KillScope, ScopeKind
from trimaran.domain.orders import StrategyName

DEALER = StrategyName("dealer")
DESK = Process("desk 1")


def masked(payload: bytes, key: bytes = b"\x01\xa2\x33\x7f") -> bytes:
    """A WebSocket message of a client, written by hand."""
    size = len(payload)
    head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0x80 | 126]) + size.to_bytes(2, "big")
    return head + key + bytes(each ^ key[at % 4] for at, each in enumerate(payload))


def order(number: str, reduce_only: bool = False) -> Any:
    return SimpleNamespace(client_id=number, market="okx.swap", reduce_only=reduce_only)


def stand(*moves: tuple[KillScope, KillState]) -> Any:
    """A switch where so much stands."""
    switches = [SimpleNamespace(scope=scope, after=state) for scope, state in moves]
    return SimpleNamespace(image=SimpleNamespace(switches=switches))


@pytest.fixture
def kills() -> Iterator[Kills]:
    found = Kills()
    yield found
    found.close()


@pytest.mark.parametrize("size", [0, 5, 125, 126, 4_000])
def test_masked_messages_are_read(size: int) -> None:
    payload = bytes(range(48, 58)) * (size // 10 + 1)
    assert plain(masked(payload[:size]) + masked(b"end")) == payload[:size] + b" end"
    assert plain(b"POST / HTTP/1.1") == b"POST / HTTP/1.1"


def test_an_order_that_left_before_is_none_that_left_after(kills: Kills) -> None:
    kills.wrote(DESK, masked(b'{"id":"AAAAAAAAAAAAA"}'))
    kills.look(stand((ALL, KillState.KILLED)))
    kills.wrote(DESK, b"cancel AAAAAAAAAAAAA")
    assert list(kills.violations([(order("AAAAAAAAAAAAA"), DEALER)])) == []


@pytest.mark.parametrize(
    ("scope", "state", "reduces", "stops"),
    [
        (ALL, KillState.KILLED, False, True),
        (ALL, KillState.KILLED, True, True),
        (ALL, KillState.REDUCE_ONLY, False, True),
        (ALL, KillState.REDUCE_ONLY, True, False),
        (KillScope(ScopeKind.VENUE, "okx"), KillState.KILLED, False, True),
        (KillScope(ScopeKind.VENUE, "htx"), KillState.KILLED, False, False),
        (KillScope(ScopeKind.ACCOUNT, "okx.swap"), KillState.KILLED, False, True),
        (KillScope(ScopeKind.STRATEGY, "dealer"), KillState.KILLED, False, True),
        (KillScope(ScopeKind.STRATEGY, "pairs"), KillState.KILLED, False, False),
    ],
)
def test_an_order_that_left_under_a_switch_is_seen(
    kills: Kills, scope: KillScope, state: KillState, reduces: bool, stops: bool
) -> None:
    kills.look(stand((scope, state)))
    kills.wrote(DESK, masked(b'{"id":"AAAAAAAAAAAAA"}'))
    kills.look(stand())
    kills.wrote(DESK, masked(b'{"id":"BBBBBBBBBBBBB"}'))
    found = list(
        kills.violations([(order("AAAAAAAAAAAAA", reduces), DEALER), (order("BBBBBBBBBBBBB"), DEALER)])
    )
    assert len(found) == stops


def test_an_order_that_nobody_saw_is_told(kills: Kills) -> None:
    kills.wrote(Process("venue"), b"AAAAAAAAAAAAA")
    assert len(list(kills.violations([(order("AAAAAAAAAAAAA"), DEALER)]))) == 1
