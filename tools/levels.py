"""Measures on which levels of a terrain a policy succeeds: python tools/levels.py POLICY [--scene dog_rough]

An episode is a success if 80 % of the commanded distance was walked. A policy may observe fewer fields than the scene
has: `dog_velocity` walks blindly. Prints a row of Markdown: the share of successes for each level.
"""

import argparse

import numpy as np

import roboschool
from roboschool.errors import InvalidInput
from roboschool.policies.network import NetworkPolicy
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene

FIRST_SEED = 20_000  # as in `roboschool evaluate`


def share_of_successes(policy: NetworkPolicy, scene: Scene, level: int, episodes: int) -> float:
    """Return the share of fresh episodes on tiles of a level that end with success."""
    (agent,) = scene.agents
    assert policy.interface is not None
    place = {name: number for number, name in enumerate(scene.interface(agent).fields)}
    missing = [name for name in policy.interface.fields if name not in place]
    if missing:
        raise InvalidInput(f"scene {scene.name!r} has no {', '.join(missing)}")
    seen = [place[name] for name in policy.interface.fields]
    env = roboschool.VectorEnv(scene, episodes, autoreset_mode="SameStep")
    observation, _ = env.reset(seed=FIRST_SEED, options={"level": level})
    is_over, is_success = np.zeros(episodes, bool), np.zeros(episodes, bool)
    while not is_over.all():
        observation, _, terminated, truncated, info = env.step(policy.act(observation[:, seen].astype(float)))
        ended = (terminated | truncated) & ~is_over
        if ended.any():
            last = info["final_info"]
            is_success[ended] = last["next_level"][ended] > last["level"][ended]
            is_over |= ended
    env.close()
    return float(is_success.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy", help="a file of a network, or a name")
    parser.add_argument("--scene", default="dog_rough")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--levels", default="1,3,5,7,9", help="all below the highest of the scene")
    args = parser.parse_args()
    policy, scene = roboschool.load_policy(args.policy), load_scene(args.scene)
    assert isinstance(policy, NetworkPolicy)
    levels = [int(level) for level in args.levels.split(",")]
    shares = [share_of_successes(policy, scene, level, args.episodes) for level in levels]
    print(f"| `{args.policy}` | {' | '.join(f'{share:.0%}' for share in shares)} |", flush=True)


if __name__ == "__main__":
    main()
