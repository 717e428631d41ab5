"""Props, games, and the policies that scenes name: what is carried out, what heals, and what is refused."""

import dataclasses
import pickle
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import roboschool
from roboschool import InvalidInput
from roboschool.games import pong
from roboschool.physics.checkpoint import Start
from roboschool.physics.worlds import World
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Prop, Scene
from roboschool.simulation.simulation import Simulation

BALL = """
<robot name="thing">
  <link name="ball">
    <inertial><origin xyz="0.1 0 0.2"/><mass value="2"/>
      <inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0.05" ixz="0" iyz="0"/></inertial>
    <collision><origin xyz="0.1 0 0.2"/><geometry><box size="0.6 0.1 0.1"/></geometry></collision>
  </link>
</robot>
"""
WALL = '<robot name="wall"><link name="wall"/></robot>'
DOOR = """
<robot name="door">
  <link name="frame"/>
  <link name="leaf">
    <inertial><mass value="5"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <joint name="hinge" type="{kind}"><parent link="frame"/><child link="leaf"/><axis xyz="1 0 0"/>
    <limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
</robot>
"""


def prop(tmp_path: Path, text: str, name: str = "thing", **placed: object) -> Prop:
    path = tmp_path / f"{name}.urdf"
    path.write_text(text)
    return Prop(name, read_urdf(path), **placed)  # type: ignore[arg-type]


def with_prop(thing: Prop) -> Scene:
    return dataclasses.replace(load_scene("hopper"), props=(thing,))


def test_a_prop_stands_with_its_root_at_its_position(tmp_path: Path) -> None:
    world = World(with_prop(prop(tmp_path, BALL)))
    world.reset(Start((world.bodies[0].home,), (((5.0, 1.0, 3.0), np.pi / 2),)))
    assert world.props()[0][:6] == pytest.approx((5.0, 1.1, 3.2, 0.0, 0.0, 0.0)), (
        "its centre of mass is 0.1, 0, 0.2 from it"
    )
    world.close()


def test_a_prop_that_never_moves_is_where_the_scene_says_in_every_episode(tmp_path: Path) -> None:
    import pybullet

    thing = prop(tmp_path, WALL, "wall", position=((1.0, 2.0), 3.0, 0.5))
    simulation = Simulation(with_prop(thing))
    places = []
    for _ in range(3):
        simulation.reset({0: None})
        world = simulation.worlds[0]
        places.append(pybullet.getBasePositionAndOrientation(world.prop_bodies[0].id, physicsClientId=world.client)[0])
        assert world.props()[0][:6] == (*places[-1], 0.0, 0.0, 0.0)
        assert 1.0 <= places[-1][0] <= 2.0
        assert places[-1][1:] == (3.0, 0.5)
    assert len(set(places)) == 3
    simulation.close()


def test_where_props_stand_is_in_the_saved_state(tmp_path: Path) -> None:
    wall = prop(tmp_path, WALL, "wall", position=((1.0, 2.0), 3.0, 0.5), yaw=(-1.0, 1.0))
    thing = prop(tmp_path, BALL, position=(5.0, 1.0, 3.0), yaw=(-1.0, 1.0))
    scene = dataclasses.replace(with_prop(wall), props=(wall, thing))
    one, other = Simulation(scene), Simulation(scene)
    for seed, simulation in enumerate((one, other)):
        simulation.reset({0: seed})
    saved = one.save()
    for simulation in (one, other):
        simulation.load(saved)
        simulation.worlds[0].launch("thing", (1.0, 2.0, 3.0), (0.0, 4.0, 0.0))
    assert one.worlds[0].props() == other.worlds[0].props()
    assert one.worlds[0].capture() == other.worlds[0].capture()
    one.close()
    other.close()


def test_a_launch_keeps_the_orientation_of_a_prop(tmp_path: Path) -> None:
    import pybullet

    world = World(with_prop(prop(tmp_path, BALL)))
    world.reset(Start((world.bodies[0].home,), (((5.0, 1.0, 3.0), 0.0),)))

    def size() -> np.ndarray:
        low, high = pybullet.getAABB(world.prop_bodies[0].id, -1, physicsClientId=world.client)
        return np.subtract(high, low)

    before = size()
    world.launch("thing", (1.0, 2.0, 3.0), (0.0, 4.0, 0.0))
    assert size() == pytest.approx(before, abs=1e-6)
    assert world.props()[0][:6] == pytest.approx((1.0, 2.0, 3.0, 0.0, 4.0, 0.0))
    world.close()


def test_a_slide_stays_within_its_limits(tmp_path: Path) -> None:
    world = World(with_prop(prop(tmp_path, DOOR.format(kind="prismatic"), "door")))
    world.reset(Start((world.bodies[0].home,), (((0.0, 3.0, 1.0), 0.0),)))
    world.launch("door", (9.0, 3.0, 1.0), (2.0, 5.0, 0.0))
    assert world.props()[0][:6] == pytest.approx((1.0, 3.0, 1.0, 2.0, 0.0, 0.0)), "and moves along its axis only"
    world.close()


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_launches_that_are_not_finite_are_refused(number: float) -> None:
    simulation = Simulation(load_scene("pong"))
    simulation.reset({0: 0})
    with pytest.raises(InvalidInput, match=r"prop 'ball' is launched"):
        simulation.worlds[0].launch("ball", (0.0, number, 0.0), (0.0, 0.0, 0.0))
    with pytest.raises(InvalidInput, match=r"unknown prop that can be launched 'bal'; did you mean 'ball'"):
        simulation.worlds[0].launch("bal", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    simulation.close()


@pytest.mark.parametrize("name", ["pong", "humanoid_flagrun_harder"])
def test_a_prop_that_blows_up_ends_the_episode_and_heals(name: str) -> None:
    import pybullet

    env = roboschool.AgentEnv(name)
    story = [env.reset(seed=3)[0]]
    story += [env.step(np.full(env.action_space.shape, 0.1))[0] for _ in range(10)]
    toy, client = env.simulation.worlds[0].prop_bodies[0], env.simulation.worlds[0].client
    if toy.joints:
        pybullet.resetJointState(toy.id, toy.joints[0], float("nan"), physicsClientId=client)
    else:
        pybullet.resetBaseVelocity(toy.id, (float("nan"), 0, 0), physicsClientId=client)
    seen, _, _, truncated, info = env.step(np.zeros(env.action_space.shape))
    assert truncated
    assert info["physics_error"] == 1.0
    assert np.isfinite(seen).all()
    again = [env.reset(seed=3)[0]]
    again += [env.step(np.full(env.action_space.shape, 0.1))[0] for _ in range(10)]
    assert np.array_equal(story, again)
    env.close()


def test_the_trainer_goes_elsewhere_at_every_serve() -> None:
    for agent, other in (("paddle_0", "paddle_1"), ("paddle_1", "paddle_0")):
        env = roboschool.AgentEnv("pong", agent=agent)
        env.reset(seed=0)
        trainer = env._seat.others[0][2][0]  # type: ignore[union-attr]
        targets, serves, bats = set(), 1, []
        for _ in range(500):
            _, _, _, _, info = env.step(np.zeros(2))
            targets.add(tuple(trainer.target))
            serves += info["rally"] == 0.0 and info["timer"] == 150.0
            group, place = env.simulation.seats[env.simulation.scene.agents.index(env.scene.agents[int(other[-1])])]
            bats.append(group.state.q[0, place, 1])
        assert isinstance(trainer, pong.Trainer)
        assert serves - 1 <= len(targets) <= serves + 1
        assert serves > 5
        assert np.ptp(bats) > 0.5
        env.close()


def test_what_the_trainer_remembers_is_in_the_saved_state() -> None:
    env = roboschool.AgentEnv("pong")
    env.reset(seed=5)
    for _ in range(60):
        env.step(np.array([0.0, 0.3]))
    state = pickle.loads(pickle.dumps(env.get_state()))
    stories = []
    for _ in range(2):
        other = roboschool.AgentEnv("pong")
        other.set_state(state)
        stories.append([other.step(np.array([0.0, -0.3]))[0].tobytes() for _ in range(300)])
        other.close()
    assert stories[0] == stories[1]
    env.close()


def test_a_state_is_refused_where_policies_play_others() -> None:
    one, other = (roboschool.AgentEnv("mixed_sumo", agent=agent) for agent in ("ant_0", "humanoid_0"))
    world = roboschool.parallel_env("mixed_sumo")
    for seed, env in enumerate((one, other, world)):
        env.reset(seed=seed)
    before = other.get_state().world.snapshot
    with pytest.raises(InvalidInput, match="lacks the policies of ant_0; it has only those of humanoid_0"):
        other.set_state(one.get_state())
    with pytest.raises(InvalidInput, match="lacks the policies of ant_0; it has none"):
        other.set_state(world.get_state())
    assert other.get_state().world.snapshot == before
    world.set_state(one.get_state())
    for env in (one, other, world):
        env.close()


def test_terms_of_copies_that_go_on_are_kept_when_another_begins_anew() -> None:
    envs = roboschool.VectorEnv("hopper", 8, autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP)
    envs.reset(seed=0)
    rng, ended = np.random.default_rng(0), 0
    for _ in range(60):
        _, reward, terminated, _, info = envs.step(rng.uniform(-1, 1, (8, 3)))
        total = sum(info[term] for term in ("alive", "progress", "electricity", "stall", "limits", "collision"))
        assert total[~terminated] == pytest.approx(reward[~terminated])
        assert (total[terminated] == 0.0).all()
        ended += int(terminated.sum())
    assert ended
    envs.close()


def test_states_of_other_lanes_are_refused_before_anything_moves() -> None:
    one, other = (
        roboschool.parallel_env("race", lanes=["ant", "hopper"]),
        roboschool.parallel_env("race", lanes=["hopper", "ant"]),
    )
    one.reset(seed=0)
    other.reset(seed=0)
    before = other.state()
    with pytest.raises(InvalidInput, match="the state is of"):
        other.set_state(one.get_state())
    assert (other.state() == before).all()
    one.close()
    other.close()


HUMANOID = """
[[agent]]
name  = "humanoid_{number}"
robot = "humanoid"
task  = {{ name = "flagrun_harder" }}
position = [0.0, {number}.0]
"""
CUBE = """
[[prop]]
name  = "{name}"
model = "cube"
"""
PADDLE = """
[[agent]]
name  = "paddle_0"
robot = "{robot}"
task  = {{ name = "pong" }}
"""
PADDLES = f"""{PADDLE}
[[agent]]
name  = "paddle_1"
robot = "paddle"
task  = {{{{ name = "pong" }}}}
policy = "{{policy}}"
"""
TABLE = """
[game]
name = "pong"
{rule}

[[prop]]
name  = "{name}"
model = "{model}"
"""
POLE = """
[[agent]]
name  = "cart_0"
robot = "{robot}"
task  = {{ name = "{task}"{more} }}
"""
FINE = {"robot": "paddle", "policy": "roboschool.games.pong:Trainer"}
BALLS = {"rule": "", "name": "ball", "model": "pong_ball"}


def paddles(**changes: str) -> str:
    return PADDLES.format(**FINE | changes)


def table(**changes: str) -> str:
    return paddles() + TABLE.format(**BALLS | changes)


def pole(robot: str, task: str, more: str = "", camera: str = "") -> str:
    text = POLE.format(robot=robot, task=task, more=more)
    return f"{text}\n[camera]\neye = [1, 1, 1]\n{camera}" if camera else text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HUMANOID.format(number=0), ["agent 'humanoid_0'", "'cube'", "there is none"]),
        (HUMANOID.format(number=0) + CUBE.format(name="cub"), ["'cube'", "did you mean 'cub'"]),
        (
            HUMANOID.format(number=0) + HUMANOID.format(number=1) + CUBE.format(name="cube"),
            ["agent 'humanoid_0' and agent 'humanoid_1' launch 'cube'"],
        ),
        (paddles(), ["'paddle_0'", "part of a game", "none"]),
        (paddles() + "\n[game]\nname = 'pong'", ["game 'pong'", "unknown prop 'ball'; there is none"]),
        (PADDLE.format(**FINE) + TABLE.format(**BALLS), ["game 'pong'", "it needs 2 agents, got 1"]),
        (table(name="bal"), ["game 'pong'", "unknown prop 'ball'; did you mean 'bal'?"]),
        (table(model="pong_table"), ["the game", "can be launched", "'ball'"]),
        (table(model="pong_bal"), ["'pong_bal'", "did you mean 'pong_ball'"]),
        (table(rule="ball = 'paddle_0'", name="paddle_0"), ["prop.name", "'paddle_0'"]),
        (paddles(robot="hopper") + TABLE.format(**BALLS), ["two slides", "'hopper'"]),
        (paddles(policy="pnog") + TABLE.format(**BALLS), ["'paddle_1'", "unknown policy 'pnog'"]),
        (table(rule="toward = 5.0"), ["toward", "5.0"]),
        (table(rule="fastest = [2.5, 2.0]"), ["fastest"]),
        (table(rule="quick = 1"), ["'quick'", "'pong'"]),
        (table().replace('[game]\nname = "pong"', '[game]\nname = "pnog"'), ["game 'pnog'", "did you mean 'pong'"]),
        (pole("hopper", "balance"), ["'balance'", "'hopper'"]),
        (pole("inverted_pendulum", "balance_two"), ["'balance_two'", "'inverted_pendulum'"]),
        (pole("inverted_pendulum", "reach"), ["'reach'", "'inverted_pendulum'"]),
        (pole("inverted_pendulum", "balance", ", swing = -1.0"), ["swing", "-1.0"]),
        (pole("reacher", "reach", ", near = 0.5"), ["near", "0.5"]),
        (pole("humanoid", "flagrun", ", flag_steps = -3"), ["flag_steps", "-3"]),
        (pole("humanoid", "flagrun", ", straight = 7.0"), ["straight", "7.0"]),
        (pole("hopper", "run", camera="target = [1, 1, 1]"), ["camera.target"]),
        (pole("hopper", "run", camera="target = [0, 0, 0]\nfollow = 'card_0'"), ["camera.follow", "'cart_0'"]),
        (pole("hopper", "run", camera="target = [0, 0, 0]\nhalf_width = 0.0"), ["camera.half_width"]),
        (pole("ant", "flagrun_harder"), ["'flagrun_harder'", "'pelvis'"]),
    ],
)
def test_what_a_scene_lacks_is_said_when_it_is_read(text: str, says: list[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('summary = "Mine."\n' + text)
    with pytest.raises(InvalidInput) as error:
        load_scene(path)
    for word in ["mine.toml", *says]:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("collections:OrderedDict", "no reset"),
        ("roboschool.policies.network:NetworkPolicy", "without arguments"),
        ("roboschool.games.pong:Trayner", "did you mean 'Trainer'"),
        (".x:Foo", "cannot be imported"),
    ],
)
def test_classes_that_are_no_policies_are_refused(policy: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        roboschool.load_policy(policy)


def test_a_prop_on_hinges_cannot_be_launched(tmp_path: Path) -> None:
    door = prop(tmp_path, DOOR.format(kind="revolute"), "cube")
    assert not door.can_be_launched
    scene = load_scene("humanoid_flagrun_harder")
    with pytest.raises(InvalidInput, match=r"can be launched 'cube'"):
        dataclasses.replace(scene, props=(door,))
