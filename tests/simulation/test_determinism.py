"""Same seed, same bits: in a fresh process, after a rough episode, in a copy, with robots touching each other."""

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pybullet
import pytest
from folders import TESTS
from stories import STEPS, TYPICAL, actions, tell

from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

TOUCHING = ("ants", "three_humanoids")


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    """The story of every scene, from a process of its own."""
    script = TESTS / "stories.py"
    done = subprocess.run([sys.executable, str(script), *TYPICAL], capture_output=True, text=True, check=True)
    return dict(line.split() for line in done.stdout.splitlines())


def touches(simulation: Simulation) -> int:
    """Contacts between robots."""
    world = simulation.worlds[0]
    bodies = {body.id for body in world.bodies}
    points = pybullet.getContactPoints(physicsClientId=world.client)
    return sum(p[1] in bodies and p[2] in bodies and p[1] != p[2] for p in points)


@pytest.mark.parametrize("name", TYPICAL)
def test_episode_is_exact_in_a_fresh_process_and_after_rough_episodes(name: str, fresh: dict[str, str]) -> None:
    simulation = Simulation(load_scene(name))
    for seed, steps in ((1, 37), (2, 301)):
        tell(simulation, seed, steps)
        assert tell(simulation) == fresh[name]
    simulation.close()


@pytest.mark.parametrize("name", TYPICAL)
def test_episode_is_exact_in_a_copy_among_others(name: str, fresh: dict[str, str]) -> None:
    simulation = Simulation(load_scene(name), worlds=3)
    tell(simulation, seed=5, steps=40)
    simulation.reset({0: 1, 1: 2, 2: 3})
    assert tell(simulation, world=1) == fresh[name]
    simulation.close()


@pytest.mark.parametrize("name", TOUCHING)
def test_the_stories_hold_contacts_between_robots(name: str) -> None:
    simulation = Simulation(load_scene(name))
    generator = np.random.default_rng(7)
    simulation.reset({0: 7})
    count = 0
    for _ in range(STEPS):
        simulation.activate_all()
        simulation.step(actions(simulation, generator))
        count += touches(simulation)
    assert not simulation.clock.diverged
    assert count > 0
    simulation.close()


def test_another_seed_is_another_episode() -> None:
    simulation = Simulation(load_scene("ant"))
    assert tell(simulation, seed=1, steps=5) != tell(simulation, seed=2, steps=5)
    simulation.close()


@pytest.mark.parametrize("name", TYPICAL)
def test_a_saved_state_is_the_future_it_was_saved_from(name: str) -> None:
    """The future of a restored world is that of the world that was saved, and of one that was never saved."""
    one, untouched, two = Simulation(load_scene(name)), Simulation(load_scene(name)), Simulation(load_scene(name), 2)
    past = tell(one, seed=4, steps=60)
    assert tell(untouched, seed=4, steps=60) == past
    saved = pickle.loads(pickle.dumps(one.save()))
    tell(two, seed=9, steps=30)
    two.load(saved, world=1)
    future = tell(one, go_on=True, steps=60)
    assert tell(untouched, go_on=True, steps=60) == future
    assert tell(two, go_on=True, steps=60, world=1) == future
    assert one.rngs[0].bit_generator.state == two.rngs[1].bit_generator.state
    one.load(saved)
    assert one.clock.steps[0] == saved.step
    assert tell(one, go_on=True, steps=60) == future
    one.load(one.save())  # the episode before a state that was loaded is known, too
    again = one.save()
    late = tell(one, go_on=True, steps=20)
    two.load(again, world=1)
    assert tell(two, go_on=True, steps=20, world=1) == late
    for simulation in (one, untouched, two):
        simulation.close()


@pytest.mark.parametrize("name", ["ants", "humanoid", "carry_beam"])
def test_states_loaded_quickly_go_on_alike(name: str) -> None:
    one, two = Simulation(load_scene(name)), Simulation(load_scene(name))
    tell(one, seed=4, steps=60)
    saved = one.save()
    one.load(saved, exact=False)
    two.load(saved, exact=False)
    assert tell(one, go_on=True, steps=60) == tell(two, go_on=True, steps=60)
    one.close()
    two.close()


def test_a_saved_state_is_valid_in_another_process(tmp_path: Path) -> None:
    scenes = ("hopper", "ant_sumo")
    futures = []
    for name in scenes:
        simulation = Simulation(load_scene(name))
        tell(simulation, seed=2, steps=40)
        (tmp_path / name).write_bytes(pickle.dumps(simulation.save()))
        futures.append(f"{name} {tell(simulation, go_on=True, steps=40)}")
        simulation.close()
    code = (
        "import pathlib, pickle, stories\n"
        f"for name in {scenes}:\n"
        "    simulation = stories.Simulation(stories.load_scene(name))\n"
        f"    simulation.load(pickle.loads(pathlib.Path({str(tmp_path)!r}, name).read_bytes()))\n"
        "    print(name, stories.tell(simulation, go_on=True, steps=40))\n"
    )
    folder = str(TESTS)
    told = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == futures


def test_a_state_whose_episode_differs_here_is_refused_unless_loaded_quickly() -> None:
    one, other = Simulation(load_scene("ants")), Simulation(load_scene("ants"))
    tell(one, seed=4, steps=20)
    saved = one.save()
    log = saved.world.log.copy()
    log.commands[0] += 1e-9  # as another processor may round
    elsewhere = dataclasses.replace(saved, world=dataclasses.replace(saved.world, log=log))
    other.reset({0: 0})
    with pytest.raises(InvalidInput, match="exact=False"):
        other.load(elsewhere)
    with pytest.raises(InvalidInput, match=r"call reset\(\)"):
        tell(other, go_on=True, steps=1)
    other.load(elsewhere, exact=False)
    tell(other, go_on=True, steps=1)
    one.close()
    other.close()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("hopper", {"timestep": 0.01}, "timestep"),
        ("ant", {"iterations": 3}, "iterations"),
        ("pong", {"substeps": 2}, "substeps"),
        ("hopper", {"ground": False}, "ground"),
    ],
)
def test_a_state_of_another_physics_is_refused(name: str, options: dict[str, Any], words: str) -> None:
    one, other = Simulation(load_scene(name)), Simulation(load_scene(name, **options))
    one.reset({0: 0})
    other.reset({0: 0})
    for exact in (True, False):
        with pytest.raises(InvalidInput, match=f"differs from the saved state in {words}"):
            other.load(one.save(), exact=exact)
    first, *others = one.scene.agents
    weak = dataclasses.replace(first.robot, torque=tuple(0.5 * most for most in first.robot.torque))
    agent = dataclasses.replace(first, task=dataclasses.replace(first.task, robot=weak))
    weaker = Simulation(dataclasses.replace(one.scene, agents=(agent, *others)))
    with pytest.raises(InvalidInput, match="robot"):
        weaker.load(one.save())
    for simulation in (one, other, weaker):
        simulation.close()


@pytest.mark.parametrize(("name", "options"), [("humanoid", {"ground": False}), ("humanoid", {}), ("hopper", {})])
def test_a_state_saved_after_a_quick_load_is_exact(name: str, options: dict[str, Any]) -> None:
    one, two = Simulation(load_scene(name, **options)), Simulation(load_scene(name, **options))
    tell(one, seed=4, steps=12)
    first = pickle.loads(pickle.dumps(one.save()))
    two.load(first)
    one.load(first, exact=False)
    tell(one, go_on=True, steps=5)
    saved = pickle.loads(pickle.dumps(one.save()))
    future = tell(one, go_on=True, steps=20)
    two.load(saved)
    assert tell(two, go_on=True, steps=20) == future
    one.close()
    two.close()


def test_a_damaged_state_is_refused() -> None:
    simulation = Simulation(load_scene("hopper"))
    simulation.reset({0: 0})
    saved = simulation.save()
    damaged = dataclasses.replace(saved, world=dataclasses.replace(saved.world, state=b""))
    with pytest.raises(InvalidInput, match="Bullet cannot restore the state"):
        simulation.load(damaged)
    simulation.load(saved)
    simulation.close()


def test_env_with_a_state_goes_on_as_the_one_it_came_from() -> None:
    one, two = AgentEnv("humanoid"), AgentEnv("humanoid")
    one.reset(seed=3)
    action = one.action_space.sample() * 0.1
    for _ in range(5):
        one.step(action)
    state = one.get_state()
    one.set_state(state)
    two.set_state(state)
    for _ in range(10):
        a, b = one.step(action), two.step(action)
        assert (a[0] == b[0]).all()
        assert a[1:] == b[1:]
    after = one.reset()[0], two.reset()[0]  # the generators are part of the state
    assert (after[0] == after[1]).all()
    one.close()
    two.close()


@pytest.mark.parametrize("name", ["hopper", "ant"])
def test_vector_env_plays_the_episodes_of_single_envs(name: str) -> None:
    copies = 3
    vector = VectorEnv(name, copies)
    vector.action_space.seed(0)
    chosen = [vector.action_space.sample() for _ in range(60)]
    seen, _ = vector.reset(seed=11)
    singles = [AgentEnv(name) for _ in range(copies)]
    alone = [env.reset(seed=11 + i)[0] for i, env in enumerate(singles)]
    done, ended = np.zeros(copies, bool), np.zeros(copies, bool)
    assert (seen == np.stack(alone)).all()
    for action in chosen:
        seen, reward, terminated, truncated, _ = vector.step(action)
        for i, env in enumerate(singles):
            expected = (env.reset()[0], 0.0, False, False) if done[i] else env.step(action[i])[:4]
            assert (seen[i] == expected[0]).all()
            assert (reward[i], terminated[i], truncated[i]) == expected[1:]
        done = terminated | truncated
        ended |= done
    assert ended.any() == (name == "hopper")
    for env in (vector, *singles):
        env.close()


def test_faces_agree() -> None:
    """A world seen through PettingZoo and through one agent's env moves alike."""
    world, single = ParallelEnv("ants"), AgentEnv("ants", agent="ant_2")
    world.reset(seed=5)
    single.reset(seed=5)
    still = np.zeros(8)
    single.action_space.seed(0)
    for _ in range(50):
        action = single.action_space.sample()
        observations, *_ = world.step(dict.fromkeys(world.agents, still) | {"ant_2": action})
        assert (single.step(action)[0] == observations["ant_2"]).all()
    world.close()
    single.close()
