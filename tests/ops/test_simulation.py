"""What `simulate` reads: limits, HTX's client ids, a plan of faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimaran.base.errors import ConfigError
from trimaran.ops.simulation import read_faults, with_habits
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.gate import Request
from trimaran.venues.simulators import SimulatorOptions


def test_habits_of_the_venues(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('{"drop":0.1,"trading":{"lost_answer":0.5,"requests":["order"]}}')
    options = with_habits(SimulatorOptions(seed=4), "off", plan, "free")
    assert (options.seed, options.limits, options.htx.ids) == (4, False, "free")
    assert options.faults.drop == 0.1
    assert options.faults.trading.lost_answer == 0.5
    assert options.faults.trading.requests == (Request.ORDER,)
    assert with_habits(SimulatorOptions(), "venue", None, "unique").faults == FaultPlan()


def test_limits_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="limits"):
        with_habits(SimulatorOptions(), "some", None, "unique")


@pytest.mark.parametrize("text", ["", "[]", '{"drop":2}', '{"nothing":1}', '{"trading":{"ban":-1}}'])
def test_a_plan_that_is_none(tmp_path: Path, text: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    with pytest.raises(ConfigError, match="faults"):
        read_faults(plan)
    with pytest.raises(ConfigError, match=r"faults.*absent"):
        read_faults(tmp_path / "absent.json")
