"""Money rules as tables (`tests/ledger/scenarios`): what happens, and every balance and position after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.money_tables import Scenario, Till, read_scenarios

FOLDER = Path(__file__).parent / "scenarios"
SCENARIOS = read_scenarios(FOLDER)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_scenarios(scenario: Scenario) -> None:
    till = Till()
    for event, balances, positions, said in scenario.rows:
        shown = (till.happens(event), till.balances(), till.positions())
        assert shown == (said, balances, positions), event


def test_there_are_many_and_each_has_its_name() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= 40
    assert all(scenario.rows for scenario in SCENARIOS)
