"""Bad input: one clear error that names file, key or agent and the nearest right name, and nothing half done."""

import dataclasses
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from folders import BAD
from stories import tell

import roboschool
from roboschool import errors, paths, readers
from roboschool.cli.options import read_options, split_options
from roboschool.envs.sb3 import SB3VecEnv
from roboschool.errors import InvalidInput
from roboschool.policies.network import read_network
from roboschool.policies.resolve import resolve_path
from roboschool.robots.robot import load_robot
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

CARDS = readers.parse_toml(BAD / "cards.toml")["case"]
SCENES = readers.parse_toml(BAD / "scenes.toml")["case"]


class Blind:
    """Has no `act`, and a pool's length while that is empty."""

    def reset(self, seed: int | None = None) -> None:
        """Do nothing."""

    def __len__(self) -> int:
        return 0


def says(error: pytest.ExceptionInfo[InvalidInput], words: list[str]) -> None:
    for word in words:
        assert word in str(error.value)


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["fault"] for case in cases]


@pytest.mark.parametrize("case", CARDS, ids=names(CARDS))
def test_bad_card(case: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "dog"
    folder.mkdir()
    card = paths.robots()[case.get("robot", "ant")]
    (folder / f"{card.stem}.urdf").write_text(card.with_suffix(".urdf").read_text())
    text = card.read_text()
    assert case["cut"] in text
    (folder / "dog.toml").write_text(text.replace(case["cut"], case["paste"], 1))
    with pytest.raises(InvalidInput) as error:
        load_robot(folder / "dog.toml")
    says(error, ["dog", *case["says"]])


@pytest.mark.parametrize("case", SCENES, ids=names(SCENES))
def test_bad_scene(case: dict[str, Any], tmp_path: Path) -> None:
    text = paths.scenes()[case.get("scene", "humanoid")].read_text()
    assert case["cut"] in text
    path = tmp_path / "park.toml"
    path.write_text(text.replace(case["cut"], case["paste"], 1))
    with pytest.raises(InvalidInput) as error:
        load_scene(path)
    says(error, ["park.toml", *case["says"]])


def test_weight_of_an_unknown_term(tmp_path: Path) -> None:
    path = tmp_path / "park.toml"
    text = paths.scenes()["humanoid"].read_text()
    assert "stall =" in text
    path.write_text(text.replace("stall =", "stal ="))
    with pytest.raises(InvalidInput) as error:
        load_scene(path)
    says(error, ["park.toml", "agent 'humanoid_0': task.weights", "'stal'", "did you mean 'stall'"])
    with pytest.raises(InvalidInput) as error:
        load_scene("race", weights={"progres": 2.0})
    says(error, ["race.toml", "weights", "'progres'", "did you mean 'progress'"])


def test_unknown_option_is_an_unexpected_keyword_argument() -> None:
    """TorchRL's `GymEnv` tries `frameskip`, and goes on without it after a `TypeError` with Python's words."""
    for error in (InvalidInput, TypeError):
        with pytest.raises(error, match=r"ant\.toml: unexpected keyword argument 'gravty'; did you mean 'gravity'\?"):
            roboschool.AgentEnv("ant", gravty=1.62)


def fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: None, ["no such file"]),
        (lambda p: p.mkdir(), ["not a regular file"]),
        (fifo, ["not a regular file"]),
        (lambda p: p.write_bytes(b"\xff\xfe s"), ["not UTF-8"]),
        (lambda p: p.write_text("summary = "), ["Invalid value"]),
        (lambda p: p.write_text("a=" + "[" * 5000), ["park.toml"]),
        (lambda p: p.write_text("#" * (readers.LARGEST + 1)), ["more than"]),
        (lambda p: p.write_text(""), ["summary"]),
    ],
    ids=["missing", "directory", "fifo", "not_utf8", "not_toml", "deep", "huge", "empty"],
)
def test_bad_file(make: Any, words: list[str], tmp_path: Path) -> None:
    make(tmp_path / "park.toml")
    with pytest.raises(InvalidInput) as error:
        load_scene(tmp_path / "park.toml")
    says(error, ["park.toml", *words])


LONG = "x" * 5000
NAMES = ["", ".", "/", ":", ":C", "..:C", "a:", "a\0b", "\ud800", "\udcff", LONG, f"{LONG}:C", f"m:{LONG}", "a/" * 3000]
READERS: dict[str, Callable[[str], object]] = {
    "scene": load_scene,
    "scene_path": lambda name: load_scene(Path(name)),
    "lane": lambda name: load_scene("race", lanes=[name]),
    "game": lambda name: load_scene("pong", game={"name": name}),
    "robot": load_robot,
    "urdf": read_urdf,
    "policy": lambda name: read_network(resolve_path(name)),  # a path is looked at when it is read
    "load_policy": roboschool.load_policy,
    "network": read_network,
    "set_key": lambda name: split_options("pong", read_options([f"{name}=1"])),
    "set_value": lambda name: split_options("pong", read_options([f"game={{name='{name}'}}"])),
}


@pytest.mark.parametrize("ending", ["", ".toml", ".urdf", ".safetensors", ".py"])
@pytest.mark.parametrize("reader", READERS)
def test_whatever_a_name_is_an_error_about_it_is_one_printable_line(reader: str, ending: str) -> None:
    for name in NAMES:
        with pytest.raises(InvalidInput) as error:
            READERS[reader](name + ending)
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 2 * errors.LONGEST_MESSAGE


VALUES = [
    "9" * 5000,
    "-" + "9" * 5000,
    "0x" + "f" * 5000,
    "9" * 400,
    "1e999",
    "nan",
    "-inf",
    "1979-05-27",
    '"a\\u0000"',
]
VALUES += ["[" * 40 + "]" * 40, "[" * 5000, "{a=" * 40 + "1" + "}" * 40, "[[1, 2], [3]]", "{ a.b.c = 1 }"]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:9])
def test_whatever_stands_behind_a_key(value: str, tmp_path: Path) -> None:
    ant = paths.robots()["ant"]
    (tmp_path / "ant.urdf").write_text(ant.with_suffix(".urdf").read_text())
    lines = {"park.toml": paths.scenes()["ant"].read_text(), "ant.toml": ant.read_text()}
    for file, keys in {
        "park.toml": (
            "version",
            "seconds",
            "gravity",
            "players",
            "draw",
            "camera",
            "game",
            "task",
            "position",
            "robot",
        ),
        "ant.toml": ("model", "trunk", "feet", "standing_height", "min_height", "hip_1"),
    }.items():
        for key in keys:
            text, count = re.subn(rf"(?m)^{key} *=.*$", lambda _, key=key: f"{key} = {value}", lines[file], count=1)
            (tmp_path / file).write_text(text if count else f"{key} = {value}\n{text}")
            with pytest.raises(InvalidInput) as error:
                load_scene(tmp_path / file) if file == "park.toml" else load_robot(tmp_path / file)
            assert file in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["a." * 100_000 + "b = 1", f"[{'a.' * 100_000}b]", '"a".' * 50_000 + "b = 1", "[[agent]]\n" * 20_000],
    ids=["key", "table", "quoted", "agents"],
)
def test_a_large_file_is_refused_at_once(text: str, tmp_path: Path) -> None:
    (tmp_path / "park.toml").write_text(text)
    with pytest.raises(InvalidInput, match=r"park\.toml"):
        load_scene(tmp_path / "park.toml")


def turned(yaw: Any) -> Scene:
    scene = load_scene("ant")
    return dataclasses.replace(scene, agents=(dataclasses.replace(scene.agents[0], yaw=yaw),))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: roboschool.AgentEnv("antz"), ["'antz'", "did you mean 'ant'"]),
        (lambda: roboschool.AgentEnv(3), ["scene 3"]),
        (lambda: roboschool.AgentEnv("ants", agent="ant_7"), ["'ant_7'", "did you mean 'ant_"]),
        (lambda: roboschool.AgentEnv("ants", opponents={"ant_0": None}), ["opponent 'ant_0'"]),
        (lambda: roboschool.AgentEnv("ants", opponents={"ant_1": None}), ["opponent 'ant_1'", "reset(seed)"]),
        (
            lambda: roboschool.AgentEnv("ants", opponents={"ant_1": "stil"}),
            ["opponent 'ant_1'", "did you mean 'still'"],
        ),
        (lambda: roboschool.AgentEnv("ants", opponents={"ant_1": "scripted"}), ["opponent 'ant_1'", "names no policy"]),
        (lambda: roboschool.AgentEnv("ants", opponents={"ant_1": Blind()}), ["Blind has no act(observation)"]),
        (lambda: roboschool.AgentEnv("ants", opponents={"ant_1": Blind}), ["Blind is a class; give", "Blind()"]),
        (
            lambda: roboschool.AgentEnv("ants", opponents="still"),
            ["opponents: 'still' is not a mapping", '{"ant_1": "still"}'],
        ),
        (lambda: roboschool.AgentEnv("ants", opponents=Blind()), ["opponents: Blind is not a mapping of agents"]),
        (lambda: roboschool.VectorEnv("ants", 1, opponents=["still"]), ["opponents: list is not a mapping"]),
        (lambda: roboschool.Lobby("ants", default_policies=Blind()), ["default_policies: Blind is not a mapping"]),
        (
            lambda: roboschool.Lobby("ants", default_policies={"ant_0": "stil"}),
            ["default_policies: 'ant_0'", "did you mean 'still'"],
        ),
        (lambda: roboschool.AgentEnv("ant", gravitas=3.0), ["'gravitas'", "did you mean 'gravity'"]),
        (lambda: roboschool.AgentEnv("ants", oponents={}), ["'oponents'", "did you mean 'opponents'"]),
        (lambda: roboschool.AgentEnv(load_scene("ants"), oponents={}), ["'oponents'", "did you mean 'opponents'"]),
        (lambda: roboschool.parallel_env("ants", max_cycle=3), ["'max_cycle'", "did you mean 'max_cycles'"]),
        (lambda: roboschool.VectorEnv("ants", num_worker=2), ["'num_worker'", "did you mean 'num_workers'"]),
        (lambda: roboschool.AgentEnv("ant", gravity="low"), ["gravity", "str"]),
        (lambda: roboschool.AgentEnv("ant", gravity=float("nan")), ["gravity", "finite"]),
        (lambda: roboschool.AgentEnv("ant", substeps=0), ["substeps", "0"]),
        (lambda: roboschool.AgentEnv("ant", timestep=-1.0), ["timestep"]),
        (lambda: roboschool.AgentEnv("ant", lanes=["ant"]), ["lanes"]),
        (lambda: roboschool.AgentEnv("ant", render_mode="human_"), ["'human_'"]),
        (lambda: roboschool.parallel_env("race", lanes=["ant", "hoper"]), ["'hoper'", "did you mean 'hopper'"]),
        (lambda: roboschool.parallel_env("race", lanes=[]), ["lanes"]),
        (lambda: roboschool.parallel_env("race", lanes="ant"), ["lanes"]),
        (lambda: roboschool.parallel_env("race", lanes=["race"]), ["'race'", "one agent"]),
        (lambda: roboschool.parallel_env("race", on_termination="stays"), ["'stays'", "did you mean 'stay'"]),
        (lambda: roboschool.parallel_env("race", max_cycles=0), ["max_cycles"]),
        (lambda: roboschool.VectorEnv("ant", 0), ["num_envs", "0"]),
        (lambda: roboschool.VectorEnv("ant", 1, autoreset_mode="Never"), ["autoreset_mode", "'Never'"]),
        (lambda: roboschool.load_robot("aunt"), ["'aunt'", "did you mean 'ant'"]),
        (lambda: roboschool.add_path("/nowhere"), ["/nowhere"]),
        (lambda: Scene("empty", "Nobody.", ()), ["0 agents"]),
        (lambda: dataclasses.replace(load_scene("ant"), gravity=float("inf")), ["gravity"]),
        (lambda: dataclasses.replace(load_scene("ant"), gravity=[1.6, 9.8]), ["gravity: [1.6, 9.8]", "tuple"]),
        (lambda: dataclasses.replace(load_scene("ant"), friction=(0.1, 0.2, 0.3)), ["friction", "length 3, not 2"]),
        (lambda: dataclasses.replace(load_scene("ant"), friction="0.5"), ["friction: ", "got `str`"]),
        (lambda: turned([0.0, 1.0]), ["agent ant_0.yaw", "tuple"]),
        (lambda: load_scene("roboschool/Ant-v77"), ["'roboschool/Ant-v77'", "did you mean 'roboschool/Ant-v1'"]),
        (lambda: load_scene("RoboschoolAnt-v0"), ["'RoboschoolAnt-v0'", "did you mean 'roboschool/Ant-v1'"]),
        (lambda: load_scene(load_scene("ant"), gravity=1.0), ["dataclasses.replace"]),
    ],
)
def test_bad_argument(call: Any, words: list[str]) -> None:
    with pytest.raises(InvalidInput) as error:
        call()
    says(error, words)


ACTIONS = [
    (np.zeros(7), ["(7,)", "(8,)"]),
    (np.zeros((1, 8)), ["(1, 8)", "(8,)"]),
    (np.zeros(()), ["()", "(8,)"]),
    (np.full(8, np.nan), ["hip_1", "nan"]),
    (np.array([0, 0, 0, np.inf, 0, 0, 0, 0]), ["ankle_2", "inf"]),
    (np.array([0, -np.inf, 0, 0, 0, 0, 0, 0]), ["ankle_1", "-inf"]),
    (["a"] * 8, ["ant_0", "number"]),
    ([[1, 2], [3]], ["ant_0", "number"]),
    (None, ["ant_0"]),
    ({"a": 1}, ["ant_0"]),
    (np.zeros(8, dtype=complex), ["ant_0", "complex"]),
]


@pytest.mark.parametrize(("action", "words"), ACTIONS)
@pytest.mark.parametrize("face", ["single", "parallel", "vector"])
def test_bad_action_moves_nothing(face: str, action: Any, words: list[str]) -> None:
    envs = {
        "single": lambda: roboschool.AgentEnv("ant"),
        "parallel": lambda: roboschool.parallel_env("ants"),
        "vector": lambda: roboschool.VectorEnv("ant", 2),
    }
    env: Any = envs[face]()
    env.reset(seed=0)
    good: Any = np.full(8, 0.5)
    bad = action
    if face == "parallel":
        good, bad = dict.fromkeys(env.agents, good), dict.fromkeys(env.agents, good) | {"ant_0": action}
    elif face == "vector":
        good = np.stack([good, good])
        bad = [action, action] if not isinstance(action, np.ndarray) else np.stack([action, action])
    env.step(good)
    before = env.simulation.save()
    with pytest.raises(InvalidInput) as error:
        env.step(bad)
    says(error, ["ant_0", *(words if face == "single" else [])])
    after = env.simulation.save()
    assert before.world.snapshot == after.world.snapshot
    assert before.step == after.step
    env.step(good)
    env.close()


class Unwilling:
    """What has numbers, and does not give them."""

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise KeyError("numbers")


def odd_actions(*shape: int) -> list[Any]:
    """Return what looks like an action of this shape, and cannot be converted to one."""
    return [
        torch.zeros(shape, requires_grad=True),
        torch.zeros(shape, dtype=torch.bfloat16),
        torch.zeros(shape, dtype=torch.complex64),
        torch.zeros(shape).to_sparse(),
        torch.zeros(shape, device="meta"),
        np.full(shape, None),
        np.full(shape, "0.0"),
        np.ma.masked_array(np.zeros(shape), np.arange(np.prod(shape)).reshape(shape) == 1),
        [[0.0], [0.0, 0.0]],
        Unwilling(),
    ]


@pytest.mark.parametrize("face", ["single", "parallel", "joint", "vector", "workers", "sb3", "lobby"])
def test_an_action_that_cannot_be_converted_is_refused_and_the_episode_goes_on(face: str) -> None:
    env: Any = {
        "single": lambda: roboschool.AgentEnv("hopper"),
        "parallel": lambda: roboschool.parallel_env("hopper"),
        "joint": lambda: roboschool.JointEnv("hopper", {"leg_0": ["thigh_joint", "leg_joint", "foot_joint"]}),
        "vector": lambda: roboschool.VectorEnv("hopper", 2),
        "workers": lambda: roboschool.VectorEnv("hopper", 2, 1),
        "sb3": lambda: SB3VecEnv("hopper", 2),
        "lobby": lambda: roboschool.Lobby("hopper")["hopper_0"],
    }[face]()
    env.reset()
    agent = {"parallel": "hopper_0", "joint": "leg_0"}.get(face)
    shape = (2, 3) if face in ("vector", "workers", "sb3") else (3,)
    for action in odd_actions(*shape):
        with pytest.raises(InvalidInput, match=f"agent '{agent or 'hopper_0'}': the action is "):
            env.step({agent: action} if agent else action)
        env.step({agent: np.zeros(shape)} if agent else np.zeros(shape))
    if agent:
        for actions in (None, [np.zeros(3)], torch.zeros(3)):
            with pytest.raises(InvalidInput, match="not actions by agent"):
                env.step(actions)
    (env.lobby if face == "lobby" else env).close()


def test_actions_beyond_the_bounds_are_clipped() -> None:
    one, two = roboschool.AgentEnv("ant"), roboschool.AgentEnv("ant")
    one.reset(seed=0)
    two.reset(seed=0)
    for size in (1e3, 1e300):
        assert (one.step(np.full(8, size))[0] == two.step(np.ones(8))[0]).all()
    one.close()
    two.close()


def test_unknown_and_missing_agents() -> None:
    world = roboschool.parallel_env("ants")
    assert world.step({}) == ({}, {}, {}, {}, {})
    world.reset(seed=0)
    good = dict.fromkeys(world.agents, np.zeros(8))
    with pytest.raises(InvalidInput, match="unknown agent 'ant_9'; did you mean 'ant_"):
        world.step(good | {"ant_9": np.zeros(8)})
    del good["ant_1"]
    with pytest.raises(InvalidInput, match="no action for ant_1"):
        world.step(good)
    for ask in (world.observation_space, world.action_space):
        with pytest.raises(InvalidInput, match="did you mean 'ant_"):
            ask("ant_9")
    world.close()


@pytest.mark.parametrize("seed", [-1, 1.5, "one"])
def test_bad_seed(seed: Any) -> None:
    envs = (roboschool.AgentEnv("ant"), roboschool.parallel_env("ants"), roboschool.VectorEnv("ant", 1))
    for env, given in zip(envs, (seed, seed, [seed]), strict=True):
        with pytest.raises(InvalidInput, match="whole number from 0 up"):
            env.reset(seed=given)
        env.close()


def test_numpy_seeds_are_seeds() -> None:
    for env in (roboschool.AgentEnv("ant"), roboschool.VectorEnv("ant", 2)):
        first, _ = env.reset(seed=5)
        again, _ = env.reset(seed=np.int64(5))
        assert (first == again).all()
        env.close()


def test_step_before_reset_and_after_close() -> None:
    for env in (roboschool.AgentEnv("ant"), roboschool.VectorEnv("ant", 1)):
        action = np.zeros((1, 8) if isinstance(env, roboschool.VectorEnv) else 8)
        with pytest.raises(InvalidInput, match="reset"):
            env.step(action)
        env.reset(seed=0)
        env.step(action)
        env.close()
        env.close()
        with pytest.raises(InvalidInput, match="closed"):
            env.step(action)


@pytest.mark.parametrize("begun", [True, False])
def test_a_closed_env_stays_closed(begun: bool) -> None:
    envs: tuple[Any, ...] = (
        roboschool.AgentEnv("ant", render_mode="rgb_array"),
        roboschool.parallel_env("ants", render_mode="rgb_array"),
        roboschool.VectorEnv("ant", 1, render_mode="rgb_array"),
    )
    state = None
    for env in envs:
        if begun:
            env.reset(seed=0)
            state = env.simulation.save()
            if isinstance(env, roboschool.VectorEnv):
                env.send(np.zeros((1, 8)))
        env.close()
        uses = [env.reset, env.render, lambda env=env: env.simulation, lambda env=env: env.step({})]
        if not isinstance(env, roboschool.VectorEnv):
            uses += [env.get_state, lambda env=env, state=state: env.set_state(state)]
        for use in uses:
            with pytest.raises(InvalidInput, match="closed; make another"):
                use()
        env.close()
    with pytest.raises(InvalidInput, match="closed; make another"):
        envs[2].recv()


def blow_up(simulation: Simulation, kind: str) -> None:
    """Bring Bullet to what it cannot recover from."""
    import pybullet

    world = simulation.worlds[0]
    body = world.bodies[0]
    if kind == "nan":
        pybullet.resetJointState(body.id, body.driven[0], float("nan"), physicsClientId=world.client)
    elif kind == "overflow":
        pybullet.resetJointState(body.id, body.driven[0], 0.0, 1e300, physicsClientId=world.client)
    elif body.passive:
        pybullet.resetJointState(body.id, body.joints[0], 0.0, 1e9, physicsClientId=world.client)
    else:
        pybullet.resetBaseVelocity(body.id, (0, 0, 1e9), physicsClientId=world.client)


@pytest.mark.parametrize("kind", ["nan", "clamp", "overflow"])
@pytest.mark.parametrize("name", ["ant", "hopper", "ants"])
def test_physics_that_blows_up_ends_the_episode_and_heals(name: str, kind: str) -> None:
    env = roboschool.AgentEnv(name)
    story = tell(env.simulation, steps=50)
    env.reset(seed=1)
    blow_up(env.simulation, kind)
    seen, reward, terminated, truncated, info = env.step(np.zeros(env.action_space.shape))
    assert (terminated, truncated, info["physics_error"]) == (False, True, 1.0)
    assert seen in env.observation_space
    assert np.isfinite([reward, *info.values()]).all()
    seen, *_ = env.step(np.zeros(env.action_space.shape))  # whoever goes on without a reset gets no NaN either
    assert np.isfinite(seen).all()
    assert tell(env.simulation, steps=50) == story
    env.close()


def test_physics_that_blows_up_in_one_copy_leaves_the_others_alone() -> None:
    envs, reference = roboschool.VectorEnv("ant", 3), roboschool.VectorEnv("ant", 3)
    envs.reset(seed=0)
    reference.reset(seed=0)
    action = np.full((3, 8), 0.4)
    blow_up(envs.simulation, "nan")
    for step in range(6):
        seen, reward, _, truncated, info = envs.step(action)
        expected, expected_reward, *_ = reference.step(action)
        assert np.isfinite(seen).all()
        assert np.isfinite(reward).all()
        assert truncated.tolist() == info["physics_error"].tolist() == [step == 0, False, False]
        assert (seen[1:] == expected[1:]).all()
        assert (reward[1:] == expected_reward[1:]).all()
    envs.close()
    reference.close()


def test_policies_are_numbers_and_nothing_else(tmp_path: Path) -> None:
    good = {
        "mean": np.zeros(4),
        "scale": np.ones(4),
        "layers.0.weight": np.ones((2, 4)) / 8,
        "layers.0.bias": np.zeros(2),
    }
    path = tmp_path / "policy.safetensors"
    roboschool.NetworkPolicy(good).save(path)
    policy = roboschool.load_policy(path)
    policy.reset(0)
    assert policy.act(np.ones(4)).tolist() == [0.5, 0.5]
    assert policy.act(np.ones((3, 4))).shape == (3, 2)
    with pytest.raises(InvalidInput, match="observes 4 numbers"):
        policy.act(np.ones(5))
    for tensors, word in (
        ({}, "mean, scale"),
        (good | {"mean": np.full(4, np.nan)}, "finite"),
        (good | {"layers.0.bias": np.zeros(3)}, "shape"),
        (good | {"extra": np.zeros(1)}, "extra"),
        (good | {"scale": np.ones(1)}, r"scale has shape \(1,\), not \(4,\)"),
    ):
        with pytest.raises(InvalidInput, match=word):
            roboschool.NetworkPolicy(tensors)
    for text in (b"", b"\x80\x04pickle", b"\xff" * 64, path.read_bytes()[:40]):
        path.write_bytes(text)
        with pytest.raises(InvalidInput, match=r"policy\.safetensors"):
            roboschool.load_policy(path)
    with pytest.raises(InvalidInput, match=r"did you mean 'policy\.safetensors'"):
        roboschool.load_policy(tmp_path / "polcy.safetensors")
    with pytest.raises(InvalidInput, match=r"nope\.safetensors: no such file$"):
        roboschool.load_policy(tmp_path / "none" / "nope.safetensors")


def test_an_error_in_a_policy_of_ones_own_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_policy.py").write_text(
        "class Mine:\n    def __init__(self):\n        self.gain = 1 + 'x'\n"
        "    def reset(self, seed=None): ...\n    def act(self, observation): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidInput, match=r"broken_policy\.py, line 3, in __init__: TypeError: unsupported operand"):
        roboschool.load_policy("broken_policy:Mine")


def test_only_a_class_that_is_no_dataclass_is_told_to_be_one() -> None:
    with pytest.raises(InvalidInput, match=r"game 'sumo' has no 'agent_stats'(?!.*dataclass)"):
        roboschool.load_scene("ant_sumo", game={"name": "sumo", "agent_stats": 1})


MINE = """
import functools

import numpy as np


class Charge:
    def reset(self, seed=None):
        self.seed = seed

    def act(self, observation):
        return np.zeros(2)


class Deaf:
    def act(self, observation):
        return np.zeros(2)


class Heir(Charge):
    pass


class Plain:
    def reset(self):
        pass

    def act(self, observation):
        return np.zeros(2)


class Tuned:
    def __init__(self, gain, *, bias=0.0):
        self.gain = gain

    def reset(self, *seeds):
        pass

    def act(self, observation, /, noise=None):
        return np.zeros(2)


class Late(Tuned): ...


Late.__init__ = functools.partialmethod(Late.__init__, 1.0)


def make():
    return Charge()
"""


def test_a_class_is_imported_only_when_its_policy_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unread.py").write_text("raise SystemExit('nothing of this runs')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for written in ("unread:Charge", "nowhere:Charge"):
        assert resolve_path(written) == written
        with pytest.raises(InvalidInput, match=rf"policy '{written}' cannot be imported: .*(SystemExit|No module)"):
            roboschool.load_policy(written)


def test_wrong_classes_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "torn.py").write_text("class Charge(")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for written in ("mine:Charge", "mine:Heir", "mine:Late"):
        assert resolve_path(written) == written
        roboschool.load_policy(written).act(np.zeros(3))
    for written, words in {
        "mine:charge": "module 'mine' has no attribute 'charge'; did you mean 'Charge'?",
        "mine:Deaf": "policy 'mine:Deaf': Deaf has no reset(seed)",
        "mine:Plain": "policy 'mine:Plain': Plain.reset is called as reset(seed), which it does not take",
        "mine:Tuned": "policy 'mine:Tuned' cannot be made without arguments",
        "mine:make": "policy 'mine:make': make is a function, not a class",
        "mine:": "has no attribute ''; there is Charge, Deaf, Heir, ",
        "mine": "unknown policy 'mine'",
        "mine.py": "policy 'mine.py': write mine:Class",
        "mine.py:Charge": "write mine:Charge",
        "torn:Charge": "policy 'torn:Charge' cannot be imported: SyntaxError",
        "torn.py": "write torn:Class",
        "nope.py:X": "policy 'nope.py:X': write nope:X",
        "still": "policy 'still': it needs to know its agent",
    }.items():
        with pytest.raises(InvalidInput, match=re.escape(words)):
            roboschool.load_policy(written)
    with pytest.raises(InvalidInput, match=r"opponent 'paddle_1': policy 'mine:Deaf': Deaf has no reset"):
        roboschool.AgentEnv("pong", opponents={"paddle_1": "mine:Deaf"})
    monkeypatch.chdir("/")
    for written in (f"{tmp_path}/mine.py:Charge", f"{tmp_path}/mine:Charge"):
        with pytest.raises(InvalidInput, match=f"write mine:Charge in the folder {tmp_path}, or with that in PYTHON"):
            resolve_path(written)


def test_a_class_here_plays_wherever_a_policy_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_here.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder not in ("", str(tmp_path))])
    env = roboschool.AgentEnv("pong", opponents={"paddle_1": "mine_here:Charge"})
    env.reset(seed=0)
    assert env.opponents["paddle_1"].seed > 0
    env.close()


def test_scripted_is_what_the_scene_names_and_random_depends_on_the_seed() -> None:
    def story(face: Any = roboschool.AgentEnv, **arguments: Any) -> np.ndarray:
        env = face("pong", **arguments)
        seen = [env.reset(seed=3)[0]]
        seen += [env.step(np.zeros(env.action_space.shape))[0] for _ in range(100)]
        env.close()
        return np.array(seen).reshape(101, -1)

    assert (story(opponents={"paddle_1": "scripted"}) == story()).all()
    assert (
        story(opponents={"paddle_1": "pong"}) == story(opponents={"paddle_1": roboschool.load_policy("pong")})
    ).all()
    rng = story(opponents={"paddle_1": "random"})
    assert (rng != story(opponents={"paddle_1": "still"})).any()
    for workers in (0, 1):
        many = story(roboschool.VectorEnv, num_envs=1, num_workers=workers, opponents={"paddle_1": "random"})
        assert (many == rng).all()
    env = roboschool.AgentEnv("pong", opponents={"paddle_1": "random"})
    env.reset(seed=0)
    state = env.get_state()
    after = [env.step(np.zeros(2))[0] for _ in range(20)]
    env.set_state(state)
    assert all((env.step(np.zeros(2))[0] == seen).all() for seen in after), "what is written is the env's own"
    env.close()
