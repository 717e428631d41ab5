"""Adding a sensor, a term, a cost, a statistic of a game or an actuator: each is one small file of a user's own."""

import json
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from click.testing import CliRunner
from folders import ROOT

import roboschool
from roboschool import paths
from roboschool.cli.main import main
from roboschool.envs.sb3 import SB3VecEnv
from roboschool.mdp.task import fields_of
from roboschool.rendering.overlay import Hud

SENSOR = """
from dataclasses import dataclass
import numpy as np
from roboschool.mdp.sensor import Field, Sensor
from roboschool.tasks.run import Run

class Speed(Sensor):
    def fields(self, robot, scene):
        return [Field("speed over the ground", "m/s")]
    def read(self, previous, action, state, dt):
        return np.hypot(state.velocity[..., 0], state.velocity[..., 1])[..., None]

@dataclass(frozen=True)
class Task(Run):
    def sensors(self, scene):
        return *super().sensors(scene), Speed()
"""
TERM = """
from dataclasses import dataclass
from roboschool.mdp.term import Term
from roboschool.tasks.run import Run

@dataclass(frozen=True)
class Task(Run):
    def rewards(self, scene):
        bounce = lambda previous, action, state, dt: abs(state.velocity[..., 2])
        return *super().rewards(scene), Term("bounce", -0.5, "speed up or down", bounce, "m/s")
"""
COST = """
from dataclasses import dataclass
from roboschool.mdp.term import Term
from roboschool.tasks.run import Run

@dataclass(frozen=True)
class Task(Run):
    def costs(self, scene):
        fast = lambda previous, action, state, dt: state.velocity[..., 0] > 0.1
        high = lambda previous, action, state, dt: state.position[..., 2]
        return Term("fast", 1.0, "1 while it is fast", fast), Term("high", 2.0, "height", high, "m")
"""
STATISTIC = """
from dataclasses import dataclass
import numpy as np
from roboschool.games.sumo import Sumo
from roboschool.mdp.game import AgentStats
from roboschool.mdp.record import quantity

class Stats(AgentStats):
    highest: np.ndarray = quantity(unit="m", doc="highest position of the trunk so far")

@dataclass(frozen=True)
class Game(Sumo):
    agent_stats = Stats
    def update(self, previous, state, active, rngs):
        update = super().update(previous, state, active, rngs)
        update.agent_stats.highest[:] = np.maximum(update.agent_stats.highest, state.agents.position[..., 2])
        return update
"""
ACTUATOR = """
from dataclasses import dataclass
import numpy as np
from roboschool.mdp.actuator import Actuator, Command

@dataclass(frozen=True)
class Muscle(Actuator):
    stiffness: float = 40.0  # [N m/rad] at action 1; it is slack at -1
    def command(self, action, motors):
        return Command(position=motors.rest, kp=self.stiffness * (1.0 + action) / 2.0, kd=1.0)
"""
SCENE = """summary = "A hopper with a task of its own."
[[agent]]
name  = "hopper_0"
robot = "hopper"
task  = { name = "MODULE:Task" }
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Write a module beside a scene that uses it; return the scene's path."""
    monkeypatch.setattr("sys.path", __import__("sys").path[:])

    def write(module: str, text: str, scene: str = SCENE) -> str:
        assert len(text.strip().splitlines()) <= 25
        (tmp_path / f"{module}.py").write_text(text)
        path = tmp_path / f"own_{module}.toml"
        path.write_text(scene.replace("MODULE", module))
        return str(path)

    return write


def docs_of(scene: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("roboschool.paths.scenes", lambda: {Path(scene).stem: Path(scene)})
    return CliRunner().invoke(main, ["list", "--markdown"], catch_exceptions=False).output


def rollout(scene: str, workers: int = 0) -> tuple[np.ndarray, np.ndarray, dict[str, object]]:
    envs = roboschool.VectorEnv(scene, 2, workers)
    envs.reset(seed=0)
    for _ in range(3):
        observation, reward, *_, info = envs.step(np.full(envs.action_space.shape, 0.3, np.float32))
    envs.close()
    return observation, reward, info


def test_a_sensor_of_ones_own(add: object, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = add("own_sensor", SENSOR)
    env = roboschool.AgentEnv(scene)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.shape == observation.shape == (16,)
    observation, *_ = env.step(np.full(3, 0.3, np.float32))
    state = env.simulation.groups[0].state
    assert observation[15] == np.float32(np.hypot(*state.velocity[0, 0, :2]))
    assert str(fields_of(env.scene.agents[0].task, env.scene.info)[15]) == "speed over the ground [m/s]"
    assert Hud(env.scene, env.scene.agents[0].task).field_names[15] == "speed over the ground [m/s]"
    env.close()
    assert "| 15 | speed over the ground [m/s] |" in docs_of(scene, monkeypatch)
    here, there = rollout(scene), rollout(scene, 1)
    assert here[0][:, 15].any()
    assert np.array_equal(here[0], there[0])


def test_a_reward_term_of_ones_own(add: object, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = add("own_term", TERM)
    plain, env = roboschool.AgentEnv("hopper"), roboschool.AgentEnv(scene)
    for each in (plain, env):
        each.reset(seed=0)
    action = np.full(3, 0.3, np.float32)
    (_, before, *_, _), (_, after, *_, info) = plain.step(action), env.step(action)
    velocity = env.simulation.groups[0].state.velocity[0, 0, 2]
    assert info["bounce"] == -0.5 * abs(velocity) < 0.0
    assert after == pytest.approx(before + info["bounce"], abs=1e-12)
    plain.close(), env.close()
    muted = roboschool.AgentEnv(scene, weights={"bounce": 0.0})
    muted.reset(seed=0)
    assert muted.step(action)[1] == pytest.approx(before, abs=1e-12)
    muted.close()
    assert "- reward `bounce`: -0.5 x speed up or down [m/s]" in docs_of(scene, monkeypatch)
    here, there = rollout(scene), rollout(scene, 1)
    assert here[2]["bounce"].any()
    assert np.array_equal(here[2]["bounce"], there[2]["bounce"])


def test_a_cost_of_ones_own(add: object, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = add("own_cost", COST)
    env = roboschool.AgentEnv(scene)
    _, info = env.reset(seed=0)
    assert info["cost"] == 0.0
    assert info["costs"] == {"fast": 0.0, "high": 0.0}
    _, reward, *_, info = env.step(np.full(3, 0.3, np.float32))
    height = env.simulation.groups[0].state.position[0, 0, 2]
    assert info["costs"]["high"] == 2.0 * height
    assert info["cost"] == info["costs"]["fast"] + info["costs"]["high"]
    assert reward == pytest.approx(sum(info[name] for name in env.simulation.groups[0].rewards.names))
    env.close()
    assert "- cost `high`: 2 x height [m]" in docs_of(scene, monkeypatch)
    here, there = rollout(scene), rollout(scene, 1)
    assert here[2]["cost"].shape == (2,)
    assert here[2]["costs"]["high"].shape == (2,)
    assert np.array_equal(here[2]["cost"], there[2]["cost"])
    assert np.array_equal(here[2]["costs"]["high"], there[2]["costs"]["high"])
    envs = SB3VecEnv(scene, 2)
    envs.reset()
    *_, infos = envs.step(np.full((2, 3), 0.3, np.float32))
    assert [set(each["costs"]) for each in infos] == [{"fast", "high"}] * 2
    assert all(each["cost"] == sum(each["costs"].values()) for each in infos)
    envs.close()


def test_the_last_costs_of_an_episode_are_in_its_final_info(add: object) -> None:
    envs = roboschool.VectorEnv(add("own_final", COST), 1, autoreset_mode="SameStep", max_episode_steps=2)
    envs.reset(seed=0)
    envs.step(np.zeros((1, 3), np.float32))
    *_, truncated, info = envs.step(np.zeros((1, 3), np.float32))
    assert truncated.all()
    assert info["cost"][0] == 0.0
    assert info["final_info"]["cost"][0] == sum(info["final_info"]["costs"][name][0] for name in ("fast", "high")) > 0.0
    envs.close()


def test_a_task_without_costs_has_none_in_its_infos() -> None:
    env = gymnasium.make("roboschool/Hopper-v1")
    env.reset(seed=0)
    assert {"cost", "costs"}.isdisjoint(env.step(env.action_space.sample())[-1])
    env.close()


def test_a_statistic_of_a_game_of_ones_own(add: object, monkeypatch: pytest.MonkeyPatch) -> None:
    sumo = (ROOT / "scenes" / "ant_sumo.toml").read_text()
    own = sumo.replace('[game]\nname   = "sumo"', '[game]\nname   = "MODULE:Game"')
    scene = add("own_stats", STATISTIC, own)
    env = roboschool.parallel_env(scene)
    env.reset(seed=0)
    heights = []
    for _ in range(5):
        *_, infos = env.step({agent: np.zeros(8, np.float32) for agent in env.agents})
        heights.append(env.simulation.game.state.agents.position[0, 0, 2])
    assert infos["ant_0"]["highest"] == max(heights) > 0.0
    env.close()
    here, there = rollout(scene), rollout(scene, 1)
    assert here[2]["highest"].all()
    assert np.array_equal(here[2]["highest"], there[2]["highest"])
    json.dumps(infos["ant_0"])


def test_an_actuator_of_ones_own(add: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    card = paths.robots()["hopper"]
    (tmp_path / "hopper.urdf").write_text(card.with_suffix(".urdf").read_text())
    own = '[actuators]\nfoot_joint = { kind = "own_actuator:Muscle", stiffness = 60.0, effort = 90.0 }\n'
    (tmp_path / "leaper.toml").write_text(card.read_text().replace("foot_joint  = 75.0\n", own))
    scene = add("own_actuator", ACTUATOR, SCENE.replace('"hopper"', '"leaper.toml"').replace("MODULE:Task", "run"))
    env = roboschool.AgentEnv(scene)
    env.reset(seed=0)
    assert env.action_space.shape == (3,)
    assert [joint.name for joint in env.scene.agents[0].robot.joints] == ["thigh_joint", "leg_joint", "foot_joint"]
    env.step(np.array([0.5, -0.5, 0.5], np.float32))
    *_, (torque, position, kp, velocity, kd, effort, _, _) = env.simulation.groups[0].commands.reshape(8, 3)[None]
    assert torque.tolist() == [37.5, -37.5, 0.0]
    assert (position[2], kp[2], velocity[2], kd[2], effort[2]) == (np.deg2rad(12.0), 45.0, 0.0, 1.0, 90.0)
    assert Hud(env.scene, env.scene.agents[0].task).joints[2] == "foot_joint"
    env.close()
    plain, here, there = rollout("hopper"), rollout(scene), rollout(scene, 1)
    assert not np.array_equal(here[0][:, 12:14], plain[0][:, 12:14])
    assert np.array_equal(here[0], there[0])
    assert np.array_equal(here[1], there[1])
    envs = SB3VecEnv(scene, 2)
    envs.reset()
    assert np.isfinite(envs.step(np.full((2, 3), 0.3, np.float32))[0]).all()
    envs.close()
    assert "own_actuator:Muscle(stiffness=60), up to 90 N m |" in docs_of(scene, monkeypatch)
