"""How well a policy tracks velocities: python examples/track_velocity.py dog_velocity [POLICY [COMMANDS]]

Each episode has one command, drawn anew: forward and to the left within 0.8 m/s, yaw rate within 0.8 rad/s. It begins
at rest and lasts ten seconds. Its errors are means over all its steps: the distance between the velocity along the
ground and the commanded one, and that of the yaw rates. An episode with a fall counts as if the robot had stood still,
as that of the first row does. POLICY is that of the scene unless a file is given.
"""

import sys
from collections.abc import Callable

import numpy as np

import roboschool
from roboschool.evaluation import FIRST_SEED

STEPS = 600
MOST = 0.8  # [m/s, rad/s]
FOR_GOOD = 1e9


def errors(env: roboschool.AgentEnv, act: Callable[[np.ndarray], np.ndarray], seed: int) -> tuple[float, float, bool]:
    """Return the mean errors of an episode, along the ground [m/s] and of the yaw rate [rad/s], and whether it fell."""
    forward, left, turn = command = np.random.default_rng(seed).uniform(-MOST, MOST, 3)
    env.reset(seed=seed)
    env.simulation.set_memory(0, command=command, timer=FOR_GOOD)
    group = env.simulation.groups[0]
    observation, found = group.observation[0, 0], []
    for _ in range(STEPS):
        observation, _, fallen, _, _ = env.step(act(observation))
        if fallen:
            return float(np.hypot(forward, left)), abs(float(turn)), True
        vx, vy, _ = group.state.velocity[0, 0]
        found.append((np.hypot(vx - forward, vy - left), abs(group.state.angular_velocity[0, 0, 2] - turn)))
    planar, yaw = np.mean(found, axis=0).tolist()
    return planar, yaw, False


def row(name: str, env: roboschool.AgentEnv, act: Callable[[np.ndarray], np.ndarray], commands: int) -> None:
    planar, yaw, falls = np.array([errors(env, act, FIRST_SEED + number) for number in range(commands)]).T
    worst = f"{np.quantile(planar, 0.95):.2f}, {np.quantile(yaw, 0.95):.2f}"
    print(f"| {name} | {planar.mean():.3f} | {yaw.mean():.3f} | {worst} | {100 * falls.mean():.0f} % |")


def main(scene: str, written: str = "", commands: str = "100") -> None:
    env = roboschool.AgentEnv(scene)
    policy = roboschool.load_policy(written or scene)
    print("| policy | planar error [m/s] | yaw error [rad/s] | their 95 % quantiles | falls |\n|---|---|---|---|---|")
    row("stands still", env, lambda _: np.zeros(env.action_space.shape), int(commands))
    row("trained", env, policy.act, int(commands))
    env.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
