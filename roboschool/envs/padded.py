"""Environments of robots with different numbers of joints as rows of one batch, padded to the most joints."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict, MultiBinary
from gymnasium.vector import AutoresetMode
from gymnasium.vector import VectorEnv as GymnasiumVectorEnv
from gymnasium.vector.utils import batch_space

from roboschool.envs.padding import Padding
from roboschool.envs.spaces import check_count, vector_space
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput, check_choice
from roboschool.importing.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.scenes.shapes import group_by_shape
from roboschool.simulation.actions import as_numbers

TRUNK, JOINTS, MASK = "trunk", "joints", "mask"
MODES = (AutoresetMode.NEXT_STEP.value, AutoresetMode.SAME_STEP.value)


class PaddedVectorEnv(GymnasiumVectorEnv[dict[str, np.ndarray], np.ndarray, np.ndarray]):
    """Environments of scenes with one agent, whose robots may differ in their joints.

    Row i is a world of scene `i % len(scenes)`. An observation is a dict: "trunk" (rows, t) has the numbers that all
    robots have, "joints" (rows, n, k) those of each joint and of the link that it moves, in the order of actions, and
    "mask" (rows, n) is 1 where there is a joint. Where there is none, observations are zero and actions are ignored.
    `padding` tells the names of all numbers. The rows have the same bits as in a `VectorEnv` of their scene.

    Args:
        scenes: their names, paths of their files, or `Scene`s; a `VectorEnv` holds those that differ only in numbers.
        num_envs: number of rows; at least one for each scene.
        autoreset_mode: "NextStep" or "SameStep", as of a `VectorEnv`.
        options: others of each `VectorEnv`: `num_workers`, `num_threads`, `max_episode_steps`, `timeout`.

    Raises:
        InvalidInput: a scene or an option is unknown or wrong, or scenes differ in more than joints and numbers.
    """

    def __init__(
        self,
        scenes: Sequence[str | Scene],
        num_envs: int,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        **options: Any,
    ) -> None:
        self.closed = True  # there is nothing to close yet
        found = [each if isinstance(each, Scene) else load_scene(each) for each in scenes]
        if check_count("num_envs", num_envs) < len(found) or not found:
            raise InvalidInput(f"scenes: {len(found)} of them for {num_envs} rows")
        if several := [scene.name for scene in found if len(scene.agents) > 1]:
            raise InvalidInput(f"scene {several[0]!r}: it has several agents, whose joints are no rows of one batch")
        self.num_envs = num_envs
        self.padding = padding = Padding.of(found)
        mode = check_choice(getattr(autoreset_mode, "value", autoreset_mode), MODES, "autoreset_mode")
        groups = group_by_shape(found)
        turn = np.arange(num_envs) % len(found)
        self._rows = [np.flatnonzero(np.isin(turn, group)) for group in groups]
        self._joints = [len(found[group[0]].agents[0].robot.joints) for group in groups]
        self._places = [padding.places(found[group[0]]) for group in groups]
        self._mask = np.zeros((num_envs, padding.joints), np.int8)
        for rows, joints in zip(self._rows, self._joints, strict=True):
            self._mask[rows, :joints] = 1
        self.single_observation_space = _space(padding, found)
        self.single_action_space = Box(-1.0, 1.0, (padding.joints,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.envs: list[VectorEnv] = []  # one for each group of scenes of the same shapes
        try:
            for group, rows in zip(groups, self._rows, strict=True):
                own = [found[number] for number in group]
                env = VectorEnv(own if len(own) > 1 else own[0], len(rows), autoreset_mode=mode, **options)
                self.envs.append(env)
        finally:
            self.closed = False
            if len(self.envs) < len(groups):
                self.close()
        self.metadata = self.envs[0].metadata
        self.autoreset_mode = self.envs[0].autoreset_mode

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Begin an episode in every row.

        Args:
            seed: of the first row, the next having the next number; or one for each row.
            options: of the reset of all rows.

        Returns:
            The observations and the info.

        Raises:
            InvalidInput: a seed or an option is wrong, or there is not a seed for each row.
        """
        seeds = list(range(seed, seed + self.num_envs)) if isinstance(seed, int | np.integer) else seed
        if seeds is not None and len(seeds) != self.num_envs:
            raise InvalidInput(f"seed: {len(seeds)} seeds for {self.num_envs} rows")
        found = [
            env.reset(seed=None if seeds is None else [seeds[row] for row in rows.tolist()], options=options)
            for env, rows in zip(self.envs, self._rows, strict=True)
        ]
        forms = [self._form(own, places) for (own, _), places in zip(found, self._places, strict=True)]
        infos = [info for _, info in found]
        return self._merge(forms) | {MASK: self._mask.copy()}, self._merge(infos)

    def step(
        self, actions: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Act in every row for one timestep.

        Args:
            actions: (rows, n), clipped to -1 and 1; those without a joint are ignored.

        Returns:
            Observations, rewards, terminations and truncations (rows,), and the info, as of a `VectorEnv`.

        Raises:
            InvalidInput: the actions have the wrong shape or are not finite; nothing has moved then.
        """
        given = as_numbers("actions", actions, self._mask.shape)
        if not np.isfinite(given[self._mask == 1]).all():
            raise InvalidInput("actions: one is not finite")
        for env, rows, joints in zip(self.envs, self._rows, self._joints, strict=True):
            env.send(given[rows, :joints])
        results = []
        for env, places in zip(self.envs, self._places, strict=True):
            observation, reward, terminated, truncated, info = env.recv()[1:]
            for row in np.flatnonzero(info.get("_final_obs", ())):
                last = self._form(info["final_obs"][row][None], places)
                info["final_obs"][row] = {name: part[0] for name, part in last.items()}
            flags = {"reward": reward, "terminated": terminated, "truncated": truncated}
            results.append({"observation": self._form(observation, places), **flags, "info": info})
        whole = self._merge(results)
        observations = whole["observation"] | {MASK: self._mask.copy()}
        return observations, whole["reward"], whole["terminated"], whole["truncated"], whole["info"]

    def close_extras(self, **kwargs: Any) -> None:
        """Close the envs of all scenes."""
        for env in self.envs:
            env.close()

    def _form(self, observations: np.ndarray, places: np.ndarray) -> dict[str, np.ndarray]:
        """Return observations of robots with the same joints (rows, n) as trunks and tables of joints."""
        trunk, shape = len(self.padding.trunk), (self.padding.joints, len(self.padding.columns))
        flat = np.zeros((len(observations), trunk + shape[0] * shape[1]), np.float32)
        flat[:, places] = observations
        return {TRUNK: flat[:, :trunk], JOINTS: flat[:, trunk:].reshape(-1, *shape)}

    def _merge(self, parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return arrays by name, one of the rows of each env, as those of all rows."""
        whole: dict[str, Any] = {}
        for part, rows in zip(parts, self._rows, strict=True):
            _put(whole, part, rows, self.num_envs)
        return whole


def _put(whole: dict[str, Any], part: dict[str, Any], rows: np.ndarray, count: int) -> None:
    """Write some rows of arrays; rows that nothing is written to are zero, or None."""
    for name, value in part.items():
        if isinstance(value, dict):
            _put(whole.setdefault(name, {}), value, rows, count)
        else:
            blank = None if value.dtype == object else 0
            whole.setdefault(name, np.full((count, *value.shape[1:]), blank, value.dtype))[rows] = value


def _space(padding: Padding, scenes: Sequence[Scene]) -> Dict:
    """Return the space of an observation."""
    trunk, shape = len(padding.trunk), (padding.joints, len(padding.columns))
    low, high = np.zeros((2, trunk + shape[0] * shape[1]), np.float32)
    for scene in scenes:
        own, places = vector_space(scene, scene.agents[0]), padding.places(scene)
        low[places], high[places] = np.minimum(low[places], own.low), np.maximum(high[places], own.high)
    return Dict(
        {
            TRUNK: Box(low[:trunk], high[:trunk], dtype=np.float32),
            JOINTS: Box(low[trunk:].reshape(shape), high[trunk:].reshape(shape), dtype=np.float32),
            MASK: MultiBinary(padding.joints),
        }
    )
