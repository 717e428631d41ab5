"""Many copies of a scene as a Stable-Baselines3 `VecEnv`, and self-play. The package does not need that library."""

import copy
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.distributions import DiagGaussianDistribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.spaces import check_count
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.policies.network import NetworkPolicy
from roboschool.policies.opponent_pool import OpponentPool
from roboschool.policies.resolve import check_fit
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.info import COSTS, RANDOMIZED
from roboschool.tournament.match import play, team_names
from roboschool.tournament.payoff import check_faults, make_team

TABLES = (COSTS.rstrip("/"), RANDOMIZED.rstrip("/"))  # of infos: numbers by name


class SB3VecEnv(VecEnv):
    """Rows of a `VectorEnv`, as Stable-Baselines3 steps them.

    The infos have the terms of the reward by name, as `AgentEnv.step` has them. Those of an episode that has ended
    are of its last step, and have `terminal_observation` and `TimeLimit.truncated` as well.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        num_envs: number of rows: worlds times controlled agents.
        num_workers: number of processes that share the worlds; 0: all are in this process.
        arguments: those of `VectorEnv`, except `autoreset_mode`: Stable-Baselines3 needs "SameStep".

    Raises:
        InvalidInput: an argument is unknown or wrong.
    """

    def __init__(self, scene: str | Scene, num_envs: int = 1, num_workers: int = 0, **arguments: Any) -> None:
        if "autoreset_mode" in arguments:
            raise InvalidInput("autoreset_mode: Stable-Baselines3 wants a new episode to begin at once")
        mode = AutoresetMode.SAME_STEP
        self.envs = VectorEnv(scene, num_envs, num_workers, autoreset_mode=mode, **arguments)
        super().__init__(num_envs, self.envs.single_observation_space, self.envs.single_action_space)

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Give the next reset options of the scene's game: one dict for all rows, or one for each.

        Raises:
            InvalidInput: there is not one for each row, or agents of one world have different ones.
        """
        if isinstance(options, list):
            if len(options) != self.num_envs:
                raise InvalidInput(f"options: {len(options)} dicts for {self.num_envs} rows")
            agents = len(self.envs.agents)
            for row, given in enumerate(options):
                first = row - row % agents  # of the same world
                if given != options[first]:
                    raise InvalidInput(f"options: rows {first} and {row} share a world, and their options differ")
        super().set_options(options)

    def reset(self) -> np.ndarray:
        """Begin an episode in every row, as `seed` and `set_options` have it; return the observations (rows, n)."""
        copies, agents = self.envs.copies, len(self.envs.agents)
        observation: np.ndarray
        observation, info = self.envs.reset(seed=self._seeds[:copies], options=self._options[::agents])
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
        agents, values = len(self.envs.agents), self.envs.get_attr(attr_name)
        return [values[row // agents] for row in self._rows(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set `randomize`, ranges of what the scene randomizes, for some rows; agents of one world share them.

        Raises:
            InvalidInput: it is another name, or a range is wrong.
        """
        chosen = {row // len(self.envs.agents) for row in self._rows(indices)}
        self.envs.set_attr(attr_name, [value if copy in chosen else None for copy in range(self.envs.copies)])

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
    names = [name for name in info if f"_{name}" in info and not name.startswith("final_") and name not in TABLES]
    whole = [name for name in names if info[f"_{name}"].all()]
    numbers = zip(*(info[name].tolist() for name in whole), strict=True)
    by_row = [dict(zip(whole, values, strict=True)) for values in numbers] or [{} for _ in range(rows)]
    for name in set(names).difference(whole):
        for row in np.flatnonzero(info[f"_{name}"]):
            by_row[row][name] = info[name][row]
    for table in (table for table in TABLES if table in info):
        columns = {name: values for name, values in info[table].items() if not name.startswith("_")}
        for row in np.flatnonzero(info[f"_{table}"]):
            by_row[row][table] = {name: float(values[row]) for name, values in columns.items()}
    return by_row


def policy_of(model: BaseAlgorithm) -> NetworkPolicy:
    """Return the actor of a model that is being trained, as a policy that needs numpy only.

    The statistics of a `VecNormalize` are folded in. It acts as `model.predict(..., deterministic=True)` does, but that
    observations are clipped to -10 and 10, as `VecNormalize` does too.

    Raises:
        InvalidInput: the actor is not made of linear and tanh layers, as that of "MlpPolicy" of PPO and A2C is.
    """
    actor: Any = model.policy
    plain = isinstance(actor, ActorCriticPolicy) and isinstance(actor.action_dist, DiagGaussianDistribution)
    parts = list(actor.mlp_extractor.policy_net) if plain else []
    layers = [part for part in parts if isinstance(part, nn.Linear)]
    if not plain or not isinstance(actor.pi_features_extractor, FlattenExtractor):
        raise InvalidInput(f'{type(model).__name__}: its actor is not that of "MlpPolicy" of PPO or A2C')
    if any(not isinstance(part, nn.Linear | nn.Tanh) for part in parts) or 2 * len(layers) != len(parts):
        raise InvalidInput(f"a policy has layers of tanh only: policy_kwargs={{'activation_fn': nn.Tanh}}, not {parts}")
    size = int(np.prod(model.observation_space.shape or ()))
    tensors = {"mean": np.zeros(size), "scale": np.ones(size)}
    normal: Any = model.get_vec_normalize_env()
    if normal is not None and normal.norm_obs:
        tensors = {"mean": normal.obs_rms.mean, "scale": 1.0 / np.sqrt(normal.obs_rms.var + normal.epsilon)}
    for i, layer in enumerate([*layers, actor.action_net]):
        tensors[f"layers.{i}.weight"] = layer.weight.detach().cpu().numpy().copy()
        tensors[f"layers.{i}.bias"] = layer.bias.detach().cpu().numpy().copy()
    return NetworkPolicy(tensors)


class Snapshots(BaseCallback):
    """Adds the learner to a pool of opponents at regular intervals, after games against members of the pool.

    It logs `pool/won`, `pool/drawn` and `pool/lost`, as shares of these games, `pool/rating` and `pool/members`.

    Args:
        pool: to be given to the env as an opponent, too. It must not be empty when training begins:
            `pool.add(policy_of(model), step=0)`.
        every: number of training steps between two additions.
        scene: in which the games are played, with two sides that one policy can play.
        games: how many; against members that the pool draws, on alternate sides.
        seed: of the first.

    Raises:
        InvalidInput: the scene or a number is wrong, or, when training begins, the learner cannot play in the scene.
    """

    def __init__(
        self, pool: OpponentPool, every: int, scene: str | Scene | None = None, games: int = 0, seed: int = 0
    ) -> None:
        super().__init__()
        self.pool = pool
        self.every = check_count("every", every)
        self.games = check_count("games", games, least=0)
        if games and scene is None:
            raise InvalidInput("games: in which scene?")
        self.scene = None if scene is None else load_scene(scene)
        if self.scene:
            team_names(self.scene, 2)
        self.seed = seed
        self.last = 0  # step of the last snapshot

    def _on_training_start(self) -> None:
        """Check now what would else fail at the first snapshot, after `every` steps."""
        self.last = self.num_timesteps
        policy = policy_of(self.model)
        if self.games:
            assert self.scene is not None
            with closing(ParallelEnv(self.scene)) as env:
                for agent in env.scene.agents:
                    check_fit(policy, env.scene.interface(agent), f"scene {self.scene.name!r}: agent {agent.name!r}")

    def _on_step(self) -> bool:
        if self.num_timesteps - self.last >= self.every:
            self.last = self.num_timesteps
            policy = policy_of(self.model)
            if self.games:
                self._play(policy)
            self.pool.add(policy, self.num_timesteps)
            self.logger.record("pool/rating", self.pool.rating)
            self.logger.record("pool/members", len(self.pool))
        return True

    def _play(self, policy: NetworkPolicy) -> None:
        assert self.scene is not None
        results = []
        rival = copy.deepcopy(self.pool)
        with closing(ParallelEnv(self.scene)) as env:
            teams = team_names(env.scene, 2)
            for game in range(self.games):
                rival.reset(self.seed)
                assert rival.playing is not None
                assert rival.member is not None
                way = 1 if game % 2 == 0 else -1
                sides = [policy, rival.playing][::way]
                players = [make_team(env.scene, team, side) for team, side in zip(teams, sides, strict=True)]
                played = play(env, teams, players, self.seed)
                check_faults(played, ["the learner", str(self.pool.folder / rival.member.file)][::way])
                results.append(float(np.sign(played.result(teams[game % 2]) - played.result(teams[1 - game % 2]))))
                self.pool.record(results[-1], rival.member)
                self.seed += 1
        for name, result in (("won", 1.0), ("drawn", 0.0), ("lost", -1.0)):
            self.logger.record(f"pool/{name}", results.count(result) / len(results))
