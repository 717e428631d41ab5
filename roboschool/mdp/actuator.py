"""The contract of an actuator: it turns actions into commands, which physics evaluates at every substep."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeAlias

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.plugins import builtin_classes, find_class, make
from roboschool.robots.motors import Motors
from roboschool.robots.robot import Robot

Numbers: TypeAlias = float | np.ndarray


@dataclass(frozen=True)
class Command:
    """What motors do during a timestep.

    At every substep the torque of a joint at position q and speed qd is computed, and held until the next:

        torque + kp (position - q) + kd (velocity - qd)

    It is clipped to -effort and effort, and to what the motor can give at its speed: at most stall - droop qd forward,
    and stall + droop qd backward, but never below 0. Without a droop the speed does not matter.

    Each field is a number or an array that broadcasts to the shape of the action (world, agent, joint).
    """

    torque: Numbers = 0.0  # feed-forward [N m]
    position: Numbers = 0.0  # target [rad]
    kp: Numbers = 0.0  # [N m/rad]
    velocity: Numbers = 0.0  # target [rad/s]
    kd: Numbers = 0.0  # [N m s/rad]
    effort: Numbers | None = None  # [N m]; None: that of the motors
    stall: Numbers | None = None  # torque at standstill [N m]; None: the effort of the motors
    droop: Numbers = 0.0  # what speed takes of it, stall over the speed at no load [N m s/rad]


QUANTITIES = tuple(field.name for field in fields(Command))  # the order in which physics reads a command


@dataclass(frozen=True)
class Actuator(ABC):
    """A kind of motor: frozen parameters and a pure function of arrays. A card names it and its parameters.

    Joints of a robot whose actuators have the same kind and parameters are commanded together.
    """

    @abstractmethod
    def command(self, action: np.ndarray, motors: Motors) -> Command:
        """Return what the motors do.

        Args:
            action: within -1 and 1 (world, agent, joint).
            motors: the joints, in the same order; their arrays broadcast to the action's shape.

        Raises:
            InvalidInput: the URDF of a joint lacks a number.
        """


class Drive:
    """All actuators of a robot.

    Raises:
        InvalidInput: a kind is unknown, or its parameters or what it returns are wrong; the message names card and key.
    """

    def __init__(self, robot: Robot) -> None:
        self.robot = robot
        self.strength = robot.motors.effort
        self.parts: list[tuple[Actuator, Motors, list[int]]] = []
        if robot.has_feedback:
            self.parts = _make_parts(robot)
            self.command(np.zeros((*robot.motors.effort.shape[:2], len(robot.joints))))

    def command(self, action: np.ndarray, older: np.ndarray | None = None, switch: Numbers = 0.0) -> np.ndarray:
        """Return the commands for actions.

        Args:
            action: within -1 and 1 (world, agent, joint).
            older: of a robot whose actuators are late, the action that still holds at the first substeps.
            switch: of each joint, the number of these substeps (world, agent, joint).

        Returns:
            Torques [N m] (world, agent, joint) of a robot that has only torque actuators, none of them late. Otherwise,
            one after the other, all joints' numbers of each field of `Command` (world, agent, 8 * joint). If actuators
            are late, the same for the older action follows, and the switch (world, agent, 17 * joint).

        Raises:
            InvalidInput: an actuator returns numbers that are not finite, or do not broadcast.
        """
        if not self.parts:
            torques: np.ndarray = action * self.strength
            return torques
        command = self._evaluate(action)
        if not self.robot.is_late:
            return command
        before = command if older is None else self._evaluate(older)
        return np.concatenate([command, before, np.broadcast_to(switch, action.shape)], axis=-1)

    def _evaluate(self, action: np.ndarray) -> np.ndarray:
        """Return all joints' numbers of each field of `Command` (world, agent, n)."""
        worlds, agents, joints = action.shape
        commands = np.empty((worlds, agents, len(QUANTITIES), joints))
        for actuator, motors, columns in self.parts:
            try:
                command = actuator.command(action[..., columns], motors)
            except InvalidInput as error:
                raise InvalidInput(f"{_where(self.robot, columns)}: {error}") from None
            if not isinstance(command, Command):
                raise InvalidInput(f"{_where(self.robot, columns)}: command() returns {command!r:.80}, not a Command")
            for row, name in enumerate(QUANTITIES):
                value = getattr(command, name)
                try:
                    commands[:, :, row, columns] = motors.effort if value is None else value
                except ValueError:
                    text = f"command() returns {name} of shape {np.shape(value)}, not {action[..., columns].shape}"
                    raise InvalidInput(f"{_where(self.robot, columns)}: {text}") from None
        if not np.isfinite(commands).all():
            _, _, row, column = np.argwhere(~np.isfinite(commands))[0]
            text = f"command() returns {QUANTITIES[row]} that is not finite"
            raise InvalidInput(f"{_where(self.robot, [column])}: {text}")
        return commands.reshape(worlds, agents, -1)

    def torques(self, action: np.ndarray, q: np.ndarray, qd: np.ndarray) -> np.ndarray:
        """Return the torques for actions at positions and speeds [N m] (world, agent, joint); see `Command`."""
        if not self.parts:
            return self.command(action)
        numbers = np.split(self._evaluate(action), len(QUANTITIES), axis=-1)
        torque, position, kp, velocity, kd, effort, stall, droop = numbers
        wanted = torque + kp * (position - q) + kd * (velocity - qd)
        least = np.maximum(-effort, np.minimum(0.0, -stall - droop * qd))
        most = np.minimum(effort, np.maximum(0.0, stall - droop * qd))
        torques: np.ndarray = np.minimum(np.maximum(wanted, least), most)
        return torques


def torque_at(numbers: Sequence[float], q: float, qd: float) -> float:
    """Return the torque of one joint [N m] at a position and a speed, from its numbers in the order of `QUANTITIES`."""
    torque, position, kp, velocity, kd, effort, stall, droop = numbers
    most = min(effort, max(0.0, stall - droop * qd))
    least = max(-effort, min(0.0, -stall - droop * qd))
    return min(max(torque + kp * (position - q) + kd * (velocity - qd), least), most)


def _make_parts(robot: Robot) -> list[tuple[Actuator, Motors, list[int]]]:
    """Return the actuators of a robot, each with the joints that it drives and their numbers in the action."""
    card = Path(robot.model.path).parent
    own = builtin_classes("actuators")
    together: dict[Actuator, list[int]] = {}
    for number, spec in enumerate(robot.actuators):
        where = _where(robot, [number])
        cls = find_class(f"{where}: ", "actuator", spec.kind, own, Actuator, card)  # type: ignore[type-abstract]
        actuator = make(where, "actuator", {"name": spec.kind, **dict(spec.parameters)}, cls)
        together.setdefault(actuator, []).append(number)
    return [(actuator, robot.motors.take(columns), columns) for actuator, columns in together.items()]


def _where(robot: Robot, columns: Sequence[int]) -> str:
    """Return the file and the key of a joint's actuator."""
    card = Path(robot.model.path).with_name(f"{robot.name}.toml")
    return f"{card}: actuators.{robot.joints[columns[0]].name}"
