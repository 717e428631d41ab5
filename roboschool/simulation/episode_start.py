"""The start of an episode, drawn from the generator of its world."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from roboschool.distributions import draw
from roboschool.errors import InvalidInput, raise_faults
from roboschool.mdp.effects import Placement
from roboschool.physics.checkpoint import Start
from roboschool.physics.worlds import World
from roboschool.scenes.beginning import PARTS, Beginning, beginnings_of
from roboschool.scenes.layout import Pose
from roboschool.scenes.randomize import Randomize
from roboschool.scenes.reset_options import LAYOUT, LEVEL, RANDOMIZE, STATE
from roboschool.scenes.scene import Scene
from roboschool.simulation.checkpoint import Checkpoint, EpisodeOrigin
from roboschool.simulation.course import Course
from roboschool.simulation.group import Group
from roboschool.simulation.randomizer import Randomizer


@dataclass(frozen=True)
class StartOptions:
    """What the options of a reset say of how an episode starts."""

    layout: Mapping[str, Pose] | None = None
    ranges: Randomize | None = None
    beginnings: Mapping[int, Beginning] = field(default_factory=dict)  # by agent
    state: Checkpoint | None = None  # from which it goes on
    level: int | None = None  # of its tile


PLAIN = StartOptions()


def take_start_options(scene: Scene, options: dict[str, Any]) -> StartOptions:
    """Take from checked options of a reset those about the start; the others are the game's."""
    return StartOptions(
        options.pop(LAYOUT, None),
        options.pop(RANDOMIZE, None),
        beginnings_of(scene, {key: options.pop(key) for key in PARTS if key in options}),
        options.pop(STATE, None),
        options.pop(LEVEL, None),
    )


def seed_world(
    groups: Sequence[Group], rngs: list[np.random.Generator], world: int, seed: int | EpisodeOrigin | None
) -> None:
    """Give a world a new generator, or the one of an origin; and clear or restore what its tasks remember.

    Args:
        groups: the agents.
        rngs: the generator of each world.
        world: which.
        seed: None: nothing changes.
    """
    if isinstance(seed, EpisodeOrigin):
        rngs[world].bit_generator.state = seed.rng
        for group, memory in zip(groups, seed.memory, strict=True):
            group.state.memory.array[world] = memory
    elif seed is not None:
        rngs[world] = np.random.default_rng(seed)
        for group in groups:
            group.state.memory.array[world] = 0.0


class Starts:
    """How episodes start.

    Args:
        scenes: of each world.
        seats: group and place in it, of each agent; tasks write there what they remember.
        randomizer: draws what differs from episode to episode.
        course: draws tiles; None: there are none.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        seats: Sequence[tuple[Group, int]],
        randomizer: Randomizer,
        course: Course | None = None,
    ) -> None:
        self._scenes, self._randomizer, self._course = scenes, randomizer, course
        joints = {id(scene): _joints_of(scene) for scene in scenes}
        self._joints = [joints[id(scene)] for scene in scenes]
        worlds = range(len(scenes))
        self._memories = [[group.state.memory.at((world, place)) for group, place in seats] for world in worlds]

    def draw(self, world: int, rng: np.random.Generator, options: StartOptions = PLAIN, level: int = 0) -> Start:
        """Return where everything in a world begins, and write what the tasks then remember.

        Args:
            world: which.
            rng: its generator.
            options: what those of the reset say.
            level: of its tile; 0: any.

        Raises:
            InvalidInput: they do not fit.
        """
        scene, poses = self._scenes[world], dict(options.layout or ())
        if options.ranges is not None:
            self._randomizer.set(world, options.ranges)
        if scene.layout is not None and options.layout is None:
            poses = draw_layout(scene, rng)
        gravity, friction = draw(scene.gravity, rng), draw(scene.friction, rng)
        drawn = self._randomizer.draw(world, rng)
        props = []
        for prop in scene.props:
            if prop.name in poses:
                x, y, yaw = poses[prop.name]
                props.append(((x, y, 0.0), yaw))
                continue
            x, y, z = (draw(number, rng) for number in prop.position)
            props.append(((x, y, z), draw(prop.yaw, rng)))
        placements = []
        everyone = zip(scene.agents, self._memories[world], self._joints[world], strict=True)
        for number, (agent, memory, (rest, lower, upper)) in enumerate(everyone):
            x, y, yaw = draw(agent.position[0], rng), draw(agent.position[1], rng), draw(agent.yaw, rng)
            if agent.name in poses:
                x, y, yaw = poses[agent.name]
            joints = rng.random(len(rest))  # `uniform` draws the same, in twice the time
            joints *= agent.noise + agent.noise
            joints -= agent.noise
            joints += rest
            joints.clip(lower, upper, out=joints)
            placement = drawn.place(number, Placement((x, y), yaw, tuple(joints.tolist())))
            placement = agent.task.reset(placement, memory, rng)
            if beginning := options.beginnings.get(number):
                placement = beginning.change(placement, agent.robot)
            placements.append(placement)
        start = Start(tuple(placements), tuple(props), gravity, friction * drawn.friction, drawn.conditions)
        return start if self._course is None else self._course.enter(world, start, level, rng)


def _joints_of(scene: Scene) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return rest pose and limits of the joints of each agent."""
    motors = [agent.robot.motors for agent in scene.agents]
    return [(each.rest[0, 0], each.lower[0, 0], each.upper[0, 0]) for each in motors]


def check_start(world: World, agents: Collection[int]) -> None:
    """Check that agents whose beginnings were chosen are not inside something.

    Raises:
        InvalidInput: one is; the message says how deep.
    """
    scene = world.scene
    names = {scene.agents[agent].name for agent in agents}
    faults = [
        f"{one} is {depth:.3g} m inside {other}" for one, other, depth in world.overlaps() if {one, other} & names
    ]
    raise_faults(f"scene {scene.name!r}: reset", faults)


def draw_layout(scene: Scene, rng: np.random.Generator) -> dict[str, Pose]:
    """Return where robots and elements of a scene with a layout are.

    Raises:
        InvalidInput: they do not fit; the message names file and element.
    """
    assert scene.layout is not None
    names = [scene.props[element.prop].name for element in scene.layout.elements]
    try:
        return scene.layout.sample([agent.name for agent in scene.agents], names, rng)
    except InvalidInput as error:
        raise InvalidInput(f"{scene.path or f'scene {scene.name!r}'}: layout: {error}") from None


def layout_of(scene: Scene, start: Start) -> dict[str, Pose]:
    """Return where robots and elements began an episode: x, y [m] and yaw [rad] by name; the option of a reset."""
    poses = {
        agent.name: (*placement.position, placement.yaw)
        for agent, placement in zip(scene.agents, start.placements, strict=True)
    }
    for element in scene.layout.elements if scene.layout is not None else ():
        (x, y, _), yaw = start.props[element.prop]
        poses[scene.props[element.prop].name] = x, y, yaw
    return poses
