"""A policy that runs without Roboschool: python examples/deploy.py [POLICY [URDF]]

Bare PyBullet steps the cart and its pole, and numpy runs the network: what follows is all that another program needs to
know. `roboschool export POLICY --onnx FILE --scene SCENE` writes the same as an ONNX model with a JSON file that tells
fields, actuators and rates. The cart swings its pole up from where it hangs and keeps it there.
"""

import math
import sys
from pathlib import Path

import numpy as np
import pybullet
from safetensors.numpy import load_file

ASSETS = Path(__file__).parents[1] / "assets" / "inverted_pendulum"
TIMESTEP = 0.0165  # between two actions [s]
FORCE = 100.0  # at action 1 [N]
LIMIT = 10.0  # to which normalised observations are clipped
STEPS = 600


def act(network: dict[str, np.ndarray], observation: np.ndarray) -> np.ndarray:
    """Return an action (1,) for an observation (5,): tanh layers on normalised numbers, clipped to -1 and 1."""
    x = ((observation - network["mean"]) * network["scale"]).clip(-LIMIT, LIMIT)
    layers = sum(name.endswith(".weight") for name in network)
    for number in range(layers):
        x = x @ network[f"layers.{number}.weight"].T + network[f"layers.{number}.bias"]
        x = np.tanh(x) if number < layers - 1 else x
    return np.asarray(x.clip(-1.0, 1.0))


def run(policy: Path, urdf: Path, angle: float, steps: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what is observed and done in each step, if the pole begins at an angle [rad]; 0 is on end."""
    network, client = load_file(policy), pybullet.connect(pybullet.DIRECT)
    pybullet.setGravity(0.0, 0.0, -9.8, physicsClientId=client)
    pybullet.setTimeStep(TIMESTEP, physicsClientId=client)
    flags = pybullet.URDF_USE_INERTIA_FROM_FILE
    cart = pybullet.loadURDF(str(urdf), useFixedBase=True, flags=flags, physicsClientId=client)
    slider, hinge = range(2)
    for joint in (slider, hinge):  # every joint has a brake at first
        pybullet.setJointMotorControl2(cart, joint, pybullet.VELOCITY_CONTROL, force=0.0, physicsClientId=client)
    pybullet.resetJointState(cart, hinge, angle, physicsClientId=client)
    done = []
    for _ in range(steps):
        (x, speed), (turn, rate) = (
            pybullet.getJointState(cart, j, physicsClientId=client)[:2] for j in (slider, hinge)
        )
        observation = np.array([x, speed, math.cos(turn), math.sin(turn), rate], np.float32)
        action = act(network, observation)
        force = FORCE * float(action[0])
        pybullet.setJointMotorControl2(cart, slider, pybullet.TORQUE_CONTROL, force=force, physicsClientId=client)
        pybullet.stepSimulation(physicsClientId=client)
        done.append((observation, action))
    pybullet.disconnect(client)
    return done


def main() -> None:
    """Run an episode and print where the pole is."""
    given = [*map(Path, sys.argv[1:])]
    standard = [ASSETS / "policies" / "inverted_pendulum_swingup.safetensors", ASSETS / "inverted_pendulum.urdf"]
    policy, urdf = [*given, *standard[len(given) :]]
    for step, (observation, action) in enumerate(run(policy, urdf, math.pi, STEPS)):
        if step % 60 == 0:
            print(f"{step * TIMESTEP:5.1f} s: height {observation[2]:+.2f}, action {action[0]:+.2f}")


if __name__ == "__main__":
    main()
