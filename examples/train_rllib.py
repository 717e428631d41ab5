"""Trains with PPO of RLlib: python examples/train_rllib.py --scene hopper, or all agents: --scene ants --all-agents

Needs the extra `trainers`, in an environment of its own: RLlib asks for one version of Gymnasium, an older one.
"""

import argparse
import os
from dataclasses import dataclass, fields
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when ray is imported

import ray
import torch
from ray import tune
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv

import roboschool


@dataclass
class Args:
    scene: str = "hopper"
    all_agents: bool = False  # all learn, by one policy for all, so all must be robots of one kind
    seconds: float = 16.5  # of an episode at most
    iterations: int = 100
    batch: int = 4000  # steps of the environment between two updates
    runners: int = 1  # processes that run environments
    copies: int = 16  # of the environment in each; with --all-agents there is one world in each


def parse() -> Args:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for field in fields(Args):
        kind: dict[str, Any] = {"action": "store_true"} if field.type is bool else {"type": field.type}
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=field.default, help=" ", **kind)
    return Args(**vars(parser.parse_args()))


args = parse()
torch.set_num_threads(1)  # the network is small
options = {"seconds": args.seconds}  # any option of a scene can stand here
config = PPOConfig().env_runners(num_env_runners=args.runners)
config.training(train_batch_size_per_learner=args.batch, minibatch_size=args.batch // 8, num_epochs=10, lr=3e-4)
if args.all_agents:
    tune.register_env("world", lambda given: ParallelPettingZooEnv(roboschool.parallel_env(args.scene, **given)))
    config.environment("world", env_config=options)
    config.multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, episode, **kwargs: "shared")
else:  # what stands before the colon is imported by every process that makes environments: that registers the ids
    config.environment(f"roboschool:{roboschool.load_scene(args.scene).id}", env_config=options)
    config.env_runners(num_envs_per_env_runner=args.copies, gym_env_vectorize_mode="vector_entry_point")

ray.init(num_cpus=args.runners + 1, include_dashboard=False)
algorithm = config.build_algo()
for iteration in range(1, args.iterations + 1):
    result = algorithm.train()
    mean = result["env_runners"].get("episode_return_mean", float("nan"))  # of all agents together; nan: none has ended
    print(f"iteration {iteration}: {result['num_env_steps_sampled_lifetime']:.0f} steps, mean return {mean:.1f}")
algorithm.save_to_path(os.path.abspath(f"{args.scene}_rllib"))
algorithm.stop()
ray.shutdown()
