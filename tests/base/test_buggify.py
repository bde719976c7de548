"""Named points: silent unless a simulation listens."""

from __future__ import annotations

import pytest

from trimaran.base.buggify import hooks, point, set_hook


def test_a_point_tells_whoever_listens() -> None:
    told: list[str] = []
    before = set_hook(told.append)
    try:
        point("a.before_b")
    finally:
        assert set_hook(before) == told.append
    point("a.after_b")
    assert told == ["a.before_b"]


def test_nobody_listens_by_itself() -> None:
    assert not hooks
    assert set_hook(None) is None


def test_a_hook_may_end_the_code() -> None:
    class End(BaseException):
        pass

    def ends(name: str) -> None:
        raise End(name)

    set_hook(ends)
    try:
        with pytest.raises(End, match="here"):
            point("here")
    finally:
        set_hook(None)
