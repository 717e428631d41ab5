"""Track a commanded velocity, as robot labs train legged robots."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.distributions import Number, check_order, draw
from roboschool.mdp.actuator import Drive
from roboschool.mdp.effects import Marker, Placement
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task, Update
from roboschool.mdp.term import Term
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds
from roboschool.sensors.base_motion import BaseMotion, JointOffsets
from roboschool.sensors.previous_action import PreviousAction

Speed = Annotated[Number, Bounds(-10.0, 10.0)]  # [m/s, rad/s]
Square = Annotated[float, Bounds(0.0, 100.0, above=True)]
MOVES = 0.1  # commands below this are to stand still [m/s, rad/s]
GREEN = (90, 200, 120)


class VelocityMemory(Record):
    """What is remembered of a command and of the feet."""

    command: np.ndarray = quantity(3, doc="speed forward and to the left [m/s], yaw rate [rad/s]")
    timer: np.ndarray = quantity(unit="steps", doc="until the next command")
    air_steps: np.ndarray = quantity("feet", unit="steps", doc="for which each foot has been in the air")


@dataclass(frozen=True)
class Command(Sensor):
    """The commanded velocity."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return three numbers."""
        names = (("speed forward", "m/s"), ("speed to the left", "m/s"), ("yaw rate", "rad/s"))
        return [Field(f"commanded {name}", unit) for name, unit in names]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return the command (..., 3)."""
        command: np.ndarray = state.memory.command
        return command


@dataclass(frozen=True)
class Velocity(Task):
    """Track a commanded velocity along the ground, and a yaw rate, without falling; commands change in an episode."""

    memory: ClassVar[type[Record]] = VelocityMemory
    needs: ClassVar[Needs] = Needs(action=True)
    forward: Speed = (-0.8, 0.8)  # commanded speed [m/s]: one, or a range that commands are drawn from
    left: Speed = (-0.8, 0.8)  # [m/s]
    turn: Speed = (-0.8, 0.8)  # yaw rate, positive to the left [rad/s]
    standing: Annotated[float, Bounds(0.0, 1.0)] = 0.05  # share of the commands that are to stand still
    command_steps: Annotated[int, Bounds(1, 10**9)] = 300  # until the next command
    planar_width: Square = 0.25  # squared error that divides the reward for the velocity by e [m2/s2]
    yaw_width: Square = 0.25  # and that for the yaw rate [rad2/s2]
    step_time: Annotated[float, Bounds(0.0, 10.0)] = 0.25  # for which a foot should be in the air [s]

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range.
        """
        super().__post_init__()
        for name in ("forward", "left", "turn"):
            check_order(name, getattr(self, name))

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Draw the first command."""
        memory.array[:] = 0.0
        memory.command[:], memory.timer[...] = self._draw(rng), self.command_steps
        return placement

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        """Count how long feet are in the air, and draw the next command where the time of the last is up."""
        memory = state.memory.copy()
        memory.timer -= 1.0
        memory.air_steps[:] = np.where(state.foot_contacts > 0.0, 0.0, memory.air_steps + 1.0)
        due = (memory.timer <= 0.0) & active
        for world, agent in np.argwhere(due) if np.count_nonzero(due) else ():
            memory.command[world, agent] = self._draw(rngs[world])
            memory.timer[world, agent] = self.command_steps
        return Update(memory)

    def _draw(self, rng: np.random.Generator) -> tuple[float, float, float]:
        command = draw(self.forward, rng), draw(self.left, rng), draw(self.turn, rng)
        return (0.0, 0.0, 0.0) if rng.random() < self.standing else command

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return motion of the trunk, command, joints, last action."""
        return BaseMotion(), Command(), JointOffsets(), PreviousAction()

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the terms; for a command they judge the step that followed it."""
        drive, effort = Drive(self.robot), self.robot.motors.effort
        joints = np.ones(len(self.robot.joints))

        def planar(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.exp(-_planar_error(previous, state) / self.planar_width)

        def yaw(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.exp(-np.square(_yaw_error(previous, state)) / self.yaw_width)

        def vertical(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.square(state.velocity[..., 2])

        def sway(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.square(state.angular_velocity[..., :2]).sum(axis=-1)

        def orientation(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return 1.0 - np.square(np.cos(state.roll_pitch)).prod(axis=-1)

        def torque(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.square(drive.torques(action, state.q, state.qd) / effort).dot(joints)

        def acceleration(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.square((state.qd - previous.qd) / dt).dot(joints)

        def action_rate(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.square(action - previous.action).dot(joints)

        def air_time(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            steps, command = previous.memory.air_steps, previous.memory.command
            landed = (steps > 0.0) & (state.foot_contacts > 0.0)
            moves = np.abs(command).max(axis=-1) > MOVES
            return moves * ((steps * dt - self.step_time) * landed).sum(axis=-1)

        def contact(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.body_contact

        return (
            Term("planar", 1.5, f"exp(-squared error of the velocity / {self.planar_width:g} m2/s2)", planar),
            Term("yaw", 0.75, f"exp(-squared error of the yaw rate / {self.yaw_width:g} rad2/s2)", yaw),
            Term("vertical", -0.5, "square of the vertical velocity", vertical, "m2/s2"),
            Term("sway", -0.01, "squares of the roll and pitch rates, summed", sway, "rad2/s2"),
            Term("orientation", -0.5, "squared sine of the tilt of the trunk", orientation),
            Term("torque", -0.02, "squares of torques as shares of the effort, summed", torque),
            Term("acceleration", -2e-8, "squares of the joints' accelerations, summed", acceleration, "rad2/s4"),
            Term("action_rate", -0.005, "squares of the changes of the action, summed", action_rate),
            Term("air_time", 0.1, f"time in the air less {self.step_time:g} s, of feet that land", air_time, "s"),
            Term("contact", -1.0, "1 while anything but the feet presses on the ground", contact),
        )

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show where the command leads within a second: a ball on the ground."""
        left, forward = state.world_x_direction[world, agent].tolist()
        along, aside, _ = state.memory.command[world, agent].tolist()
        x, y, _ = state.position[world, agent].tolist()
        return (Marker((x + forward * along + left * aside, y + forward * aside - left * along, 0.03), 0.04, GREEN),)


def _planar_error(previous: State, state: State) -> np.ndarray:
    """Return the squared error of the velocity along the ground [m2/s2] (...)."""
    error: np.ndarray = np.square(state.velocity[..., :2] - previous.memory.command[..., :2]).sum(axis=-1)
    return error


def _yaw_error(previous: State, state: State) -> np.ndarray:
    """Return the error of the yaw rate [rad/s] (...)."""
    error: np.ndarray = state.angular_velocity[..., 2] - previous.memory.command[..., 2]
    return error
