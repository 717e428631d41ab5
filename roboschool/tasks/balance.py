"""Keep a pole on end, by the rules of Roboschool v1."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Placement
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.mdp.term import Term
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds
from roboschool.sensors.joints import JointStates


@dataclass(frozen=True)
class PoleAngle(Sensor):
    """How the pole leans, and how fast."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return three numbers."""
        return (
            Field("cosine of the pole's angle"),
            Field("sine of the pole's angle"),
            Field("speed of the pole", "rad/s"),
        )

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return cosine, sine and speed (..., 3)."""
        angle = state.passive_q[..., 0]
        numbers = np.empty((*angle.shape, 3))
        np.cos(angle, out=numbers[..., 0])
        np.sin(angle, out=numbers[..., 1])
        numbers[..., 2] = state.passive_qd[..., 0]
        return numbers


@dataclass(frozen=True)
class Balance(Task):
    """Keep the pole on end; the robot is a slide with a motor, and a hinge without."""

    tilt: Annotated[float, Bounds(0.0, math.pi)] = 0.2  # of the pole, beyond which it has fallen [rad]
    swing: Annotated[float, Bounds(0.0, math.pi)] = 0.1  # the pole begins within this of the vertical [rad]
    start: ClassVar[float] = 0.0  # angle about which it begins [rad]
    poles: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Check robot and parameters.

        Raises:
            InvalidInput: the robot is no slide with a motor and hinges without, or a parameter is out of range.
        """
        super().__post_init__()
        if (len(self.robot.joints), len(self.robot.passive_joints)) != (1, self.poles):
            wanted = f"one joint with a motor and {self.poles} without"
            raise InvalidInput(f"it is for a robot of {wanted}, not for {self.robot.name!r}")

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Lean all poles at random."""
        angles = self.start + rng.uniform(-self.swing, self.swing, len(self.robot.passive_joints))
        return dataclasses.replace(placement, passive_joints=tuple(angles.tolist()))

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return position and speed of the cart, and how the pole leans."""
        return JointStates(), PoleAngle()

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return 1 for every step."""

        def alive(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.ones(state.upright.shape)

        return (Term("alive", 1.0, "1 for every step", alive),)

    def terminated(self, state: State) -> np.ndarray:
        """Return whether each pole has fallen."""
        return np.abs(state.passive_q[..., 0]) > self.tilt

    @property
    def termination(self) -> str:
        """How far the pole may lean."""
        return f"the pole leans by more than {self.tilt:g} rad"
