"""A world of agents as a PettingZoo `ParallelEnv`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
from gymnasium.spaces import Box
from gymnasium.utils import EzPickle
from pettingzoo import ParallelEnv as PettingZooEnv

from roboschool.envs.images import images_of
from roboschool.envs.spaces import (
    RENDER_MODES,
    action_space,
    check_count,
    check_names,
    check_open,
    check_render_mode,
    frames_per_second,
    observation_space,
    scene_of,
)
from roboschool.errors import InvalidInput, check_choice
from roboschool.rendering.camera import Camera
from roboschool.rendering.window import Screen
from roboschool.scenes.randomize import Randomize
from roboschool.scenes.scene import Scene
from roboschool.simulation.actions import as_numbers
from roboschool.simulation.checkpoint import Checkpoint
from roboschool.simulation.group import Group
from roboschool.simulation.simulation import Simulation

Actions = Mapping[str, np.ndarray]
Step = tuple[
    dict[str, np.ndarray], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]
]  # observations, rewards, terminations, truncations, infos


class ParallelEnv(PettingZooEnv[str, np.ndarray, np.ndarray], EzPickle):
    """All agents of a scene in one world.

    An observation is a vector (n,); with a sensor `camera` it is a dict of it, "vector", and of images.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        on_termination: what happens to agents that terminate early. "stay": they stay in `agents`, passive and
            unrewarded, until all end together; "leave": they leave `agents` at once. Their bodies stay in the world.
        max_cycles: steps of an episode and of its game; None: those of the scene. The attribute may be set later, and
            takes effect at the next reset.
        render_mode: None, "rgb_array", or "human": a window that shows every reset and step in real time, or a
            page for a browser where there is no display. After a user has closed it, steps are neither shown nor slowed
            down.
        width: of a picture [pixels].
        height: of a picture [pixels].
        options: override keys of the scene file, such as `gravity=3.7` or `lanes=("ant", "go2.urdf")`; `robot` replaces
            the robot of a scene with one agent, see `roboschool.load_robot`.

    Raises:
        InvalidInput: the scene or an option is unknown or wrong.
    """

    def __init__(
        self,
        scene: str | Scene,
        on_termination: Literal["stay", "leave"] = "stay",
        max_cycles: int | None = None,
        render_mode: str | None = None,
        width: int = 600,
        height: int = 400,
        **options: Any,
    ) -> None:
        EzPickle.__init__(self, scene, on_termination, max_cycles, render_mode, width, height, **options)
        self.scene = scene_of(self, scene, options)
        self.on_termination = check_choice(on_termination, ("stay", "leave"), "on_termination")
        self.max_cycles = self.scene.steps if max_cycles is None else check_count("max_cycles", max_cycles)
        self.render_mode = check_render_mode(render_mode)
        self.metadata = {
            "name": f"{self.scene.name}_v{self.scene.version}",
            "render_modes": RENDER_MODES,
            "render_fps": frames_per_second(self.scene),
            "is_parallelizable": True,
        }
        self.possible_agents = [agent.name for agent in self.scene.agents]
        self.agents: list[str] = []
        self.observation_spaces = {agent.name: observation_space(self.scene, agent) for agent in self.scene.agents}
        self.action_spaces = {agent.name: action_space(agent) for agent in self.scene.agents}
        self._simulation: Simulation | None = None
        self.closed = False
        self._camera = Camera(self.scene, width, height)
        self._images = images_of(self.scene)
        self._screen = Screen(self.scene.id, width, height, self.scene.timestep)

    @property
    def simulation(self) -> Simulation:
        """The simulation under this env; it is built when first needed."""
        if self._simulation is None:
            check_open(self.scene, self.closed)
            self._simulation = Simulation(self.scene, limit=self.max_cycles)
        return self._simulation

    @property
    def randomize(self) -> Randomize | None:
        """The ranges of what the scene randomizes; set to others, as in a scene, they hold from the next reset on."""
        return self.simulation.randomizer.ranges[0]

    @randomize.setter
    def randomize(self, ranges: Any) -> None:
        self.simulation.randomizer.set(0, ranges)

    def observation_space(self, agent: str) -> Any:
        """Return the observation space of an agent."""
        return self.observation_spaces[check_choice(agent, self.possible_agents, "agent")]

    def action_space(self, agent: str) -> Box:
        """Return the action space of an agent."""
        return self.action_spaces[check_choice(agent, self.possible_agents, "agent")]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
        """Begin an episode; the same seed gives the same episode bit for bit.

        Args:
            seed: None: continue with the generator of the world.
            options: of the scene's game, such as `{"dense_weight": 0.5}`, and ranges of what the scene randomizes, such
                as `{"randomize": {"mass": (0.8, 1.2)}}`; they hold until another reset changes them.

        Returns:
            Observations and infos by agent.
        """
        self.simulation.clock.limit = self.max_cycles
        self.simulation.reset({0: seed}, options)
        self._camera.reset()
        self.agents = self.possible_agents[:]
        self._show()
        return self._observations(), self._infos()

    def step(self, actions: Actions) -> Step:
        """Act with all agents for one timestep.

        Args:
            actions: for each agent in `agents`, (joints,), clipped to -1 and 1. Those of agents that have ended
                are ignored.

        Returns:
            Observations, rewards, terminations, truncations and infos, by agent. Nothing if no agent is left.

        Raises:
            InvalidInput: an agent is unknown or has no action, or an action has the wrong shape or is not finite;
                the world is unchanged.
        """
        check_names(self.scene, actions, self.possible_agents)
        if not self.agents:
            check_open(self.scene, self.closed)
            if actions and self._simulation is None:
                raise InvalidInput(f"scene {self.scene.name!r}: no episode has begun: call reset() first")
            return {}, {}, {}, {}, {}
        simulation = self.simulation
        result = simulation.step(self._by_group(actions))
        self._show()
        places = {name: (simulation.groups.index(group), place) for name, group, place in self._seats()}
        rewards = {name: result.rewards[number].item(0, place) for name, (number, place) in places.items()}
        time_up = result.truncated.item(0)
        out = {name: result.terminated[number].item(0, place) for name, (number, place) in places.items()}
        if self.on_termination == "stay":
            out = dict.fromkeys(self.agents, all(out.values()))
        truncations = dict.fromkeys(self.agents, time_up)
        step = self._observations(), rewards, out, truncations, self._infos()
        self.agents = [] if time_up else [name for name in self.agents if not out[name]]
        return step

    def is_live(self, agent: str) -> bool:
        """Return whether an agent is still active; with `on_termination="stay"`, `agents` does not tell."""
        group, place = self._seat(agent)
        return bool(group.active[0, place])

    def deactivate(self, agent: str) -> None:
        """End an agent's episode: it is passive from now on, and leaves `agents` with `on_termination="leave"`."""
        self.simulation.deactivate(self.possible_agents.index(check_choice(agent, self.possible_agents, "agent")))
        if self.on_termination == "leave" and agent in self.agents:
            self.agents.remove(agent)

    def state(self) -> np.ndarray:
        """Return the states of all agents side by side (n,): each the array of its `State`."""
        return np.concatenate([group.state.array[0, place] for group, place in self.simulation.seats])

    @property
    def state_space(self) -> Box:
        """The space of `state()`."""
        return Box(-np.inf, np.inf, self.state().shape, np.float64)

    def _seat(self, agent: str) -> tuple[Group, int]:
        """Return the group of an agent and its place in it."""
        return self.simulation.seats[self.possible_agents.index(check_choice(agent, self.possible_agents, "agent"))]

    def _seats(self) -> list[tuple[str, Group, int]]:
        """Return name, group and place in it of each agent that takes part."""
        seats = zip(self.possible_agents, self.simulation.seats, strict=True)
        return [(name, group, place) for name, (group, place) in seats if name in self.agents]

    def _by_group(self, actions: Actions) -> list[np.ndarray]:
        """Return every group's actions (1, agent, joints)."""
        arrays = {id(group): np.zeros(group.shape) for group in self.simulation.groups}
        for name, group, place in self._seats():
            if name not in actions:
                missing = [other for other in self.agents if other not in actions]
                raise InvalidInput(f"scene {self.scene.name!r}: no action for {', '.join(missing)}")
            arrays[id(group)][0, place] = as_numbers(name, actions[name], group.shape[2:])
        return list(arrays.values())

    def _observations(self) -> dict[str, Any]:
        seen: dict[str, Any] = {name: group.observation[0, place] for name, group, place in self._seats()}
        if self._images:
            snapshot = self.simulation.worlds[0].capture()
            for images in self._images:
                seen |= images.observe(seen, snapshot)
        return seen

    def _infos(self) -> dict[str, dict[str, Any]]:
        return {name: self.simulation.info.of_agent(group, place) for name, group, place in self._seats()}

    def get_state(self) -> Checkpoint:
        """Return the whole state: bodies, clocks, generators, ended agents; to be given to `set_state`.

        Raises:
            InvalidInput: no episode has begun, or the physics has diverged.
        """
        return self.simulation.save()

    def set_state(self, state: Checkpoint, exact: bool = True) -> None:
        """Restore what `get_state` returned; the world continues bit for bit as the one that was saved.

        Args:
            state: what `get_state` returned.
            exact: whether the env must continue exactly as the saved one would have. Where Bullet's own state is
                incomplete, the episode is replayed, which may take as long as the episode did. If False, restoring
                takes a few milliseconds, and all envs that load the state continue alike.

        Raises:
            InvalidInput: it is of another scene.
        """
        self.simulation.load(state, exact=exact)
        self.agents = self.possible_agents[:]
        live = [name for name, group, place in self._seats() if group.active[0, place]]
        limit = self.simulation.clock.limit
        if not live or state.step >= limit or self.on_termination == "leave":
            self.agents = live if state.step < limit else []

    def render(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) if `render_mode` is "rgb_array"; "human" shows every step anyway."""
        return self._picture() if self.render_mode == "rgb_array" else None

    def frame(self) -> Callable[[], np.ndarray]:
        """Return what draws this step, at any time and in any thread; frames are drawn in their order."""
        return partial(self._camera.picture, self.simulation.worlds[0].capture(), self.simulation.markers())

    def _picture(self) -> np.ndarray:
        return self.frame()()

    def _show(self) -> None:
        if self.render_mode == "human":
            self._screen.show(self._picture)

    def close(self) -> None:
        """Free the world; afterwards only `close` may be called, and does nothing."""
        self.closed = True
        self.agents = []
        if self._simulation is not None:
            self._simulation.close()
            self._simulation = None
        self._camera.close()
        self._screen.close()


def parallel_env(scene: str | Scene, **kwargs: Any) -> ParallelEnv:
    """Return a PettingZoo `ParallelEnv` of any scene; see `ParallelEnv` for the arguments."""
    return ParallelEnv(scene, **kwargs)
