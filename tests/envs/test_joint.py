"""One robot shared by several agents: who moves and feels what, and that the robot is the one it is on its own."""

import hashlib
import pickle
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from pathlib import Path

import cloudpickle
import numpy as np
import pettingzoo
import pytest
from folders import ROOT
from pettingzoo.test import api_test, parallel_api_test
from pettingzoo.utils import parallel_to_aec
from urdfs import joint, link, make

import roboschool
from roboschool import AgentEnv, InvalidInput, JointEnv, Robot, load_robot, load_scene, partitions, paths
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import fields_of
from roboschool.robots.kinematics import grow
from roboschool.scenes.scene import Agent, Scene
from roboschool.scenes.scene_file import read_scene
from roboschool.tasks.run import Run

FILES = {name: read_scene(path) for name, path in sorted(paths.scenes().items())}
SHARED = {name: file.partitions for name, file in FILES.items() if file.partitions}
ALL = [(name, parts) for name, several in SHARED.items() for parts in several]
LEGS = [("fl", "0.3 0.2 0"), ("fr", "0.3 -0.2 0"), ("bl", "-0.3 0.2 0"), ("br", "-0.3 -0.2 0")]
TRIPODS = [(f"{side}{row}", f"{0.4 - 0.4 * row} {y} 0") for row in range(3) for side, y in (("l", 0.2), ("r", -0.2))]
CARD = "trunk = '{}'\nstanding_height = 0.6\n[torque]\n{}"


def some(env: JointEnv, generator: np.random.Generator) -> dict[str, np.ndarray]:
    return {a: generator.uniform(-1, 1, env.action_space(a).shape).astype(np.float32) for a in env.possible_agents}


def walker(tmp_path: Path, legs: list[tuple[str, str]] = LEGS, mounts: bool = False) -> Robot:
    """A robot of a user: legs of two joints, perhaps on mounts that are turned."""
    parts, names = [link("body")], []
    for leg, xyz in legs:
        parts += [link(f"thigh_{leg}"), link(f"paw_{leg}"), joint(f"knee_{leg}", f"thigh_{leg}", f"paw_{leg}")]
        if mounts:
            ends = f"<parent link='body'/><child link='mount_{leg}'/><origin xyz='{xyz}' rpy='0 0 2'/>"
            parts += [link(f"mount_{leg}"), f"<joint name='mount_{leg}' type='fixed'>{ends}</joint>"]
            parts.append(joint(f"hip_{leg}", f"mount_{leg}", f"thigh_{leg}", xyz="0 0 0.1"))
        else:
            parts.append(joint(f"hip_{leg}", "body", f"thigh_{leg}", xyz=xyz))
        names += [f"hip_{leg}", f"knee_{leg}"]
    feet = f"feet = {[f'paw_{leg}' for leg, _ in legs]}\n"
    return make(tmp_path, *parts, card=feet + CARD.format("body", "".join(f"{name} = 5.0\n" for name in names)))


def scene_of(robot: Robot) -> Scene:
    return Scene("odd", "A robot of a user.", (Agent("odd_0", Run(robot)),))


def fields_of_robot(name: str) -> list[str]:
    """What each number that the robot of a scene observes on its own is."""
    scene = load_scene(name)
    return [str(field) for field in fields_of(scene.agents[0].task, scene.info)]


def legs_of(parts: tuple[tuple[str, ...], ...]) -> list[str]:
    """The legs of each part, in a word."""
    return [" ".join(name.removeprefix("hip_") for name in part if name.startswith("hip_")) for part in parts]


# --- parts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(paths.robots()))
def test_every_joint_is_in_one_part(name: str) -> None:
    robot = load_robot(name)
    joints = [joint.name for joint in robot.joints]
    for word, parts in partitions(robot).items():
        assert sorted(joint for part in parts for joint in part) == sorted(joints)
        sizes = [len(part) for part in parts]
        assert word.removesuffix("d") in ("|".join(map(str, sizes)), f"{len(parts)}x{sizes[0]}")
        assert all(list(part) == sorted(part, key=joints.index) for part in parts)
    assert f"{len(joints)}x1" in partitions(robot) or len(joints) == 1


@pytest.mark.parametrize("name", sorted(SHARED))
def test_scenes_list_what_their_robot_has(name: str) -> None:
    (agent,) = load_scene(name).agents
    assert sorted(SHARED[name]) == sorted(partitions(agent.robot))


def test_every_scene_that_can_be_shared_lists_parts() -> None:
    for name in paths.scenes():
        scene = load_scene(name)
        if FILES[name].robots:  # which differ
            continue
        assert (name in SHARED) == (len(scene.agents) == 1 and len(scene.agents[0].robot.joints) > 1)


def test_parts_of_the_field() -> None:
    """What others give their robots by hand is found in the tree."""
    ant, humanoid = partitions("ant"), partitions(load_robot("humanoid"))
    assert ant["4x2"] == tuple((f"hip_{leg}", f"ankle_{leg}") for leg in range(1, 5))
    assert legs_of(ant["2x4"]) == ["1 2", "3 4"]
    assert legs_of(ant["2x4d"]) == ["1 3", "2 4"]
    upper, lower = humanoid["9|8"]
    assert {name.split("_")[-1] for name in upper} == {"x", "y", "z", "shoulder1", "shoulder2", "elbow"}
    assert all("abdomen" in name or "shoulder" in name or "elbow" in name for name in upper)
    assert all("hip" in name or "knee" in name for name in lower)
    back, front = partitions(load_robot("half_cheetah"))["2x3"]
    assert (back, front) == (("bthigh", "bshin", "bfoot"), ("fthigh", "fshin", "ffoot"))
    right, left = partitions(load_robot("walker2d"))["2x3"]
    assert [f"{name.removesuffix('_joint')}_left_joint" for name in right] == list(left)
    assert partitions(load_robot("inverted_pendulum")) == {}


@pytest.mark.parametrize("mounts", [False, True])
def test_legs_of_a_users_robot(mounts: bool, tmp_path: Path) -> None:
    """Its legs are not written in turn around the trunk, and may hang from links that are turned."""
    found = partitions(walker(tmp_path, mounts=mounts))
    assert list(found) == ["2x4", "2x4d", "4x2", "8x1"]
    assert legs_of(found["2x4"]) == ["fl bl", "fr br"]
    assert legs_of(found["2x4d"]) == ["fl br", "fr bl"]


def test_six_legs_are_dealt_out_as_tripods(tmp_path: Path) -> None:
    found = partitions(walker(tmp_path, TRIPODS))
    assert list(found) == ["2x6", "2x6d", "3x4", "3x4d", "6x2", "12x1"]
    assert legs_of(found["2x6d"]) == ["l0 r1 l2", "r0 l1 r2"]


@pytest.mark.parametrize(
    ("trunk", "words"), [(0, ["2x3", "3x2", "6x1"]), (3, ["2x3", "6x1"]), (2, ["3x2", "6x1", "2|4"])]
)
def test_a_snake_is_cut_in_equal_pieces(trunk: int, words: list[str], tmp_path: Path) -> None:
    """Its trunk may be any of its links, also one that hangs from others."""
    parts = [link(f"part_{i}") for i in range(7)]
    parts += [joint(f"bend_{i}", f"part_{i}", f"part_{i + 1}") for i in range(6)]
    torque = "".join(f"bend_{i} = 1.0\n" for i in range(6))
    found = partitions(make(tmp_path, *parts, card=CARD.format(f"part_{trunk}", torque)))
    assert list(found) == words
    assert found.get("2x3") in (None, tuple(tuple(f"bend_{i}" for i in piece) for piece in (range(3), range(3, 6))))


# --- distances -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(paths.robots()))
def test_joints_that_share_a_link_are_one_apart(name: str) -> None:
    """Against a search through the joints and links of the URDF."""
    robot = load_robot(name)
    tree = grow(robot)
    body = {link.name: link.name for link in robot.model.links}  # what is fixed together is one body
    for bolt in (j for j in robot.model.joints if j.kind == "fixed"):
        body = {link: body[bolt.parent] if b == body[bolt.child] else b for link, b in body.items()}
    ends = {j.name: {body[j.parent], body[j.child]} for j in robot.model.joints if j.kind != "fixed"}
    assert set(ends) == set(tree.joints)
    for start in ends:
        away, front = {start: 0}, [start]
        for here in front:
            for other in ends:
                if other not in away and ends[here] & ends[other]:
                    away[other] = away[here] + 1
                    front.append(other)
        assert away == {other: tree.distance(start, other) for other in ends}


def test_hops() -> None:
    seen = {hops: JointEnv("ant", "4x2", hops=hops).field_names("part_0") for hops in (0, 1, 2, 3, 99)}
    whole = fields_of_robot("ant")
    own = [*whole[:12], "front_left_foot on the ground"]
    assert seen[0] == own
    assert seen[1] == [*whole[:12], *(whole[k] for k in (12, 13, 16, 17, 20, 21)), own[-1]]
    assert set(seen[2]) == set(seen[3]) == set(seen[99]) == set(whole)
    assert len(seen[99]) == len(whole)
    tight = JointEnv(
        "ant", {"a_0": ["ankle_1"], "a_1": [j.name for j in load_robot("ant").joints if j.name != "ankle_1"]}
    )
    assert [entry.split(",")[0] for entry in tight.field_names("a_0")[8::2]] == [
        "ankle_1",
        "hip_1",
        "front_left_foot on the ground",
    ]


@pytest.mark.parametrize("hops", [0, 1, 99])
@pytest.mark.parametrize(("name", "parts"), ALL)
def test_columns(name: str, parts: str, hops: int) -> None:
    env = JointEnv(name, parts, hops=hops)
    whole, shape = fields_of_robot(name), env.state_space.shape
    assert len(whole) == shape[0]
    for agent, columns in env.columns.items():
        assert len(set(columns)) == len(columns) == env.observation_space(agent).shape[0]
        assert hops < 99 or sorted(columns) == list(range(len(whole)))
        assert env.field_names(agent) == [whole[k] for k in columns]
        moved = env.action_space(agent).shape[0]
        assert moved == len(env.parts[agent])
    assert {k for columns in env.columns.values() for k in columns} == set(range(len(whole))), "someone sees everything"


def test_a_foot_is_felt_by_those_who_feel_the_joint_that_moves_it(tmp_path: Path) -> None:
    robot = walker(tmp_path, mounts=True)
    env = JointEnv(scene_of(robot), "8x1", hops=0)
    feeling = {agent: [entry for entry in env.field_names(agent) if "ground" in entry] for agent in env.possible_agents}
    assert [len(feet) for feet in feeling.values()] == [0, 1] * 4
    assert feeling["part_1"] == ["paw_fl on the ground"]


# --- the env ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SHARED))
def test_the_robot_is_the_one_it_is_on_its_own(name: str) -> None:
    """Same seed, same actions: same rewards, ends and numbers seen, bit for bit, over several episodes."""
    shared, alone = JointEnv(name, SHARED[name][0]), AgentEnv(name)
    generator = np.random.default_rng(1)
    steps = 0
    for seed in (5, None, None):
        seen, infos = shared.reset(seed)
        whole, info = alone.reset(seed=seed)
        while True:
            assert (shared.state() == whole).all()
            assert list(seen) == list(infos) == shared.possible_agents
            for agent, columns in shared.columns.items():
                assert (seen[agent] == whole[columns]).all()
                assert seen[agent] in shared.observation_space(agent)
                assert infos[agent] == info
            if not shared.agents or steps > 250:
                break
            actions = some(shared, generator)
            seen, rewards, over, cut, infos = shared.step(actions)
            whole, *single, info = alone.step(shared.join(actions))
            for agent in shared.possible_agents:
                assert [rewards[agent], over[agent], cut[agent]] == single
            assert (shared.agents == []) == (single[1] or single[2])
            steps += 1
    shared.close()
    alone.close()


def test_maps_both_ways() -> None:
    env = JointEnv(
        "humanoid",
        {
            "arm_0": ["left_elbow", "left_shoulder1"],
            "rest_0": [j.name for j in load_robot("humanoid").joints if j.name not in ("left_elbow", "left_shoulder1")],
        },
    )
    joints = [joint.name for joint in load_robot("humanoid").joints]
    whole = np.arange(17, dtype=np.float32)
    split = env.split(whole)
    assert split["arm_0"].tolist() == [joints.index("left_elbow"), joints.index("left_shoulder1")]
    assert (env.join(split) == whole).all()
    assert env.join(split).dtype == np.float32
    assert env.field_names("arm_0")[8].startswith("left_elbow, "), "its own come first, in its own order"
    with pytest.raises(InvalidInput, match=re.escape("agent 'arm_0': the action has shape (3,), not (2,)")):
        env.join(split | {"arm_0": np.zeros(3)})
    with pytest.raises(InvalidInput, match="no action for rest_0"):
        env.join({"arm_0": np.zeros(2)})
    with pytest.raises(InvalidInput, match=re.escape("has shape (3,), not (17,)")):
        env.split(np.zeros(3))


@pytest.mark.parametrize(("name", "parts"), ALL)
def test_pettingzoo_parallel(name: str, parts: str) -> None:
    env = JointEnv(name, parts)
    parallel_api_test(env, num_cycles=60)
    env.close()


@pytest.mark.filterwarnings("ignore:Agents have different (observation|action) space sizes")
@pytest.mark.filterwarnings("ignore:Observations are different shapes")
@pytest.mark.parametrize(("name", "parts"), [("ant", "4x2"), ("humanoid", "9|8"), ("half_cheetah", "6x1")])
def test_pettingzoo_aec(name: str, parts: str) -> None:
    env = JointEnv(name, parts)
    api_test(parallel_to_aec(env), num_cycles=100)
    env.close()


@pytest.mark.skipif(not hasattr(pettingzoo, "make"), reason="PettingZoo has a registry since 1.27")
def test_pettingzoo_finds_every_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {identity for identity in pettingzoo.parallel_registry if identity.startswith("roboschool/Joint")}
    assert len(ids) == len(ALL)
    for identity in ids:
        env = pettingzoo.make("parallel", identity, hops=2, max_cycles=4).unwrapped
        assert isinstance(env, JointEnv)
        assert (env.hops, env.max_cycles) == (2, 4)
    assert {"roboschool/JointAnt-2x4d-v1", "roboschool/JointHumanoid-9-8-v1"} <= ids
    monkeypatch.setenv(paths.VARIABLE, "")
    (tmp_path / "scenes").mkdir()
    row = "[[agent]]\nname = 'ant_0'\nrobot = 'ant'\ntask = { name = 'run', alive = 2.0 }\n"
    (tmp_path / "scenes" / "my_ant.toml").write_text(f"summary = 'Mine.'\npartitions = ['4x2']\n{row}")
    roboschool.add_path(str(tmp_path))
    assert pettingzoo.make("parallel", "roboschool/JointMyAnt-4x2-v1").possible_agents == [
        f"part_{i}" for i in range(4)
    ]
    (tmp_path / "scenes" / "my_ant.toml").write_text(f"summary = 'Mine.'\npartitions = ['four']\n{row}")
    with pytest.raises(InvalidInput, match=r"partitions\[0\]: 'four' is not like '4x2'"):
        load_scene(tmp_path / "scenes" / "my_ant.toml")


def test_all_end_together_and_nothing_is_left() -> None:
    env = JointEnv("ant", "4x2", max_cycles=3)
    env.reset(seed=0)
    actions = some(env, np.random.default_rng(0))
    for cycle in range(1, 4):
        assert env.agents == env.possible_agents
        env.agents.clear()  # a list of its own
        assert env.agents == env.possible_agents
        _, rewards, over, cut, infos = env.step(actions)
        assert len(set(rewards.values())) == 1
        assert set(over.values()) == {False}
        assert set(cut.values()) == {cycle == 3}
        assert {type(value) for value in (*over.values(), *cut.values())} == {bool}
        infos["part_0"]["mine"] = 1.0
        assert all(a is not b for a, b in permutations(infos.values(), 2))
        assert "mine" not in infos["part_1"]
    assert env.agents == []
    assert env.step({}) == env.step(actions) == ({}, {}, {}, {}, {})
    assert env.reset()[1]["part_0"].keys() == infos["part_1"].keys()
    env.close()
    env.close()
    assert env.agents == []
    with pytest.raises(InvalidInput, match="closed"):
        env.step(actions)


def test_a_fall_ends_all() -> None:
    env = JointEnv("hopper", "3x1")
    env.reset(seed=0)
    over = {"part_0": False}
    while not any(over.values()):
        _, rewards, over, cut, infos = env.step({agent: np.ones(1) for agent in env.agents})
    assert set(over.values()) == {True}
    assert set(cut.values()) == {False}
    assert {info["alive"] for info in infos.values()} == {-1.0}
    terms = env.simulation.groups[0].rewards.names
    assert rewards["part_0"] == pytest.approx(sum(v for k, v in infos["part_0"].items() if k in terms))
    assert env.agents == []
    env.close()


def story(seed: int, dirty: bool) -> str:
    """500 steps, hashed; perhaps after another episode."""
    env, digest = JointEnv("ant", "2x4d", hops=0), hashlib.sha256()
    if dirty:
        env.reset(seed=99)
        for _ in range(7):
            env.step(some(env, np.random.default_rng(3)))
    generator = np.random.default_rng(seed)
    seen, _ = env.reset(seed=seed)
    for _ in range(500):
        digest.update(b"".join(seen[agent].tobytes() for agent in env.possible_agents))
        seen, rewards, *_ = env.step(some(env, generator))
        digest.update(repr(rewards).encode())
        if not env.agents:
            seen, _ = env.reset()
    env.close()
    return digest.hexdigest()


def test_same_seed_same_bits_also_in_a_new_process() -> None:
    told = story(11, dirty=False)
    assert told == story(11, dirty=True)
    assert told != story(12, dirty=False)
    code = f"import sys; sys.path[:0] = {sys.path}; import test_joint; print(test_joint.story(11, True))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told


@pytest.mark.parametrize("tool", [pickle, cloudpickle])
def test_a_pickled_env_has_a_world_of_its_own(tool: object) -> None:
    env = JointEnv("half_cheetah", "2x3", hops=2, max_cycles=9)
    copy = tool.loads(tool.dumps(env))  # type: ignore[attr-defined]
    assert (copy.hops, copy.max_cycles, copy.parts) == (2, 9, env.parts)
    first, second = env.reset(seed=4)[0], copy.reset(seed=4)[0]
    assert all((first[agent] == second[agent]).all() for agent in first)
    assert env.simulation.worlds[0].client != copy.simulation.worlds[0].client
    env.close()
    copy.close()


def test_a_state_goes_on_in_another_env() -> None:
    one, two = JointEnv("humanoid", "9|8"), JointEnv("humanoid", "17x1")
    one.reset(seed=0)
    generator = np.random.default_rng(0)
    for _ in range(5):
        one.step(some(one, generator))
    two.set_state(pickle.loads(pickle.dumps(one.get_state())))
    assert two.agents == two.possible_agents
    assert (one.state() == two.state()).all()
    actions = some(one, generator)
    paid, also = one.step(actions)[1], two.step(two.split(one.join(actions)))[1]
    assert {*paid.values()} == {*also.values()}
    assert (one.state() == two.state()).all()
    assert one.state() in one.state_space
    one.close()
    two.close()


def test_pictures() -> None:
    env = JointEnv("ant", "4x2", render_mode="rgb_array", width=96, height=64)
    env.reset(seed=0)
    assert env.render().shape == (64, 96, 3)
    env.close()
    assert JointEnv("ant", "4x2").render() is None
    assert JointEnv("ant", "4x2").metadata["render_modes"] == ["human", "rgb_array"]


def test_options_of_a_reset_are_those_of_the_world() -> None:
    env = JointEnv("ant", "4x2")
    with pytest.warns(UserWarning, match="scene 'ant': reset has no option 'foo'"):
        env.reset(options={"foo": 1})
    env.close()


def test_options_reach_the_scene() -> None:
    env = JointEnv("ant", "4x2", gravity=3.7)
    assert env.scene.gravity == 3.7
    with pytest.raises(InvalidInput, match="did you mean 'gravity'"):
        JointEnv("ant", "4x2", gravty=3.7)


def test_spaces_are_the_same_objects_each_time() -> None:
    env = JointEnv("ant", "4x2")
    assert env.observation_space("part_0") is env.observation_space("part_0")
    assert env.action_space("part_0") is env.action_space("part_0")
    assert all(env.observation_space(a) == env.observation_space(b) for a, b in pairwise(env.possible_agents))
    for ask in (env.observation_space, env.action_space, env.field_names):
        with pytest.raises(InvalidInput, match="unknown agent 'leg_0'"):
            ask("leg_0")


FRONT, BACK = ["bthigh", "bshin", "bfoot"], ["fthigh", "fshin", "ffoot"]


@pytest.mark.parametrize(
    ("scene", "parts", "words"),
    [
        ("ant", "4x3", ["unknown parts '4x3'", "'ant' has 2x4, 2x4d, 4x2, 8x1"]),
        ("ant", None, ["unknown parts None"]),
        ("inverted_pendulum", "2x1", ["'inverted_pendulum' has none"]),
        ("ants", "4x2", ["it has 4 robots"]),
        ("pong", "2x1", ["it has 2 robots"]),
        ("aunt", "4x2", ["did you mean 'ant'"]),
        ("half_cheetah", {"leg_0": ["btigh"]}, ["'leg_0'", "joint 'btigh'", "did you mean 'bthigh'"]),
        ("half_cheetah", {"leg_0": ["slide_x"]}, ["joint 'slide_x'"]),
        ("half_cheetah", {"leg_0": FRONT, "leg_1": BACK[1:]}, ["no agent moves fthigh"]),
        ("half_cheetah", {"leg_0": FRONT, "leg_1": [*BACK, "bfoot"]}, ["joint 'bfoot' is of 'leg_0' and of 'leg_1'"]),
        ("half_cheetah", {"leg_0": FRONT, "leg_1": BACK, "leg_2": []}, ["'leg_2' has [], not a list"]),
        ("half_cheetah", {"leg_0": "bthigh"}, ["'leg_0' has 'bthigh', not a list"]),
        ("half_cheetah", {"back": FRONT, "front": BACK}, ["'back' is not a word and a number"]),
        ("half_cheetah", {0: FRONT, 1: BACK}, ["0 is not a word and a number"]),
    ],
)
def test_wrong_parts(scene: str, parts: object, words: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        JointEnv(scene, parts)  # type: ignore[arg-type]
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("hops", [-1, 0.5, "1", None])
def test_wrong_hops(hops: object) -> None:
    with pytest.raises(InvalidInput, match="hops: "):
        JointEnv("ant", "4x2", hops=hops)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Warmth(Sensor):
    """A sensor of a user: a number at a joint, one at a link, one of the whole robot, and perhaps one too many."""

    numbers: int = 3

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        knee = next(joint for joint in robot.joints if joint.name == "ankle_2")
        return Field("warm joint", source=knee), Field("warm link", source="front_left_foot"), Field("warm robot")

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        return np.zeros((*state.upright.shape, self.numbers)) + np.arange(self.numbers)


@dataclass(frozen=True)
class Warm(Run):
    """A task of a user who has added a sensor."""

    numbers: int = 3

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        return *super().sensors(scene), Warmth(self.numbers)


def warm_scene(numbers: int) -> Scene:
    return Scene("warm", "", (Agent("ant_0", Warm(load_robot("ant"), numbers=numbers)),))


def test_a_number_of_a_users_sensor_is_felt_where_its_field_says() -> None:
    env = JointEnv(warm_scene(3), "4x2", hops=0)
    felt = {agent: [name for name in env.field_names(agent) if "warm" in name] for agent in env.possible_agents}
    assert felt == {
        "part_0": ["warm robot", "warm link"],
        "part_1": ["warm robot", "warm joint"],
        "part_2": ["warm robot"],
        "part_3": ["warm robot"],
    }
    seen, _ = env.reset(seed=0)
    for agent, names in felt.items():
        own = env.field_names(agent)
        expected = {"warm joint": 0.0, "warm link": 1.0, "warm robot": 2.0}
        assert {name: seen[agent][own.index(name)] for name in names} == {name: expected[name] for name in names}
    env.close()


def test_a_number_of_a_users_sensor_without_a_field_is_refused() -> None:
    env = JointEnv(warm_scene(4), "4x2")
    with pytest.raises(InvalidInput, match=r"task Warm: sensor Warmth: read\(\) returns shape \(1, 1, 4\)"):
        env.reset(seed=0)
    env.close()


def test_what_no_joint_feels_is_seen_by_all() -> None:
    env = JointEnv("inverted_pendulum", {"cart_0": ["slider"]}, hops=0)
    assert sorted(env.columns["cart_0"]) == list(range(5))
    assert set(env.field_names("cart_0")) == set(fields_of_robot("inverted_pendulum"))
    env.close()


def test_wrong_actions_move_nothing() -> None:
    env = JointEnv("ant", "4x2")
    good = {agent: np.zeros(2) for agent in env.possible_agents}
    with pytest.raises(InvalidInput, match="call reset"):
        env.step(good)
    env.reset(seed=0)
    before = env.state()
    for bad, words in (
        (good | {"part_0": np.zeros(3)}, "shape"),
        (good | {"part_9": np.zeros(2)}, "unknown agent 'part_9'"),
        (good | {"part_2": np.array([0.0, np.nan])}, "joint 'ankle_3'. is nan"),
        ({"part_0": np.zeros(2)}, "no action for part_1, part_2, part_3"),
    ):
        with pytest.raises(InvalidInput, match=words):
            env.step(bad)
    assert (env.state() == before).all()
    assert env.simulation.clock.steps[0] == 0
    env.close()


def test_a_users_robot_runs(tmp_path: Path) -> None:
    env = JointEnv(scene_of(walker(tmp_path)), "2x4d")
    parallel_api_test(env, num_cycles=30)
    env.close()


# --- the page --------------------------------------------------------------------------------------------------------

PAGE = ROOT / "docs" / "joint.md"


def test_the_page_lists_all_parts() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.read_text(), re.M)
    found = {scene: re.findall(r"`([^`]+)`", cell.replace("\\|", "|")) for scene, cell in rows}
    assert found == {scene: [*parts] for scene, parts in SHARED.items()}


def test_the_page_works_as_typed(tmp_path: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len(examples) > 2
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(examples)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.S))
