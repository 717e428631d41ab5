"""Heads: how the outputs of a policy's network become random actions, and how probable these are. Needs torch."""

from math import log, pi

import numpy as np
import torch
from torch import nn


class Gaussian:
    """An action is the outputs plus normal noise.

    Args:
        log_std: logarithm of the standard deviation of each number of an action (n,).
    """

    def __init__(self, log_std: nn.Parameter) -> None:
        self.log_std = log_std

    @property
    def spread(self) -> float:
        """The mean standard deviation."""
        return float(self.log_std.exp().mean())

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> torch.Tensor:
        """Return noise."""
        return torch.from_numpy(rng.standard_normal(shape, np.float32))

    def act(self, outputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Return actions (..., n)."""
        return outputs + self.log_std.exp() * noise

    def drawn(self, _outputs: torch.Tensor, _actions: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the probability density of actions that came of noise (...)."""
        return -0.5 * (noise.square() + log(2.0 * pi)).sum(-1) - self.log_std.sum()

    def log_prob(self, outputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the probability density of actions (...)."""
        return self.drawn(outputs, actions, (actions - outputs) * (-self.log_std).exp())

    def entropy(self, _outputs: torch.Tensor) -> torch.Tensor:
        """Return the mean entropy of actions, but for a constant."""
        return self.log_std.sum()


class Categorical:
    """An action is a choice: that of the largest number, of the outputs plus noise of the Gumbel distribution.

    So each choice is as probable as the softmax of the outputs says (Gumbel, 1954; Maddison et al., 2014).
    """

    spread = 0.0  # no noise is added to what is done

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> torch.Tensor:
        """Return noise."""
        return torch.from_numpy(rng.gumbel(size=shape).astype(np.float32))

    def act(self, outputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Return numbers, of which the largest is the choice (..., n)."""
        return outputs + noise

    def drawn(self, outputs: torch.Tensor, actions: torch.Tensor, _noise: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the probability of actions that came of noise (...)."""
        return self.log_prob(outputs, actions)

    def log_prob(self, outputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the probability of actions (...)."""
        choice = actions.argmax(-1, keepdim=True)
        return outputs.log_softmax(-1).gather(-1, choice)[..., 0]

    def entropy(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the mean entropy of actions."""
        shares = outputs.log_softmax(-1)
        return -(shares.exp() * shares).sum(-1).mean()
