"""Limits: a wrong one is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from trimaran.base.errors import ConfigError
from trimaran.risk.limits import RiskLimits


@pytest.mark.parametrize("name", RiskLimits.__struct_fields__)
@pytest.mark.parametrize(
    "bad", [-1, Decimal("NaN"), Decimal("Infinity"), Decimal(-1), True, 1.5, "1", None, 2**70]
)
def test_a_limit_that_cannot_be_used_is_named(
    make_limits: Callable[..., RiskLimits], name: str, bad: object
) -> None:
    with pytest.raises(ConfigError, match=rf"risk\.{name}: expected"):
        make_limits(**{name: bad})


def test_zero_is_no_limit_except_of_the_duplicate_window(make_limits: Callable[..., RiskLimits]) -> None:
    for name in RiskLimits.__struct_fields__:
        if name == "duplicate_window_ns":
            make_limits(**{name: 0})
            continue
        zero = Decimal(0) if name in {"order_notional_max", "exposure_base_max"} else 0
        with pytest.raises(ConfigError, match=name):
            make_limits(**{name: zero})


def test_limits_survive_a_file(make_limits: Callable[..., RiskLimits]) -> None:
    limits = make_limits()
    assert msgspec.json.decode(msgspec.json.encode(limits), type=RiskLimits) == limits
