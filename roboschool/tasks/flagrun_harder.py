"""Run to a flag, get up after a fall, and withstand cubes launched at the robot, by the rules of Roboschool v1."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import check_choice, check_range
from roboschool.mdp.effects import Launch, Placement
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.mdp.task import Update
from roboschool.mdp.term import Term
from roboschool.schema import Bounds
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.tasks.flagrun import FlagMemory, Flagrun

# On its feet, on its front, on its back [rad]. Not quite 90 degrees as in v1: there the heading is rounding noise.
PITCH = (0.0, math.pi / 2 - 0.05, 1.5 * math.pi - 0.15)
FALLEN_HEIGHT = 0.8  # a trunk below this is on the ground [m]
RISEN_HEIGHT = 0.7  # height from which on standing up is rewarded no more [m]
EPISODES = 10  # from each pose that the choice of the next is based on
AT_ONCE = 10_000.0  # steps on the ground that are counted for one that fell though it began on its feet
CUBE_EVERY, CUBE_FROM = 30, 100  # interval between cubes, and the step after which they start [steps]
CUBE_AWAY, CUBE_ABOVE = 4.0, 1.0  # where it comes from, relative to where it is aimed [m]
CUBE_SPEED = (20.0, 30.0)  # [m/s]
PELVIS = "pelvis"


class HarderMemory(FlagMemory):
    """What is remembered of a robot that must get up."""

    step: np.ndarray = quantity(doc="of the episode")
    ground_steps: np.ndarray = quantity(unit="steps", doc="on the ground, less those after it")
    pose: np.ndarray = quantity(doc="in which the episode began: 0 on its feet, 1 on its front, 2 on its back")
    history: np.ndarray = quantity(
        len(PITCH), EPISODES, doc="how the last episodes from each pose went: 1 mastered, -1 failed, 0 none yet"
    )


@dataclass(frozen=True)
class FlagrunHarder(Flagrun):
    """Run to flags from three poses, the hardest most often; a fall is not the end if one gets up in time."""

    memory: ClassVar[type[Record]] = HarderMemory
    needs: ClassVar[Needs] = Needs(link_heights=(PELVIS,))
    crawl: float = 0.4  # share of `electricity` on the ground
    low: float = 0.5  # bonus for being alive, flat on the ground
    high: float = 2.0  # and on its feet
    ground_limit: Annotated[int, Bounds(1, 10**9)] = 170  # steps on the ground that end an episode
    survive: Annotated[int, Bounds(1, 10**9)] = 1000  # steps after which a start from a pose counts as mastered
    cube: str = "cube"  # the prop that is launched

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range, or the robot has no pelvis.
        """
        super().__post_init__()
        check_range("low", self.low, 0.0, self.high)
        check_choice(PELVIS, [link.name for link in self.robot.model.links], "link")

    @property
    def launched_props(self) -> tuple[str, ...]:
        """The cube."""
        return (self.cube,)

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Choose a pose by how often those before have failed, after noting how the last episode went."""
        history = _note(memory, self.survive, self.ground_limit)
        weights = 1.0 - (history == 1.0).sum(axis=-1) / (1.0 + (history != 0.0).sum(axis=-1))
        pose = int(rng.choice(len(PITCH), p=weights / weights.sum()))
        placement = super().reset(placement, memory, rng)
        memory.step[...], memory.ground_steps[...], memory.pose[...], memory.history[:] = 0.0, 0.0, pose, history
        return dataclasses.replace(placement, pitch=PITCH[pose])

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        """Move the flag, count the steps on the ground, and launch the cube at robots that stand."""
        memory: Any = super().update(previous, state, active, rngs).memory
        memory.step += 1.0
        fallen = state.height < FALLEN_HEIGHT
        ground = np.maximum(memory.ground_steps + np.where(fallen, 1.0, -1.0), 0.0)
        memory.ground_steps[:] = np.where(fallen & (memory.pose == 0.0), AT_ONCE, ground)
        due = (memory.step % CUBE_EVERY == 0.0) & (memory.step > CUBE_FROM) & (memory.ground_steps == 0.0) & active
        return Update(
            memory, [self._launch(state, world, agent, rngs[world]) for world, agent in np.argwhere(due).tolist()]
        )

    def _launch(self, state: State, world: int, agent: int, rng: np.random.Generator) -> Launch:
        """Aim where the robot will be when the cube arrives."""
        speed, angle = rng.uniform(*CUBE_SPEED), rng.uniform(-math.pi, math.pi)
        aim = state.position[world, agent] + state.world_velocity[world, agent] * (CUBE_AWAY / speed)
        start = aim + np.array([CUBE_AWAY * math.cos(angle), CUBE_AWAY * math.sin(angle), CUBE_ABOVE])
        flight = (aim - start) * (speed / np.linalg.norm(aim - start)) + rng.uniform(-1.0, 1.0, 3)
        return Launch(world, self.cube, tuple(start.tolist()), tuple(flight.tolist()))

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the terms of `Flagrun`, with other weights, and one for getting up."""
        terms = {term.name: term for term in super().rewards(scene)}
        run, scaling = terms["progress"].of, JointScaling(self.robot)

        def alive(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.where(self.terminated(state), -1.0, self._bonus(state))

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.where(_fallen(state), 0.0, run(previous, action, state, dt))

        def electricity(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            power = np.abs(action * scaling.speeds(state.qd)).mean(axis=-1)
            return power * np.where(_fallen(state), self.crawl, 1.0)

        def rise(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return self._bonus(state) - self._bonus(previous)

        alive_doc = f"{self.low:g} to {self.high:g} for every step, as high as chest and pelvis are; -1 at the end"
        terms["alive"] = Term("alive", 1.0, alive_doc, alive)
        terms["progress"] = Term("progress", 1.0, "speed toward the flag, while not on the ground", progress, "m/s")
        electricity_doc = f"{terms['electricity'].doc}, on the ground {self.crawl:g} x that"
        terms["electricity"] = Term("electricity", -1.0, electricity_doc, electricity)
        terms["stall"] = dataclasses.replace(terms["stall"], weight=-0.425)
        terms["rise"] = Term("rise", 100.0, "what the bonus for being alive has gained", rise)
        return list(terms.values())

    def _bonus(self, state: State) -> np.ndarray:
        height = (0.7 * state.height + 0.3 * state.link_heights[..., 0]).clip(0.0, RISEN_HEIGHT)
        return self.low + (self.high - self.low) * height / RISEN_HEIGHT

    def terminated(self, state: State) -> np.ndarray:
        """Return whether each agent has been on the ground for too long."""
        return state.memory.ground_steps >= self.ground_limit

    @property
    def termination(self) -> str:
        """How long the robot may be on the ground."""
        return f"on the ground for {self.ground_limit} steps; at once if the episode began on its feet"


def _fallen(state: State) -> np.ndarray:
    return state.height < FALLEN_HEIGHT


def _note(memory: Any, survive: int, ground_limit: int) -> np.ndarray:
    """Return how the last episodes from each pose went (pose, episode): 1 mastered, -1 failed, 0 none yet."""
    history = memory.history.copy()
    mastered, failed = memory.step >= survive, memory.ground_steps >= ground_limit
    if mastered or failed:
        pose = int(memory.pose)
        history[pose] = np.append(history[pose, 1:], -1.0 if failed else 1.0)
    return history
