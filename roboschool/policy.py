"""Policies: anything with `reset(seed)` and `act(observation)`. Shipped ones are small networks that numpy runs."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from roboschool.files import InvalidInput, nearest, policies
from roboschool.parts import find_class

FORMAT = "roboschool-policy-1"
LARGEST = 16 * 2**20  # [bytes]
SIGHT = 10.0  # normalised observations are clipped to this, either way


class Policy(Protocol):
    """Chooses an agent's actions."""

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode. What is done in it may depend on nothing but `seed` and what is then observed."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (joints,) for an observation (n,)."""


class NetworkPolicy:
    """A network of tanh layers on a normalised observation; deterministic.

    Args:
        tensors: `mean` and `scale` (observation,), and for each layer i `layers.i.weight` (out, in) and
            `layers.i.bias` (out,).

    Raises:
        InvalidInput: the tensors do not fit together, or hold a number that is not finite.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray]) -> None:
        self.tensors = {name: np.asarray(value, dtype=np.float32) for name, value in tensors.items()}
        depth = sum(name.endswith(".weight") for name in tensors)
        names = [f"layers.{i}.{part}" for i in range(depth) for part in ("weight", "bias")]
        if not depth or sorted(tensors) != sorted(["mean", "scale", *names]):
            raise InvalidInput(f"a policy holds mean, scale and layers, not {sorted(tensors)}")
        for name, value in self.tensors.items():
            if not np.isfinite(value).all():
                raise InvalidInput(f"{name} holds a number that is not finite")
        self.mean, self.scale = self.tensors["mean"], self.tensors["scale"]
        self.layers = [(self.tensors[f"layers.{i}.weight"], self.tensors[f"layers.{i}.bias"]) for i in range(depth)]
        sizes = [self.mean.shape, *(bias.shape for _, bias in self.layers)]
        for i, (weight, _) in enumerate(self.layers):
            if weight.shape != (*sizes[i + 1], *sizes[i]):
                raise InvalidInput(f"layers.{i}.weight has shape {weight.shape}, not {(*sizes[i + 1], *sizes[i])}")

    def reset(self, seed: int | None = None) -> None:
        """Do nothing: nothing is remembered and nothing is random."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (joints,) for an observation (n,), or several for several.

        Raises:
            InvalidInput: the observation has another size than those the policy was trained on.
        """
        if observation.shape[-1:] != self.mean.shape:
            raise InvalidInput(f"the policy observes {len(self.mean)} numbers, not {observation.shape[-1:]}")
        x = np.clip((observation - self.mean) * self.scale, -SIGHT, SIGHT)
        for weight, bias in self.layers[:-1]:
            x = np.tanh(x @ weight.T + bias)
        weight, bias = self.layers[-1]
        return np.clip(x @ weight.T + bias, -1.0, 1.0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the policy as safetensors, to be read by `load_policy`."""
        save_file(self.tensors, path, {"format": FORMAT})


def check_policy(policy: Any, where: str) -> Policy:
    """Return a policy that has what a policy must have.

    Raises:
        InvalidInput: it has not.
    """
    if not callable(getattr(policy, "act", None)) or not callable(getattr(policy, "reset", None)):
        raise InvalidInput(f"{where}: {policy!r} has no reset(seed) and act(observation)")
    checked: Policy = policy
    return checked


def load_policy(path: str | os.PathLike[str], where: str = "") -> Policy:
    """Return a policy by the scene it comes with, by the path of its file, or as "package.module:Class".

    No code of a file runs: it is numbers only, written by `NetworkPolicy.save`. A class is made without arguments; an
    error about it begins with `where`.

    Raises:
        InvalidInput: the file is missing, too large, not safetensors, or not a policy; or there is no such class.
    """
    if isinstance(path, str) and ":" in path and not Path(path).exists():
        where += ": " * bool(where)
        cls: Any = find_class(where, "policy", path, {}, object)
        try:
            made = cls()
        except TypeError as error:
            raise InvalidInput(f"{where}policy {path!r} cannot be made without arguments: {error}") from None
        return check_policy(made, f"{where}policy {path!r}")
    return read_network(path)


def read_network(path: str | os.PathLike[str]) -> NetworkPolicy:
    """Read a policy that `NetworkPolicy.save` wrote, or the one that comes with a scene, by the scene's name.

    Raises:
        InvalidInput: the file is missing, too large, not safetensors, or not a policy.
    """
    file = policies().get(str(path), Path(path))
    if not file.is_file():
        beside = [p.name for p in file.parent.glob("*.safetensors")]
        raise InvalidInput(f"{file}: no such file{nearest(file.name, [*beside, *policies()])}")
    if file.stat().st_size > LARGEST:
        raise InvalidInput(f"{file}: {file.stat().st_size} bytes, more than {LARGEST}")
    try:
        with safe_open(file, "numpy") as opened:
            given = (opened.metadata() or {}).get("format")
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it has no iterator
    except (SafetensorError, TypeError, ValueError) as error:
        raise InvalidInput(f"{file}: not a safetensors file: {error}") from None
    if given != FORMAT:
        raise InvalidInput(f"{file}: its format is {given!r}, not {FORMAT!r}")
    try:
        return NetworkPolicy(tensors)
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}") from None
