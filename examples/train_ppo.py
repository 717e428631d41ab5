"""Trains a policy with PPO, in one file: python examples/train_ppo.py --scene hopper --steps 3_000_000

Needs the extra `train` (torch, tensorboard, tqdm). Writes to the folder --out: `policy.safetensors`, which
`roboschool.load_policy` reads, `policy.json` with its score, `checkpoint.safetensors`, and scalars for TensorBoard.
"""

import argparse
import json
import platform
import time
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

import roboschool
from roboschool.evaluation import evaluate


def option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass
class Args:
    scene: str = option("hopper", "name of a scene; its first agent learns, the others follow the scene's own policies")
    steps: int = option(3_000_000, "steps of the environment, of all copies together")
    weights: str = option("", "of reward terms while training, like alive=0; the score is the scene's own")
    seed: int = option(1, "seed of the networks, the actions and the first episodes")
    out: str = option("", "folder for what is learned; without it runs/SCENE_SEED")
    resume: str = option("", "checkpoint.safetensors to go on from")
    start: str = option("", "policy to begin with: a scene's, or a file")
    num_envs: int = option(64, "copies of the environment that are stepped together")
    workers: int = option(0, "processes that share the copies; 0: none but this one")
    rollout: int = option(64, "steps of each copy between two updates")
    hidden: str = option("128,64", "sizes of the hidden layers of both networks")
    epochs: int = option(10, "passes over the steps of an update at most")
    minibatches: int = option(4, "parts of each pass, with a gradient step for each")
    lr: float = option(3e-4, "learning rate at the start; it falls evenly to a tenth")
    gamma: float = option(0.99, "discount of the reward in each step")
    lam: float = option(0.95, "lambda of generalised advantage estimation")
    clip: float = option(0.2, "how far the probability of an action may change in an update")
    target_kl: float = option(0.03, "KL divergence from the policy before, beyond which an update stops early")
    entropy: float = option(0.0, "weight of the entropy of the actions in the loss")
    log_std: float = option(-0.7, "logarithm of the standard deviation of the first actions")
    log_std_end: float = option(0.0, "the same of the last actions, reached evenly; 0: it is learned instead")
    episodes: int = option(100, "whole episodes in the final score")


def parse() -> Args:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for each in fields(Args):
        name = f"--{each.name.replace('_', '-')}"
        text = f"{each.metadata['help']} (default: {'none' if each.default == '' else each.default})"
        parser.add_argument(name, type=each.type, default=each.default, help=text)
    return Args(**vars(parser.parse_args()))


class Running:
    """Mean and variance of all rows seen so far."""

    def __init__(self, *shape: int) -> None:
        self.mean, self.var, self.count = np.zeros(shape), np.ones(shape), 1e-4

    def update(self, rows: np.ndarray) -> None:
        delta, total = rows.mean(axis=0) - self.mean, self.count + len(rows)
        spread = self.var * self.count + rows.var(axis=0) * len(rows) + delta**2 * self.count * len(rows) / total
        self.mean, self.var, self.count = self.mean + delta * len(rows) / total, spread / total, total

    def normalise(self, rows: np.ndarray) -> np.ndarray:
        return np.clip((rows - self.mean) / np.sqrt(self.var + 1e-8), -10.0, 10.0).astype(np.float32)


def network(sizes: list[int], gain: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise(sizes)):
        last = i == len(sizes) - 2
        linear = nn.Linear(a, b)
        nn.init.orthogonal_(linear.weight, gain if last else 2**0.5)
        nn.init.zeros_(linear.bias)
        layers += [linear] if last else [linear, nn.Tanh()]
    return nn.Sequential(*layers)


def policy_of(actor: nn.Sequential, seen: Running) -> roboschool.NetworkPolicy:
    """Fold the normalisation into a policy that needs numpy only."""
    tensors = {"mean": seen.mean, "scale": 1.0 / np.sqrt(seen.var + 1e-8)}
    for i, layer in enumerate(m for m in actor if isinstance(m, nn.Linear)):
        tensors[f"layers.{i}.weight"] = layer.weight.detach().numpy()
        tensors[f"layers.{i}.bias"] = layer.bias.detach().numpy()
    return roboschool.NetworkPolicy(tensors)


def imitate(policy: roboschool.NetworkPolicy, actor: nn.Sequential, seen: Running) -> None:
    """Begin as another policy, to be forgotten quickly where the observations are others."""
    for linear, (weight, bias) in zip((m for m in actor if isinstance(m, nn.Linear)), policy.layers, strict=True):
        linear.weight.data, linear.bias.data = torch.tensor(weight), torch.tensor(bias)
    seen.mean, seen.var = policy.mean.astype(float), 1.0 / policy.scale.astype(float) ** 2
    seen.count = 1e5


args = parse()
out = Path(args.out or f"runs/{args.scene}_{args.seed}")
out.mkdir(parents=True, exist_ok=True)
torch.set_num_threads(1)  # the network is small
torch.manual_seed(args.seed)
shuffle = np.random.default_rng(args.seed)
scene = roboschool.load_scene(args.scene)
if not all(agent.policy for agent in scene.agents[1:]):
    raise SystemExit(f"scene {args.scene!r}: not all agents but the first have a policy of the scene's own")
task_weights = {k: float(v) for k, v in (part.split("=") for part in args.weights.split(",") if part)}
same_step = gymnasium.vector.AutoresetMode.SAME_STEP
env = roboschool.VectorEnv(replace(scene, weights=task_weights), args.num_envs, args.workers, autoreset_mode=same_step)
obs_size, act_size = env.single_observation_space.shape[0], env.single_action_space.shape[0]
hidden = [int(size) for size in args.hidden.split(",")]
actor, critic = network([obs_size, *hidden, act_size], 0.01), network([obs_size, *hidden, 1], 1.0)
log_std = nn.Parameter(torch.full((act_size,), args.log_std), requires_grad=not args.log_std_end)
model = nn.ModuleDict({"actor": actor, "critic": critic})
weights = [*model.parameters(), log_std]
optimiser = torch.optim.Adam(weights, lr=args.lr, eps=1e-5)
seen, paid = Running(obs_size), Running(1)
taken, clock = 0, time.time()
before = 0.0  # wall time of the runs this one goes on from [s]
if args.start:
    imitate(roboschool.load_policy(args.start), actor, seen)
if args.resume:
    saved = load_file(args.resume)
    model.load_state_dict({k[6:]: v for k, v in saved.items() if k.startswith("model.")})
    log_std.data = saved["log_std"]
    seen.mean, seen.var, seen.count = saved["seen.mean"].numpy(), saved["seen.var"].numpy(), float(saved["seen.count"])
    paid.mean, paid.var, paid.count = saved["paid.mean"].numpy(), saved["paid.var"].numpy(), float(saved["paid.count"])
    taken, before = int(saved["taken"]), float(saved["wall"])
writer = SummaryWriter(str(out))
bar = tqdm(total=args.steps, initial=taken, unit="step", unit_scale=True, mininterval=2.0)

T, N = args.rollout, args.num_envs
B_obs, B_act = np.zeros((T, N, obs_size), np.float32), np.zeros((T, N, act_size), np.float32)
B_logp, B_value, B_reward = (np.zeros((T, N), np.float32) for _ in range(3))
B_done = np.zeros((T, N), bool)
running, lengths = np.zeros(N), np.zeros(N, int)  # return and length of each copy's episode so far
discounted = np.zeros(N)
finished: list[float] = []
finished_lengths: list[int] = []
observation, _ = env.reset(seed=args.seed)
seen.update(observation)
while taken < args.steps:
    for t in range(T):
        B_obs[t] = seen.normalise(observation)
        with torch.no_grad():
            batch = torch.from_numpy(B_obs[t])
            normal = torch.distributions.Normal(actor(batch), log_std.exp())
            action = normal.sample()
            B_logp[t] = normal.log_prob(action).sum(-1).numpy()
            B_value[t] = critic(batch)[:, 0].numpy()
        B_act[t] = action.numpy()
        observation, reward, terminated, truncated, info = env.step(B_act[t])
        done = terminated | truncated
        running, lengths = running + reward, lengths + 1
        discounted = discounted * args.gamma + reward
        paid.update(discounted[:, None])
        discounted[done] = 0.0
        B_reward[t] = np.clip(reward / np.sqrt(paid.var[0] + 1e-8), -10.0, 10.0)
        cut = truncated & ~terminated
        if cut.any():  # truncated, not terminated: bootstrap from the value of the last state
            last = torch.from_numpy(seen.normalise(np.stack(list(info["final_obs"][cut]))))
            with torch.no_grad():
                B_reward[t, cut] += args.gamma * critic(last)[:, 0].numpy()
        B_done[t] = done
        for copy in np.flatnonzero(done):
            finished.append(float(running[copy]))
            finished_lengths.append(int(lengths[copy]))
        running[done], lengths[done] = 0.0, 0
        seen.update(observation)
    taken += T * N

    with torch.no_grad():
        value = critic(torch.from_numpy(seen.normalise(observation)))[:, 0].numpy()
    advantage, ahead = np.zeros((T, N), np.float32), np.zeros(N, np.float32)
    for t in reversed(range(T)):
        after = ~B_done[t]
        delta = B_reward[t] + args.gamma * value * after - B_value[t]
        advantage[t] = ahead = delta + args.gamma * args.lam * ahead * after
        value = B_value[t]
    target = advantage + B_value

    fraction = taken / args.steps
    if args.log_std_end:
        log_std.data[:] = args.log_std + fraction * (args.log_std_end - args.log_std)
    optimiser.param_groups[0]["lr"] = args.lr * max(0.1, 1.0 - fraction)
    data = [torch.from_numpy(x.reshape(T * N, *x.shape[2:])) for x in (B_obs, B_act, B_logp, advantage, target)]
    kl = 0.0
    for _ in range(args.epochs):
        for rows in np.array_split(shuffle.permutation(T * N), args.minibatches):
            o, a, old, adv, goal = (x[rows] for x in data)
            normal = torch.distributions.Normal(actor(o), log_std.exp())
            ratio = (logp := normal.log_prob(a).sum(-1)).sub(old).exp()
            adv = (adv - adv.mean()) / (adv.std() + 1e-8)
            gain = torch.min(ratio * adv, ratio.clamp(1 - args.clip, 1 + args.clip) * adv).mean()
            miss = (critic(o)[:, 0] - goal).square().mean()
            loss = 0.5 * miss - gain - args.entropy * normal.entropy().sum(-1).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(weights, 0.5)
            optimiser.step()
            kl = float(((ratio - 1) - (logp - old)).mean().detach())
        if kl > args.target_kl:
            break

    bar.update(T * N)
    recent, finished = finished[-100:], finished[-100:]
    finished_lengths = finished_lengths[-100:]
    if recent:
        wall = before + time.time() - clock
        scalars = {
            "return": float(np.mean(recent)),
            "length": float(np.mean(finished_lengths)),
            "std": float(log_std.exp().mean().detach()),
            "kl": kl,
            "value_loss": float(miss.detach()),
            "steps_per_second": taken / wall,
        }
        bar.set_postfix_str(f"return {scalars['return']:.0f} length {scalars['length']:.0f} std {scalars['std']:.2f}")
        for name, number in scalars.items():
            writer.add_scalar(name, number, taken)
    if (taken // (T * N)) % 50 == 0 or taken >= args.steps:
        state = {f"model.{k}": v for k, v in model.state_dict().items()} | {"log_std": log_std.data}
        for name, running_of in (("seen", seen), ("paid", paid)):
            for part in ("mean", "var", "count"):
                state[f"{name}.{part}"] = torch.as_tensor(getattr(running_of, part), dtype=torch.float64)
        state |= {"taken": torch.tensor(taken), "wall": torch.tensor(before + time.time() - clock)}
        save_file(state, out / "part.safetensors")
        (out / "part.safetensors").replace(out / "checkpoint.safetensors")  # never incomplete
        policy_of(actor, seen).save(out / "policy.safetensors")

bar.close()
writer.close()
env.close()
score = evaluate(policy_of(actor, seen), args.scene, args.episodes)
card = {
    "scene": roboschool.load_scene(args.scene).id,
    "seed": args.seed,
    "steps": taken,
    "wall_seconds": round(before + time.time() - clock),
    **asdict(score),
    **asdict(scene.interface(scene.agents[0])),  # names of what it observes and drives
    "recipe": {"script": "examples/train_ppo.py"} | {k: v for k, v in vars(args).items() if k not in ("out", "resume")},
    "versions": {
        "roboschool": roboschool.__version__,
        **{name: version(name) for name in ("pybullet", "numpy", "torch")},
    },
    "python": platform.python_version(),
}
(out / "policy.json").write_text(json.dumps(card, indent=2) + "\n")
print(json.dumps(card, indent=2))
