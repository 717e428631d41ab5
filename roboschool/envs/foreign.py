"""Environments of other packages, by their Gymnasium id: what training, evaluation and pictures need of a scene.

Observations must be one row of numbers or one of several cases; actions one row of bounded numbers, or one of several
choices. A policy acts in -1 to 1, which is scaled to the bounds; among choices, the largest number decides.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete, flatdim, flatten

from roboschool.envs.agent import AgentEnv
from roboschool.errors import InvalidInput, describe_error
from roboschool.importing.loader import load_scene
from roboschool.policies.interface import Interface
from roboschool.rendering.video import fit_picture
from roboschool.scenes.scene import Scene

IDENTITY = re.compile(r"(?!roboschool/)([A-Za-z0-9_]+/)?(?!Roboschool)[A-Za-z0-9_.-]+-v[0-9]{1,9}")
LIMIT = 1000  # steps of an episode, where an environment sets no limit
MOST_STEPS = 100_000  # of an episode
MOST_NUMBERS = 4096  # of an observation or an action
FPS = 30.0  # where an environment does not say
AGENT = "agent_0"
SIMULATORS = ("mujoco", "box2d", "ale")  # that Gymnasium's own environments need, as their modules are called


@dataclass(frozen=True)
class ForeignAgent:
    """The agent of such an environment."""

    name: str = AGENT
    policy: str = ""  # none comes with it


@dataclass(frozen=True)
class ForeignScene:
    """Such an environment, described as a `Scene` is."""

    id: str
    options: dict[str, Any]  # keyword arguments of the environment
    steps: int  # of an episode at most
    timestep: float  # between two pictures [s]
    observed: int  # numbers of an observation
    driven: int  # numbers of an action, or choices
    discrete: bool  # whether it is choices
    threshold: float | None = None  # return from which it counts as solved
    agents: tuple[ForeignAgent, ...] = field(default=(ForeignAgent(),))
    path: str = ""  # no file
    terrain: None = None

    @property
    def name(self) -> str:
        """Its id."""
        return self.id

    def interface(self) -> Interface:
        """Return the names of what an agent observes and drives; they are numbered, as Gymnasium has no names."""
        fields = tuple(f"observation {number}" for number in range(self.observed))
        kind = "choice" if self.discrete else "action"
        return Interface(fields, tuple(f"{kind} {number}" for number in range(self.driven)), self.discrete)

    def make(self, **rendering: Any) -> Any:
        """Return the environment itself.

        Raises:
            InvalidInput: it cannot be made.
        """
        return _make(self.id, self.options | rendering, self.steps)


AnyScene: TypeAlias = Scene | ForeignScene


def is_foreign(name: object) -> bool:
    """Return whether a name is a Gymnasium id of another package."""
    return isinstance(name, str) and IDENTITY.fullmatch(name) is not None


def open_scene(name: Any, **options: Any) -> AnyScene:
    """Return a scene by its name, its id or the path of its file, or an environment of another package by its id.

    Args:
        name: of it.
        options: that override keys of a scene's file; keyword arguments of another package's environment.

    Raises:
        InvalidInput: there is none, or it is not installed, or an option is wrong, or its spaces do not fit.
    """
    return describe_foreign(name, options) if is_foreign(name) else load_scene(name, **options)


def open_env(scene: str | AnyScene, **rendering: Any) -> "AgentEnv | ForeignEnv":
    """Return an env of a scene with one agent that acts; `rendering` is as `AgentEnv` takes it."""
    found = open_scene(scene) if isinstance(scene, str) else scene
    return ForeignEnv(found, **rendering) if isinstance(found, ForeignScene) else AgentEnv(found, **rendering)


def interface_of(scene: AnyScene, name: str = "") -> Interface:
    """Return what an agent of a scene, the first if no name is given, observes and drives."""
    if isinstance(scene, ForeignScene):
        return scene.interface()
    return scene.interface(next(agent for agent in scene.agents if name in ("", agent.name)))


def describe_foreign(name: str, options: dict[str, Any]) -> ForeignScene:
    """Return the description of an environment of another package.

    Raises:
        InvalidInput: it is not installed, or an option is wrong, or its spaces do not fit.
    """
    if taken := sorted({"render_mode", "variant", "vectorization_mode", "wrappers"} & set(options)):
        raise InvalidInput(f"{name}: {taken[0]!r} is no option of an environment of another package")
    env = _make(name, options, None)
    try:
        seen, driven = env.observation_space, env.action_space
        steps, threshold = env.spec.max_episode_steps or LIMIT, env.spec.reward_threshold
        fps = float(env.metadata.get("render_fps") or FPS)
    finally:
        env.close()
    for what, space in (("observations", seen), ("actions", driven)):
        if not isinstance(space, Discrete) and not (isinstance(space, Box) and len(space.shape) == 1):
            raise InvalidInput(f"{name}: its {what} are {space!s:.200}, not one row of numbers, and not Discrete")
        if flatdim(space) > MOST_NUMBERS:
            raise InvalidInput(f"{name}: its {what} are {flatdim(space)} numbers, more than {MOST_NUMBERS}")
    if isinstance(driven, Box) and not driven.is_bounded():
        raise InvalidInput(f"{name}: its actions are {driven!s:.200}, and have no bounds")
    if steps > MOST_STEPS:
        raise InvalidInput(f"{name}: its episodes have up to {steps} steps, more than {MOST_STEPS}")
    return ForeignScene(
        name, dict(options), steps, 1.0 / fps, flatdim(seen), flatdim(driven), isinstance(driven, Discrete), threshold
    )


def _make(name: str, options: dict[str, Any], steps: int | None) -> Any:
    try:
        spec: Any = gymnasium.spec(name)
        if spec.max_episode_steps is None and "max_episode_steps" not in options:
            options = {"max_episode_steps": steps or LIMIT, **options}
        return gymnasium.make(name, disable_env_checker=True, **options)
    except Exception as error:  # of any package
        raise InvalidInput(f"environment {name!r} cannot be made: {describe_error(error)}") from None


def find_packages(name: str) -> list[str]:
    """Return the distributions of packages on which the bits of an environment depend, as far as one can tell."""
    entry = str(gymnasium.spec(name).entry_point)
    wanted = {entry.partition(".")[0], *(part for part in SIMULATORS if part in entry.split(":")[0].lower())}
    owners = metadata.packages_distributions()
    return sorted({owner for module, names in owners.items() if module.lower() in wanted for owner in names})


class ForeignEnv(gymnasium.Env[np.ndarray, Any]):
    """An environment of another package with the face of an `AgentEnv`.

    Args:
        scene: its description.
        render_mode: None or "rgb_array".
        width: of a picture [pixels].
        height: of a picture [pixels].

    Raises:
        InvalidInput: it cannot be made.
    """

    def __init__(
        self, scene: ForeignScene, render_mode: str | None = None, width: int = 600, height: int = 400
    ) -> None:
        self.scene, self.render_mode, self._size = scene, render_mode, (width, height)
        self.env = scene.make(**({} if render_mode is None else {"render_mode": render_mode}))
        self.observation_space, self.action_space = self.env.observation_space, self.env.action_space
        self._last = b""  # what the last step has led to

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode; return the observation (n,) and the info."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._flat(observation), dict(info)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act for one timestep.

        Args:
            action: numbers (n,), clipped to -1 and 1; or a choice, or numbers of which the largest is the choice.

        Returns:
            Observation, reward, whether it has terminated, whether it is truncated, and the info.

        Raises:
            InvalidInput: the action does not fit.
        """
        given = np.asarray(action)
        if given.shape != (self.scene.driven,) and not (self.scene.discrete and given.shape == ()):
            raise InvalidInput(f"{self.scene.id}: an action has the shape {given.shape}, not ({self.scene.driven},)")
        if not np.isfinite(given).all():
            raise InvalidInput(f"{self.scene.id}: an action holds a number that is not finite")
        observation, reward, terminated, truncated, info = self.env.step(self._own_action(given))
        flat = self._flat(observation)
        self._last = flat.tobytes() + np.float64(reward).tobytes()
        return flat, float(reward), bool(terminated), bool(truncated), dict(info)

    def _own_action(self, given: np.ndarray) -> Any:
        """Return an action as the environment takes it."""
        space = self.action_space
        if isinstance(space, Discrete):
            return int(space.start) + int(given.argmax() if given.ndim else given)
        assert isinstance(space, Box)
        share = (np.clip(given, -1.0, 1.0) + 1.0) / 2.0
        return (space.low + share * (space.high - space.low)).astype(space.dtype)

    def _flat(self, observation: Any) -> np.ndarray:
        return np.asarray(flatten(self.observation_space, observation), np.float32)

    def fingerprint(self) -> str:
        """Return a hash of what the last step has led to, as far as it is seen from outside."""
        return hashlib.sha256(self._last).hexdigest()

    def render(self) -> Any:
        """Return a picture (height, width, 3).

        Raises:
            InvalidInput: the environment cannot draw one here.
        """
        try:
            picture = np.asarray(self.env.render())
        except Exception as error:  # of any package
            raise InvalidInput(f"{self.scene.id}: no picture: {describe_error(error)}") from None
        return fit_picture(picture, *self._size)

    def frame(self) -> Callable[[], np.ndarray]:
        """Return what draws this step."""
        return functools.partial(np.asarray, self.render())

    def close(self) -> None:
        """Free the environment."""
        self.env.close()


class ForeignBatch:
    """Several copies of an environment of another package, with what `Episodes` needs of a `VectorEnv`.

    Raises:
        InvalidInput: it cannot be made.
    """

    agents: tuple[str, ...] = (AGENT,)

    def __init__(self, scene: ForeignScene, copies: int) -> None:
        self.scene, self.copies, self.num_envs = scene, copies, copies
        self.envs = [ForeignEnv(scene) for _ in range(copies)]
        self.observation = np.zeros((copies, scene.observed), np.float32)
        self._sent: dict[int, np.ndarray] = {}  # actions by copy

    def reset(self, *, seed: Sequence[int | None], options: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in the copies of `reset_mask`; return the observations of all and the info."""
        for copy in np.flatnonzero(options["reset_mask"]).tolist():
            self.observation[copy], _ = self.envs[copy].reset(seed=seed[copy])
        return self.observation.copy(), {}

    def send(self, actions: np.ndarray, copies: Sequence[int] | np.ndarray) -> None:
        """Let some copies act; `recv` returns what comes of it."""
        self._sent = dict(zip(map(int, copies), actions, strict=True))

    def recv(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Return the copies, and their observations, rewards, terminations, truncations and info."""
        results = [self.envs[copy].step(action) for copy, action in self._sent.items()]
        observation, reward, terminated, truncated, _ = zip(*results, strict=True)
        copies = np.array(list(self._sent))
        self.observation[copies] = observation
        return copies, self.observation[copies], np.array(reward), np.array(terminated), np.array(truncated), {}

    def close(self) -> None:
        """Free all copies."""
        for env in self.envs:
            env.close()
