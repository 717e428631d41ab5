"""What must hold for the episodes of every scene: they repeat, are alone in their world, and can be saved."""

import pickle
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

STEPS = 50  # of random actions, of each episode that is compared
WORLDS = 3
Actions: TypeAlias = list[np.ndarray]  # of each group (step, world, agent, joints)
Story: TypeAlias = list[dict[str, np.ndarray]]  # of each step, all numbers of one world, by what they are
HIDDEN = "what happens may depend on nothing but the state, its memory and the generator"


@dataclass(frozen=True)
class Promise:
    """What two stories show that should be the same."""

    fault: str
    reason: str

    def faults(self, one: Story, other: Story) -> list[str]:
        """Return where the stories part, if they do."""
        for number, (first, second) in enumerate(zip(one, other, strict=True), 1):
            for what in first:
                if not np.array_equal(first[what], second[what], equal_nan=True):
                    return [f"{self.fault}: {what} at step {number}: {self.reason}"]
        return []


REPEATS = Promise("the same seed gives another episode", HIDDEN)
RESETS = Promise("an episode begun again from where it began is another", HIDDEN)
ALONE = Promise(f"an episode among {WORLDS} worlds is another than alone", "arrays lead with (world, agent)")
RESTORED = Promise("an episode that is saved and loaded goes on in another way", HIDDEN)


def episode_faults(scene: Scene) -> list[str]:
    """Return which promises the episodes of a scene break."""
    with ExitStack() as stack:
        one, other, batch = (stack.enter_context(closing(Simulation(scene, worlds))) for worlds in (1, 1, WORLDS))
        rng = np.random.default_rng(0)
        actions = [rng.uniform(-1, 1, (STEPS, *group.shape)) for group in batch.groups]
        first = [action[:, :1] for action in actions]
        for simulation in (one, other):
            simulation.reset({0: 0})
        faults = REPEATS.faults(play(one, first), play(other, first))
        faults += _batch_faults(one, batch, actions)
        return [*faults, *_reset_faults(one, first), *_restore_faults(one, other, first)]


def _batch_faults(one: Simulation, batch: Simulation, actions: Actions) -> list[str]:
    """Return whether worlds of a batch are others than alone."""
    batch.reset({world: world for world in range(WORLDS)})
    together = play(batch, actions)
    faults = []
    for world in range(WORLDS):
        one.reset({0: world})
        alone = play(one, [action[:, [world]] for action in actions])
        faults += ALONE.faults([_world(step, world) for step in together], alone)
    return faults[:1]


def _reset_faults(simulation: Simulation, actions: Actions) -> list[str]:
    """Return whether an episode depends on more than its origin; the one before has left its traces."""
    origin = simulation.origin(0)
    stories = []
    for seed in (None, origin):
        simulation.reset({0: seed})
        stories.append(play(simulation, actions))
    return RESETS.faults(*stories)


def _restore_faults(one: Simulation, other: Simulation, actions: Actions) -> list[str]:
    """Return whether a state of one simulation goes on in another way in the other."""
    one.reset({0: 0})
    play(one, [action[: STEPS // 2] for action in actions])
    saved = pickle.loads(pickle.dumps(one.save()))
    story = play(one, actions)
    other.load(saved)
    return RESTORED.faults(story, play(other, actions))


def play(simulation: Simulation, actions: Sequence[np.ndarray]) -> Story:
    """Act, and return what comes of it; agents whose episode is over go on, for the more happens the better."""
    story = []
    for step in zip(*actions, strict=True):
        simulation.activate_all()
        result = simulation.step(step)
        numbers: dict[str, np.ndarray] = {}
        for number, group in enumerate(simulation.groups):
            task = f"of task {type(group.task).__name__}"
            parts = {
                "the observation": result.observations[number],
                "what is privileged": group.privileged,
                "the reward": result.rewards[number],
                "the cost": result.costs[number],
                "the end": group.terminated,
                "the memory": group.state.memory.array,
                "the state": group.state.array,
            }
            numbers |= {f"{what} {task}": part.copy() for what, part in parts.items()}
        story.append(numbers | {"the game": simulation.game.state.array.copy()})
    return story


def _world(step: dict[str, np.ndarray], world: int) -> dict[str, np.ndarray]:
    return {what: numbers[[world]] for what, numbers in step.items()}
