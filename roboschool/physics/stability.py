"""The gains up to which actuators are stable, though their torque is held during a substep.

Bullet computes new speeds from the torques, then new positions from the new speeds (semi-implicit Euler). With the
torque -kp q - kd v, held during a substep of dt, joints with the mass matrix M [kg m2] move by

    M (v' - v) = -dt (kp q + kd v)        q' = q + dt v'

A mode in which M, kp and kd amount to the numbers m, k and d changes each substep by a factor z with

    m (z - 1)^2 + dt^2 k z + dt d (z - 1) = 0

By Jury's criterion both roots are within the unit circle if, and only if, dt^2 k + 2 dt d < 4 m. For all modes: the
largest eigenvalue of M^-1 (dt^2 kp + 2 dt kd) is below 4. For one joint alone m is its effective inertia, 1 over its
number on the diagonal of M^-1: the torque per acceleration while the trunk and all other joints are free. The damping
that a URDF gives a joint counts as kd, for Bullet applies it in the same way.
"""

from collections.abc import Sequence

import numpy as np

from roboschool.mdp.actuator import QUANTITIES, Drive
from roboschool.physics.bodies import RobotBody
from roboschool.physics.output import redirect_native_output
from roboschool.physics.worlds import World

with redirect_native_output():
    import pybullet as bullet

LIMIT = 4.0


def check_gains(world: World) -> tuple[list[str], list[str]]:
    """Return which robots of a world have gains above the limit of stability in their rest pose, and the limits."""
    problems, limits = dict[str, None](), dict[str, None]()
    for body in world.bodies:
        if body.robot.has_feedback:
            above, stated = _check_robot(body, world.scene.timestep / world.calls)
            problems |= dict.fromkeys(above)
            limits |= dict.fromkeys(stated)
    return list(problems), list(limits)


def _check_robot(body: RobotBody, dt: float) -> tuple[list[str], list[str]]:
    """Return a robot's problems and limits at a substep of dt [s]."""
    kp, kd = find_gains(body)
    damping = np.array([bullet.getJointInfo(body.id, joint, body.client)[6] for joint in body.driven])
    inverse = invert_inertia(body)
    stiffness = dt**2 * kp + 2.0 * dt * (kd + damping)
    loads, modes = np.linalg.eig(inverse * stiffness)
    worst = int(np.argmax(loads.real))
    share = float(loads.real[worst]) / LIMIT
    at = f"in the rest pose, at substeps of {1000.0 * dt:.4g} ms"
    limits = [
        f"actuators.{joint.name}: alone it is stable if {dt**2:.3g} kp + {2.0 * dt:.3g} kd is below {LIMIT / own:.3g}, "
        f"4 times its effective inertia of {1.0 / own:.3g} {'kg' if joint.kind == 'prismatic' else 'kg m2'}; "
        f"it is {load:.3g}"
        for joint, own, load in zip(body.robot.joints, np.diag(inverse), stiffness, strict=True)
        if load > 0.0
    ]
    limits.append(f"actuators: together the gains are {100.0 * share:.2g} % of the limit of stability {at}")
    if share < 1.0:
        return [], limits
    joint = body.robot.joints[int(np.argmax(np.abs(modes[:, worst])))]
    fault = f"the gains are {share:.3g} times the limit of stability {at}; lower kp or kd, or raise substeps"
    return [f"actuators.{joint.name}: {fault}"], limits


def find_gains(body: RobotBody) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest kp [N m/rad] and kd [N m s/rad] of each motor, at actions -1, 0 and 1; droop counts as kd."""
    robot = body.robot
    actions = np.broadcast_to(np.array([-1.0, 0.0, 1.0])[:, None, None], (3, 1, len(robot.joints)))
    numbers = len(QUANTITIES) * len(robot.joints)  # if actuators are late, others follow
    commands = Drive(robot).command(actions)[..., :numbers].reshape(3, len(QUANTITIES), -1).max(axis=0)
    kp, kd, droop = (commands[QUANTITIES.index(name)] for name in ("kp", "kd", "droop"))
    return kp, np.maximum(kd, droop)


def invert_inertia(body: RobotBody) -> np.ndarray:
    """Return how much each motor accelerates each joint in the rest pose, (joint, joint) [1/(kg m2)]."""
    inertia, driven = _mass_matrix(body)
    inverse: np.ndarray = np.linalg.inv(inertia)[np.ix_(driven, driven)]
    return inverse


def measure_inertia(body: RobotBody) -> np.ndarray:
    """Return the inertia that each motor turns in the rest pose, all else held (joint,) [kg m2]."""
    inertia, driven = _mass_matrix(body)
    return inertia[driven, driven]


def _mass_matrix(body: RobotBody) -> tuple[np.ndarray, list[int]]:
    """Return the mass matrix in the rest pose, and the rows of the motors."""
    numbers = sorted(body.joints)  # the order in which Bullet wants positions
    inertia = np.array(bullet.calculateMassMatrix(body.id, _rest(body, numbers), physicsClientId=body.client))
    base = len(inertia) - len(numbers)  # 6 rows of a free base come first
    return inertia, [base + numbers.index(joint) for joint in body.driven]


def _rest(body: RobotBody, numbers: Sequence[int]) -> list[float]:
    rest = dict(zip(body.joints, [*[0.0] * body.track, *body.passive_start, *body.robot.pose], strict=True))
    return [rest[number] for number in numbers]
