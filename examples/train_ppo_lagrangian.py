"""Trains a robot to keep its costs below a limit: python examples/train_ppo_lagrangian.py --scene point_goal1

PPO with a Lagrange multiplier: a second critic learns what costs are to come, and the policy is paid its advantage of
rewards less the multiplier times its advantage of costs. The multiplier follows how far the cost of an episode is above
the limit by a proportional and an integral gain (Stooke et al., 2020); at first it is 0. With --plain, it stays so.
The folder holds policy.safetensors, for `roboschool film` and `roboschool evaluate`, curve.csv, and checkpoint.pt, from
which --resume continues. Needs the extra `train`.
"""

import argparse
import csv
import json
import time
from dataclasses import asdict, dataclass, field, fields
from math import log, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import Progress, TextColumn
from torch import nn

import roboschool
from roboschool.learning.checkpoint import load_generator, save_generator
from roboschool.learning.episodes import Episodes
from roboschool.learning.ppo import Running, network
from roboschool.policies.network import OBSERVATION_LIMIT

N, T, HIDDEN, EPOCHS, MINIBATCHES = 32, 256, (128, 64), 8, 8  # rows, steps of each between two updates
LR, LR_END, CLIP, TARGET_KL, LOG_STD, GRADIENT = 3e-4, 0.1, 0.2, 0.03, -0.5, 0.5
GAMMA, LAMBDA = 0.99, 0.95  # of rewards and of costs
PROPORTIONAL, INTEGRAL = 0.1, 0.005  # gains of the multiplier, by the excess over the limit as a fraction of it
NEWS = 0.1  # share of an update in the mean of costs
SAVE_EVERY, RECENT, CHECKPOINT = 30.0, 100, "checkpoint.pt"  # [s], episodes
RUNNING = [(name, part) for name in ("seen", "paid") for part in ("mean", "var", "count")]


def option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass
class Args:
    scene: str = option("point_goal1", "name of a scene; its first agent learns")
    steps: int = option(10_000_000, "steps of the training, of all copies of the scene")
    cost_limit: float = option(25.0, "greatest cost of an episode")
    plain: bool = option(False, "do not mind costs: plain PPO")
    seed: int = option(0, "seed of the networks, the actions and the episodes")
    out: str = option("", "folder of the results; empty: runs/ and the name of the scene")
    resume: bool = option(False, "continue the training in the folder")


def parse() -> Args:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for each in fields(Args):
        kind: dict[str, Any] = {"action": "store_true"} if each.type is bool else {"type": each.type}
        name = f"--{each.name.replace('_', '-')}"
        text = f"{each.metadata['help']} (default: {'none' if each.default == '' else each.default})"
        parser.add_argument(name, default=each.default, help=text, **kind)
    return Args(**vars(parser.parse_args()))


class Learner:
    """A policy, and critics of rewards and of costs."""

    def __init__(self, seen: int, driven: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.actor = network([seen, *HIDDEN, driven], 0.01, generator)
        self.critics = nn.ModuleList([network([seen, *HIDDEN, 1], 1.0, generator) for _ in range(2)])
        self.log_std = nn.Parameter(torch.full((driven,), LOG_STD))
        self.model = nn.ModuleDict({"actor": self.actor, "critics": self.critics})
        self.model.register_parameter("log_std", self.log_std)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=LR, eps=1e-5)
        self.rng = np.random.default_rng(seed)
        self.seen, self.paid = Running(seen), Running(2)  # observations; discounted rewards and costs so far
        self.discounted = np.zeros((N, 2))
        self.cost, self.integral, self.multiplier = float("nan"), 0.0, 0.0  # cost: mean of an episode

    def normalise(self, observation: np.ndarray) -> torch.Tensor:
        normal = (observation - self.seen.mean) * self.seen.scale
        return torch.from_numpy(np.clip(normal, -OBSERVATION_LIMIT, OBSERVATION_LIMIT).astype(np.float32))

    @torch.no_grad()
    def values(self, observation: torch.Tensor) -> np.ndarray:
        """Return what rewards and costs are to come (..., 2), in units of their standard deviations."""
        return torch.cat([critic(observation) for critic in self.critics], dim=-1).numpy()

    @torch.no_grad()
    def learn(self, episodes: Episodes, fraction: float, limit: float | None) -> dict[str, float]:
        """Act for a rollout, set the multiplier, and update the networks; `fraction` of the training is over then."""
        raw, noise = np.zeros((T, *episodes.observation.shape), np.float32), self.rng.standard_normal
        observation, action = torch.zeros(T + 1, N, raw.shape[-1]), torch.zeros(T, N, len(self.log_std))
        noise = torch.from_numpy(noise(tuple(action.shape), np.float32))
        paid, bootstrap, over = np.zeros((T, N, 2)), np.zeros((T, N, 2)), np.zeros((T, N), bool)
        for t in range(T):
            raw[t] = episodes.observation
            observation[t] = self.normalise(raw[t])
            action[t] = self.actor(observation[t]) + self.log_std.exp() * noise[t]
            outcome = episodes.step(action[t].numpy())
            over[t] = outcome.terminated | outcome.truncated
            if outcome.truncated.any():  # the episode would have gone on: expect what the last state is worth
                last = self.normalise(outcome.observation[outcome.truncated])
                bootstrap[t, outcome.truncated] = GAMMA * self.values(last)
            paid[t] = np.stack([outcome.reward, outcome.cost], axis=-1)
            self.discounted = self.discounted * GAMMA + paid[t]
            self.paid.update(self.discounted)
            self.discounted[over[t]] = 0.0
        observation[T] = self.normalise(episodes.observation)
        self._follow(float(paid[..., 1].mean()) * episodes.env.scene.steps, limit)

        value = self.values(observation)
        after = np.where(over[..., None], bootstrap, GAMMA * value[1:])
        advantage, ahead = paid * self.paid.scale + after - value[:-1], np.zeros((N, 2))
        for t in reversed(range(T)):
            advantage[t] = ahead = advantage[t] + GAMMA * LAMBDA * ~over[t, :, None] * ahead
        target = torch.from_numpy((advantage + value[:-1]).astype(np.float32))
        gained, costs = np.moveaxis(advantage / self.paid.scale, -1, 0)
        gain = torch.from_numpy(((gained - self.multiplier * costs) / (1.0 + self.multiplier)).astype(np.float32))
        log_prob = -0.5 * (noise.square() + log(2.0 * pi)).sum(-1) - self.log_std.sum()
        kl = self._update([part.flatten(0, 1) for part in (observation[:T], action, log_prob, gain, target)])
        self.seen.update(raw.reshape(-1, raw.shape[-1]))
        self.optimiser.param_groups[0]["lr"] = LR * (1.0 + min(fraction, 1.0) * (LR_END - 1.0))
        return {"multiplier": self.multiplier, "std": float(self.log_std.exp().mean()), "kl": kl}

    def _follow(self, cost: float, limit: float | None) -> None:
        """Set the multiplier by the cost of an episode in this rollout."""
        self.cost = cost if np.isnan(self.cost) else self.cost + NEWS * (cost - self.cost)
        if limit is not None:
            excess = (self.cost - limit) / max(limit, 1.0)
            self.integral = max(0.0, self.integral + INTEGRAL * excess)
            self.multiplier = max(0.0, self.integral + PROPORTIONAL * excess)

    @torch.enable_grad()
    def _update(self, samples: list[torch.Tensor]) -> float:
        """Make gradient steps; return the divergence from the policy before."""
        for _ in range(EPOCHS):
            order = torch.from_numpy(self.rng.permutation(T * N))
            divergence = torch.zeros(())
            for o, a, old, gain, target in zip(*(part[order].chunk(MINIBATCHES) for part in samples), strict=True):
                z = (a - self.actor(o)) * (-self.log_std).exp()
                change = -0.5 * (z.square() + log(2.0 * pi)).sum(-1) - self.log_std.sum() - old
                ratio, gain = change.exp(), (gain - gain.mean()) / (gain.std() + 1e-8)
                loss = -torch.minimum(ratio * gain, ratio.clamp(1.0 - CLIP, 1.0 + CLIP) * gain).mean()
                for number, critic in enumerate(self.critics):
                    loss = loss + 0.5 * (critic(o)[:, 0] - target[:, number]).square().mean()
                self.optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT)
                self.optimiser.step()
                divergence += (ratio - 1.0 - change).mean().detach() / MINIBATCHES
            if divergence > TARGET_KL:
                break
        return float(divergence)

    def policy(self, interface: Any) -> roboschool.NetworkPolicy:
        """Return the policy without its noise."""
        tensors = {"mean": self.seen.mean, "scale": self.seen.scale}
        for i, layer in enumerate(layer for layer in self.actor if isinstance(layer, nn.Linear)):
            tensors |= {f"layers.{i}.weight": layer.weight.detach().numpy()}
            tensors |= {f"layers.{i}.bias": layer.bias.detach().numpy()}
        return roboschool.NetworkPolicy(tensors, interface)

    def save(self) -> dict[str, Any]:
        """Return all that is learned."""
        arrays = {f"{name}.{part}": getattr(getattr(self, name), part) for name, part in RUNNING}
        arrays |= {"discounted": self.discounted, "rng": save_generator(self.rng)}
        numbers = {name: getattr(self, name) for name in ("cost", "integral", "multiplier")}
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "arrays": {name: torch.as_tensor(value) for name, value in arrays.items()},
            "numbers": numbers,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Take on what `save` has returned."""
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        arrays = {name: value.numpy() for name, value in saved["arrays"].items()}
        for name, part in RUNNING:
            setattr(getattr(self, name), part, arrays[f"{name}.{part}"])
        self.discounted = arrays["discounted"]
        load_generator(self.rng, arrays["rng"])
        for name, value in saved["numbers"].items():
            setattr(self, name, value)


def save(folder: Path, args: Args, learner: Learner, episodes: Episodes, interface: Any, rows: list[dict]) -> None:
    """Write all files; a checkpoint is complete or the one before."""
    learner.policy(interface).save(folder / "policy.safetensors")
    recipe = {"command": "examples/train_ppo_lagrangian.py", "scene": args.scene, "arguments": asdict(args)}
    env = episodes.env
    card = {"scene": env.scene.id, "seed": args.seed, "steps": rows[-1]["steps"], "recipe": recipe, **asdict(interface)}
    (folder / "policy.json").write_text(json.dumps(card, indent=2) + "\n")
    with (folder / "curve.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    arrays = episodes.save() | {"rng": save_generator(episodes.rng)}
    arrays |= {"finished": np.array(episodes.finished, float), "costs": np.array(episodes.finished_costs)}
    saved = {"episodes": {name: torch.as_tensor(value) for name, value in arrays.items()}, "rows": rows}
    torch.save(saved | {"learner": learner.save()}, folder / "checkpoint.new")
    (folder / "checkpoint.new").replace(folder / CHECKPOINT)


def main() -> None:
    args = parse()
    torch.set_num_threads(1)  # the networks are small, and results are to depend on no number of cores
    env = roboschool.VectorEnv(args.scene, N, num_threads=1, autoreset_mode="Disabled", timeout=None)
    folder = Path(args.out or f"runs/{env.scene.name}")
    folder.mkdir(parents=True, exist_ok=True)
    if not args.resume and (folder / CHECKPOINT).exists():
        raise SystemExit(f"{folder}: it holds a training; --resume continues it, --out names another folder")
    interface = env.scene.interface(env.scene.agents[0])
    learner = Learner(len(interface.fields), len(interface.actuators), args.seed)
    episodes = Episodes(env, interface, np.random.default_rng([args.seed, 1]))
    rows: list[dict[str, Any]] = []
    if args.resume:
        saved = torch.load(folder / CHECKPOINT, weights_only=True)
        learner.load(saved["learner"])
        rows, arrays = saved["rows"], {name: value.numpy() for name, value in saved["episodes"].items()}
        episodes.load(arrays)
        load_generator(episodes.rng, arrays["rng"])
        episodes.finished = [(float(total), int(length)) for total, length in arrays["finished"].reshape(-1, 2)]
        episodes.finished_costs = arrays["costs"].tolist()
    else:
        episodes.begin()
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[shown]}"))
    with Progress(*columns, refresh_per_second=1) as bar:
        task = bar.add_task(env.scene.name, total=args.steps, shown="")
        begun = saved_at = time.monotonic() - (rows[-1]["seconds"] if rows else 0.0)
        while (steps := rows[-1]["steps"] if rows else 0) < args.steps:
            steps += T * N
            watched = learner.learn(episodes, steps / args.steps, None if args.plain else args.cost_limit)
            del episodes.finished[:-RECENT], episodes.finished_costs[:-RECENT]
            total = float(np.mean([each for each, _ in episodes.finished])) if episodes.finished else 0.0
            cost = float(np.mean(episodes.finished_costs)) if episodes.finished else 0.0
            seconds = round(time.monotonic() - begun, 1)
            rows.append({"steps": steps, "seconds": seconds, "episode_return": total, "episode_cost": cost, **watched})
            shown = f"return {total:.1f}, cost {cost:.1f}, multiplier {learner.multiplier:.2f}"
            bar.update(task, completed=steps, shown=shown)
            if time.monotonic() - saved_at > SAVE_EVERY or steps >= args.steps:
                save(folder, args, learner, episodes, interface, rows)
                saved_at = time.monotonic()
    env.close()
    print(f"{folder}/policy.safetensors")


if __name__ == "__main__":
    main()
