"""Many copies of a scene as a Gymnasium vector environment, in this process or in others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium.utils import EzPickle
from gymnasium.vector import AutoresetMode
from gymnasium.vector import VectorEnv as GymnasiumVectorEnv
from gymnasium.vector.utils import batch_space

from roboschool.envs.images import ImageRows, camera_of_rows
from roboschool.envs.ranges import options_by_copy, ranges_by_copy
from roboschool.envs.spaces import (
    PICTURES,
    action_space,
    check_count,
    check_open,
    check_render_mode,
    frames_per_second,
    observation_space,
    own_limit,
    scenes_of,
)
from roboschool.envs.thread_warning import warn_of_threads
from roboschool.envs.vector_info import final_observations, info_of, take_rows
from roboschool.envs.whole import Whole
from roboschool.errors import InvalidInput, check_choice
from roboschool.policies.policy import AnyPolicy
from roboschool.rendering.camera import CameraBatch
from roboschool.scenes.reset_options import RANDOMIZE
from roboschool.scenes.scene import Scene
from roboschool.simulation.actions import as_numbers, check_finite
from roboschool.simulation.checkpoint import check_seeds
from roboschool.simulation.control import check_controlled, default_opponents
from roboschool.simulation.simulation import Simulation
from roboschool.system_info import cores
from roboschool.workers.env_batch import BatchSpec
from roboschool.workers.local_pool import LocalPool
from roboschool.workers.pool import WorkerPool
from roboschool.workers.shared_memory import rows_of

ROWS_OF_THREAD = 8  # for which a thread is worth its start
ALL = slice(None)
UNLIMITED = -1  # Gymnasium's word for no time limit [steps]


class VectorEnv(GymnasiumVectorEnv[np.ndarray, np.ndarray, np.ndarray], EzPickle):
    """Environments of one scene as rows of a batch, in which one agent acts, or several with the same robot and task.

    Row i is agent `i % len(agent)` of world `i // len(agent)`; with one agent, row i is world i. The agents of a world
    end together, when the last of them has ended; until then those that have ended are passive and unrewarded, and
    `info["live"]` is False for them. A worker that dies or hangs is replaced, and nothing is lost: the new worker
    replays the episodes of its environments, bit for bit. If a worker fails again at the same step, the episode that
    causes it is truncated, and `info["worker_error"]` says why.

    Args:
        scene: its name, the path of its file, or a `Scene`; or several, which worlds contain in turn: they differ in
            nothing but numbers, as variants with the same joints do, and there are no pictures of them.
        num_envs: number of rows: worlds times controlled agents.
        num_workers: number of processes that share the worlds; 0: all are in this process. Results do not depend on it.
        num_threads: number of threads of each process that step worlds at the same time. Results do not depend on it.
            None: one in workers; else one for 8 rows, up to the number of cores.
        agent: the controlled agent, or a list of agents; the first if None.
        opponents: policies of other agents, by name: objects, or written as for `roboschool match`, like "still"; each
            world has its own copies. Other agents follow the scene's default policy, or do nothing.
        max_episode_steps: steps after which an episode is truncated; None: those of the scene; -1: never. The clock of
            a game, or one that `seconds` or `timestep` set, does not change and can end an episode earlier.
        autoreset_mode: when a new episode starts after the last has ended: at the next step (the default) or at once.
        timeout: how long a worker may take for a step before it is replaced [s]; None: no limit.
        render_mode: None or "rgb_array".
        width: of a picture [pixels].
        height: of a picture [pixels].
        options: override keys of the scene file, or `robot`, see `roboschool.load_robot`.

    Raises:
        InvalidInput: the scene, an agent, an opponent or an option is unknown or wrong.
    """

    def __init__(
        self,
        scene: str | Scene | Sequence[str | Scene],
        num_envs: int = 1,
        num_workers: int = 0,
        num_threads: int | None = None,
        agent: str | Sequence[str] | None = None,
        opponents: Mapping[str, AnyPolicy] | None = None,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        timeout: float | None = 60.0,
        render_mode: str | None = None,
        width: int = 600,
        height: int = 400,
        **options: Any,
    ) -> None:
        first = (scene, num_envs, num_workers, num_threads, agent, opponents)
        rest = (max_episode_steps, autoreset_mode, timeout, render_mode, width, height)
        EzPickle.__init__(self, *first, *rest, **options)
        self.closed = True  # there is nothing to close yet
        check_count("num_envs", num_envs)
        check_count("num_workers", num_workers, 0)
        if num_threads is None:
            num_threads = 1 if num_workers else min(cores(), max(1, num_envs // ROWS_OF_THREAD))
        check_count("num_threads", num_threads)
        if timeout is not None and not (isinstance(timeout, int | float) and 0.0 < timeout < math.inf):
            raise InvalidInput(f"timeout: {timeout!r} is not a number of seconds above 0, nor None")
        self.scene, *others = scenes_of(self, scene, options)
        most = self.scene.steps
        if max_episode_steps is not None:
            most = own_limit(self.scene, options)
            if max_episode_steps != UNLIMITED:
                most = min(check_count("max_episode_steps", max_episode_steps), most)
        rows = check_controlled(self.scene, [agent] if isinstance(agent, str) else list(agent or ()), opponents)
        self.agents = tuple(row.name for row in rows)
        if num_envs % len(rows):
            raise InvalidInput(f"num_envs: {num_envs} rows cannot be shared by {len(rows)} agents")
        self.copies = num_envs // len(rows)
        if others and (render_mode is not None or len(others) >= self.copies):
            what = "more copies" if render_mode is None else "pictures of them"
            raise InvalidInput(f"scene: {len(others) + 1} different ones, but no {what}")
        if num_workers > self.copies:
            raise InvalidInput(f"num_workers: {num_workers} are too many for {self.copies} copies")
        self.scene, playing = default_opponents(self.scene, self.agents, opponents)
        self.num_envs = num_envs
        self.num_workers = num_workers
        self.num_threads = num_threads
        self.render_mode = check_render_mode(render_mode, PICTURES)
        modes = {mode.value: mode for mode in AutoresetMode}
        mode = modes[check_choice(getattr(autoreset_mode, "value", autoreset_mode), modes, "autoreset_mode")]
        self.autoreset_mode = mode  # TorchRL asks for it here, as Gymnasium's own vector envs have it
        camera = camera_of_rows([self.scene, *others], rows)
        fps = frames_per_second(self.scene)
        self.metadata = {"autoreset_mode": mode, "render_modes": PICTURES, "render_fps": fps}
        self.single_observation_space = observation_space(self.scene, rows[0])
        self.single_action_space = action_space(rows[0])
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        variants = tuple(replace(each, game=self.scene.game) for each in (self.scene, *others)) if others else ()
        job = BatchSpec(self.scene, self.agents, playing, mode.value, most, num_threads, variants)
        self._robot = rows[0].robot
        self._numbers = job.info_names
        if num_workers:
            self._pool: LocalPool | WorkerPool = WorkerPool(job, self.copies, num_workers, timeout)
        else:
            self._pool = LocalPool(job, self.copies)
        self._board = self._pool.buffers
        self._take: Any = ImageRows(self.scene, camera, self.agents, self._pool, self._restart) if camera else take_rows
        self._final: Any = self._take.final if isinstance(self._take, ImageRows) else final_observations
        self._pending: set[int] = set()  # copies that act, and have not been received
        self._begun: set[int] = set()
        self._everyone = list(range(self.copies))
        self.randomize = tuple(job.scene_of(copy).randomize for copy in self._everyone)  # ranges of each copy
        self._cameras: CameraBatch | None = None  # set by the first picture
        self._size = (width, height)
        self.closed = False

    @property
    def simulation(self) -> Simulation:
        """The simulation under this env, if its copies are in this process.

        Raises:
            InvalidInput: they are in others, or the env is closed.
        """
        check_open(self.scene, self.closed)
        if isinstance(self._pool, WorkerPool):
            raise InvalidInput(f"scene {self.scene.name!r}: the copies are in {self.num_workers} other processes")
        return self._pool.batch.simulation

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | Sequence[dict[str, Any]] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in every copy.

        Args:
            seed: of the first copy, the next having the next number; or one for each copy.
            options: `reset_mask`, booleans (rows,), chooses the copies, if resets are left to the caller; others are of
                the scene's game, if it has any, or `randomize`, and hold in these copies until a reset has others. Or
                one mapping for each copy, without a mask.

        Returns:
            The observations (rows, n) and the info.

        Raises:
            InvalidInput: a seed, an option or the mask is wrong, or there is not one for each copy.
        """
        if seed is None or isinstance(seed, int | np.integer):
            seeds = [None if seed is None else int(seed) + i for i in range(self.copies)]
        elif isinstance(seed, Sequence | np.ndarray) and not isinstance(seed, str):
            seeds = list(seed)
        else:
            raise InvalidInput(f"seed {seed!r} is not a whole number from 0 up, nor one for each copy")
        if len(seeds) != self.copies:
            raise InvalidInput(f"seed: {len(seeds)} seeds for {self.copies} copies")
        given, mask = options, np.ones(self.num_envs, dtype=bool)
        if isinstance(options, Mapping):
            given = {key: value for key, value in options.items() if key != "reset_mask"}
            mask = np.asarray(options.get("reset_mask", mask))
        rules = options_by_copy(self.scene, given, self.copies)
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise InvalidInput(f"reset_mask: {mask!r:.80} is not {self.num_envs} booleans")
        chosen = np.flatnonzero(mask.reshape(self.copies, -1).any(axis=1)).tolist()
        check_seeds(seeds[copy] for copy in chosen)
        check_open(self.scene, self.closed)
        if self.num_workers or self.num_threads > 1:
            warn_of_threads()
        with Whole(self._restart):
            self._pool.reset({copy: seeds[copy] for copy in chosen}, {copy: rules[copy] for copy in chosen})
        self._pending.difference_update(chosen)
        self._begun.update(chosen)
        changed = {copy: rules[copy].get(RANDOMIZE, self.randomize[copy]) for copy in chosen}
        self.randomize = tuple(changed.get(copy, own) for copy, own in enumerate(self.randomize))
        if self._cameras is not None:
            for copy in chosen:
                self._cameras.reset(copy)
        return self._take(self._board.observation, ALL), info_of(self._numbers, take_rows(self._board.info, ALL), mask)

    def set_attr(self, name: str, values: Any) -> None:
        """Set `randomize`, ranges of what the scene randomizes; they hold from the next episode of each copy on.

        Args:
            name: "randomize".
            values: a mapping, as the table of a scene, or a list of one for each copy; None leaves a copy as it is.

        Raises:
            InvalidInput: it is another name, or a range is wrong, or there is not one mapping for each copy.
        """
        check_open(self.scene, self.closed)
        ranges = ranges_by_copy(self.scene, name, values, self.copies)
        with Whole(self._restart):
            self._pool.set_ranges(ranges)
        self.randomize = tuple(ranges.get(copy, own) for copy, own in enumerate(self.randomize))

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """Return an attribute for each copy: that of the whole, but for `randomize`."""
        return self.randomize if name == RANDOMIZE else (getattr(self, name),) * self.copies

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Act in every copy for one timestep.

        Args:
            actions: (rows, joints), clipped to -1 and 1.

        Returns:
            Observations (rows, n), rewards, terminations and truncations (rows,), and the info: arrays (rows,) by
            name, as `AgentEnv.step` has them.

        Raises:
            InvalidInput: the actions have the wrong shape or are not finite, or a copy has been sent actions and not
                been received; nothing has moved then.
        """
        self.send(actions)
        return self.recv()[1:]

    def send(self, actions: np.ndarray, copies: Sequence[int] | np.ndarray | None = None) -> None:
        """Let some copies act for one timestep; `recv` waits for what comes of it.

        Args:
            actions: (rows of these copies, joints), clipped to -1 and 1.
            copies: which; all if None.

        Raises:
            InvalidInput: the actions have the wrong shape or are not finite, there is no such copy, or it has been
                sent actions and not been received; nothing has moved then.
        """
        chosen, rows = self._everyone, ALL
        if copies is not None:
            chosen = [int(copy) for copy in copies]
            if not chosen or len(set(chosen)) < len(chosen) or min(chosen) < 0 or max(chosen) >= self.copies:
                raise InvalidInput(f"copies: {copies!r:.80} are not some of {self.copies}, each once")
            rows = rows_of(chosen)
        if not self._begun.issuperset(chosen):
            check_open(self.scene, self.closed)
            raise InvalidInput(f"scene {self.scene.name!r}: no episode has begun: call reset() first")
        if not self._pending.isdisjoint(chosen):
            late = [copy for copy in chosen if copy in self._pending]
            raise InvalidInput(f"copies {late} have been sent actions already: call recv() first")
        shape = (len(chosen), *self._board.action.shape[1:])
        action = as_numbers(self.agents[0], actions, (shape[0] * shape[1], shape[2])).reshape(shape)
        check_finite(action, self.agents, self._robot)
        self._board.action[rows] = action
        self._pending.update(chosen)
        with Whole(self._restart):
            self._pool.send(chosen)

    def recv(
        self, count: int | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Wait for the first `count` environments that have finished their steps.

        Args:
            count: how many; all that have been sent actions if None.

        Returns:
            The copies (count,), in ascending order, and for their rows what `step` returns.

        Raises:
            InvalidInput: fewer have been sent actions.
        """
        most = len(self._pending)
        if not isinstance(count, int | np.integer | None) or not 1 <= (count or most) <= most or count == 0:
            check_open(self.scene, self.closed)
            raise InvalidInput(f"count: {count!r}, and {most} copies have been sent actions")
        with Whole(self._restart):
            copies = sorted(self._pool.recv(most if count is None else int(count)))
        chosen = ALL if len(copies) == self.copies else rows_of(copies)
        self._pending.difference_update(copies)
        board, agents = self._board, len(self.agents)
        terminated, truncated = board.terminated[chosen].repeat(agents), board.truncated[chosen].repeat(agents)
        info = info_of(self._numbers, take_rows(board.info, chosen))
        if self.autoreset_mode is AutoresetMode.SAME_STEP and (done := terminated | truncated).any():
            info["final_obs"] = self._final(board.final_observation, chosen, done)
            info["final_info"] = info_of(self._numbers, take_rows(board.final_info, chosen), done)
            info["_final_obs"], info["_final_info"] = done, done
        if self._pool.errors and any(errors := [self._pool.errors.pop(copy, None) for copy in copies]):
            messages = np.repeat(np.array(errors, dtype=object), agents)
            for place in (info, info.get("final_info", info)):
                place["worker_error"], place["_worker_error"] = messages, np.array([bool(error) for error in messages])
        rows = self._take(board.observation, chosen), take_rows(board.reward, chosen)
        return np.array(copies), *rows, terminated, truncated, info

    def _restart(self) -> None:
        """What is broken off in the middle needs a reset; what is broken off while it waits does not."""
        if not self._pool.waiting:
            self._begun.clear()
            self._pending.clear()
            self._pool.abandon()

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Return a picture (height, width, 3) of every copy if `render_mode` is "rgb_array"."""
        if self.render_mode is None:
            return None
        check_open(self.scene, self.closed)
        if self._cameras is None:
            self._cameras = CameraBatch(self.scene, self.copies, *self._size)
        with Whole(self._restart):
            seen = [self._pool.picture(copy) for copy in range(self.copies)]
        snapshots, markers = zip(*seen, strict=True)
        return tuple(self._cameras.images(snapshots, markers).colours)

    def close_extras(self, **kwargs: Any) -> None:
        """Free all worlds, and end all workers, whatever they are doing; the env cannot be used afterwards."""
        self._begun.clear()
        self._pending.clear()
        self._pool.close()
