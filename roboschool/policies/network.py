"""Policies as numbers: small networks in safetensors files, which numpy runs. No code of a file runs."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.paths import as_path
from roboschool.policies.interface import Interface
from roboschool.readers import read_json, read_tensors
from roboschool.writers import write_tensors

SUFFIX = ".safetensors"
CARD_SUFFIX = ".json"  # of the file beside a policy, which says how it was trained
UNNAMED = Interface()
FORMAT = "roboschool-policy-1"
DISCRETE = f"{FORMAT} discrete"  # the format where an action is one of several choices
LARGEST = 16 * 2**20  # [bytes]
LARGEST_SUM = 1e38  # of the inputs of a unit, weighted; the largest 32-bit number is 3.4e38
OBSERVATION_LIMIT = 10.0  # normalised observations are clipped to this, either way


class NetworkPolicy:
    """A network of tanh layers on a normalised observation; deterministic.

    Args:
        tensors: `mean` and `scale` (observation,), and for each layer i `layers.i.weight` (out, in) and
            `layers.i.bias` (out,).
        interface: names of what it observes and drives; None if they are unknown.
        file: where it is from, for messages; empty: from none.
        discrete: whether its last layer has a number for each choice, of which the largest decides.

    Raises:
        InvalidInput: the tensors do not fit together, or hold a number that is not finite, or could come to one; or the
            names are not as many as the numbers.
    """

    def __init__(
        self,
        tensors: Mapping[str, np.ndarray],
        interface: Interface | None = None,
        file: str = "",
        discrete: bool = False,
    ) -> None:
        self.interface, self.file, self.discrete = interface, file, discrete
        self.tensors = {name: _as_floats(name, value) for name, value in tensors.items()}
        depth = sum(name.endswith(".weight") for name in tensors)
        names = [f"layers.{i}.{part}" for i in range(depth) for part in ("weight", "bias")]
        if not depth or sorted(tensors) != sorted(["mean", "scale", *names]):
            raise InvalidInput(f"a policy holds mean, scale and layers, not {sorted(tensors)}")
        self.mean, self.scale = self.tensors["mean"], self.tensors["scale"]
        self.layers = [(self.tensors[f"layers.{i}.weight"], self.tensors[f"layers.{i}.bias"]) for i in range(depth)]
        for name in ("mean", *names[1::2]):
            if self.tensors[name].ndim != 1 or not self.tensors[name].size:
                raise InvalidInput(f"{name} has shape {self.tensors[name].shape}, not (n,) with n from 1 up")
        sizes = [len(self.mean), *(len(bias) for _, bias in self.layers)]
        shapes = {f"layers.{i}.weight": (sizes[i + 1], sizes[i]) for i in range(depth)}
        for name, shape in (shapes | {"scale": self.mean.shape}).items():
            if self.tensors[name].shape != shape:
                raise InvalidInput(f"{name} has shape {self.tensors[name].shape}, not {shape}")
        largest = OBSERVATION_LIMIT  # input of the layer
        for i, (weight, bias) in enumerate(self.layers):
            sums = np.abs(weight).sum(axis=1, dtype=float) * largest + np.abs(bias)
            if sums.max() > LARGEST_SUM:
                raise InvalidInput(f"layers.{i} can come to {sums.max():.3g}, more than {LARGEST_SUM:g}")
            largest = 1.0  # output of a tanh
        if interface is not None and (len(interface.fields), len(interface.actuators)) != (sizes[0], sizes[-1]):
            raise InvalidInput(
                f"{len(interface.fields)} fields and {len(interface.actuators)} actuators are named for a policy that"
                f" observes {sizes[0]} numbers and drives {sizes[-1]} actuators"
            )

    @property
    def joints(self) -> int:
        """Numbers in an action."""
        return len(self.layers[-1][1])

    def reset(self, seed: int | None = None) -> None:
        """Do nothing: the network has no memory and no randomness."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (joints,) for an observation (n,), or several for several; a choice if it is discrete.

        Raises:
            InvalidInput: the observation has another size than those the policy was trained on.
        """
        if observation.shape[-1:] != self.mean.shape:
            raise InvalidInput(f"the policy observes {len(self.mean)} numbers, not {observation.shape[-1:]}")
        with np.errstate(over="ignore", invalid="ignore"):  # infinity is clipped; a NaN is refused as an action
            x = np.minimum(np.maximum((observation - self.mean) * self.scale, -OBSERVATION_LIMIT), OBSERVATION_LIMIT)
        for weight, bias in self.layers[:-1]:
            x = np.tanh(x @ weight.T + bias)
        weight, bias = self.layers[-1]
        output = x @ weight.T + bias
        return np.asarray(output.argmax(axis=-1)) if self.discrete else np.minimum(np.maximum(output, -1.0), 1.0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the policy as safetensors, to be read by `load_policy`.

        Raises:
            InvalidInput: the file cannot be written; the old file is unchanged.
        """
        write_tensors(Path(path), self.tensors, {"format": DISCRETE if self.discrete else FORMAT})


def _as_floats(name: str, value: Any) -> np.ndarray:
    """Return an array of finite 32-bit numbers.

    Raises:
        InvalidInput: it holds something else.
    """
    try:
        given = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name} is not an array of numbers: {error}") from None
    if given.dtype.kind not in "fiub":
        raise InvalidInput(f"{name} is of {given.dtype}, not an array of numbers")
    with np.errstate(over="ignore"):  # to what is infinite
        floats = given.astype(np.float32)
    if not np.isfinite(floats).all():
        raise InvalidInput(f"{name} holds a number that is not finite")
    return floats


def read_network(path: str | os.PathLike[str]) -> NetworkPolicy:
    """Read a file that `NetworkPolicy.save` wrote, and the names in the JSON file beside it, if there are any.

    Raises:
        InvalidInput: the file is missing, too large, not safetensors, or not a policy; or the JSON file is wrong.
    """
    file = as_path(path)
    metadata, tensors = read_tensors(file, LARGEST)
    if metadata.get("format") not in (FORMAT, DISCRETE):
        raise InvalidInput(f"{file}: its format is {metadata.get('format')!r:.80}, not {FORMAT!r}")
    card = file.with_suffix(CARD_SUFFIX)
    interface: Interface = read_json(card, Interface) if os.path.exists(card) else UNNAMED
    discrete = metadata["format"] == DISCRETE
    try:
        return NetworkPolicy(tensors, None if interface == UNNAMED else interface, str(file), discrete)
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}") from None
