"""The example that runs a policy without this package does what an env does."""

import importlib.util
import math
from contextlib import closing

import numpy as np
from folders import ROOT

from roboschool.envs.agent import AgentEnv
from roboschool.policies.network import read_network

ASSETS = ROOT / "assets" / "inverted_pendulum"


def test_actions_are_equal_to_those_in_an_env() -> None:
    spec = importlib.util.spec_from_file_location("deploy", ROOT / "examples" / "deploy.py")
    assert spec is not None
    assert spec.loader is not None
    deploy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(deploy)
    path = ASSETS / "policies" / "inverted_pendulum_swingup.safetensors"
    policy = read_network(path)
    with closing(AgentEnv("inverted_pendulum_swingup")) as env:
        observation, _ = env.reset(seed=0)
        angle = float(env.simulation.groups[0].state.passive_q[0, 0, 0])
        done = deploy.run(path, ASSETS / "inverted_pendulum.urdf", angle, 300)
        for step, (seen, action) in enumerate(done):
            assert np.array_equal(seen, observation), step
            assert np.array_equal(action, policy.act(observation)), step
            observation, *_ = env.step(policy.act(observation))
    assert abs(angle) > math.pi / 2, "it hangs at first"
    assert done[-1][0][2] > 0.9, "and is up at last"
