"""Many copies of a scene as a Stable-Baselines3 `VecEnv`. The package itself does not need that library."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from roboschool.envs.vector import VectorEnv
from roboschool.files import InvalidInput
from roboschool.scene import Scene


class SB3VecEnv(VecEnv):
    """Rows of a `VectorEnv`, as Stable-Baselines3 steps them.

    The infos have the terms of the reward by name, as `AgentEnv.step` has them. Those of an episode that has ended
    are of its last step, and have `terminal_observation` and `TimeLimit.truncated` as well.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        num_envs: how many rows: copies, times the agents played.
        num_workers: how many processes share the copies; 0: all are in this process.
        arguments: those of `VectorEnv`, but when a new episode begins: at once, as Stable-Baselines3 wants it.

    Raises:
        InvalidInput: an argument is unknown or wrong.
    """

    def __init__(self, scene: str | Scene, num_envs: int = 1, num_workers: int = 0, **arguments: Any) -> None:
        if "autoreset_mode" in arguments:
            raise InvalidInput("autoreset_mode: Stable-Baselines3 wants a new episode to begin at once")
        mode = AutoresetMode.SAME_STEP
        self.envs = VectorEnv(scene, num_envs, num_workers, autoreset_mode=mode, **arguments)
        super().__init__(num_envs, self.envs.single_observation_space, self.envs.single_action_space)

    def reset(self) -> np.ndarray:
        """Begin an episode in every row, as `seed` and `set_options` have it; return the observations (rows, n)."""
        observation, info = self.envs.reset(seed=self._seeds[: self.envs.copies], options=self._options[0])
        self.reset_infos = _by_row(info, self.num_envs)
        self._reset_seeds()
        self._reset_options()
        return observation

    def step_async(self, actions: np.ndarray) -> None:
        """Let all rows act (rows, joints)."""
        self.envs.send(actions)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Return observations (rows, n), rewards and ends of episodes (rows,), and an info for each row."""
        _, observation, reward, terminated, truncated, info = self.envs.recv()
        infos = _by_row(info, self.num_envs)
        done = terminated | truncated
        if done.any():
            last = _by_row(info["final_info"], self.num_envs)
            for row in np.flatnonzero(done):
                infos[row] = last[row] | {
                    "terminal_observation": info["final_obs"][row],
                    "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                }
        return observation, reward.astype(np.float32), done, infos

    def close(self) -> None:
        """Free all worlds, and end all workers."""
        self.envs.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return a picture of every copy, if `render_mode` is "rgb_array"."""
        return self.envs.render() or ()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute of the `VectorEnv`, for each of some rows.

        Raises:
            AttributeError: it has none of that name.
        """
        return [getattr(self.envs, attr_name) for _ in self._rows(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refuse: rows are not objects.

        Raises:
            InvalidInput: always.
        """
        raise InvalidInput(f"{attr_name!r} cannot be set: rows are not envs of their own; give it when you make them")

    def env_method(self, method_name: str, *arguments: Any, indices: Any = None, **named: Any) -> list[Any]:
        """Refuse: rows are not objects.

        Raises:
            InvalidInput: always.
        """
        raise InvalidInput(f"{method_name!r} cannot be called: rows are not envs of their own")

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        """Return that no row is wrapped; wrap the whole, as with `VecMonitor`."""
        return [False for _ in self._rows(indices)]

    def _rows(self, indices: Any) -> Iterable[int]:
        return self._get_indices(indices)


def _by_row(info: dict[str, Any], rows: int) -> list[dict[str, Any]]:
    """Return an info for each row."""
    names = [name for name in info if f"_{name}" in info and not name.startswith("final_")]
    whole = [name for name in names if info[f"_{name}"].all()]
    table = zip(*(info[name].tolist() for name in whole), strict=True)
    by_row = [dict(zip(whole, values, strict=True)) for values in table] or [{} for _ in range(rows)]
    for name in set(names).difference(whole):
        for row in np.flatnonzero(info[f"_{name}"]):
            by_row[row][name] = info[name][row]
    return by_row
