"""Reads all sensors of a task at once."""

from collections.abc import Sequence

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task, privileged_of, sensors_of
from roboschool.physics.native.library import Reading
from roboschool.physics.native.observation import Observation
from roboschool.physics.native.program import Kernel
from roboschool.robots.robot import Robot
from roboschool.simulation.sensing import reading_of
from roboschool.simulation.sensor_memory import bind
from roboschool.simulation.trace import random_states


class Observer:
    """The sensors of a task, as one function of the state.

    Numbers that are picked from the state are fused: one gather, one subtract and one multiply for all of them.

    Args:
        task: the task of the sensors.
        scene: where its agents are.
        state: a state such as will be observed.
        robots: of each world, if they are not all that of the task.
        privileged: whether its privileged sensors are read, and no others.
    """

    def __init__(
        self, task: Task, scene: SceneInfo, state: State, robots: Sequence[Robot] = (), privileged: bool = False
    ) -> None:
        self._places = places = state.of(np.arange(state.array.shape[-1]))  # each number's own place in the array
        self.fields: list[Field] = []
        self._runs: list[tuple[slice, slice]] = []  # of picked numbers, and where they go in the observation
        self._readers: list[tuple[slice, Sensor]] = []
        columns: list[int] = []
        picks = []
        for sensor in bind(task, scene, privileged):
            fields, start = list(sensor.fields(task.robot, scene)), len(self.fields)
            self.fields += fields
            target = slice(start, len(self.fields))
            own = [field.pick for field in fields if field.pick is not None]
            if len(own) < len(fields):
                self._readers.append((target, sensor))
                continue
            picks += own
            where = f"task {type(task).__name__}: sensor {type(sensor).__name__}: pick"
            columns += [_column(places, pick, where) for pick in own]
            taken = slice(len(columns) - len(own), len(columns))
            if self._runs and self._runs[-1][1].stop == start:
                taken, target = (
                    slice(self._runs[-1][0].start, taken.stop),
                    slice(self._runs.pop()[1].start, target.stop),
                )
            self._runs.append((taken, target))
        limit = task.observation_limit
        self.low = np.array([max(-limit, field.low) for field in self.fields])
        self.high = np.array([min(limit, field.high) for field in self.fields])
        uniform = len({*self.low.tolist()}) <= 1 and len({*self.high.tolist()}) <= 1
        self._low, self._high = (np.array(-limit), np.array(limit)) if uniform else (self.low, self.high)
        self._columns = np.array(columns, dtype=np.intp)
        chosen = privileged_of(task, scene) if privileged else sensors_of(task, scene)
        picks_of = {robot: _picks(chosen, scene, robot) for robot in {*robots} - {task.robot}}
        rows = [picks_of[robot] for robot in robots] if picks_of else [picks]
        self._offset = np.array([[pick.offset for pick in row] for row in rows])[:, None]  # all axes of a state
        self._scale = np.array([[pick.scale for pick in row] for row in rows])[:, None]
        self._numbers = np.zeros((*state.array.shape[:-1], len(self.fields)))
        self._native: Observation | None = None
        self._prepared: State | None = None  # which it observes
        self._sensed: dict[int, Reading] = {}  # what the native library can read, by where it is in the observation
        self._left = self._readers  # what it cannot
        self._check(task, state)

    def _check(self, task: Task, state: State) -> None:
        """Check the shapes of what sensors return, once.

        Raises:
            InvalidInput: one is wrong; the message names the sensor.
        """
        lead = state.array.shape[:-1]
        for target, sensor in self._readers:
            with np.errstate(all="ignore"):  # a blank state may divide by zero
                numbers = sensor.read(state, np.zeros((*lead, len(task.robot.joints))), state, 1.0)
            wanted = (*lead, target.stop - target.start)
            if np.shape(numbers) != wanted:
                where = f"task {type(task).__name__}: sensor {type(sensor).__name__}"
                raise InvalidInput(f"{where}: read() returns shape {np.shape(numbers)}, and has fields for {wanted}")

    def prepare(self, previous: State, state: State, dt: float) -> None:
        """Let the native library observe a state that follows another, but for what sensors must read themselves.

        Args:
            previous: the state before; it keeps its array.
            state: the state; it, too.
            dt: the time between the two [s].
        """
        self._left = [each for each in self._readers if not self._is_repeated(each, previous, state, dt)]
        chosen = [self._sensed[target.start] for target, _ in self._readers if (target, _) not in self._left]
        self._native, self._prepared = self._observation(previous, state, dt, chosen), state

    def _is_repeated(self, reader: tuple[slice, Sensor], previous: State, state: State, dt: float) -> bool:
        """Return whether the library reads a sensor with the bits of numpy, in states of random numbers; note how."""
        target, sensor = reader
        reading = reading_of(sensor, self._places, target.start)
        if reading is None:
            return False
        self._sensed[target.start] = reading
        rng, observation = np.random.default_rng(0), self._observation(previous, state, dt, [reading])
        try:
            for _ in random_states(previous.array, state.array):
                for record in (previous, state):  # what is remembered may be a choice: a whole number
                    record.memory.array[:] = rng.integers(2, size=record.memory.array.shape)
                observation.kernel()
                numbers = sensor.read(previous, np.zeros(0), state, dt)
                if self._numbers[..., target].tobytes() != np.asarray(numbers, float).tobytes():
                    return False
        except IndexError:  # a choice among things of which there are not so many
            return False
        return True

    def _observation(self, previous: State, state: State, dt: float, readings: list[Reading]) -> Observation:
        width = len(self.fields)
        columns, places = np.full(width, -1), np.zeros((2, len(self._offset), width))
        for taken, target in self._runs:
            columns[target] = self._columns[taken]
            places[:, :, target] = self._offset[:, 0, taken], self._scale[:, 0, taken]
        arrays = columns, self._numbers, *places, *self._bounds()
        return Observation(previous.array, state.array, dt, readings, *arrays)

    def _bounds(self) -> list[np.ndarray]:
        return [np.broadcast_to(bound, (len(self.fields),)) for bound in (self._low, self._high)]

    @property
    def kernel(self) -> Kernel | None:
        """What observes the prepared state, if there is one and no sensor is left to numpy."""
        return None if self._native is None or self._left else self._native.kernel

    @property
    def looks_back(self) -> bool:
        """Whether the native library reads the previous state, too."""
        return len(self._left) < len(self._readers)

    def read(
        self, previous: State, action: np.ndarray, state: State, dt: float, is_computed: bool = False
    ) -> np.ndarray:
        """Return observations (world, agent, n), float32, clipped to the bounds of their space.

        Args:
            previous: the state before.
            action: what was applied (world, agent, joints).
            state: the state to be observed.
            dt: the time between the two [s].
            is_computed: whether the kernel of the state, if there is one, has been computed.
        """
        native = self._native
        if native is not None and state is self._prepared:
            for target, sensor in self._left:
                self._numbers[..., target] = sensor.read(previous, action, state, dt)
            if self._left or not is_computed:
                native.kernel()
            return native.result.copy()
        picked = state.array.take(self._columns, axis=-1)
        picked -= self._offset
        picked *= self._scale
        numbers = picked
        if self._readers:
            numbers = self._numbers
            for taken, target in self._runs:
                numbers[..., target] = picked[..., taken]
            for target, sensor in self._readers:
                numbers[..., target] = sensor.read(previous, action, state, dt)
        numbers.clip(self._low, self._high, out=numbers)
        return numbers.astype(np.float32)


def _picks(sensors: Sequence[Sensor], scene: SceneInfo, robot: Robot) -> list[Pick]:
    """Return what is picked from the state of a robot, in the order of the observation."""
    picks = []
    for sensor in sensors:
        own = [field.pick for field in sensor.fields(robot, scene)]
        if None not in own:
            picks += [pick for pick in own if pick is not None]
    return picks


def _column(places: State, pick: Pick, where: str) -> int:
    """Return where in the array of a state a picked number is.

    Raises:
        InvalidInput: it is nowhere; the message begins with `where`.
    """
    check_choice(pick.quantity, State.quantities, "quantity", where)
    try:
        return int(getattr(places, pick.quantity)[pick.index])
    except (IndexError, TypeError):
        raise InvalidInput(f"{where}: {pick.quantity} has no number at {pick.index}") from None
