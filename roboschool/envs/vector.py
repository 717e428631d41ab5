"""Many copies of a scene in one process, as a Gymnasium vector environment."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.utils import EzPickle
from gymnasium.vector import AutoresetMode
from gymnasium.vector import VectorEnv as GymnasiumVectorEnv
from gymnasium.vector.utils import batch_space

from roboschool.camera import Camera
from roboschool.envs.seat import Seat, check_seats, stand_ins
from roboschool.envs.spaces import (
    PICTURES,
    action_space,
    check_count,
    check_render_mode,
    frames_per_second,
    observation_space,
)
from roboschool.files import InvalidInput, choose
from roboschool.policy import Policy
from roboschool.scene import Scene, load_scene
from roboschool.simulation import Simulation, as_numbers


class VectorEnv(GymnasiumVectorEnv[np.ndarray, np.ndarray, np.ndarray], EzPickle):
    """Copies of a scene that one agent acts in, advanced together.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        num_envs: how many copies.
        agent: who is played; the first if None.
        opponents: policies of other agents, by name; each copy has copies of its own. Others are played by the policy
            that the scene names, or do nothing.
        max_episode_steps: how long an episode lasts at most, if less than the scene says.
        autoreset_mode: a copy whose episode is over begins a new one at the next step (the default) or at once.
        render_mode: None or "rgb_array".
        width: of a picture [pixels].
        height: of a picture [pixels].
        options: stand for keys of the scene file.

    Raises:
        InvalidInput: the scene, the agent, an opponent or an option is unknown or wrong.
    """

    def __init__(
        self,
        scene: str | Scene,
        num_envs: int = 1,
        agent: str | None = None,
        opponents: Mapping[str, Policy] | None = None,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        width: int = 600,
        height: int = 400,
        **options: Any,
    ) -> None:
        EzPickle.__init__(
            self,
            scene,
            num_envs,
            agent,
            opponents,
            max_episode_steps,
            autoreset_mode,
            render_mode,
            width,
            height,
            **options,
        )
        self.closed = True  # there is nothing to close yet
        check_count("num_envs", num_envs)
        self.scene = load_scene(scene, **options)
        if max_episode_steps is not None:
            most = min(check_count("max_episode_steps", max_episode_steps), self.scene.steps)
            self.scene = dataclasses.replace(self.scene, steps=most)
        self.agent = check_seats(self.scene, agent, opponents)
        self.scene, playing = stand_ins(self.scene, self.agent, opponents or {})
        self.num_envs = num_envs
        self.render_mode = check_render_mode(render_mode, PICTURES)
        modes = {mode.value: mode for mode in AutoresetMode}
        mode = modes[choose(getattr(autoreset_mode, "value", autoreset_mode), modes, "autoreset_mode")]
        fps = frames_per_second(self.scene)
        self.metadata = {"autoreset_mode": mode, "render_modes": PICTURES, "render_fps": fps}
        row = next(other for other in self.scene.agents if other.name == self.agent)
        self.single_observation_space = observation_space(self.scene, row)
        self.single_action_space = action_space(row)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.simulation = Simulation(self.scene, num_envs)
        self._shape = (len(row.robot.joints),)
        self._cameras = [Camera(self.scene, width, height) for _ in range(num_envs)]
        self._seat = Seat(self.simulation, self.agent, playing)
        self._done = np.zeros(num_envs, dtype=bool)  # copies whose episode is over
        self.closed = False

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in every copy.

        Args:
            seed: of the first copy, the next having the next number; or one for each copy.
            options: `reset_mask`, booleans (copies,), chooses the copies, if resets are left to the caller.

        Returns:
            The observations (copies, n) and the info.
        """
        if seed is None or isinstance(seed, int | np.integer):
            seeds = [None if seed is None else int(seed) + i for i in range(self.num_envs)]
        elif isinstance(seed, Sequence | np.ndarray) and not isinstance(seed, str):
            seeds = list(seed)
        else:
            raise InvalidInput(f"seed {seed!r} is not a whole number from 0 up, nor one for each copy")
        if len(seeds) != self.num_envs:
            raise InvalidInput(f"seed: {len(seeds)} seeds for {self.num_envs} copies")
        mask = np.asarray((options or {}).get("reset_mask", np.ones(self.num_envs, dtype=bool)))
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise InvalidInput(f"reset_mask: {mask!r:.80} is not {self.num_envs} booleans")
        chosen = np.flatnonzero(mask).tolist()
        self.simulation.reset({world: seeds[world] for world in chosen})
        self._seat.begin(chosen)
        self._done[chosen] = False
        for copy in chosen:
            self._cameras[copy].cut()
        return self._observation(), self._info(mask)

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Act in every copy for one timestep.

        Args:
            actions: (copies, joints), clipped to -1 and 1.

        Returns:
            Observations (copies, n), rewards, terminations and truncations (copies,), and the info: arrays
            (copies,) by name, as `AgentEnv.step` has them.

        Raises:
            InvalidInput: the actions have the wrong shape or are not finite; nothing has moved then.
        """
        mode = self.metadata["autoreset_mode"]
        fresh = np.flatnonzero(self._done).tolist() if mode == AutoresetMode.NEXT_STEP else []
        shape = (self.num_envs, *self._shape)
        self.simulation.step(self._seat.actions(as_numbers(self.agent, actions, shape)), fresh)
        if fresh:
            self._seat.begin(fresh)
        group, place = self._seat.group, self._seat.place
        reward, terminated = group.reward[:, place], group.over[:, place]
        truncated = self.simulation.steps >= self.scene.steps
        truncated[list(self.simulation.broken)] = True
        self._done = terminated | truncated
        final: dict[str, Any] = {}
        if mode == AutoresetMode.SAME_STEP and self._done.any():
            ended = np.flatnonzero(self._done).tolist()
            final = {"final_obs": self._final(self._observation()), "final_info": self._info(self._done)}
            final |= {f"_{name}": self._done.copy() for name in list(final)}
            self.simulation.reset(dict.fromkeys(ended))
            self._seat.begin(ended)
        return self._observation(), reward, terminated, truncated, self._info() | final

    def _observation(self) -> np.ndarray:
        return self._seat.group.observation[:, self._seat.place]

    def _final(self, observation: np.ndarray) -> np.ndarray:
        """Return the last observations of the copies whose episode is over, as Gymnasium has them: objects."""
        final = np.full(self.num_envs, None, dtype=object)
        for copy in np.flatnonzero(self._done):
            final[copy] = observation[copy]
        return final

    def _info(self, mask: np.ndarray | None = None) -> dict[str, Any]:
        """Return numbers about the agent in every copy, or in some, as Gymnasium has them: with masks."""
        mask = np.ones(self.num_envs, dtype=bool) if mask is None else mask
        numbers = self.simulation.numbers(self._seat.group, self._seat.place)
        info: dict[str, Any] = {name: value * mask for name, value in numbers.items()}
        return info | {f"_{name}": mask.copy() for name in info}

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Return a picture (height, width, 3) of every copy if `render_mode` is "rgb_array"."""
        if self.render_mode is None:
            return None
        cameras = enumerate(self._cameras)
        worlds, marks = self.simulation.worlds, self.simulation.marks
        return tuple(camera.picture(worlds[copy].capture(), marks(copy)) for copy, camera in cameras)

    def close_extras(self, **kwargs: Any) -> None:
        """Free all worlds."""
        self.simulation.close()
        for camera in self._cameras:
            camera.close()
