"""Actions that reach the actuators of a robot late."""

import math

import numpy as np

from roboschool.distributions import Number, draw
from roboschool.mdp.state import State
from roboschool.robots.card import ActuatorSpec
from roboschool.robots.robot import Robot


class Delay:
    """How late actions reach the actuators of a robot, in substeps.

    What is drawn, and the actions on their way, are quantities of the `State`: `delay` and `past_actions`.

    Args:
        robot: whose card says how late; a range is drawn once an episode, for all joints that have it.
        timestep: of the scene [s].
        substeps: in a timestep.
    """

    def __init__(self, robot: Robot, timestep: float, substeps: int) -> None:
        self._substeps, self._substep = substeps, 1000.0 * timestep / substeps  # [ms]
        self._ranges = [_range(spec, timestep / substeps, substeps) for spec in robot.actuators]
        latest = max(end for number in self._ranges for end in (number if isinstance(number, tuple) else (number,)))
        self.steps = math.ceil(round(latest) / substeps)  # how many past actions are remembered

    def begin(self, state: State, world: int, rng: np.random.Generator, late: np.ndarray | None = None) -> None:
        """Draw the delays of an episode of a world, whose actuators have done nothing yet.

        Args:
            state: where to write them.
            world: which.
            rng: its generator.
            late: what the scene has drawn instead (agent,) [ms]; None: nothing.
        """
        state.past_actions[world] = 0.0
        if late is not None:
            state.delay[world] = np.round(late / self._substep)[:, None]
            return
        for agent in range(state.delay.shape[1]):
            drawn = {number: round(draw(number, rng)) for number in dict.fromkeys(self._ranges)}
            state.delay[world, agent] = [drawn[number] for number in self._ranges]

    def arrive(self, action: np.ndarray, state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what reaches the actuators during a step in which an action is sent (world, agent, joint).

        Returns:
            The action that has arrived at the end of the step, that which holds at its first substeps, and how many.
        """
        sent = np.concatenate([action[..., None, :], state.past_actions], axis=-2)  # the latest first
        age, switch = np.divmod(state.delay, self._substeps)
        rows = age.astype(int)[..., None, :]
        newer = np.take_along_axis(sent, rows, axis=-2)[..., 0, :]
        older = np.take_along_axis(sent, np.minimum(rows + 1, self.steps), axis=-2)[..., 0, :]
        return newer, older, switch

    def send(self, action: np.ndarray, state: State) -> None:
        """Write to a state what is on its way after an action (world, agent, joint)."""
        state.past_actions[..., 1:, :] = state.past_actions[..., :-1, :].copy()
        state.past_actions[..., 0, :] = action


def _range(spec: ActuatorSpec, substep: float, substeps: int) -> Number:
    """Return the delay of an actuator in substeps."""
    late, unit = (spec.delay, 0.001 / substep) if spec.delay else (spec.delay_steps, float(substeps))
    return (late[0] * unit, late[1] * unit) if isinstance(late, tuple) else late * unit
