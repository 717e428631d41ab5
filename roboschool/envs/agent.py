"""One agent as a plain `gymnasium.Env`; policies play the others."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import EzPickle

from roboschool.envs.spaces import (
    RENDER_MODES,
    action_space,
    check_open,
    check_render_mode,
    frames_per_second,
    observation_space,
    own_limit,
    render_modes,
    scene_of,
)
from roboschool.errors import InvalidInput
from roboschool.policies.policy import AnyPolicy
from roboschool.rendering.camera import Camera
from roboschool.rendering.overlay import Hud
from roboschool.rendering.window import Screen
from roboschool.scenes.scene import Scene
from roboschool.simulation.control import ControlledAgents, check_controlled, default_opponents
from roboschool.simulation.group import as_numbers
from roboschool.simulation.simulation import Checkpoint, Simulation


class AgentEnv(gymnasium.Env[np.ndarray, np.ndarray], EzPickle):
    """One agent of a scene.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        agent: who is played; the first if None.
        opponents: policies of other agents, by name: objects, or written as for `roboschool match`, like "still"; those
            without one are played by the policy that the scene names, or do nothing. What objects that are given
            remember is theirs: `get_state` does not save it.
        render_mode: None, "rgb_array", or "human": a window that shows every reset and step in real time. Once a
            person has closed it, steps are neither shown nor slowed down.
        width: of a picture [pixels].
        height: of a picture [pixels].
        hud: whether observation, action and reward are drawn over pictures; F3 switches that in a window.
        options: stand for keys of the scene file, like `gravity=3.7` or `lanes=("ant", "hopper")`.

    Raises:
        InvalidInput: the scene, the agent, an opponent or an option is unknown or wrong, or there is no display.
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
        self.metadata = {"render_modes": render_modes(), "render_fps": frames_per_second(self.scene)}
        self.observation_space = observation_space(self.scene, row)
        self.action_space = action_space(row)
        self._shape = (len(row.robot.joints),)
        self._limit = self.scene.steps if self.has_time_limit else own_limit(self.scene, options)  # [steps]
        self._seat: ControlledAgents | None = None
        self.closed = False
        self.hud = hud
        self._camera = Camera(self.scene, width, height)
        self._hud = Hud(row.task)
        self._screen = Screen(f"{self.scene.id} {self.agent}", width, height, self.scene.timestep)

    @property
    def simulation(self) -> Simulation:
        """The simulation under this env; it is built when first needed."""
        return self._sit().simulation

    def _sit(self) -> ControlledAgents:
        if self._seat is None:
            check_open(self.scene, self.closed)
            self._seat = ControlledAgents(Simulation(self.scene), [self.agent], self.opponents)
            self._seat.simulation.limit = self._limit
        return self._seat

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode; the same seed gives the same episode bit for bit.

        Args:
            seed: None to go on with the env's own generator.
            options: of the scene's game, if it has any, like `{"dense_weight": 0.5}`; they hold until
                a reset has others.

        Returns:
            The observation (n,) and the info.

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
        return seat.group.observation[0, seat.place], seat.simulation.report(seat.group, seat.place)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act for one timestep.

        Args:
            action: torques as fractions of each joint's greatest (joints,); clipped to -1 and 1.

        Returns:
            The observation, the reward, whether the agent has fallen, whether the time is up, and the info: every
            term of the reward by name, the distance along +x [m], and whether the physics blew up.

        Raises:
            InvalidInput: the action has the wrong shape or is not finite; nothing has moved then.
        """
        seat = self._seat
        if seat is None:
            check_open(self.scene, self.closed)
            raise InvalidInput(f"scene {self.scene.name!r}: no episode has begun: call reset() first")
        simulation, group, place = seat.simulation, seat.group, seat.place
        simulation.step(seat.actions(as_numbers(self.agent, action, self._shape)[None, None]))
        if self.render_mode is not None:
            self._hud.note(group, place)
            self._show()
        return (
            group.observation[0, place],
            float(group.reward[0, place]),
            bool(group.over[0, place]),
            bool(simulation.steps[0] >= self._limit or simulation.broken),
            simulation.report(group, place),
        )

    def get_state(self) -> Checkpoint:
        """Return everything about the world: bodies, clocks, generators; to be given to `set_state`.

        Raises:
            InvalidInput: no episode has begun, or the physics has blown up.
        """
        seat = self._sit()
        return dataclasses.replace(seat.simulation.save(), opponents=seat.get_state(self._default_opponents))

    def set_state(self, state: Checkpoint, exact: bool = True) -> None:
        """Take back what `get_state` returned, and go on bit for bit as the env it came from.

        Opponents are those of the state, too, but for those that were given to this env as objects.

        Args:
            state: what `get_state` returned.
            exact: whether the future must be the one that would have been, to the bit. Where Bullet cannot save all
                that matters the episode is replayed, which may take as long as it took; without this a few
                milliseconds, and all that load the state still go on alike.

        Raises:
            InvalidInput: it is of another scene, or of an env where other agents have opponents.
        """
        seat = self._sit()
        seat.simulation.load(state, opponents=self._default_opponents, exact=exact)
        seat.set_state(self._default_opponents, state.opponents)
        self._camera.reset()
        self._hud.begin()

    def render(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) if `render_mode` is "rgb_array"; "human" shows steps by itself."""
        return self.picture() if self.render_mode == "rgb_array" else None

    def picture(self) -> np.ndarray:
        """Return a picture (height, width, 3), whatever the `render_mode`."""
        seat = self._sit()
        picture = self._camera.picture(seat.simulation.worlds[0].capture(), seat.simulation.marks())
        return self._hud.draw(picture, seat.simulation, seat.group, seat.place) if self.hud else picture

    def _show(self) -> None:
        if self.render_mode == "human":
            self._screen.show(self.picture)
            self.hud ^= "f3" in self._screen.struck()

    def close(self) -> None:
        """Free the world; nothing else works then, but to close it again, which does nothing."""
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
