"""Episodes that begin where the options of a reset say."""

import math
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.simulation.simulation import Simulation


@pytest.fixture(scope="module")
def ant() -> Iterator[AgentEnv]:
    with closing(AgentEnv("ant")) as env:
        yield env


def state(simulation: Simulation) -> Any:
    return simulation.groups[0].state


def test_pose_on_the_ground_and_aloft(ant: AgentEnv) -> None:
    ant.reset(seed=1, options={"pose": (3.0, -2.0, 1.0)})
    now, world = state(ant.simulation), ant.simulation.worlds[0]
    assert now.position[0, 0, :2] == pytest.approx([3.0, -2.0])
    assert math.atan2(-now.world_x_direction[0, 0, 0], now.world_x_direction[0, 0, 1]) == pytest.approx(1.0)
    assert world.bodies[0].gap(world.floor) == pytest.approx(0.0, abs=1e-3)
    ant.reset(seed=1, options={"pose": (0.0, 0.0, 2.5, 0.3, -0.2, -1.0)})
    assert now.position[0, 0] == pytest.approx([0.0, 0.0, 2.5])
    assert now.roll_pitch[0, 0] == pytest.approx([0.3, -0.2])


def test_joints_and_velocity(ant: AgentEnv) -> None:
    options = {"joints": {"hip_1": 0.2}, "velocity": (1.0, 2.0, 0.5, 0.1, 0.2, 0.3), "pose": (0.0, 0.0, 1.0)}
    ant.reset(seed=1, options=options)
    now = state(ant.simulation)
    place = [joint.name for joint in ant.scene.agents[0].robot.joints].index("hip_1")
    assert now.q[0, 0, place] == pytest.approx(0.2)
    assert now.world_velocity[0, 0] == pytest.approx([1.0, 2.0, 0.5])
    assert now.angular_velocity[0, 0] == pytest.approx([0.1, 0.2, 0.3])
    ant.reset(seed=1)
    assert now.velocity[0, 0] == pytest.approx([0.0, 0.0, 0.0])  # for one episode only


def test_state_is_where_an_episode_begins(ant: AgentEnv) -> None:
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, (20, 8))
    ant.reset(seed=1)
    for action in actions[:10]:
        ant.step(action)
    saved, position = ant.get_state(), state(ant.simulation).array.copy()
    rest = [ant.step(action)[0] for action in actions[10:]]
    observation, _ = ant.reset(seed=5, options={"state": saved})
    assert np.array_equal(state(ant.simulation).array, position)
    assert ant.simulation.clock.steps[0] == 0
    assert np.array_equal([ant.step(action)[0] for action in actions[10:]], rest)
    assert observation.shape == ant.observation_space.shape


def test_beginnings_are_by_agent_where_there_are_several() -> None:
    with closing(ParallelEnv("ants")) as env:
        first, second = env.possible_agents[:2]
        env.reset(seed=1, options={"pose": {second: (7.0, 7.0, 0.5)}})
        group, place = env.simulation.seats[1]
        assert group.state.position[0, place, :2] == pytest.approx([7.0, 7.0])
        with pytest.raises(InvalidInput, match=f"{second} is .* m inside {first}|{first} is .* m inside {second}"):
            env.reset(seed=1, options={"pose": {first: (0.0, 0.0, 0.0), second: (0.1, 0.0, 0.0)}})
        with pytest.raises(InvalidInput, match="no episode has begun"):
            env.step({name: np.zeros(8) for name in env.possible_agents})
        with pytest.raises(InvalidInput, match="is not by agent"):
            env.reset(options={"pose": (0.0, 0.0, 0.0)})


@pytest.mark.parametrize("workers", [0, 1])
def test_copies_begin_each_in_its_own_way(workers: int) -> None:
    with closing(VectorEnv("hopper", 2, workers, max_episode_steps=2)) as envs:
        envs.reset(seed=1, options=[{"pose": (1.0, 0.0, 0.0)}, {"pose": (-1.0, 0.0, 0.0)}])
        distances = envs.step(np.zeros((2, 3)))[4]["distance"]
        assert distances == pytest.approx([1.0, -1.0], abs=0.1)
        if workers:
            envs._pool.workers[0].channel.child.process.kill()
        assert envs.step(np.zeros((2, 3)))[4]["distance"] == pytest.approx([1.0, -1.0], abs=0.1)
        assert envs.step(np.zeros((2, 3)))[4]["distance"] == pytest.approx([0.0, 0.0], abs=0.1)  # the next episode


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"pose": (1.0, 2.0)}, "pose: ant_0: .* is not x, y and yaw"),
        ({"pose": (1.0, 2.0, math.nan)}, "pose: ant_0: .* is not within"),
        ({"pose": {"ant_1": (0.0, 0.0, 0.0)}}, "pose"),
        ({"pose": (0.0, 0.0, 0.1, 0.0, 0.0, 0.0)}, "ant_0 is .* m inside the ground"),
        ({"joints": {"hip_7": 0.0}}, "joints: ant_0: unknown joint 'hip_7'; did you mean 'hip_"),
        ({"joints": {"hip_1": 9.0}}, "joints: ant_0: hip_1: 9 is not within"),
        ({"joints": {"hip_1": "far"}}, "hip_1: 'far' is not a position"),
        ({"joints": 1.0}, "is not a mapping of joints"),
        ({"velocity": (1.0, 2.0)}, "velocity: ant_0: .* is not three numbers"),
        ({"state": 5}, "5 is no saved state"),
    ],
)
def test_wrong_beginnings_are_refused(ant: AgentEnv, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        ant.reset(seed=1, options=options)
