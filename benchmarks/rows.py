"""One line of the results: our figure, the peer's figure, and how many times better ours is.

The ratio is above one when ours is better, whichever direction the unit has; so the rows can be read, sorted
and watched over time without knowing what each unit means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

PERCENTILES = ("p50", "p99", "p99.9")


class Row(msgspec.Struct, frozen=True):
    """A row of `results.json`; `peer` is None where the peer could not run, `conditions` then says why."""

    name: str
    value: float
    unit: str
    peer: str | None
    peer_value: float | None
    ratio: float | None
    conditions: str


class Skipped(msgspec.Struct, frozen=True):
    """A row that could not be measured at all, and the reason."""

    name: str
    reason: str


def lower_is_better(name: str, value: float, unit: str, peer: str, peer_value: float, conditions: str) -> Row:
    """A row of a cost: time, memory. Ratio = peer / ours."""
    return Row(name, value, unit, peer, peer_value, ratio(peer_value, value), conditions)


def higher_is_better(
    name: str, value: float, unit: str, peer: str, peer_value: float, conditions: str
) -> Row:
    """A row of a rate. Ratio = ours / peer."""
    return Row(name, value, unit, peer, peer_value, ratio(value, peer_value), conditions)


def without_peer(name: str, value: float, unit: str, reason: str, conditions: str) -> Row:
    """A row whose peer could not run; the reason leads the conditions."""
    return Row(name, value, unit, None, None, None, f"{reason}; {conditions}")


def ratio(numerator: float, denominator: float) -> float:
    """Quotient of two positive figures.

    Raises:
        ValueError: a figure is not a positive finite number, so the measurement itself is broken.
    """
    for figure in (numerator, denominator):
        if not math.isfinite(figure) or figure <= 0:
            raise ValueError(f"expected two positive figures, found {numerator!r} and {denominator!r}")
    return numerator / denominator


def median_of(repeats: Sequence[Mapping[str, float]], key: str) -> float:
    """Median of one figure over the repeats of one side."""
    return median(repeat[key] for repeat in repeats)


def percentiles_text(repeats: Sequence[Mapping[str, float]], suffix: str = "") -> str:
    """The percentiles of one side as `p50 1.0 p99 2.0 p99.9 3.0`, each the median of the repeats."""
    return " ".join(f"{name} {median_of(repeats, name + suffix):.2f}" for name in PERCENTILES)
