"""PPO: the networks, how they act, and how they learn from what came of it. Needs torch.

Proximal policy optimisation (Schulman et al., 2017) with generalised advantage estimation (Schulman et al., 2016).
Observations are normalised by their running mean and variance, rewards by the running variance of their discounted sum.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.learning.episodes import Episodes
from roboschool.learning.settings import Settings
from roboschool.policies.interface import Interface
from roboschool.policies.network import OBSERVATION_LIMIT, NetworkPolicy
from roboschool.system_info import install

try:
    import torch
    from torch import nn

    from roboschool.learning.heads import Categorical, Gaussian
except ImportError:
    raise InvalidInput(f"training needs torch: {install('train')}") from None

Head = Gaussian | Categorical
GRADIENT_LIMIT = 0.5  # norm of the gradient of all parameters
REWARD_LIMIT = 10.0  # normalised rewards are clipped to this, either way
TINY = 1e-8  # keeps divisors from zero
IMITATED = 1e5  # observations that the normalisation of a policy to begin with counts for


class Running:
    """Mean and variance of all rows seen so far."""

    def __init__(self, *shape: int) -> None:
        self.mean, self.var, self.count = np.zeros(shape), np.ones(shape), np.array(1e-4)

    def update(self, rows: np.ndarray) -> None:
        """Take in some rows (row, ...)."""
        rows = rows.astype(float)
        delta, total = rows.mean(axis=0) - self.mean, self.count + len(rows)
        spread = self.var * self.count + rows.var(axis=0) * len(rows) + delta**2 * self.count * len(rows) / total
        self.mean, self.var, self.count = self.mean + delta * len(rows) / total, spread / total, total

    @property
    def scale(self) -> np.ndarray:
        """One over the standard deviation."""
        return 1.0 / np.sqrt(self.var + TINY)


def network(sizes: list[int], gain: float, generator: torch.Generator) -> nn.Sequential:
    """Return layers of these sizes with tanh between them, orthogonal at random; `gain` scales the last."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        linear = nn.Linear(inputs, outputs)
        nn.init.orthogonal_(linear.weight, 2**0.5, generator)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.Tanh()]
    layers.pop()
    linear.weight.data *= gain / 2**0.5
    return nn.Sequential(*layers)


class Learner:
    """A policy and what it knows of its returns.

    Args:
        settings: numbers of the recipe.
        interface: names of what the policy observes and drives.
        seed: of the first weights, the actions, and the order of samples.
    """

    def __init__(self, settings: Settings, interface: Interface, seed: int) -> None:
        torch.set_num_threads(1)  # the networks are small, and results are to depend on no number of cores
        self.settings, self.interface = settings, interface
        self.rng = np.random.default_rng(seed)
        first = torch.Generator().manual_seed(seed)
        seen, driven = len(interface.fields), len(interface.actuators)
        self.actor = network([seen, *settings.hidden, driven], 0.01, first)
        self.critic = network([seen, *settings.hidden, 1], 1.0, first)
        learned = settings.log_std_end is None and not interface.discrete
        self.log_std = nn.Parameter(torch.full((driven,), settings.log_std), requires_grad=learned)
        self.head: Head = Categorical() if interface.discrete else Gaussian(self.log_std)
        self.model = nn.ModuleDict({"actor": self.actor, "critic": self.critic})
        self.model.register_parameter("log_std", self.log_std)
        self.weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.Adam(self.weights, lr=settings.lr, eps=1e-5, fused=True)
        self.seen, self.paid = Running(seen), Running()
        self.discounted = np.zeros(settings.envs)  # sum of each row's rewards so far

    def imitate(self, policy: NetworkPolicy) -> None:
        """Begin as another policy.

        Raises:
            InvalidInput: its layers have other sizes.
        """
        linears = [layer for layer in self.actor if isinstance(layer, nn.Linear)]
        sizes = tuple(len(bias) for _, bias in policy.layers[:-1])
        if sizes != self.settings.hidden:
            raise InvalidInput(f"start: the hidden layers of that policy are {sizes}, not {self.settings.hidden}")
        for linear, (weight, bias) in zip(linears, policy.layers, strict=True):
            linear.weight.data, linear.bias.data = torch.tensor(weight), torch.tensor(bias)
        self.seen.mean, self.seen.var = policy.mean.astype(float), 1.0 / policy.scale.astype(float) ** 2
        self.seen.count = np.array(IMITATED)

    def policy(self) -> NetworkPolicy:
        """Return the policy without its noise; the normalisation is a part of it, so that numpy alone can run it."""
        tensors = {"mean": self.seen.mean, "scale": self.seen.scale}
        for i, layer in enumerate(layer for layer in self.actor if isinstance(layer, nn.Linear)):
            tensors |= {f"layers.{i}.weight": layer.weight.detach().numpy().copy()}
            tensors |= {f"layers.{i}.bias": layer.bias.detach().numpy().copy()}
        return NetworkPolicy(tensors, self.interface, discrete=self.interface.discrete)

    def normalise(self, observation: np.ndarray) -> torch.Tensor:
        """Return observations as the networks take them."""
        normal = (observation - self.seen.mean) * self.seen.scale
        return torch.from_numpy(np.clip(normal, -OBSERVATION_LIMIT, OBSERVATION_LIMIT).astype(np.float32))

    @torch.no_grad()
    def value(self, observation: torch.Tensor) -> np.ndarray:
        """Return the discounted normalised returns that are expected from normalised observations (..., n)."""
        value: np.ndarray = self.critic(observation)[..., 0].numpy()
        return value

    @torch.no_grad()
    def learn(self, episodes: Episodes, fraction: float) -> dict[str, float]:
        """Act for a rollout, then update the networks.

        Args:
            episodes: where it acts.
            fraction: of the training that is over at the end of this update.

        Returns:
            What is worth watching: the standard deviation of actions, the KL divergence, the error of values.
        """
        T, N, s = self.settings.rollout, len(episodes.live), self.settings  # noqa: N806 - the field's letters
        observation, action = torch.zeros(T + 1, N, len(self.seen.mean)), torch.zeros(T, N, len(self.log_std))
        output, noise = torch.zeros_like(action), self.head.draw(self.rng, tuple(action.shape))
        reward, bootstrap = np.zeros((T, N)), np.zeros((T, N), np.float32)
        over, live = np.zeros((T, N), bool), np.zeros((T, N), bool)
        raw = np.zeros((T, *episodes.observation.shape), np.float32)
        spread = self.head.spread
        for t in range(T):
            raw[t], live[t] = episodes.observation, episodes.live
            observation[t] = self.normalise(raw[t])
            output[t] = self.actor(observation[t])
            action[t] = self.head.act(output[t], noise[t])
            if not action[t].isfinite().all():
                raise InvalidInput("the networks have diverged; a smaller lr or more envs may help")
            outcome = episodes.step(action[t].numpy())
            over[t] = outcome.terminated | outcome.truncated
            if outcome.truncated.any():  # the episode would have gone on: expect what the last state is worth
                last = self.normalise(outcome.observation[outcome.truncated])
                bootstrap[t, outcome.truncated] = s.gamma * self.value(last)
            self.discounted = self.discounted * s.gamma + outcome.reward
            self.paid.update(self.discounted)
            self.discounted[over[t]] = 0.0
            reward[t] = np.clip(outcome.reward * self.paid.scale, -REWARD_LIMIT, REWARD_LIMIT)
        observation[T] = self.normalise(episodes.observation)

        value = self.value(observation)
        after = np.where(over, bootstrap, s.gamma * value[1:])
        advantage, ahead = reward + after - value[:-1], np.zeros(N)
        for t in reversed(range(T)):
            advantage[t] = ahead = advantage[t] + s.gamma * s.lam * ~over[t] * ahead
        target = advantage + value[:-1]
        log_prob = self.head.drawn(output, action, noise)

        rows = torch.from_numpy(np.flatnonzero(live))
        columns = torch.from_numpy(np.stack([advantage, target], axis=-1).astype(np.float32))
        parts = observation[:T], action, log_prob, columns[..., 0], columns[..., 1]
        watched = self._update([part.flatten(0, 1)[rows] for part in parts])
        self.seen.update(raw[live])
        if s.log_std_end is not None:
            self.log_std[:] = s.log_std + fraction * (s.log_std_end - s.log_std)
        self.optimiser.param_groups[0]["lr"] = s.lr * (1.0 + min(fraction, 1.0) * (s.lr_end - 1.0))
        return {"std": spread, **watched}

    @torch.enable_grad()
    def _update(self, samples: list[torch.Tensor]) -> dict[str, float]:
        """Make gradient steps with samples: observations, actions, their log probabilities, advantages, returns."""
        kl = miss = torch.zeros(())
        for _ in range(self.settings.epochs):
            for o, a, old, advantage, target in self._minibatches(samples):
                outputs = self.actor(o)
                change = self.head.log_prob(outputs, a) - old
                ratio = change.exp()
                advantage = (advantage - advantage.mean()) / (advantage.std() + TINY)
                limited = ratio.clamp(1.0 - self.settings.clip, 1.0 + self.settings.clip)
                gain = torch.minimum(ratio * advantage, limited * advantage).mean()
                miss = (self.critic(o)[:, 0] - target).square().mean()
                loss = 0.5 * miss - gain - self.settings.entropy * self.head.entropy(outputs)
                self.optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.weights, GRADIENT_LIMIT)
                self.optimiser.step()
                kl = (ratio - 1.0 - change).mean().detach()
            if float(kl) > self.settings.target_kl:
                break
        return {"kl": float(kl), "value_loss": float(miss.detach())}

    def _minibatches(self, samples: list[torch.Tensor]) -> Iterator[tuple[torch.Tensor, ...]]:
        """Go through all samples once, in random order."""
        order = torch.from_numpy(self.rng.permutation(len(samples[0])))
        mixed = [part[order].tensor_split(self.settings.minibatches) for part in samples]
        return (parts for parts in zip(*mixed, strict=True) if len(parts[0]) > 1)

    def save(self) -> dict[str, np.ndarray]:
        """Return all that is learned, by name."""
        tensors = {f"model.{name}": value.numpy() for name, value in self.model.state_dict().items()}
        for i, weight in enumerate(self.weights):
            state = self.optimiser.state.get(weight, {})
            for key in ("step", "exp_avg", "exp_avg_sq"):
                blank = torch.zeros(()) if key == "step" else torch.zeros_like(weight)
                tensors[f"adam.{i}.{key}"] = state.get(key, blank).numpy()
        for name, running in (("seen", self.seen), ("paid", self.paid)):
            tensors |= {f"{name}.{part}": np.asarray(getattr(running, part)) for part in ("mean", "var", "count")}
        tensors |= {"adam.lr": np.array(self.optimiser.param_groups[0]["lr"]), "discounted": self.discounted}
        return {name: value.copy() for name, value in tensors.items()}

    def load(self, saved: Mapping[str, np.ndarray]) -> None:
        """Take on what `save` has returned."""
        model = {name: torch.tensor(saved[f"model.{name}"]) for name in self.model.state_dict()}
        self.model.load_state_dict(model)
        for i, weight in enumerate(self.weights):
            parts: dict[str, Any] = {key: saved[f"adam.{i}.{key}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            self.optimiser.state[weight] = {key: torch.tensor(value) for key, value in parts.items()}
        self.optimiser.param_groups[0]["lr"] = float(saved["adam.lr"])
        for name, running in (("seen", self.seen), ("paid", self.paid)):
            running.mean, running.var, running.count = (saved[f"{name}.{part}"] for part in ("mean", "var", "count"))
        self.discounted = saved["discounted"].copy()
