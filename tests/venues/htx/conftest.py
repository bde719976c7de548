"""The driver of HTX's sessions as a fixture."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.htx_driver import HtxDriver
from tests.support.session_driver import chatter


@pytest.fixture
def driver() -> type[HtxDriver]:
    return HtxDriver


@pytest.fixture
def chat() -> Callable[..., Callable[[int], list[int]]]:
    return chatter
