"""Trains all agents of a scene, robots of one kind, by one policy: python examples/train_supersuit.py --scene ants

SuperSuit shows the agents of a world as copies of one environment, in which PPO of Stable-Baselines3 trains a policy.
Needs the extra `trainers`, in an environment of its own.
"""

import argparse
from dataclasses import dataclass, fields

import supersuit
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

import roboschool


@dataclass
class Args:
    scene: str = "ants"
    seconds: float = 16.5  # of an episode at most
    steps: int = 1_000_000  # of all agents together
    worlds: int = 4
    rollout: int = 256  # steps of each agent between two updates


def parse() -> Args:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for field in fields(Args):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=field.type, default=field.default, help=" ")
    return Args(**vars(parser.parse_args()))


args = parse()
torch.set_num_threads(1)  # the network is small
world = roboschool.parallel_env(args.scene, seconds=args.seconds)
agents = supersuit.pettingzoo_env_to_vec_env_v1(world)  # `action_space` is one agent's, here and below
# Two things are lost on this way: seeds, and whether it was a fall or the clock that ended an episode.
envs = VecMonitor(supersuit.concat_vec_envs_v1(agents, args.worlds, base_class="stable_baselines3"))
model = PPO("MlpPolicy", envs, n_steps=args.rollout, batch_size=args.rollout, verbose=1)
model.learn(total_timesteps=args.steps)
model.save(f"{args.scene}_supersuit")
envs.close()
