"""A policy's JSON file names what it observes and drives; it is refused where an agent has other names."""

import dataclasses
import json
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import roboschool
from roboschool import paths
from roboschool.cli.main import main
from roboschool.envs.foreign import interface_of, open_scene
from roboschool.errors import InvalidInput
from roboschool.evaluation import evaluate
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.multiplayer.barrier import Barrier
from roboschool.policies.interface import Interface
from roboschool.policies.network import NetworkPolicy, read_network
from roboschool.policies.resolve import check_fit, load_policy, resolve_policy
from roboschool.robots.robot import load_robot
from roboschool.scenes.scene import Agent, Scene
from roboschool.tasks.run import Run
from roboschool.testing.check import examine
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.payoff import make_team


@dataclasses.dataclass(frozen=True)
class Renamed(Sensor):
    """A sensor with another name for its first number."""

    sensor: Sensor

    def fields(self, robot, scene):
        first, *others = self.sensor.fields(robot, scene)
        return [dataclasses.replace(first, name="hight over the standing height"), *others]


@dataclasses.dataclass(frozen=True)
class Changed(Run):
    """Run, with other sensors."""

    change: str = "less"

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        height, direction, *others = super().sensors(scene)
        return {
            "less": (direction, *others),
            "moved": (direction, height, *others),
            "renamed": (Renamed(height), direction, *others),
            "doubled": (height, height, direction, *others),
        }[self.change]


def scene_of(change: str) -> Scene:
    """Return a scene of two hoppers, one of which observes other things."""
    robot = load_robot("hopper")
    agents = (
        Agent("hopper_0", Run(robot)),
        Agent("hopper_1", Changed(robot, change=change), position=(0.0, 4.0), policy="hopper"),
    )
    return Scene("hoppers", "Two hoppers.", agents)


CHANGES = {
    "less": "observes 15 numbers, and the agent has 14: missing 'height over the standing height [m]'",
    "moved": "observes other numbers than the agent has: another order: number 0 was 'height over the standing height"
    " [m]' and is 'sine of the angle to the goal'",
    "renamed": "observes other numbers than the agent has: missing 'height over the standing height [m]' (nearest:"
    " 'hight over the standing height [m]'), extra 'hight over the standing height [m]'",
    "doubled": "observes 15 numbers, and the agent has 16: extra 'height over the standing height [m]'",
}


@pytest.mark.parametrize("name", paths.policies())
def test_the_names_of_shipped_policies_are_those_of_their_scenes(name: str) -> None:
    card = json.loads(paths.policies()[name].with_suffix(".json").read_text())
    own = interface_of(open_scene(name))
    named = Interface(tuple(card["fields"]), tuple(card["actuators"]), card.get("discrete", False))
    assert named == own == load_policy(name).interface
    assert load_policy(name).discrete == own.discrete


@pytest.mark.parametrize("change", CHANGES)
def test_a_policy_is_refused_in_a_changed_scene_wherever_it_would_play(change: str) -> None:
    scene, file = scene_of(change), str(paths.policies()["hopper"])
    agent = scene.agents[1]
    alone = dataclasses.replace(scene, agents=(agent,))
    text = f"{file}: the policy {CHANGES[change]}"

    def serve(policy: object) -> None:
        with closing(roboschool.ParallelEnv(scene)) as world:
            Barrier(world, default_policies={"hopper_1": policy})

    for refused in (
        lambda: resolve_policy("hopper", scene.interface(agent)),
        lambda: resolve_policy(Path(file), scene.interface(agent)),
        lambda: roboschool.AgentEnv(scene),
        lambda: roboschool.AgentEnv(scene, opponents={"hopper_1": load_policy("hopper")}),
        lambda: roboschool.VectorEnv(scene, 2),
        lambda: read_entrants(scene, ["hopper"]),
        lambda: make_team(scene, ["hopper_1"], load_policy("hopper")),
        lambda: evaluate(load_policy("hopper"), alone, 1),
        lambda: serve("hopper"),
        lambda: serve(load_policy("hopper")),
    ):
        with pytest.raises(InvalidInput) as error:
            refused()
        assert text in str(error.value)


def test_another_order_of_actuators_is_refused() -> None:
    scene = roboschool.load_scene("hopper")
    own = scene.interface(scene.agents[0])
    turned = Interface(own.fields, own.actuators[::-1])
    with pytest.raises(InvalidInput) as error:
        resolve_policy("hopper", turned, where="agent 'hopper_0'")
    assert str(error.value) == (
        f"agent 'hopper_0': {paths.policies()['hopper']}: the policy drives other actuators than the agent has:"
        " another order: number 0 was 'thigh_joint' and is 'foot_joint'"
    )
    with pytest.raises(InvalidInput, match="; it drives 3 actuators, and the agent has 0: missing 'thigh_joint', 'leg"):
        resolve_policy("hopper", Interface(own.fields[1:]))


def test_a_long_list_of_names_is_cut() -> None:
    scene = roboschool.load_scene("humanoid")
    with pytest.raises(
        InvalidInput, match=r"observes 28 numbers, and the agent has 44: missing .* and [0-9]+ more, extra .* more; it"
    ):
        resolve_policy("ant", scene.interface(scene.agents[0]))


def test_a_transposed_weight_is_saved_as_it_is(tmp_path: Path) -> None:
    tensors = {"mean": np.zeros(2), "scale": np.ones(2), "layers.0.bias": np.zeros(3)}
    policy = NetworkPolicy(tensors | {"layers.0.weight": np.arange(6.0).reshape(2, 3).T / 10.0})
    policy.save(tmp_path / "mine.safetensors")
    seen = np.array([0.5, -0.25])
    assert read_network(tmp_path / "mine.safetensors").act(seen) == pytest.approx(policy.act(seen))
    assert policy.act(seen) == pytest.approx([-0.075, -0.05, -0.025])


def test_without_names_only_sizes_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    shutil.copy(paths.policies()["hopper"], path)
    scene = scene_of("moved")
    assert read_network(path).interface is None
    resolve_policy(path, scene.interface(scene.agents[1]))
    path.with_suffix(".json").write_text('{"note": "by hand"}')
    resolve_policy(path, scene.interface(scene.agents[1]))
    with pytest.raises(InvalidInput, match=r"mine.safetensors: the policy observes 15 numbers, and the agent has 44$"):
        resolve_policy(path, Interface(("x",) * 44, ("a", "b", "c")))
    check_fit(NetworkPolicy(read_network(path).tensors), Interface(("x",) * 15, ("a", "b", "c")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"fields": ["a"], "actuators": ["b"]}', "1 fields and 1 actuators are named .* 15 numbers and drives 3"),
        ('{"fields": ["a"]}', "1 fields and 0 actuators are named"),
        ('{"fields": 3}', r"mine.json: .*Expected `array`"),
        ("{", "mine.json: not JSON"),
    ],
)
def test_wrong_names_are_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    shutil.copy(paths.policies()["hopper"], path)
    path.with_suffix(".json").write_text(text)
    with pytest.raises(InvalidInput, match=words):
        read_network(path)


def test_a_robot_with_other_joints_and_the_commands(tmp_path: Path) -> None:
    """Joints of a card in another order change both sides; film, race, evaluate, play and check refuse it."""
    card = paths.robots()["hopper"]
    shutil.copy(card.with_suffix(".urdf"), tmp_path)
    lines = card.read_text().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith("thigh_joint"))
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    (tmp_path / "hopper.toml").write_text("".join(lines))
    scene = paths.scenes()["hopper"].read_text().replace('robot = "hopper"', 'robot = "hopper.toml"\npolicy = "hopper"')
    (tmp_path / "hopper_back.toml").write_text(scene)
    path = str(tmp_path / "hopper_back.toml")
    order = "it drives other actuators than the agent has: another order: number 0 was 'thigh_joint' and is 'leg_joint'"
    (problem,) = examine(path)[0].problems
    assert order in problem
    video = str(tmp_path / "film.gif")
    for command in (
        ["film", path, "--video", video],
        ["film", path, "--video", video, "--policy", "hopper"],
        ["evaluate", "hopper", "--scene", path],
    ):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 1, command
        assert order in done.output, command
    assert np.all([not Path(video).exists()])
