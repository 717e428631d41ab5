"""Agents with the same robot and task, in all worlds: their arrays have one shape, and lead with (world, agent)."""

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, check_choice, describe_error
from roboschool.mdp.actuator import Drive
from roboschool.mdp.delay import Delay
from roboschool.mdp.effects import Launch
from roboschool.mdp.record import Record
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import TRUNK_NUMBERS, State, TileState
from roboschool.mdp.task import Task, Update, needs_of
from roboschool.mdp.term import Term
from roboschool.physics.native.program import CLIP, CODES, Kernel, Program
from roboschool.robots.robot import Robot, combine_robots
from roboschool.scenes.scene import Scene
from roboschool.simulation.observer import Observer
from roboschool.simulation.term_sum import TermSum
from roboschool.simulation.variants import check_variants

LOW, HIGH = np.array(-1.0), np.array(1.0)  # of actions; arrays, because numpy is quicker with them than with numbers
RESERVED = ("distance", "physics_error", "cost", "costs")  # in infos, beside the terms of the reward


def as_numbers(agent: str, action: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return an agent's action as an array of the right shape.

    Raises:
        InvalidInput: it is none, like a tensor that wants its gradient, or some of its numbers are masked.
    """
    if type(action) is np.ndarray and action.shape == shape and action.dtype.kind == "f":
        return action  # as it is in most steps
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
    """Agents with the same robot and task, in all worlds.

    Args:
        scenes: of each world, alike in everything but numbers.
        task: theirs in the first.

    Raises:
        InvalidInput: the task does not keep to its contract; the message names the method.
    """

    def __init__(self, scenes: Sequence[Scene], task: Task) -> None:
        scene = scenes[0]
        if not (isinstance(task.memory, type) and issubclass(task.memory, Record)):
            raise InvalidInput(f"task {type(task).__name__}: memory: {task.memory!r:.80} is not a class of Record")
        for method, kind in (("sensors", Sensor), ("rewards", Term), ("costs", Term)):
            parts: Any = getattr(task, method)(scene.info)
            if not isinstance(parts, Sequence) or not all(isinstance(part, kind) for part in parts):
                wanted = f"a sequence of {kind.__name__}"
                raise InvalidInput(f"task {type(task).__name__}: {method}() returns {parts!r:.80}, not {wanted}")
        self.agents = tuple(i for i, agent in enumerate(scene.agents) if agent.task == task)
        robots = [each.agents[self.agents[0]].robot for each in scenes]
        self.robot = combine_robots(robots)
        if self.robot is not task.robot:
            task = dataclasses.replace(task, robot=self.robot)
        self.task = task
        self.needs = needs_of(task, scene.info)
        row = range(self.agents[0], self.agents[-1] + 1)
        neighbours = self.agents == tuple(row)
        self.index = slice(row.start, row.stop) if neighbours else list(self.agents)  # slices are quicker
        self.names = tuple(scene.agents[i].name for i in self.agents)
        shape = (len(scenes), len(self.agents))
        holds = np.array([scene.agents[i].hold for i in self.agents])
        self.holds = holds if (holds > 1).any() else None  # timesteps for which actions hold (agent,); None: one
        self.delay = Delay(self.robot, scene.timestep, scene.substeps)
        self.state, self.previous = (blank_state(scene, task, *shape) for _ in range(2))
        self.shape = (*shape, len(self.robot.joints))  # of actions
        self.active = np.ones(shape, dtype=bool)  # active agents
        self.terminated = np.zeros(shape, dtype=bool)  # agents that this step has ended
        self.updates = bool(task.memory.quantities)
        self.has_tiles = scene.terrain is not None
        everyone = range(len(scene.agents))
        others = [[*everyone[i + 1 :], *everyone[:i]] for i in self.agents]  # as each agent sees them
        rest = range(len(everyone), len(everyone) + len(scene.props) + 1)  # props and the ground
        self.others = np.array(others, dtype=int)
        self.touched = np.array([[*row, *rest] for row in others], dtype=int)
        weights = scene.weights_of(task)
        self.rewards = TermSum(task.rewards(scene.info), weights, shape)
        self.costs = TermSum(task.costs(scene.info), weights, shape)
        self.indicates = scene.indicator  # whether `cost` is 0 or 1, and in every info
        self.observer = Observer(task, scene.info, self.state, robots)
        self.observation = np.zeros((*shape, len(self.observer.fields)), np.float32)
        self._given = np.zeros(self.shape)  # actions asked for
        self.applied = np.zeros(self.shape)  # what has been done of them
        self.drive = Drive(self.robot)
        self.commands = self.drive.command(np.zeros(self.shape))  # (world, agent, n); it stays where it is
        self.counted = np.ones(shape)  # 1 for agents whose step is rewarded, else 0
        self._all_count = True
        self.acted: np.ndarray | None = None  # worlds where time passes (world, 1); None: all
        self._apply: Callable[[], None] = self._apply_by_numpy
        self._check_task()
        if self.robot is not robots[0]:
            check_variants(task, robots, scene.info, self.state)

    def _check_task(self) -> None:
        """Check names and shapes of what the task returns, once.

        Raises:
            InvalidInput: one is wrong; the message names the task and the method.
        """
        shape, where = self.active.shape, f"task {type(self.task).__name__}"
        action = np.zeros(self.shape)
        self.rewards.check(f"{where}: rewards()", self.state, action)
        self.costs.check(f"{where}: costs()", self.state, action)
        for name in self.rewards.names:
            if name in RESERVED:
                raise InvalidInput(f"{where}: rewards(): the name {name!r} is taken")
        with np.errstate(all="ignore"):  # a blank state may divide by zero
            terminated = self.task.terminated(self.state)
        if np.shape(terminated) != shape or np.asarray(terminated).dtype != bool:
            raise InvalidInput(f"{where}: terminated() returns {terminated!r:.80}, not booleans of shape {shape}")
        if not self.updates and type(self.task).update is not Task.update:
            raise InvalidInput(f"{where}: update() is called only if the task declares what it remembers, in `memory`")
        for link in self.needs.link_heights:
            check_choice(link, [other.name for other in self.robot.model.links], "link", where)
        if self.updates:
            update: Any = self.task.update(self.previous, self.state, np.zeros(shape, dtype=bool), ())
            if not isinstance(update, Update) or not isinstance(update.memory, self.task.memory):
                raise InvalidInput(f"{where}: update() returns {update!r:.80}, not an Update with its memory")

    def act(self, action: Any, paused: Collection[int], steps: np.ndarray) -> None:
        """Take actions (world, agent, joints), clipped to -1 and 1; inactive agents, or in paused worlds, do nothing.

        Args:
            action: what is asked for.
            paused: worlds where no time passes.
            steps: how many there have been in each world's episode (world,).

        Raises:
            InvalidInput: the shape is wrong, or a number is not finite; nothing has changed then.
        """
        self._given[...] = as_numbers(self.names[0], action, self.shape)
        check_finite(self._given, self.names, self.robot)
        if self.holds is not None:
            decides = steps[:, None] % self.holds == 0
            np.copyto(self._given, self.state.action, where=~decides[..., None])
        self.acted = None
        all_count = not paused and np.count_nonzero(self.active) == self.active.size
        if not (all_count and self._all_count):
            self.counted[...] = self.active
            self.counted[list(paused)] = 0.0
            if paused:
                self.acted = np.ones((len(self.active), 1), dtype=bool)
                self.acted[list(paused)] = False
            self._all_count = all_count
        self._apply()

    def _apply_by_numpy(self) -> None:
        """Apply actions: clip them, and command the actuators."""
        np.clip(self._given, LOW, HIGH, out=self.applied)
        self.applied *= self.counted[..., None]
        late = self.delay.arrive(self.applied, self.state) if self.robot.is_late else (self.applied,)
        self.commands[...] = self.drive.command(*late)

    @property
    def trunks(self) -> np.ndarray:
        """The numbers of `TrunkState` (world, agent, n)."""
        return self.state.array[..., :TRUNK_NUMBERS]

    def advance(self) -> None:
        """Swap the buffers: the current state becomes the previous one."""
        self.previous, self.state = self.state, self.previous
        if self.needs.action or self.holds is not None:
            self.state.action[:] = self.applied
        if self.updates:
            self.state.memory.array[:] = self.previous.memory.array
        if self.has_tiles:
            self.state.tile.array[:] = self.previous.tile.array
        if self.robot.is_late:
            self.delay.send(self.applied, self.previous, self.state)

    def update(self, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Sequence[Launch]:
        """Update the task's memory of active agents (world, agent); return launches."""
        update = self.task.update(self.previous, self.state, active, rngs)
        np.copyto(self.state.memory.array, update.memory.array, where=active[..., None])
        return update.launches

    def judge(self, dt: float, decided: np.ndarray | None, is_computed: bool = False) -> None:
        """Compute rewards and costs, and end terminated episodes, and all episodes in worlds whose game is decided.

        Args:
            dt: the time of a step [s].
            decided: these worlds (world,); None: there is no game.
            is_computed: whether `kernels` have been computed.
        """
        step = (self.previous, self.applied, self.state, dt, self.counted, is_computed)
        self.rewards.compute(*step)
        if self.costs.terms:
            self.costs.compute(*step)
            if self.indicates:
                self.costs.total = np.where(self.costs.total > 0.0, 1.0, 0.0)
        self.terminated = self.task.terminated(self.state)
        if decided is not None and np.count_nonzero(decided):
            self.terminated = self.terminated | decided[:, None]
        if np.count_nonzero(self.terminated):
            ended = self.terminated if self.acted is None else self.terminated & self.acted
            self.active = self.active & ~ended

    def prepare(self, dt: float) -> None:
        """Let the native library apply actions, and compute observations, rewards and costs, as far as it can."""
        for previous, state in ((self.previous, self.state), (self.state, self.previous)):
            self.rewards.prepare(previous, self.applied, state, dt, self.counted)
            self.costs.prepare(previous, self.applied, state, dt, self.counted)
            self.observer.prepare(state)
        if not self.robot.has_feedback:
            program, ones = Program(self.active.shape), np.ones((1, 1, 1))
            clipped = program.add(CLIP, self._given, ones)
            program.add(CODES[np.multiply], clipped, self.counted[..., None], self.applied)
            program.add(CODES[np.multiply], self.applied, self.drive.strength, self.commands)
            self._apply = program.kernel()

    def kernels(self, state: State) -> list[Kernel]:
        """Return what computes rewards, costs and observations of a state; not those of which numpy computes a part."""
        kernels = (part.kernel(state) for part in (self.rewards, self.costs, self.observer))
        return [kernel for kernel in kernels if kernel is not None]

    def begin_world(self, world: int, rng: np.random.Generator) -> None:
        """Note that an episode has begun in a world, with its generator."""
        self.active[world] = True
        self.state.game_reward[world] = 0.0
        if self.robot.is_late:
            self.delay.begin(self.state, world, rng)

    def begin(self, worlds: list[int]) -> None:
        """Clear actions, rewards and costs at the start of an episode."""
        self.state.action[worlds] = 0.0
        self.rewards.clear(worlds)
        self.costs.clear(worlds)

    def observe(self, previous: State, dt: float, is_computed: bool = False) -> None:
        """Observe for all agents, unless `kernels` have done so."""
        self.observation = self.observer.read(previous, self.applied, self.state, dt, is_computed)


def blank_state(scene: Scene, task: Task, worlds: int = 1, agents: int = 1) -> State:
    """Return a state of zeros for agents with a task in a scene."""
    needs, game, robot = needs_of(task, scene.info), scene.game, task.robot
    holds = any(agent.hold > 1 for agent in scene.agents if agent.task == task)
    sizes: dict[str, Any] = {
        "joints": len(robot.joints),
        "passive_joints": len(robot.passive_joints),
        "feet": len(robot.feet),
        "measured_feet": len(robot.feet) if needs.foot_forces else 0,
        "touched": len(scene.agents) + len(scene.props) if needs.contacts else 0,
        "links": len(needs.link_heights),
        "actions": len(robot.joints) if needs.action or holds else 0,
        "props": len(scene.props) if needs.props else 0,
        "others": len(scene.agents) - 1 if needs.others else 0,
        "memory": task.memory,
    }
    if scene.terrain is not None:
        sizes |= {"uneven": 1, "tile": TileState}
    if robot.is_late:
        sizes |= {
            "delays": len(robot.joints),
            "past_actions": Delay(robot, scene.timestep, scene.substeps).steps,
        }
    if needs.game and game is not None:
        sizes |= {"game": game.memory, "agent_stats": game.agent_stats}
    return State.blank(worlds, agents, **sizes)
