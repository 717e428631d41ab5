"""Agents with the same robot and task, in all worlds: their arrays have one shape, and lead with (world, agent)."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, describe_error
from roboschool.mdp.actuator import Drive
from roboschool.mdp.effects import Launch
from roboschool.mdp.state import UNKNOWN_SPEED
from roboschool.mdp.task import Task
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import Scene

LEAST, MOST = np.array(-1.0), np.array(1.0)  # actions; arrays, because numpy is quicker with them than with numbers
NOTHING = np.array(0.0)  # a reward
SIGHTS = frozenset({"props", "others", "game"})  # what a task may see
REPORTED = ("distance", "physics_error")  # in every info, beside the terms of the reward


def as_numbers(agent: str, action: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return an agent's action as an array of the right shape.

    Raises:
        InvalidInput: it is none, like a tensor that wants its gradient, or some of its numbers are masked.
    """
    try:
        array = np.asarray(action)
    except Exception as error:  # whatever its own conversion raises
        raise InvalidInput(f"agent {agent!r}: the action is not an array of numbers: {describe_error(error)}") from None
    if isinstance(action, np.ma.MaskedArray) and np.ma.is_masked(action):
        raise InvalidInput(f"agent {agent!r}: the action is masked in part, not an array of numbers")
    if array.dtype.kind not in "fiub":
        raise InvalidInput(f"agent {agent!r}: the action is of {array.dtype}, not an array of numbers")
    if array.shape != shape:
        raise InvalidInput(f"agent {agent!r}: the action has shape {array.shape}, not {shape}")
    return array


def check_finite(actions: np.ndarray, agents: Sequence[str], robot: Robot) -> None:
    """Check actions of agents with one robot (world, agent, joints).

    Raises:
        InvalidInput: a number is not finite.
    """
    if np.count_nonzero(np.isfinite(actions)) < actions.size:
        world, agent, joint = np.argwhere(~np.isfinite(actions))[0]
        value, name = actions[world, agent, joint], robot.joints[joint].name
        raise InvalidInput(f"agent {agents[agent]!r}: action {joint} (joint {name!r}) is {value}")


class Group:
    """Agents with the same robot and task, in all worlds."""

    def __init__(self, scene: Scene, task: Task, worlds: int) -> None:
        self.task = task
        self.robot = task.robot
        self.agents = tuple(i for i, agent in enumerate(scene.agents) if agent.task == task)
        row = range(self.agents[0], self.agents[-1] + 1)
        self.seats = (
            slice(row.start, row.stop) if self.agents == tuple(row) else list(self.agents)
        )  # slices are quicker
        self.names = tuple(scene.agents[i].name for i in self.agents)
        shape = (worlds, len(self.agents))
        self.was = scene.blank(task, *shape)
        self.now = scene.blank(task, *shape)
        self.shape = (*shape, len(self.robot.joints))  # of actions
        self.live = np.ones(shape, dtype=bool)  # whose episode goes on
        self.over = np.zeros(shape, dtype=bool)  # who is outside what the task allows
        self.plans = bool(task.memory)
        everyone = range(len(scene.agents))
        self.others = np.array([[*everyone[i + 1 :], *everyone[:i]] for i in self.agents])  # as each agent sees them
        with np.errstate(all="ignore"):  # a blank state may divide by zero
            self.terms = self.task.reward(self.was, np.zeros(self.shape), self.now, scene.timestep)
            self.observation = np.asarray(self.task.observe(self.now), dtype=np.float32)
        self.reward = np.zeros(shape)
        self.torque = np.array(self.robot.torque)
        # middle and gain lead with (world, agent) as what they meet: numpy is three times quicker then
        joints = self.robot.joints
        self.pose = np.array(self.robot.pose)  # [rad]
        lower = np.array([-1.0 if joint.lower is None else joint.lower for joint in joints])  # continuous: as it is
        upper = np.array([1.0 if joint.upper is None else joint.upper for joint in joints])
        fastest = np.array([joint.velocity or UNKNOWN_SPEED for joint in joints])
        self.lower = np.array([-np.inf if joint.lower is None else joint.lower for joint in joints])  # [rad]
        self.upper = np.array([np.inf if joint.upper is None else joint.upper for joint in joints])
        self.middle = np.stack([(lower + upper) / 2, np.zeros_like(lower)], axis=-1)[None, None]
        self.gain = np.stack([2.0 / (upper - lower), 1.0 / fastest], axis=-1)[None, None]
        self.plain = not self.middle.any() and bool((self.gain == 1.0).all())  # felt as they are
        self.applied = np.zeros(self.shape)  # what has been done of the actions asked for
        self.drive = Drive(self.robot)
        self.commands = self.drive.command(np.zeros(self.shape))  # (world, agent, n)
        self.paid: np.ndarray | None = None  # whose step is paid; None: everybody's
        self.acted: np.ndarray | None = None  # worlds where time passes (world, 1); None: all
        self._check_task()

    def _check_task(self) -> None:
        """Check the shapes of what the task returns, once.

        Raises:
            InvalidInput: one is wrong; the message names the task and the method.
        """
        shape, name = self.live.shape, type(self.task).__name__
        if not isinstance(self.terms, dict):
            raise InvalidInput(f"task {name}: reward() returns {self.terms!r:.80}, not terms by name")
        for term, value in self.terms.items():
            if np.shape(value) != shape or term in REPORTED:
                what = "has a name that is taken" if term in REPORTED else f"has shape {np.shape(value)}, not {shape}"
                raise InvalidInput(f"task {name}: reward(): the term {term!r} {what}")
        over = self.task.over(self.now)
        if np.shape(over) != shape or np.asarray(over).dtype != bool:
            raise InvalidInput(f"task {name}: over() returns {over!r:.80}, not booleans of shape {shape}")
        if not self.plans and type(self.task).plan is not Task.plan:
            raise InvalidInput(f"task {name}: plan() is called only if it names in `memory` what it remembers")
        if not self.task.sees <= SIGHTS:
            raise InvalidInput(f"task {name}: it sees {sorted(self.task.sees)}; there is {', '.join(sorted(SIGHTS))}")
        if self.observation.ndim != len(shape) + 1 or self.observation.shape[:2] != shape:
            raise InvalidInput(f"task {name}: observe() returns shape {self.observation.shape}, not (*{shape}, n)")
        if self.plans:
            memory, _ = self.task.plan(self.was, self.now, np.zeros(shape, dtype=bool), ())
            if np.shape(memory) != self.now.memory.shape:
                wanted = f"not {self.now.memory.shape}, a number for each name in `memory`"
                raise InvalidInput(f"task {name}: plan() returns memory of shape {np.shape(memory)}, {wanted}")

    def act(self, action: Any, idle: Collection[int]) -> None:
        """Take actions (world, agent, joints), within -1 and 1; agents that are out, or in idle worlds, do nothing.

        Raises:
            InvalidInput: the shape is wrong, or a number is not finite; nothing has changed then.
        """
        action = as_numbers(self.names[0], action, self.shape).astype(float, order="C")
        check_finite(action, self.names, self.robot)
        np.minimum(np.maximum(action, LEAST, out=action), MOST, out=action)
        self.paid = self.acted = None
        if idle:
            self.acted = np.ones((len(self.live), 1), dtype=bool)
            self.acted[list(idle)] = False
        if idle or np.count_nonzero(self.live) < self.live.size:
            self.paid = self.live if self.acted is None else self.live & self.acted
            action *= self.paid[..., None]
        self.applied = action
        self.commands = self.drive.command(action)

    def feel(self, worlds: slice = slice(None)) -> None:
        """Bring the joints just read to -1 to 1 between their limits, and their speeds to 1 at the fastest."""
        if self.plain:
            return
        joints = self.now.joints[worlds]
        joints -= self.middle
        joints *= self.gain

    def plan(self, live: np.ndarray, rngs: Sequence[np.random.Generator]) -> Sequence[Launch]:
        """Let the task remember what has happened to those who take part (world, agent); return what it asks for."""
        memory, throws = self.task.plan(self.was, self.now, live, rngs)
        np.copyto(self.now.memory, memory, where=live[..., None])
        return throws

    def judge(self, dt: float, decided: np.ndarray) -> None:
        """Pay for what has been done, and end the episodes that are over, and all in worlds that are decided."""
        self.terms = self.task.reward(self.was, self.applied, self.now, dt)
        if self.paid is not None:
            self.terms = {name: term * self.paid for name, term in self.terms.items()}
        self.reward = sum(self.terms.values(), start=NOTHING)
        self.over = self.task.over(self.now)
        if np.count_nonzero(decided):
            self.over = self.over | decided[:, None]
        if np.count_nonzero(self.over):
            self.live = self.live & ~(self.over if self.acted is None else self.over & self.acted)

    def rest(self, worlds: Sequence[int]) -> None:
        """Take the terms of the reward in some worlds as they are when nothing has been done yet: zero."""
        self.terms = {name: np.array(term) for name, term in self.terms.items()}
        for term in self.terms.values():
            for world in worlds:
                term[world] = 0.0

    def see(self) -> None:
        """Observe for all agents."""
        self.observation = self.task.observe(self.now).astype(np.float32)
