"""Trains with PPO of RLlib: python examples/train_rllib.py --scene hopper, or all agents: --scene ants --all-agents

Needs the extra `trainers`, in an environment of its own: RLlib asks for one version of Gymnasium, an older one.
"""

import argparse
import os
from dataclasses import dataclass, field, fields
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when ray is imported

import ray
import torch
from ray import tune
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv

import roboschool


def option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass
class Args:
    scene: str = option("hopper", "name of a scene; its first agent learns")
    all_agents: bool = option(False, "let all agents learn one policy; they must be robots of one kind")
    seconds: float = option(16.5, "longest duration of an episode [s]")
    iterations: int = option(100, "updates of the networks")
    batch: int = option(4000, "steps of the environment between two updates")
    runners: int = option(1, "processes that run environments")
    copies: int = option(16, "copies of the environment in each of these; with --all-agents there is one")


def parse() -> Args:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for each in fields(Args):
        kind: dict[str, Any] = {"action": "store_true"} if each.type is bool else {"type": each.type}
        name = f"--{each.name.replace('_', '-')}"
        text = f"{each.metadata['help']} (default: {'none' if each.default == '' else each.default})"
        parser.add_argument(name, default=each.default, help=text, **kind)
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
