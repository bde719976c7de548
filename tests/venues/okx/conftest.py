"""The driver of OKX's sessions as a fixture."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.okx_driver import OkxDriver
from tests.support.session_driver import chatter


@pytest.fixture
def driver() -> type[OkxDriver]:
    return OkxDriver


@pytest.fixture
def chat() -> Callable[..., Callable[[int], list[int]]]:
    return chatter
