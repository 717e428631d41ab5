"""The 27 environments of Safety Gym: ids, sizes and order of observations, seeds, and costs in all kinds of envs."""

import itertools
import re
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test

import roboschool
from roboschool.errors import InvalidInput
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene

BODY = ("accelerometer 3", "gyro 3", "magnetometer 3", "velocimeter 3")
ROBOTS = {
    "Point": (0.02, 2, ()),
    "Car": (0.04, 2, ("ballangvel 3", "ballquat 9")),
    "Doggo": (0.1, 12, ("jointpos 24", "jointvel 12", "touch 8")),
}
LIDARS = {
    "Goal": (("goal",), ("goal", "hazards", "vases")),
    "Button": (("buttons", "goal"), ("buttons", "goal", "gremlins", "hazards")),
    "Push": (("box", "goal"), ("box", "goal", "hazards", "pillars")),
}
SIZES = {
    "Point": (28, 60, 60, 44, 76, 76, 44, 76, 76),
    "Car": (40, 72, 72, 56, 88, 88, 56, 88, 88),
    "Doggo": (72, 104, 104, 88, 120, 120, 88, 120, 120),
}
CASES = list(itertools.product(ROBOTS, LIDARS, range(3)))
WORDS = {  # how the names of fields begin
    "accelerometer": "acceleration,",
    "gyro": "angular velocity,",
    "magnetometer": "magnetic field,",
    "velocimeter": "velocity,",
    "ballangvel": "angular velocity of the ball",
    "ballquat": "turn of the ball",
    "jointpos": "(sine|cosine) of",
    "jointvel": "speed of",
    "touch": ".* touches",
}


@pytest.mark.parametrize(("robot", "task", "level"), CASES)
def test_observations_have_the_sizes_and_the_order_of_safety_gym(robot: str, task: str, level: int) -> None:
    period, motors, own = ROBOTS[robot]
    scene = load_scene(f"{robot}_{task}{level}".lower())
    assert scene.id == f"roboschool/{robot}{task}{level}-v1"
    (agent,) = scene.agents
    assert (scene.timestep, scene.steps, len(agent.robot.joints)) == (period, 1000, motors)
    names = [
        str(field) for sensor in agent.task.sensors(scene.info) for field in sensor.fields(agent.robot, scene.info)
    ]
    assert len(names) == SIZES[robot][3 * list(LIDARS).index(task) + level]
    parts = sorted([*BODY, *own, *(f"{name}_lidar 16" for name in LIDARS[task][min(level, 1)])])
    assert parts == sorted(parts, key=lambda part: part.split()[0])
    start = 0
    for part in parts:
        name, size = part.split()
        word = WORDS.get(name, f"{name.removesuffix('_lidar')} near,")
        assert all(re.match(word, field) for field in names[start : start + int(size)]), part
        start += int(size)
    assert start == len(names)


def test_all_are_registered_under_both_names() -> None:
    for robot, task, level in CASES:
        for identity in (f"roboschool/{robot}{task}{level}-v1", f"Safexp-{robot}{task}{level}-v0"):
            assert gymnasium.spec(identity).max_episode_steps == 1000
            assert gymnasium.spec(identity).kwargs == {"scene": f"{robot}_{task}{level}".lower()}
    assert gymnasium.spec("roboschool/Goal1-v1").kwargs == {"scene": "goal1"}
    with pytest.raises(InvalidInput, match="did you mean"):
        load_scene("roboschool/PointGoal1-v3")
    with pytest.raises(InvalidInput, match="unknown scene 'ant_goal1'"):
        load_scene("ant_goal1")


@pytest.mark.parametrize("identity", ["roboschool/PointGoal1-v1", "Safexp-CarButton1-v0", "Safexp-DoggoPush1-v0"])
def test_gymnasiums_checker_finds_no_fault_and_a_seed_gives_the_same_bits(identity: str) -> None:
    env = gymnasium.make(identity)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(env.unwrapped, skip_render_check=True)
    hashes = []
    for _ in range(2):
        env.action_space.seed(3)
        rows = [env.reset(seed=11)[0]]
        for _ in range(30):
            observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
            assert not terminated
            assert not truncated
            assert info["cost"] in (0.0, 1.0)
            rows.append(np.append(observation, [reward, info["cost"]]))
        hashes.append(np.concatenate(rows).tobytes())
    assert hashes[0] == hashes[1]
    assert env.reset(seed=12)[0].tobytes() != env.reset(seed=13)[0].tobytes()
    env.close()


def ram(scene: str, steps: int = 25) -> list[dict[str, Any]]:
    """Return the infos of a point that sits in a hazard, in an env of one agent."""
    env = roboschool.AgentEnv(scene)
    env.reset(seed=0, options=None)
    infos = [env.step(np.array([1.0, 0.3]))[-1] for _ in range(steps)]
    env.close()
    return infos


def test_costs_are_the_same_in_every_kind_of_env() -> None:
    area = "point_goal1"
    infos = ram(area, 80)
    costs = [info["cost"] for info in infos]
    parallel = roboschool.ParallelEnv(area)
    parallel.reset(seed=0)
    for info in infos:
        _, _, _, _, theirs = parallel.step({"robot_0": np.array([1.0, 0.3])})
        assert (theirs["robot_0"]["cost"], theirs["robot_0"]["costs"]) == (info["cost"], info["costs"])
    parallel.close()
    for workers in (0, 1):
        vector = roboschool.VectorEnv(
            area, num_envs=2, num_workers=workers, max_episode_steps=60, autoreset_mode="SameStep"
        )
        vector.reset(seed=0)
        for place, cost in enumerate(costs[:60]):
            *_, truncated, rows = vector.step(np.array([[1.0, 0.3]] * 2, dtype=np.float32))
            info = rows["final_info"] if place == 59 else rows
            assert info["cost"][0] == cost
            assert info["costs"]["hazards"][0] == pytest.approx(infos[place]["costs"]["hazards"], rel=1e-6)
        assert truncated.all()
        vector.close()


def test_pettingzoos_checker_finds_no_fault() -> None:
    env = roboschool.ParallelEnv("point_goal2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parallel_api_test(env, num_cycles=20)
    env.close()


def test_robot_chooses_among_those_of_a_scene() -> None:
    assert load_scene("push1", robot="car") == load_scene("car_push1") == load_scene("point_push1", robot="car")
    assert load_scene("push1", robot=load_robot("car")).timestep == 0.04


def test_any_robot_does_what_those_of_the_suite_do() -> None:
    scene, own = load_scene("push1", robot="ant"), load_scene("push1")
    assert (scene.name, scene.timestep, scene.steps) == ("push1", 0.0165, 1000)
    assert scene.props == own.props
    env = gymnasium.make("roboschool/Goal1-v1", robot="ant")
    env.reset(seed=0)
    *_, info = env.step(np.zeros(8))
    assert info["costs"].keys() == {"hazards"}
    env.close()


def test_a_robots_name_is_no_path() -> None:
    with pytest.raises(InvalidInput, match=r"unknown robot '../assets/car/car.toml'"):
        load_scene("goal1", robot="../assets/car/car.toml")
