"""Reads all sensors of a task at once."""

from collections.abc import Sequence

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.physics.native.observation import Observation
from roboschool.physics.native.program import Kernel
from roboschool.robots.robot import Robot


class Observer:
    """The sensors of a task, as one function of the state.

    Numbers that are picked from the state are fused: one gather, one subtract and one multiply for all of them.

    Args:
        task: the task of the sensors.
        scene: where its agents are.
        state: a state such as will be observed.
        robots: of each world, if they are not all that of the task.
    """

    def __init__(self, task: Task, scene: SceneInfo, state: State, robots: Sequence[Robot] = ()) -> None:
        places = state.of(np.arange(state.array.shape[-1]))  # each number's own place in the array
        self.fields: list[Field] = []
        self._runs: list[tuple[slice, slice]] = []  # of picked numbers, and where they go in the observation
        self._readers = []
        columns: list[int] = []
        picks = []
        for sensor in task.sensors(scene):
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
        picks_of = {robot: _picks(task, scene, robot) for robot in {*robots} - {task.robot}}
        rows = [picks_of[robot] for robot in robots] if picks_of else [picks]
        self._offset = np.array([[pick.offset for pick in row] for row in rows])[:, None]  # all axes of a state
        self._scale = np.array([[pick.scale for pick in row] for row in rows])[:, None]
        self._numbers = np.zeros((*state.array.shape[:-1], len(self.fields)))
        self._native: dict[int, Observation] = {}  # by the id of the state
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

    def prepare(self, state: State) -> None:
        """Let the native library observe a state, which keeps its array, but for what sensors read themselves."""
        width = len(self.fields)
        columns, places = np.full(width, -1), np.zeros((2, len(self._offset), width))
        for taken, target in self._runs:
            columns[target] = self._columns[taken]
            places[:, :, target] = self._offset[:, 0, taken], self._scale[:, 0, taken]
        self._native[id(state)] = Observation(state.array, columns, self._numbers, *places, *self._bounds())

    def _bounds(self) -> list[np.ndarray]:
        return [np.broadcast_to(bound, (len(self.fields),)) for bound in (self._low, self._high)]

    def kernel(self, state: State) -> Kernel | None:
        """Return what observes a state, if it is prepared and no sensor is left to numpy."""
        native = self._native.get(id(state))
        return None if native is None or self._readers else native.kernel

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
        if native := self._native.get(id(state)):
            for target, sensor in self._readers:
                self._numbers[..., target] = sensor.read(previous, action, state, dt)
            if self._readers or not is_computed:
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


def _picks(task: Task, scene: SceneInfo, robot: Robot) -> list[Pick]:
    """Return what is picked from the state of a robot, in the order of the observation."""
    picks = []
    for sensor in task.sensors(scene):
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
