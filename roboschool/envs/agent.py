"""One agent as a plain `gymnasium.Env`; policies play the others."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import EzPickle

from roboschool.envs.images import Images
from roboschool.envs.spaces import (
    RENDER_MODES,
    action_space,
    check_open,
    check_render_mode,
    frames_per_second,
    observation_space,
    own_limit,
    scene_of,
)
from roboschool.errors import InvalidInput
from roboschool.policies.policy import AnyPolicy
from roboschool.rendering.camera import Camera
from roboschool.rendering.overlay import Hud, overlay
from roboschool.rendering.window import Screen
from roboschool.scenes.randomize import Randomize
from roboschool.scenes.scene import Scene
from roboschool.simulation.actions import as_numbers
from roboschool.simulation.checkpoint import Checkpoint
from roboschool.simulation.control import ControlledAgents, check_controlled, default_opponents
from roboschool.simulation.simulation import Simulation


class AgentEnv(gymnasium.Env[np.ndarray, np.ndarray], EzPickle):
    """One agent of a scene as a Gymnasium env; policies control the other agents.

    An observation is a vector (n,); with a sensor `camera` it is a dict of it, "vector", and of images.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        agent: the controlled agent; the first if None.
        opponents: policies of other agents, by name: objects, or written as for `roboschool match`, like "still". Other
            agents follow the scene's default policy, or do nothing. `get_state` does not save the memory of
            objects given here.
        render_mode: None, "rgb_array", or "human": a window that shows every reset and step in real time, or a
            page for a browser where there is no display. After a user has closed it, steps are neither shown nor slowed
            down.
        width: of a picture [pixels].
        height: of a picture [pixels].
        hud: whether observation, action and reward are drawn over pictures; F3 toggles it in a window.
        options: override keys of the scene file, such as `gravity=3.7` or `lanes=("ant", "go2.urdf")`; `robot` replaces
            the robot of a scene with one agent, see `roboschool.load_robot`.

    Raises:
        InvalidInput: the scene, the agent, an opponent or an option is unknown or wrong.
    """

    metadata = {"render_modes": RENDER_MODES}
    has_time_limit = True  # whether it truncates an episode of a scene without a game after the scene's steps

    def __init__(
        self,
        scene: str | Scene,
        agent: str | None = None,
        opponents: Mapping[str, AnyPolicy] | None = None,
        render_mode: str | None = None,
        width: int = 600,
        height: int = 400,
        hud: bool = False,
        **options: Any,
    ) -> None:
        EzPickle.__init__(self, scene, agent, opponents, render_mode, width, height, hud, **options)
        self.scene = scene_of(self, scene, options)
        (row,) = check_controlled(self.scene, [agent] if agent is not None else [], opponents)
        self.agent = row.name
        self.scene, self.opponents = default_opponents(self.scene, [self.agent], opponents)
        given = opponents or {}
        self._default_opponents = [name for name, policy in self.opponents.items() if policy is not given.get(name)]
        self.render_mode = check_render_mode(render_mode)
        self._is_drawn = render_mode is not None or row.camera is not None  # each step, to be shown or observed
        self.metadata = {"render_modes": RENDER_MODES, "render_fps": frames_per_second(self.scene)}
        self.observation_space = observation_space(self.scene, row)
        self.action_space = action_space(row)
        self._shape = (len(row.robot.joints),)
        self._limit = self.scene.steps if self.has_time_limit else own_limit(self.scene, options)  # [steps]
        self._seat: ControlledAgents | None = None
        self.closed = False
        self.hud = hud
        self._camera = Camera(self.scene, width, height)
        self._hud = Hud(self.scene, row.task)
        self._images = None if row.camera is None else Images(self.scene, row.camera, [self.agent])
        self._screen = Screen(f"{self.scene.id} {self.agent}", width, height, self.scene.timestep)

    @property
    def simulation(self) -> Simulation:
        """The simulation under this env; it is built when first needed."""
        return self._sit().simulation

    @property
    def randomize(self) -> Randomize | None:
        """The ranges of what the scene randomizes; set to others, as in a scene, they hold from the next reset on."""
        return self.simulation.randomizer.ranges[0]

    @randomize.setter
    def randomize(self, ranges: Any) -> None:
        self.simulation.randomizer.set(0, ranges)

    def _sit(self) -> ControlledAgents:
        if self._seat is None:
            check_open(self.scene, self.closed)
            self._seat = ControlledAgents(Simulation(self.scene, limit=self._limit), [self.agent], self.opponents)
        return self._seat

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode; the same seed gives the same episode bit for bit.

        Args:
            seed: None: continue with the generator of the env.
            options: of the scene's game, such as `{"dense_weight": 0.5}`, and ranges of what the scene randomizes, such
                as `{"randomize": {"mass": (0.8, 1.2)}}`; they hold until another reset changes them.

        Returns:
            The observation and the info.

        Raises:
            InvalidInput: the seed is not a whole number from 0 up, or an option is wrong.
        """
        seat = self._sit()
        seat.simulation.reset({0: seed}, options)
        seat.reset([0])
        self._np_random = seat.simulation.rngs[0]
        if seed is not None:
            self._np_random_seed = int(seed)
        self._camera.reset()
        self._hud.begin()
        self._show()
        observation = self._with_images(seat.group.observation[0, seat.place])
        return observation, seat.simulation.info.of_agent(seat.group, seat.place)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act for one timestep.

        Args:
            action: one number for each actuator (joints,), clipped to -1 and 1; of a torque actuator, the fraction of
                its largest torque.

        Returns:
            The observation, the reward, whether the agent has fallen, whether the time is up, and the info: every
            term of the reward by name, the distance along +x [m], and whether the physics has diverged.

        Raises:
            InvalidInput: the action has the wrong shape or is not finite; the world is unchanged.
        """
        seat = self._seat
        if seat is None:
            check_open(self.scene, self.closed)
            raise InvalidInput(f"scene {self.scene.name!r}: no episode has begun: call reset() first")
        simulation, group, place = seat.simulation, seat.group, seat.place
        result = simulation.step(seat.actions(as_numbers(self.agent, action, self._shape)[None, None]))
        number = simulation.groups.index(group)
        observation: Any = result.observations[number][0, place]
        if self._is_drawn:
            self._hud.note(group, place)
            self._show()
            observation = self._with_images(observation)
        return (
            observation,
            result.rewards[number].item(0, place),
            result.terminated[number].item(0, place),
            result.truncated.item(0),
            simulation.info.of_agent(group, place),
        )

    def get_state(self) -> Checkpoint:
        """Return everything about the world: bodies, clocks, generators; to be given to `set_state`.

        Raises:
            InvalidInput: no episode has begun, or the physics has diverged.
        """
        seat = self._sit()
        return dataclasses.replace(seat.simulation.save(), opponents=seat.get_state(self._default_opponents))

    def set_state(self, state: Checkpoint, exact: bool = True) -> None:
        """Restore what `get_state` returned; the env continues bit for bit as the one that was saved.

        The opponents are restored as well, except those that were given to this env as objects.

        Args:
            state: what `get_state` returned.
            exact: whether the env must continue exactly as the saved one would have. Where Bullet's own state is
                incomplete, the episode is replayed, which may take as long as the episode did. If False, restoring
                takes a few milliseconds, and all envs that load the state continue alike.

        Raises:
            InvalidInput: it is of another scene, or of an env where other agents have opponents.
        """
        seat = self._sit()
        seat.simulation.load(state, opponents=self._default_opponents, exact=exact)
        seat.set_state(self._default_opponents, state.opponents)
        self._camera.reset()
        self._hud.begin()

    def render(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) if `render_mode` is "rgb_array"; "human" shows every step anyway."""
        return self.picture() if self.render_mode == "rgb_array" else None

    def picture(self) -> np.ndarray:
        """Return a picture (height, width, 3), whatever the `render_mode`."""
        return self.frame()()

    def frame(self) -> Callable[[], np.ndarray]:
        """Return what draws this step, at any time and in any thread; frames are drawn in their order."""
        seat = self._sit()
        snapshot, markers = seat.simulation.worlds[0].capture(), seat.simulation.markers()
        reading = self._hud.read(seat.simulation, seat.group, seat.place) if self.hud else None

        def draw() -> np.ndarray:
            picture = self._camera.picture(snapshot, markers, None if reading is None else reading.sketch)
            return picture if reading is None else overlay(picture, reading)

        return draw

    def _with_images(self, vector: np.ndarray) -> Any:
        """Return an observation with the images of the agent's camera, if it has one."""
        if self._images is None:
            return vector
        return self._images.observe({self.agent: vector}, self.simulation.worlds[0].capture())[self.agent]

    def _show(self) -> None:
        if self.render_mode == "human":
            self._screen.show(self.picture)
            self.hud ^= "f3" in self._screen.struck()

    def close(self) -> None:
        """Free the world; afterwards only `close` may be called, and does nothing."""
        self.closed = True
        if self._seat is not None:
            self._seat.simulation.close()
            self._seat = None
        self._camera.close()
        self._screen.close()


class RegisteredEnv(AgentEnv):
    """An `AgentEnv` made by its id: `gymnasium.make` wraps it in a `TimeLimit`, which truncates its episodes.

    Only the clock of a game, or one that `seconds` or `timestep` set, ends them, too. That wrapper counts the steps
    since `reset` and is no part of a state. An `AgentEnv`, whose own clock is part of it, ends where the original would
    have.
    """

    has_time_limit = False
