"""Both hot states as one fixture, and a rig that writes the frames of one book."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.hot_rig import Rig, new_twin
from trimaran.domain.dialect import Dialect
from trimaran.native._hot import Hot as NativeHot


@pytest.fixture(params=[NativeHot, new_twin], ids=["native", "twin"])
def make_hot(request: pytest.FixtureRequest) -> Callable[[], Any]:
    make: Callable[[], Any] = request.param
    return make


@pytest.fixture
def make_rig(make_hot: Callable[[], Any]) -> Callable[[Dialect], Rig]:
    return lambda dialect: Rig(make_hot(), dialect)


@pytest.fixture
def make_twin() -> Callable[[], Any]:
    return new_twin
