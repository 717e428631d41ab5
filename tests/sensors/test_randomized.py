"""What a scene draws for an episode, as a sensor."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sensors.scenes_of_sensors import load_with

import roboschool
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.mdp.task import fields_of

RANGES = """privileged = [{ name = "randomized" }]

[randomize]
friction       = [0.5, 1.25]
gravity        = [[-1.0, 1.0], 0.0, 0.0]
mass           = { trunk = [0.8, 1.2] }
payload        = { mass = [0.0, 2.0] }
motor_strength = { front_left_knee = [0.9, 1.1] }
noise          = { base_motion = [0.01, 0.02] }
start          = { height = [0.0, 0.1], yaw = [-90.0, 90.0] }
"""
NAMES = [
    "friction",
    "gravity_x",
    "gravity_y",
    "gravity_z",
    "mass/trunk",
    "payload",
    "motor_strength/front_left_knee",
    "start_yaw",
    "start_height",
]


def test_it_is_what_infos_say(tmp_path: Path) -> None:
    """For a policy and for a critic, in one env and in a batch, in every episode; the noise stays hidden."""
    scene = load_with(tmp_path, 'name = "randomized"', more=RANGES)
    seen = []
    with roboschool.AgentEnv(scene) as env, closing(VectorEnv(scene, 3)) as envs:
        for seed in (1, 2):
            observation, info = env.reset(seed=seed)
            drawn = info["randomized"]
            assert [name for name in drawn if not name.startswith("noise")] == NAMES
            expected = np.float32([drawn[name] for name in NAMES])
            assert observation[-len(NAMES) :].tolist() == expected.tolist()
            assert info["privileged"].tolist() == expected.tolist()
            rows, infos = envs.reset(seed=seed)
            table = np.float32([infos["randomized"][name] for name in NAMES]).T
            assert rows[:, -len(NAMES) :].tolist() == table.tolist()
            seen += table.tolist()
    assert len({tuple(row) for row in seen}) == 4, "seed 1 begins copies with 1, 2 and 3"


def test_its_fields_have_units_and_sources(tmp_path: Path) -> None:
    scene = load_with(tmp_path, 'name = "randomized", keys = ["payload", "motor_strength", "start"]', more=RANGES)
    *_, payload, strength, yaw, height = fields_of(scene.agents[0].task, scene.info)
    assert [str(field) for field in (payload, strength, yaw, height)] == [
        "drawn payload [kg]",
        "drawn motor_strength/front_left_knee",
        "drawn start_yaw [deg]",
        "drawn start_height [m]",
    ]
    assert strength.source in scene.agents[0].robot.joints


def test_it_follows_a_living_env(tmp_path: Path) -> None:
    scene = load_with(tmp_path, 'name = "randomized", keys = ["payload"], delay = 1', more=RANGES)
    with roboschool.AgentEnv(scene) as env:
        assert env.reset(seed=0, options={"randomize": {"payload": {"mass": 7.5}}})[0][-1] == 7.5
        assert env.step(np.zeros(env.action_space.shape))[0][-1] == 7.5


def test_other_agents_have_their_own(tmp_path: Path) -> None:
    """The numbers of a robot with other links and joints are at other places."""
    other = '[[agent]]\nname = "ant_0"\nrobot = "ant"\nposition = [3.0, 0.0]\ntask = { name = "run" }\n'
    other += '[[agent.sensor]]\nname = "randomized"\n'
    ranges = "[randomize]\nmass = { torso = [0.8, 1.2], trunk = [0.8, 1.2] }\nfriction = [0.5, 1.0]\n"
    scene = load_with(tmp_path, 'name = "randomized"', more=other + ranges)
    with closing(roboschool.ParallelEnv(scene)) as world:
        observations, infos = world.reset(seed=3)
    assert infos["ant_0"]["randomized"].keys() == {"friction", "mass/torso"}
    for name in ("dog_0", "ant_0"):
        assert observations[name][-2:].tolist() == np.float32([*infos[name]["randomized"].values()]).tolist()


def test_what_is_wrong_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="sensor 'randomized': the scene randomizes nothing of 'dog'"):
        load_with(tmp_path, 'name = "randomized"')
    with pytest.raises(InvalidInput, match="keys: unknown key that the scene randomizes 'mas'; did you mean 'mass'"):
        load_with(tmp_path, 'name = "randomized", keys = ["mas"]', more=RANGES)
