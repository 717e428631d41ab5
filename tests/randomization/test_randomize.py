"""Randomized episodes are exact, and their ranges can be changed on a living env."""

import pickle
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from conditions import begin, randomized
from folders import ROOT, TESTS
from stories import tell

from roboschool.cli.main import main
from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.simulation.simulation import Simulation

DRAWN = {"mass": (0.8, 1.2), "friction": (0.5, 1.5), "joint_friction": {"hip_1": (0.0, 1.0)}}
PLAIN_STARTS = {  # of torque motors, on the ground: all that the native library may do
    "gravity": ((-0.5, 0.5), 0.0, (-0.5, 0.5)),
    "wind": ((-9.0, 9.0), 0.0, 0.0),
    "mass": (0.8, 1.2),
    "motor_strength": (0.5, 1.0),
    "noise": (0.0, 0.1),
    "push": {"every": 0.2, "impulse": ((-2.0, 2.0), (-2.0, 2.0), 0.0)},
}


def test_everything_at_once_is_exact_in_a_batch_and_in_a_fresh_process() -> None:
    script = [sys.executable, str(Path(__file__).with_name("conditions.py"))]
    paths = {"PYTHONPATH": f"{ROOT}:{TESTS}"}
    fresh = subprocess.run(script, capture_output=True, text=True, check=True, env=paths).stdout
    for backend in ("native", "python"):
        simulation = Simulation(randomized(), worlds=2, backend=backend)
        tell(simulation, seed=5, steps=23)
        assert tell(simulation, steps=60, world=1) == fresh
        simulation.close()


def test_native_calls_begin_apply_and_observe_as_pybullet_and_numpy() -> None:
    told = []
    for backend in ("native", "python"):
        simulation = Simulation(randomized("ant", **PLAIN_STARTS), worlds=2, backend=backend)
        tell(simulation, seed=1, steps=9)
        told.append([tell(simulation, steps=40, world=1), tell(simulation, seed=3, steps=9)])
        simulation.close()
    assert told[0] == told[1]


def test_saved_episode_goes_on_exactly_elsewhere() -> None:
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, (80, 12))
    with closing(AgentEnv(randomized())) as env, closing(AgentEnv(randomized())) as other:
        env.reset(seed=3)
        for action in actions[:40]:
            env.step(action)
        state = pickle.loads(pickle.dumps(env.get_state()))
        rest = [env.step(action)[0] for action in actions[40:]]
        other.reset(seed=4)
        other.step(actions[0])
        other.set_state(state)
        assert np.array_equal([other.step(action)[0] for action in actions[40:]], rest)
        assert other.step(actions[0])[4]["randomized"] == env.step(actions[0])[4]["randomized"]


def test_what_is_not_randomized_is_as_in_the_plain_scene() -> None:
    plain, other = Simulation(randomized("ant", mass=1.0)), begin("ant", friction=1.0)
    assert tell(plain, steps=50) == tell(other, steps=50)


def test_info_tells_what_was_drawn() -> None:
    with closing(AgentEnv("ant", randomize=DRAWN)) as env, closing(VectorEnv("ant", 2, randomize=DRAWN)) as envs:
        drawn = env.reset(seed=1)[1]["randomized"]
        assert list(drawn) == ["friction", "mass", "joint_friction/hip_1"]
        assert 0.8 <= drawn["mass"] <= 1.2
        info = envs.reset(seed=1)[1]
        assert {name: info["randomized"][name][0] for name in drawn} == drawn
        assert info["randomized"]["_mass"].all()
    with closing(ParallelEnv("ants", randomize={"friction": (0.5, 1.0), "mass": (0.5, 2.0)})) as world:
        infos = world.reset(seed=1)[1]
        drawn = [info["randomized"] for info in infos.values()]
        assert len({each["friction"] for each in drawn}) == 1
        assert len({each["mass"] for each in drawn}) == len(drawn)


def test_ranges_change_on_a_living_env_and_keep_the_seed() -> None:
    with closing(AgentEnv("ant", randomize=DRAWN)) as env:
        first = env.reset(seed=1)[1]["randomized"]
        drawn = env.reset(seed=1, options={"randomize": {"mass": (2.0, 2.0)}})[1]["randomized"]
        assert drawn == first | {"mass": 2.0}
        assert env.reset()[1]["randomized"]["mass"] == 2.0  # until another reset
        assert env.reset(seed=1, options={"randomize": {}})[1]["randomized"] == first
        env.randomize = {"joint_friction": 0.25}
        assert env.reset(seed=1)[1]["randomized"] == first | {"joint_friction/hip_1": 0.25}


@pytest.mark.parametrize("workers", [0, 2])
def test_ranges_change_in_single_copies_of_a_batch(workers: int) -> None:
    def drawn(info: dict[str, Any], name: str = "mass") -> list[float]:
        return list(info["randomized"][name])

    def end(envs: VectorEnv) -> dict[str, Any]:
        for _ in range(4):  # the third step begins the next episode
            info = envs.step(np.zeros((2, 8)))[4]
        return info

    with closing(VectorEnv("ant", 2, workers, max_episode_steps=3, randomize=DRAWN)) as envs:
        info = envs.reset(seed=1, options=[{"randomize": {"mass": (2.0, 2.0)}}, {}])[1]
        assert drawn(info)[0] == 2.0
        assert drawn(info)[1] < 2.0
        envs.set_attr("randomize", [None, {"mass": 3.0}])
        assert drawn(envs.step(np.zeros((2, 8)))[4])[1] < 2.0  # not before the next episode
        assert drawn(end(envs)) == [2.0, 3.0]
        if workers:
            envs._pool.workers[1].channel.child.process.kill()
        assert drawn(end(envs)) == [2.0, 3.0]
        envs.set_attr("randomize", {"friction": 0.5})
        assert [ranges.friction for ranges in envs.get_attr("randomize")] == [0.5, 0.5]
        assert drawn(end(envs), "friction") == [0.5, 0.5]


def test_ranges_change_in_stable_baselines() -> None:
    sb3 = pytest.importorskip("roboschool.envs.sb3")
    envs = sb3.SB3VecEnv("ant", 2, max_episode_steps=2, randomize=DRAWN)
    envs.reset()
    envs.set_attr("randomize", {"mass": 3.0}, indices=1)
    for _ in range(3):
        *_, infos = envs.step(np.zeros((2, 8)))
    assert infos[0]["randomized"]["mass"] < 2.0
    assert infos[1]["randomized"]["mass"] == 3.0
    with pytest.raises(InvalidInput, match="'gravity' cannot be set"):
        envs.set_attr("gravity", 1.0)
    envs.close()


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ({"mas": 1.0}, "unknown key 'mas'; did you mean 'mass'"),
        ({"kp": 1.0}, "kp: the scene does not randomize it"),
        ({"mass": (2.0, 1.0)}, "mass: a range begins with its lower end"),
        ({"mass": (0.0, 1.0)}, "mass.*not within 0.05"),
        ({"mass": {"torso": 1.0}}, "mass"),
        ({"joint_friction": {"hip_9": 1.0}}, "joint_friction: unknown key of this scene 'hip_9'"),
        (1.0, "is not a mapping"),
    ],
)
def test_wrong_ranges_are_refused_and_change_nothing(ranges: Any, says: str) -> None:
    with closing(AgentEnv("ant", randomize=DRAWN)) as env, closing(VectorEnv("ant", 1, randomize=DRAWN)) as envs:
        first = env.reset(seed=1)[1]["randomized"]
        with pytest.raises(InvalidInput, match=says):
            env.reset(seed=2, options={"randomize": ranges})
        with pytest.raises(InvalidInput, match=says):
            env.randomize = ranges
        with pytest.raises(InvalidInput, match=says):
            envs.set_attr("randomize", ranges)
        assert env.reset(seed=1)[1]["randomized"] == first


def test_living_world_keeps_its_shape() -> None:
    simulation = begin(
        "dog_velocity", delay=(0.0, 20.0), payload={"mass": 1.0}, push={"every": 1.0, "force": (1.0, 0.0, 0.0)}
    )
    for ranges, says in (
        ({"delay": 30.0}, "delay: 30 ms are more than the 20 ms"),
        ({"payload": {"position": (1.0, 0.0, 0.0)}}, "payload"),
        ({"push": {"impulse": (1.0, 0.0, 0.0)}}, "either an impulse or a force"),
    ):
        with pytest.raises(InvalidInput, match=says):
            simulation.randomizer.set(0, ranges)


def test_page_is_fresh() -> None:
    page = CliRunner().invoke(main, ["list", "--randomize"]).output
    assert page == (ROOT / "docs" / "randomization.md").read_text(), "run: roboschool list --randomize"
