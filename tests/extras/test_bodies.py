"""A thousand bodies load, stand and step; a minute and a half of one core."""

import numpy as np
import pytest

from roboschool.bodies.family import EACH, KINDS, Family
from roboschool.bodies.variation import FAMILIES
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

SCENES = {"chain": "hopper", "crawler": "ant", "hound": "dog_velocity", "biped": "walker2d"}
KINDRED = [(family, segments) for family in FAMILIES.values() for segments in family.segments]
SEEDS, STEPS = 26, 100  # of each kind; of an episode
STANDS = {
    "crawler": STEPS,
    "hound": 50,
    "chain": 10,
    "biped": 10,
}  # steps; later some hounds topple, on long narrow legs


@pytest.mark.parametrize(("family", "segments"), KINDRED, ids=lambda value: getattr(value, "name", str(value)))
def test_bodies(family: Family, segments: int) -> None:
    for seed in (kind * EACH + place for kind in range(len(KINDS)) for place in range(SEEDS)):
        scene = load_scene(SCENES[family.name], variant={"body": seed, "segments": segments})
        simulation = Simulation(scene)
        simulation.reset({0: 0})
        (group,) = simulation.groups
        fallen = 0
        for step in range(STEPS):
            result = simulation.step([np.zeros(group.shape)])
            fallen = fallen or (step + 1) * bool(result.terminated[0][0, 0])
        assert np.isfinite(group.state.array).all(), seed
        assert not 0 < fallen <= STANDS[family.name], seed
        simulation.close()


def test_they_are_a_thousand() -> None:
    assert len(KINDRED) * len(KINDS) * SEEDS >= 1000
