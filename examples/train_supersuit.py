"""Trains all agents of a scene, robots of one kind, by one policy: python examples/train_supersuit.py --scene ants

SuperSuit shows the agents of a world as copies of one environment, in which PPO of Stable-Baselines3 trains a policy.
Needs the extra `trainers`, in an environment of its own.
"""

import argparse
from dataclasses import dataclass, field, fields
from typing import Any

import supersuit
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

import roboschool


def option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass
class Args:
    scene: str = option("ants", "name of a scene whose agents are robots of one kind")
    seconds: float = option(16.5, "longest duration of an episode [s]")
    steps: int = option(1_000_000, "steps of all agents together")
    worlds: int = option(4, "copies of the scene")
    rollout: int = option(256, "steps of each agent between two updates")


def parse() -> Args:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for each in fields(Args):
        name = f"--{each.name.replace('_', '-')}"
        text = f"{each.metadata['help']} (default: {'none' if each.default == '' else each.default})"
        parser.add_argument(name, type=each.type, default=each.default, help=text)
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
