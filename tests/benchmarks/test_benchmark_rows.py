"""The arithmetic of a row: which way a ratio goes, which value a percentile is. No speed is asserted."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peer_scripts.measuring import percentile, percentiles_us
from benchmarks.rows import Row, higher_is_better, lower_is_better, median_of, percentiles_text, without_peer
from benchmarks.run import comparison, encoded, figure, table

KEYS = ["name", "value", "unit", "peer", "peer_value", "ratio", "conditions"]


def test_ratio_is_above_one_when_ours_is_better_in_both_directions() -> None:
    assert lower_is_better("frame", 2.0, "us", "other", 24.0, "").ratio == 12.0
    assert higher_is_better("replay", 500.0, "frames/s", "other", 100.0, "").ratio == 5.0
    assert lower_is_better("frame", 24.0, "us", "other", 2.0, "").ratio == pytest.approx(1 / 12)


@pytest.mark.parametrize("broken", [0.0, -1.0, math.nan, math.inf])
def test_a_figure_that_cannot_be_measured_is_refused(broken: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        lower_is_better("frame", broken, "us", "other", 1.0, "")


def test_rows_have_the_promised_form_with_and_without_a_peer() -> None:
    rows = [lower_is_better("a", 1.0, "us", "other", 3.0, "c"), without_peer("b", 1.5, "us", "no other", "c")]
    decoded: list[dict[str, Any]] = msgspec.json.decode(encoded(rows))
    assert [list(row) for row in decoded] == [KEYS, KEYS]
    assert decoded[1]["peer"] is decoded[1]["peer_value"] is decoded[1]["ratio"] is None
    assert decoded[1]["conditions"].startswith("no other")
    assert msgspec.json.decode(encoded(rows), type=list[Row]) == rows


def test_the_table_has_a_line_a_row() -> None:
    rows = [lower_is_better("a", 1.0, "us", "other", 3.0, "c"), without_peer("b", 1.5, "us", "no other", "c")]
    assert table(rows).row_count == 2
    assert comparison(rows[0]) == ("other", "3", "3.00")
    assert comparison(rows[1]) == ("absent", "-", "-")
    assert (figure(1234.5), figure(1.2345), figure(0.00012)) == ("1,234", "1.23", "0.00012")


@pytest.mark.parametrize(
    ("rank", "expected"),
    [(0, 1), (50, 500), (50.05, 501), (99, 990), (99.9, 999), (99.95, 1000), (100, 1000)],
)
def test_percentile_is_the_nearest_rank(rank: float, expected: int) -> None:
    assert percentile(list(range(1, 1001)), rank) == expected


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=200), st.sampled_from([0.1, 50, 99, 99.9, 100]))
def test_a_percentile_covers_its_share(values: list[int], rank: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, rank)
    assert sum(value <= found for value in ordered) * 100 >= rank * len(ordered) - 1e-9
    assert sum(value < found for value in ordered) * 100 < rank * len(ordered) + 1e-9


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="at least one"):
        percentile([], 50)


def test_the_cost_of_the_clock_is_taken_off_and_never_more() -> None:
    assert percentiles_us([1_040, 30, 2_040], 40) == {"p50": 1.0, "p99": 2.0, "p99.9": 2.0}
    assert percentiles_us([30], 40) == {"p50": 0.0, "p99": 0.0, "p99.9": 0.0}


def test_rounds_are_joined_by_their_median() -> None:
    rounds = [{"p50": cost, "p99": 2.0, "p99.9": 3.0} for cost in (9.0, 1.0, 2.0)]
    assert median_of(rounds, "p50") == 2.0
    assert percentiles_text(rounds) == "p50 2.00 p99 2.00 p99.9 3.00"
