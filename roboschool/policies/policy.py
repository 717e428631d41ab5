"""Policies: anything with `reset(seed)` and `act(observation)`. Shipped ones are small networks that numpy runs."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from safetensors.numpy import save

from roboschool.errors import InvalidInput, check_choice, describe_error
from roboschool.paths import as_path, list_names, policies
from roboschool.plugins import find_class
from roboschool.policies.policy_source import NEEDED, check_class, find_module, is_class, refuse_source
from roboschool.readers import read_tensors
from roboschool.writers import replace

FORMAT = "roboschool-policy-1"
LARGEST = 16 * 2**20  # [bytes]
LARGEST_SUM = 1e38  # that a layer may come to; the largest 32-bit number is 3.4e38
SIGHT = 10.0  # normalised observations are clipped to this, either way
STILL, RANDOM, SCRIPTED = "still", "random", "scripted"  # those that every scene has; the last if it names one
WORDS = (STILL, RANDOM, SCRIPTED)
NUMBERS = ".safetensors"  # how the name of a file of numbers ends


class Policy(Protocol):
    """Chooses an agent's actions."""

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode. What is done in it may depend on nothing but `seed` and what is then observed."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (joints,) for an observation (n,)."""


AnyPolicy: TypeAlias = Policy | str | os.PathLike[str]  # an object, or what is written for one


class Still:
    """A policy that does nothing."""

    def __init__(self, joints: int) -> None:
        self.action = np.zeros(joints)

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return no torque (joints,)."""
        return self.action


class Random:
    """A policy that does anything."""

    def __init__(self, joints: int) -> None:
        self.joints = joints
        self.reset(0)

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""
        self.rng = np.random.default_rng(seed)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return any torque (joints,)."""
        return self.rng.uniform(-1.0, 1.0, self.joints)


class NetworkPolicy:
    """A network of tanh layers on a normalised observation; deterministic.

    Args:
        tensors: `mean` and `scale` (observation,), and for each layer i `layers.i.weight` (out, in) and
            `layers.i.bias` (out,).

    Raises:
        InvalidInput: the tensors do not fit together, or hold a number that is not finite, or could come to one.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray]) -> None:
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
        largest = SIGHT  # of what a layer is given
        for i, (weight, bias) in enumerate(self.layers):
            sums = np.abs(weight).sum(axis=1, dtype=float) * largest + np.abs(bias)
            if sums.max() > LARGEST_SUM:
                raise InvalidInput(f"layers.{i} can come to {sums.max():.3g}, more than {LARGEST_SUM:g}")
            largest = 1.0  # of a tanh

    def reset(self, seed: int | None = None) -> None:
        """Do nothing: nothing is remembered and nothing is random."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (joints,) for an observation (n,), or several for several.

        Raises:
            InvalidInput: the observation has another size than those the policy was trained on.
        """
        if observation.shape[-1:] != self.mean.shape:
            raise InvalidInput(f"the policy observes {len(self.mean)} numbers, not {observation.shape[-1:]}")
        with np.errstate(over="ignore", invalid="ignore"):  # what is infinite is clipped; nobody can act on a NaN
            x = np.minimum(np.maximum((observation - self.mean) * self.scale, -SIGHT), SIGHT)
        for weight, bias in self.layers[:-1]:
            x = np.tanh(x @ weight.T + bias)
        weight, bias = self.layers[-1]
        return np.minimum(np.maximum(x @ weight.T + bias, -1.0), 1.0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the policy as safetensors, to be read by `load_policy`.

        Raises:
            InvalidInput: the file cannot be written; what was there is as it was.
        """
        replace(Path(path), save(self.tensors, {"format": FORMAT}))


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


def check_policy(policy: Any, where: str) -> Policy:
    """Return a policy that has what a policy must have.

    Raises:
        InvalidInput: it has not.
    """
    if isinstance(policy, type):
        raise InvalidInput(f"{where}: {policy.__name__} is a class; give what it makes, {policy.__name__}()")
    missing = [method for method in NEEDED if not callable(getattr(policy, method.partition("(")[0], None))]
    if missing:
        raise InvalidInput(f"{where}: {type(policy).__name__} has no {' and no '.join(missing)}")
    checked: Policy = policy
    return checked


def as_policy(given: AnyPolicy, joints: int, scripted: str = "", where: str = "") -> Policy:
    """Return a policy that is given as an object, or written as `resolve` takes it.

    Args:
        given: the object, or what is written.
        joints: of the agent that it plays.
        scripted: what the scene itself names for this agent.
        where: what an error begins with.

    Raises:
        InvalidInput: it is no policy, or there is none of that name.
    """
    if not isinstance(given, str | os.PathLike):
        return check_policy(given, where)
    written = resolve(os.fspath(given), scripted, where)
    if written == STILL:
        return Still(joints)
    if written == RANDOM:
        return Random(joints)
    try:
        return load_policy(written)
    except InvalidInput as error:
        raise InvalidInput(f"{where}{': ' * bool(where)}{error}") from None


def resolve(written: str, scripted: str = "", where: str = "") -> str:
    """Return what is written for a policy so that it holds in any folder: a word, a file's path, or "module:Class".

    It may be "still", "random", or "scripted", a scene whose policy it is, a file of numbers, or "module:Class".
    Nothing of it runs: the text of a module is read to see whether the class can be a policy.

    Args:
        written: what is written.
        scripted: what the scene itself names for the agent that it plays.
        where: what an error begins with.

    Raises:
        InvalidInput: there is no such policy.
    """
    begin = where + ": " * bool(where)
    if written == SCRIPTED:
        if not scripted:
            raise InvalidInput(f"{begin}the scene names no policy for it, so it cannot be {SCRIPTED!r}")
        written = scripted
    if written in WORDS:
        return written
    refuse_source(written, begin)
    if is_class(written):
        check_class(written, begin)
        return written
    if written not in policies() and Path(written).suffix != NUMBERS and not os.path.isfile(written):
        check_choice(written, [*WORDS, *policies(), *list_names(Path(written).parent, NUMBERS)], "policy", where)
    return str(as_path(policies().get(written, written)))


def load_policy(path: str | os.PathLike[str], where: str = "") -> Policy:
    """Return a policy by the scene it comes with, by the path of its file, or as "package.module:Class".

    No code of a file runs: it is numbers only, written by `NetworkPolicy.save`. A class is made without arguments; its
    module may also be in the folder one stands in. An error about it begins with `where`.

    Raises:
        InvalidInput: the file is missing, too large, not safetensors, or not a policy; or there is no such class.
    """
    if isinstance(path, str) and is_class(path):
        where += ": " * bool(where)
        module = path.partition(":")[0]
        refuse_source(path, where)
        if find_module(module) is not None:
            check_class(path, where)
            if module not in sys.modules and find_module(module, sys.path) is None:
                sys.path.append(os.getcwd())  # to stay: worker processes look where we do
        cls: Any = find_class(where, "policy", path, {}, object)
        try:
            made = cls()
        except Exception as error:  # whatever a class of somebody's own does
            raise InvalidInput(
                f"{where}policy {path!r} cannot be made without arguments: {describe_error(error)}"
            ) from error
        return check_policy(made, f"{where}policy {path!r}")
    return read_network(path)


def read_network(path: str | os.PathLike[str]) -> NetworkPolicy:
    """Read a policy that `NetworkPolicy.save` wrote, or the one that comes with a scene, by the scene's name.

    Raises:
        InvalidInput: the file is missing, too large, not safetensors, or not a policy.
    """
    file = as_path(policies().get(str(path), path))
    remarks, tensors = read_tensors(file, LARGEST, policies() if file.suffix != NUMBERS else ())
    if remarks.get("format") != FORMAT:
        raise InvalidInput(f"{file}: its format is {remarks.get('format')!r:.80}, not {FORMAT!r}")
    try:
        return NetworkPolicy(tensors)
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}") from None
