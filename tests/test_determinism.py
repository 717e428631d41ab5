"""Same seed, same bits: in a fresh process, after a rough episode, in a copy, with robots touching each other."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pybullet
import pytest
from stories import SCENES, STEPS, actions, tell

from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.vector import VectorEnv
from roboschool.scene import load_scene
from roboschool.simulation import Simulation

TOUCHING = ("ants", "three_humanoids")


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    """The story of every scene, from a process of its own."""
    script = Path(__file__).parent / "stories.py"
    done = subprocess.run([sys.executable, str(script), *SCENES], capture_output=True, text=True, check=True)
    return dict(line.split() for line in done.stdout.splitlines())


def touches(simulation: Simulation) -> int:
    """Contacts between robots."""
    world = simulation.worlds[0]
    bodies = {body.id for body in world.bodies}
    points = pybullet.getContactPoints(physicsClientId=world.client)
    return sum(p[1] in bodies and p[2] in bodies and p[1] != p[2] for p in points)


@pytest.mark.parametrize("name", SCENES)
def test_episode_is_exact_in_a_fresh_process_and_after_rough_episodes(name: str, fresh: dict[str, str]) -> None:
    simulation = Simulation(load_scene(name))
    for seed, steps in ((1, 37), (2, 301), (3, 120)):
        tell(simulation, seed, steps)
        assert tell(simulation) == fresh[name]
    simulation.close()


@pytest.mark.parametrize("name", SCENES)
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
        for group in simulation.groups:
            group.live[:] = True
        simulation.step(actions(simulation, generator))
        count += touches(simulation)
    assert not simulation.broken
    assert count > 0
    simulation.close()


def test_another_seed_is_another_episode() -> None:
    simulation = Simulation(load_scene("ant"))
    assert tell(simulation, seed=1, steps=5) != tell(simulation, seed=2, steps=5)
    simulation.close()


@pytest.mark.parametrize("name", SCENES)
def test_two_continuations_of_a_saved_state_agree(name: str) -> None:
    one, two = Simulation(load_scene(name)), Simulation(load_scene(name), worlds=2)
    tell(one, seed=4, steps=60)
    saved = pickle.loads(pickle.dumps(one.save()))
    tell(two, seed=9, steps=90)
    one.load(saved)
    two.load(saved, world=1)
    assert tell(one, go_on=True, steps=200) == tell(two, go_on=True, steps=200, world=1)
    assert one.rngs[0].bit_generator.state == two.rngs[1].bit_generator.state
    one.load(saved)
    assert one.steps[0] == saved.step
    again = tell(one, go_on=True, steps=200)
    one.load(saved)
    assert again == tell(one, go_on=True, steps=200)
    one.close()
    two.close()


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
