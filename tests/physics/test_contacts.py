"""Contacts added up over the substeps of a timestep: the same bits from both backends, and what they mean."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from random_bodies import Twins, random_scene

from roboschool.mdp.effects import Launch
from roboschool.mdp.needs import Needs
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run


@dataclass(frozen=True)
class Touch(Sensor):
    """The force on each foot, and from each other body."""

    def needs(self) -> Needs:
        return Needs(contacts=True, foot_forces=True)

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        return [Field(name, "N") for name in (*robot.feet, *scene.agents[1:], *scene.props, "ground")]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        return np.concatenate([state.foot_forces, state.contacts.force], axis=-1)


@dataclass(frozen=True)
class FeelingRun(Run):
    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        return *super().sensors(scene), Touch()


def feeling(scene: Scene) -> Scene:
    """Return a scene whose agents feel what they touch."""
    agents = [dataclasses.replace(agent, task=FeelingRun(agent.robot)) for agent in scene.agents]
    return dataclasses.replace(scene, agents=tuple(agents), game=None)


@pytest.mark.parametrize("name", ["ant_sumo", "humanoid_sumo", "kick_and_defend", "carry_beam", "hopper"])
def test_both_backends_add_up_the_same_bits(name: str) -> None:
    twins = Twins(feeling(load_scene(name)))
    twins.live(3, 60)
    twins.close()


@pytest.mark.parametrize("seed", range(5))
def test_both_backends_add_up_the_same_bits_of_random_bodies(seed: int, tmp_path: Path) -> None:
    twins = Twins(feeling(random_scene(tmp_path, seed)))
    twins.live(seed, 30)
    twins.close()


def test_asking_for_contacts_changes_no_motion() -> None:
    """One call of Bullet with several substeps is as good as several calls."""
    plain, felt = Simulation(load_scene("ant")), Simulation(feeling(load_scene("ant")))
    rng = np.random.default_rng(0)
    for simulation in (plain, felt):
        simulation.reset({0: 0})
    for _ in range(50):
        action = rng.uniform(-1, 1, plain.groups[0].shape)
        for simulation in (plain, felt):
            simulation.activate_all()
            simulation.step([action])
        assert plain.worlds[0].capture() == felt.worlds[0].capture()


def test_a_standing_robot_feels_its_weight() -> None:
    scene = feeling(load_scene("ant"))
    simulation = Simulation(scene)
    simulation.reset({0: 0})
    (group,) = simulation.groups
    assert not group.state.contacts.array.any()
    assert not group.state.foot_forces.any()
    forces = []
    for step in range(150):
        simulation.activate_all()
        simulation.step([np.zeros(group.shape)])
        contacts = group.state.contacts
        if step >= 100:
            forces.append(contacts.force[0, 0, -1])
            assert contacts.pressing[0, 0, -1] == 1.0
            assert group.state.foot_forces.sum() <= contacts.force[0, 0, -1] * 1.000001
    assert contacts.normal[0, 0, -1] == pytest.approx([0.0, 0.0, 1.0], abs=0.01)
    assert np.mean(forces) == pytest.approx(scene.agents[0].robot.mass * scene.gravity, rel=0.02)
    simulation.close()


def test_who_runs_into_whom() -> None:
    """A ball is thrown at an ant: it alone closes in, along the normal, and their forces are opposite."""
    scene = feeling(load_scene("kick_and_defend"))
    simulation = Simulation(scene)
    simulation.reset({0: 0})
    number = [prop.name for prop in scene.props].index("ball")
    group, place = simulation.seats[0]
    position = group.state.position[0, place] + [0.0, 1.5, 0.2]
    simulation._launch([Launch(0, "ball", tuple(position.tolist()), (0.0, -8.0, 0.0))])
    simulation.game.state.props.array[0] = simulation.worlds[0].props()
    at = len(scene.agents) - 1 + number
    for _ in range(40):
        simulation.activate_all()
        simulation.step([np.zeros(each.shape) for each in simulation.groups])
        contacts = group.state.contacts
        if contacts.pressing[0, place, at]:
            break
    assert 0.0 < contacts.pressing[0, place, at] <= 1.0
    assert contacts.force[0, place, at] > 0.0
    assert np.linalg.norm(contacts.normal[0, place, at]) == pytest.approx(1.0)
    assert contacts.normal[0, place, at, 1] < -0.3, "the ball pushes it away"
    assert contacts.closing_speed[0, place, at] > 2.0
    assert abs(contacts.own_speed[0, place, at]) < 1.5
    simulation.close()


def test_agents_feel_the_same_contact_from_two_sides() -> None:
    scene = feeling(load_scene("ant_sumo"))
    places = zip(scene.agents, ((-0.5, 0.0), (0.5, 0.0)), strict=True)
    close = tuple(dataclasses.replace(agent, position=place) for agent, place in places)
    simulation = Simulation(dataclasses.replace(scene, agents=close))
    simulation.reset({0: 1})
    (group,) = simulation.groups
    rng, met = np.random.default_rng(0), 0
    for _ in range(200):
        simulation.activate_all()
        simulation.step([rng.uniform(-1, 1, group.shape)])
        one, other = group.state.contacts.at((0, 0)), group.state.contacts.at((0, 1))
        assert one.force[0] == other.force[0]
        assert one.pressing[0] == other.pressing[0]
        assert one.normal[0] == pytest.approx(-other.normal[0])
        assert one.closing_speed[0] == pytest.approx(one.own_speed[0] + other.own_speed[0])
        met += bool(one.pressing[0])
    assert met
    simulation.close()
