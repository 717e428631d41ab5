"""One robot whose joints several agents share, as a PettingZoo `ParallelEnv`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from gymnasium.utils import EzPickle
from pettingzoo import ParallelEnv as PettingZooEnv

from roboschool.envs.parallel import Actions, ParallelEnv, Step
from roboschool.envs.spaces import check_count, check_names, check_no_camera, scene_of
from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.sensor import Field
from roboschool.mdp.task import fields_of
from roboschool.robots.kinematics import Tree, grow, partitions
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import AGENT_NAME, Scene
from roboschool.simulation.actions import as_numbers
from roboschool.simulation.checkpoint import Checkpoint
from roboschool.simulation.simulation import Simulation


class JointEnv(PettingZooEnv[str, np.ndarray, np.ndarray], EzPickle):
    """The robot of a scene with one agent, shared by several agents: each moves and observes some of its joints.

    Every agent gets the robot's reward; their episodes start and end together. An agent observes a part of the robot's
    observation: first the numbers of the whole robot, such as its height; then those of every joint in reach, its own
    first, then the nearest; then those of the feet that these joints move.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        parts: a name, like "4x2" (see `roboschool.partitions`), whose agents are part_0, part_1 and so on; or for each
            agent its joints, in the order of its actions. Every joint is moved by one agent.
        hops: reach of an agent's observation: 0: its own joints only; 1: also joints that share a link with one of
            them, and so on.
        max_cycles: steps of an episode; None: those of the scene.
        render_mode: None, "rgb_array", or "human": a window that shows every reset and step in real time, or
            a page for a browser where there is no display.
        width: of a picture [pixels].
        height: of a picture [pixels].
        options: override keys of the scene file, such as `gravity=3.7`, or `robot`, see `roboschool.load_robot`.

    Raises:
        InvalidInput: the scene, the parts or an option are unknown or wrong.
    """

    def __init__(
        self,
        scene: str | Scene,
        parts: str | Mapping[str, Sequence[str]],
        hops: int = 1,
        max_cycles: int | None = None,
        render_mode: str | None = None,
        width: int = 600,
        height: int = 400,
        **options: Any,
    ) -> None:
        EzPickle.__init__(self, scene, parts, hops, max_cycles, render_mode, width, height, **options)
        self.scene = scene_of(self, scene, options)
        where = f"scene {self.scene.name!r}"
        if len(self.scene.agents) > 1:
            raise InvalidInput(f"{where}: it has {len(self.scene.agents)} robots; joints are shared where there is one")
        check_no_camera(self.scene, "JointEnv")
        (row,) = self.scene.agents
        self._robot = row.name
        self.parts = _share(where, row.robot, parts)
        self.hops = check_count("hops", hops, least=0)
        self.world = ParallelEnv(self.scene, "stay", max_cycles, render_mode, width, height)
        self.render_mode = self.world.render_mode
        self.metadata = self.world.metadata | {"name": f"joint_{self.world.metadata['name']}"}
        self.possible_agents = [*self.parts]
        self.state_space = self.world.observation_space(row.name)
        tree = grow(row.robot)
        self._fields = fields_of(row.task, self.scene.info)
        sources = [_source(tree, field) for field in self._fields]
        self.columns = {agent: _columns(tree, sources, self.hops, joints) for agent, joints in self.parts.items()}
        order = [joint.name for joint in row.robot.joints]
        self._actions = {agent: [order.index(joint) for joint in joints] for agent, joints in self.parts.items()}
        self._order = np.argsort([place for places in self._actions.values() for place in places])
        low, high = self.state_space.low, self.state_space.high
        self.observation_spaces = {agent: Box(low[seen], high[seen]) for agent, seen in self.columns.items()}
        self.action_spaces = {agent: Box(-1.0, 1.0, (len(moved),)) for agent, moved in self._actions.items()}

    @property
    def agents(self) -> list[str]:
        """All agents during an episode, else none."""
        return self.possible_agents[:] if self.world.agents else []

    @property
    def max_cycles(self) -> int:
        """How many steps an episode lasts at most."""
        return self.world.max_cycles

    @max_cycles.setter
    def max_cycles(self, steps: int) -> None:
        self.world.max_cycles = steps

    @property
    def simulation(self) -> Simulation:
        """The simulation under this env; it is built when first needed."""
        return self.world.simulation

    def observation_space(self, agent: str) -> Box:
        """Return the observation space of an agent."""
        return self.observation_spaces[check_choice(agent, self.possible_agents, "agent")]

    def action_space(self, agent: str) -> Box:
        """Return the action space of an agent, one number for each of its joints."""
        return self.action_spaces[check_choice(agent, self.possible_agents, "agent")]

    def field_names(self, agent: str) -> list[str]:
        """Return a description of each number of an agent's observation."""
        return [str(self._fields[k]) for k in self.columns[check_choice(agent, self.possible_agents, "agent")]]

    def join(self, actions: Actions) -> np.ndarray:
        """Return the robot's action (joints,) of those of all agents.

        Raises:
            InvalidInput: an agent has no action, or one of the wrong shape.
        """
        missing = [agent for agent in self.possible_agents if agent not in actions]
        if missing:
            raise InvalidInput(f"scene {self.scene.name!r}: no action for {', '.join(missing)}")
        own = [as_numbers(agent, actions[agent], (len(moved),)) for agent, moved in self._actions.items()]
        return np.concatenate(own)[self._order]

    def split(self, action: np.ndarray) -> dict[str, np.ndarray]:
        """Return what each agent does of the robot's action (joints,).

        Raises:
            InvalidInput: the action has the wrong shape.
        """
        whole = as_numbers(self._robot, action, self._order.shape)
        return {agent: whole[moved] for agent, moved in self._actions.items()}

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
        """Begin an episode; the same seed gives the same episode, bit for bit, also as `AgentEnv`.

        Args:
            seed: None: continue with the generator of the world.
            options: see `ParallelEnv.reset`.

        Returns:
            Observations and infos by agent.
        """
        _, infos = self.world.reset(seed, options)
        return self._observations(), self._infos(infos)

    def step(self, actions: Actions) -> Step:
        """Act with all agents for one timestep.

        Args:
            actions: for each agent (joints of the agent,), clipped to -1 and 1; ignored once the episode has ended.

        Returns:
            Observations, rewards, terminations, truncations and infos, by agent. Nothing if the episode has ended.

        Raises:
            InvalidInput: an agent is unknown or has no action, or an action has the wrong shape or is not finite;
                the world is unchanged.
        """
        check_names(self.scene, actions, self.possible_agents)
        if not self.agents:
            return self.world.step({self._robot: np.empty(0)} if actions else {})
        _, rewards, terminations, truncations, infos = self.world.step({self._robot: self.join(actions)})
        return (
            self._observations(),
            dict.fromkeys(self.possible_agents, rewards[self._robot]),
            dict.fromkeys(self.possible_agents, terminations[self._robot]),
            dict.fromkeys(self.possible_agents, truncations[self._robot]),
            self._infos(infos),
        )

    def state(self) -> np.ndarray:
        """Return the robot's whole observation (n,); `columns` says which numbers of it each agent observes."""
        whole: np.ndarray = self.simulation.groups[0].observation[0, 0].copy()
        return whole

    def _observations(self) -> dict[str, np.ndarray]:
        whole = self.state()
        return {agent: whole[seen] for agent, seen in self.columns.items()}

    def _infos(self, infos: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return a copy of the robot's info for each agent."""
        return {agent: dict(infos[self._robot]) for agent in self.possible_agents}

    def get_state(self) -> Checkpoint:
        """Return everything about the world: bodies, clocks, generators; to be given to `set_state`.

        Raises:
            InvalidInput: no episode has begun, or the physics has diverged.
        """
        return self.world.get_state()

    def set_state(self, state: Checkpoint, exact: bool = True) -> None:
        """Restore what `get_state` returned; the env continues bit for bit as the one that was saved.

        Args:
            state: what `get_state` returned.
            exact: whether the env must continue exactly as the saved one would have. Where Bullet's own state is
                incomplete, the episode is replayed, which may take as long as the episode did. If False, restoring
                takes a few milliseconds, and all envs that load the state continue alike.

        Raises:
            InvalidInput: it is of another scene.
        """
        self.world.set_state(state, exact)

    def render(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) if `render_mode` is "rgb_array"; "human" shows every step anyway."""
        return self.world.render()

    def close(self) -> None:
        """Free the world; a second call does nothing."""
        self.world.close()


def _share(where: str, robot: Robot, parts: Any) -> dict[str, tuple[str, ...]]:
    """Return the joints of each agent.

    Raises:
        InvalidInput: there are no such parts, or not every joint is in one of them, once.
    """
    if not isinstance(parts, Mapping):
        known = partitions(robot)
        if isinstance(parts, str) and parts in known:
            return {f"part_{number}": joints for number, joints in enumerate(known[parts])}
        some = f"robot {robot.name!r} has {', '.join(known) or 'none'}; or give each agent its joints by name"
        raise InvalidInput(f"{where}: unknown parts {parts!r}; {some}")
    order = [joint.name for joint in robot.joints]
    owners: dict[str, str] = {}
    for agent, joints in parts.items():
        if not isinstance(agent, str) or not AGENT_NAME.fullmatch(agent):
            raise InvalidInput(f"{where}: parts: {agent!r} is not a word and a number, like 'leg_0'")
        if isinstance(joints, str) or not isinstance(joints, Sequence) or not joints:
            raise InvalidInput(f"{where}: parts: {agent!r} has {joints!r}, not a list of joints")
        for joint in joints:
            check_choice(joint, order, "joint", f"{where}: parts: {agent!r}")
            if joint in owners:
                raise InvalidInput(f"{where}: parts: joint {joint!r} is of {owners[joint]!r} and of {agent!r}")
            owners[joint] = agent
    left = [joint for joint in order if joint not in owners]
    if left:
        raise InvalidInput(f"{where}: parts: no agent moves {', '.join(left)}")
    return {agent: tuple(joints) for agent, joints in parts.items()}


def _source(tree: Tree, field: Field) -> tuple[bool, str | None]:
    """Return whether a number is measured at a link, and at which joint, or which joint moves the link."""
    at = field.source
    return (True, tree.mover(at)) if isinstance(at, str) else (False, at.name if at else None)


def _columns(tree: Tree, sources: Sequence[tuple[bool, str | None]], hops: int, own: Sequence[str]) -> list[int]:
    """Return which numbers of the robot's observation an agent observes, in order."""
    away = {joint: min(tree.distance(joint, mine) for mine in own) for joint in tree.joints}
    joints = [*(joint.name for joint in tree.robot.joints), *tree.robot.unactuated]
    others = [joint for joint in joints if joint not in own and away[joint] <= hops]
    near = [None, *own, *sorted(others, key=away.__getitem__)]  # all observe what no joint moves
    seen = [k for k, (_, joint) in enumerate(sources) if joint in near]
    return sorted(seen, key=lambda k: (sources[k][0], near.index(sources[k][1]), k))
