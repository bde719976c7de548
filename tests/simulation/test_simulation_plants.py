"""Bugs that are planted are found; what is to be planted is still there to be planted."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from simulation.plant import Plant, check_plant, hunt_all, read_plants

PLANTS = read_plants()
QUICK = "an order is sent again when its answer is late"


def test_there_are_twenty() -> None:
    assert len({plant.name for plant in PLANTS}) == len(PLANTS) == 20


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_the_code_that_a_bug_changes_is_there(plant: Plant) -> None:
    ast.parse(check_plant(plant))


def test_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bug").write_text("a name\na/path.py\n<<<<\nold\n")
    with pytest.raises(ValueError, match="expected a bug"):
        read_plants(tmp_path)


def test_a_bug_is_found_soon() -> None:
    (plant,) = [plant for plant in PLANTS if plant.name == QUICK]
    (found,) = hunt_all([plant], range(1, 41), 1)
    assert found.seed is not None
    assert "written more often than it was sent" in found.text  # stopped by the Knight check before it left


@pytest.mark.long
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_every_bug_is_found_within_two_thousand_seeds(plant: Plant) -> None:
    (found,) = hunt_all([plant], range(1, 2001), 1)
    assert found.seed is not None, found
