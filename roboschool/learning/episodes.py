"""Episodes of a batch that can be repeated: their seeds and actions are kept, and lead to the same states again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from roboschool.envs.foreign import AnyScene
from roboschool.errors import InvalidInput
from roboschool.policies.interface import Interface

SEEDS = 2**31, 2**32  # of training; scores have smaller ones


class Batch(Protocol):
    """Copies of a scene, of which a `VectorEnv` with `AutoresetMode.DISABLED` is one."""

    @property
    def scene(self) -> AnyScene:
        """What they are copies of."""

    agents: tuple[str, ...]  # that act, in each copy
    copies: int
    num_envs: int  # rows: copies times agents

    def reset(self, *, seed: Sequence[int | None], options: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin episodes in the rows of `reset_mask`; see `VectorEnv`."""

    def send(self, actions: np.ndarray, copies: np.ndarray) -> None:
        """Act in some copies."""

    def recv(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Return what comes of it; see `VectorEnv`."""

    def close(self) -> None:
        """Free all copies."""


@dataclass(frozen=True)
class Outcome:
    """What one step has led to, in every row."""

    observation: np.ndarray  # of the state after the step, also where the episode is over (row, n)
    reward: np.ndarray  # (row,)
    cost: np.ndarray  # 0 in a scene without costs (row,)
    terminated: np.ndarray  # rows whose episode is over (row,)
    truncated: np.ndarray  # rows whose episode is cut off by the clock (row,)


class Episodes:
    """One episode in every copy of a scene, and the next when it is over.

    Args:
        env: its copies; their resets are left to the caller.
        interface: what its agents observe and drive.
        rng: seeds of episodes are drawn from it.
    """

    def __init__(self, env: Batch, interface: Interface, rng: np.random.Generator) -> None:
        self.env, self.rng = env, rng
        self.agents = len(env.agents)  # rows of a copy
        shape = (env.copies, env.scene.steps, self.agents, len(interface.actuators))
        self.actions = np.zeros(shape, np.float32)  # of the current episodes
        self.seeds = np.zeros(env.copies, np.int64)
        terrain = env.scene.terrain
        self.climbs = terrain is not None and terrain.curriculum  # whether levels rise and fall
        first = terrain.levels[0] if terrain is not None else 0
        self.levels, self.next_levels = (np.full(env.copies, first, np.int64) for _ in range(2))
        self.age = np.zeros(env.copies, np.int64)  # [steps]
        self.observation = np.zeros((env.num_envs, len(interface.fields)), np.float32)
        self.live = np.ones(env.num_envs, bool)  # rows whose agent has not ended before its world
        self.totals, self.lengths = np.zeros(env.num_envs), np.zeros(env.num_envs, np.int64)  # so far
        self.costs = np.zeros(env.num_envs)  # so far
        self.finished: list[tuple[float, int]] = []  # return and length of each episode that is over
        self.finished_costs: list[float] = []  # of the same episodes

    def begin(self) -> None:
        """Begin the first episodes."""
        self._reset(np.ones(len(self.seeds), bool))

    def step(self, action: np.ndarray) -> Outcome:
        """Act in all rows (row, joints), and begin new episodes where they are over."""
        copies = np.arange(len(self.seeds))
        outcome = self._advance(action.reshape(len(copies), self.agents, -1), copies)
        over = outcome.terminated | outcome.truncated
        for row in np.flatnonzero(over & (self.lengths > 0)):
            self.finished.append((float(self.totals[row]), int(self.lengths[row])))
            self.finished_costs.append(float(self.costs[row]))
        self.totals[over], self.costs[over], self.lengths[over] = 0.0, 0.0, 0
        if self.done.any():
            self._reset(self.done)
        return outcome

    def _advance(self, action: np.ndarray, copies: np.ndarray) -> Outcome:
        """Act (copy, agent, joints) in some copies."""
        self.actions[copies, self.age[copies]] = action
        self.age[copies] += 1
        self.env.send(action.reshape(-1, action.shape[-1]), copies)
        _, observation, reward, terminated, truncated, info = self.env.recv()
        rows = (copies[:, None] * self.agents + np.arange(self.agents)).ravel()
        live = self.live[rows]
        self.observation[rows] = observation
        cost = info.get("cost", np.zeros(len(rows)))
        if self.climbs:
            self.next_levels[copies] = info["next_level"][:: self.agents]
        self.totals[rows] += reward
        self.costs[rows] += cost
        self.lengths[rows] += live
        self.done = (terminated | truncated)[:: self.agents]
        if self.agents > 1:
            self.live[rows] = info["live"]
            terminated = terminated | (~self.live[rows] & ~truncated)
        return Outcome(observation, reward, cost, terminated, truncated & ~terminated)

    def _reset(self, chosen: np.ndarray) -> None:
        """Begin new episodes in some copies (copy,)."""
        self.seeds[chosen] = self.rng.integers(*SEEDS, np.count_nonzero(chosen))
        self.levels[chosen] = self.next_levels[chosen]
        self._seed(chosen)

    def _seed(self, chosen: np.ndarray) -> None:
        rows = np.repeat(chosen, self.agents)
        seeds = [int(seed) if begins else None for seed, begins in zip(self.seeds, chosen, strict=True)]
        levels = {"level": self.levels.tolist()} if self.climbs else {}
        observation, _ = self.env.reset(seed=seeds, options={"reset_mask": rows, **levels})
        self.observation[rows] = observation[rows]
        self.age[chosen], self.live[rows] = 0, True
        self.totals[rows], self.costs[rows], self.lengths[rows] = 0.0, 0.0, 0

    def save(self) -> dict[str, np.ndarray]:
        """Return what `load` needs to come to the current states again."""
        begun = np.arange(self.age.max()) < self.age[:, None]  # (copy, step)
        return {
            "seeds": self.seeds.copy(),
            "age": self.age.copy(),
            "actions": self.actions[:, : self.age.max()] * begun[..., None, None],
            "observation": self.observation.copy(),
            **({"levels": self.levels.copy()} if self.climbs else {}),
        }

    def load(self, saved: dict[str, np.ndarray]) -> None:
        """Repeat the episodes that `save` has described.

        Raises:
            InvalidInput: they come to other observations: the scene is another one, or is computed differently here.
        """
        self.seeds, age = saved["seeds"].copy(), saved["age"]
        self.levels = saved["levels"].copy() if self.climbs else self.levels
        self._seed(np.ones(len(age), bool))
        for number in range(int(age.max())):
            copies = np.flatnonzero(age > number)
            self._advance(saved["actions"][copies, number], copies)
        ended = np.repeat(~self.live.reshape(-1, self.agents).any(axis=1), self.agents)
        if ended.any() or not np.array_equal(self.observation, saved["observation"]):
            raise InvalidInput("its episodes do not repeat here: the scene or the physics has changed since")
