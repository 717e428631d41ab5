"""Trains with PPO of TorchRL: python examples/train_torchrl.py --scene ant, or all agents: --scene ants --all-agents

Needs the extra `trainers`, in an environment of its own.
"""

import argparse
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from tensordict.nn import NormalParamExtractor, TensorDictModule
from torch import nn
from torchrl.collectors import Collector
from torchrl.envs import GymEnv, PettingZooWrapper, RewardSum, TransformedEnv, check_env_specs
from torchrl.modules import MLP, ProbabilisticActor, TanhNormal, ValueOperator
from torchrl.objectives import ClipPPOLoss, ValueEstimators

import roboschool


def option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass
class Args:
    scene: str = option("ant", "name of a scene; its first agent learns")
    all_agents: bool = option(False, "let all agents learn one policy; they must be robots of one kind")
    seconds: float = option(16.5, "longest duration of an episode [s]")
    iterations: int = option(250, "updates of the networks")
    batch: int = option(4000, "steps of the environment between two updates")
    seed: int = option(1, "seed of the networks, the actions and the first episode")


def parse() -> Args:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for each in fields(Args):
        kind: dict[str, Any] = {"action": "store_true"} if each.type is bool else {"type": each.type}
        name = f"--{each.name.replace('_', '-')}"
        text = f"{each.metadata['help']} (default: {'none' if each.default == '' else each.default})"
        parser.add_argument(name, default=each.default, help=text, **kind)
    return Args(**vars(parser.parse_args()))


args = parse()
torch.manual_seed(args.seed)
torch.set_num_threads(1)  # the network is small
if args.all_agents:
    env = PettingZooWrapper(roboschool.parallel_env(args.scene, seconds=args.seconds))
    (group,) = env.group_map  # `ant_0` to `ant_3` are the group `ant`: rows of tensors (agent, n)
else:
    env, group = GymEnv(roboschool.load_scene(args.scene).id, seconds=args.seconds), None
check_env_specs(env)


def key(name: str) -> Any:
    """Where a tensor is kept: with its group, if there is one."""
    return (group, name) if group else name


env = TransformedEnv(env, RewardSum(in_keys=[key("reward")], out_keys=[key("episode_reward")]))
env.set_seed(args.seed)
seen, joints = env.observation_spec[key("observation")].shape[-1], env.full_action_spec[key("action")].shape[-1]
# A network acts on the last axis only, so the same one serves any number of agents.
body = nn.Sequential(MLP(seen, 2 * joints, num_cells=(128, 64), activation_class=nn.Tanh), NormalParamExtractor())
actor = ProbabilisticActor(
    TensorDictModule(body, in_keys=[key("observation")], out_keys=[key("loc"), key("scale")]),
    spec=env.full_action_spec_unbatched[key("action")],
    in_keys=[key("loc"), key("scale")],
    out_keys=[key("action")],
    distribution_class=TanhNormal,
    return_log_prob=True,
    log_prob_key=key("action_log_prob"),
)
critic = ValueOperator(
    MLP(seen, 1, num_cells=(128, 64), activation_class=nn.Tanh),
    in_keys=[key("observation")],
    out_keys=[key("state_value")],
)
loss = ClipPPOLoss(actor, critic, entropy_coeff=0.0)
names = ("action", "reward", "done", "terminated", "advantage", "value_target")
loss.set_keys(value=key("state_value"), sample_log_prob=key("action_log_prob"), **{name: key(name) for name in names})
loss.make_value_estimator(ValueEstimators.GAE, gamma=0.99, lmbda=0.95, average_gae=True)
optimiser = torch.optim.Adam(loss.parameters(), lr=3e-4)

collector = Collector(
    env,
    actor,
    frames_per_batch=args.batch,
    total_frames=args.batch * args.iterations,
    auto_register_policy_transforms=True,
)
for iteration, batch in enumerate(collector, start=1):
    for _ in range(10):
        with torch.no_grad():
            loss.value_estimator(batch)
        for rows in torch.randperm(len(batch)).chunk(8):
            losses = loss(batch[rows])
            optimiser.zero_grad()
            (losses["loss_objective"] + losses["loss_critic"]).backward()
            nn.utils.clip_grad_norm_(loss.parameters(), 0.5)
            optimiser.step()
    collector.update_policy_weights_()
    ended = batch["next", key("episode_reward")][batch["next", key("done")]]  # nan: no episode has ended
    print(f"iteration {iteration}: {iteration * args.batch} steps, mean return {ended.mean():.1f}")
torch.save(actor.state_dict(), f"{args.scene}_torchrl.pt")
collector.shutdown()
