"""Agents with the same robot and task, in all worlds: their arrays have one shape, and lead with (world, agent)."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.actuator import Drive
from roboschool.mdp.delay import Delay
from roboschool.mdp.effects import Launch
from roboschool.mdp.record import Record, places
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import TRUNK_NUMBERS, State
from roboschool.mdp.task import Task, Update, needs_of
from roboschool.mdp.term import Term
from roboschool.physics.native.party import Party
from roboschool.physics.native.program import CLIP, CODES, Kernel, Program
from roboschool.robots.robot import combine_robots
from roboschool.scenes.randomize import Randomize
from roboschool.scenes.scene import Scene
from roboschool.simulation.actions import as_numbers, check_finite
from roboschool.simulation.blank_state import blank_state
from roboschool.simulation.ending import Ending
from roboschool.simulation.noise import sample_noise
from roboschool.simulation.observer import Observer
from roboschool.simulation.plan import NEUTRAL, Plan
from roboschool.simulation.pushes import Pushes
from roboschool.simulation.sensor_memory import SensorMemory
from roboschool.simulation.term_sum import TermSum
from roboschool.simulation.trace import CannotBeTraced, random_states, trace_commands
from roboschool.simulation.variants import check_variants

LOW, HIGH = np.array(-1.0), np.array(1.0)  # of actions; arrays, because numpy is quicker with them than with numbers
RESERVED = (
    "distance",
    "physics_error",
    "cost",
    "costs",
    "randomized",
    "privileged",
    "level",
    "next_level",
    "live",
    "worker_error",
    "final_obs",
    "final_info",
)  # in infos, beside the terms of the reward


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
        self.index = places(self.agents)
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
        everyone = range(len(scene.agents))
        others = [[*everyone[i + 1 :], *everyone[:i]] for i in self.agents]  # as each agent sees them
        rest = range(len(everyone), len(everyone) + len(scene.props) + 1)  # props and the ground
        self.others = np.array(others, dtype=int)
        self.touched = np.array([[*row, *rest] for row in others], dtype=int)
        weights = scene.weights_of(task)
        self.rewards = TermSum(task.rewards(scene.info), weights, shape)
        self.costs = TermSum(task.costs(scene.info), weights, shape)
        self.indicates = scene.indicator  # whether `cost` is 0 or 1, and in every info
        self.memory = SensorMemory(task, scene.info, self.state)
        self.observer = Observer(task, scene.info, self.state, robots)
        self.observation = np.zeros((*shape, len(self.observer.fields)), np.float32)
        self.critic = Observer(task, scene.info, self.state, robots, privileged=True)
        self.privileged = np.zeros((*shape, len(self.critic.fields)), np.float32)  # no policy observes it
        self._given = np.zeros(self.shape)  # actions asked for
        self.applied = np.zeros(self.shape)  # what has been done of them
        self.drive = Drive(self.robot)
        self.commands = self.drive.command(np.zeros(self.shape))  # (world, agent, n); it stays where it is
        self.counted = np.ones(shape)  # 1 for agents whose step is rewarded, else 0
        self._idle: list[int] = []  # worlds where no agent acts in this step
        self._by_library = False  # whether the native library applies the actions of this step
        self._acting: Kernel | None = None  # does so
        self._ending: Ending | None = None
        self.looks_back = False  # whether `kernels` observe with the previous state, too
        self.plan = Plan(scene, task)  # of what is randomized
        self.pushes = Pushes(self.agents, scene.timestep) if self.plan.push is not None else None
        self._scales = np.ones(self.commands.shape) if self.plan.scales is not None else None
        self._deviations = np.zeros(self.observation.shape)  # of noise
        self._drawn = np.tile((*np.zeros(len(self.plan.names)), *NEUTRAL), (len(self.agents), 1))
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

    def act(self, action: Any, idle: list[int], steps: np.ndarray, by_library: bool = False) -> None:
        """Take actions (world, agent, joints), clipped to -1 and 1; inactive agents, or in idle worlds, do nothing.

        Args:
            action: what is asked for.
            idle: worlds where no agent acts.
            steps: how many there have been in each world's episode (world,).
            by_library: whether the native library applies them in every world, as far as it can.

        Raises:
            InvalidInput: the shape is wrong, or a number is not finite; nothing has changed then.
        """
        self._given[...] = as_numbers(self.names[0], action, self.shape)
        check_finite(self._given, self.names, self.robot)
        if self.holds is not None:
            decides = steps[:, None] % self.holds == 0
            np.copyto(self._given, self.state.action, where=~decides[..., None])
        self._idle, self._by_library = idle, by_library and self._acting is not None
        if self._by_library:
            return
        self.counted[...] = self.active
        if idle:
            self.counted[idle] = 0.0
        self._apply_by_numpy()

    def _apply_by_numpy(self) -> None:
        """Apply actions: clip them, and command the actuators."""
        np.clip(self._given, LOW, HIGH, out=self.applied)
        self.applied *= self.counted[..., None]
        late = self.delay.arrive(self.applied, self.state) if self.robot.is_late else (self.applied,)
        self.commands[...] = self.drive.command(*late)
        if self._scales is not None:
            self.commands *= self._scales

    @property
    def trunks(self) -> np.ndarray:
        """The numbers of `TrunkState` (world, agent, n)."""
        return self.state.array[..., :TRUNK_NUMBERS]

    def advance(self) -> None:
        """Keep the state as the previous one."""
        self.previous.array[...] = self.state.array
        if self.state.action.size and not self._by_library:
            self.state.action[:] = self.applied
        if self.robot.is_late:
            self.delay.send(self.applied, self.state)
        if self.plan.noise:
            self.state.noise[..., 1] += 1.0

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
            is_computed: whether the native library has computed `kernels`, and has ended episodes if it can.
        """
        if self.memory.is_needed:
            self.memory.advance(self.previous, self.applied, self.state, dt, self._idle)
        step = (self.previous, self.applied, self.state, dt, self.counted, is_computed)
        self.rewards.compute(*step)
        if self.costs.terms:
            self.costs.compute(*step)
            if self.indicates:
                self.costs.total = np.where(self.costs.total > 0.0, 1.0, 0.0)
        is_noted = is_computed and self._ending is not None and self._ending.kernel is not None
        if not is_noted:
            self.terminated[...] = self.task.terminated(self.state)
        if decided is not None and np.count_nonzero(decided):
            self.terminated |= decided[:, None]
        elif is_noted:
            return
        if np.count_nonzero(self.terminated):
            ended = self.terminated.copy()
            ended[self._idle] = False
            self.active &= ~ended

    def prepare(self, dt: float) -> None:
        """Let the native library apply actions, compute observations, rewards, costs and ends, as far as it can."""
        self.rewards.prepare(self.previous, self.applied, self.state, dt, self.counted)
        self.costs.prepare(self.previous, self.applied, self.state, dt, self.counted)
        self.observer.prepare(self.previous, self.state, dt)
        self.looks_back = self.observer.looks_back
        self._ending = Ending(self.task, self.state)
        if not self.robot.is_late:
            self._acting = self._prepare_actions()

    def _prepare_actions(self) -> Kernel | None:
        """Return what applies actions in the native library, if it does so with the bits of numpy."""
        program, ones = Program((self.shape[0], self.shape[1])), np.ones((1, 1, 1))
        clipped = program.add(CLIP, self._given, ones)
        program.add(CODES[np.multiply], clipped, self.counted[..., None], self.applied)
        if self.state.action.size:
            program.add(CODES[np.multiply], self.applied, ones, self.state.action)
        if not self.robot.has_feedback:
            direct = self.commands if self._scales is None else None
            torques = program.add(CODES[np.multiply], self.applied, self.drive.strength, direct)
            if self._scales is not None:
                program.add(CODES[np.multiply], torques, self._scales, self.commands)
            return program.kernel()
        if self._scales is not None:
            return None
        try:
            trace_commands(program, self.drive, self.applied, self.commands)
        except CannotBeTraced:
            return None
        native = program.kernel()
        for _ in random_states(self._given, self.applied, self.state.action):
            native()
            found = self.applied.tobytes(), self.commands.tobytes()
            self._apply_by_numpy()
            if found != (self.applied.tobytes(), self.commands.tobytes()):
                return None
        native()
        return native

    def kernels(self) -> list[Kernel]:
        """Return what computes rewards, costs, observations and ends; not those of which numpy computes a part."""
        kernels = [part.kernel for part in (self.rewards, self.costs, self.observer, self._ending) if part is not None]
        return [kernel for kernel in kernels if kernel is not None]

    def party(self, is_computed: bool) -> Party:
        """Return what the native library does with its agents in a step, if it computes `kernels` or if it does not."""
        ended = None
        if is_computed and self._ending is not None and self._ending.kernel is not None:
            ended = self._ending.ended
        return Party(self.active, self.terminated, self.counted, self._acting, ended)

    def holds_still(self) -> bool:
        """Return whether what `kernels` compute with is as it was."""
        parts = (self.rewards, self.costs, self._ending)
        return all(part.holds() for part in parts if part is not None)

    def begin_world(self, world: int, rng: np.random.Generator, ranges: Randomize | None = None) -> None:
        """Note that an episode has begun in a world, with its generator, and what is randomized there."""
        self.active[world] = True
        self.state.game_reward[world] = 0.0
        self.memory.begin(self.state, world, rng)
        if self.robot.is_late:
            late = self.plan.find("delay")
            self.delay.begin(self.state, world, rng, None if late is None else self.state.conditions[world, :, late])
        if self.pushes is not None and ranges is not None and ranges.push is not None:
            self.pushes.begin(self.state, world, rng, ranges.push)
        if self.plan.noise:
            self.state.noise[world, :, 0] = np.floor(rng.random(len(self.agents)) * 2.0**53)
            self.state.noise[world, :, 1] = 0.0
        self.set_conditions(world)

    def set_conditions(self, world: int) -> None:
        """Take what an episode has drawn from the state of a world."""
        if self._scales is None and not self.plan.noise:
            return
        self._drawn[:, : -len(NEUTRAL)] = self.state.conditions[world]
        if self._scales is not None and self.plan.scales is not None:
            first, second = self.plan.scales
            np.multiply(self._drawn.take(first, axis=1), self._drawn.take(second, axis=1), out=self._scales[world])
        if self.plan.noise:
            self._deviations[world] = self._drawn.take(self.plan.noise, axis=1)

    def begin(self, worlds: list[int]) -> None:
        """Clear actions, rewards and costs at the start of an episode."""
        self.applied[worlds] = self.state.action[worlds] = 0.0
        self.rewards.clear(worlds)
        self.costs.clear(worlds)

    def observe(self, previous: State, dt: float, is_computed: bool = False) -> None:
        """Observe for all agents, unless `kernels` have done so, and add noise."""
        if self.memory.is_needed:
            self.memory.start(previous, self.applied, self.state, dt)
        if self.critic.fields:
            self.privileged = self.critic.read(previous, self.applied, self.state, dt)
        self.observation = self.observer.read(previous, self.applied, self.state, dt, is_computed)
        if self.plan.noise:
            keys, steps = self.state.noise[..., 0], self.state.noise[..., 1]
            self.observation += self._deviations * sample_noise(keys, steps, self.observation.shape[-1])
            self.observation.clip(self.observer.low, self.observer.high, out=self.observation)
